"""One memory shared by master, workers and frontends: who is busy, since when, how often.

A record per worker, per core and per frontend, made of aligned 64-bit words.  A word has one
writer, its owner, so no locks; a reader sees each word whole, and never asks for more.  A worker
that hangs with the GIL held is still visible.  Nothing here is a system call.

A process has a I{place}, its record, for as long as it lives.  That is not its index, by which
people know it: a worker that drains and its successor have one index, and two places.  There are
many more places than processes, so that a reload may start as many as it likes; the memory of
those that were never used is never touched, and costs nothing.
"""

from __future__ import annotations

import mmap
import os
from typing import NamedTuple

from twsgi.control.launch import anonymous_file

#: Words in a record; 128 bytes, so that no two owners share a cache line.
RECORD = 16
#: Bytes of the text that a core may show: the request line it works on.
CORE_TEXT = 256

# The first record's words; the master's.  How many places for workers and for frontends have been
# used so far; how many frontends share the workers; how often a place was given away.
# BOARD_ASLEEP: 1: no worker is there because nobody has asked for anything, or they still boot.
BOARD_PLACES, BOARD_FRONTEND_PLACES, BOARD_FRONTENDS, BOARD_ASSIGNED, BOARD_ASLEEP = range(5)

# A worker's words.  Written by the worker, but for those of the master: who is dead, and
# WORKER_INDEX, by which people know it, WORKER_CORES, how many cores it has, WORKER_MOST_CORES,
# the most that any worker in this place has had: so many cores' counters count.  WORKER_OPEN: how
# many links and connections a worker that drains has left, or more.
WORKER_PID, WORKER_STATE, WORKER_STARTED, WORKER_WAITING, WORKER_STATIC = range(5)
WORKER_INDEX, WORKER_CORES, WORKER_MOST_CORES, WORKER_OPEN = range(5, 9)
#: Values of WORKER_STATE.
ABSENT, BOOTING, READY, DRAINING = range(4)
#: Another of the master's: 1: it has got its links.
WORKER_LINKED = 9

# A core's words.  CORE_BUSY_SINCE: monotonic nanoseconds at which its request began, 0: idle.
# CORE_ARRIVED: monotonic nanoseconds at which a frontend had the whole of it, and knows it by;
# 0: it came from no frontend.  CORE_THREAD: its thread's number, by which C{faulthandler} calls it.
CORE_BUSY_SINCE, CORE_REQUESTS, CORE_SENT, CORE_EXCEPTIONS, CORE_MICROSECONDS = range(5)
CORE_ARRIVED, CORE_THREAD = range(5, 7)

# A frontend's words.  FRONTEND_OLDEST: monotonic ns since when the first in the queue waits, or 0.
FRONTEND_PID, FRONTEND_STATE, FRONTEND_QUEUED, FRONTEND_OLDEST, FRONTEND_ACTIVE = range(5)
FRONTEND_STATIC, FRONTEND_REQUESTS = range(5, 7)


def size(places: int, cores: int, frontends: int) -> int:
    """Bytes of a L{Scoreboard}."""
    records = 1 + places + places * cores + frontends
    return records * RECORD * 8 + places * cores * CORE_TEXT


