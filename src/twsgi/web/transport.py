"""L{Connection}: one connected socket: reads for its protocol, and ends."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any, Protocol

from twisted.internet import main
from twisted.internet.interfaces import (
    IConsumer,
    IReadDescriptor,
    ITransport,
    IWriteDescriptor,
)
from twisted.python.failure import Failure
from zope.interface import implementer

from twsgi.interfaces import ISendfileTransport, IThreadSafeTransport
from twsgi.web.addresses import address
from twsgi.web.offload import Offload
from twsgi.web.outgoing import Outgoing
from twsgi.web.untaken import unread, untaken

#: Bytes that are read at once.
READ = 65536
#: One for all, as Twisted has the error itself: to make a Failure costs more than to close.
_DONE = Failure(main.CONNECTION_DONE)


class ConnectionProtocol(Protocol):
    """What a connection asks of whoever reads from it.  Reactor thread."""

    def dataReceived(self, data: bytes) -> None:
        """Bytes came."""

    def read_closed(self) -> None:
        """The peer will send no more; it may still read."""

    def drained(self) -> None:
        """After C{HIGH_WATER} was passed, less than C{LOW_WATER} is left to be sent."""

    def connectionLost(self, reason: Failure) -> None:
        """The connection is over.  Called once, last."""


@implementer(
    ITransport,
    IConsumer,
    IReadDescriptor,
    IWriteDescriptor,
    IThreadSafeTransport,
    ISendfileTransport,
)
class Connection(Outgoing):
    """
    One connected, non-blocking stream socket.

    @ivar reading: what comes is read; else it stays in the kernel.
    """

    __slots__ = ("_ended", "_lingering", "reading", "receive")

    def __init__(
        self,
        sock: socket.socket,
        protocol: ConnectionProtocol,
        reactor: Any,
        offload: Offload | None = None,
    ) -> None:
        """
        @param sock: non-blocking; this object's from now on.
        @param reactor: an C{IReactorFDSet} and C{IReactorFromThreads}.
        @param offload: who sends long parts of files; None: the reactor's thread.
        """
        super().__init__(sock, protocol, reactor, offload)
        self.reading = self._lingering = self._ended = False
        #: What C{doRead} calls for bytes; a protocol that awaits more than bytes may replace it.
        self.receive: Callable[[int], bytes] = sock.recv

    # What the reactor asks.

    def logPrefix(self) -> str:
        """For Twisted's log."""
        return "twsgi"

    def doRead(self) -> Any:
        """Reads once."""
        try:
            data = self.receive(READ)
        except BlockingIOError:
            return None
        except OSError:
            return main.CONNECTION_LOST
        if data:
            if not self._lingering:
                self._protocol.dataReceived(data)
            return None
        if self._lingering:
            return main.CONNECTION_DONE
        self._ended = True
        self.stopReading()
        self._protocol.read_closed()
        return None

    def connectionLost(self, reason: Failure) -> None:
        """Closes the socket.  Reactor thread; more than once does nothing."""
        if not self.connected:
            return
        self.stopReading()
        self._stop_writing()
        parts = self._close_socket()
        producer, self._producer = self._producer, None
        if producer is not None:
            producer.stopProducing()
        for part in parts:
            part.lost()
        self._protocol.connectionLost(reason)

    # What the protocol asks.  Reactor thread.

    def startReading(self) -> None:
        """Begins, or goes on, to read."""
        if self.connected and not self.reading and not self._ended:
            self.reading = True
            self._reactor.addReader(self)

    def stopReading(self) -> None:
        """Leaves what comes in the kernel."""
        if self.reading:
            self.reading = False
            self._reactor.removeReader(self)

    pauseProducing = stopReading
    resumeProducing = startReading

    def stopProducing(self) -> None:
        """C{IPushProducer}: there is no reader any more."""
        self.loseConnection()

    def loseConnection(self) -> None:
        """Closes, after all that was written has left."""
        if not self.connected or self.disconnecting:
            return
        self.disconnecting = True
        if self._outbox:
            self.stopReading()
        else:
            self._close_now()

    def lose_lingering(self) -> None:
        """
        As C{loseConnection}, for when the peer still sends: closing at once would reset the
        connection and destroy what was written last.  What comes is read and dropped; whoever
        calls this sees to it that it does not go on for ever.
        """
        self._lingering = True
        self.loseConnection()

    def untaken(self) -> int:
        """See L{twsgi.web.untaken.untaken}."""
        return untaken(self.fileno())

    def unread(self) -> bool:
        """Something has come that nobody has read: closing now would be a reset."""
        return unread(self.fileno()) > 0

    def getPeer(self) -> Any:
        """C{ITransport}."""
        return address(self._socket.getpeername)

    def getHost(self) -> Any:
        """C{ITransport}."""
        return address(self._socket.getsockname)

    def _close_now(self) -> None:
        if not self._lingering:
            self.connectionLost(_DONE)
            return
        if self._shutdown(socket.SHUT_WR):
            self.startReading()
        else:
            self.connectionLost(_DONE)
