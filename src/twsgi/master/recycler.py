"""L{Recycler}: looks at the workers, and has those replaced that have to be."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from twsgi.control.launch import WORKER
from twsgi.control.scoreboard import CORE_EXCEPTIONS, Scoreboard
from twsgi.master.child import Child, State
from twsgi.master.memory import UNKNOWN, Memory, memory_of
from twsgi.master.recycling import Recycling, Sample
from twsgi.master.roster import Roster
from twsgi.settings.model import Settings

#: Memory is asked for at every such look only: it is a file for each worker.
WEIGH_EVERY = 4


@dataclass
class _Known:
    """
    What is remembered of one process.

    @ivar requests: what its place had counted before it served its first.
    @ivar exceptions: likewise.
    """

    luck: float
    requests: int
    exceptions: int
    memory: Memory = UNKNOWN
    asked: bool = False


class Recycler:
    """Looks four times a second, and tells of each worker once.  Reactor thread."""

    def __init__(
        self,
        roster: Roster,
        scoreboard: Scoreboard,
        recycle: Callable[[Child, str], None],
        *,
        memory: Callable[[int], Memory] = memory_of,
        luck: Callable[[], float] = random.random,
    ) -> None:
        """
        @param recycle: replaces a worker; told why, as a line of the log.
        @param luck: a number from 0 to 1; see L{Sample}.
        """
        self._roster = roster
        self._scoreboard = scoreboard
        self._recycle = recycle
        self._memory = memory
        self._luck = luck
        self._rules = Recycling(Settings())
        self._known: dict[Child, _Known] = {}
        self._looks = 0

    def follow(self, settings: Settings) -> None:
        """From now on these settings count, for workers that are there too."""
        self._rules = Recycling(settings)
        self._take_note()

    @property
    def wanted(self) -> bool:
        """There is a reason to look."""
        return self._rules.wanted

    def look(self) -> None:
        """Looks at every worker."""
        self._take_note()
        weigh = self._rules.weighs and self._looks % WEIGH_EVERY == 0
        self._looks += 1
        for child in self._roster.serving():
            seen = self._known[child]
            if child.state is not State.READY or seen.asked:
                continue
            if weigh:
                seen.memory = self._memory(child.pid)
            reason = self._rules.reason(self._sample(child, seen))
            if reason is not None:
                seen.asked = True
                self._recycle(child, reason)

    def _take_note(self) -> None:
        """Who is new is noted while it boots: what its place has counted then is not its own."""
        known, self._known = self._known, {}
        for child in self._roster.children(WORKER):
            self._known[child] = known.get(child) or self._first_seen(child)

    def _first_seen(self, child: Child) -> _Known:
        requests, exceptions = self._counted(child)
        return _Known(self._luck(), requests, exceptions)

    def _sample(self, child: Child, seen: _Known) -> Sample:
        requests, exceptions = self._counted(child)
        return Sample(
            index=child.index,
            pid=child.pid,
            luck=seen.luck,
            age=child.lived,
            requests=requests - seen.requests,
            exceptions=exceptions - seen.exceptions,
            rss=seen.memory.rss,
            address_space=seen.memory.address_space,
        )

    def _counted(self, child: Child) -> tuple[int, int]:
        """Requests and exceptions of all that ever held its place."""
        board, place = self._scoreboard, child.place
        cores = range(board.worker_cores(place))
        exceptions = (board.core(place, core)[CORE_EXCEPTIONS] for core in cores)
        return board.worker_requests(place), sum(exceptions)
