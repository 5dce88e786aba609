"""L{Crew}: what is done when a child is ready, asks for a replacement, fails or dies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from twsgi.control.launch import FRONTEND, WORKER
from twsgi.control.scoreboard import Scoreboard
from twsgi.errors import EXIT_NO_APP, ApplicationError
from twsgi.interfaces import ILineLog
from twsgi.master.child import Child
from twsgi.master.links import link
from twsgi.master.mending import Mending
from twsgi.master.roster import Roster
from twsgi.master.shutdown import Shutdown
from twsgi.master.slot import Nursery
from twsgi.master.words import Leave, instance_destroyed
from twsgi.settings.model import Plan


class Crew:
    """
    The children of a running master, from the first spawn to the last burial; it is who hears
    them (L{ChildEvents <twsgi.master.child.ChildEvents>}).  Reactor thread.

    @ivar ready: see L{Master <twsgi.master.service.Master>}.
    @ivar failed: see there.
    """

    #: From L{start} on.
    roster: Roster

    def __init__(self, plan: Plan, clock: IReactorTime, log: ILineLog) -> None:
        """Nobody is there."""
        self.ready: Deferred[None] = Deferred()
        self.failed: Deferred[Any] = Deferred()
        self._plan = plan
        self._clock = clock
        self._log = log
        self._worker_was_ready = False
        self._gave_up = False
        self._shutdown: Shutdown | None = None

    def start(self, nursery: Nursery, scoreboard: Scoreboard) -> None:
        """Starts the first workers and all frontends."""
        self._scoreboard = scoreboard
        self.roster = Roster(self._plan.workers, self._plan.frontends, nursery)
        self._mending = Mending(self.roster, self._clock, self._log)
        for slot in (*self.roster.workers[: self._plan.initial], *self.roster.frontends):
            slot.fill()

    def stop(self, finished: Callable[[], None]) -> None:
        """Lets everybody leave; C{finished} is called when nobody is left.  Once."""
        if not self._gave_up:
            self._log.line("SIGINT/SIGTERM received...killing workers...")
        self._abandon()
        mercy = self._plan.settings.worker_reload_mercy
        self._shutdown = Shutdown(self.roster, self._clock, mercy, finished)
        self._shutdown.begin()

    def kill(self) -> None:
        """Ends everybody at once; after L{stop}."""
        if self._shutdown is not None:
            self._shutdown.kill()

    # ChildEvents

    def child_ready(self, child: Child) -> None:
        """Gives it its links."""
        if child.kind == WORKER:
            self._worker_was_ready = True
        try:
            self._link(child)
        except OSError as error:
            # Without its links it is of no use; the next one may find descriptors again.
            self._log.line(f"unable to link {child.kind} {child.index}: {error.strerror}")
            child.leave(Leave.REPLACE)
            return
        if not self.ready.called and self._can_serve():
            self.ready.callback(None)

    def child_unfit(self, child: Child) -> None:
        """Gives up, if no worker was ever ready: the next one would fail as well."""
        if not self._worker_was_ready and self._shutdown is None:
            self._give_up(child, child.unfit or "")

    def child_asks_replacement(self, child: Child) -> None:
        """
        Lets it go, and another come: first, where a place is free, so that somebody serves while
        it finishes; else, when all places are taken, after it.
        """
        if self._shutdown is not None:
            return
        free = self.roster.free_workers() if child.kind == WORKER else []
        if free:
            free[0].fill()
        child.leave(Leave.MOVED if free else Leave.REPLACE)

    def child_lost_link(self, child: Child, worker: int) -> None:
        """Gives it another, if that worker is not about to be gone."""
        self._mending.lost(child, worker)

    def child_exited(self, child: Child) -> None:
        """Clears what it leaves, and decides who comes next."""
        if child.kind == WORKER:
            self._scoreboard.clear_worker(child.index)
        else:
            self._scoreboard.clear_frontend(child.index)
        if self._shutdown is None and not self._gave_up and self._stops_the_start(child):
            self._give_up(child, f"the application could not be loaded in worker {child.index}")
        slot = self.roster.slot(child)
        slot.vacate(silent=self._gave_up and child.leaving is None)
        if self._shutdown is not None:
            self._shutdown.progress()
        elif not self._gave_up and child.leaving not in (Leave.CHEAP, Leave.MOVED):
            slot.refill(child)

    def _link(self, child: Child) -> None:
        """@raise OSError: no descriptors are left."""
        threads = self._plan.settings.threads
        if child.kind == WORKER:
            for frontend in self.roster.linkable(FRONTEND):
                link(child, frontend, threads)
        else:
            for worker in self.roster.linkable(WORKER):
                link(worker, child, threads)

    def _can_serve(self) -> bool:
        linked = not self.roster.frontends or bool(self.roster.linkable(FRONTEND))
        return linked and bool(self.roster.linkable(WORKER))

    def _stops_the_start(self, child: Child) -> bool:
        death = child.death
        return (
            death is not None
            and child.kind == WORKER
            and death.code == EXIT_NO_APP
            and self._plan.settings.need_app
            and not self._worker_was_ready
        )

    def _give_up(self, child: Child, reason: str) -> None:
        if self._gave_up:
            return
        self._gave_up = True
        self._abandon()
        self._log.line("\n".join(instance_destroyed(child.index, child.pid)))
        self.failed.errback(ApplicationError(reason))

    def _abandon(self) -> None:
        self._mending.stop()
        for slot in self.roster.slots():
            slot.abandon()
