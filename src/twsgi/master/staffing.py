"""L{Staffing}: how many workers there are: C{cheaper}, C{cheap}, C{idle}, and an operator."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime

from twsgi.control.listening import Listening
from twsgi.control.scoreboard import Scoreboard
from twsgi.interfaces import ICheaperAlgorithm, ILineLog
from twsgi.master.algorithms import algorithm_of
from twsgi.master.cheaper import Snapshot
from twsgi.master.crew import Crew
from twsgi.master.load import snapshot
from twsgi.master.regulator import Regulator
from twsgi.master.sleep import Sleep
from twsgi.master.watch import Looker
from twsgi.master.words import NOT_NOW
from twsgi.settings.model import Plan


class Staffing:
    """
    Follows one plan after another; rests while a reload decides, and from the end on.  Reactor
    thread.

    @ivar lookers: what wants to look.
    """

    def __init__(
        self,
        clock: IReactorTime,
        log: ILineLog,
        crew: Crew,
        scoreboard: Scoreboard,
        listening: Listening,
        *,
        algorithm: ICheaperAlgorithm | None,
        end: Callable[[], None],
    ) -> None:
        """
        @param algorithm: decides, whatever a plan says; None: the plan's.
        @param end: lets everything stop: C{die-on-idle}.
        """
        self._log = log
        self._crew = crew
        self._scoreboard = scoreboard
        self._listening = listening
        self._algorithm = algorithm
        self._plan: Plan | None = None
        self._regulator = Regulator(crew, log)
        self._sleep = Sleep(clock, log, crew, scoreboard, listening.bound, end)
        self.lookers: tuple[Looker, ...] = (self._regulator, self._sleep)

    def begin(self, plan: Plan) -> None:
        """Before the first worker is started."""
        if plan.settings.cheap:
            self._sleep.begin()

    def follow(self, plan: Plan) -> None:
        """From now on this plan counts."""
        self._plan = plan
        self._sleep.follow(plan.settings)
        if plan.minimum < plan.workers:
            algorithm = self._algorithm or algorithm_of(plan.settings)
            limited = plan.settings.cheaper_rss_limit_soft > 0
            self._regulator.begin(algorithm, self._look, limited)
        else:
            self._regulator.rest()

    def rest(self) -> None:
        """Somebody else decides, or nobody."""
        self._plan = None
        self._regulator.rest()
        self._sleep.rest()

    def more(self, count: int) -> None:
        """An operator wants so many workers more, or less."""
        if self._plan is None:
            self._log.line(NOT_NOW)
        elif not self._regulator.ask(count):
            self._log.line("the number of workers does not change without cheaper")

    def go_cheap(self) -> None:
        """An operator wants all workers to go until somebody asks for something."""
        self._sleep.go()

    def _look(self, memory: int) -> Snapshot:
        assert self._plan is not None
        return snapshot(
            self._plan, self._crew.roster, self._scoreboard, self._listening.bound, memory
        )
