"""L{Roster}: every place for a child, and who holds it now."""

from __future__ import annotations

from collections.abc import Iterator

from twsgi.control.launch import FRONTEND, WORKER
from twsgi.master.child import Child, State
from twsgi.master.slot import Nursery, Slot


class Roster:
    """The places of a plan: workers and frontends, each in the order of its index."""

    def __init__(self, workers: int, frontends: int, nursery: Nursery) -> None:
        """All places are empty."""
        self.workers = tuple(Slot(WORKER, index + 1, nursery) for index in range(workers))
        self.frontends = tuple(Slot(FRONTEND, index + 1, nursery) for index in range(frontends))

    def slot(self, child: Child) -> Slot:
        """The place of C{child}."""
        slots = self.workers if child.kind == WORKER else self.frontends
        return slots[child.index - 1]

    def slots(self) -> Iterator[Slot]:
        """All places."""
        yield from self.workers
        yield from self.frontends

    def children(self, kind: str | None = None) -> list[Child]:
        """Every child that is there, in whatever state; of one kind, or of both."""
        return [
            slot.child
            for slot in self.slots()
            if slot.child is not None and kind in (None, slot.kind)
        ]

    def linkable(self, kind: str) -> list[Child]:
        """The children of a kind that can take links."""
        return [child for child in self.children(kind) if child.linkable]

    def serving(self) -> list[Child]:
        """The workers that are ready, or will be."""
        states = (State.BOOTING, State.READY)
        return [child for child in self.children(WORKER) if child.state in states]

    def free_workers(self) -> list[Slot]:
        """The places for workers that nobody holds, or is about to; the lowest first."""
        return [slot for slot in self.workers if slot.free]
