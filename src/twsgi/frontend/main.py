"""The frontend process: a Site of static files before the workers, and its links to them."""

from __future__ import annotations

import os
import socket
from collections.abc import Collection
from typing import Any

from twsgi.control.child import (
    ControlLink,
    begin,
    connect,
    end,
    enter,
    leave_signals_to_master,
    leave_within,
)
from twsgi.control.commands import AddWorkerLink, Condemn, LinkLost, Ready, Reconfigure
from twsgi.control.launch import SCOREBOARD_FD, Launch
from twsgi.control.openfiles import raise_limit
from twsgi.control.scoreboard import (
    BOARD_ASLEEP,
    FRONTEND_PID,
    FRONTEND_REQUESTS,
    FRONTEND_STATIC,
    Scoreboard,
)
from twsgi.interfaces import ILineLog
from twsgi.log.requestline import DELAY, RequestLog
from twsgi.proxy.balancer import Balancer, SharedBalancer
from twsgi.proxy.dispatcher import Dispatcher
from twsgi.proxy.link import FrontendLink
from twsgi.proxy.retry import methods
from twsgi.proxy.root import ProxyRoot
from twsgi.proxy.spool import Spools
from twsgi.settings.model import Settings
from twsgi.static.configured import static_files
from twsgi.web.acceptor import Acceptor
from twsgi.web.descriptors import connections_possible, open_descriptors
from twsgi.web.finishing import Finishing, finishing
from twsgi.web.limits import Limits, limits
from twsgi.web.offload import Offload, offload_threads
from twsgi.web.poller import poller
from twsgi.web.readiness import NO_WORKER, STOPPING, ReadyPath
from twsgi.web.site import Site


