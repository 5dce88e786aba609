"""Flags and variables of the environment -> assignments; and the text of C{--help}.

C{twisted.python.usage.Options} knows neither C{--master=true} nor a flag with an optional value
nor one that repeats; uWSGI's command line has all three.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence

from twsgi.settings.assignment import Assignment, Origin, printable
from twsgi.settings.finding import Findings, Mistake
from twsgi.settings.formats.choice import option_for, split
from twsgi.settings.kinds import KINDS
from twsgi.settings.known import SHORT_ALONE, SHORT_WITH_VALUE, suggestion, uwsgi_names
from twsgi.settings.logic import ENDS, OPENERS, WITHOUT_VALUE
from twsgi.settings.options.row import Option
from twsgi.settings.options.table import BY_LETTER, BY_NAME, TOPICS

COMMAND_LINE = Origin("command line")
ENVIRONMENT = Origin("environment")
_FILE = re.compile(r".+\.(ini|xml|ya?ml|json)(:[^/]*)?", re.DOTALL)
_NEGATIVE = re.compile(r"-[0-9]")
_PREFIX = "UWSGI_"


def parse_arguments(arguments: Sequence[str], findings: Findings | None = None) -> list[Assignment]:
    """
    The assignments that a command line (without the command itself) makes, in its order:
    C{--name value}, C{--name=value}, C{--flag}, C{-p 4}, C{-p4}, C{-Mi}, C{uwsgi.ini}.

    @param findings: gets the errors; None: the first one is raised.
    @raise ConfigurationError: a flag that nobody knows, or one without the value it needs.
    """
    found = Findings() if findings is None else findings
    result = _CommandLine(arguments).parse(found)
    if findings is None:
        found.raise_first()
    return result


def from_environment(environ: Mapping[str, str]) -> list[Assignment]:
    """
    C{UWSGI_FOO_BAR=x} is C{foo-bar = x}.  A variable that names no option is passed over: it may
    be anybody's.  Conditions and loops need an order, which variables do not have.
    """
    result = []
    for variable, value in environ.items():
        name = variable[len(_PREFIX) :].lower().replace("_", "-")
        if not variable.startswith(_PREFIX) or name in OPENERS | ENDS:
            continue
        if name in BY_NAME or name in uwsgi_names():
            result.append(Assignment(name, value, ENVIRONMENT))
    return result


class _CommandLine:
    """One walk along the arguments."""

    def __init__(self, arguments: Sequence[str]) -> None:
        self._rest = list(reversed(arguments))
        self._result: list[Assignment] = []

    def parse(self, findings: Findings) -> list[Assignment]:
        while self._rest:
            with findings.collecting():
                self._argument(self._rest.pop())
        return self._result

    def _argument(self, argument: str) -> None:
        if argument.startswith("--") and argument != "--":
            self._long(argument[2:])
        elif argument.startswith("-") and argument not in ("-", "--"):
            self._letters(argument[1:])
        elif argument != "--":
            self._bare(argument)

    def _long(self, text: str) -> None:
        name, equals, value = text.partition("=")
        name = _whole(name)
        option = BY_NAME.get(name)
        if equals:
            self._add(name, value)
        elif name in WITHOUT_VALUE:
            self._add(name, None)
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
                raise _mistake(f"unknown flag '-{printable(letter)}'")
            elif option and KINDS[option.kind].optional:
                self._add(name, KINDS[option.kind].alone)
            else:
                value = text or (
                    self._value(option, f"-{letter}") if option else self._value_of_unsupported()
                )
                self._add(name, value)
                return

    def _bare(self, argument: str) -> None:
        if not _FILE.fullmatch(argument):
            raise _mistake(
                f"'{printable(argument)}' is neither a flag nor a file of configuration: "
                "a flag's value is written --name=value, an application --module=NAME"
            )
        file, _ = split(argument)
        self._add(option_for(file) or "ini", argument)

    def _value(self, option: Option, flag: str) -> str | None:
        if KINDS[option.kind].optional:
            return KINDS[option.kind].alone
        if not self._rest or (self._rest[-1][:1] == "-" and not _NEGATIVE.match(self._rest[-1])):
            raise _mistake(f"{flag} needs a value: {KINDS[option.kind].metavar}")
        return self._rest.pop()

    def _value_of_unsupported(self) -> str | None:
        """What follows a flag of uWSGI's that we pass over, if it looks like its value."""
        following = self._rest[-1] if self._rest else "-"
        return None if following.startswith("-") or _FILE.fullmatch(following) else self._rest.pop()

    def _add(self, name: str, value: str | None) -> None:
        self._result.append(Assignment(name, value or "", COMMAND_LINE, bare=value is None))


def _whole(name: str) -> str:
    """
    The flag that C{name} is, or is the only one to begin with.

    @raise ConfigurationError: there is none, or several that are not the same.
    """
    names = BY_NAME.keys() | uwsgi_names()
    if name in names:
        return name
    meant = sorted(one for one in names if one.startswith(name)) if name else []
    if len({BY_NAME[one].name if one in BY_NAME else one for one in meant}) == 1:
        return meant[0]
    shown = printable(name)
    if meant:
        several = ", ".join(f"--{one}" for one in meant[:6]) + (", ..." if len(meant) > 6 else "")
        raise _mistake(f"'--{shown}' may be any of {several}")
    raise _mistake(f"unknown flag '--{shown}'{suggestion(name)}")


def usage() -> str:
    """What C{--help} says, made from the tables."""
    lines = [
        "Usage: twsgi [options] [FILE.ini ...]",
        "       twsgi --lint FILE [--lint-format=json]",
        "       twsgi --show-config FILE",
        "       twsgi --list-options",
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


def _mistake(text: str) -> Mistake:
    return Mistake("flag", text, COMMAND_LINE)
