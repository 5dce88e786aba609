"""L{Roster}: every index that a child may have, and who has it now."""

from __future__ import annotations

from collections.abc import Iterator

from twsgi.control.launch import FRONTEND, WORKER
from twsgi.master.child import Child, State
from twsgi.master.slot import Nursery, Slot


class Roster:
    """
    The slots of a plan, which may grow and shrink.  Reactor thread.

    @ivar scoreboard: where everybody's record is.
    @ivar workers: in the order of their index.
    @ivar frontends: likewise.
    """

    def __init__(self, workers: int, frontends: int, nursery: Nursery) -> None:
        """All slots are empty."""
        self.scoreboard = nursery.inheritance.scoreboard
        self.workers: list[Slot] = []
        self.frontends: list[Slot] = []
        self._retired: list[Slot] = []
        self.resize(WORKER, workers, nursery)
        self.resize(FRONTEND, frontends, nursery)

    def resize(self, kind: str, count: int, nursery: Nursery) -> None:
        """
        So many slots of a kind from now on: new ones are empty; in those that are too many
        everybody leaves, and they are gone when the last has.

        @param nursery: of the new ones.
        """
        slots = self.workers if kind == WORKER else self.frontends
        while len(slots) < count:
            slots.append(Slot(kind, len(slots) + 1, nursery))
        while len(slots) > count:
            slot = slots.pop()
            slot.retire()
            if slot.children():
                self._retired.append(slot)

    def slot(self, child: Child) -> Slot:
        """Where C{child} is."""
        return next(slot for slot in self.slots() if child in slot.children())

    def vacate(self, child: Child, silent: bool = False) -> Slot:
        """C{child} has exited.  @return: where it was."""
        slot = self.slot(child)
        slot.vacate(child, silent)
        if slot in self._retired and not slot.children():
            self._retired.remove(slot)
        return slot

    def slots(self) -> Iterator[Slot]:
        """All slots, those included that are no more as soon as they are empty."""
        yield from self.workers
        yield from self.frontends
        yield from self._retired

    def children(self, kind: str | None = None) -> list[Child]:
        """Every child that is there, in whatever state; of one kind, or of both."""
        return [
            child for slot in self.slots() if kind in (None, slot.kind) for child in slot.children()
        ]

    def linkable(self, kind: str) -> list[Child]:
        """The children of a kind that can take links."""
        return [child for slot in self.slots() if slot.kind == kind for child in slot.linkable()]

    def serving(self) -> list[Child]:
        """The workers that are ready, or will be; who shall take over is not yet one of them."""
        states = (State.BOOTING, State.READY)
        held = [slot.child for slot in self.workers if slot.child is not None]
        return [child for child in held if child.state in states]

    def free_workers(self) -> list[Slot]:
        """The slots for workers in which nobody is, or is about to be; the lowest first."""
        return [slot for slot in self.workers if slot.free]
