"""L{Option}: one row of the tables, from which everything about an option is made."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class By(Enum):
    """Who does something otherwise when a reload finds another value."""

    NOBODY = "it is used up while reading"
    START = "nobody: it holds from the start to the end"
    WORKERS = "workers"
    FRONTENDS = "frontends"
    BOTH = "whoever has clients"
    MASTER = "only the master looks at it, or nobody"


@dataclass(frozen=True, slots=True)
class Option:
    """
    One option: its ini name, its flags, its line in C{--help} and its row in the documentation.

    @ivar name: as uWSGI calls it.
    @ivar kind: a key of L{twsgi.settings.kinds.KINDS}.
    @ivar by: what a reload has to do where it has changed.
    @ivar help: what it does, one line.
    @ivar aliases: other names of the same option.
    @ivar short: the letter of its short flag, or empty.
    @ivar difference: what uWSGI does otherwise, if anything.
    @ivar implies_master: giving it asks for a master process.
    @ivar always: why it has no effect, what it asks for being done anyway; or empty.
    @ivar test: the dotted name of a test that shows what it does.
    """

    name: str
    kind: str
    by: By
    help: str
    aliases: tuple[str, ...] = ()
    short: str = ""
    difference: str = ""
    implies_master: bool = False
    always: str = ""
    test: str = ""

    @property
    def field(self) -> str:
        """The field of Settings that holds it, and its default; empty if there is none."""
        return self.name.replace("-", "_") if self.by is not By.NOBODY else ""

    @property
    def names(self) -> tuple[str, ...]:
        """All the names it goes by, its own first."""
        return (self.name, *self.aliases)
