"""L{Acceptor}: takes connections from a listening socket, never more than there may be.

C{twisted.internet.tcp.Port} accepts up to a hundred in one go, whatever C{stopReading} says, and
builds a heavy transport for each.  This one asks before every C{accept} whether there is room, and
reads the new connection's first bytes at once: mostly they are there.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IReadDescriptor
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from twsgi.settings.model import UNIX_PORT
from twsgi.web.http1 import HTTP1Channel
from twsgi.web.proxied import ProxyLine
from twsgi.web.site import Site
from twsgi.web.transport import Connection

#: Connections taken in one turn of the reactor, so that those there are get theirs.
_AT_ONCE = 64
#: Seconds without accepting after the process has run out of descriptors.
_EXHAUSTED_PAUSE = 0.5
EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})

#: REMOTE_ADDR and REMOTE_PORT of whoever comes over a UNIX socket: uWSGI's word for an address
#: that applications can parse, though there is none.
_UNIX_PEER = ("0.0.0.0", "")

_log = Logger()


@implementer(IReadDescriptor)
class Acceptor:
    """
    Accepts on one listening socket for one L{Site}.  Reactor thread.
    """

    def __init__(
        self,
        sock: socket.socket,
        site: Site,
        reactor: Any,
        log: Callable[[str], None],
        usual_port: str = "",
        proxied: bool = False,
    ) -> None:
        """
        @param sock: bound and listening; this object's from now on.
        @param log: told, in words, when descriptors run out.
        @param usual_port: the SERVER_PORT that applications are told anyway; requests that come
            to another one say so.
        @param proxied: connections may begin with a L{ProxyLine}.
        """
        self._socket = sock
        # It was when it was bound, but PyPy makes a socket blocking that is made of a descriptor.
        sock.setblocking(False)
        self._site = site
        self._reactor = reactor
        self._log = log
        self._accepting = False
        self._closed = False
        self._pause: Any = None
        self._reserve: int | None = None
        self._keep_reserve()
        self._port = _unusual_port(sock, usual_port)
        if proxied:
            self._introduce()

    def fileno(self) -> int:
        """The listening socket's descriptor, -1 once closed."""
        return self._socket.fileno()

    def logPrefix(self) -> str:
        """For Twisted's log."""
        return "twsgi acceptor"

    def resume(self) -> None:
        """Begins, or goes on, to accept."""
        if not self._accepting and not self._closed and self._pause is None:
            self._accepting = True
            self._reactor.addReader(self)

    def stop(self) -> None:
        """Leaves what comes in the kernel's queue."""
        if self._accepting:
            self._accepting = False
            self._reactor.removeReader(self)

    def close(self, empty_queue: bool) -> None:
        """
        Accepts no more.  C{empty_queue}: what has connected already is taken, however many they
        are: closing would reset it.
        """
        if self._closed:
            return
        # First, so that nobody resumes what is stopped now.
        self._closed = True
        self.stop()
        if empty_queue:
            while self._accept():
                pass
        if self._pause is not None:
            self._pause.cancel()
        self._socket.close()
        self._give_reserve()

    def doRead(self) -> None:
        """Somebody has connected, or another process was faster."""
        if self._has_room():
            for _ in range(min(self._site.admission.room(), _AT_ONCE)):
                if not self._accept():
                    break
        else:
            self.stop()

    def connectionLost(self, reason: Failure) -> None:
        """The reactor is through with the descriptor."""
        self.close(empty_queue=False)

    def _has_room(self) -> bool:
        """
        One more connection may come in, if need be for one that is idle.  Else whoever comes waits
        in the kernel's queue; L{resume} is called when somebody has left, or is idle.
        """
        admission = self._site.admission
        if admission.room() <= 0:
            admission.make_room()
        if admission.room() > 0:
            return True
        admission.wait(self.resume)
        return False

    def _accept(self) -> bool:
        try:
            sock, peer = self._socket.accept()
        except (BlockingIOError, ConnectionAbortedError, InterruptedError):
            return False
        except OSError as error:
            if error.errno in EXHAUSTED:
                self._descriptors_exhausted(error)
            return False
        channel = self._connected(sock, peer)
        if channel is not None:
            self._read_first(channel)
        return True

    def _connected(self, sock: socket.socket, peer: Any) -> HTTP1Channel | None:
        """The new connection's channel; None: it was turned away."""
        sock.setblocking(False)
        # TCP_NODELAY is inherited from the listening socket.
        name = (peer[0], str(peer[1])) if type(peer) is tuple else _UNIX_PEER
        if not self._site.admission.admits(name[0] if name is not _UNIX_PEER else ""):
            self._turn_away(sock, name[0])
            return None
        return self._build(sock, name)

    def _build(self, sock: socket.socket, peer: tuple[str, str]) -> HTTP1Channel:
        channel = HTTP1Channel(self._site, peer, self._port)
        channel.makeConnection(Connection(sock, channel, self._reactor, self._site.offload))
        return channel

    def _introduce(self) -> None:
        """Connections may say who their clients are; who has not asked for it is not asked."""
        build = self._build

        def introduced(sock: socket.socket, peer: tuple[str, str]) -> HTTP1Channel:
            channel = build(sock, peer)
            ProxyLine(channel)
            return channel

        self._build = introduced  # type: ignore[method-assign]

    def _read_first(self, channel: HTTP1Channel) -> None:
        """Mostly its first bytes are there already."""
        connection = channel.transport
        try:
            reason = connection.doRead()
        except Exception:
            # As the reactor does it: a fault costs the connection that met it, not this listener.
            failure = Failure()
            _log.failure("a connection was given up", failure)
            connection.connectionLost(failure)
            return
        if reason is not None:
            connection.connectionLost(Failure(reason))
        elif channel.awaits_more():
            connection.startReading()

    def _turn_away(self, sock: socket.socket, peer: str) -> None:
        answer = self._site.turned_away(peer)
        try:
            # What has come already would make the close a reset, which overtakes the answer.
            sock.recv(65536)
        except OSError:
            pass
        try:
            sock.send(answer)
        except OSError:
            pass  # then without a word
        sock.close()

    def _descriptors_exhausted(self, error: OSError) -> None:
        """Neither spins nor keeps the client waiting: it is told at once by a closed connection."""
        if self._closed:
            return  # since a thread has met this
        self._log(f"accept: {error.strerror}: connections are refused until some are closed")
        self._give_reserve()
        try:
            self._socket.accept()[0].close()
        except OSError:
            pass
        self._keep_reserve()
        self.stop()
        self._pause = self._reactor.callLater(_EXHAUSTED_PAUSE, self._pause_over)

    def _pause_over(self) -> None:
        self._pause = None
        self._keep_reserve()
        self.resume()

    def _keep_reserve(self) -> None:
        """Holds a descriptor for the day on which there are no others."""
        if self._reserve is None:
            try:
                self._reserve = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
            except OSError:
                pass  # another thread was faster; after the pause we try again

    def _give_reserve(self) -> None:
        if self._reserve is not None:
            os.close(self._reserve)
            self._reserve = None


def _unusual_port(sock: socket.socket, usual: str) -> str:
    name = sock.getsockname() if usual else None
    port = str(name[1]) if type(name) is tuple else str(UNIX_PORT)
    return "" if not usual or port == usual else port
