"""L{Verdict}: what becomes of an option."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Standing(Enum):
    """The four things that can become of an option of uWSGI's."""

    WORKS = "works"
    #: It may be left out: whoever wrote it has what he wanted all the same.
    NO_EFFECT = "no effect"
    NOT_YET = "not yet"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Verdict:
    """
    What becomes of one option.

    @ivar words: what it does, where it works; else why it has no effect, with what it is to come,
        or what to use instead.  May be empty where it is not there yet.
    @ivar topic: what it belongs to; empty: nothing in particular.
    @ivar refused: there is no start with it; C{words} say why and what to do.
    """

    name: str
    standing: Standing
    words: str
    topic: str = ""
    refused: bool = False
