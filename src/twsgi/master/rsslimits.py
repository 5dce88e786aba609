"""L{WithinMemory}: C{cheaper-rss-limit-soft} and C{-hard}: memory bounds the workers.  Pure."""

from __future__ import annotations

from dataclasses import replace

from zope.interface import implementer

from twsgi.interfaces import ICheaperAlgorithm
from twsgi.master.cheaper import Decision, Seconds, Snapshot


@implementer(ICheaperAlgorithm)
class WithinMemory:
    """
    An algorithm that adds no worker while all of them together have C{soft} bytes or more, and
    one of whose idle workers leaves each second while they have C{hard}.
    """

    def __init__(self, algorithm: ICheaperAlgorithm, soft: int, hard: int) -> None:
        """@param hard: 0: nobody has to leave."""
        self._algorithm = algorithm
        self._soft = soft
        self._hard = hard
        self._seconds = Seconds()
        self.introduction: tuple[str, ...] = algorithm.introduction

    def sampled(self, snapshot: Snapshot) -> Decision:
        """See L{ICheaperAlgorithm}."""
        second = self._seconds.over()
        decision: Decision = self._algorithm.sampled(snapshot)
        if self._hard and snapshot.memory >= self._hard:
            return self._leave(snapshot) if second else Decision()
        if decision.spawn and snapshot.memory >= self._soft:
            return replace(decision, spawn=0, words=())
        return decision

    def _leave(self, snapshot: Snapshot) -> Decision:
        spare = snapshot.spare_worker()
        if spare is None:
            return Decision()
        count = len(snapshot.workers)
        return Decision(
            retire=spare,
            words=(f"cheaper hard rss memory limit exceeded, cheap one of {count} workers",),
        )
