"""The frontend process: a Site of static files before the workers, and its links to them."""

from __future__ import annotations

import os
import socket
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
from twsgi.control.commands import AddWorkerLink, LinkLost, Ready
from twsgi.control.launch import SCOREBOARD_FD, Launch
from twsgi.control.scoreboard import (
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
from twsgi.proxy.root import ProxyRoot
from twsgi.proxy.spool import Spools
from twsgi.static.resource import StaticFiles
from twsgi.web.acceptor import Acceptor
from twsgi.web.descriptors import connections_possible, raise_limit
from twsgi.web.limits import limits
from twsgi.web.offload import offload_threads
from twsgi.web.poller import poller
from twsgi.web.site import Site


class Frontend:
    """One frontend process."""

    def __init__(self, launch: Launch, sink: ILineLog, reactor: Any) -> None:
        settings = launch.settings
        self._stopping = False
        self._launch = launch
        self._sink = sink
        self._reactor = reactor
        watcher = poller(reactor)
        scoreboard = Scoreboard(SCOREBOARD_FD, launch.workers, settings.threads, launch.frontends)
        self._record = scoreboard.frontend(launch.index)
        self._record[FRONTEND_PID] = os.getpid()
        self._log = RequestLog(sink, scoreboard.total_requests, lambda: -1)
        self._dispatcher = Dispatcher(
            watcher,
            self._record,
            _balancer(scoreboard),
            settings.http_queue or settings.listen,
            settings.http_timeout,
            sink.line,
            self._link_lost,
        )
        root: Any = ProxyRoot(self._dispatcher, Spools(settings.http_response_spool, sink.line))
        if settings.check_static:
            roots = [os.path.abspath(one) for one in settings.check_static]
            root = StaticFiles(roots, root, sink.line)
        kept = settings.http_keepalive
        most = limits(
            settings,
            pause=settings.http_timeout,
            idle=settings.http_timeout if kept == 1 else kept,
            connections=connections_possible(launch.workers * settings.threads),
        )
        self._site = Site(root, watcher, most, self._answered, sink.line)
        self._link = _Link(self, reactor)
        self._acceptors: list[Acceptor] = []
        self._flush_call: Any = None

    def start(self) -> None:
        """Accepts connections; tells the master, who sends links."""
        connect(self._reactor, self._link)
        leave_signals_to_master(self._reactor, self._link)
        settings = self._launch.settings
        self._site.offload = offload_threads(
            settings.offload_threads,
            self._site.reactor,
            settings.http_timeout,
            f"http {self._launch.index}",
            self._sink.line,
        )
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
            )
            self._acceptors.append(acceptor)
            acceptor.resume()
        self._link.callRemote(Ready, seconds=0.0).addErrback(lambda _: None)

    def add_link(self, worker: int, link: int) -> None:
        """See L{AddWorkerLink}."""
        os.set_inheritable(link, False)
        self._dispatcher.add_link(link, worker)

    def drain(self, final: bool) -> None:
        """See L{twsgi.control.commands.Drain}."""
        # Before the kernel's queue is emptied: those connections are their last request's.
        self._site.draining = True
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
        if self._site.offload is not None:
            self._site.offload.stop()
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

    def _link_lost(self, worker: int) -> None:
        if not self._site.draining:
            self._link.callRemote(LinkLost, worker=worker).addErrback(lambda _: None)

    def _flush(self) -> None:
        self._flush_call = self._reactor.callLater(DELAY, self._flush)
        self._log.flush()


def _balancer(scoreboard: Scoreboard) -> Balancer[FrontendLink]:
    if scoreboard.frontends > 1:
        return SharedBalancer(scoreboard.threads, scoreboard.busy_cores, scoreboard.worker_requests)
    return Balancer()


class _Link(ControlLink):
    """What the master may ask of a frontend."""

    def __init__(self, frontend: Frontend, reactor: Any) -> None:
        super().__init__(frontend, reactor)
        self._frontend = frontend

    @AddWorkerLink.responder
    def _add_link(self, worker: int, link: int) -> dict[str, Any]:
        self._frontend.add_link(worker, link)
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
