"""L{Option}: one row of the tables, from which everything about an option is made."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Option:
    """
    One option: its ini name, its flags, its line in C{--help} and its row in the documentation.

    @ivar name: as uWSGI calls it.
    @ivar kind: a key of L{twsgi.settings.kinds.KINDS}.
    @ivar help: what it does, one line.
    @ivar aliases: other names of the same option.
    @ivar short: the letter of its short flag, or empty.
    @ivar difference: what uWSGI does otherwise, if anything.
    @ivar implies_master: giving it asks for a master process.
    @ivar leaves_value: False: it is used up while reading, and is no field of Settings.
    """

    name: str
    kind: str
    help: str
    aliases: tuple[str, ...] = ()
    short: str = ""
    difference: str = ""
    implies_master: bool = False
    leaves_value: bool = True

    @property
    def field(self) -> str:
        """The field of Settings that holds it, and its default; empty if there is none."""
        return self.name.replace("-", "_") if self.leaves_value else ""

    @property
    def names(self) -> tuple[str, ...]:
        """All the names it goes by, its own first."""
        return (self.name, *self.aliases)
