"""L{BacklogAlgorithm}: C{cheaper-algo = backlog}: as few as the queue allows.  Pure."""

from __future__ import annotations

from zope.interface import implementer

from twsgi.interfaces import ICheaperAlgorithm
from twsgi.master.cheaper import NOTHING, Decision, Seconds, Snapshot


@implementer(ICheaperAlgorithm)
class BacklogAlgorithm:
    """
    uWSGI's C{backlog}: more workers while more than C{overload} requests wait, fewer while fewer
    do; where exactly so many do, nothing.  Once a second.  What booting workers will take waits
    for nobody else.
    """

    introduction: tuple[str, ...] = ()

    def __init__(self, overload: int, step: int) -> None:
        """
        @param overload: uWSGI's C{cheaper-overload}: how many requests may wait.
        @param step: uWSGI's C{cheaper-step}; 0: as many workers as the waiting requests need.
        """
        self._overload = overload
        self._step = step
        self._seconds = Seconds()

    def sampled(self, snapshot: Snapshot) -> Decision:
        """See L{ICheaperAlgorithm}."""
        if not self._seconds.over() or not snapshot.workers:
            return NOTHING
        if snapshot.unclaimed > self._overload:
            return Decision(spawn=snapshot.room(self._step))
        if snapshot.waiting < self._overload:
            return Decision(retire=snapshot.spare_worker())
        return NOTHING
