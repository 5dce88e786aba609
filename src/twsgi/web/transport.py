"""L{Connection}: one connected socket: sends at once, from any thread, by one lock.

C{transport.write} of a stock transport costs two C{epoll_ctl} and a turn of the reactor before a
byte leaves, and may be called by the reactor's thread alone.  Here a write goes to the socket at
once where nothing is queued, and an application's thread may write.

That is legal on one condition.  While a thread sends, the reactor may close the socket, the
kernel may give its number to the next connection accepted, and the bytes would go to B{another
client}.  So every send and the close hold the connection's lock, and a send looks at
C{connected} first.  Nothing else in this project may send to, or close, a client's socket.
"""

from __future__ import annotations

import socket
import threading
from typing import Any, Protocol

from twisted.internet import main
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionLost
from twisted.internet.interfaces import (
    IConsumer,
    IReadDescriptor,
    ITransport,
    IWriteDescriptor,
)
from twisted.python.failure import Failure
from zope.interface import implementer

from twsgi.errors import ClientDisconnected
from twsgi.interfaces import ISendfileTransport, IThreadSafeTransport
from twsgi.web.outbox import FilePart, Outbox
from twsgi.web.threads import hand_to_reactor

#: Bytes that wait for a slow reader: above the first the writer waits, below the second it goes on.
HIGH_WATER = 256 * 1024
LOW_WATER = 64 * 1024
_READ = 65536


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
class Connection:
    """
    One connected, non-blocking stream socket.

    @ivar connected: False from the moment the socket is closed.
    @ivar lock: held by every send and by the close; also guards what the protocol's state shares
        with other threads.
    """

    __slots__ = (
        "_ended",
        "_full",
        "_lingering",
        "_outbox",
        "_producer",
        "_protocol",
        "_reactor",
        "_reading",
        "_room",
        "_sent",
        "_socket",
        "_streaming",
        "_writing",
        "connected",
        "disconnecting",
        "fileno",
        "lock",
    )

    def __init__(self, sock: socket.socket, protocol: ConnectionProtocol, reactor: Any) -> None:
        """
        @param sock: non-blocking; this object's from now on.
        @param reactor: an C{IReactorFDSet} and C{IReactorFromThreads}.
        """
        self._socket = sock
        self.fileno = sock.fileno
        self._protocol = protocol
        self._reactor = reactor
        self.lock = threading.Lock()
        self.connected = True
        self.disconnecting = False
        self._reading = self._writing = self._full = self._lingering = self._ended = False
        self._outbox: Outbox | None = None
        self._room: threading.Condition | None = None
        self._sent = 0
        self._producer: Any = None
        self._streaming = False

    # What the reactor asks.

    def logPrefix(self) -> str:
        """For Twisted's log."""
        return "twsgi"

    def doRead(self) -> Any:
        """Reads once."""
        try:
            data = self._socket.recv(_READ)
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

    def doWrite(self) -> Any:
        """Sends once; then lets whoever waits for room go on."""
        part = None
        with self.lock:
            outbox = self._outbox
            if outbox:
                before = outbox.size
                try:
                    part = outbox.send(self._socket)
                except BlockingIOError:
                    return None
                except (OSError, EOFError):
                    return main.CONNECTION_LOST
                self._sent += before - outbox.size
            if self._room is not None and self.queued() <= LOW_WATER:
                self._room.notify_all()
        if part is not None:
            part.done.callback(None)
        self._made_room()
        return None

    def _made_room(self) -> None:
        # Asked now, not before a file's end was told: what followed it may fill the queue again.
        if self._full and self.queued() <= LOW_WATER:
            self._full = False
            if self._producer is not None and self._streaming:
                self._producer.resumeProducing()
            self._protocol.drained()
        if self._outbox:
            return
        if self._producer is not None and not self._streaming:
            self._producer.resumeProducing()
            return
        self._stop_writing()
        if self.disconnecting and self.connected:
            self._close_now()

    def connectionLost(self, reason: Failure) -> None:
        """Closes the socket.  Reactor thread; more than once does nothing."""
        if not self.connected:
            return
        self.stopReading()
        self._stop_writing()
        with self.lock:
            self.connected = False
            self._socket.close()
            parts = self._outbox.clear() if self._outbox is not None else []
            if self._room is not None:
                self._room.notify_all()
        producer, self._producer = self._producer, None
        if producer is not None:
            producer.stopProducing()
        for part in parts:
            part.lost()
        self._protocol.connectionLost(reason)

    # What the protocol asks.  Reactor thread.

    def startReading(self) -> None:
        """Begins, or goes on, to read."""
        if self.connected and not self._reading and not self._ended:
            self._reading = True
            self._reactor.addReader(self)

    def stopReading(self) -> None:
        """Leaves what comes in the kernel."""
        if self._reading:
            self._reading = False
            self._reactor.removeReader(self)

    pauseProducing = stopReading
    resumeProducing = startReading

    def stopProducing(self) -> None:
        """C{IPushProducer}: there is no reader any more."""
        self.loseConnection()

    def queued(self) -> int:
        """How many bytes wait for room."""
        return self._outbox.size if self._outbox is not None else 0

    def write(self, data: bytes) -> None:
        """Sends C{data}: at once, or what the socket does not take as soon as it does."""
        if not data:
            return
        with self.lock:
            if not self.connected or not self._queue_rest(data):
                return
            waiting = self.queued()
        self._start_writing()
        if waiting > HIGH_WATER and not self._full:
            self._full = True
            if self._producer is not None and self._streaming:
                self._producer.pauseProducing()

    def writeSequence(self, data: Any) -> None:
        """C{write} of the pieces joined."""
        self.write(b"".join(data))

    @property
    def full(self) -> bool:
        """C{HIGH_WATER} was passed; C{protocol.drained()} will say when it is over."""
        return self._full

    def send_file(self, descriptor: int, offset: int, count: int) -> Deferred[None]:
        """See L{ISendfileTransport}."""
        part = FilePart(descriptor, offset, count)
        with self.lock:
            if self.connected:
                self._box().add_file(part)
        if self.connected:
            self._start_writing()
        else:
            part.lost()
        return part.done

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """C{IConsumer}."""
        if not self.connected:
            producer.stopProducing()
            return
        self._producer = producer
        self._streaming = streaming
        if not streaming:
            self._start_writing()
        elif self._full:
            producer.pauseProducing()

    def unregisterProducer(self) -> None:
        """C{IConsumer}."""
        self._producer = None
        if not self._outbox and not self.disconnecting:
            self._stop_writing()

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

    def abortConnection(self) -> None:
        """Closes at once, with a reset, so that the peer can tell that something is missing."""
        if self.connected:
            try:
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0" + bytes(4))
            except OSError:
                pass
            self.connectionLost(Failure(ConnectionLost()))

    def peer(self) -> Any:
        """C{getpeername()}, or None where the peer is gone already."""
        try:
            return self._socket.getpeername()
        except OSError:
            return None

    def getPeer(self) -> Any:
        """C{ITransport}."""
        return _address(self.peer())

    def getHost(self) -> Any:
        """C{ITransport}."""
        try:
            return _address(self._socket.getsockname())
        except OSError:
            return _address(None)

    # What application threads ask.

    def write_from_thread(self, data: bytes, timeout: float) -> None:
        """See L{IThreadSafeTransport}."""
        with self.lock:
            if not self.connected:
                raise ClientDisconnected("the client is gone")
            if not self._queue_rest(data):
                return
            hand_to_reactor(self._reactor, self._start_writing)
            if self.queued() > HIGH_WATER:
                self._wait_for_room(timeout)

    def _wait_for_room(self, timeout: float) -> None:
        """Holding the lock, which waiting gives back meanwhile."""
        if self._room is None:
            self._room = threading.Condition(self.lock)
        sent = self._sent
        while self.connected and self.queued() > LOW_WATER:
            if not self._room.wait(timeout) and self._sent == sent:
                hand_to_reactor(self._reactor, self.abortConnection)
                raise ClientDisconnected(f"the client read nothing for {timeout:g} seconds")
            sent = self._sent
        if not self.connected:
            raise ClientDisconnected("the client is gone")

    # Within.

    def _queue_rest(self, data: bytes) -> bool:
        """Holding the lock: sends what can be, queues the rest; True if there is a rest."""
        rest: bytes | memoryview = data
        if not self._outbox:
            try:
                sent = self._socket.send(data)
            except BlockingIOError:
                sent = 0
            except OSError:
                # The reactor meets the same error when it sends the rest, and closes.
                sent = 0
            if sent == len(data):
                return False
            if sent:
                rest = memoryview(data)[sent:]
        self._box().add(rest)
        return True

    def _box(self) -> Outbox:
        if self._outbox is None:
            self._outbox = Outbox()
        return self._outbox

    def _start_writing(self) -> None:
        if self.connected and not self._writing:
            self._writing = True
            self._reactor.addWriter(self)

    def _stop_writing(self) -> None:
        if self._writing:
            self._writing = False
            self._reactor.removeWriter(self)

    def _close_now(self) -> None:
        if not self._lingering:
            self.connectionLost(Failure(main.CONNECTION_DONE))
            return
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError:
            self.connectionLost(Failure(main.CONNECTION_DONE))
            return
        self.startReading()


def _address(name: Any) -> Any:
    from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress

    if isinstance(name, tuple):
        if len(name) == 4:
            return IPv6Address("TCP", *name)
        return IPv4Address("TCP", *name)
    return UNIXAddress(name or None)
