"""The worker process: loads the application, tells the master, serves until it is drained."""

from __future__ import annotations

import importlib
import os
import socket
import sys
import time
import traceback
from typing import Any

from twisted.internet.interfaces import IReactorCore

from twsgi.control.child import (
    ControlLink,
    begin,
    connect,
    end,
    enter,
    leave_signals_to_master,
    leave_within,
    leaving_if_orphaned,
)
from twsgi.control.commands import AddFrontendLink, Describe, Failed, Ready
from twsgi.control.launch import SCOREBOARD_FD, Launch
from twsgi.control.scoreboard import BOOTING, WORKER_PID, WORKER_STARTED, WORKER_STATE, Scoreboard
from twsgi.errors import EXIT_NO_APP, ApplicationError
from twsgi.interfaces import ILineLog
from twsgi.settings.model import Settings
from twsgi.worker.serving import Serving
from twsgi.wsgi.application import Application
from twsgi.wsgi.environ import base_environ
from twsgi.wsgi.loader import extend_path, load_application

#: What is imported when it is first needed; see L{preload}.
_LATER = (
    "encodings.ascii",
    "encodings.idna",
    "encodings.latin_1",
    "traceback",
    "twisted.internet.address",
    "twisted.web.static",
    "twsgi.worker.listeners",
)

#: Seconds after which a thread that runs Python lets another one: a fifth of Python's own default.
#: It halves what an application that keeps the processor busy costs the requests beside it, and
#: costs itself two or three parts in a hundred (docs/benchmarks.md).
SWITCH_INTERVAL = 0.001


class Worker:
    """
    One worker process.

    @ivar exit_code: with what it will end.
    """

    def __init__(self, launch: Launch, sink: ILineLog, reactor: Any) -> None:
        self.exit_code = 0
        self._stopping = False
        self._launch = launch
        self._sink = sink
        self._reactor: Any = IReactorCore(reactor)
        self._scoreboard = Scoreboard(SCOREBOARD_FD, launch.places, launch.cores, launch.frontends)
        record = self._scoreboard.worker(launch.place)
        record[WORKER_PID] = os.getpid()
        record[WORKER_STARTED] = int(time.time())
        record[WORKER_STATE] = BOOTING
        self._link = _Link(self, reactor)
        self._serving: Serving | None = None

    def start(self) -> None:
        """Loads the application and says how that went; serves if it went well."""
        began = time.time()
        # Before the application is loaded, which may know better.
        sys.setswitchinterval(SWITCH_INTERVAL)
        # Where uWSGI's applications expect to be imported from.
        sys.path.insert(0, ".")
        try:
            with leaving_if_orphaned(self._say_orphaned):
                connect(self._reactor, self._link)
                leave_signals_to_master(self._reactor, self._link)
                application = load(self._launch.settings, self._sink)
        except ApplicationError as error:
            self._sink.line(f"unable to load app 0 (mountpoint='') ({error})")
            self.exit_code = EXIT_NO_APP
            told = self._link.callRemote(Failed, reason=str(error))
            told.addBoth(lambda _: self._stop())
            return
        seconds = time.time() - began
        self._serving = self._serve(application)
        self._serving.start(
            [socket.socket(fileno=one.descriptor) for one in self._launch.listeners]
        )
        self._link.callRemote(Ready, seconds=seconds).addErrback(lambda _: None)

    def _serve(self, application: Application) -> Serving:
        launch = self._launch
        environ = base_environ(
            launch.server_name,
            launch.server_port,
            launch.settings.threads > 1,
            launch.multiprocess,
        )
        return Serving(
            launch.settings,
            application,
            environ,
            self._scoreboard,
            launch.place,
            self._reactor,
            self._sink,
            launch.index,
            launch.requests_before,
        )

    def add_link(self, frontend: int, link: int) -> None:
        """See L{AddFrontendLink}."""
        os.set_inheritable(link, False)
        assert self._serving is not None
        self._serving.add_link(link, frontend)

    def describe(self, cores: list[int], since: list[int], everything: bool) -> str:
        """See L{Describe}.  Never raises: that would end the control stream."""
        try:
            if self._serving is not None:
                return self._serving.describe(cores, since, everything)
        except Exception:
            return traceback.format_exc()
        return ""

    def stop_begins(self) -> None:
        """See L{twsgi.control.commands.StopBegun}."""
        if self._serving is not None:
            self._serving.stop_begins()

    def drain(self, final: bool) -> None:
        """See L{twsgi.control.commands.Drain}."""
        if self._serving is None:
            self._stop()
        else:
            self._serving.drain(final, self._stop)

    def master_gone(self) -> None:
        """The master is gone: leaves when nothing is under way, or has been for too long."""
        if self._stopping or not self._reactor.running:
            return
        self._say_orphaned()
        leave_within(self._launch.settings.worker_reload_mercy)
        if self._serving is None:
            self._stop()
        else:
            self._serving.leave_with_frontends(self._stop)

    def _say_orphaned(self) -> None:
        self._sink.line(
            f"uWSGI worker {self._launch.index} error: the master disconnected from this worker. "
            "Shutting down the worker."
        )

    def _stop(self) -> None:
        # A reactor that was stopped is running a little longer, and cannot be stopped again.
        if self._reactor.running and not self._stopping:
            self._stopping = True
            self._reactor.stop()

    def stopped(self) -> None:
        """The reactor has stopped."""
        if self._serving is not None:
            self._serving.stop()


class _Link(ControlLink):
    """What the master may ask of a worker."""

    def __init__(self, worker: Worker, reactor: Any) -> None:
        super().__init__(worker, reactor)
        self._worker = worker

    @AddFrontendLink.responder
    def _add_link(self, frontend: int, link: int) -> dict[str, Any]:
        self._worker.add_link(frontend, link)
        return {}

    @Describe.responder
    def _describe(self, cores: list[int], since: list[int], everything: bool) -> dict[str, Any]:
        return {"stacks": self._worker.describe(cores, since, everything)}


def preload() -> None:
    """
    Imports what is else imported when it is first needed: it may lie outside of C{chroot}.  What
    the application imports must lie within.
    """
    for name in _LATER:
        importlib.import_module(name)


def load(settings: Settings, sink: ILineLog) -> Application:
    """
    The application, announced in the log; with C{need-app = false}, where it cannot be had, one
    that answers 500.

    @raise ApplicationError: it cannot be had.
    """
    for line in extend_path(settings.pythonpath):
        sink.line(line)
    began = time.time()
    try:
        application = load_application(settings)
    except ApplicationError as error:
        if settings.need_app:
            raise
        sink.line(f"*** no app loaded: every request is answered 500 *** ({error})")
        return _no_application
    sink.line(
        f"WSGI app 0 (mountpoint='') ready in {time.time() - began:.0f} seconds on interpreter "
        f"{id(sys.modules):#x} pid: {os.getpid()} (default app)"
    )
    return application


def _no_application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    environ["wsgi.errors"].write(
        "--- no python application found, check your startup logs for errors ---\n"
    )
    start_response("500 Internal Server Error", [("Content-Type", "text/plain")])
    return [b"Internal Server Error"]


def main() -> None:
    """The process."""
    launch, sink = begin()
    from twisted.internet import reactor as installed

    reactor: Any = installed

    worker = Worker(launch, sink, reactor)
    if launch.settings.chroot is not None:
        preload()
    enter(launch, sink)
    reactor.callWhenRunning(worker.start)
    reactor.run(installSignalHandlers=False)
    worker.stopped()
    end(worker.exit_code)
