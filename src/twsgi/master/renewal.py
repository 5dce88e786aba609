"""L{Renewal}: which plan is in force, and how another one comes to be while all goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from twisted.internet.defer import Deferred

from twsgi.control.launch import WORKER
from twsgi.control.scoreboard import Scoreboard
from twsgi.interfaces import ILineLog
from twsgi.master.child import Child
from twsgi.master.crew import Crew
from twsgi.master.reload import Chain, Together, chosen
from twsgi.master.slot import Nursery
from twsgi.master.words import (
    BEGINS_AGAIN,
    CHAIN_BEGINS,
    CHAIN_COMPLETE,
    RELOAD_COMPLETE,
    RELOAD_WAITS,
    reload_begins,
    reload_given_up,
)
from twsgi.settings.changes import Changes, changes
from twsgi.settings.model import Plan


@dataclass
class Wish:
    """
    Somebody wants a reload.

    @ivar plan: with which; None: with the one in force.
    @ivar chain: one worker after another.
    @ivar tried: a start that had failed was tried with it.
    @ivar waiters: fire with True when the new generation serves, with False if it never will.
    """

    plan: Plan | None
    chain: bool
    tried: bool = False
    waiters: list[Deferred[bool]] = field(default_factory=list)

    def answer(self, done: bool) -> None:
        """Tells how it went."""
        for waiter in self.waiters:
            waiter.callback(done)


class Renewal:
    """
    Reloads, one at a time; what is asked for meanwhile is one more, with the last plan.  Reactor
    thread.

    @ivar plan: that is in force.
    """

    def __init__(
        self,
        plan: Plan,
        crew: Crew,
        log: ILineLog,
        scoreboard: Scoreboard,
        *,
        nursery: Callable[[Plan], Nursery],
        begins: Callable[[], None],
        ended: Callable[[], None],
    ) -> None:
        """
        @param nursery: with what the children of a plan are had.
        @param begins: called before anything is done: nobody else may change how many workers
            there are.
        @param ended: called when they may again; L{plan} is in force.
        """
        self.plan = plan
        self._crew = crew
        self._log = log
        self._scoreboard = scoreboard
        self._nursery = nursery
        self._begins = begins
        self._ended = ended
        self._started = self._stopped = False
        #: Whose wish a start that had failed was tried with, and nobody was started before.
        self._early: Wish | None = None
        self._wanted: Wish | None = None
        self._now: Wish | None = None
        self._reload: Together | Chain | None = None
        #: Those who were replaced together, and are not gone yet.
        self._leaving: list[set[Child]] = []
        crew.gone = self._gone

    def start(self) -> None:
        """Somebody serves: from now on that can be replaced."""
        self._started = True
        early, self._early = self._early, None
        if early is not None:
            early.answer(True)
        self._next()

    def stop(self) -> None:
        """All leave: nothing is replaced any more."""
        self._stopped = True
        self._leaving.clear()
        if self._reload is not None:
            self._reload.cancel()
        for wish in (self._early, self._now, self._wanted):
            if wish is not None:
                wish.answer(False)
        self._early = self._now = self._wanted = self._reload = self._crew.reload = None

    def ask(self, plan: Plan | None, chain: bool) -> Deferred[bool]:
        """
        Reloads, now or when what is under way has come to its end; where nobody serves yet, when
        somebody does.  See L{Wish}.
        """
        waiter: Deferred[bool] = Deferred()
        wish = self._wanted
        if wish is None:
            wish = self._wanted = Wish(plan, chain)
        else:
            wish.plan = plan or wish.plan
            wish.chain = wish.chain and chain
            wish.tried = False
        wish.waiters.append(waiter)
        if not self._started:
            self._log.line(RELOAD_WAITS)
            self._begin_again()
        self._next()
        return waiter

    def _begin_again(self) -> None:
        """Where workers die before one was ready: what they are started with may be why."""
        wish = self._wanted
        if self._started or wish is None or wish.tried or not self._crew.stumbles:
            return
        found = self._compared(wish.plan or self.plan)
        if found is None:
            self._wanted = None
            wish.answer(False)
            return
        wish.tried, wish.plan = True, None
        self._log.line(BEGINS_AGAIN)
        self._begins()
        self._scoreboard.share(found.plan.frontends)
        nursery = self._nursery(found.plan)
        self._crew.roster.resize(WORKER, found.plan.workers, nursery)
        self._in_force(found, nursery)
        if self._crew.begin_again():
            # All that will be there is new: there is nothing to replace.
            if self._early is not None:
                wish.waiters += self._early.waiters
            self._early, self._wanted = wish, None
        self._ended()

    def _next(self) -> None:
        if self._started and not self._stopped and self._now is None and self._wanted is not None:
            self._now, self._wanted = self._wanted, None
            self._begin(self._now)

    def _begin(self, wish: Wish) -> None:
        found = self._compared(wish.plan or self.plan)
        if found is None:
            self._ended_with(False)
            return
        self._begins()
        self._crew.succession.pause()
        # Before any worker is started, who looks at it then.
        self._scoreboard.share(max(self.plan.frontends, found.plan.frontends))
        nursery = self._nursery(found.plan)
        roster = self._crew.roster
        roster.resize(WORKER, max(len(roster.workers), found.plan.workers), nursery)
        slots = chosen(roster, found.plan)

        def over(reason: str | None) -> None:
            self._over(found, nursery, reason)

        if wish.chain:
            self._log.line(CHAIN_BEGINS)
            self._reload = Chain(slots, nursery, self._crew.take_over, over, self._log)
        else:
            self._log.line(reload_begins(len(slots)))
            self._reload = Together(slots, nursery, self._crew.take_over, over)
        self._crew.reload = self._reload
        self._reload.begin()

    def _compared(self, plan: Plan) -> Changes | None:
        """What is to be done for C{plan}, or a line why that cannot be."""
        found = changes(self.plan, plan)
        for line in found.refused:
            self._log.line(line)
        too_large = self._too_large(found.plan)
        if not too_large:
            return found
        self._log.line(reload_given_up(too_large))
        return None

    def _too_large(self, plan: Plan) -> str:
        """Why there is no room for C{plan} on the scoreboard; empty: there is."""
        board = self._scoreboard
        for name, wanted, most in (
            ("processes", plan.workers, board.places // 2),
            ("threads", plan.settings.threads, board.cores),
            ("http-processes", plan.frontends, board.frontends // 2),
        ):
            if wanted > most:
                return f"{name} = {wanted} needs a restart: without one it is {most} at most"
        return ""

    def _over(self, found: Changes, nursery: Nursery, reason: str | None) -> None:
        self._reload = self._crew.reload = None
        self._scoreboard.share((found.plan if reason is None else self.plan).frontends)
        if reason is None:
            self._in_force(found, nursery)
        self._crew.roster.resize(WORKER, self.plan.workers, nursery)
        self._crew.succession.resume()
        self._ended()
        if reason is None:
            self._done()
        else:
            self._log.line(reload_given_up(reason))
            self._ended_with(False)

    def _in_force(self, found: Changes, nursery: Nursery) -> None:
        self.plan = self._crew.plan = found.plan
        roster = self._crew.roster
        for slot in roster.workers:
            slot.nursery = nursery
        self._crew.follow(nursery, found.plan.frontends, found.frontends)

    def _done(self) -> None:
        assert self._now is not None
        chain = self._now.chain
        if chain:
            self._log.line(CHAIN_COMPLETE)
        slots = self._crew.roster.slots()
        leaving = {child for slot in slots if slot.kind == WORKER for child in slot.leaving}
        if not chain:
            self._leaving.append(leaving)
            self._gone(None)
        self._ended_with(True)

    def _ended_with(self, done: bool) -> None:
        assert self._now is not None
        wish, self._now = self._now, None
        wish.answer(done)
        self._next()

    def _gone(self, child: Child | None) -> None:
        self._begin_again()
        for leaving in list(self._leaving):
            if child is not None:
                leaving.discard(child)
            if not leaving:
                self._leaving.remove(leaving)
                self._log.line(RELOAD_COMPLETE)
