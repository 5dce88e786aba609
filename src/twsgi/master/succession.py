"""L{Succession}: children that have to be replaced, one at a time, by who is ready before."""

from __future__ import annotations

from collections import deque
from typing import Protocol

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from twsgi.interfaces import ILineLog
from twsgi.master.backoff import Backoff
from twsgi.master.child import Child
from twsgi.master.slot import Slot
from twsgi.master.words import goes_on

#: The shortest pause after a successor that has failed, seconds.
SHORTEST = 1.0


class Successors(Protocol):
    """Who hears what becomes of successors.  Reactor thread."""

    def ready(self, slot: Slot) -> None:
        """The successor in C{slot} could take over now."""

    def failed(self, slot: Slot, reason: str) -> None:
        """It never will."""

    def left(self, slot: Slot) -> None:
        """Somebody who no longer counted there is gone, or has died before his successor came."""


class TakeOver(Protocol):
    """Lets the successors of these slots take over."""

    def __call__(self, slots: list[Slot], words: str = "") -> None:
        """
        @param words: what the log says when those before them are asked to leave.
        @raise OSError: they cannot; nobody has taken over.
        """


class Succession:
    """
    Recycling, and whoever was asked (SIGTERM) to leave.  Never two at once: the rest serve, and
    there is never more than one process too many, so the next begins when who was replaced is gone.
    One whose successor fails goes on, and is tried again later.  Reactor thread.
    """

    def __init__(self, clock: IReactorTime, log: ILineLog, take_over: TakeOver) -> None:
        """Nobody waits."""
        self._clock = clock
        self._log = log
        self._take_over = take_over
        self._waiting: deque[tuple[Slot, Child]] = deque()
        self._now: tuple[Slot, Child] | None = None
        self._backoff = Backoff()
        self._timer: IDelayedCall | None = None
        self._paused = False

    def ask(self, slot: Slot, child: Child) -> None:
        """C{child}, who serves in C{slot}, shall be replaced; once is enough."""
        if (slot, child) not in (*self._waiting, self._now):
            self._waiting.append((slot, child))
            self._next()

    def forget(self, slot: Slot) -> None:
        """Nobody shall come in C{slot}."""
        if self._now is not None and self._now[0] is slot and slot.successor is not None:
            self._now = None
            slot.dismiss()
            self._next()

    def pause(self) -> None:
        """Somebody else replaces workers now: who waits, waits on."""
        self._paused = True
        if self._now is not None:
            # It comes to nothing later, where who has to be replaced leaves already.
            now, self._now = self._now, None
            self._waiting.appendleft(now)
            now[0].dismiss()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def resume(self) -> None:
        """The next, if anybody waits whom nobody has replaced meanwhile."""
        self._paused = False
        self._next()

    # Successors

    def ready(self, slot: Slot) -> None:
        """See L{Successors}."""
        try:
            self._take_over([slot])
        except OSError as error:
            slot.dismiss()
            self.failed(slot, str(error.strerror))
            return
        self._backoff = Backoff()
        self.left(slot)

    def failed(self, slot: Slot, reason: str) -> None:
        """See L{Successors}."""
        if self._now is None or self._now[0] is not slot:
            return
        now, self._now = self._now, None
        self._waiting.append(now)
        pause = max(SHORTEST, self._backoff.died(0.0))
        child = now[1]
        self._log.line(goes_on(child.kind, child.index, child.pid, pause))
        self._timer = self._clock.callLater(pause, self._again)

    def left(self, slot: Slot) -> None:
        """See L{Successors}."""
        if self._now is None or self._now[0] is not slot or slot.successor is not None:
            return
        if self._now[1] not in slot.children():
            self._now = None
            self._next()

    def _again(self) -> None:
        self._timer = None
        self._next()

    def _next(self) -> None:
        while self._waiting and not (self._now or self._timer or self._paused):
            slot, child = self._waiting.popleft()
            if slot.child is child and child.leaving is None:
                # First the note: a spawn that fails is told before it returns.
                self._now = slot, child
                slot.succeed()
