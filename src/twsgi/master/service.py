"""L{Master}: the service that executes a plan with children."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall

from twsgi.control.lastcall import LAST_CALL
from twsgi.control.listening import Listening
from twsgi.control.scoreboard import Scoreboard
from twsgi.errors import HookError, UserError
from twsgi.interfaces import ICheaperAlgorithm, ILineLog, IOwner, ISpawner
from twsgi.master.beside import Beside
from twsgi.master.commands import SpawnProgram
from twsgi.master.control import open_control
from twsgi.master.counters import counters
from twsgi.master.crew import Crew
from twsgi.master.fifo import Fifo
from twsgi.master.inheritance import Inheritance
from twsgi.master.lookout import Lookout
from twsgi.master.orders import Orders
from twsgi.master.pulse import Pulse
from twsgi.master.renewal import Renewal
from twsgi.master.slot import Nursery, OpenControl
from twsgi.master.spawner import ReactorSpawner
from twsgi.master.staffing import Staffing
from twsgi.master.words import begins, reload_given_up, stop_delayed
from twsgi.settings.model import Plan


class Master(Service):
    """
    Binds, spawns, watches, replaces and retires, as a plan says.  Reactor thread.  For one start
    and one stop: whoever wants to serve again makes another.

    @ivar plan: that is in force.
    @ivar listening: the sockets, after L{bind}.
    @ivar owner: whom an operator means who asks that all stop; None: this service alone.
    @ivar staffing: how many workers there are; None: before the start.
    @ivar read_plan: reads the configuration again (UserError: it cannot be meant); None: there is
        none that could be read.
    @ivar ready: fires with None when the first worker is ready and, where there are frontends,
        one of them too; never, where that does not come to pass.
    @ivar failed: fails once with L{ApplicationError <twsgi.errors.ApplicationError>} where the
        application cannot be loaded before any worker was ready.  Nothing is spawned after it; to
        stop the service is its owner's to do.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        reactor: Any,
        log: ILineLog,
        spawner: ISpawner | None = None,
        environment: Mapping[str, str],
        log_descriptor: int,
        algorithm: ICheaperAlgorithm | None = None,
        control: OpenControl | None = None,
        programs: SpawnProgram | None = None,
    ) -> None:
        """
        @param reactor: IReactorTime; also IReactorProcess and IReactorSocket, where C{spawner} and
            C{control} are not given.
        @param environment: the children's, before the plan's own variables.
        @param log_descriptor: the children's descriptors 1 and 2; stays the caller's.
        @param algorithm: decides how many workers there are; by default what the plan says.
        @param control: makes the control streams.
        @param programs: starts what runs beside the children.
        """
        self._plan = plan
        self.listening = Listening(plan.listeners, log)
        self._reactor = reactor
        self._log = log
        self._log_descriptor = log_descriptor
        self.read_plan: Callable[[], Plan] | None = None
        self.owner: IOwner | None = None
        self._environment = environment
        self._spawner = spawner
        self._algorithm = algorithm
        self._open_control = control or partial(open_control, reactor)
        self._crew = Crew(plan, reactor, log)
        self.ready: Deferred[None] = self._crew.ready
        self.failed: Deferred[Any] = self._crew.failed
        self._inheritance: Inheritance | None = None
        self._renewal: Renewal | None = None
        self.staffing: Staffing | None = None
        self._lookout: Lookout | None = None
        self._pulse: Pulse | None = None
        self._programs = programs
        self._beside: Beside | None = None
        self._begun = False
        orders = Orders(log, self, self._choose)
        self._fifo = Fifo(plan.master_fifo, log, orders.heard)
        self._stopping = False
        self._delay: IDelayedCall | None = None
        self._stop_waiters: list[Deferred[None]] = []

    @property
    def plan(self) -> Plan:
        """That is in force."""
        return self._plan if self._renewal is None else self._renewal.plan

    @property
    def scoreboard(self) -> Scoreboard | None:
        """The memory that all share; None before the start."""
        return None if self._inheritance is None else self._inheritance.scoreboard

    def bind(self) -> None:
        """
        Binds the listening sockets, if they are not yet.

        @raise BindError: an address cannot be had; nothing stays bound.
        """
        self.listening.bind()

    def startService(self) -> None:
        """
        Binds, if nobody has yet, and spawns.

        @raise BindError: an address cannot be had; nothing was started.
        @raise ConfigurationError: C{master-fifo} cannot be made; nothing was started.
        """
        self.bind()
        self._fifo.start()
        super().startService()
        for line in begins(self.plan, os.getpid()):
            self._log.line(line)
        self._inheritance = Inheritance(self.plan, self.listening.bound, self._log_descriptor)
        self._renewal = self._make_renewal(self._inheritance)
        self._beside = self._make_beside()
        self._beside.prepare(self.plan).addCallback(self._prepared)

    def _prepared(self, failed: str) -> None:
        """
        Workers may load the application.

        @param failed: why they may not.
        """
        if self._stopping or self._inheritance is None or self._beside is None:
            return
        if failed:
            self._fail(HookError(failed))
            return
        self._begun = True
        self._beside.begin(self.plan)
        self.staffing = self._make_staffing(self._inheritance)
        self.staffing.begin(self.plan)
        self._crew.start(self._nursery(self._inheritance, self.plan))
        self._lookout = self._make_lookout(self._inheritance, self.staffing)
        self._pulse = Pulse(self._reactor, self._crew.roster)
        self._pulse.start()
        self._crew.sources = self._lookout.sources
        self._follow()
        self.ready.addCallback(self._serves)

    def _fail(self, error: UserError) -> None:
        """Everything is to end because of C{error}; to stop is the owner's to do."""
        if not self.failed.called and not self._stopping:
            self.failed.errback(error)

    def reload(self, plan: Plan | None = None, chain: bool = False) -> Deferred[bool]:
        """
        Replaces the workers by others, which are ready first; no request is lost.  While a reload
        is under way it is remembered, and comes after it.

        @param plan: is to be in force; None: the one that is.  What of it cannot change while all
            goes on stays as it is, with a line in the log.
        @param chain: one worker after another, else all together.
        @return: fires with True when the new workers serve, with False if they never will.
        """
        if self._renewal is None or self._stopping or self._beside is None:
            return succeed(False)
        if plan is None:
            return self._renewal.ask(plan, chain)
        return self._beside.prepare(plan).addCallback(self._reload_prepared, plan, chain)

    def _reload_prepared(self, failed: str, plan: Plan, chain: bool) -> Deferred[bool] | bool:
        if failed:
            self._log.line(reload_given_up(failed))
        if failed or self._renewal is None or self._stopping:
            return False
        return self._renewal.ask(plan, chain).addCallback(self._reloaded)

    def _reloaded(self, done: bool) -> bool:
        if done and self._beside is not None and not self._stopping:
            self._beside.renew(self.plan)
        return done

    def reload_configuration(self) -> Deferred[bool]:
        """As L{reload}, with the configuration as it is now (L{read_plan})."""
        if self.read_plan is None:
            return self.reload()
        try:
            plan = self.read_plan()
        except UserError as error:
            self._log.line(reload_given_up(str(error)))
            return succeed(False)
        for warning in plan.warnings:
            self._log.line(warning)
        return self.reload(plan)

    def stopService(self) -> Deferred[None]:
        """
        Goes on for C{shutdown-delay}, while C{ready-path} says that it will not; then accepts
        nothing new and finishes what is in flight; whoever is not done after C{worker-reload-mercy}
        is killed.

        @return: fires when no child is left.
        """
        super().stopService()
        if self._inheritance is None:
            self.listening.close()
            return succeed(None)
        waiter: Deferred[None] = Deferred()
        self._stop_waiters.append(waiter)
        if not self._stopping:
            self._stopping = True
            if not self._begun:
                self.listening.close()
                self._workers_gone()
                return waiter
            delay = self.plan.settings.shutdown_delay
            serves = self._crew.stop_begins()
            if self._crew.gave_up:
                self._leave()
            elif serves and delay:
                self._log.line(stop_delayed(delay))
                self._delay = self._reactor.callLater(delay, self._last_call)
            else:
                # Also where nobody has said Ready yet: who accepts may serve before that is heard.
                self._last_call()
        return waiter

    def stop_now(self) -> None:
        """Kills every child; the Deferred of L{stopService} fires when they are gone."""
        if not self._stopping:
            self.stopService()
        if self._delay is not None:
            self._delay.cancel()
            self._leave()
        self._crew.kill()
        if self._beside is not None:
            self._beside.kill()

    def finish(self, at_once: bool = False) -> None:
        """Everything is to stop, this service included; C{at_once}: whatever is under way."""
        if self.owner is not None:
            self.owner.finish(at_once)
        elif at_once:
            self.stop_now()
        else:
            self.stopService()

    def tell_counters(self) -> None:
        """Says what the workers have done so far."""
        if self._inheritance is not None:
            for line in counters(self._crew.roster, self._inheritance.scoreboard):
                self._log.line(line)

    def _last_call(self) -> None:
        """Nobody else comes in; who is at the door already is served."""
        if self.listening.last_call():
            self._delay = self._reactor.callLater(LAST_CALL, self._leave)
        else:
            self._leave()

    def _leave(self) -> None:
        """All go."""
        self._delay = None
        self.listening.close()
        self._rest()
        if self._pulse is not None:
            self._pulse.stop()
        if self._lookout is not None:
            self._lookout.stop_begins()
        if self._renewal is not None:
            self._renewal.stop()
        if self._beside is not None:
            self._beside.stop_begins()
        self._crew.stop(self._workers_gone)

    def _workers_gone(self) -> None:
        """Who runs beside may have been needed until now."""
        if self._beside is not None:
            self._beside.end(self._finished)

    def _finished(self) -> None:
        self._fifo.stop(self.plan.settings.vacuum)
        if self._lookout is not None:
            self._lookout.stop()
        if self._inheritance is not None:
            self._inheritance.close()
            self._inheritance = None
        self._log.line("goodbye to uWSGI.")
        waiters, self._stop_waiters = self._stop_waiters, []
        for waiter in waiters:
            waiter.callback(None)

    def _nursery(self, inheritance: Inheritance, plan: Plan) -> Nursery:
        variables = {**self._environment, **dict(plan.environment)}
        return Nursery(
            clock=self._reactor,
            log=self._log,
            spawner=self._spawner or ReactorSpawner(self._reactor, variables),
            open_control=self._open_control,
            inheritance=inheritance.following(plan),
            events=self._crew,
            mercy=plan.settings.worker_reload_mercy,
            ready_within=plan.settings.worker_ready_timeout,
            cores=plan.settings.threads,
        )

    def _make_renewal(self, inheritance: Inheritance) -> Renewal:
        return Renewal(
            self._plan,
            self._crew,
            self._log,
            inheritance.scoreboard,
            nursery=partial(self._nursery, inheritance),
            begins=self._rest,
            ended=self._follow,
        )

    def _make_beside(self) -> Beside:
        return Beside(
            self._plan,
            self._reactor,
            self._log,
            {**self._environment, **dict(self._plan.environment)},
            self._log_descriptor,
            self._fail,
            self._programs,
        )

    def _make_lookout(self, inheritance: Inheritance, staffing: Staffing) -> Lookout:
        return Lookout(
            self._reactor,
            self._log,
            self._crew.roster,
            inheritance.scoreboard,
            replace=self._crew.replace_at_once,
            recycle=self._crew.recycle,
            reread=self.reload_configuration,
            reload=self.reload,
            chain=partial(self.reload, chain=True),
            also=(self._fifo, *staffing.lookers),
        )

    def _serves(self, result: None) -> None:
        if self._renewal is not None and not self._stopping:
            self._renewal.start()
        if self._beside is not None and not self._stopping:
            self._beside.loaded(self.plan)

    def _rest(self) -> None:
        """Nobody decides how many workers there are: a reload does, or the end."""
        if self.staffing is not None:
            self.staffing.rest()

    def _follow(self) -> None:
        """Looks at the workers and the rest, as the plan in force says."""
        plan = self.plan
        if self._inheritance is None or self._stopping:
            return
        if self._pulse is not None:
            self._pulse.follow(plan.settings)
        if self.staffing is not None:
            self.staffing.follow(plan)
        if self._lookout is not None:
            self._lookout.follow(plan)

    def _make_staffing(self, inheritance: Inheritance) -> Staffing:
        return Staffing(
            self._reactor,
            self._log,
            self._crew,
            inheritance.scoreboard,
            self.listening,
            algorithm=self._algorithm,
            end=self.finish,
        )

    def _choose(self, number: int) -> None:
        self._fifo.choose(number)
