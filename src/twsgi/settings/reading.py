"""Reads files in the place where they are named, and the lines of blocks as often as they count."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from twsgi.errors import UserError
from twsgi.settings.assignment import PATH, Assignment, Origin, printable
from twsgi.settings.expansion import Names, Texts
from twsgi.settings.finding import Findings, Mistake, mistaken
from twsgi.settings.formats.choice import BY_OPTION, option_for, split
from twsgi.settings.grammar import Section, decode
from twsgi.settings.known import uwsgi_names
from twsgi.settings.logic import ENDS, Contexts, Facts, contexts, opens, within
from twsgi.settings.magic import Letters, Place, expand_letters
from twsgi.settings.options.table import BY_NAME
from twsgi.settings.outside import Machine, Outside

#: The section that counts where none is named.
SECTION = "uwsgi"
#: Bytes that a file may have.
_LARGEST = 1024 * 1024
#: Files that may be read, and that may stand in one another.
_FILES, _DEEP = 1000, 40
#: Lines, and characters in them, that there may be when all is read.
_LINES, _CHARACTERS = 50_000, 8 * 1024 * 1024

#: Names of the options that read a file: by what they are, or by what the file's name ends with.
_FIXED = {
    "ini": "ini",
    "xml": "xml",
    "xmlconfig": "xml",
    "yaml": "yaml",
    "yml": "yaml",
    "json": "json",
    "js": "json",
}
_BY_NAME = frozenset({"include", "inherit", "config"})
_SET = "set"
_SETTERS = frozenset({_SET, "set-placeholder", "set-ph"})


@dataclass(slots=True)
class _Block:
    """The lines between C{if-...} or C{for-...} and its end."""

    opener: Assignment
    contexts: Contexts


class Reader:
    """
    Reads every file that a list of assignments names.

    @ivar findings: what is odd in the files, in the order of reading.
    @ivar sections: sections that were asked for, and are not there: not among the findings yet.
    @ivar declared: names that were declared to be placeholders.
    @ivar conditional: where the lines are from that a condition let through.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        cwd: str,
        findings: Findings | None = None,
        outside: Outside | None = None,
    ) -> None:
        """
        @param cwd: relative names of files start here, in whatever file they stand.
        @param findings: is added to.
        @param outside: by whom files are read; None: this machine.
        """
        self.findings = Findings() if findings is None else findings
        self.sections: list[Mistake] = []
        self.declared: set[str] = set()
        self.conditional: set[Origin] = set()
        self._environ = environ
        self._cwd = cwd
        self._outside: Outside = outside or Machine()
        self.texts = Texts(environ, cwd, self._outside)
        self._first: Place | None = None
        self._last: Place | None = None
        self._open: list[Place] = []
        self._files = 0
        self._lines = 0
        self._characters = 0
        self._result: list[Assignment] = []
        #: What is known while reading: names of files may need it, and conditions.
        self._names = Names((), self.texts)
        self._given: dict[str, str] = {}
        self._inherited: list[Assignment] = []

    def inline(self, assignments: Iterable[Assignment]) -> list[Assignment]:
        """
        The assignments, with what the files say in the place where they are named, and at the end
        what is inherited.  What cannot be read is an error among the findings.
        """
        with self.findings.collecting():
            self._stream(assignments)
            while self._inherited:
                named = self._inherited.pop(0)
                with self.findings.collecting():
                    self._file(named)
        return self._result

    @property
    def used(self) -> set[str]:
        """The names of placeholders that were needed while reading."""
        return self._names.used

    def _stream(self, assignments: Iterable[Assignment]) -> None:
        """Lines of one file, or the command line: a block ends where they end."""
        block: _Block | None = None
        for one in assignments:
            if one.name in ENDS:
                self._end(block, one)
                block = None
            elif opens(one.name):
                block = self._opened(block, one)
            elif block is None:
                self._take(one)
            else:
                for context in block.contexts:
                    self.conditional.add(one.origin)
                    self._take(replace(one, value=within(one.value, context)))
        if block is not None:
            self.findings.warn_of("logic", block.opener, "is never ended: it ends with the file")

    def _opened(self, block: _Block | None, one: Assignment) -> _Block:
        holds: Contexts = []
        with self.findings.collecting():
            if block is not None:
                raise mistaken(
                    "logic",
                    one,
                    f"stands within '{block.opener.shown}' of line {block.opener.origin.line}: "
                    "blocks do not nest: end that one first",
                )
            if one.name in ("if-opt", "if-not-opt"):
                self.used.add(one.value.partition("=")[0])
            facts = Facts(self._environ, self._given, self._outside, self._path)
            holds = contexts(one, self._now(one), facts) or []
        return _Block(block.opener if block else one, holds)

    def _end(self, block: _Block | None, one: Assignment) -> None:
        if block is None:
            self.findings.warn_of("logic", one, "ends nothing")

    def _take(self, one: Assignment) -> None:
        self._lines += 1
        self._characters += len(one.name) + len(one.value)
        if self._lines > _LINES or self._characters > _CHARACTERS:
            raise TooMuch(f"more than {_LINES} lines, or {_CHARACTERS} characters, in all", one)
        if one.name == "inherit":
            self._inherited.append(one)
        elif one.name in _FIXED or one.name in _BY_NAME:
            try:
                self._file(one)
            except TooMuch:
                raise
            except UserError as error:
                self.findings.refuse(error)
        elif one.name in _SETTERS:
            with self.findings.collecting():
                self._add(self._set(one))
        else:
            self._add(one)

    def _add(self, one: Assignment) -> None:
        self._result.append(one)
        self._names.add(one)
        self._given.setdefault(one.name, one.value)

    def _set(self, one: Assignment) -> Assignment:
        """C{set = a=b} and C{set-placeholder = a=b} are C{a = b}."""
        name, equals, value = one.value.partition("=")
        if not name or not equals:
            raise mistaken("value", one, "write NAME=value")
        option = BY_NAME.get(name)
        if one.name == _SET:
            if option is not None and not option.field:
                raise mistaken("value", one, f"'{name}' cannot be set by another option")
        elif option is not None or name in uwsgi_names():
            raise mistaken("value", one, f"'{printable(name)}' is an option, no placeholder")
        else:
            self.declared.add(name)
        return Assignment(name, value, one.origin)

    def _now(self, one: Assignment) -> str:
        """Its value, as far as it is known already."""
        return self._names.value(one)

    def _path(self, name: str) -> str:
        return os.path.join(self._cwd, name)

    def _file(self, named: Assignment) -> None:
        place = self._place(named)
        self._files += 1
        if any((one.path, one.section) == (place.path, place.section) for one in self._open):
            raise Mistake("loop", f"the file reads itself: {self._chain(place)}", named.origin)
        if self._files > _FILES:
            raise TooMuch(f"more than {_FILES} files", named)
        if len(self._open) >= _DEEP:
            what = f"more than {_DEEP} files within one another: {self._chain(place)}"
            raise Mistake("too-much", what, named.origin)
        said = self._said(place, named)
        self.findings.take(said.findings)
        if not said.found:
            self._no_section(place, said.others)
        self._first = self._first or place
        self._last = place if not self._open else self._last
        self._open.append(place)
        try:
            self._stream(self._expanded(said.assignments, place))
        finally:
            self._open.pop()

    def _chain(self, place: Place) -> str:
        way = [*self._open, place]
        shown = way if len(way) < 8 else [*way[:3], *way[-3:]]
        return printable(" -> ".join(f"{one.given}:{one.section}" for one in shown), 200)

    def _said(self, place: Place, named: Assignment) -> Section:
        option = _FIXED.get(named.name) or option_for(place.given)
        if option is None:
            shown = printable(place.given, PATH)
            what = f"unable to load configuration from {shown}: its name must end with .ini, .xml,"
            raise Mistake("file", f"{what} .yaml, .yml or .json", _origin(named))
        return BY_OPTION[option](self._text(place, named), place.given, place.section)

    def _no_section(self, place: Place, others: list[str]) -> None:
        has = ", ".join(f"[{printable(one, 40)}]" for one in others[:5])
        self.sections.append(
            Mistake(
                "section",
                f"there is no section [{printable(place.section)}] in "
                f"{printable(place.given, PATH)}; it has {has or 'none'}",
            )
        )

    def _place(self, named: Assignment) -> Place:
        value = self._now(named)
        if not value:
            raise mistaken("file", named, "needs the name of a file")
        if "\0" in value:
            raise mistaken("file", named, "not the name of a file")
        if "://" in value:
            raise mistaken("file", named, "twsgi reads files, not URLs")
        given, section = split(value)
        if given:
            path = self._outside.real(self._path(given))
            return Place(given, path, section or SECTION)
        current = self._open[-1] if self._open else self._last
        if current is None:
            raise mistaken("file", named, "there is no file yet that the section could be in")
        return replace(current, section=section or SECTION)

    def _expanded(self, lines: list[Assignment], place: Place) -> Iterator[Assignment]:
        letters = Letters(place, self._first or place, self._cwd, self._outside)
        for one in lines:
            if "%" not in one.value and "%" not in one.name:
                yield one
                continue
            name, more = expand_letters(one.name, letters)
            value, notes = expand_letters(one.value, letters)
            for note in dict.fromkeys([*more, *notes]):
                self.findings.warn_of("expansion", one, note)
            yield replace(one, name=name, value=value)

    def _text(self, place: Place, named: Assignment) -> str:
        origin = _origin(named)
        shown = printable(place.given, PATH)
        try:
            data = self._outside.read(place.path, _LARGEST + 1)
        except FileNotFoundError:
            raise Mistake("file", f"{shown}: No such file", origin) from None
        except OSError as error:
            raise Mistake("file", f"{shown}: {error.strerror}", origin) from None
        if len(data) > _LARGEST:
            raise Mistake("too-much", f"{shown}: more than {_LARGEST} bytes", origin)
        return decode(data, place.given)


class TooMuch(Mistake):
    """Nothing more is read."""

    def __init__(self, what: str, one: Assignment) -> None:
        super().__init__("too-much", f"{one.shown}: {what}", one.origin)


def _origin(named: Assignment) -> Origin | None:
    return named.origin if named.origin.line else None
