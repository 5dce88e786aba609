"""Results -> C{docs/benchmarks.md}.  Pure: the same results make the same page."""

from __future__ import annotations

from collections.abc import Iterable

from benchmarks.cases import CASES, Case
from benchmarks.contenders import CONTENDERS
from benchmarks.figures import METRICS, Finding, Run, number, paired, ratio, spread
from benchmarks.load import ERRORS
from benchmarks.results import Outcome, Results
from benchmarks.tables import table

#: The titles of what is measured beside the cases.
TITLES = {
    "memory": "Memory",
    "start": "How soon a worker serves",
    "idle": "Idle connections",
    "queueing": "Fairness and overload",
    "switching": "Applications that keep the processor busy",
    "growth": "Growth",
    "micro": "The pieces",
}
_MARKS = {True: "yes", False: "**no**", None: ""}
_SWITCHING = (
    "One worker of four cores. Two clients ask again and again for 5 ms of Python, one for the"
    " tiny response, one for a static file. A longer switch interval lets whoever runs run longer"
    " (`sys.setswitchinterval`; Python's default is 5 ms)."
)
_INTRODUCTIONS = {
    "memory": "PSS of all processes (shared pages count in parts) after a second of load."
    " Strangers: other processes of the same program that ran meanwhile; they share pages, so the"
    " figure would be higher without them.",
    "idle": "The frontend's own memory; what the kernel holds for its sockets is not in it.",
    "queueing": "An application that waits 50 ms, on 8 cores. Clients ask again as soon as they"
    " have an answer.",
    "switching": _SWITCHING,
    "micro": "In one process, without sockets. What each returns is compared before it is timed.",
}


def findings(results: Results) -> list[Finding]:
    """All that has a target, in the order of the page."""
    titles = {name: one.title for name, one in CONTENDERS.items()}
    found: list[Finding] = []
    for name, runs in results.runs.items():
        found += CASES[name].findings(runs, titles)
    for outcome in results.extras.values():
        found += [one for one in outcome.findings if one.target]
    return found


def missed(results: Results) -> list[Finding]:
    """Those that do not reach it."""
    return [one for one in findings(results) if one.met is False]


def page(results: Results, pictures: Iterable[tuple[str, str]] = ()) -> str:
    """
    The whole page.

    @param pictures: names of files in C{docs/pictures/}, and what they show.
    """
    shown = [f"![{words}](pictures/{name})\n" for name, words in pictures]
    parts = [
        "# Benchmarks\n",
        "<!-- Made by python -m benchmarks; what is written here by hand is lost. -->\n",
        "Another machine gives other figures: compare within this page, and with what"
        " `python -m benchmarks` makes on yours.\n",
        *shown,
        "## Targets\n",
        _targets(findings(results)),
        "## How it was measured\n",
        _method(results),
        "## Side by side\n",
        *(_case(CASES[name], runs) for name, runs in results.runs.items()),
        *(_extra(name, one) for name, one in results.extras.items()),
    ]
    return "\n".join(part for part in parts if part)


def _mark(one: Finding) -> str:
    return f"{_MARKS[one.met]}{', not in each round' if one.doubtful else ''}"


def _targets(found: list[Finding]) -> str:
    if not found:
        return "None of what was measured has one.\n"
    rows = [[one.title, one.target, one.words, _mark(one)] for one in found]
    return (
        "Medians; in brackets the least and the greatest. Ratios (x) are taken within each round."
        " A target that only some of the rounds reach is marked so.\n"
        "\n" + table(["", "target", "measured", "met"], rows)
    )


def _method(results: Results) -> str:
    effort = results.effort
    quick = " A quick run: its figures are rough." if effort.quick else ""
    versions = ", ".join(f"{name} {version}" for name, version in results.versions.items())
    machine = "; ".join(f"{name}: {value}" for name, value in results.machine.items())
    lines = [
        f"- {results.day}. {machine}. {versions}.{quick}",
        "- Servers and load share one machine and its loopback interface, so the load takes its"
        " part of the processors, of all contenders alike.",
        f"- A server is warmed up for a second when it is started. Each case has"
        f" {effort.rounds} rounds of {effort.seconds} s for each contender, one contender after"
        " the other; every second round goes backwards.",
        "- Before each run a request is sent twice, and status, header fields and every byte of"
        " the body are compared. wrk counts what is no 2xx and what breaks; it is shown where"
        " there was any.",
        "- CPU: user and system time of all processes of the server, from `/proc`. Percentiles"
        " are wrk's.",
        "- The interpreter counts: with a CPython that was built without profile-guided"
        " optimisation twsgi needed half as much processor time again in paired runs, and uWSGI"
        " as much as before. This page was made with a distribution's, which has it.",
        "- Capacity: 4 processes of 2 threads, where there are processes. The flags of each"
        " contender, and why it has them, are in `benchmarks/contenders.py`.",
        "- A tiny request has `Host` alone, a browser's 16 fields and 700 bytes. The answer has"
        " 12 bytes.",
    ]
    for name in CONTENDERS:
        if name in results.keeps and (remark := _remark(name, results.keeps[name])):
            lines.append(f"- {CONTENDERS[name].title}: {remark}.")
    return "\n".join(lines) + "\n"


