"""C{twsgi --lint FILE}, C{twsgi --show-config FILE} and C{twsgi --list-options}."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import TextIO

from twsgi.errors import EXIT_USAGE, ConfigurationError
from twsgi.lint.inforce import in_force
from twsgi.lint.listing import listing
from twsgi.lint.looking import Looking
from twsgi.lint.report import EXIT_CODES, look
from twsgi.lint.words import as_json, as_text
from twsgi.settings.finding import ERROR
from twsgi.settings.plan import plan
from twsgi.settings.resolve import read

LINT = "--lint"
FORMAT = "--lint-format"
SHOW = "--show-config"
LIST = "--list-options"
_FORMATS = {"text": as_text, "json": as_json}
#: Files whose format their name tells; all others are ini files, whatever they are called.
_TOLD = (".yaml", ".yml", ".json", ".js", ".xml")


def asked(arguments: Sequence[str]) -> bool:
    """Whether this command line is for L{main}."""
    return any(one.partition("=")[0] in (LINT, FORMAT, SHOW, LIST) for one in arguments)


def main(
    arguments: Sequence[str],
    output: TextIO | None = None,
    environ: Mapping[str, str] | None = None,
    machine: Looking | None = None,
) -> int:
    """
    Does one of the three.

    @param arguments: the whole command line, without the command itself.
    @return: the process's exit code; of a lint 0: nothing but advice; 1: warnings; 2: errors.
    """
    environ = os.environ if environ is None else environ
    machine = machine or Looking()
    try:
        wanted, form, rest = taken_apart(arguments)
    except ConfigurationError as error:
        print(f"twsgi: {error}", file=sys.stderr)
        return EXIT_CODES[ERROR]
    code = 0
    if wanted == LIST:
        text = listing()
    elif wanted == SHOW:
        text, code = _shown(rest, environ, machine)
    else:
        report = look(rest, environ, os.getcwd(), machine)
        text, code = _FORMATS[form](report), report.exit_code
    _print(text, output or sys.stdout)
    return code


def taken_apart(arguments: Sequence[str]) -> tuple[str, str, list[str]]:
    """
    Which command it is, a key of the formats, and the command line that it is about.

    @raise ConfigurationError: it cannot be meant.
    """
    wanted, form, rest = "", "text", list[str]()
    words = list(reversed(arguments))
    while words:
        word = words.pop()
        name, equals, value = word.partition("=")
        if name == FORMAT:
            form = value if equals else (words.pop() if words else "")
        elif name in (LINT, SHOW, LIST):
            wanted = name if wanted in ("", SHOW) else wanted
            if not equals and name != LIST and words and not words[-1].startswith("-"):
                value = words.pop()
            rest += _file(value) if value else []
        else:
            rest.append(word)
    if form not in _FORMATS:
        raise ConfigurationError(f"{FORMAT}={form}: write {' or '.join(_FORMATS)}")
    if wanted not in (LINT, SHOW, LIST):
        raise ConfigurationError(f"{FORMAT}: there is no {LINT}")
    if wanted != LIST and not rest:
        raise ConfigurationError(f"{wanted} needs the name of a file: {wanted} uwsgi.ini")
    return wanted, form, rest


def _file(name: str) -> list[str]:
    return [name] if name.endswith(_TOLD) else [f"--ini={name}"]


def _shown(
    arguments: Sequence[str], environ: Mapping[str, str], machine: Looking
) -> tuple[str, int]:
    cwd = os.getcwd()
    found = read(arguments, environ, cwd, machine)
    for one in found.findings:
        if one.level is ERROR:
            print(f"twsgi: {one}", file=sys.stderr)
    return in_force(plan(found.settings, cwd), found), EXIT_USAGE if found.error else 0


def _print(text: str, output: TextIO) -> None:
    """Whoever reads may have seen enough of it."""
    try:
        output.write(text)
        output.flush()
    except BrokenPipeError:
        # The interpreter flushes once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), output.fileno())