class Frontend:
    """One frontend process."""

    def __init__(self, launch: Launch, sink: ILineLog, reactor: Any) -> None:
        self._stopping = self._stop_begun = False
        self._launch = launch
        self._sink = sink
        self._reactor = reactor
        watcher = poller(reactor)
        self._scoreboard = Scoreboard(SCOREBOARD_FD, launch.places, launch.cores, launch.frontends)
        settings = launch.settings
        self._opened = open_descriptors()
        self._record = self._scoreboard.frontend(launch.place)
        self._record[FRONTEND_PID] = os.getpid()
        self._log = RequestLog(sink, self._scoreboard.total_requests, lambda: -1)
        self._dispatcher = Dispatcher(
            watcher,
            self._record,
            _balancer(self._scoreboard),
            settings.http_queue or settings.listen,
            settings.http_timeout,
            sink.line,
            self._link_lost,
            methods(settings.http_retry),
        )
        self._spools = Spools(settings.http_response_spool, sink.line)
        self._workers = ProxyRoot(self._dispatcher, self._spools)
        self._site = Site(self._root(), watcher, self._limits(), self._answered, sink.line)
        self._site.finish_as(self._finishing())
        self._site.take = self._workers.take
        self._link = _Link(self, reactor)
        self._acceptors: list[Acceptor] = []
        self._offloads: list[Offload] = []
        self._flush_call: Any = None

    def _root(self) -> Any:
        """What answers requests, as the settings have it now."""
        settings = self._launch.settings
        # The directory is this process's own, but where the settings have changed.
        start = self._launch.directory or ""
        root = static_files(settings, start, self._workers, self._sink.line)
        if settings.ready_path is not None:
            root = ReadyPath(settings.ready_path, self._obstacle, root)
        return root

    def _finishing(self) -> Finishing:
        start = self._launch.directory or os.getcwd()
        return finishing(self._launch.settings, start, self._sink.line)

    def _limits(self) -> Limits:
        settings = self._launch.settings
        kept = settings.http_keepalive
        links = settings.processes * settings.threads
        return limits(
            settings,
            pause=settings.http_timeout,
            idle=settings.http_timeout if kept == 1 else kept,
            # Twice the links while workers and their successors are there.
            connections=connections_possible(2 * links, self._opened),
        )

    def _obstacle(self) -> str:
        """See L{ReadyPath}."""
        if self._stop_begun:
            return STOPPING
        asleep = self._scoreboard.board[BOARD_ASLEEP]
        return "" if asleep or self._dispatcher.linked else NO_WORKER

    def start(self) -> None:
        """Accepts connections; tells the master, who sends links."""
        connect(self._reactor, self._link)
        leave_signals_to_master(self._reactor, self._link)
        self._start_offload()
        self._site.start()
        self._dispatcher.start()
        self._flush()
        for listener in self._launch.listeners:
            sock = socket.socket(fileno=listener.descriptor)
            acceptor = Acceptor(
                sock,
                self._site,
                self._site.reactor,
                self._sink.line,
                usual_port=str(self._launch.server_port),
                proxied=listener.proxied,
            )
            self._acceptors.append(acceptor)
        if not self._launch.waits:
            self.accept()
        self._link.callRemote(Ready, seconds=0.0).addErrback(lambda _: None)

    def _start_offload(self) -> None:
        """For connections from now on; those there are keep what they have."""
        settings = self._launch.settings
        self._site.offload = offload_threads(
            settings.offload_threads,
            self._site.reactor,
            self._site.limits.send_timeout,
            f"http {self._launch.index}",
            self._sink.line,
        )
        if self._site.offload is not None:
            self._offloads.append(self._site.offload)

    def reconfigure(self, launch: Launch) -> None:
        """See L{Reconfigure}."""
        before, self._launch = self._launch.settings, launch
        settings = launch.settings
        self._dispatcher.reconfigure(
            _balancer(self._scoreboard),
            settings.http_queue or settings.listen,
            settings.http_timeout,
            methods(settings.http_retry),
        )
        self._spools.resize(settings.http_response_spool)
        self._site.finish_as(self._finishing())
        self._site.reconfigure(self._root(), self._limits())
        if _offload(before) != _offload(settings):
            self._start_offload()

    def condemn(self, place: int, seconds: float, requests: Collection[int]) -> None:
        """See L{Condemn}."""
        self._dispatcher.condemn(place, seconds, requests)

    def accept(self) -> None:
        """See L{twsgi.control.commands.Accept}."""
        if not self._site.draining:
            for acceptor in self._acceptors:
                acceptor.resume()

    def stop_begins(self) -> None:
        """See L{twsgi.control.commands.StopBegun}."""
        self._stop_begun = True

    def add_link(self, worker: int, place: int, link: int) -> None:
        """See L{AddWorkerLink}."""
        os.set_inheritable(link, False)
        self._dispatcher.add_link(link, place, worker)

    def drain(self, final: bool) -> None:
        """See L{twsgi.control.commands.Drain}."""
        self._stop_begun = self._stop_begun or final
        self._dispatcher.final = final
        # Before the kernel's queue is emptied: those connections are their last request's.
        self._site.draining = True
        self._dispatcher.close_after()
        for acceptor in self._acceptors:
            acceptor.close(empty_queue=final)
        self._site.drain(self._drained)

    def master_gone(self) -> None:
        """The master is gone: leaves when nothing is under way, or has been for too long."""
        if self._reactor.running and not self._stopping:
            leave_within(self._launch.settings.worker_reload_mercy)
            self.drain(True)

    def _drained(self) -> None:
        self._dispatcher.stop()
        for offload in self._offloads:
            offload.stop()
        # A reactor that was stopped is running a little longer, and cannot be stopped again.
        if self._reactor.running and not self._stopping:
            self._stopping = True
            self._reactor.stop()

    def stopped(self) -> None:
        """The reactor has stopped."""
        self._log.flush()

    def _answered(self, request: Any) -> None:
        self._record[FRONTEND_STATIC] += 1
        self._record[FRONTEND_REQUESTS] += 1
        if not self._launch.settings.disable_logging:
            self._log.resource(request, self._reactor.seconds())

    def _link_lost(self, place: int) -> None:
        if not self._site.draining:
            self._link.callRemote(LinkLost, place=place).addErrback(lambda _: None)

    def _flush(self) -> None:
        self._flush_call = self._reactor.callLater(DELAY, self._flush)
        self._log.flush()


def _offload(settings: Settings) -> tuple[int, int]:
    """What offload threads are made with."""
    return settings.offload_threads, settings.so_send_timeout or settings.http_timeout


def _balancer(scoreboard: Scoreboard) -> Balancer[FrontendLink]:
    if scoreboard.shared:
        return SharedBalancer(
            scoreboard.worker_cores, scoreboard.busy_cores, scoreboard.worker_requests
        )
    return Balancer()


class _Link(ControlLink):
    """What the master may ask of a frontend."""

    def __init__(self, frontend: Frontend, reactor: Any) -> None:
        super().__init__(frontend, reactor)
        self._frontend = frontend

    @AddWorkerLink.responder
    def _add_link(self, worker: int, place: int, link: int) -> dict[str, Any]:
        self._frontend.add_link(worker, place, link)
        return {}

    @Condemn.responder
    def _condemn(self, place: int, seconds: float, requests: list[int]) -> dict[str, Any]:
        self._frontend.condemn(place, seconds, requests)
        return {}

    @Reconfigure.responder
    def _reconfigure(self, launch: int) -> dict[str, Any]:
        self._frontend.reconfigure(Launch.read(launch))
        return {}


def main() -> None:
    """The process."""
    launch, sink = begin()
    from twisted.internet import reactor as installed

    reactor: Any = installed

    raise_limit()
    enter(launch, sink)
    # Not before: whatever it opens lies inside of chroot.
    frontend = Frontend(launch, sink, reactor)
    reactor.callWhenRunning(frontend.start)
    reactor.run(installSignalHandlers=False)
    frontend.stopped()
    end(0)
