"""How many workers there should be (uWSGI's C{cheaper}): what is seen, what is decided.  Pure.

Somebody looks at the workers L{SAMPLES_PER_SECOND} times a second and shows what was seen; an
algorithm answers with what to do.  Cores are counted, not workers: uWSGI takes a worker of eight
threads for busy as soon as one of them is.  Here there is no clock, no process and no log.

The algorithms are in L{twsgi.master.spare}, L{twsgi.master.backlog}, L{twsgi.master.busyness} and
L{twsgi.master.manual}; L{twsgi.master.algorithms} chooses.
"""

from __future__ import annotations

from dataclasses import dataclass

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
    @ivar worked: seconds that its cores have spent in requests, those included that go on; from
        any beginning.
    """

    index: int
    ready: bool
    busy: int
    spawned: float
    worked: float = 0.0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """
    What was seen at one moment.

    @ivar workers: those that boot or are ready; not those that leave.
    @ivar threads: cores of each worker.
    @ivar waiting: how many requests no core has taken yet.
    @ivar minimum: never fewer workers (uWSGI's C{cheaper}).
    @ivar free: how many more workers there is a place for.
    @ivar at: which moment, in seconds of a clock that never goes back.
    @ivar memory: bytes of resident memory of all workers together; 0: nobody has looked.
    """

    workers: tuple[WorkerSample, ...]
    threads: int
    waiting: int
    minimum: int
    free: int
    at: float = 0.0
    memory: int = 0

    @property
    def idle_cores(self) -> int:
        """Cores without a request; a booting worker's are, or it would call for one more."""
        return sum(self.threads - worker.busy for worker in self.workers)

    @property
    def unclaimed(self) -> int:
        """How many requests wait for which no worker boots yet."""
        booting = sum(self.threads for worker in self.workers if not worker.ready)
        return max(0, self.waiting - booting)

    def room(self, step: int) -> int:
        """
        How many workers to add, where some have to be: C{step}, or, where that is 0, as many as
        the waiting requests need, and one at least; but no more than there is a place for.
        """
        needed = -(-self.unclaimed // self.threads)
        return min(step or max(needed, 1), self.free)

    def spare_worker(self) -> int | None:
        """
        Who leaves if somebody has to: of the ready workers without a request the oldest, the
        lowest index among equals; None: nobody may, for all are busy, or no more than C{minimum}.
        """
        idle = [worker for worker in self.workers if worker.ready and not worker.busy]
        if not idle or len(self.workers) <= self.minimum:
            return None
        return min(idle, key=lambda worker: (worker.spawned, worker.index)).index


@dataclass(frozen=True, slots=True)
class Decision:
    """
    What to do.

    @ivar spawn: how many workers to start.
    @ivar retire: which worker (its index) shall leave, None: none.
    @ivar words: lines for the log.
    """

    spawn: int = 0
    retire: int | None = None
    words: tuple[str, ...] = ()


#: Nothing to do.
NOTHING = Decision()


class Seconds:
    """Tells which samples end a second: uWSGI decides once in each."""

    def __init__(self) -> None:
        """None has been taken."""
        self._samples = 0

    def over(self) -> bool:
        """Another sample was taken.  @return: a second is over with it."""
        self._samples += 1
        return self._samples % SAMPLES_PER_SECOND == 0
