"""How many workers there should be (uWSGI's C{cheaper}).  Pure: no clock, no process, no log.

Somebody looks at the workers L{SAMPLES_PER_SECOND} times a second and shows what was seen; an
algorithm answers with what to do.  Cores are counted, not workers: uWSGI takes a worker of eight
threads for busy as soon as one of them is.
"""

from __future__ import annotations

from dataclasses import dataclass

from zope.interface import implementer

from twsgi.interfaces import ICheaperAlgorithm

#: How often the workers are looked at.
SAMPLES_PER_SECOND = 4


@dataclass(frozen=True, slots=True)
class WorkerSample:
    """
    One worker that serves, or soon will.

    @ivar index: its place, from 1.
    @ivar ready: False while it boots.
    @ivar busy: how many of its cores are inside a request.
    @ivar spawned: when, in seconds of any clock.
    """

    index: int
    ready: bool
    busy: int
    spawned: float


@dataclass(frozen=True, slots=True)
class Snapshot:
    """
    What was seen at one moment.

    @ivar workers: those that boot or are ready; not those that leave.
    @ivar threads: cores of each worker.
    @ivar waiting: how many requests no core has taken yet.
    @ivar minimum: never fewer workers (uWSGI's C{cheaper}).
    @ivar free: how many more workers there is a place for.
    """

    workers: tuple[WorkerSample, ...]
    threads: int
    waiting: int
    minimum: int
    free: int

    @property
    def idle_cores(self) -> int:
        """Cores without a request; a booting worker's are, or it would call for one more."""
        return sum(self.threads - worker.busy for worker in self.workers)


@dataclass(frozen=True, slots=True)
class Decision:
    """
    What to do.

    @ivar spawn: how many workers to start.
    @ivar retire: which worker (its index) shall leave, None: none.
    """

    spawn: int = 0
    retire: int | None = None


#: Nothing to do.
NOTHING = Decision()


@implementer(ICheaperAlgorithm)
class SpareAlgorithm:
    """
    uWSGI's C{spare}: more workers when no core is free, fewer when more than one worker's are.

    Growing: every core busy in more than C{overload} samples in a row starts C{step} workers or,
    where that is 0, as many as the waiting requests need.  Shrinking: once a second; each second
    with more idle cores than one worker has counts, and every C{overload}-th retires one worker.
    """

    def __init__(self, overload: int, step: int) -> None:
        """
        @param overload: uWSGI's C{cheaper-overload}.
        @param step: uWSGI's C{cheaper-step}; 0: as many as are needed.
        """
        self._overload = overload
        self._step = step
        self._samples = 0
        self._busy_samples = 0
        self._idle_seconds = 0

    def sampled(self, snapshot: Snapshot) -> Decision:
        """See L{ICheaperAlgorithm}."""
        self._samples += 1
        if snapshot.workers and snapshot.idle_cores <= 0:
            return self._saturated(snapshot)
        self._busy_samples = 0
        if self._samples % SAMPLES_PER_SECOND == 0:
            return self._second_passed(snapshot)
        return NOTHING

    def _saturated(self, snapshot: Snapshot) -> Decision:
        self._idle_seconds = 0
        self._busy_samples += 1
        if self._busy_samples <= self._overload:
            return NOTHING
        self._busy_samples = 0
        needed = -(-snapshot.waiting // snapshot.threads)
        return Decision(spawn=min(self._step or max(needed, 1), snapshot.free))

    def _second_passed(self, snapshot: Snapshot) -> Decision:
        """One spare worker is what C{spare} wants: it counts neither for nor against."""
        if snapshot.idle_cores <= snapshot.threads:
            return NOTHING
        self._idle_seconds += 1
        if len(snapshot.workers) <= snapshot.minimum:
            return NOTHING
        if self._idle_seconds % max(self._overload, 1):
            return NOTHING
        return Decision(retire=_longest_serving(snapshot))


def _longest_serving(snapshot: Snapshot) -> int | None:
    """The oldest ready worker without a request, the lowest index among equals; None if none is."""
    idle = [worker for worker in snapshot.workers if worker.ready and not worker.busy]
    if not idle:
        return None
    return min(idle, key=lambda worker: (worker.spawned, worker.index)).index
