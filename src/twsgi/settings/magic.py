"""C{%d}, C{%p}, C{%k} and their like (uWSGI: "magic variables"), replaced while a file is read."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from twsgi._version import __version__
from twsgi.settings.outside import Outside

_LETTER = re.compile(r"%(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Place:
    """
    The file that is being read.

    @ivar given: as it was named.
    @ivar path: absolute, symbolic links resolved.
    """

    given: str
    path: str
    section: str


class Letters(Mapping[str, str]):
    """What each letter stands for; looked up when it is asked for, once."""

    def __init__(self, place: Place, first: Place, cwd: str, outside: Outside) -> None:
        """
        @param place: what the lower-case letters are about.
        @param first: the file that was named first, which the upper-case letters are about.
        """
        self._meanings: dict[str, Callable[[], str]] = {
            **_of_a_file(place, outside),
            **{name.upper(): text for name, text in _of_a_file(first, outside).items()},
            **_of_the_machine(cwd, outside),
            **_of_the_directory(place),
        }
        self._known: dict[str, str] = {}

    def __getitem__(self, letter: str) -> str:
        if letter not in self._known:
            self._known[letter] = self._meanings[letter]()
        return self._known[letter]

    def __iter__(self):  # type: ignore[no-untyped-def]
        return iter(self._meanings)

    def __len__(self) -> int:
        return len(self._meanings)


def _of_a_file(place: Place, outside: Outside) -> dict[str, Callable[[], str]]:
    directory, name = os.path.split(place.path)
    stem, extension = os.path.splitext(name)
    return {
        "o": lambda: place.given,
        "p": lambda: place.path,
        "s": lambda: name,
        "d": lambda: os.path.join(directory, ""),
        "e": lambda: extension[1:],
        "n": lambda: stem,
        "c": lambda: os.path.basename(directory),
        "x": lambda: place.section,
        "i": lambda: str(outside.inode(place.path)),
        "j": lambda: djb33x(place.path),
    }


def _of_the_machine(cwd: str, outside: Outside) -> dict[str, Callable[[], str]]:
    return {
        "v": lambda: cwd,
        "V": lambda: str(__version__.short()),
        "h": outside.hostname,
        "k": lambda: str(outside.cores()),
        "t": lambda: str(int(outside.now())),
        "T": lambda: str(int(outside.now() * 1_000_000)),
        "u": lambda: str(outside.user()[0]),
        "U": lambda: outside.user()[1],
        "g": lambda: str(outside.group()[0]),
        "G": lambda: outside.group()[1],
        "b": outside.binary,
        "[": lambda: "\033",
        "%": lambda: "%",
    }


def _of_the_directory(place: Place) -> dict[str, Callable[[], str]]:
    """C{%0} to C{%9}: its parts, from the root; nothing where there are not so many."""
    parts = os.path.dirname(place.path).split("/")[1:]
    parts += [""] * 10
    return {str(number): lambda part=parts[number]: part for number in range(10)}  # type: ignore[misc]


def djb33x(text: str) -> str:
    """
    The hash that uWSGI makes of a name: Bernstein's, with exclusive or, of 32 bits; its bytes as
    they lie in the memory of a PC.
    """
    value = 5381
    for byte in os.fsencode(text):
        value = ((value << 5) + value ^ byte) & 0xFFFFFFFF
    return value.to_bytes(4, "little").hex().upper()


def expand_letters(value: str, letters: Mapping[str, str]) -> tuple[str, list[str]]:
    """
    C{value} with its letters replaced, and what is to be said about it.  As in uWSGI, C{%%} is a
    percent sign and a letter that means nothing vanishes.
    """
    notes = []

    def replaced(found: re.Match[str]) -> str:
        letter = found[1]
        if letter in letters:
            return letters[letter]
        if letter == "(":
            return found[0]
        notes.append(f"'%{letter}' means nothing and is left out: write %% for a percent sign")
        return ""

    return _LETTER.sub(replaced, value), notes