class Scoreboard:
    """
    The whole memory.  Places are numbered from 1, cores from 0.

    @ivar descriptor: what it lives in; inherited by the children.
    @ivar places: how many workers can be there at the same time.
    @ivar cores: how many cores a worker can have.
    @ivar frontends: how many frontends can be there at the same time.
    """

    def __init__(self, descriptor: int, places: int, cores: int, frontends: int) -> None:
        """Maps C{descriptor}, made long enough; it is this object's from now on."""
        self.descriptor = descriptor
        self.places = places
        self.cores = cores
        self.frontends = frontends
        self._workers = RECORD
        self._cores = self._workers + places * RECORD
        self._frontends = self._cores + places * cores * RECORD
        self._texts = (self._frontends + frontends * RECORD) * 8
        whole = size(places, cores, frontends)
        if os.fstat(descriptor).st_size < whole:
            os.ftruncate(descriptor, whole)
        self._memory = mmap.mmap(descriptor, whole)
        self._bytes = memoryview(self._memory)
        self.words = self._bytes[: self._texts].cast("Q")
        self.board = self._record(0)
        self._cut = _Cut(-1, [], {})

    @classmethod
    def create(cls, places: int, cores: int, frontends: int) -> Scoreboard:
        """A new one, all zeros."""
        return cls(anonymous_file("twsgi-scoreboard"), places, cores, frontends)

    def worker(self, place: int) -> memoryview:
        """The record of the worker in C{place}."""
        return self._record(self._workers + (place - 1) * RECORD)

    def core(self, place: int, core: int) -> memoryview:
        """The record of a core of the worker in C{place}."""
        return self._record(self._core(place, core))

    def core_text(self, place: int, core: int) -> memoryview:
        """L{CORE_TEXT} bytes of that core: the request line it works on, latin-1, NULs after it."""
        start = self._texts + ((place - 1) * self.cores + core) * CORE_TEXT
        return self._bytes[start : start + CORE_TEXT]

    def frontend(self, place: int) -> memoryview:
        """The record of the frontend in C{place}."""
        return self._record(self._frontends + (place - 1) * RECORD)

    def used_places(self) -> range:
        """The places that workers have had so far: no need to look at others."""
        return range(1, self.board[BOARD_PLACES] + 1)

    def used_frontends(self) -> range:
        """The places that frontends have had so far."""
        return range(1, self.board[BOARD_FRONTEND_PLACES] + 1)

    @property
    def shared(self) -> bool:
        """Several frontends send to the workers: an idle link is no idle core then."""
        return bool(self.board[BOARD_FRONTENDS] > 1)

    def worker_cores(self, place: int) -> int:
        """How many cores the worker in C{place} has; 0: nobody is there."""
        cores: int = self.worker(place)[WORKER_CORES]
        return cores

    def total_requests(self) -> int:
        """All requests that cores have finished, and all that were served without one."""
        return sum(map(sum, self._current().requests))

    def worker_requests(self, place: int) -> int:
        """All requests that cores in C{place} have finished, for whichever worker."""
        most = self.worker(place)[WORKER_MOST_CORES]
        return sum(self._core_words(place, most, CORE_REQUESTS))

    def busy_cores(self, place: int) -> int:
        """How many cores of the worker in C{place} are inside a request now."""
        busy = self._current().busy.get(place, ())
        return sum(1 for since in busy if since)

    # The master's, or who is alone.

    def share(self, frontends: int) -> None:
        """So many frontends send to the workers from now on."""
        self.board[BOARD_FRONTENDS] = frontends

    def give_worker(self, place: int, index: int, cores: int) -> None:
        """C{place} is worker C{index}'s, who is to be started, and has C{cores} cores."""
        record = self.worker(place)
        record[WORKER_INDEX] = index
        record[WORKER_CORES] = cores
        record[WORKER_MOST_CORES] = max(cores, record[WORKER_MOST_CORES])
        self.board[BOARD_PLACES] = max(place, self.board[BOARD_PLACES])
        # Last: whoever sees it sees the rest.
        self.board[BOARD_ASSIGNED] += 1

    def link_worker(self, place: int) -> None:
        """The worker in C{place} has got its links."""
        self.worker(place)[WORKER_LINKED] = 1

    def give_frontend(self, place: int) -> None:
        """C{place} is a frontend's, who is to be started."""
        self.board[BOARD_FRONTEND_PLACES] = max(place, self.board[BOARD_FRONTEND_PLACES])
        self.board[BOARD_ASSIGNED] += 1

    def clear_worker(self, place: int) -> None:
        """Marks a worker that is dead as absent and its cores as idle; the counters stay."""
        record = self.worker(place)
        for core in range(record[WORKER_CORES]):
            self.core(place, core)[CORE_BUSY_SINCE] = 0
        record[WORKER_PID] = record[WORKER_STATE] = record[WORKER_WAITING] = 0
        record[WORKER_INDEX] = record[WORKER_CORES] = record[WORKER_LINKED] = 0
        self.board[BOARD_ASSIGNED] += 1

    def clear_frontend(self, place: int) -> None:
        """Marks a frontend that is dead as absent, its queue as empty; the counters stay."""
        record = self.frontend(place)
        record[FRONTEND_PID] = record[FRONTEND_STATE] = record[FRONTEND_QUEUED] = 0
        record[FRONTEND_OLDEST] = record[FRONTEND_ACTIVE] = 0

    def _record(self, start: int) -> memoryview:
        return self.words[start : start + RECORD]

    def _core(self, place: int, core: int) -> int:
        return self._cores + ((place - 1) * self.cores + core) * RECORD

    def _core_words(self, place: int, cores: int, word: int) -> memoryview:
        """One word of each of the first C{cores} cores."""
        start = self._core(place, 0)
        return self.words[start + word : start + cores * RECORD : RECORD]

    def _column(self, start: int, records: int, word: int) -> memoryview:
        return self.words[start + word : start + records * RECORD : RECORD]

    def _current(self) -> _Cut:
        cut = self._cut
        return cut if cut.assigned == self.board[BOARD_ASSIGNED] else self._cut_anew()

    def _cut_anew(self) -> _Cut:
        # First the count: what changes meanwhile is cut out once more.
        assigned = self.board[BOARD_ASSIGNED]
        places = self.used_places()
        most = {place: self.worker(place)[WORKER_MOST_CORES] for place in places}
        self._cut = cut = _Cut(
            assigned,
            [
                *(self._core_words(place, most[place], CORE_REQUESTS) for place in places),
                self._column(self._workers, len(places), WORKER_STATIC),
                self._column(self._frontends, len(self.used_frontends()), FRONTEND_REQUESTS),
            ],
            {
                place: self._core_words(place, self.worker_cores(place), CORE_BUSY_SINCE)
                for place in places
            },
        )
        return cut


class _Cut(NamedTuple):
    """
    What is summed for every request, cut out of the words once for each time a place is given
    away.  Replaced whole: core threads read it.
    """

    assigned: int
    requests: list[memoryview]
    busy: dict[int, memoryview]
