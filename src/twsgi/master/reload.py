"""L{Reload}: one generation of workers replaces another: all together, or one after another."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from twsgi.interfaces import ILineLog
from twsgi.master.roster import Roster
from twsgi.master.slot import Nursery, Slot
from twsgi.master.succession import TakeOver
from twsgi.master.words import RELOADED, Leave, chain_victim
from twsgi.settings.model import Plan

#: Told how it ended: None: the new generation serves; else why the old one goes on.
Over = Callable[[str | None], None]


def chosen(roster: Roster, plan: Plan) -> list[Slot]:
    """
    The slots in which the workers of C{plan} will be: as many as serve now, but no fewer and no
    more than it has; first those in which somebody does.  The roster is large enough.
    """
    used = [slot for slot in roster.workers if _counts(slot)]
    count = min(max(len(used), plan.minimum), plan.workers)
    possible = roster.workers[: plan.workers]
    others = [slot for slot in possible if slot not in used]
    return [*(slot for slot in possible if slot in used), *others][:count]


def _counts(slot: Slot) -> bool:
    cheap = slot.child is not None and slot.child.leaving is Leave.CHEAP
    return slot.used and not cheap


class Together:
    """
    All successors are started at once, and take over when the last of them is ready.  If one
    fails before that, all of them go, and nothing has changed.  Reactor thread.
    """

    def __init__(
        self, slots: list[Slot], nursery: Nursery, take_over: TakeOver, over: Over
    ) -> None:
        """@param nursery: the successors'."""
        self._slots = slots
        self._nursery = nursery
        self._take_over = take_over
        self._over = over
        self._ready: set[Slot] = set()
        self._ended = False

    def begin(self) -> None:
        """Starts them."""
        for slot in self._slots:
            if not self._ended:
                slot.succeed(self._nursery)

    def cancel(self) -> None:
        """It is not to be any more; nobody is told."""
        self._ended = True
        for slot in self._slots:
            slot.dismiss()

    def ready(self, slot: Slot) -> None:
        """See L{Successors <twsgi.master.succession.Successors>}."""
        if self._ended:
            return
        self._ready.add(slot)
        if len(self._ready) < len(self._slots):
            return
        try:
            self._take_over(self._slots, RELOADED)
        except OSError as error:
            self.failed(slot, str(error.strerror))
            return
        self._ended = True
        self._over(None)

    def failed(self, slot: Slot, reason: str) -> None:
        """See L{Successors <twsgi.master.succession.Successors>}."""
        if not self._ended:
            self.cancel()
            self._over(reason)

    def left(self, slot: Slot) -> None:
        """See L{Successors <twsgi.master.succession.Successors>}."""


class Chain:
    """
    One successor at a time takes over, and the next is started when who was before it has gone: so
    there is never more than one worker too many.  If one fails, those that have been replaced stay
    replaced, and the others go on.  Reactor thread.
    """

    def __init__(
        self,
        slots: list[Slot],
        nursery: Nursery,
        take_over: TakeOver,
        over: Over,
        log: ILineLog,
    ) -> None:
        """@param nursery: the successors'."""
        self._waiting = deque(slots)
        self._nursery = nursery
        self._take_over = take_over
        self._over = over
        self._log = log
        self._now: Slot | None = None
        self._ended = False

    def begin(self) -> None:
        """Starts the first."""
        self._next()

    def cancel(self) -> None:
        """It is not to be any more; nobody is told."""
        self._ended = True
        if self._now is not None:
            self._now.dismiss()

    def ready(self, slot: Slot) -> None:
        """See L{Successors <twsgi.master.succession.Successors>}."""
        if self._ended:
            return
        try:
            self._take_over([slot])
        except OSError as error:
            self.failed(slot, str(error.strerror))
            return
        self.left(slot)

    def failed(self, slot: Slot, reason: str) -> None:
        """See L{Successors <twsgi.master.succession.Successors>}."""
        if not self._ended:
            self.cancel()
            self._over(reason)

    def left(self, slot: Slot) -> None:
        """See L{Successors <twsgi.master.succession.Successors>}."""
        waits = slot.successor is not None or slot.leaving
        if slot is self._now and not (self._ended or waits):
            self._next()

    def _next(self) -> None:
        if not self._waiting:
            self._ended = True
            self._over(None)
            return
        self._now = self._waiting.popleft()
        self._log.line(chain_victim(self._now.index))
        self._now.succeed(self._nursery)
