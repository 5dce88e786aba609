"""Flags and variables of the environment -> assignments; and the text of C{--help}.

C{twisted.python.usage.Options} knows neither C{--master=true} nor a flag with an optional value
nor one that repeats; uWSGI's command line has all three.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence

from twsgi.errors import ConfigurationError
from twsgi.settings.grammar import Assignment, Origin, printable
from twsgi.settings.kinds import KINDS
from twsgi.settings.known import SHORT_ALONE, SHORT_WITH_VALUE, suggestion, uwsgi_names
from twsgi.settings.options.row import Option
from twsgi.settings.options.table import BY_LETTER, BY_NAME, TOPICS

COMMAND_LINE = Origin("command line")
ENVIRONMENT = Origin("environment")
_INI = re.compile(r".+\.ini(:[^/]*)?", re.DOTALL)
_NEGATIVE = re.compile(r"-[0-9]")
_PREFIX = "UWSGI_"


def parse_arguments(arguments: Sequence[str]) -> list[Assignment]:
    """
    The assignments that a command line (without the command itself) makes, in its order:
    C{--name value}, C{--name=value}, C{--flag}, C{-p 4}, C{-p4}, C{-Mi}, C{uwsgi.ini}.

    @raise ConfigurationError: a flag that nobody knows, or one without the value it needs.
    """
    return _CommandLine(arguments).parse()


def from_environment(environ: Mapping[str, str]) -> list[Assignment]:
    """
    C{UWSGI_FOO_BAR=x} is C{foo-bar = x}.  A variable that names no option is passed over: it may
    be anybody's.
    """
    result = []
    for variable, value in environ.items():
        name = variable[len(_PREFIX) :].lower().replace("_", "-")
        if variable.startswith(_PREFIX) and (name in BY_NAME or name in uwsgi_names()):
            result.append(Assignment(name, value, ENVIRONMENT))
    return result


class _CommandLine:
    """One walk along the arguments."""

    def __init__(self, arguments: Sequence[str]) -> None:
        self._rest = list(reversed(arguments))
        self._result: list[Assignment] = []

    def parse(self) -> list[Assignment]:
        while self._rest:
            argument = self._rest.pop()
            if argument.startswith("--") and argument != "--":
                self._long(argument[2:])
            elif argument.startswith("-") and argument not in ("-", "--"):
                self._letters(argument[1:])
            elif argument != "--":
                self._bare(argument)
        return self._result

    def _long(self, text: str) -> None:
        name, equals, value = text.partition("=")
        option = BY_NAME.get(name)
        if option is None and name not in uwsgi_names():
            shown = printable(name)
            raise ConfigurationError(f"command line: unknown flag '--{shown}'{suggestion(name)}")
        if equals:
            self._add(name, value)
        elif option is None:
            self._add(name, self._value_of_unsupported())
        else:
            self._add(name, self._value(option, f"--{name}"))

    def _letters(self, text: str) -> None:
        while text:
            letter, text = text[0], text[1:]
            option = BY_LETTER.get(letter)
            name = option.name if option else SHORT_WITH_VALUE.get(letter)
            if name is None and letter in SHORT_ALONE:
                self._add(SHORT_ALONE[letter], None)
            elif name is None:
                raise ConfigurationError(f"command line: unknown flag '-{printable(letter)}'")
            elif option and KINDS[option.kind].optional:
                self._add(name, KINDS[option.kind].alone)
            else:
                value = text or (
                    self._value(option, f"-{letter}") if option else self._value_of_unsupported()
                )
                self._add(name, value)
                return

    def _bare(self, argument: str) -> None:
        if not _INI.fullmatch(argument):
            raise ConfigurationError(
                f"command line: '{printable(argument)}' is neither a flag nor an ini file: "
                "a flag's value is written --name=value, an application --module=NAME"
            )
        self._add("ini", argument)

    def _value(self, option: Option, flag: str) -> str | None:
        if KINDS[option.kind].optional:
            return KINDS[option.kind].alone
        if not self._rest or (self._rest[-1][:1] == "-" and not _NEGATIVE.match(self._rest[-1])):
            raise ConfigurationError(
                f"command line: {flag} needs a value: {KINDS[option.kind].metavar}"
            )
        return self._rest.pop()

    def _value_of_unsupported(self) -> str | None:
        """What follows a flag of uWSGI's that we pass over, if it looks like its value."""
        following = self._rest[-1] if self._rest else "-"
        return None if following.startswith("-") or _INI.fullmatch(following) else self._rest.pop()

    def _add(self, name: str, value: str | None) -> None:
        self._result.append(Assignment(name, value or "", COMMAND_LINE, bare=value is None))


def usage() -> str:
    """What C{--help} says, made from the tables."""
    lines = [
        "Usage: twsgi [options] [FILE.ini ...]",
        "       twsgi --selftest-reload FILE.ini [N]",
        "",
        "Serves a WSGI application as its uwsgi.ini says.  Every option is a name in the file",
        "(processes = 4) and a flag (--processes 4); the last one counts.",
    ]
    for title, rows in TOPICS:
        lines += ["", f"{title}:"]
        for row in rows:
            lines += _described(row)
    return "\n".join(lines) + "\n"


def _described(row: Option) -> list[str]:
    kind = KINDS[row.kind]
    value = f"[={kind.metavar}]" if kind.optional and kind.metavar else f" {kind.metavar}".rstrip()
    flags = [f"-{row.short}"] if row.short else []
    flags += [f"--{name}" for name in row.names]
    return [
        f"  {', '.join(flags)}{value}",
        *textwrap.wrap(row.help, 78, initial_indent=" " * 8, subsequent_indent=" " * 8),
    ]
