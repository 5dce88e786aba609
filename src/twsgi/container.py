"""L{Container}: WSGI applications as a service of any Twisted application."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from twisted.application.service import Service
from twisted.internet.defer import Deferred, fail, maybeDeferred, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure

from twsgi.control.privileges import check_place
from twsgi.embedding import OF_THE_WORKERS, refuse_moments
from twsgi.errors import ConfigurationError
from twsgi.interfaces import ILineLog, IOwner
from twsgi.log.embedded import LoggerLog
from twsgi.owner import HostedOwner
from twsgi.settings.model import Plan, Settings
from twsgi.settings.validation import algorithms_list

#: Options about the process that serves.  Without a master that is the host's, which is not ours.
_OF_THE_PROCESS = (
    "chdir",
    "chdir2",
    "virtualenv",
    "pyargv",
    "py_executable",
    "env",
    "pidfile",
    "pidfile2",
    "daemonize",
    "uid",
    "gid",
    "add_gid",
    "chroot",
    "umask",
    "procname_prefix",
    "auto_procname",
    *OF_THE_WORKERS,
)
#: Options about the master's process, which an embedded container has not.
_OF_THE_MASTER = ("pidfile", "pidfile2", "safe_pidfile", "safe_pidfile2", "daemonize")


class PlanService(Protocol):
    """
    What executes a Plan: L{twsgi.master.service.Master}, or L{twsgi.worker.solo.Solo}.

    @ivar failed: fails once, with a L{twsgi.errors.UserError}, where it cannot go on.
    @ivar ready: fires when requests are served.
    @ivar read_plan: see L{Container.from_plan}.
    @ivar owner: whom it asks for what is not its own to do.
    """

    failed: Deferred[Any]
    ready: Deferred[None]
    read_plan: Callable[[], Plan] | None
    owner: IOwner | None

    def bind(self) -> None:
        """Binds the listening sockets, if they are not yet."""

    def startService(self) -> None:
        """Starts."""

    def stopService(self) -> Deferred[Any] | None:
        """Finishes what is in flight, ends."""

    def stop_now(self) -> None:
        """Ends at once."""

    def reload(self, plan: Plan | None = None, chain: bool = False) -> Deferred[bool]:
        """See L{Container.reload}; C{plan}: None: the one in force."""

    def reload_configuration(self) -> Deferred[bool]:
        """See L{Container.reload_configuration}."""


#: Makes what executes a Plan: (plan, reactor, log, environment, descriptor of the log).
Executor = Callable[[Plan, Any, ILineLog, Mapping[str, str], int], PlanService]


class Container(Service):
    """
    Serves one WSGI application as a mapping of uWSGI's options says::

        Container({"http": ":8000", "module": "app", "processes": 2}).setServiceParent(application)

    The host's process is never touched: no chdir, environment, signals, standard streams, title
    or pidfile.  With more than one process, or C{"master": True}, C{chdir}, C{env} and the like
    are the children's.  In a Plan of one process the application runs in the host's, on threads:
    there they are refused, except C{pythonpath}, which extends the host's C{sys.path}.

    The container's own lines go to L{twisted.logger}; what the children write goes to a
    descriptor, as it is.  Reactor thread, but for the constructor.
    """

    _log = Logger(namespace="twsgi")

    def __init__(
        self,
        options: Mapping[str, object],
        *,
        reactor: Any = None,
        log_descriptor: int | None = None,
    ) -> None:
        """
        @param options: uWSGI's options by name, C{-} or C{_}: a repeated option is a list, a bare
            one True.  Relative paths are relative to C{chdir}, or to the working directory now.
        @param reactor: by default the global one, asked for when the service starts.
        @param log_descriptor: what the children write their log to; stays the caller's.  By
            default a duplicate of descriptor 2, which is made at the start and closed at the end.
        @raise ConfigurationError: the options say something that cannot be had.
        """
        self._store(embedded_plan(options), reactor, LoggerLog(), log_descriptor, True)

    @classmethod
    def from_plan(
        cls,
        plan: Plan,
        *,
        reactor: Any,
        log: ILineLog,
        log_descriptor: int,
        read_plan: Callable[[], Plan] | None = None,
    ) -> Container:
        """
        A container that is the whole process: its log has raw lines, and no option is refused.
        For the entry points; what is the process's they see to themselves.

        @param log_descriptor: stays the caller's.
        @param read_plan: makes a Plan of the configuration as it is now (L{UserError
            <twsgi.errors.UserError>}: it cannot be meant); None: there is none to be read.
        """
        container = cls.__new__(cls)
        container._store(plan, reactor, log, log_descriptor, False)
        container._read_plan = read_plan
        return container

    def _store(
        self,
        plan: Plan,
        reactor: Any,
        log: ILineLog,
        log_descriptor: int | None,
        embedded: bool,
    ) -> None:
        self.plan = plan
        #: Makes what executes the plan; tests put another here.
        self.execute: Executor = execute
        self._reactor = reactor
        self._lines = log
        self._log_descriptor = log_descriptor
        self._duplicate: int | None = None
        self._embedded = embedded
        #: Whom an order means that asks that all stop; an entry point puts itself here.
        self.owner: IOwner = HostedOwner(self, log)
        self._read_plan: Callable[[], Plan] | None = None
        self._running: PlanService | None = None
        self._stopping: PlanService | None = None
        self._stop_waiters: list[Deferred[None]] = []
        self._failure: Failure | None = None
        self._failure_waiters: list[Deferred[Any]] = []

    @property
    def reactor(self) -> Any:
        """The reactor it runs in."""
        if self._reactor is None:
            from twisted.internet import reactor

            self._reactor = reactor
        return self._reactor

    @property
    def failed(self) -> Deferred[Any]:
        """
        A Deferred of the caller's own (each time another one) that fails where the container
        cannot go on: with L{twsgi.errors.ApplicationError} where the application cannot be
        loaded.  The container stops then by itself.
        """
        if self._failure is not None:
            return fail(self._failure)
        waiter: Deferred[Any] = Deferred()
        self._failure_waiters.append(waiter)
        return waiter

    def when_ready(self, call: Callable[[], None]) -> None:
        """Calls C{call} when requests are served.  Between the start and the stop."""
        if self._running is not None:
            self._running.ready.addCallback(lambda _: call())

    def bind(self) -> None:
        """
        Binds the listening sockets, if they are not yet.

        @raise BindError: an address cannot be had; nothing stays bound.
        @raise ConfigurationError: C{chdir}, C{chroot}, C{uid} or C{gid} cannot be; nothing is
            bound.
        """
        if self._running is None:
            # Not again at the start: by then names of users may lie outside of the root.
            check_place(self.plan.settings, self.plan.directory)
        execution = self._execution()
        try:
            execution.bind()
        except BaseException:
            self._running = None
            self._close_duplicate()
            raise

    def privilegedStartService(self) -> None:
        """Binds, while the process may still have the right to ports below 1024."""
        super().privilegedStartService()
        self.bind()

    def startService(self) -> None:
        """
        Starts to serve.

        @raise BindError: an address cannot be had; nothing stays bound.
        """
        if self._embedded:
            for warning in self.plan.warnings:
                self._log.warn("{warning}", warning=warning)
        self.bind()
        super().startService()
        if self.plan.settings.cheaper_algos_list:
            for line in algorithms_list():
                self._lines.line(line)
        execution = self._execution()
        # Not before: who binds early may not know yet whose it will be.
        execution.owner = self.owner
        execution.startService()

    def stopService(self) -> Deferred[None]:
        """
        Accepts nothing new and finishes what is in flight (C{worker-reload-mercy} at most).

        @return: fires when nothing of the container is left.
        """
        super().stopService()
        execution, self._running = self._running, None
        if execution is not None:
            self._stopping = execution
            maybeDeferred(execution.stopService).addBoth(self._stopped)
        if self._stopping is None:
            return succeed(None)
        waiter: Deferred[None] = Deferred()
        self._stop_waiters.append(waiter)
        return waiter

    def stop_now(self) -> None:
        """Ends at once: requests in flight are cut off.  Also while it is being stopped."""
        execution = self._running or self._stopping
        if execution is not None:
            execution.stop_now()

    def reload(
        self, options: Mapping[str, object] | None = None, *, chain: bool = False
    ) -> Deferred[bool]:
        """
        Replaces the workers by others, which load the application anew; these are ready before the
        old ones go, and no request is lost.  Without a master there is one line in the log.

        @param options: are to be in force, whole, as in the constructor; None: those that are.
            What of them cannot change while it runs (addresses, users) stays, and the log says so.
        @param chain: one worker after another; else all together, when all are ready.
        @return: fires with True when the new workers serve, with False if they never will: the log
            says why, and the old ones go on.
        @raise ConfigurationError: as the constructor.
        """
        plan = None if options is None else embedded_plan(options, self.plan.master)
        if self._running is None or not self.running:
            return succeed(False)

        def reloaded(done: bool) -> bool:
            if done and plan is not None:
                self.plan = plan
            return done

        return self._running.reload(plan, chain).addCallback(reloaded)

    def reload_configuration(self) -> Deferred[bool]:
        """
        As L{reload}, with the configuration as it is now, where this process has been started with
        one; what cannot be meant is one line in the log, and all goes on.
        """
        if self._running is None or not self.running:
            return succeed(False)
        return self._running.reload_configuration()

    def _stopped(self, result: Any) -> None:
        if isinstance(result, Failure):
            self._log.failure("the container did not stop as it should", result)
        self._stopping = None
        self._close_duplicate()
        waiters, self._stop_waiters = self._stop_waiters, []
        for waiter in waiters:
            waiter.callback(None)

    def _close_duplicate(self) -> None:
        if self._duplicate is not None:
            os.close(self._duplicate)
            self._duplicate = None

    def _execution(self) -> PlanService:
        """What runs, or shall."""
        if self._running is None:
            self._failure = None
            # What a hook puts there until the start is the children's too.
            environment = dict(os.environ) if self._embedded else os.environ
            execution = self.execute(
                self.plan, self.reactor, self._lines, environment, self._descriptor()
            )
            execution.read_plan = self._read_plan
            execution.failed.addErrback(self._execution_failed)
            self._running = execution
        return self._running

    def _descriptor(self) -> int:
        if self._log_descriptor is not None:
            return self._log_descriptor
        if self._duplicate is None:
            self._duplicate = os.dup(2)
        return self._duplicate

    def _execution_failed(self, failure: Failure) -> None:
        """Who asked is told, and the container stops; the process lives on."""
        self._failure = failure
        if self._embedded:
            self._log.critical(
                "the container is stopped: {reason}", reason=failure.getErrorMessage()
            )
        waiters, self._failure_waiters = self._failure_waiters, []
        for waiter in waiters:
            waiter.errback(failure)
        if self.running:
            self.stopService()


def embedded_plan(options: Mapping[str, object], master: bool = False) -> Plan:
    """
    The Plan of a container in somebody else's process.

    @param master: there is one already.
    @raise ConfigurationError: the options cannot be meant, or not there.
    """
    from twsgi.settings.plan import plan
    from twsgi.settings.resolve import from_mapping

    settings, warnings = from_mapping(options)
    refuse_moments(settings)
    found = plan(settings, os.getcwd(), master)
    if not found.master:
        _refuse_options_of_the_process(settings)
    else:
        warnings += [
            f"{option.replace('_', '-')}: not written, for an embedded container has no process"
            for option in _OF_THE_MASTER
            if getattr(settings, option)
        ]
    return dataclasses.replace(found, warnings=(*warnings, *found.warnings))


def _refuse_options_of_the_process(settings: Settings) -> None:
    """@raise ConfigurationError: an option would change the host's process."""
    untouched = Settings()
    for field in _OF_THE_PROCESS:
        if getattr(settings, field) != getattr(untouched, field):
            option = field.replace("_", "-")
            raise ConfigurationError(
                f"{option}: an embedded container of one process does not change the process that"
                f" hosts it; remove {option}, or give the application a process of its own with"
                " master = true"
            )


def execute(
    plan: Plan, reactor: Any, log: ILineLog, environment: Mapping[str, str], descriptor: int
) -> PlanService:
    """What executes C{plan}: a master with children, or this process alone."""
    if plan.master:
        from twsgi.master.service import Master

        return Master(
            plan,
            reactor=reactor,
            log=log,
            environment=environment,
            log_descriptor=descriptor,
        )
    from twsgi.worker.solo import Solo

    return Solo(plan, reactor=reactor, log=log)
