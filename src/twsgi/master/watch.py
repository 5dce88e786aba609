"""L{Watch}: one timer for all that the master finds out by looking."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

#: How often it is looked, where anybody wants to.
LOOKS_PER_SECOND = 4


class Looker(Protocol):
    """What looks."""

    @property
    def wanted(self) -> bool:
        """There is something to look at; False: it is not asked to."""

    def look(self) -> None:
        """Looks, and does what has to be done."""


class Watch:
    """
    Between C{start} and C{stop} one timer runs, where anybody has something to look at.  Reactor
    thread.
    """

    _log = Logger()

    def __init__(self, clock: IReactorTime, lookers: Sequence[Looker]) -> None:
        """Nothing runs yet."""
        self._clock = clock
        self._lookers = lookers
        self._timer: IDelayedCall | None = None

    def start(self) -> None:
        """
        Begins, or goes on with what is wanted now; the first look is one period from now.  To be
        called again when that may have changed.
        """
        if self._timer is None and any(one.wanted for one in self._lookers):
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
        for looker in self._lookers:
            if looker.wanted:
                self._see_to(looker.look)

    def _see_to(self, look: Callable[[], None]) -> None:
        """One that fails must not keep the others from looking."""
        try:
            look()
        except Exception:
            self._log.failure("looking failed: {look}", look=look)
