"""L{Watch}: one timer for all that the master finds out by looking."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

#: How often it is looked, at most.
LOOKS_PER_SECOND = 4


class Looker(Protocol):
    """What looks."""

    @property
    def wanted(self) -> bool:
        """There is something to look at; False: it is not asked to."""

    def look(self) -> None:
        """Looks, and does what has to be done."""


@dataclass(frozen=True)
class Duty:
    """
    @ivar every: it looks at every such tick: 1 is four times a second, 4 once a second.
    """

    looker: Looker
    every: int = 1


class Watch:
    """
    Between C{start} and C{stop} one timer runs, where anybody has something to look at.  Reactor
    thread.
    """

    _log = Logger()

    def __init__(self, clock: IReactorTime, duties: Sequence[Duty]) -> None:
        """Nothing runs yet."""
        self._clock = clock
        self._duties = duties
        self._ticks = 0
        self._timer: IDelayedCall | None = None

    def start(self) -> None:
        """
        Begins, or goes on with what is wanted now; the first look is one period from now.  To be
        called again when that may have changed.
        """
        if self._timer is None and any(duty.looker.wanted for duty in self._duties):
            self._timer = self._clock.callLater(1 / LOOKS_PER_SECOND, self._tick)

    def stop(self) -> None:
        """Looks no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tick(self) -> None:
        # First the timer: whatever goes wrong below, there is a next time.
        self._timer = None
        self.start()
        self._ticks += 1
        for duty in self._duties:
            if duty.looker.wanted and self._ticks % duty.every == 0:
                self._see_to(duty.looker.look)

    def _see_to(self, look: Callable[[], None]) -> None:
        """One that fails must not keep the others from looking."""
        try:
            look()
        except Exception:
            self._log.failure("looking failed: {look}", look=look)
