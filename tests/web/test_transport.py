"""L{twsgi.web.transport}: what is written arrives, in order, and never at another client."""

from __future__ import annotations

import os
import socket
import tempfile
import threading
from collections.abc import Callable
from typing import Any

from twisted.internet.error import ConnectionLost
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from tests.web.turning import TurningReactor
from twsgi.web.outbox import FileNotSent
from twsgi.web.outgoing import HIGH_WATER, LOW_WATER
from twsgi.web.transport import Connection

#: More than a socketpair holds, and more than may wait.
LARGE = 4 * HIGH_WATER


class Protocol:
    """
    Writes down what happens to it.

    @ivar events: the names, in order.
    @ivar data: what was received.
    """

    def __init__(self) -> None:
        self.events: list[str] = []
        self.data = b""

    def dataReceived(self, data: bytes) -> None:
        self.data += data

    def read_closed(self) -> None:
        self.events.append("read_closed")

    def drained(self) -> None:
        self.events.append("drained")

    def connectionLost(self, reason: Failure) -> None:
        self.events.append("lost")


class Producer:
    """Writes down what it is asked for; a pull producer writes C{pieces}."""

    def __init__(self, connection: Connection | None = None, pieces: int = 0) -> None:
        self.events: list[str] = []
        self._connection = connection
        self._pieces = pieces

    def pauseProducing(self) -> None:
        self.events.append("pause")

    def resumeProducing(self) -> None:
        self.events.append("resume")
        if self._connection is not None:
            if self._pieces:
                self._pieces -= 1
                self._connection.write(b"p" * 100000)
            else:
                self._connection.unregisterProducer()

    def stopProducing(self) -> None:
        self.events.append("stop")


class TransportCase(SynchronousTestCase):
    """A connection and its peer."""

    def setUp(self) -> None:
        self.reactor = TurningReactor()
        self.protocol = Protocol()
        ours, self.peer = socket.socketpair()
        ours.setblocking(False)
        self.peer.setblocking(False)
        self.connection = Connection(ours, self.protocol, self.reactor)
        self.addCleanup(self.peer.close)
        self.addCleanup(self.connection.abortConnection)

    def read_some(self) -> bytes:
        """What the peer can read at once."""
        try:
            return self.peer.recv(1 << 20)
        except (BlockingIOError, ConnectionResetError):
            return b""

    def read(self) -> bytes:
        """What the peer reads while the reactor turns."""
        pieces = []
        self.reactor.turn_until_idle()
        while piece := self.read_some():
            pieces.append(piece)
            self.reactor.turn_until_idle()
        return b"".join(pieces)

    def file(self, content: bytes) -> int:
        """The descriptor of a file."""
        file = tempfile.TemporaryFile()  # noqa: SIM115
        self.addCleanup(file.close)
        file.write(content)
        file.flush()
        return file.fileno()


class WriteTests(TransportCase):
    """C{write}."""

    def test_at_once(self) -> None:
        """What the socket takes leaves without a turn of the reactor, and nothing is watched."""
        self.connection.write(b"hello")
        self.assertEqual(self.read_some(), b"hello")
        self.assertEqual((self.reactor.writers, self.connection.queued()), ([], 0))

    def test_rest(self) -> None:
        """What it does not take follows when it does, in order; then nothing is watched."""
        pieces = [b"a" * LARGE, b"b" * 10, b"", b"c" * LARGE]
        for piece in pieces:
            self.connection.write(piece)
        self.assertEqual(self.reactor.writers, [self.connection])
        self.assertTrue(self.read() == b"".join(pieces))
        self.assertEqual((self.reactor.writers, self.connection.queued()), ([], 0))

    def test_sequence(self) -> None:
        """A sequence leaves as one."""
        self.connection.writeSequence([b"a", b"b"])
        self.assertEqual(self.read_some(), b"ab")

    def test_full(self) -> None:
        """Above the high-water mark it is full; below the low one the protocol is told, once."""
        self.assertFalse(self.connection.full)
        self.connection.write(bytes(LARGE))
        self.assertTrue(self.connection.full)
        while self.connection.queued() > LOW_WATER:
            self.assertEqual(self.protocol.events, [])
            self.read_some()
            self.reactor.turn()
        self.assertFalse(self.connection.full)
        self.read()
        self.assertEqual(self.protocol.events, ["drained"])

    def test_closed(self) -> None:
        """After the close nothing is written, and that is no error."""
        self.connection.abortConnection()
        self.connection.write(b"late")
        self.assertEqual(self.read_some(), b"")

    def test_peer_is_gone(self) -> None:
        """A peer that has closed is noticed by writing alone, and told to the protocol once."""
        self.peer.close()
        self.connection.write(b"a")
        self.connection.write(b"b")
        self.reactor.turn_until_idle()
        self.assertEqual(self.protocol.events, ["lost"])
        self.assertEqual((self.reactor.writers, self.connection.connected), ([], False))


