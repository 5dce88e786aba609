"""C{if-...} and C{for-...}: which of the lines that follow count, and how often."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from twsgi.settings.assignment import Assignment
from twsgi.settings.finding import mistaken
from twsgi.settings.outside import Outside

#: What ends a block.  uWSGI knows C{end}, too, though no option is called so.
ENDS = frozenset({"endif", "end-if", "endfor", "end-for", "end"})
#: How often a loop goes round, at most.
_ROUNDS = 10_000
#: Bytes of a file that C{for-readline} reads.
_LARGEST = 1024 * 1024
#: uWSGI's plugins that twsgi has built in.
_PLUGINS = frozenset({"python", "python3", "http", "corerouter"})
#: What stands for the thing that was asked about, or for the item, in the lines of a block.
_CONTEXT = re.compile(r"%\(([^()]*)\)")

#: What a block's lines are repeated for: the text of C{%(_)}; None leaves C{%(_)} as it is.
Contexts = list[str | None]


@dataclass(frozen=True, slots=True)
class Facts:
    """
    What a condition may ask about.

    @ivar given: the first value of each option that stands before it.
    """

    environ: Mapping[str, str]
    given: Mapping[str, str]
    outside: Outside
    path: Callable[[str], str]


def contexts(one: Assignment, value: str, facts: Facts) -> Contexts | None:
    """
    What the block that C{one} opens is repeated for; none where a condition does not hold.

    @param value: that of C{one}, expanded.
    @return: None: it opens no block.
    @raise ConfigurationError: it asks for what cannot be answered.
    """
    if one.name in _LOOPS:
        items = _LOOPS[one.name](one, value, facts)
        if len(items) > _ROUNDS:
            raise mistaken("too-much", one, f"more than {_ROUNDS} rounds")
        return items
    name = _ALIASES.get(one.name, one.name)
    wanted = not name.startswith("if-not-")
    ask = _CONDITIONS.get(name.replace("if-not-", "if-", 1))
    if ask is None or (name not in _CONDITIONS and wanted):
        return None
    holds, context = ask(one, value, facts)
    return [context] if holds is wanted else []


def opens(name: str) -> bool:
    """True for C{if-env}, C{for} and the like."""
    return name in OPENERS


def within(text: str, context: str | None) -> str:
    """A line of a block: C{%(_)}, and C{_} in a calculation, replaced."""
    if context is None or "%(" not in text:
        return text

    def replaced(found: re.Match[str]) -> str:
        if found[1] == "_":
            return context
        words = [context if word == "_" else word for word in found[1].split(" ")]
        return f"%({' '.join(words)})"

    return _CONTEXT.sub(replaced, text)


Answer = tuple[bool, str | None]


def _env(one: Assignment, value: str, facts: Facts) -> Answer:
    return _compared(value, facts.environ)


def _opt(one: Assignment, value: str, facts: Facts) -> Answer:
    return _compared(value, facts.given)


def _compared(value: str, known: Mapping[str, str]) -> Answer:
    """C{NAME}: it is there; C{NAME=value}: it is there, and is that."""
    name, equals, wanted = value.partition("=")
    found = known.get(name)
    return found is not None and (not equals or found == wanted), found


def _file_of(*kinds: str) -> Callable[[Assignment, str, Facts], Answer]:
    def ask(one: Assignment, value: str, facts: Facts) -> Answer:
        path = facts.path(value)
        return "\0" not in path and facts.outside.what(path) in kinds, value

    return ask


def _plugin(one: Assignment, value: str, facts: Facts) -> Answer:
    return value in _PLUGINS, value


def _hostname(one: Assignment, value: str, facts: Facts) -> Answer:
    return facts.outside.hostname() == value, value


def _hostname_match(one: Assignment, value: str, facts: Facts) -> Answer:
    try:
        return re.search(value, facts.outside.hostname()) is not None, None
    except (re.error, RecursionError, OverflowError):
        raise mistaken("logic", one, "not a regular expression") from None


def _reload(one: Assignment, value: str, facts: Facts) -> Answer:
    return facts.outside.reloading, None


def _words(one: Assignment, value: str, facts: Facts) -> Contexts:
    return [*value.split()]


def _times(one: Assignment, value: str, facts: Facts) -> Contexts:
    if not (value.isascii() and value.isdigit()):
        raise mistaken("logic", one, "write how many times, a whole number")
    if len(value) > 9 or int(value) > _ROUNDS:
        raise mistaken("too-much", one, f"more than {_ROUNDS} rounds")
    return [str(number) for number in range(1, int(value) + 1)]


def _glob(one: Assignment, value: str, facts: Facts) -> Contexts:
    """The pattern itself where no file matches, as in uWSGI, and in a shell."""
    if "\0" in value:
        raise mistaken("logic", one, "not the name of a file")
    return [*(facts.outside.glob(facts.path(value)) or [value])]


def _readline(one: Assignment, value: str, facts: Facts) -> Contexts:
    if "\0" in value:
        raise mistaken("logic", one, "not the name of a file")
    try:
        data = facts.outside.read(facts.path(value), _LARGEST + 1)
        if len(data) > _LARGEST:
            raise mistaken("too-much", one, f"more than {_LARGEST} bytes")
        return [*data.decode("utf-8").removesuffix("\n").split("\n")] if data else []
    except OSError as error:
        raise mistaken("logic", one, str(error.strerror)) from None
    except UnicodeDecodeError:
        raise mistaken("logic", one, "no UTF-8 text") from None


_CONDITIONS: dict[str, Callable[[Assignment, str, Facts], Answer]] = {
    "if-env": _env,
    "if-opt": _opt,
    "if-reload": _reload,
    "if-hostname": _hostname,
    "if-hostname-match": _hostname_match,
    "if-exists": _file_of("file", "directory", "other"),
    "if-file": _file_of("file"),
    "if-dir": _file_of("directory"),
    "if-plugin": _plugin,
}
_LOOPS: dict[str, Callable[[Assignment, str, Facts], Contexts]] = {
    "for": _words,
    "for-times": _times,
    "for-glob": _glob,
    "for-readline": _readline,
}
_ALIASES = {
    "ifenv": "if-env",
    "ifexists": "if-exists",
    "ifplugin": "if-plugin",
    "ifdir": "if-dir",
    "if-directory": "if-dir",
}
#: All names that open a block.
OPENERS: frozenset[str] = frozenset(
    {*_CONDITIONS, *_LOOPS, *_ALIASES, *(name.replace("if-", "if-not-", 1) for name in _CONDITIONS)}
)
#: Those that take no value.
WITHOUT_VALUE = frozenset({"if-reload", "if-not-reload"}) | ENDS


def first_values(assignments: Iterable[Assignment]) -> dict[str, str]:
    """What C{if-opt} compares with."""
    known: dict[str, str] = {}
    for one in assignments:
        known.setdefault(one.name, one.value)
    return known
