"""L{SpareAlgorithm}: C{cheaper-algo = spare}: there is always somebody free.  Pure."""

from __future__ import annotations

from zope.interface import implementer

from twsgi.interfaces import ICheaperAlgorithm
from twsgi.master.cheaper import NOTHING, Decision, Seconds, Snapshot


@implementer(ICheaperAlgorithm)
class SpareAlgorithm:
    """
    uWSGI's C{spare}: more workers when no core is free, fewer when more than one worker's are.

    Growing: every core busy in more than C{overload} samples in a row starts C{step} workers or,
    where that is 0, as many as the waiting requests need.  Shrinking: once a second; each second
    with more idle cores than one worker has counts, and every C{overload}-th retires one worker.
    """

    introduction: tuple[str, ...] = ()

    def __init__(self, overload: int, step: int) -> None:
        """
        @param overload: uWSGI's C{cheaper-overload}.
        @param step: uWSGI's C{cheaper-step}; 0: as many as are needed.
        """
        self._overload = overload
        self._step = step
        self._seconds = Seconds()
        self._busy_samples = 0
        self._idle_seconds = 0

    def sampled(self, snapshot: Snapshot) -> Decision:
        """See L{ICheaperAlgorithm}."""
        second = self._seconds.over()
        if snapshot.workers and snapshot.idle_cores <= 0:
            return self._saturated(snapshot)
        self._busy_samples = 0
        return self._second_passed(snapshot) if second else NOTHING

    def _saturated(self, snapshot: Snapshot) -> Decision:
        self._idle_seconds = 0
        self._busy_samples += 1
        if self._busy_samples <= self._overload:
            return NOTHING
        self._busy_samples = 0
        return Decision(spawn=snapshot.room(self._step))

    def _second_passed(self, snapshot: Snapshot) -> Decision:
        """One spare worker is what C{spare} wants: it counts neither for nor against."""
        if snapshot.idle_cores <= snapshot.threads:
            return NOTHING
        self._idle_seconds += 1
        if self._idle_seconds % max(self._overload, 1):
            return NOTHING
        return Decision(retire=snapshot.spare_worker())
