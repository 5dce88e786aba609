"""L{Regulator}: looks at the workers, and does what the algorithm decides."""

from __future__ import annotations

from collections.abc import Callable

from twsgi.interfaces import ICheaperAlgorithm, ILineLog
from twsgi.master.cheaper import SAMPLES_PER_SECOND, Decision, Snapshot
from twsgi.master.crew import Crew
from twsgi.master.manual import Asked
from twsgi.master.memory import memory_of

#: What is seen: told how much memory the workers have together.
Look = Callable[[int], Snapshot]


class Regulator:
    """
    C{cheaper} at work: between L{begin} and L{rest} it wants to look, four times a second.
    Reactor thread.
    """

    def __init__(self, crew: Crew, log: ILineLog) -> None:
        """@param crew: whose workers they are; it has not to be there yet."""
        self._crew = crew
        self._log = log
        self._look: Look | None = None
        self._algorithm: Asked | None = None
        self._weighs = False
        self._looks = 0
        self._memory = 0

    @property
    def wanted(self) -> bool:
        """There is an algorithm at work."""
        return self._algorithm is not None

    def begin(self, algorithm: ICheaperAlgorithm, look: Look, weighs: bool = False) -> None:
        """
        From now on C{algorithm} decides.

        @param look: tells what the workers do now.
        @param weighs: it wants to know their memory too.
        """
        self._algorithm = Asked(algorithm)
        self._look = look
        self._weighs = weighs
        self._looks = self._memory = 0
        for line in algorithm.introduction:
            self._log.line(line)

    def rest(self) -> None:
        """Nobody decides."""
        self._algorithm = None

    def ask(self, more: int) -> bool:
        """
        An operator wants so many workers more, or less.

        @return: False: nothing comes of it, for nobody decides now.
        """
        if self._algorithm is None:
            return False
        self._algorithm.ask(more)
        return True

    def look(self) -> None:
        """Looks, and does what has to be done."""
        assert self._algorithm is not None and self._look is not None
        if self._weighs and self._looks % SAMPLES_PER_SECOND == 0:
            self._memory = sum(memory_of(child.pid).rss for child in self._crew.roster.serving())
        self._looks += 1
        self._carry_out(self._algorithm.sampled(self._look(self._memory)))

    def _carry_out(self, decision: Decision) -> None:
        for line in decision.words:
            self._log.line(line)
        for slot in self._crew.roster.free_workers()[: decision.spawn]:
            slot.fill()
        for child in self._crew.roster.serving():
            if child.index == decision.retire:
                self._crew.retire(child)