class SendFileTests(TransportCase):
    """C{send_file}."""

    def test_whole(self) -> None:
        """The part arrives, and then the Deferred fires; the descriptor is still the caller's."""
        content = bytes(range(256)) * 8192
        descriptor = self.file(content)
        done = self.connection.send_file(descriptor, 1, len(content) - 2)
        self.reactor.turn_until_idle()
        self.assertNoResult(done)
        self.assertTrue(self.read() == content[1:-1])
        self.assertIsNone(self.successResultOf(done))
        os.fstat(descriptor)
        self.assertEqual(self.reactor.writers, [])

    def test_order(self) -> None:
        """It comes after what was written before, and before what is written after."""
        descriptor = self.file(b"file")
        head = b"h" * LARGE
        self.connection.write(head)
        first = self.connection.send_file(descriptor, 0, 4)
        self.connection.write(b",between,")
        second = self.connection.send_file(descriptor, 2, 2)
        self.connection.write(b",after")
        self.assertTrue(self.read() == head + b"file,between,le,after")
        self.successResultOf(first)
        self.successResultOf(second)

    def test_no_bytes(self) -> None:
        """A part of no bytes is sent in its turn."""
        done = self.connection.send_file(self.file(b""), 0, 0)
        self.reactor.turn_until_idle()
        self.assertIsNone(self.successResultOf(done))
        self.assertEqual(self.reactor.writers, [])

    def test_not_in_memory(self) -> None:
        """A file neither counts as waiting bytes nor makes the connection full."""
        self.connection.send_file(self.file(bytes(LARGE)), 0, LARGE).addErrback(lambda _: None)
        self.reactor.turn_until_idle()
        self.assertEqual((self.connection.queued(), self.connection.full), (0, False))

    def test_what_follows_its_end(self) -> None:
        """What is written when the Deferred fires is sent too, be it bytes, a file, a producer."""
        descriptor = self.file(b"file")
        producer = Producer(self.connection, 2)
        for follow, data in (
            (lambda _: self.connection.write(b"x" * LARGE), b"x" * LARGE),
            (lambda _: self.connection.send_file(descriptor, 0, 2), b"fi"),
            (lambda _: self.connection.registerProducer(producer, False), b"p" * 200000),
        ):
            done = self.connection.send_file(descriptor, 0, 4)
            done.addCallback(follow)
            self.assertTrue(self.read() == b"file" + data)
            self.assertEqual(self.reactor.writers, [])

    def test_full_by_what_follows(self) -> None:
        """A connection that was filled when the Deferred fired is full until the peer reads."""
        done = self.connection.send_file(self.file(b"file"), 0, 4)
        done.addCallback(lambda _: self.connection.write(bytes(LARGE)))
        self.reactor.turn()
        self.assertGreater(self.connection.queued(), HIGH_WATER)
        self.assertTrue(self.connection.full)
        self.assertEqual(self.protocol.events, [])

    def test_shorter_file(self) -> None:
        """Where the file ends too early the connection is closed and the Deferred fails."""
        done = self.connection.send_file(self.file(b"file"), 0, 5)
        self.assertEqual(self.read(), b"file")
        self.failureResultOf(done, ConnectionLost, EOFError)
        self.assertEqual(self.protocol.events, ["lost"])

    def test_peer_is_gone(self) -> None:
        """Where the peer goes away every Deferred fails, before the protocol is told."""
        descriptor = self.file(bytes(LARGE))
        events = self.protocol.events
        parts = [self.connection.send_file(descriptor, 0, LARGE) for _ in range(3)]
        for part in parts:
            part.addErrback(lambda failure: events.append(failure.trap(ConnectionLost).__name__))
        self.reactor.turn_until_idle()
        self.peer.close()
        self.reactor.turn_until_idle()
        self.assertEqual(events, ["ConnectionLost"] * 3 + ["lost"])

    def test_closed(self) -> None:
        """On a closed connection the Deferred fails at once."""
        self.connection.abortConnection()
        self.failureResultOf(self.connection.send_file(self.file(b"file"), 0, 4), ConnectionLost)
        self.assertEqual(self.reactor.writers, [])

    def test_close_waits(self) -> None:
        """C{loseConnection} closes after the file has left."""
        done = self.connection.send_file(self.file(bytes(LARGE)), 0, LARGE)
        self.connection.loseConnection()
        self.assertEqual(len(self.read()), LARGE)
        self.successResultOf(done)
        self.assertEqual(self.protocol.events, ["lost"])

    def test_abort_does_not_wait(self) -> None:
        """C{abortConnection} closes at once, and the Deferred fails with what is missing."""
        done = self.connection.send_file(self.file(bytes(LARGE)), 0, LARGE)
        self.reactor.turn_until_idle()
        self.connection.abortConnection()
        failure = self.failureResultOf(done, FileNotSent)
        self.assertEqual(len(self.read_some()) + failure.value.unsent, LARGE)
        self.assertEqual(self.protocol.events, ["lost"])


