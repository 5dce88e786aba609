"""L{Master}: the service that executes a plan with children."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, succeed

from twisted import __version__ as twisted_version
from twsgi._version import __version__
from twsgi.control.listening import Listening
from twsgi.control.scoreboard import Scoreboard
from twsgi.interfaces import ICheaperAlgorithm, ILineLog, ISpawner
from twsgi.master.cheaper import SpareAlgorithm
from twsgi.master.control import open_control
from twsgi.master.crew import Crew
from twsgi.master.inheritance import Inheritance
from twsgi.master.load import snapshot
from twsgi.master.regulator import Regulator
from twsgi.master.slot import Nursery, OpenControl
from twsgi.master.spawner import ReactorSpawner
from twsgi.master.words import operational_mode
from twsgi.settings.model import Plan


class Master(Service):
    """
    Binds, spawns, watches, replaces and retires, as a plan says.  Reactor thread.  For one start
    and one stop: whoever wants to serve again makes another.

    @ivar listening: the sockets, after L{bind}.
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
    ) -> None:
        """
        @param reactor: IReactorTime; also IReactorProcess and IReactorSocket, where C{spawner} and
            C{control} are not given.
        @param environment: the children's, before the plan's own variables.
        @param log_descriptor: the children's descriptors 1 and 2; stays the caller's.
        @param algorithm: decides how many workers there are; by default uWSGI's C{spare}.
        @param control: makes the control streams.
        """
        self.plan = plan
        self.listening = Listening(plan.listeners, log)
        self._reactor = reactor
        self._log = log
        self._log_descriptor = log_descriptor
        variables = {**environment, **dict(plan.environment)}
        self._spawner = spawner or ReactorSpawner(reactor, variables)
        settings = plan.settings
        self._algorithm = algorithm or SpareAlgorithm(
            settings.cheaper_overload, settings.cheaper_step
        )
        self._open_control = control or partial(open_control, reactor)
        self._crew = Crew(plan, reactor, log)
        self.ready: Deferred[None] = self._crew.ready
        self.failed: Deferred[Any] = self._crew.failed
        self._inheritance: Inheritance | None = None
        self._regulator: Regulator | None = None
        self._stopping = False
        self._stop_waiters: list[Deferred[None]] = []

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
        """
        self.bind()
        super().startService()
        self._announce()
        self._inheritance = Inheritance(self.plan, self.listening.bound, self._log_descriptor)
        self._crew.start(self._nursery(self._inheritance), self._inheritance.scoreboard)
        if self.plan.minimum < self.plan.workers:
            self._regulator = self._make_regulator(self._inheritance.scoreboard)
            self._regulator.start()

    def stopService(self) -> Deferred[None]:
        """
        Accepts nothing new and finishes what is in flight; whoever is not done after
        C{worker-reload-mercy} is killed.

        @return: fires when no child is left.
        """
        super().stopService()
        self.listening.close()
        if self._inheritance is None:
            return succeed(None)
        waiter: Deferred[None] = Deferred()
        self._stop_waiters.append(waiter)
        if not self._stopping:
            self._stopping = True
            if self._regulator is not None:
                self._regulator.stop()
            self._crew.stop(self._finished)
        return waiter

    def stop_now(self) -> None:
        """Kills every child; the Deferred of L{stopService} fires when they are gone."""
        if not self._stopping:
            self.stopService()
        self._crew.kill()

    def _finished(self) -> None:
        if self._inheritance is not None:
            self._inheritance.close()
            self._inheritance = None
        self._log.line("goodbye to uWSGI.")
        waiters, self._stop_waiters = self._stop_waiters, []
        for waiter in waiters:
            waiter.callback(None)

    def _announce(self) -> None:
        settings = self.plan.settings
        version = __version__.public()
        for line in (
            f"your mercy for graceful operations on workers is {settings.worker_reload_mercy}"
            " seconds",
            operational_mode(self.plan.workers, settings.threads),
            f"*** twsgi {version} on Twisted {twisted_version} is running in multiple process"
            " mode ***",
            f"spawned uWSGI master process (pid: {os.getpid()})",
        ):
            self._log.line(line)

    def _nursery(self, inheritance: Inheritance) -> Nursery:
        return Nursery(
            clock=self._reactor,
            log=self._log,
            spawner=self._spawner,
            open_control=self._open_control,
            inheritance=inheritance,
            events=self._crew,
            mercy=self.plan.settings.worker_reload_mercy,
            cores=self.plan.settings.threads,
        )

    def _make_regulator(self, scoreboard: Scoreboard) -> Regulator:
        roster = self._crew.roster

        def look() -> Any:
            return snapshot(self.plan, roster, scoreboard, self.listening.bound)

        return Regulator(self._algorithm, look, roster, self._reactor)
