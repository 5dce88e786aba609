"""Prints C{docs/options.md}: C{python -m twsgi.settings.documentation > docs/options.md}."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterable
from typing import Any

from twsgi.settings.kinds import KINDS
from twsgi.settings.known import uwsgi_names
from twsgi.settings.model import Settings
from twsgi.settings.options.row import Option
from twsgi.settings.options.table import ROWS, TOPICS
from twsgi.settings.verdicts.table import verdicts
from twsgi.settings.verdicts.values import OTHER_VALUES
from twsgi.settings.verdicts.verdict import Standing, Verdict
from twsgi.settings.verdicts.works import WITHOUT_ROW

_DEFAULTS: dict[str, Any] = {field.name: field.default for field in dataclasses.fields(Settings)}

_HEAD = """\
# Options

<!-- Made by `python -m twsgi.settings.documentation`; change the tables in
src/twsgi/settings/options and src/twsgi/settings/verdicts instead. -->

Every option is a name in the `[uwsgi]` section of an ini file (`processes = 4`), a flag
(`--processes 4`, `--processes=4`, `-p 4`), a variable of the environment (`UWSGI_PROCESSES=4`) and
a keyword (`Container({"processes": 4})`). The environment comes first, then flags and files in the
order they are named; the last value counts, but options that repeat add up.

Relative paths start at `chdir` where it is set, else where twsgi was started; `ini`, `chdir` and
`pidfile` always where it was started.

A value that is a flag is false if it is `false`, `off`, `no` or `0`, in any case, and true if it is
anything else, or nothing. A number is a whole number. `;` and `#` start a comment only at the start
of a line. `%d` and its like, `$(NAME)` and `%(name)` are replaced as in uWSGI.

uWSGI 2.0.31 has """

_VERDICTS = """\
 option names. Each has one of four verdicts; `twsgi --list-options` prints them all, and
`twsgi --lint FILE` says what they mean for a file.

| verdict | names | what it means |
|---|---|---|
"""

_MEANINGS = {
    Standing.WORKS: "it does what it says, and [a test](#what-shows-that-it-works) shows it",
    Standing.NO_EFFECT: "it may be left out: [what it asks for](#without-effect) is there anyway",
    Standing.NOT_YET: "[to come](#not-yet): it is ignored, and the log says so at each start",
    Standing.NEVER: "[something else](#never) takes its place; it is ignored, and the log says so",
}

_REFUSED = """
Some are refused, and there is no start with them: where ignoring them would mean less protection
than was asked for, or something else than was asked for. They say **refused** below.
"""


def options_page() -> str:
    """The whole page, in Markdown."""
    return "\n".join(
        [
            _introduction(),
            *(_topic(title, rows) for title, rows in TOPICS),
            _tests(),
            _rest("Without effect", Standing.NO_EFFECT, ("why", "options")),
            _rest("Not yet", Standing.NOT_YET, ("belong to", "options")),
            _rest("Never", Standing.NEVER, ("instead", "options")),
            _by_value(),
        ]
    )


def _introduction() -> str:
    found = [one.standing for one in verdicts().values() if one.name not in _ours()]
    table = "".join(
        f"| {one.value} | {found.count(one)} | {meaning} |\n" for one, meaning in _MEANINGS.items()
    )
    return f"{_HEAD}{len(found):,}{_VERDICTS}{table}{_REFUSED}"


def _ours() -> frozenset[str]:
    return frozenset(verdicts().keys() - uwsgi_names())


def _topic(title: str, rows: tuple[Option, ...]) -> str:
    lines = [
        f"## {title}",
        "",
        "| option | also | value | default | meaning | difference from uWSGI |",
        "|---|---|---|---|---|---|",
        *(_row(row) for row in rows),
    ]
    return "\n".join(lines) + "\n"


def _row(row: Option) -> str:
    also = [*row.aliases, *([f"-{row.short}"] if row.short else [])]
    cells = [
        f"`{row.name}`",
        ", ".join(f"`{name}`" for name in also),
        KINDS[row.kind].metavar or "flag",
        _default(row),
        row.help,
        row.difference or "none",
    ]
    return f"| {' | '.join(cells)} |".replace("  ", " ")


def _default(row: Option) -> str:
    value = _DEFAULTS[row.field] if row.field else None
    if value is None or value in ("", ()):
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _tests() -> str:
    """Which test shows which options."""
    shown: dict[str, list[str]] = {}
    for row in ROWS:
        if not row.always:
            shown.setdefault(row.test, []).append(row.name)
    for name, (_, test) in WITHOUT_ROW.items():
        shown.setdefault(test, []).append(name)
    lines = [
        f"| `{test}` | {', '.join(f'`{name}`' for name in names)} |"
        for test, names in sorted(shown.items())
    ]
    return _table("What shows that it works", ("test", "options"), lines)


def _rest(title: str, standing: Standing, head: tuple[str, str]) -> str:
    """The names of a verdict, those of one reason in one row."""
    groups: dict[str, list[Verdict]] = {}
    for one in verdicts().values():
        if one.standing is standing:
            groups.setdefault(_reason(one), []).append(one)
    lines = [
        f"| {reason} | {', '.join(f'`{one.name}`' for one in group)} |"
        for reason, group in sorted(groups.items(), key=lambda item: item[0].lower())
    ]
    return _table(title, head, lines)


def _reason(verdict: Verdict) -> str:
    if verdict.refused:
        return f"**refused**: {verdict.words}"
    if verdict.standing is Standing.NOT_YET:
        return verdict.topic or "(no topic)"
    return verdict.words.removeprefix("instead: ")


def _by_value() -> str:
    lines = [f"| {one} | {meaning} |" for one, meaning in OTHER_VALUES]
    return _table("Where the value decides", ("line", "verdict"), lines)


def _table(title: str, head: tuple[str, str], lines: Iterable[str]) -> str:
    return "\n".join([f"## {title}", "", f"| {head[0]} | {head[1]} |", "|---|---|", *lines]) + "\n"


if __name__ == "__main__":
    sys.stdout.write(options_page())
