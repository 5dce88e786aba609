"""Finds and reads ini files, and C{ini = other.ini} in the place where it stands."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace

from twsgi.errors import ConfigurationError
from twsgi.settings.expansion import Place, expand_environment, expand_letters, magic_letters
from twsgi.settings.grammar import Assignment, Section, decode, parse, printable
from twsgi.settings.known import LOGIC_ENDS, opens_logic

#: The section that counts where none is named.
SECTION = "uwsgi"
#: The longest name of a file that a message shows.
_PATH = 4096


class Reader:
    """
    Reads every file that a list of assignments names.

    @ivar warnings: what is odd in the files, one line each, in the order of reading.
    """

    def __init__(self, environ: Mapping[str, str], cwd: str) -> None:
        """
        @param cwd: relative names of files start here, in whatever file they stand.
        """
        self.warnings: list[str] = []
        self._environ = environ
        self._cwd = cwd
        self._first: Place | None = None
        self._last: Place | None = None
        self._open: list[Place] = []

    def inline(self, assignments: Iterable[Assignment]) -> list[Assignment]:
        """
        The assignments, with what the files say in the place of each C{ini}.

        @raise ConfigurationError: a file is missing, unreadable, no text, or reads itself.
        """
        result: list[Assignment] = []
        for one in assignments:
            if one.name == "ini":
                result.extend(self._file(one))
            else:
                result.append(one)
        return result

    def _file(self, named: Assignment) -> list[Assignment]:
        place = self._place(named)
        if any((one.path, one.section) == (place.path, place.section) for one in self._open):
            chain = printable(
                " -> ".join(f"{one.given}:{one.section}" for one in [*self._open, place]), 200
            )
            raise ConfigurationError(f"{named.origin}: the file reads itself: {chain}")
        said = parse(_text(place, named), place.given, place.section)
        self.warnings.extend(said.warnings)
        if not said.found:
            section = printable(place.section)
            self.warnings.append(
                f"{printable(place.given, _PATH)}: there is no section [{section}] in it"
            )
        self._first = self._first or place
        self._last = place if not self._open else self._last
        lines = self._expanded(self._unconditional(said), place)
        self._open.append(place)
        try:
            return self.inline(lines)
        finally:
            self._open.pop()

    def _place(self, named: Assignment) -> Place:
        value = expand_environment(named.value, self._environ)
        if not value:
            raise ConfigurationError(f"{named}: needs the name of a file")
        if "\0" in value:
            raise ConfigurationError(f"{named}: not the name of a file")
        if "://" in value:
            raise ConfigurationError(f"{named}: twsgi reads files, not URLs, yet")
        given, colon, section = value.rpartition(":")
        if not colon or "/" in section:
            given, section = value, SECTION
        if given:
            path = os.path.realpath(os.path.join(self._cwd, given))
            return Place(given, path, section or SECTION)
        current = self._open[-1] if self._open else self._last
        if current is None:
            raise ConfigurationError(f"{named}: there is no file yet that the section could be in")
        return replace(current, section=section or SECTION)

    def _expanded(self, lines: list[Assignment], place: Place) -> list[Assignment]:
        letters = magic_letters(place, self._first or place, self._cwd)
        result = []
        for one in lines:
            value, notes = expand_letters(one.value, letters)
            self.warnings.extend(f"{one}: {note}" for note in dict.fromkeys(notes))
            result.append(replace(one, value=value))
        return result

    def _unconditional(self, said: Section) -> list[Assignment]:
        """Without C{if-...} and C{for-...} blocks: to obey all of a choice is worse than none."""
        result, opened = [], None
        for one in said.assignments:
            if opens_logic(one.name):
                opened = one
                self.warnings.append(
                    f"{one.origin}: '{one.name}' is uWSGI's, not supported by twsgi yet: "
                    "ignored, with all lines up to its end"
                )
            elif one.name in LOGIC_ENDS:
                opened = None
            elif opened is None:
                result.append(one)
        return result


def _text(place: Place, named: Assignment) -> str:
    before = f"{named.origin}: " if named.origin.line else ""
    shown = printable(place.given, _PATH)
    try:
        with open(place.path, "rb") as file:
            data = file.read()
    except FileNotFoundError:
        raise ConfigurationError(f"{before}{shown}: No such file") from None
    except OSError as error:
        raise ConfigurationError(f"{before}{shown}: {error.strerror}") from None
    return decode(data, place.given)
