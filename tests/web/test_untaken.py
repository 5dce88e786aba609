"""L{twsgi.web.untaken}, and what a connection makes of it: who reads slowly is not cut."""

from __future__ import annotations

import socket
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.web.test_transport import Protocol
from tests.web.turning import TurningReactor
from twsgi.errors import ClientDisconnected
from twsgi.web import outgoing
from twsgi.web import untaken as module
from twsgi.web.outgoing import HIGH_WATER
from twsgi.web.transport import Connection
from twsgi.web.untaken import hung_up, unread, untaken


def unix() -> tuple[socket.socket, socket.socket]:
    """Two ends of a Unix socket."""
    return socket.socketpair()


def tcp() -> tuple[socket.socket, socket.socket]:
    """Two ends of a TCP connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        theirs = socket.create_connection(listener.getsockname())
        return listener.accept()[0], theirs


class UntakenTests(SynchronousTestCase):
    """What the kernel says."""

    def full(self, pair: tuple[socket.socket, socket.socket]) -> tuple[socket.socket, ...]:
        """Ours, which takes no more, and theirs."""
        for one in pair:
            self.addCleanup(one.close)
            one.setblocking(False)
        with self.assertRaises(BlockingIOError):
            while True:
                pair[0].send(bytes(65536))
        return pair

    def test_falls(self) -> None:
        """It falls as the peer reads, long before the socket takes more."""
        for make in (unix, tcp):
            ours, theirs = self.full(make())
            before = untaken(ours.fileno())
            self.assertGreater(before, 0)
            self.assertEqual(untaken(ours.fileno()), before)
            while untaken(ours.fileno()) == before:
                theirs.recv(65536)
            self.assertLess(untaken(ours.fileno()), before)

    def test_not_said(self) -> None:
        """It is -1 for a closed descriptor, and where the kernel has no such request."""
        ours, _ = self.full(unix())
        number = ours.fileno()
        self.assertEqual(untaken(-1), -1)
        self.patch(module, "_OUT", None)
        self.assertEqual(untaken(number), -1)


class UnreadTests(SynchronousTestCase):
    """L{unread}."""

    def test_counts(self) -> None:
        """It is how many bytes wait to be read; -1 where nobody knows."""
        for make in (unix, tcp):
            ours, theirs = make()
            self.addCleanup(ours.close)
            self.addCleanup(theirs.close)
            self.assertEqual(unread(ours.fileno()), 0)
            theirs.sendall(b"abc")
            ours.recv(1, socket.MSG_PEEK)
            self.assertEqual(unread(ours.fileno()), 3)
        self.assertEqual(unread(-1), -1)
        self.patch(module, "_IN", None)
        self.assertEqual(unread(ours.fileno()), -1)


class HungUpTests(SynchronousTestCase):
    """Whether a peer has closed its side."""

    def test_told(self) -> None:
        """It is known at once, whatever came before it and was not read."""
        for make in (unix, tcp):
            for data in (b"", b"unread"):
                ours, theirs = make()
                for one in (ours, theirs):
                    self.addCleanup(one.close)
                theirs.sendall(data)
                self.assertFalse(hung_up(ours.fileno()))
                theirs.shutdown(socket.SHUT_WR)
                self.assertTrue(hung_up(ours.fileno()))

    def test_connection(self) -> None:
        """A connection tells it; of one that is closed it is true, and nobody is asked."""
        ours, theirs = unix()
        self.addCleanup(theirs.close)
        connection = Connection(ours, Protocol(), TurningReactor())
        self.assertFalse(connection.peer_gone())
        connection.abortConnection()
        self.assertTrue(connection.peer_gone())


class SlowReaderTests(SynchronousTestCase):
    """A connection whose peer reads, but not enough for the socket to take more."""

    def connect(self, pair: tuple[socket.socket, socket.socket]) -> Connection:
        """A connection for which something waits for room."""
        self.reactor = TurningReactor()
        for one in pair:
            self.addCleanup(one.close)
            one.setblocking(False)
        self.peer = pair[1]
        connection = Connection(pair[0], Protocol(), self.reactor)
        self.addCleanup(connection.abortConnection)
        while not connection.queued():
            connection.write(bytes(65536))
        return connection

    def take_some(self, connection: Connection) -> None:
        """The peer reads until the kernel knows; our side sends nothing."""
        before = untaken(connection.fileno())
        while untaken(connection.fileno()) == before:
            self.peer.recv(65536)

    def test_slow(self) -> None:
        """A reader is not stuck, however long nothing leaves us; one that has stopped is."""
        for make in (unix, tcp):
            connection = self.connect(make())
            assert connection._outbox is not None
            sent = connection._outbox.sent
            self.assertFalse(connection.stuck(1, 4))
            for now in (5, 9, 13):
                self.take_some(connection)
                self.assertFalse(connection.stuck(now, 4))
            self.assertEqual(connection._outbox.sent, sent)
            self.assertFalse(connection.stuck(17, 4))
            self.assertTrue(connection.stuck(17.5, 4))

    def test_kernel_does_not_say(self) -> None:
        """Where the kernel does not say, what leaves us counts alone."""
        connection = self.connect(unix())
        self.assertFalse(connection.stuck(1, 4))
        self.take_some(connection)
        self.patch(outgoing, "untaken", lambda descriptor: -1)
        self.assertFalse(connection.stuck(2, 4))
        self.peer.recv(100)
        self.assertTrue(connection.stuck(7, 4))

    def wait(self, reads: list[bool]) -> Connection:
        """A thread waits for room in vain; between two looks the peer reads or does not."""
        connection = self.connect(unix())
        connection.write(bytes(2 * HIGH_WATER))
        case = self

        class Room:
            def wait(self, timeout: float) -> bool:
                if reads.pop(0):
                    case.take_some(connection)
                return False

            def notify_all(self) -> None:
                pass

        room: Any = Room()
        connection._room = room
        with connection.lock, self.assertRaises(ClientDisconnected):
            connection._wait_for_room(4)
        return connection

    def test_thread_waits_for_a_slow_one(self) -> None:
        """A thread waits as long as the peer reads, and no longer."""
        reads = [True, True, True, False, False]
        connection = self.wait(reads)
        self.assertEqual(reads, [False])
        self.reactor.turn_until_idle()
        self.assertFalse(connection.connected)
