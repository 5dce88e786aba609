"""One memory shared by master, workers and frontends: who is busy, since when, how often.

A record per worker, per core and per frontend, made of aligned 64-bit words.  A word has one
writer, its owner, so no locks; a reader sees each word whole, and never asks for more.  A worker
that hangs with the GIL held is still visible.  Nothing here is a system call.
"""

from __future__ import annotations

import mmap
import os

from twsgi.control.launch import anonymous_file

#: Words in a record; 128 bytes, so that no two owners share a cache line.
RECORD = 16

# A worker's words.  Written by the worker, but for those that say so.
WORKER_PID, WORKER_STATE, WORKER_STARTED, WORKER_WAITING, WORKER_STATIC = range(5)
#: Values of WORKER_STATE.
ABSENT, BOOTING, READY, DRAINING = range(4)

# A core's words.  CORE_BUSY_SINCE: monotonic nanoseconds at which its request began, 0: idle.
CORE_BUSY_SINCE, CORE_REQUESTS, CORE_SENT, CORE_EXCEPTIONS, CORE_MICROSECONDS = range(5)

# A frontend's words.  FRONTEND_OLDEST: monotonic ns since when the first in the queue waits, or 0.
FRONTEND_PID, FRONTEND_STATE, FRONTEND_QUEUED, FRONTEND_OLDEST, FRONTEND_ACTIVE = range(5)
FRONTEND_STATIC, FRONTEND_REQUESTS = range(5, 7)


class Scoreboard:
    """
    The whole memory.

    @ivar descriptor: what it lives in; inherited by the children.
    """

    def __init__(self, descriptor: int, workers: int, threads: int, frontends: int) -> None:
        """Maps C{descriptor}, made long enough; it is this object's from now on."""
        self.descriptor = descriptor
        self.workers = workers
        self.threads = threads
        self.frontends = frontends
        records = workers + workers * threads + frontends
        size = max(records, 1) * RECORD * 8
        if os.fstat(descriptor).st_size < size:
            os.ftruncate(descriptor, size)
        self._memory = mmap.mmap(descriptor, size)
        self.words = memoryview(self._memory).cast("Q")
        self._cores = workers * RECORD
        self._frontends = self._cores + workers * threads * RECORD

    @classmethod
    def create(cls, workers: int, threads: int, frontends: int) -> Scoreboard:
        """A new one, all zeros."""
        return cls(anonymous_file("twsgi-scoreboard"), workers, threads, frontends)

    def worker(self, index: int) -> memoryview:
        """The record of worker C{index} (from 1)."""
        return self._record((index - 1) * RECORD)

    def core(self, worker: int, core: int) -> memoryview:
        """The record of core C{core} (from 0) of a worker (from 1)."""
        return self._record(self._cores + ((worker - 1) * self.threads + core) * RECORD)

    def frontend(self, index: int) -> memoryview:
        """The record of frontend C{index} (from 1)."""
        return self._record(self._frontends + (index - 1) * RECORD)

    def total_requests(self) -> int:
        """All requests that cores have finished, and all that were served without one."""
        words = self.words
        return (
            sum(words[self._cores + CORE_REQUESTS : self._frontends : RECORD])
            + sum(words[WORKER_STATIC : self._cores : RECORD])
            + sum(words[self._frontends + FRONTEND_REQUESTS :: RECORD])
        )

    def worker_requests(self, worker: int) -> int:
        """All requests that the cores of one worker have finished, its predecessors' included."""
        start = self._cores + (worker - 1) * self.threads * RECORD
        return sum(self.words[start + CORE_REQUESTS : start + self.threads * RECORD : RECORD])

    def busy_cores(self, worker: int) -> int:
        """How many cores of a worker are inside a request now."""
        start = self._cores + (worker - 1) * self.threads * RECORD
        busy = self.words[start + CORE_BUSY_SINCE : start + self.threads * RECORD : RECORD]
        return sum(1 for since in busy if since)

    def clear_worker(self, index: int) -> None:
        """
        Marks a worker that is dead as absent and its cores as idle; the counters stay, so that
        they survive the respawn.  Master only.
        """
        record = self.worker(index)
        record[WORKER_PID] = record[WORKER_STATE] = record[WORKER_WAITING] = 0
        for core in range(self.threads):
            self.core(index, core)[CORE_BUSY_SINCE] = 0

    def clear_frontend(self, index: int) -> None:
        """
        Marks a frontend that is dead as absent, its queue as empty; the counters stay.  Master
        only.
        """
        record = self.frontend(index)
        record[FRONTEND_PID] = record[FRONTEND_STATE] = record[FRONTEND_QUEUED] = 0
        record[FRONTEND_OLDEST] = record[FRONTEND_ACTIVE] = 0

    def _record(self, start: int) -> memoryview:
        return self.words[start : start + RECORD]
