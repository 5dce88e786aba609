"""L{Hanging}: what becomes of a worker in which a request does not end, step by step.

1. It is asked where the threads of those requests are.  Where it does not answer, a signal has
   C{faulthandler} write the stacks, which needs no lock of the interpreter's.
2. Who has finished meanwhile is left alone.  Of the others there is one record in the log.
3. Frontends answer those requests (504) and send no more; the worker is asked to leave, and
   another is started at once.
4. When all the rest of it is done, or has had its time, it is killed; at once, where the
   interpreter is held, for then nothing of it goes on.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import Enum

from twisted.internet.defer import DeferredList
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from twsgi.control.launch import FRONTEND
from twsgi.control.scoreboard import DRAINING, WORKER_OPEN, WORKER_STATE, Scoreboard
from twsgi.interfaces import ILineLog
from twsgi.master.child import STACKS, Child, State, cancel
from twsgi.master.overdue import Case, Running, finished, record, running, stacks_of
from twsgi.master.roster import Roster
from twsgi.settings.model import Settings

#: Seconds in which a worker must answer; a reactor that runs does so in milliseconds.
ANSWER = 0.5
#: Asks a worker to leave, for which it has at least so many seconds, and starts another.
Replace = Callable[[Child, float], None]


class Step(Enum):
    """What is waited for."""

    NOTHING = "for the next look"
    ANSWER = "for the worker to say where its threads are"
    STACKS = "for faulthandler to have written that"


class Hanging:
    """One worker's.  Reactor thread."""

    def __init__(
        self,
        child: Child,
        settings: Settings,
        roster: Roster,
        board: Scoreboard,
        clock: IReactorTime,
        log: ILineLog,
        replace: Replace,
        now: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        """
        @param replace: see L{Replace}.
        @param now: monotonic nanoseconds, the scoreboard's time.
        """
        self._child = child
        self._settings = settings
        self._roster = roster
        self._board = board
        self._clock = clock
        self._log = log
        self._replace = replace
        self._now = now
        self._step = Step.NOTHING
        self._timer: IDelayedCall | None = None
        self._hearing: IDelayedCall | None = None
        self._suspects: list[Running] = []
        self._guilty: set[tuple[int, int]] = set()
        self._attempts = 0
        self._told = False
        self._deadline: float | None = None

    @property
    def over(self) -> bool:
        """Nothing is left to be done, or to wait for."""
        return self._dead or (self._step is Step.NOTHING and not self._guilty)

    @property
    def _dead(self) -> bool:
        return self._child.state in (State.DYING, State.EXITED)

    def look(self, found: list[Running]) -> None:
        """C{found} run for too long; those that are known already are no news."""
        news = [one for one in found if one.key not in self._guilty]
        if news and self._step is Step.NOTHING:
            self._ask(news)
        self._progress()

    def end(self) -> None:
        """The worker is gone, or all is."""
        self._expect(Step.NOTHING)
        cancel(self._hearing)

    # 1: the question

    def _ask(self, suspects: list[Running]) -> None:
        self._suspects = suspects
        self._expect(Step.ANSWER, ANSWER, self._unanswered)
        self._child.control.describe(
            [one.core for one in suspects],
            [one.since for one in suspects],
            self._settings.harakiri_verbose,
        ).addCallbacks(self._answered, lambda failure: self._unanswered())

    def _answered(self, stacks: str) -> None:
        if self._step is not Step.NOTHING:
            self._judge(stacks, dumb=False)

    def _unanswered(self) -> None:
        if self._step is not Step.ANSWER or self._dead:
            return
        self._child.ask_stacks()
        self._expect(Step.STACKS, STACKS, self._dumped)

    def _dumped(self) -> None:
        dump = self._child.take_words()
        if not self._settings.harakiri_verbose:
            dump = stacks_of(dump, [one.thread for one in self._suspects])
        self._judge(dump, dumb=True)

    # 2: the record

    def _judge(self, stacks: str, dumb: bool) -> None:
        self._expect(Step.NOTHING)
        if self._dead:
            return
        there = running(self._board, self._child.place)
        keys = {one.key for one in there}
        for one in self._suspects:
            if one.key not in keys:
                self._log.line(finished(self._child.index, one))
        guilty = [one for one in self._suspects if one.key in keys]
        if not guilty:
            return
        self._attempts += 1
        self._guilty |= {one.key for one in guilty}
        self._log.line(
            record(
                Case(
                    index=self._child.index,
                    pid=self._child.pid,
                    attempt=self._attempts,
                    requests=there,
                    guilty=guilty,
                    now=self._now(),
                    stacks=stacks,
                    dumb=dumb,
                )
            )
        )
        self._sentence(0.0 if dumb else self._grace, [one.arrived for one in guilty])

    @property
    def _grace(self) -> float:
        return float(self._settings.harakiri_graceful_timeout or self._settings.harakiri)

    # 3: the rest of the world

    def _sentence(self, grace: float, requests: list[int]) -> None:
        """
        @param grace: seconds that its other requests have.
        @param requests: what the frontends know the guilty ones by.
        """
        deadline = self._clock.seconds() + grace
        self._deadline = deadline if self._deadline is None else min(deadline, self._deadline)
        self._told = False
        told = [
            frontend.control.condemn(self._child.place, self._settings.harakiri, requests)
            for frontend in self._roster.linkable(FRONTEND)
        ]
        # Not mercy ends it, but the deadline, which is looked for now and then.
        self._replace(self._child, grace + 2 * ANSWER)
        # Not before they have heard it: a request whose link is lost is sent to another worker.
        cancel(self._hearing)
        self._hearing = self._clock.callLater(ANSWER, self._heard)
        DeferredList(told, consumeErrors=True).addCallback(lambda _: self._heard())

    def _heard(self) -> None:
        cancel(self._hearing)
        self._told = True
        self._progress()

    # 4: the end

    def _progress(self) -> None:
        if not self._told or self._deadline is None or self._dead:
            return
        if self._clock.seconds() >= self._deadline or self._alone():
            self._expect(Step.NOTHING)
            self._child.kill()

    def _alone(self) -> bool:
        """Nothing but what hangs is left of the worker."""
        place = self._child.place
        keys = {one.key for one in running(self._board, place)}
        worker = self._board.worker(place)
        return (
            bool(keys)
            and keys <= self._guilty
            and worker[WORKER_STATE] == DRAINING
            and worker[WORKER_OPEN] <= len(keys)
        )

    def _expect(
        self, step: Step, seconds: float = 0.0, late: Callable[[], None] | None = None
    ) -> None:
        """Waits for C{step} from now on, and no longer for what was waited for."""
        self._step = step
        cancel(self._timer)
        self._timer = None if late is None else self._clock.callLater(seconds, late)
