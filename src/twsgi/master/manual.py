"""C{cheaper-algo = manual}, and workers that an operator asks for (C{master-fifo}).  Pure."""

from __future__ import annotations

from zope.interface import implementer

from twsgi.interfaces import ICheaperAlgorithm
from twsgi.master.cheaper import NOTHING, Decision, Snapshot


@implementer(ICheaperAlgorithm)
class ManualAlgorithm:
    """uWSGI's C{manual}: there are as many as the operator wants, whatever the load is."""

    introduction: tuple[str, ...] = ()

    def sampled(self, snapshot: Snapshot) -> Decision:
        """See L{ICheaperAlgorithm}."""
        return NOTHING


@implementer(ICheaperAlgorithm)
class Asked:
    """
    An algorithm, and an operator who may ask for a worker more or less.  What he asks for is done
    at the next sample, the algorithm does nothing then; a worker less as soon as one has no
    request.
    """

    def __init__(self, algorithm: ICheaperAlgorithm) -> None:
        """Nobody has asked."""
        self._algorithm = algorithm
        self._more = 0
        self.introduction: tuple[str, ...] = algorithm.introduction

    def ask(self, more: int) -> None:
        """So many workers more; -1: one less."""
        self._more += more

    def sampled(self, snapshot: Snapshot) -> Decision:
        """See L{ICheaperAlgorithm}."""
        if self._more > 0:
            wanted, self._more = self._more, 0
            return _added(snapshot, wanted)
        if self._more < 0:
            found = self._removed(snapshot)
            if found is not NOTHING:
                return found
        decision: Decision = self._algorithm.sampled(snapshot)
        return decision

    def _removed(self, snapshot: Snapshot) -> Decision:
        if len(snapshot.workers) <= snapshot.minimum:
            self._more = 0
            return Decision(words=(f"no fewer than {snapshot.minimum} worker(s) (cheaper)",))
        spare = snapshot.spare_worker()
        if spare is None:
            return NOTHING
        self._more += 1
        return Decision(retire=spare)


def _added(snapshot: Snapshot, wanted: int) -> Decision:
    if snapshot.free:
        return Decision(spawn=min(wanted, snapshot.free))
    return Decision(words=(f"no more than {len(snapshot.workers)} worker(s) (processes)",))
