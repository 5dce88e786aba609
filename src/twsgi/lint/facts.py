"""L{Fact}: one thing that a configuration amounts to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Fact:
    """
    @ivar topic: what it is about, in a word or three.
    @ivar text: one line.
    @ivar fields: the fields of Settings that it comes from.
    """

    topic: str
    text: str
    fields: tuple[str, ...] = ()


def texts(source: object, *fields: str) -> tuple[str, ...]:
    """
    The values of those of C{fields} that C{source} (Settings, a Plan) has, and that are given; the
    elements of those that repeat.
    """
    found: list[str] = []
    for field in fields:
        value: Any = getattr(source, field, None)
        found += [str(one) for one in (value if isinstance(value, tuple) else [value]) if one]
    return tuple(found)


def places(origins: Iterable[str]) -> str:
    """C{a.ini:2, 5, command line}: each file is named once, as long as it is the same."""
    found: list[str] = []
    last = ""
    for one in origins:
        file, colon, line = one.rpartition(":")
        found.append(line if colon and file == last else one)
        last = file
    return ", ".join(found)
