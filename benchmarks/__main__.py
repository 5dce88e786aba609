"""C{python -m benchmarks}: measures, and writes C{docs/benchmarks.md}."""

from __future__ import annotations

import datetime
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks import (
    comparison,
    growth,
    idle,
    load,
    machine,
    micro,
    options,
    picture,
    queueing,
    report,
    starting,
    switching,
)
from benchmarks.cases import CASES, Case
from benchmarks.contenders import installed
from benchmarks.options import EXTRAS, Options
from benchmarks.progress import Progress
from benchmarks.results import Effort, Outcome, Results
from benchmarks.server import Site

_DATA = "bench.json"
_MEASURE: dict[str, Callable[[Site, Effort, Progress], Outcome]] = {
    "memory": starting.memory,
    "start": starting.start,
    "idle": idle.measure,
    "queueing": queueing.measure,
    "switching": switching.measure,
    "growth": growth.measure,
    "micro": micro.measure,
}
#: How many seconds each of them takes: all of it, and a quick run.
_SECONDS = {
    "memory": (45, 12),
    "start": (20, 6),
    "idle": (15, 15),
    "queueing": (30, 7),
    "switching": (150, 12),
    "growth": (290, 12),
    "micro": (60, 6),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Does what the command line says.

    @return: the exit code: 1, where a target is missed and C{--check} asks for it.
    @raise SystemExit: something is missing, or a server answers what is wrong.
    """
    wanted = options.parse(arguments)
    data = (wanted.output or options.DOCS) / "pictures" / _DATA
    results = Results.from_json(data.read_text("utf-8")) if wanted.draw else run(wanted)
    if wanted.output is None:
        print(report.page(results))
    else:
        write(results, wanted.output)
    for one in report.missed(results):
        print(f"missed: {one.title}: {one.words}, target {one.target}", file=sys.stderr)
    return 1 if wanted.check and report.missed(results) else 0


def run(wanted: Options) -> Results:
    """Measures."""
    if not load.version():
        raise SystemExit("benchmarks: wrk is missing: install your system's package of that name")
    machine.raise_limit()
    names = installed(wanted.contenders)
    for missing in sorted(set(wanted.contenders) - set(names)):
        print(f"benchmarks: {missing} is not installed, and left out", file=sys.stderr)
    chosen = [_case(one, wanted, names) for name, one in CASES.items() if name in wanted.names]
    chosen = [one for one in chosen if one.contenders]
    extras = [name for name in EXTRAS if name in wanted.names]
    effort = Effort(wanted.rounds, wanted.seconds, wanted.quick)
    results = Results(
        machine.facts(),
        machine.versions(names),
        datetime.date.today().isoformat(),
        effort,
    )
    progress = Progress(_estimate(chosen, extras, effort))
    site = Site()
    try:
        _compare(chosen, site, results, progress)
        for name in extras:
            results.extras[name] = _MEASURE[name](site, effort, progress)
    finally:
        site.close()
    return results


def write(results: Results, output: Path) -> None:
    """The page, its pictures and the data of both."""
    pictures = output / "pictures"
    pictures.mkdir(parents=True, exist_ok=True)
    (pictures / _DATA).write_text(results.to_json(), "utf-8")
    drawn = picture.pictures(results)
    for name, (_, svg) in drawn.items():
        (pictures / name).write_text(svg, "utf-8")
    shown = [(name, words) for name, (words, _) in drawn.items()]
    (output / "benchmarks.md").write_text(report.page(results, shown), "utf-8")
    print(f"written: {output / 'benchmarks.md'}", file=sys.stderr)


def _case(case: Case, wanted: Options, names: Sequence[str]) -> Case:
    """A case with the contenders that are there, and wanted."""
    if wanted.quick:
        case = case.quick()
    return case.narrowed(names)


def _compare(chosen: list[Case], site: Site, results: Results, progress: Progress) -> None:
    effort = results.effort
    with comparison.Fleet(site) as fleet:
        for case in chosen:
            runs, keeps = comparison.compare(case, fleet, effort.rounds, effort.seconds, progress)
            results.runs[case.name] = runs
            if case.load.request != "close":
                results.keeps.update(keeps)


def _estimate(chosen: list[Case], extras: Sequence[str], effort: Effort) -> float:
    """Seconds that it will take, about."""
    seconds = 0.0
    for case in chosen:
        seconds += len(case.contenders) * effort.rounds * case.times * (effort.seconds + 0.2) + 2
    return seconds + sum(_SECONDS[name][effort.quick] for name in extras)


if __name__ == "__main__":
    sys.exit(main())
