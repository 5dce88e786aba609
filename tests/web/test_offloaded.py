"""L{twsgi.web.outgoing} with offload threads: order, ends, and whom what is written reaches."""

from __future__ import annotations

import socket
import tempfile
from types import SimpleNamespace
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from tests.descriptors import open_descriptors
from tests.web.offloading import SOON, HandedReactor, SteppedOffload
from tests.web.test_transport import Producer, Protocol
from twsgi.web.offload import Offload
from twsgi.web.outbox import FileNotSent, FileShrunk
from twsgi.web.outgoing import HIGH_WATER
from twsgi.web.transport import Connection

#: More than a socketpair holds.
SIZE = 2 << 20
CONTENT = b"".join(b"%07x\n" % number for number in range(SIZE // 8))


class OffloadedCase(SynchronousTestCase):
    """A connection whose long files leave by an offload thread, which the reactor's turns play."""

    def setUp(self) -> None:
        self.reactor = HandedReactor()
        self.offload: Any = SteppedOffload(self.reactor)
        self.file = tempfile.TemporaryFile()  # noqa: SIM115
        self.addCleanup(self.file.close)
        self.file.write(CONTENT)
        self.file.flush()
        self.before = open_descriptors()
        self.connect()

    def connect(self) -> None:
        """A connection."""
        self.protocol = Protocol()
        ours, self.peer = socket.socketpair()
        ours.setblocking(False)
        self.peer.setblocking(False)
        self.connection = Connection(ours, self.protocol, self.reactor, self.offload)
        self.addCleanup(self.connection.abortConnection)
        self.addCleanup(self.peer.close)
        self.connection.startReading()

    def send(self, offset: int = 0, count: int = SIZE) -> Deferred[None]:
        """Begins to send a part of the file."""
        return self.connection.send_file(self.file.fileno(), offset, count)

    def read(self) -> bytes:
        """All that comes until nothing does."""
        data = bytearray()
        while True:
            self.reactor.turn_until_idle()
            try:
                piece = self.peer.recv(1 << 20)
            except BlockingIOError:
                return bytes(data)
            if not piece:
                return bytes(data)
            data += piece

    def closed(self) -> None:
        """Asserts that all is closed, on our side, and the peer's end too by now."""
        self.reactor.turn_until_idle()
        self.peer.close()
        self.assertFalse(self.connection.connected)
        self.assertEqual(open_descriptors(), self.before)
        self.assertEqual((self.reactor.readers, self.reactor.writers), ([], []))


class OrderTests(OffloadedCase):
    """What arrives, and when that is told."""

    def test_order(self) -> None:
        """What was written before and after a file arrives before and after it."""
        self.connection.write(b"head,")
        done = self.send()
        self.connection.write(b",tail")
        data = self.read()
        self.assertTrue(data == b"head," + CONTENT + b",tail")
        self.assertIsNone(self.successResultOf(done))
        self.assertEqual(self.offload.sends, 1)

    def test_written_meanwhile(self) -> None:
        """What is written while the thread sends waits, and costs no turn."""
        self.send()
        self.reactor.turn_until_idle()
        self.connection.write(b"meanwhile")
        self.reactor.turn_until_idle()
        self.assertEqual(self.connection.queued(), 9)
        self.assertTrue(self.read() == CONTENT + b"meanwhile")

    def test_from_thread_meanwhile(self) -> None:
        """So does what another thread writes."""
        self.send()
        self.reactor.turn_until_idle()
        self.connection.write_from_thread(b"meanwhile", SOON)
        self.assertTrue(self.read() == CONTENT + b"meanwhile")

    def test_several(self) -> None:
        """Several files leave one after the other, long ones and short ones."""
        ends = []
        for offset, count in ((0, SIZE), (8, 100), (0, 0), (16, SIZE - 16)):
            self.connection.write(b"(%d)" % offset)
            self.send(offset, count).addCallback(lambda _, count=count: ends.append(count))
        expected = b"(0)" + CONTENT + b"(8)" + CONTENT[8:108] + b"(0)(16)" + CONTENT[16:]
        self.assertTrue(self.read() == expected)
        self.assertEqual((ends, self.offload.sends), ([SIZE, 100, 0, SIZE - 16], 2))

    def test_next_file_on_its_end(self) -> None:
        """What the end of a file begins is sent too."""
        done = self.send()
        done.addCallback(lambda _: self.send(8, SIZE - 8))
        self.assertTrue(self.read() == CONTENT + CONTENT[8:])

    def test_short(self) -> None:
        """A short part is the reactor's."""
        self.assertEqual(self.connection.sends_via(self.offload.smallest - 1), "sendfile")
        self.assertEqual(self.connection.sends_via(self.offload.smallest), "offload")
        self.send(0, self.offload.smallest - 1)
        self.read()
        self.assertEqual(self.offload.sends, 0)
        self.send(0, self.offload.smallest)
        self.read()
        self.assertEqual(self.offload.sends, 1)

    def test_end_in_a_full_socket(self) -> None:
        """The end is told when the last byte is in the socket, though the client reads nothing."""
        told: list[Any] = []
        over = SimpleNamespace(unsent=0, shrunk=False)

        def send(*args: Any) -> Any:
            told.append(args[-1])
            return over

        self.patch(self.offload, "send", send)
        done = self.send()
        self.reactor.turn_until_idle()
        with self.assertRaises(BlockingIOError):
            while True:
                self.connection._socket.send(b"x" * 4096)
        self.assertNoResult(done)
        told[0]()
        self.successResultOf(done)

    def test_pull_producer(self) -> None:
        """A pull producer behind a file has its turn."""
        producer = Producer(self.connection, 2)
        self.send()
        self.connection.registerProducer(producer, False)
        self.assertEqual(len(self.read()), SIZE + 200000)

    def test_drained(self) -> None:
        """A writer that filled the queue behind a file is told when there is room."""
        self.send()
        self.reactor.turn_until_idle()
        self.connection.write(bytes(2 * HIGH_WATER))
        self.assertTrue(self.connection.full)
        self.read()
        self.assertEqual((self.connection.full, self.protocol.events), (False, ["drained"]))

    def test_account(self) -> None:
        """What the thread sent counts as sent; its own deadline is the one that holds meanwhile."""
        self.send()
        self.reactor.turn_until_idle()
        self.assertFalse(self.connection.stuck(100, 1))
        self.assertFalse(self.connection.stuck(200, 1))
        self.connection.write(bytes(HIGH_WATER * 4))
        self.peer.setblocking(True)
        left = SIZE
        while left:
            left -= len(self.peer.recv(min(left, 65536)))
            self.reactor.turn_until_idle()
        outbox = self.connection._outbox
        assert outbox is not None
        self.assertGreaterEqual(outbox.sent, SIZE)
        self.assertFalse(self.connection.stuck(300, 1))
        self.assertTrue(self.connection.stuck(302, 1))

    def test_no_descriptors_left(self) -> None:
        """Where there are no descriptors left the reactor sends, until there are some again."""
        self.offload.failing = True
        done = self.send()
        for _ in range(20):
            self.reactor.turn()
        self.assertEqual(self.offload.sends, 0)
        first = self.peer.recv(65536)
        self.offload.failing = False
        self.assertTrue(first + self.read() == CONTENT)
        self.assertIsNone(self.successResultOf(done))
        self.assertEqual(self.offload.sends, 1)

    def test_never_any_descriptors(self) -> None:
        """If there never are, all arrives from the reactor."""
        self.offload.failing = True
        self.send()
        self.assertTrue(self.read() == CONTENT)


class EndTests(OffloadedCase):
    """How it ends."""

    def under_way(self) -> tuple[Deferred[None], Deferred[None], int]:
        """Two files of which the first has begun.  @return: how much has come of it, too."""
        first, second = self.send(), self.send(8, SIZE - 8)
        self.reactor.turn_until_idle()
        self.reactor.turn_until_idle()
        return first, second, len(self.peer.recv(1 << 22))

    def test_client_gone(self) -> None:
        """Where the client goes all files fail, and say what is missing; nothing stays open."""
        first, second, _ = self.under_way()
        self.peer.close()
        self.reactor.turn_until_idle()
        unsent = self.failureResultOf(first, FileNotSent).value.unsent
        self.assertTrue(0 < unsent < SIZE, unsent)
        self.assertEqual(self.failureResultOf(second, FileNotSent).value.unsent, SIZE - 8)
        self.assertEqual(self.protocol.events[-1], "lost")
        self.closed()

    def test_client_gone_unread(self) -> None:
        """So they do where the socket is not read: the thread alone notices."""
        self.connection.stopReading()
        first, second, _ = self.under_way()
        self.peer.close()
        self.reactor.turn_until_idle()
        self.failureResultOf(second)
        failure = self.failureResultOf(first, FileNotSent)
        self.assertIsNone(failure.check(FileShrunk))
        self.closed()

    def test_aborted(self) -> None:
        """Where the connection is cut from here the thread stops, and what has left is known."""
        first, second, got = self.under_way()
        self.connection.abortConnection()
        self.assertEqual(self.failureResultOf(first, FileNotSent).value.unsent, SIZE - got)
        self.failureResultOf(second, FileNotSent)
        self.reactor.turn_until_idle()
        self.assertEqual(self.peer.recv(1), b"")
        self.closed()

    def test_shrunk(self) -> None:
        """Where the file becomes shorter the connection is cut, and it is said why."""
        first = self.send()
        second = self.send(0, 10)
        self.file.truncate(SIZE // 2)
        self.assertTrue(self.read() == CONTENT[: SIZE // 2])
        self.assertEqual(self.failureResultOf(first, FileShrunk).value.unsent, SIZE // 2)
        self.assertIsNone(self.failureResultOf(second, FileNotSent).check(FileShrunk))
        self.closed()

    def test_shrunk_in_the_reactor(self) -> None:
        """So it is where the reactor sends."""
        self.offload.failing = True
        self.test_shrunk()

    def test_close_waits(self) -> None:
        """C{loseConnection} waits for the thread."""
        done = self.send()
        self.connection.loseConnection()
        self.assertTrue(self.read() == CONTENT)
        self.successResultOf(done)
        self.closed()

    def test_after_the_close(self) -> None:
        """A file for a connection that is closed fails at once."""
        self.connection.abortConnection()
        self.assertEqual(self.failureResultOf(self.send(), FileNotSent).value.unsent, SIZE)
        self.assertEqual(self.offload.sends, 0)

    def test_never_at_another_client(self) -> None:
        """The rest of a file never reaches the next client, whose socket has the same number."""
        number = self.connection.fileno()
        ends = self.under_way()[:2]
        old = self.peer
        self.connection.abortConnection()
        for end in ends:
            self.failureResultOf(end)
        ours, theirs = socket.socketpair()
        for one in (ours, theirs):
            self.addCleanup(one.close)
        self.assertIn(number, (ours.fileno(), theirs.fileno()))
        self.reactor.turn_until_idle()
        for one in (ours, theirs):
            one.setblocking(False)
            self.assertRaises(BlockingIOError, one.recv, 1)
        old.close()


class RealThreadTests(OffloadedCase):
    """The same connection with a real thread."""

    def setUp(self) -> None:
        super().setUp()
        self.connection.abortConnection()
        self.peer.close()
        self.before = open_descriptors()
        self.offload = Offload(1, self.reactor, 3600)
        self.patch(self.offload, "smallest", 1)
        self.offload.start()
        self.addCleanup(self.stop)
        self.connect()
        self.peer.settimeout(SOON)

    def stop(self) -> None:
        """Stops the thread and waits for its end."""
        self.offload.stop()
        for thread in self.offload._threads:
            thread.join(SOON)
            self.assertFalse(thread.is_alive())

    def read_exactly(self, count: int) -> bytes:
        """The next bytes, from whichever thread they come."""
        data = bytearray()
        while len(data) < count:
            data += self.peer.recv(count - len(data))
        return bytes(data)

    def test_order(self) -> None:
        """Head, file, tail arrive in order, again and again on one connection."""
        for _ in range(3):
            self.connection.write(b"head,")
            done = self.send()
            self.connection.write(b",tail")
            self.reactor.turn_until_idle()
            self.assertTrue(self.read_exactly(SIZE + 5) == b"head," + CONTENT)
            self.reactor.await_thread()
            self.assertIsNone(self.successResultOf(done))
            self.assertEqual(self.read_exactly(5), b",tail")

    def test_stopped(self) -> None:
        """Stopping the thread cuts who is left, and leaves nothing open."""
        done = self.send()
        self.reactor.turn_until_idle()
        self.read_exactly(1000)
        self.stop()
        self.reactor.await_thread()
        self.assertTrue(0 < self.failureResultOf(done, FileNotSent).value.unsent < SIZE)
        self.closed()

    def test_abort_races(self) -> None:
        """However the abort falls, each file has one end, and nothing stays open."""
        for count in range(30):
            before = open_descriptors()
            self.connect()
            done = self.send()
            self.reactor.turn_until_idle()
            if count % 3:
                self.peer.settimeout(SOON)
                self.read_exactly(1 + 40000 * (count % 7))
            if count % 2:
                self.peer.close()
                self.reactor.turn_until_idle()
            self.connection.abortConnection()
            self.failureResultOf(done, FileNotSent)
            self.reactor.await_thread()
            self.peer.close()
            self.assertEqual(open_descriptors(), before)
