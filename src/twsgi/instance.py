"""L{Instance}: a container that is a process of its own: log, pidfile, signals, exit code."""

from __future__ import annotations

import faulthandler
from collections.abc import Callable, Sequence
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.error import ReactorNotRunning
from twisted.logger import ILogObserver, Logger
from twisted.python.components import Componentized
from twisted.python.failure import Failure
from zope.interface import implementer

from twsgi.container import Container
from twsgi.control.openfiles import raise_limit
from twsgi.daemon import Detachment
from twsgi.errors import UserError
from twsgi.interfaces import IOwner
from twsgi.log.observer import SinkObserver
from twsgi.log.sink import LogSink
from twsgi.moments import Moments
from twsgi.orphans import Orphans
from twsgi.pidfile import Pidfile
from twsgi.process import StandardStreams, apply_to_process, settle_process
from twsgi.signals import install_signals

#: After a second signal nothing may hold the process for longer, in seconds.
_LAST_RESORT = 3.0


def _leave_in_any_case(seconds: float) -> None:
    faulthandler.dump_traceback_later(seconds, exit=True)


@implementer(IOwner)
class Instance(Service):
    """
    What twistd, twist and twsgi run.  Reactor thread.

    @ivar exit_code: what the process shall exit with.
    @ivar sink: the log; this object closes it never, it is the process's.
    """

    _log = Logger()

    def __init__(
        self,
        container: Container,
        sink: LogSink,
        pidfile: Pidfile,
        *,
        reactor: Any,
        log_is_file: bool = False,
        observe: bool = True,
        streams: StandardStreams | None = None,
        second_pidfile: Pidfile | None = None,
        safe_pidfiles: Sequence[Pidfile] = (),
        moments: Moments | None = None,
        detachment: Detachment | None = None,
        take_signals: Callable[..., None] = install_signals,
        last_resort: Callable[[float], None] = _leave_in_any_case,
        orphans: Orphans | None = None,
    ) -> None:
        """
        @param log_is_file: the log is not where descriptor 2 leads to.
        @param observe: what is said through L{twisted.logger} shall go to the log too.
        @param streams: what to put back when the reactor runs; None: nothing.
        @param second_pidfile: is written when privileges have been dropped.
        @param safe_pidfiles: are written when requests are served.
        @param moments: what is to be done at the start and at the end; None: nothing.
        @param orphans: whom a master buries beside its own children; None: nobody.
        @param detachment: takes the process into the background first; None: nobody, or a runner.
        """
        self.exit_code = 0
        self.container = container
        container.owner = self
        self.sink = sink
        self._pidfiles = (pidfile, second_pidfile or Pidfile("", "pidfile2"), *safe_pidfiles)
        self._moments = moments
        self._begun = False
        self._detachment = detachment
        self._reactor = reactor
        self._log_is_file = log_is_file
        self._observe = observe
        self._streams = streams
        self._take_signals = take_signals
        self._last_resort = last_resort
        self._orphans = orphans
        self._ending = False

    def setServiceParent(self, parent: Any) -> None:
        """Tells twistd to write its log to ours: one file, and no rotation under it."""
        if self._observe and isinstance(parent, Componentized):
            parent.setComponent(ILogObserver, SinkObserver(self.sink))
        super().setServiceParent(parent)

    def privilegedStartService(self) -> None:
        """Goes into the background, if that is ours to do; binds what is not bound yet."""
        super().privilegedStartService()
        if self._detachment is not None:
            self._detachment.begin()
        self.container.privilegedStartService()

    def startService(self) -> None:
        """Starts the container; where that fails, the process ends with its exit code."""
        super().startService()
        self._take_over()
        self._reactor.callWhenRunning(self._take_over)
        self.container.failed.addErrback(self._failed)
        try:
            plan = self.container.plan
            apply_to_process(plan, self.sink)
            if plan.master:
                # Links to all workers are handed over at once.
                raise_limit(plan.settings.max_fd)
            self._write(self._pidfiles[0])
            if self._moments is not None:
                self._moments.bound()
                self._moments.as_root()
            settle_process(plan, self.sink)
            if self._moments is not None:
                self._moments.as_user()
            self._write(self._pidfiles[1])
            if self._moments is not None:
                self._moments.master_start()
            self._begun = True
            self.container.startService()
            if len(self._pidfiles) > 2:
                self.container.when_ready(self._serves)
            if plan.master and self._orphans is not None:
                self._orphans.start()
        except UserError:
            self._failed(Failure())
        except BaseException:
            self._remove_pidfiles()
            raise
        if self._detachment is not None:
            self._detachment.report(0)

    def stopService(self) -> Deferred[Any]:
        """Stops the container; fires when nothing is left of it."""
        super().stopService()
        self._ending = True
        return self.container.stopService().addBoth(self._stopped)

    def end(self, name: str) -> None:
        """A signal that asks for the end came: the first time finish, the second time stop."""
        if not self._ending:
            self.sink.line(f"{name} received: finishing requests in flight (again: stop at once)")
            self._end()
            return
        self.sink.line(f"{name} received again: stopping at once")
        self._last_resort(_LAST_RESORT)
        self.container.stop_now()

    def reload(self, name: str) -> None:
        """A signal came that asks for a reload with the configuration as it is now."""
        if self._ending:
            self.sink.line(f"{name} received and ignored: everything stops")
            return
        self.sink.line(f"{name} received: reloading")
        self.container.reload_configuration()

    def finish(self, at_once: bool) -> None:
        """See L{IOwner}."""
        self._end()
        if at_once:
            self._last_resort(_LAST_RESORT)
            self.container.stop_now()

    def write_pidfiles(self) -> None:
        """See L{IOwner}."""
        for pidfile in self._pidfiles:
            try:
                self._write(pidfile)
            except UserError as error:
                self.sink.line(str(error))

    def ignore(self, name: str) -> None:
        """A signal came that has no meaning yet."""
        self.sink.line(f"{name} received and ignored: it has no meaning here")

    def _take_over(self) -> None:
        """
        Takes back what a runner has taken: signals, C{sys.stdout}, C{sys.stderr}.  twistd takes
        the streams before the start, twist after it, and the reactor SIGTERM when it runs.  Main
        thread.
        """
        self._take_signals(self._reactor, self.end, self.reload, self.ignore)
        if self._streams is not None:
            self._streams.restore(self.sink.descriptor if self._log_is_file else None)

    def _end(self) -> None:
        self._ending = True
        try:
            self._reactor.stop()
        except ReactorNotRunning:
            pass

    def _failed(self, failure: Failure) -> None:
        """The service cannot go on: the reason is logged, its code becomes the process's."""
        error = failure.value
        self._remove_pidfiles()
        if isinstance(error, UserError):
            self.exit_code = error.exit_code
            self.sink.line(f"twsgi: {error}")
        else:
            self.exit_code = 1
            self._log.failure("the container failed", failure)
        if self._detachment is not None:
            self._detachment.report(self.exit_code, str(error))
        if not self._ending:
            self._reactor.callWhenRunning(self._end)

    def _serves(self) -> None:
        """Requests are served."""
        try:
            for pidfile in self._pidfiles[2:]:
                self._write(pidfile)
        except UserError:
            self._failed(Failure())

    def _stopped(self, result: Any) -> Any:
        if self._moments is not None and self._begun:
            self._begun = False
            self._moments.at_exit()
        if self._orphans is not None:
            self._orphans.stop()
        if self.container.plan.settings.vacuum:
            self._remove_pidfiles()
        return result

    def _write(self, pidfile: Pidfile) -> None:
        if pidfile.write():
            self.sink.line(f"writing pidfile to {pidfile.path}")

    def _remove_pidfiles(self) -> None:
        for pidfile in self._pidfiles:
            said = pidfile.remove()
            if said:
                self.sink.line(said)
