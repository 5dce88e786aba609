"""L{Places}: which records of the scoreboard are whose."""

from __future__ import annotations

import errno

from twsgi.control.launch import WORKER
from twsgi.control.scoreboard import Scoreboard, size

#: How many workers a scoreboard has room for, whatever is asked for: a reload may ask for more.
WORKERS = 256
#: Likewise for the cores of a worker, and for frontends.
CORES = 256
FRONTENDS = 64


class Places:
    """
    Gives every child a place of its own for as long as its process lives: two processes may be
    worker 1 for a while, the one that drains and its successor.  Reactor thread.

    @ivar scoreboard: what they are places of.
    """

    def __init__(self, scoreboard: Scoreboard) -> None:
        """All are free."""
        self.scoreboard = scoreboard
        self._taken: dict[str, dict[int, int]] = {}

    def take(self, kind: str, index: int, cores: int) -> int:
        """
        The lowest free place.

        @param index: of the child that gets it.
        @raise OSError: there is none.
        """
        board = self.scoreboard
        taken = self._taken.setdefault(kind, {})
        most = board.places if kind == WORKER else board.frontends
        place = next((place for place in range(1, most + 1) if place not in taken), 0)
        if not place:
            raise OSError(errno.EAGAIN, f"all {most} places are taken")
        taken[place] = board.worker_requests(place) if kind == WORKER else 0
        if kind == WORKER:
            board.give_worker(place, index, cores)
        else:
            board.give_frontend(place)
        return place

    def served(self, kind: str, place: int) -> int:
        """How many requests the cores of the worker that has C{place} have finished."""
        before = self._taken.get(kind, {}).get(place)
        if before is None or kind != WORKER:
            return 0
        return self.scoreboard.worker_requests(place) - before

    def release(self, kind: str, place: int) -> None:
        """Who had C{place} is dead; 0: it never had one."""
        if self._taken.get(kind, {}).pop(place, None) is None:
            return
        if kind == WORKER:
            self.scoreboard.clear_worker(place)
        else:
            self.scoreboard.clear_frontend(place)


def geometry(
    workers: int, threads: int, frontends: int, longest_file: int = -1
) -> tuple[int, int, int]:
    """
    How many places for workers, cores for each, and places for frontends: with room for a
    generation that replaces the one that runs, and to grow.

    @param longest_file: how many bytes a file may have (RLIMIT_FSIZE), which counts for this memory
        too; -1: any number.  Where that is too little there is no room to grow.
    """
    large = max(WORKERS, 2 * workers), max(CORES, threads), max(FRONTENDS, 2 * frontends)
    if longest_file < 0 or size(*large) <= longest_file:
        return large
    return 2 * workers, threads, 2 * frontends
