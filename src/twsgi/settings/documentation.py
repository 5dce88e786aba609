"""Prints C{docs/options.md}: C{python -m twsgi.settings.documentation > docs/options.md}."""

from __future__ import annotations

import dataclasses
import sys
from typing import Any

from twsgi.settings.kinds import KINDS
from twsgi.settings.model import Settings
from twsgi.settings.options.row import Option
from twsgi.settings.options.table import TOPICS

_DEFAULTS: dict[str, Any] = {field.name: field.default for field in dataclasses.fields(Settings)}

_HEAD = """\
# Options

<!-- Made by `python -m twsgi.settings.documentation`; change the tables in
src/twsgi/settings/options instead. -->

Every option is a name in the `[uwsgi]` section of an ini file (`processes = 4`), a flag
(`--processes 4`, `--processes=4`, `-p 4`), a variable of the environment (`UWSGI_PROCESSES=4`) and
a keyword (`Container({"processes": 4})`). The environment comes first, then flags and files in the
order they are named; the last value counts, but options that repeat add up.

Relative paths start at `chdir` where it is set, else where twsgi was started; `ini`, `chdir` and
`pidfile` always where it was started.

A value that is a flag is false if it is `false`, `off`, `no` or `0`, in any case, and true if it is
anything else, or nothing. A number is a whole number. `;` and `#` start a comment only at the start
of a line. `%d` and its like, `$(NAME)` and `%(name)` are replaced as in uWSGI.
"""


def options_page() -> str:
    """The whole page, in Markdown."""
    return "\n".join([_HEAD, *(_topic(title, rows) for title, rows in TOPICS)])


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


if __name__ == "__main__":
    sys.stdout.write(options_page())
