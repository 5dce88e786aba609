"""L{Serving}: a worker's cores, links and listeners, wired together; and drained."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from twsgi.control.scoreboard import (
    BOOTING,
    DRAINING,
    READY,
    WORKER_OPEN,
    WORKER_STATE,
    WORKER_STATIC,
    WORKER_WAITING,
    Scoreboard,
)
from twsgi.interfaces import ILineLog
from twsgi.log.requestline import DELAY, RequestLog
from twsgi.settings.model import Settings
from twsgi.web.finishing import finishing
from twsgi.web.offload import offloads
from twsgi.worker.stacks import Stacks
from twsgi.wsgi.application import Application
from twsgi.wsgi.bouncer import Bouncer
from twsgi.wsgi.core import Cores
from twsgi.wsgi.finished import response_class
from twsgi.wsgi.link import WorkerLink
from twsgi.wsgi.mounts import Mounts
from twsgi.wsgi.waitpoint import wait_point

if TYPE_CHECKING:
    from twsgi.worker.listeners import Listeners
    from twsgi.worker.tracebacker import Tracebacker

#: Seconds after which a core gives up on a frontend that reads nothing.  How slow a client may be
#: is the frontend's to judge; this is for one that hangs.
SILENT_FRONTEND = 3600.0


class Serving:
    """
    Serves one application.  Reactor thread.

    @ivar links: the links to frontends that are open.
    """

    def __init__(
        self,
        settings: Settings,
        application: Application | Mounts,
        environ: dict[str, Any],
        scoreboard: Scoreboard,
        place: int,
        reactor: Any,
        sink: ILineLog,
        index: int = 1,
        requests_before: int = 0,
    ) -> None:
        """
        @param environ: what every request's environ begins with.
        @param place: the worker's on the scoreboard.
        @param index: by which people know it.
        @param requests_before: how many requests the earlier workers of this index have finished.
        """
        self._settings = settings
        self._reactor = reactor
        self._sink = sink
        self._index = index
        self._record = scoreboard.worker(place)
        self._record[WORKER_STATE] = BOOTING
        self._log = _request_log(sink, scoreboard, place, requests_before)
        self._cores = Cores(
            application,
            environ,
            [scoreboard.core(place, core) for core in range(settings.threads)],
            wait_point(),
            reactor,
            None if settings.disable_logging else self._log,
            sink.line,
        )
        self._cores.response = response_class(settings, finishing(settings, os.getcwd(), sink.line))
        self._stacks = Stacks(self._cores.threads, scoreboard, place, settings.harakiri > 0)
        if scoreboard.shared:
            self._cores.taken = Bouncer(
                self._cores.wait_point, scoreboard, place, reactor, self._link_closed, sink.line
            ).core_taken
        self.links: set[WorkerLink] = set()
        self._listeners: Listeners | None = None
        self._draining = False
        self._drained: Callable[[], None] | None = None
        self._flush_call: Any = None
        self._tracebacker = self._make_tracebacker()
        self._adapt(application, environ)

    def start(
        self, sockets: list[socket.socket], accepts: bool = True, proxied: Sequence[bool] = ()
    ) -> None:
        """
        Starts the cores.

        @param sockets: are listened on, and this object's from now on.
        @param accepts: connections, at once; else with L{accept}.
        @param proxied: for each socket, C{Tuning.proxied}; none: all False.
        """
        if sockets:
            from twsgi.worker.listeners import Listeners

            self._listeners = Listeners(
                self._settings, self._cores, self._index, self._reactor, self._sink, self._answered
            )
            self._listeners.start(sockets, proxied)
            if accepts:
                self.accept()
        if accepts:
            self._take_name()
        if self._settings.chdir2 is not None:
            # What starts where the application was loaded is absolute by now.
            os.chdir(self._settings.chdir2)
        self._cores.start(self._link_closed)
        self._stacks.started()
        self._record[WORKER_STATE] = READY
        self._flush()

    def add_link(self, descriptor: int, frontend: int) -> None:
        """One more link, to C{frontend}; the descriptor is this object's from now on."""
        link = WorkerLink(descriptor, frontend, SILENT_FRONTEND)
        link.offloads = offloads(self._settings.offload_threads)
        self.links.add(link)
        self._cores.wait_point.add_link(link)
        if self._draining:
            link.retire()

    def accept(self) -> None:
        """See L{twsgi.control.commands.Accept}."""
        if not self._draining:
            self._take_name()
        if self._listeners is not None and not self._draining:
            self._listeners.accept()

    def stop_begins(self) -> None:
        """See L{twsgi.control.commands.StopBegun}."""
        if self._listeners is not None:
            self._listeners.stopping = True

    def drain(self, final: bool, drained: Callable[[], None]) -> None:
        """
        Takes nothing new, finishes what is there, then calls C{drained}.

        @param final: see L{twsgi.control.commands.Drain}.
        """
        for link in list(self.links):
            link.retire()
        self._close_listeners(final, drained)

    def leave_with_frontends(self, drained: Callable[[], None]) -> None:
        """
        The master is gone: works on while a frontend has something (it is told the same, and
        closes its links), then calls C{drained}.
        """
        self._close_listeners(True, drained)

    def _adapt(self, application: Application | Mounts, environ: dict[str, Any]) -> None:
        """What it takes to run the application otherwise than usual; once, before it is run."""
        if self._settings.wsgi_disable_file_wrapper:
            environ.pop("wsgi.file_wrapper", None)
        if self._settings.catch_exceptions:
            from twsgi.wsgi.catching import tell_in

            tell_in(self._cores)
        if isinstance(application, Mounts):
            application.serve_in(self._cores)

    def _make_tracebacker(self) -> Tracebacker | None:
        path = self._settings.py_tracebacker
        if path is None:
            return None
        from twsgi.worker.tracebacker import Tracebacker

        return Tracebacker(path, self._index, self._sink)

    def _take_name(self) -> None:
        """It serves: who served before under its number does no more."""
        if self._tracebacker is not None:
            self._tracebacker.start()

    def _close_listeners(self, final: bool, drained: Callable[[], None]) -> None:
        # First how much is left: whoever sees the state takes that for all that it has to finish.
        self._record[WORKER_OPEN] = self._open
        self._record[WORKER_STATE] = DRAINING
        self._draining = True
        self._drained = drained
        if self._listeners is not None:
            self._listeners.drain(final, self._check_drained)
        self._check_drained()

    def stop(self) -> None:
        """Lets the cores end, cuts who is left, and writes what the log still holds."""
        if self._flush_call is not None and self._flush_call.active():
            self._flush_call.cancel()
        self._cores.stop()
        if self._listeners is not None:
            self._listeners.stop()
        if self._tracebacker is not None:
            self._tracebacker.stop()
        self._log.flush()

    def describe(self, cores: list[int], since: list[int], everything: bool) -> str:
        """See L{twsgi.control.commands.Describe}."""
        return self._stacks.describe(cores, since, everything)

    @property
    def _open(self) -> int:
        """How many links and connections there are."""
        connections = 0 if self._listeners is None else self._listeners.connections
        return len(self.links) + connections

    def _check_drained(self) -> None:
        if self._draining and not self._open and self._drained is not None:
            drained, self._drained = self._drained, None
            drained()

    def _link_closed(self, link: WorkerLink) -> None:
        self.links.discard(link)
        self._check_drained()

    def _answered(self, request: Any) -> None:
        self._record[WORKER_STATIC] += 1
        if not self._settings.disable_logging:
            self._log.resource(request, self._reactor.seconds())

    def _flush(self) -> None:
        self._flush_call = self._reactor.callLater(DELAY, self._flush)
        self._log.flush()
        self._record[WORKER_WAITING] = self._cores.wait_point.waiting()
        self._record[WORKER_OPEN] = self._open


def _request_log(
    sink: ILineLog, scoreboard: Scoreboard, place: int, requests_before: int
) -> RequestLog:
    # The place's counters go on counting, whoever had it before.
    others = requests_before - scoreboard.worker_requests(place)
    return RequestLog(
        sink, scoreboard.total_requests, lambda: scoreboard.worker_requests(place) + others
    )
