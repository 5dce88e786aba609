"""What stands for something else in a value: C{%d}, C{$(ENV)}, C{%(name)}, C{%(processes * 2)}.

uWSGI replaces the letters while it reads a file, and the rest when all is read, so that a name may
be used before it is given.  What is not defined stays as it is written.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from twsgi.errors import ConfigurationError
from twsgi.settings.grammar import Assignment

#: Letters that uWSGI replaces, and we do not yet.
_UNSUPPORTED = frozenset("VhbtTiIuUgGjJ[0123456789")
_LETTER = re.compile(r"%(.)", re.DOTALL)
_ENVIRONMENT = re.compile(r"\$\(([^)]*)\)")
_PLACEHOLDER = re.compile(r"%\(([^)]*)\)")
_DEPTH = 32
_LENGTH = 65536


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

    def letters(self) -> dict[str, str]:
        """The lower-case letters that depend on the file (uWSGI: "magic variables")."""
        directory, name = os.path.split(self.path)
        stem, extension = os.path.splitext(name)
        return {
            "o": self.given,
            "p": self.path,
            "s": name,
            "d": os.path.join(directory, ""),
            "e": extension[1:],
            "n": stem,
            "c": os.path.basename(directory),
            "x": self.section,
        }


def magic_letters(place: Place, first: Place, cwd: str) -> dict[str, str]:
    """All letters: lower case for this file, upper case for the one that was named first."""
    upper = {letter.upper(): text for letter, text in first.letters().items()}
    return {
        **place.letters(),
        **upper,
        "v": cwd,
        "k": str(os.cpu_count() or 1),
        "%": "%",
    }


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
        if letter in _UNSUPPORTED:
            notes.append(f"'%{letter}' is uWSGI's, not supported by twsgi yet: left as it is")
            return found[0]
        notes.append(f"'%{letter}' means nothing and is left out: write %% for a percent sign")
        return ""

    return _LETTER.sub(replaced, value), notes


def expand_environment(value: str, environ: Mapping[str, str]) -> str:
    """C{value} with each C{$(NAME)} that is set replaced."""
    return _ENVIRONMENT.sub(lambda found: environ.get(found[1], found[0]), value)


def unset(value: str) -> str | None:
    """The first variable of the environment that is still named in an expanded value."""
    found = _ENVIRONMENT.search(value)
    return found[1] if found else None


def expand(
    assignments: Iterable[Assignment], environ: Mapping[str, str]
) -> tuple[list[Assignment], set[str]]:
    """
    The assignments with C{$(ENV)} and C{%(name)} replaced.

    @return: them, and the names that were used as placeholders.
    @raise ConfigurationError: a placeholder needs itself, or grows beyond all measure.
    """
    known = [replace(one, value=expand_environment(one.value, environ)) for one in assignments]
    names = _Placeholders(known)
    expanded = [replace(one, value=names.expand(one.value, one, 0)) for one in known]
    return expanded, names.used


class _Placeholders:
    """The first value given for each name, expanded when it is first needed."""

    def __init__(self, assignments: list[Assignment]) -> None:
        self.used: set[str] = set()
        self._given: dict[str, Assignment] = {}
        self._done: dict[str, str] = {}
        for one in assignments:
            self._given.setdefault(one.name, one)

    def expand(self, value: str, user: Assignment, depth: int) -> str:
        if depth > _DEPTH:
            raise ConfigurationError(f"{user}: a placeholder that needs itself, or too many others")
        pieces, end, length = [], 0, len(value)
        for found in _PLACEHOLDER.finditer(value):
            text = self._meaning(found[1], user, depth)
            pieces += [value[end : found.start()], found[0] if text is None else text]
            end = found.end()
            length += len(pieces[-1])
            if length > _LENGTH:
                raise ConfigurationError(f"{user}: grows to more than {_LENGTH} characters")
        return "".join([*pieces, value[end:]])

    def _meaning(self, name: str, user: Assignment, depth: int) -> str | None:
        if " " in name:
            return self._calculated(name.split(" "), user, depth)
        if name not in self._given:
            return None
        self.used.add(name)
        if name not in self._done:
            given = self._given[name]
            self._done[name] = self.expand(given.value, given, depth + 1)
        return self._done[name]

    def _calculated(self, words: list[str], user: Assignment, depth: int) -> str | None:
        """Strictly from left to right, as uWSGI does; None for what is no calculation."""
        total: int | None = None
        for sign, word in zip(["+", *words[1::2]], words[::2], strict=False):
            text = word if word.isdecimal() else self._meaning(word, user, depth)
            if not text or not text.isdecimal() or len(text) > 18 or sign not in _SIGNS:
                return None
            total = _calculate(total or 0, sign, int(text))
            if total is None:
                return None
        return str(total) if len(words) % 2 else None


_SIGNS = frozenset("+-*/")


def _calculate(left: int, sign: str, right: int) -> int | None:
    if sign == "+":
        return left + right
    if sign == "-":
        return left - right
    if sign == "*":
        return left * right
    return left // right if right else None
