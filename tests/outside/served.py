"""
Applications of this process, served by either mode in it.

The tests of other servers look at what their applications saw, so those must be here.
C{http-socket} is what a worker is made of; C{http} is a worker and a frontend with links between
them, as in two processes, on one reactor.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.threads import blockingCallFromThread
from zope.interface import implementer

from twsgi.control.scoreboard import Scoreboard
from twsgi.interfaces import ILineLog
from twsgi.proxy.balancer import Balancer
from twsgi.proxy.dispatcher import Dispatcher
from twsgi.proxy.link import FrontendLink
from twsgi.proxy.root import ProxyRoot
from twsgi.proxy.spool import Spools
from twsgi.settings.model import Settings
from twsgi.web.acceptor import Acceptor
from twsgi.web.limits import limits
from twsgi.web.poller import poller
from twsgi.web.site import Site
from twsgi.worker.serving import Serving
from twsgi.wsgi.environ import base_environ

#: How many threads run an application.
CORES = 4
#: Seconds that a client waits; many times what an answer takes.
PATIENCE = 10.0
#: Seconds after which the server gives up on a client; some tests wait for that.
_IDLE = 2
_started: list[Any] = []


def reactor_in_thread() -> Any:
    """The reactor, running in a thread of its own, once for all."""
    if not _started:
        from twisted.internet import reactor as installed

        reactor: Any = installed
        running = threading.Event()
        reactor.callWhenRunning(running.set)
        without_signals = {"installSignalHandlers": False}
        threading.Thread(target=reactor.run, kwargs=without_signals, daemon=True).start()
        running.wait(PATIENCE)
        _started.append(reactor)
    return _started[0]


@implementer(ILineLog)
class Lines:
    """A log that keeps its lines."""

    def __init__(self) -> None:
        self.kept: list[str] = []

    def line(self, text: str) -> None:
        """C{ILineLog}."""
        self.kept.append(text)

    def write(self, data: bytes) -> None:
        """C{ILineLog}."""
        self.kept.append(data.decode(errors="backslashreplace"))

    @property
    def text(self) -> str:
        """All of it."""
        return "\n".join(self.kept)


class Served:
    """
    One application, served on a port of its own from the start to L{stop}.

    @ivar address: where it listens.
    @ivar log: what was logged.
    """

    def __init__(self, application: Callable[..., Any], mode: str, options: Any = None) -> None:
        """
        @param mode: C{http-socket} or C{http}.
        @param options: fields of L{Settings}.
        """
        self.log = Lines()
        self._reactor = reactor_in_thread()
        self._mode = mode
        self._settings = Settings(
            threads=CORES, socket_timeout=_IDLE, http_headers_timeout=_IDLE, **(options or {})
        )
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.setblocking(False)
        self.address: tuple[str, int] = self._socket.getsockname()
        self._stops: list[Callable[[], Any]] = []
        blockingCallFromThread(self._reactor, self._start, application)

    def stop(self) -> None:
        """Cuts whatever is left."""
        blockingCallFromThread(self._reactor, self._stop)

    def settle(self) -> None:
        """Lets the reactor take a turn."""
        blockingCallFromThread(self._reactor, self._turn)

    def _stop(self) -> Deferred[Any]:
        for stop in self._stops:
            stop()
        return self._turn()

    def _turn(self) -> Deferred[Any]:
        # What was closed is noticed in the reactor's next turns.
        done: Deferred[Any] = Deferred()
        self._reactor.callLater(0, done.callback, None)
        return done

    def _start(self, application: Callable[..., Any]) -> None:
        environ = base_environ("localhost", self.address[1], CORES > 1, False)
        scoreboard = Scoreboard.create(1, CORES, 1 if self._mode == "http" else 0)
        scoreboard.give_worker(1, 1, CORES)
        made: Any = application
        serving = Serving(self._settings, made, environ, scoreboard, 1, self._reactor, self.log)
        direct = self._mode == "http-socket"
        serving.start([self._socket] if direct else [])
        if not direct:
            self._front(serving, scoreboard)
        self._stops.append(serving.stop)

    def _front(self, serving: Serving, scoreboard: Scoreboard) -> None:
        """A frontend before C{serving}."""
        watcher = poller(self._reactor)
        dispatcher = Dispatcher(
            watcher, scoreboard.frontend(1), Balancer[FrontendLink](), 100, 60, self.log.line
        )
        dispatcher.start()
        most = limits(self._settings, pause=_IDLE, idle=_IDLE, connections=0)
        root = ProxyRoot(dispatcher, Spools(self._settings.http_response_spool, self.log.line))
        site = Site(root, watcher, most, lambda _: None, self.log.line)
        site.start()
        for _ in range(CORES):
            ours, theirs = socket.socketpair()
            dispatcher.add_link(ours.detach(), 1, 1)
            serving.add_link(theirs.detach(), 1)
        port = str(self.address[1])
        acceptor = Acceptor(self._socket, site, watcher, self.log.line, usual_port=port)
        acceptor.resume()
        self._stops += [lambda: acceptor.close(empty_queue=False), site.stop, dispatcher.stop]
