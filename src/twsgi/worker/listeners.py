"""L{Listeners}: what a worker needs beyond its cores where it accepts connections itself.

Imported when it is needed: a worker that has only links needs nothing of C{twisted.web}.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Sequence
from typing import Any

from twsgi.interfaces import ILineLog
from twsgi.settings.model import Settings
from twsgi.static.configured import static_files
from twsgi.web.descriptors import connections_possible
from twsgi.web.finishing import finishing
from twsgi.web.limits import limits
from twsgi.web.offload import offload_threads
from twsgi.web.poller import poller
from twsgi.web.readiness import STOPPING, ReadyPath
from twsgi.web.site import SWEEP, Site
from twsgi.web.threadacceptor import ThreadAcceptor
from twsgi.wsgi.core import Cores
from twsgi.wsgi.root import ApplicationRoot


class Listeners:
    """
    All listening sockets of a worker, their connections, and its static files.  Reactor thread.
    """

    def __init__(
        self,
        settings: Settings,
        cores: Cores,
        index: int,
        reactor: Any,
        sink: ILineLog,
        answered: Callable[[Any], None],
    ) -> None:
        """
        @param index: the worker's, from 1.
        @param answered: told of each request that was answered without a core.
        """
        self._cores = cores
        self._reactor = reactor
        self._sink = sink
        self._acceptors: list[ThreadAcceptor] = []
        self._line_up_call: Any = None
        root = static_files(settings, "", ApplicationRoot(), sink.line)
        #: A stop has begun.
        self.stopping = False
        if settings.ready_path is not None:
            root = ReadyPath(settings.ready_path, lambda: STOPPING if self.stopping else "", root)
        most = limits(
            settings,
            pause=settings.socket_timeout,
            idle=settings.socket_timeout if settings.http_keepalive else 0,
            connections=connections_possible(links=0),
        )
        self._poller = poller(reactor)
        self._site = Site(root, self._poller, most, answered, sink.line)
        self._site.finish_as(finishing(settings, os.getcwd(), sink.line))
        self._site.offload = offload_threads(
            settings.offload_threads,
            self._poller,
            most.send_timeout,
            f"worker {index}",
            sink.line,
        )

    def start(self, sockets: list[socket.socket], proxied: Sequence[bool] = ()) -> None:
        """
        C{sockets} are this object's from now on, which accepts on them with L{accept}.

        @param proxied: see L{Serving.start <twsgi.worker.serving.Serving.start>}.
        """
        self._site.start()
        for sock, introduced in zip(sockets, proxied or [False] * len(sockets), strict=True):
            acceptor = ThreadAcceptor(
                sock,
                self._site,
                self._poller,
                self._sink.line,
                self._cores.environ.get("SERVER_PORT", ""),
                self._cores.wait_point,
                introduced,
            )
            self._acceptors.append(acceptor)

    def accept(self) -> None:
        """Accepts connections from now on."""
        for acceptor in self._acceptors:
            acceptor.resume()
        self._line_up()

    def _line_up(self) -> None:
        """What waits although nobody was woken for it is seen; see L{ThreadAcceptor.line_up}."""
        self._line_up_call = self._reactor.callLater(SWEEP, self._line_up)
        for acceptor in self._acceptors:
            acceptor.line_up()

    def _rest(self) -> None:
        if self._line_up_call is not None and self._line_up_call.active():
            self._line_up_call.cancel()

    def drain(self, final: bool, drained: Callable[[], None]) -> None:
        """
        Accepts nothing new, finishes what is there, then calls C{drained}.

        @param final: see L{twsgi.control.commands.Drain}.
        """
        self.stopping = self.stopping or final
        self._rest()
        # Before the kernel's queue is emptied: those connections are their last request's.
        self._site.draining = True
        for acceptor in self._acceptors:
            acceptor.close(empty_queue=final)
        self._site.drain(drained)

    @property
    def connections(self) -> int:
        """How many there are."""
        return len(self._site.channels)

    def stop(self) -> None:
        """Accepts no more, and cuts who is left."""
        self._rest()
        for acceptor in self._acceptors:
            acceptor.close(empty_queue=False)
        self._site.stop()
        if self._site.offload is not None:
            self._site.offload.stop()
        if self._poller is not self._reactor:
            self._poller.stop()