class ProducerTests(TransportCase):
    """C{IConsumer}."""

    def test_push(self) -> None:
        """A push producer is paused above the high-water mark and resumed below the low one."""
        producer = Producer()
        self.connection.registerProducer(producer, True)
        self.connection.write(b"a")
        self.assertEqual(producer.events, [])
        self.connection.write(bytes(LARGE))
        self.connection.write(bytes(LARGE))
        self.assertEqual(producer.events, ["pause"])
        self.read()
        self.assertEqual(producer.events, ["pause", "resume"])

    def test_push_when_full(self) -> None:
        """A push producer that comes to a full connection is paused at once."""
        self.connection.write(bytes(LARGE))
        producer = Producer()
        self.connection.registerProducer(producer, True)
        self.assertEqual(producer.events, ["pause"])

    def test_pull(self) -> None:
        """A pull producer is asked whenever all it gave has left, and no longer after its end."""
        producer = Producer(self.connection, 5)
        self.connection.registerProducer(producer, False)
        self.assertEqual(len(self.read()), 500000)
        self.assertEqual(producer.events, ["resume"] * 6)
        self.assertEqual(self.reactor.writers, [])

    def test_peer_is_gone(self) -> None:
        """Where the peer is gone a producer is stopped, and one that comes later too."""
        first, second = Producer(), Producer()
        self.connection.registerProducer(first, True)
        self.connection.abortConnection()
        self.connection.registerProducer(second, True)
        self.assertEqual((first.events, second.events), (["stop"], ["stop"]))


class CloseTests(TransportCase):
    """How a connection ends."""

    def test_after_what_was_written(self) -> None:
        """C{loseConnection} closes when all has left, not before."""
        self.connection.write(b"x" * LARGE)
        self.connection.loseConnection()
        self.assertTrue(self.connection.connected)
        self.assertEqual(len(self.read()), LARGE)
        self.assertEqual((self.protocol.events[-1], self.peer.recv(1)), ("lost", b""))

    def test_once(self) -> None:
        """However often it is closed, the protocol is told once."""
        self.connection.loseConnection()
        self.connection.loseConnection()
        self.connection.abortConnection()
        self.connection.connectionLost(Failure(ConnectionLost()))
        self.assertEqual(self.protocol.events, ["lost"])

    def test_lingering(self) -> None:
        """Lingering, it sends its end, drops what comes, and closes when the peer does."""
        self.connection.startReading()
        self.connection.write(b"answer")
        self.connection.lose_lingering()
        self.peer.sendall(b"more")
        self.reactor.turn_until_idle()
        self.assertEqual((self.peer.recv(100), self.peer.recv(100)), (b"answer", b""))
        self.assertEqual((self.protocol.data, self.protocol.events), (b"", []))
        self.peer.close()
        self.reactor.turn_until_idle()
        self.assertEqual(self.protocol.events, ["lost"])

    def test_peer_that_only_stops_sending(self) -> None:
        """A peer that sends no more still reads, and nothing spins."""
        self.connection.startReading()
        self.peer.shutdown(socket.SHUT_WR)
        self.reactor.turn_until_idle()
        self.assertEqual(self.protocol.events, ["read_closed"])
        self.connection.write(b"answer")
        self.assertEqual(self.read_some(), b"answer")


