"""L{ThreadAcceptor}: a listening socket on which the threads accept that serve requests.

A thread that accepts has nothing else to do, so that whoever comes while all are busy waits in the
kernel's queue, where every process that listens may take it.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import Any

from twsgi.interfaces import IWaitPoint
from twsgi.web.acceptor import EXHAUSTED, Acceptor
from twsgi.web.http1 import HTTP1Channel
from twsgi.web.site import Site
from twsgi.web.threadchannel import ThreadChannel, ThreadConnection
from twsgi.web.threads import hand_to_reactor


class ThreadAcceptor(Acceptor):
    """
    Accepts on one listening socket for the threads of one wait point.  Reactor thread, but for
    L{take} and L{taken}.
    """

    def __init__(
        self,
        sock: socket.socket,
        site: Site,
        reactor: Any,
        log: Callable[[str], None],
        usual_port: str,
        wait_point: IWaitPoint,
        proxied: bool = False,
    ) -> None:
        """See L{Acceptor}; C{wait_point}: where the threads wait."""
        super().__init__(sock, site, reactor, log, usual_port, proxied)
        self._wait_point: Any = wait_point
        # Held by every thread that accepts, and by who makes an end of it.
        self._lock = threading.Lock()

    def resume(self) -> None:
        """Begins, or goes on, to accept."""
        with self._lock:
            if not self._accepting and not self._closed and self._pause is None:
                self._accepting = True
                self._wait_point.listen(self)

    def stop(self) -> None:
        """Leaves what comes in the kernel's queue."""
        with self._lock:
            self._stop()

    def _stop(self) -> None:
        if self._accepting:
            self._accepting = False
            self._wait_point.forget(self)

    def take(self) -> ThreadChannel | None:
        """
        Accepts one connection, which is the caller's.  A thread that the wait point has woken.

        @return: None: another was faster, or it was turned away.
        """
        with self._lock:
            if not self._accepting:
                return None
            if self._site.admission.room() <= 0:
                self._stop()
                hand_to_reactor(self._reactor, self._full)
                return None
            try:
                sock, peer = self._socket.accept()
            except OSError as error:
                if error.errno in EXHAUSTED:
                    self._stop()
                    hand_to_reactor(self._reactor, self._descriptors_exhausted, error)
                else:
                    self._wait_point.listen_on(self, False)
                return None
            self._wait_point.listen_on(self, False)
            # Still holding the lock: who stops us may rely on knowing all who have connected.
            channel = self._connected(sock, peer)
        assert channel is None or isinstance(channel, ThreadChannel)
        return channel

    def taken(self, channel: ThreadChannel) -> None:
        """
        The first turn of a connection is over.  Where it is still there the next one is another
        process's: who has them has to serve what comes on them.  The thread that has accepted it.
        """
        if channel.transport.connected:
            self.line_up()

    def line_up(self) -> None:
        """
        Whoever else listens is asked before us from now on.  What waits already is seen: a process
        that was woken for it may have been unable to accept, and nobody else was woken.  Any
        thread.
        """
        with self._lock:
            if self._accepting:
                self._wait_point.listen_on(self, True)

    def _full(self) -> None:
        """There were as many connections as there may be."""
        if self._has_room():
            self.resume()

    def _build(self, sock: socket.socket, peer: tuple[str, str]) -> ThreadChannel:
        channel = ThreadChannel(self._site, peer, self._port, self._wait_point)
        # Until it is known who reads: nobody shall take it for idle.
        channel.busy = True
        channel.makeConnection(ThreadConnection(sock, channel, self._reactor, self._site.offload))
        return channel

    def _read_first(self, channel: HTTP1Channel) -> None:
        """The reactor's thread has accepted it, and reads."""
        channel.busy = False
        super()._read_first(channel)
