"""L{Crew}: what is done when a child is ready, asks for a replacement, fails or dies."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.defer import Deferred, DeferredList, succeed
from twisted.internet.interfaces import IReactorTime

from twsgi.control.launch import FRONTEND, WORKER
from twsgi.control.scoreboard import WORKER_LINKED
from twsgi.errors import EXIT_NO_APP, ApplicationError
from twsgi.interfaces import ILineLog
from twsgi.master.child import Child, State
from twsgi.master.links import link
from twsgi.master.mending import Mending
from twsgi.master.roster import Roster
from twsgi.master.shutdown import Shutdown
from twsgi.master.slot import Nursery, Slot
from twsgi.master.succession import Succession, Successors
from twsgi.master.words import Leave, instance_destroyed, killing, never_took_over
from twsgi.settings.model import Plan


class Crew:
    """
    The children of a running master, from the first spawn to the last burial; it is who hears
    them (L{ChildEvents <twsgi.master.child.ChildEvents>}).  Reactor thread.

    @ivar plan: that is in force.
    @ivar ready: see L{Master <twsgi.master.service.Master>}.
    @ivar failed: see there.
    @ivar reload: who hears of the successors while a reload is under way, None: none is.
    @ivar gave_up: the application cannot be loaded; nobody is started any more.
    @ivar gone: called for each child that has exited, when all else is done.
    @ivar sources: called with what workers say of files (C{py-autoreload}).
    """

    #: From L{start} on.
    roster: Roster

    def __init__(self, plan: Plan, clock: IReactorTime, log: ILineLog) -> None:
        """Nobody is there."""
        self.plan = plan
        self.ready: Deferred[None] = Deferred()
        self.failed: Deferred[Any] = Deferred()
        self.reload: Successors | None = None
        self.gone: Callable[[Child], None] = lambda child: None
        self.sources: Callable[[Sequence[str], Sequence[int], bool], None] = lambda *told: None
        self.succession = Succession(clock, log, self.take_over)
        self._clock = clock
        self._log = log
        self._worker_was_ready = False
        self.gave_up = self._stop_begun = False
        self._shutdown: Shutdown | None = None

    def start(self, nursery: Nursery) -> None:
        """Starts the first workers, unless there are to be none (C{cheap}), and all frontends."""
        self.roster = Roster(self.plan.workers, self.plan.frontends, nursery)
        self._mending = Mending(self.roster, self._clock, self._log, self._look_whether_ready)
        first = 0 if self.plan.settings.cheap else self.plan.initial
        for slot in (*self.roster.workers[:first], *self.roster.frontends):
            slot.fill()

    @property
    def stumbles(self) -> bool:
        """No worker was ready yet, and one that has died waits for another, or all sleep."""
        workers = self.roster.workers
        waits = any(slot.used and slot.child is None for slot in workers)
        waits = waits or not any(slot.used for slot in workers)
        return waits and not (self._worker_was_ready or self.gave_up)

    def begin_again(self) -> bool:
        """
        The plan is another one: who has to wait before the next is started waits no longer.

        @return: nobody is there who was started before.
        """
        alone = all(slot.child is None for slot in self.roster.workers)
        for slot in self.roster.workers:
            if slot.child is None and (slot.used or slot.index <= self.plan.initial):
                slot.abandon()
                slot.fill()
        return alone

    def stop_begins(self) -> bool:
        """
        A stop has begun: all are told, those that come later too; else everything goes on.

        @return: there is, or was, something to go on with.
        """
        self._stop_begun = True
        for child in self.roster.children():
            self._tell_stop(child)
        return self._worker_was_ready and not self.gave_up

    def _tell_stop(self, child: Child) -> None:
        child.control.stop_begins().addErrback(lambda failure: None)

    def stop(self, finished: Callable[[], None]) -> None:
        """Lets everybody leave; C{finished} is called when nobody is left.  Once."""
        if not self.gave_up:
            self._log.line("SIGINT/SIGTERM received...killing workers...")
        self._abandon()
        settings = self.plan.settings
        mercy = settings.reload_mercy or settings.worker_reload_mercy
        self._shutdown = Shutdown(self.roster, self._clock, mercy, finished)
        self._shutdown.begin()

    def kill(self) -> None:
        """Ends everybody at once; after L{stop}."""
        if self._shutdown is not None:
            self._shutdown.kill()

    def recycle(self, child: Child, reason: str) -> None:
        """
        Replaces a worker: another is started first, and takes over when it is ready; one worker
        at a time.  Nothing, where it leaves already.

        @param reason: a line for the log.
        """
        slot = self._held(child)
        if slot is not None:
            self._log.line(reason)
            self.succession.ask(slot, child)

    def replace_at_once(self, child: Child, mercy: float = 0.0) -> None:
        """
        A worker hangs: it is asked to leave, and another is started now.

        @param mercy: see L{Child.leave}.
        """
        slot = self._held(child)
        if slot is not None:
            self._make_way(slot)
            child.leave(Leave.HARAKIRI, mercy)

    def retire(self, child: Child) -> None:
        """A worker is not needed (C{cheaper})."""
        self.succession.forget(self.roster.slot(child))
        child.leave(Leave.CHEAP)

    def sleep(self) -> None:
        """No worker is needed (C{idle}): all go, and nobody comes after them until L{wake}."""
        for slot in self.roster.workers:
            slot.abandon()
            if slot.child is None:
                self.succession.forget(slot)
            else:
                self._log.line(killing(slot.index, slot.child.pid))
                self.retire(slot.child)

    def wake(self) -> None:
        """Starts as many workers as at the start; who still leaves is not waited for."""
        for slot in self.roster.workers[: self.plan.initial]:
            if slot.child is not None and slot.child.leaving is Leave.CHEAP:
                slot.step_aside()
            if slot.free:
                slot.fill()

    def follow(self, nursery: Nursery, frontends: int, changed: bool) -> None:
        """
        Another plan is in force: so many frontends, those that are there keep their clients.

        @param changed: they are to do something otherwise.
        """
        before = list(self.roster.frontends)
        self.roster.resize(FRONTEND, frontends, nursery)
        for slot in self.roster.frontends:
            slot.nursery = nursery
            if slot not in before:
                slot.fill()
            elif slot.child is not None and changed:
                self._reconfigure(slot, slot.child)

    def take_over(self, slots: list[Slot], words: str = "") -> None:
        """
        Lets the successors in C{slots} take over, who are ready: they get their links, and when
        these are in use, who served before is asked to leave.

        @param words: a line for the log as that is done; empty: none.
        @raise OSError: no descriptors are left; nobody has taken over.
        """
        linked = [self._link(slot.successor) for slot in slots if slot.successor is not None]
        before = [old for slot in slots if (old := slot.take_over()) is not None]

        def leave(result: object) -> None:
            for old in before:
                old.leave(Leave.RELOAD)
            if words:
                self._log.line(words)

        DeferredList(linked).addCallback(leave)

    # ChildEvents

    def child_ready(self, child: Child) -> None:
        """Gives it its links; where it is to take over, it waits for them."""
        if self._stop_begun:
            self._tell_stop(child)
        slot = self.roster.slot(child)
        if slot.successor is child:
            self._successors().ready(slot)
            return
        if child.kind == WORKER:
            self._worker_was_ready = True
        for worker, frontend in self._pairs(child):
            self._mending.link(worker, frontend)
        self._let_in(child)
        self._look_whether_ready()

    def child_unfit(self, child: Child) -> None:
        """Gives up, if no worker was ever ready: the next one would fail as well."""
        slot = self.roster.slot(child)
        if slot.successor is child:
            if self.reload is not None:
                self.reload.failed(slot, child.unfit or "")
        elif not self._worker_was_ready and self._shutdown is None:
            self._give_up(child, child.unfit or "")

    def child_asks_replacement(self, child: Child) -> None:
        """Replaces it by one that is ready before it goes."""
        slot = self._held(child) if self._shutdown is None else None
        if slot is not None:
            self.succession.ask(slot, child)

    def child_sources(self, paths: Sequence[str], changed: Sequence[int], failed: bool) -> None:
        """It is not the crew's affair."""
        self.sources(paths, changed, failed)

    def child_lost_link(self, child: Child, place: int) -> None:
        """Gives it another, if that worker is not about to be gone."""
        self._mending.lost(child, place)

    def child_exited(self, child: Child) -> None:
        """Clears what it leaves, and decides who comes next."""
        if self._shutdown is None and not self.gave_up and self._stops_the_start(child):
            self._give_up(child, f"the application could not be loaded in worker {child.index}")
        slot = self.roster.slot(child)
        served, was_successor = slot.child is child, slot.successor is child
        hushed = was_successor and self.reload is not None
        self.roster.vacate(child, hushed or (self.gave_up and child.leaving is None))
        if self._shutdown is not None:
            self._shutdown.progress()
        elif was_successor:
            reason = never_took_over(child.death, child.kind, child.index)
            self._successors().failed(slot, reason)
        elif served and not self.gave_up:
            self._after(slot, child)
        if self._shutdown is None and not was_successor:
            self._successors().left(slot)
        self.gone(child)

    def _after(self, slot: Slot, child: Child) -> None:
        """C{child}, who served in C{slot}, is gone: who comes next."""
        if child.leaving is Leave.CHEAP:
            return
        if slot.successor is None or self.reload is not None:
            # During a reload: nobody knows whether the successor ever will.
            slot.refill(child)
        else:
            # It is not ready yet, and is who serves there when it is.
            slot.take_over()

    def _make_way(self, slot: Slot) -> None:
        slot.step_aside()
        if slot.successor is not None and self.reload is None:
            slot.take_over()
            self.succession.left(slot)
        else:
            slot.fill()

    def _reconfigure(self, slot: Slot, child: Child) -> None:
        """@param child: a frontend that was started for another plan."""
        if child.state is not State.READY:
            # It has no clients yet, or is about to be gone.
            child.leave(Leave.REPLACE)
            return
        try:
            launch = slot.launch(child)
        except OSError as error:
            self._log.line(f"unable to reconfigure {child.kind} {child.index}: {error.strerror}")
            child.leave(Leave.REPLACE)
            return
        child.mercy = slot.nursery.mercy
        done = child.control.reconfigure(launch)
        done.addErrback(lambda failure: None).addCallback(lambda _: os.close(launch))

    def _held(self, child: Child) -> Slot | None:
        """Where C{child} serves, and nobody has asked it to leave; None: it does not."""
        slot = self.roster.slot(child)
        return slot if slot.child is child and child.leaving is None else None

    def _successors(self) -> Successors:
        return self.reload or self.succession

    def _link(self, child: Child) -> Deferred[Any]:
        """
        Gives C{child} its links, and lets it accept, if it has waited for that.

        @return: fires when it serves; never fails.
        @raise OSError: no descriptors are left.
        """
        pairs = self._pairs(child)
        linked = [link(worker, frontend, worker.cores) for worker, frontend in pairs]
        for worker, _ in pairs:
            self.roster.scoreboard.link_worker(worker.place)
        return DeferredList([*linked, self._let_in(child)], consumeErrors=True)

    def _pairs(self, child: Child) -> list[tuple[Child, Child]]:
        """The workers and frontends that are to have links, now that C{child} is there."""
        if child.kind == WORKER:
            return [(child, frontend) for frontend in self.roster.linkable(FRONTEND)]
        return [(worker, child) for worker in self.roster.linkable(WORKER)]

    def _let_in(self, child: Child) -> Deferred[Any]:
        """C{child} accepts from now on, if it has waited for that."""
        if not child.waits:
            return succeed(None)
        child.waits = False
        return child.control.accept().addErrback(lambda failure: None)

    def _look_whether_ready(self) -> None:
        board = self.roster.scoreboard
        workers = self.roster.linkable(WORKER)
        if self.roster.frontends:
            workers = [one for one in workers if board.worker(one.place)[WORKER_LINKED]]
        if workers and not self.ready.called:
            self.ready.callback(None)

    def _stops_the_start(self, child: Child) -> bool:
        death = child.death
        return (
            death is not None
            and child.kind == WORKER
            and death.code == EXIT_NO_APP
            and self.plan.settings.need_app
            and not self._worker_was_ready
        )

    def _give_up(self, child: Child, reason: str) -> None:
        if self.gave_up:
            return
        self.gave_up = True
        self._abandon()
        self._log.line("\n".join(instance_destroyed(child.index, child.pid)))
        self.failed.errback(ApplicationError(reason))

    def _abandon(self) -> None:
        """Nobody is started any more, and nobody takes over."""
        self._mending.stop()
        self.succession.pause()
        for slot in self.roster.slots():
            slot.abandon()