class ThreadTests(TransportCase):
    """C{write_from_thread}."""

    def in_thread(self, call: Callable[[], Any]) -> tuple[threading.Thread, list[Exception]]:
        """Runs C{call} on a thread; what it raises is in the list."""
        raised: list[Exception] = []

        def run() -> None:
            try:
                call()
            except Exception as error:
                raised.append(error)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        return thread, raised

    def read_until_ended(self, thread: threading.Thread) -> int:
        """The peer reads until the thread has ended.  @return: how many bytes."""
        count = 0
        for _ in range(100000):
            if not thread.is_alive():
                return count
            self.reactor.turn()
            count += len(self.read_some())
            thread.join(0.001)
        raise AssertionError("the thread does not end")

    def test_at_once(self) -> None:
        """What the socket takes leaves without the reactor."""
        self.connection.write_from_thread(b"hello", 5)
        self.assertEqual(self.read_some(), b"hello")
        self.assertEqual((self.reactor.handed, self.reactor.writers), ([], []))

    def test_little_rest(self) -> None:
        """A rest below the high-water mark is left to the reactor, and the thread goes on."""
        data = b"x"
        while not self.connection.queued():
            self.connection.write_from_thread(b"x" * 1000, 5)
            data += b"x" * 1000
        self.connection.write_from_thread(b"end", 5)
        self.assertEqual(self.reactor.writers, [])
        self.assertEqual(self.read()[-4:], b"xend")
        self.assertEqual(self.reactor.writers, [])

    def test_slow_reader(self) -> None:
        """A thread that outruns its reader waits, and all arrives."""
        thread, raised = self.in_thread(
            lambda: [self.connection.write_from_thread(bytes(HIGH_WATER), 30) for _ in range(8)]
        )
        count = self.read_until_ended(thread) + len(self.read())
        self.assertEqual((count, raised), (8 * HIGH_WATER, []))

    def test_little_waits(self) -> None:
        """What waits is bounded: the mark, and one piece."""
        thread, raised = self.in_thread(
            lambda: [self.connection.write_from_thread(bytes(10000), 30) for _ in range(1000)]
        )
        most = 0
        while thread.is_alive():
            self.reactor.turn()
            most = max(most, self.connection.queued())
            self.read_some()
            thread.join(0.0001)
        self.assertLessEqual(most, HIGH_WATER + 10000)
        self.assertEqual(raised, [])

    def test_reader_that_does_not_read(self) -> None:
        """Where nothing moves in time the thread is told, and the connection cut."""
        with self.assertRaises(OSError):
            self.connection.write_from_thread(bytes(LARGE), 0.01)
        self.reactor.turn_until_idle()
        self.assertFalse(self.connection.connected)

    def test_lost_while_it_waits(self) -> None:
        """A thread that waits is told at once that the connection is lost."""
        thread, raised = self.in_thread(
            lambda: self.connection.write_from_thread(bytes(LARGE), 600)
        )
        while not self.connection.queued():
            thread.join(0.001)
        self.connection.abortConnection()
        thread.join(60)
        self.assertFalse(thread.is_alive())
        self.assertIsInstance(raised[0], ConnectionError)

    def test_never_at_another_client(self) -> None:
        """After the close nothing is sent, whoever has the descriptor's number by then."""
        number = self.connection.fileno()
        self.connection.abortConnection()
        mine, other = socket.socketpair()
        self.addCleanup(mine.close)
        self.addCleanup(other.close)
        other.setblocking(False)
        self.assertEqual(mine.fileno(), number)
        with self.assertRaises(ConnectionError):
            self.connection.write_from_thread(b"secret", 5)
        self.connection.write(b"secret")
        self.assertRaises(BlockingIOError, other.recv, 10)


class SlowSocket:
    """A socket whose C{send} lets others try to close it meanwhile."""

    def __init__(self, sock: socket.socket, during: Callable[[], None]) -> None:
        self._socket = sock
        self._during = during
        self.closed_during_send = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)

    def send(self, data: bytes) -> int:
        self._during()
        self.closed_during_send = self._socket.fileno() < 0
        return self._socket.send(data)


class LockTests(SynchronousTestCase):
    """The one rule whose breach would send bytes to another client."""

    def test_close_waits_for_a_send(self) -> None:
        """While one thread sends, another that closes waits until it has."""
        reactor, protocol = TurningReactor(), Protocol()
        ours, peer = socket.socketpair()
        self.addCleanup(peer.close)
        ours.setblocking(False)
        closing: list[threading.Thread] = []

        def close_meanwhile() -> None:
            thread = threading.Thread(target=connection.abortConnection, daemon=True)
            closing.append(thread)
            thread.start()
            thread.join(0.05)

        slow = SlowSocket(ours, close_meanwhile)
        connection = Connection(slow, protocol, reactor)  # type: ignore[arg-type]
        connection.write_from_thread(b"mine", 5)
        closing[0].join(60)
        self.assertFalse(slow.closed_during_send)
        self.assertEqual(protocol.events, ["lost"])
        self.assertFalse(connection.connected)