def _remark(name: str, keeps: bool) -> str:
    remark = CONTENDERS[name].remark
    if not keeps and "closes" not in remark:
        return "; ".join(filter(None, [remark, "closed its connections when it was asked twice"]))
    return remark


def _case(case: Case, runs: dict[str, list[Run]]) -> str:
    against = _base(case, runs)
    names = ["megabytes", "cpu_megabyte"] if case.bulk else ["rate", "p50", "p99", "cpu"]
    rate, cost = names[0], names[-1]
    columns = ["", *(_column(name) for name in names), "of it system", f"{_column(rate)}, ratio"]
    columns += ["CPU, ratio"]
    rows = []
    for name, own in runs.items():
        cells = [_spread([METRICS[one].of(run) for run in own]) for one in names]
        theirs = runs.get(against, [])
        rows.append(
            [
                CONTENDERS[name].title,
                *cells,
                _system(own),
                _ratio(rate, own, theirs),
                _ratio(cost, own, theirs),
            ]
        )
    said = [f"### {case.title[0].upper()}{case.title[1:]}\n", table(columns, rows)]
    if against:
        said.append(f"Ratios are to {CONTENDERS[against].title}.\n")
    if case.note:
        said.append(f"{case.note}\n")
    said.append(_errors(runs))
    return "\n".join(part for part in said if part)


def _base(case: Case, runs: dict[str, list[Run]]) -> str:
    """The uWSGI that the others of a case are compared with; in its absence, the first."""
    for target in case.targets:
        if target.versus in runs:
            return target.versus
    return next(iter(runs), "")


def _column(name: str) -> str:
    metric = METRICS[name]
    return metric.title if metric.unit in ("/s", "MB/s") else f"{metric.title}, {metric.unit}"


def _spread(values: list[float]) -> str:
    found = spread(values)
    if len(values) == 1:
        return number(found.median)
    return f"{number(found.median)} ({number(found.low)} to {number(found.high)})"


def _system(runs: list[Run]) -> str:
    parts = [100 * run.system / max(1, run.user + run.system) for run in runs]
    return f"{spread(parts).median:.0f} %"


def _ratio(metric: str, own: list[Run], theirs: list[Run]) -> str:
    of = METRICS[metric].of
    found = paired([of(run) for run in own], [of(run) for run in theirs], ratio)
    return f"{spread(found).median:.2f}" if found else ""


def _errors(runs: dict[str, list[Run]]) -> str:
    """What went wrong, in one line for each contender; nothing, where nothing did."""
    lines = []
    for name, own in runs.items():
        counts = {key: sum(run.errors.get(key, 0) for run in own) for key in ERRORS}
        said = ", ".join(f"{count} {ERRORS[key]}" for key, count in counts.items() if count)
        if said:
            total = sum(run.requests for run in own)
            lines.append(f"- {CONTENDERS[name].title}: {said}, beside {total} answers.")
    return "\n".join(lines) + "\n" if lines else ""


def _extra(name: str, outcome: Outcome) -> str:
    said = [f"## {TITLES[name]}\n"]
    if name in _INTRODUCTIONS:
        said.append(f"{_INTRODUCTIONS[name]}\n")
    if outcome.findings:
        rows = [[one.title, one.words, one.target] for one in outcome.findings]
        said.append(table(["", "measured", "target"], rows))
    said += [f"{note}\n" for note in outcome.notes]
    said += [table(one.columns, one.rows) for one in outcome.tables]
    for title, lines in outcome.curves.items():
        said.append(f"CPU a request, µs, by {title}:\n")
        counts = [x for x, _ in next(iter(lines.values()))]
        rows = [[line, *(f"{y:.1f}" for _, y in points)] for line, points in lines.items()]
        said.append(table(["", *(f"{x:g}" for x in counts)], rows))
    return "\n".join(said)
