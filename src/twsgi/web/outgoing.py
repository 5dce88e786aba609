"""L{Outgoing}: what leaves a connected socket: at once, from any thread, by one lock.

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
from typing import Any

from twisted.internet import main
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionLost
from twisted.python.failure import Failure

from twsgi.errors import ClientDisconnected
from twsgi.web.offload import Offload, Transfer
from twsgi.web.outbox import FilePart, Outbox
from twsgi.web.threads import hand_to_reactor
from twsgi.web.untaken import hung_up, untaken

#: Bytes that wait for a slow reader: above the first the writer waits, below the second it goes on.
HIGH_WATER = 256 * 1024
LOW_WATER = 64 * 1024


class Outgoing:
    """
    The sending half of L{Connection <twsgi.web.transport.Connection>}, and the closing.

    @ivar full: C{HIGH_WATER} was passed; C{protocol.drained()} will say when it is over.
    @ivar connected: False from the moment the socket is closed.
    @ivar lock: held by every send and by the close; also guards what the protocol's state shares
        with other threads.
    """

    __slots__ = (
        "_offload",
        "_offloaded",
        "_outbox",
        "_producer",
        "_protocol",
        "_reactor",
        "_room",
        "_socket",
        "_streaming",
        "_stuck_at",
        "_stuck_since",
        "_writing",
        "connected",
        "disconnecting",
        "fileno",
        "full",
        "lock",
    )

    def __init__(
        self, sock: socket.socket, protocol: Any, reactor: Any, offload: Offload | None
    ) -> None:
        """See L{Connection <twsgi.web.transport.Connection>}."""
        self._socket = sock
        self.fileno = sock.fileno
        self._protocol = protocol
        self._reactor = reactor
        self._offload = offload
        self.lock = threading.Lock()
        self.connected = True
        self.disconnecting = False
        self._writing = self.full = self._streaming = False
        self._offloaded: Transfer | None = None
        self._outbox: Outbox | None = None
        self._room: threading.Condition | None = None
        self._stuck_at = (0, 0)
        self._stuck_since = 0.0
        self._producer: Any = None

    def connectionLost(self, reason: Failure) -> None:
        """The connection is over."""
        raise AssertionError("a connection can be lost")

    def _close_now(self) -> None:
        raise AssertionError("a connection can be closed")

    def doWrite(self) -> Any:
        """Sends once; then lets whoever waits for room go on."""
        part = None
        with self.lock:
            outbox = self._outbox
            if outbox:
                if self._hand_to_offload(outbox):
                    return None
                try:
                    part = outbox.send(self._socket)
                except BlockingIOError:
                    return None
                except (OSError, EOFError):
                    return main.CONNECTION_LOST
            if self._room is not None and self.queued() <= LOW_WATER:
                self._room.notify_all()
        if part is not None:
            part.done.callback(None)
        self._made_room()
        return None

    def _made_room(self) -> None:
        # Asked now, not before a file's end was told: what followed it may fill the queue again.
        if self.full and self.queued() <= LOW_WATER:
            self.full = False
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

    @property
    def pending(self) -> bool:
        """Something waits for room, of memory or of a file."""
        return bool(self._outbox)

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
        if waiting > HIGH_WATER and not self.full:
            self.full = True
            if self._producer is not None and self._streaming:
                self._producer.pauseProducing()

    def writeSequence(self, data: Any) -> None:
        """C{write} of the pieces joined."""
        self.write(b"".join(data))

    def stuck(self, now: float, limit: float) -> bool:
        """
        True when something has been waiting for room for C{limit} seconds, and meanwhile nothing
        has left, and the peer has taken nothing of what the kernel holds.  To be asked every now
        and then; offload threads have deadlines of their own.
        """
        outbox = self._outbox
        if not outbox or self._offloaded is not None:
            self._stuck_since = 0.0
            return False
        progress = self._progress()
        if progress != self._stuck_at or not self._stuck_since:
            self._stuck_at, self._stuck_since = progress, now
        return now - self._stuck_since > limit

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

    def sends_via(self, count: int) -> str:
        """By what means C{count} bytes of a file leave: C{sendfile} or C{offload}."""
        offload = self._offload
        return "offload" if offload is not None and count >= offload.smallest else "sendfile"

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """C{IConsumer}."""
        if not self.connected:
            producer.stopProducing()
            return
        self._producer = producer
        self._streaming = streaming
        if not streaming:
            self._start_writing()
        elif self.full:
            producer.pauseProducing()

    def unregisterProducer(self) -> None:
        """C{IConsumer}."""
        self._producer = None
        if not self._outbox and not self.disconnecting:
            self._stop_writing()

    def abortConnection(self) -> None:
        """Closes at once, with a reset, so that the peer can tell that something is missing."""
        if self.connected:
            try:
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0" + bytes(4))
            except OSError:
                pass
            self.connectionLost(Failure(ConnectionLost()))

    def _close_socket(self) -> list[FilePart]:
        """
        The one close.  Reactor thread, once.

        @return: parts of files that will never leave.
        """
        with self.lock:
            self.connected = False
            transfer, outbox = self._offloaded, self._outbox
            part = outbox.file_ahead() if outbox is not None else None
            if transfer is not None and part is not None:
                # The thread has a descriptor of its own: this is what it notices.
                self._shutdown(socket.SHUT_RDWR)
                part.count, part.shrunk = transfer.unsent, transfer.shrunk
            self._release()
            self._socket.close()
            if self._room is not None:
                self._room.notify_all()
            return outbox.clear() if outbox is not None else []

    def _release(self) -> None:
        """Holding the lock: the descriptor is about to be closed."""

    # What application threads ask.

    def peer_gone(self) -> bool:
        """The peer has closed its side, or is gone altogether.  Any thread; never blocks."""
        with self.lock:
            return not self.connected or hung_up(self.fileno())

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
        progress = self._progress()
        while self.connected and self.queued() > LOW_WATER:
            if not self._room.wait(timeout) and self._progress() == progress:
                hand_to_reactor(self._reactor, self.abortConnection)
                raise ClientDisconnected(f"the client read nothing for {timeout:g} seconds")
            progress = self._progress()
        if not self.connected:
            raise ClientDisconnected("the client is gone")

    # Within.

    def _progress(self) -> tuple[int, int]:
        """What changes while the peer reads: what has left, and what of it is in the kernel."""
        return self._box().sent, untaken(self.fileno())

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
        # A thread that the connection belongs to closes it only where this says that the reactor
        # does not watch it: so it is said before, and taken back after.
        with self.lock:
            if self._writing or not self.connected:
                return
            self._writing = True
        self._reactor.addWriter(self)

    def _stop_writing(self) -> None:
        if self._writing:
            self._reactor.removeWriter(self)
            self._writing = False

    def _shutdown(self, how: int) -> bool:
        try:
            self._socket.shutdown(how)
        except OSError:
            return False
        return True

    def _hand_to_offload(self, outbox: Outbox) -> bool:
        """
        Holding the lock: True where an offload thread sends what is next.  The part stays at the
        head of the queue meanwhile, so that whatever is written waits behind it.
        """
        part = outbox.file_ahead()
        if part is None or self._offload is None or part.count < self._offload.smallest:
            return False
        if self._offloaded is None:
            descriptor, offset, count = part.descriptor, part.offset, part.count
            try:
                self._offloaded = self._offload.send(
                    self.fileno(), descriptor, offset, count, self._offload_ended
                )
            except OSError:
                return False  # no descriptors left: the reactor's thread does it
        self._stop_writing()
        return True

    def _offload_ended(self) -> None:
        """Reactor thread: the offload thread is through with a part."""
        transfer, outbox = self._offloaded, self._outbox
        if not self.connected or transfer is None or outbox is None:
            return
        if transfer.unsent:
            self.abortConnection()
            return
        self._offloaded = None
        # Nothing waits for room in the socket: that is not asked for.
        with self.lock:
            part = outbox.file_sent()
        part.done.callback(None)
        if outbox or self._producer is not None:
            self._start_writing()
        else:
            self._made_room()
