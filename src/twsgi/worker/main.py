"""The worker process: loads the application, tells the master, serves until it is drained."""

from __future__ import annotations

import importlib
import os
import socket
import sys
import time
import traceback
from typing import TYPE_CHECKING, Any

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
from twsgi.control.commands import AddFrontendLink, Describe, Failed, Ready, Sources
from twsgi.control.hooks import Hooks
from twsgi.control.launch import SCOREBOARD_FD, Launch
from twsgi.control.openfiles import take_limit
from twsgi.control.resources import stacks_of, take_resources
from twsgi.control.scoreboard import BOOTING, WORKER_PID, WORKER_STARTED, WORKER_STATE, Scoreboard
from twsgi.errors import EXIT_NO_APP, ApplicationError, HookError, UserError
from twsgi.interfaces import ILineLog
from twsgi.worker.bootstrap import PROGRAM, accepting, bootstrap
from twsgi.worker.serving import Serving
from twsgi.wsgi.environ import base_environ

if TYPE_CHECKING:
    from twsgi.worker.autoreload import ModuleWatch

#: What is imported when it is first needed; see L{preload}.
_LATER = (
    "encodings.ascii",
    "encodings.idna",
    "encodings.latin_1",
    "encodings.utf_8_sig",
    "tokenize",
    "traceback",
    "twisted.internet.address",
    "twisted.web.static",
    "twsgi.worker.autoreload",
    "twsgi.worker.listeners",
    "twsgi.worker.tracebacker",
    "twsgi.wsgi.catching",
    "twsgi.wsgi.virtualenv",
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
        self._watch: ModuleWatch | None = None

    def start(self) -> None:
        """Loads the application and says how that went; serves if it went well."""
        began = time.time()
        # Before the application is loaded, which may know better.
        sys.setswitchinterval(SWITCH_INTERVAL)
        # Where uWSGI's applications expect to be imported from.
        sys.path.insert(0, ".")
        sys.argv = [PROGRAM]
        try:
            with leaving_if_orphaned(self._say_orphaned):
                connect(self._reactor, self._link)
                leave_signals_to_master(self._reactor, self._link)
                hooks = Hooks(self._sink)
                hooks.hooks("post-fork", self._launch.settings.hook_post_fork)
                loaded = bootstrap(self._launch.settings, self._sink)
                accepting(hooks, self._launch.settings, self._launch.index, self._launch.first)
        except (ApplicationError, HookError) as error:
            self._fail(error)
            return
        seconds = time.time() - began
        self._serving = self._serve(loaded)
        self._watch_modules()
        sockets = [socket.socket(fileno=one.descriptor) for one in self._launch.listeners]
        proxied = [one.proxied for one in self._launch.listeners]
        with stacks_of(self._launch.settings.threads_stacksize):
            self._serving.start(sockets, accepts=not self._launch.waits, proxied=proxied)
        self._link.callRemote(Ready, seconds=seconds).addErrback(lambda _: None)

    def _fail(self, error: ApplicationError | HookError) -> None:
        """Says that the application cannot be loaded, and ends when that has been heard."""
        self._sink.line(f"unable to load app 0 (mountpoint='') ({error})")
        self.exit_code = EXIT_NO_APP
        if self._launch.settings.py_autoreload:
            from twsgi.worker.autoreload import suspects

            self._say_sources(*suspects(error), failed=True)
        told = self._link.callRemote(Failed, reason=str(error))
        told.addBoth(lambda _: self._stop())

    def _watch_modules(self) -> None:
        """Looks from now on whether what has been loaded changes (C{py-autoreload})."""
        settings = self._launch.settings
        if settings.py_autoreload:
            from twsgi.worker.autoreload import ModuleWatch

            ignored = settings.py_auto_reload_ignore
            self._watch = ModuleWatch(
                self._reactor, settings.py_autoreload, ignored, self._say_sources
            )
            self._watch.start()

    def _say_sources(self, paths: list[str], changed: list[int], failed: bool = False) -> None:
        said = self._link.callRemote(Sources, paths=paths, changed=changed, failed=failed)
        said.addErrback(lambda _: None)

    def _serve(self, loaded: Any) -> Serving:
        launch = self._launch
        environ = base_environ(
            launch.server_name,
            launch.server_port,
            launch.settings.threads > 1,
            launch.multiprocess,
        )
        return Serving(
            launch.settings,
            loaded,
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

    def accept(self) -> None:
        """See L{twsgi.control.commands.Accept}."""
        if self._serving is not None:
            self._serving.accept()

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
        if self._watch is not None:
            self._watch.stop()
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


def main() -> None:
    """The process."""
    launch, sink = begin()
    take_limit(launch.open_files)
    from twisted.internet import reactor as installed

    reactor: Any = installed

    worker = Worker(launch, sink, reactor)
    if launch.settings.chroot is not None:
        preload()
    try:
        take_resources(launch.settings, launch.index, sink)
    except UserError as error:
        sink.line(f"twsgi: {error}")
        end(error.exit_code)
    enter(launch, sink)
    reactor.callWhenRunning(worker.start)
    reactor.run(installSignalHandlers=False)
    worker.stopped()
    end(worker.exit_code)
