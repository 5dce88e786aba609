"""L{twsgi.web.acceptor}: connections are taken, never more than there is room for."""

from __future__ import annotations

import errno
import os
import socket
from typing import Any

from twisted.internet.interfaces import IReadDescriptor
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.web.fakes import Echo, Later, SiteFixture, get, post
from twsgi.web import acceptor as acceptor_module
from twsgi.web.acceptor import Acceptor
from twsgi.web.site import SWEEP


def listening_socket(backlog: int = 100) -> socket.socket:
    """One that listens where the kernel likes."""
    sock = socket.create_server(("127.0.0.1", 0), backlog=backlog)
    sock.setblocking(False)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


class AcceptorCase(SynchronousTestCase):
    """An acceptor on a real socket, its reactor turned by hand."""

    def setUp(self) -> None:
        self.resource: Any = Echo()
        self.log: list[str] = []
        self.start(listening_socket())

    def start(self, sock: Any, **limits: Any) -> None:
        """Begins to accept on C{sock}."""
        self.fixture = SiteFixture(self.resource, **limits)
        self.reactor = self.fixture.reactor
        self.socket = sock
        self.acceptor = Acceptor(sock, self.fixture.site, self.reactor, self.log.append)
        self.acceptor.resume()
        self.addCleanup(self.finish, self.acceptor, self.fixture)

    def finish(self, acceptor: Acceptor, fixture: SiteFixture) -> None:
        """Leaves no descriptor behind."""
        acceptor.close(empty_queue=False)
        for channel in list(fixture.site.channels):
            channel.transport.abortConnection()

    def connect(self, data: bytes = b"") -> socket.socket:
        """A client, that has sent C{data}."""
        client = socket.create_connection(self.socket.getsockname())
        client.settimeout(5)
        self.addCleanup(client.close)
        client.sendall(data)
        return client

    @property
    def connections(self) -> int:
        """How many were taken, and are there."""
        return len(self.fixture.site.channels)


class AcceptingTests(AcceptorCase):
    """From a client's C{connect} to its response."""

    def test_interface(self) -> None:
        """It is an C{IReadDescriptor}."""
        self.assertTrue(verifyObject(IReadDescriptor, self.acceptor))
        self.assertEqual(self.acceptor.fileno(), self.socket.fileno())
        self.assertTrue(self.acceptor.logPrefix())

    def test_never_blocks(self) -> None:
        """A listening socket that blocks does not from then on."""
        with socket.create_server(("127.0.0.1", 0)) as listening:
            acceptor = Acceptor(listening, self.fixture.site, self.reactor, [].append)
            self.addCleanup(acceptor.close, empty_queue=False)
            self.assertFalse(listening.getblocking())

    def test_served(self) -> None:
        """A request that is there already is served in the turn that accepts."""
        client = self.connect(get("/a"))
        self.reactor.turn()
        self.assertTrue(client.recv(1000).endswith(b"GET /a "))
        environ = self.resource.seen[0]
        self.assertEqual(
            (environ["REMOTE_ADDR"], int(environ["REMOTE_PORT"])), client.getsockname()
        )

    def test_served_later(self) -> None:
        """One that comes later is served when it comes."""
        client = self.connect()
        self.reactor.turn()
        self.assertEqual((self.connections, self.resource.seen), (1, []))
        client.sendall(get("/a"))
        self.reactor.turn()
        self.assertTrue(client.recv(1000).endswith(b"GET /a "))

    def test_no_delay(self) -> None:
        """The socket never blocks, and as the listener's never waits for an ACK (TCP_NODELAY)."""
        self.connect()
        self.reactor.turn()
        (channel,) = self.fixture.site.channels
        sock = socket.socket(fileno=os.dup(channel.transport.fileno()))
        self.addCleanup(sock.close)
        self.assertTrue(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        self.assertFalse(os.get_blocking(sock.fileno()))

    def test_gone_before(self) -> None:
        """A client that has gone again is nobody."""
        client = self.connect()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0" + bytes(4))
        client.close()
        self.connect().shutdown(socket.SHUT_WR)
        self.reactor.turn_until_idle()
        self.assertEqual(self.connections, 0)

    def test_other_was_faster(self) -> None:
        """Where another process has taken the connection nothing happens."""
        self.assertIsNone(self.acceptor.doRead())
        self.assertEqual(self.connections, 0)

    def test_unix(self) -> None:
        """A client on a UNIX socket has uWSGI's word for no address, and no port."""
        path = self.mktemp()
        sock = socket.socket(socket.AF_UNIX)
        sock.bind(path)
        sock.listen()
        sock.setblocking(False)
        self.start(sock)
        client = socket.socket(socket.AF_UNIX)
        self.addCleanup(client.close)
        client.connect(path)
        client.sendall(get("/a"))
        self.reactor.turn()
        self.assertEqual(self.resource.seen[0]["REMOTE_ADDR"], "0.0.0.0")
        self.assertEqual(self.resource.seen[0]["REMOTE_PORT"], "")

    def test_fault_within_a_connection(self) -> None:
        """A fault that one connection meets costs that connection, not the listener."""

        def broken(head: bytes) -> Any:
            raise RuntimeError("a fault of ours")

        parse, self.fixture.site.parse = self.fixture.site.parse, broken
        client = self.connect(get())
        self.reactor.turn()
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)
        self.assertEqual(self.connections, 0)
        self.assertEqual(client.recv(1), b"")
        self.fixture.site.parse = parse
        other = self.connect(get("/b"))
        self.reactor.turn()
        self.assertTrue(other.recv(1000).endswith(b"GET /b "))


class RoomTests(AcceptorCase):
    """Never more than there is room for (C{http-connections})."""

    limit = 2

    def setUp(self) -> None:
        self.resource = Later()
        self.log: list[str] = []
        self.start(listening_socket(), connections=self.limit)

    def under_way(self) -> list[bytes]:
        """The requests that the resource was given, in order."""
        return [one.uri for one in self.resource.requests]

    def test_busy(self) -> None:
        """Requests are taken until there is no room; the others stay in the kernel's queue."""
        for _ in range(5):
            self.connect(get())
        self.reactor.turn_until_idle()
        self.assertEqual((len(self.under_way()), self.connections), (2, 2))
        self.assertNotIn(self.acceptor, self.reactor.readers)

    def test_somebody_leaves(self) -> None:
        """When there is room again the next are taken, in order."""
        for number in range(4):
            self.connect(get(f"/{number}", "Connection: close"))
        self.reactor.turn_until_idle()
        self.resource.answer()
        self.reactor.turn_until_idle()
        self.assertEqual((self.under_way(), self.connections), ([b"/1", b"/2"], 2))

    def test_at_once(self) -> None:
        """However much room there is, one turn takes a bounded number."""
        self.patch(acceptor_module, "_AT_ONCE", 3)
        self.start(listening_socket())
        for _ in range(5):
            self.connect()
        self.reactor.turn()
        self.assertEqual(self.connections, 3)
        self.reactor.turn_until_idle()
        self.assertEqual(self.connections, 5)

    def test_stop(self) -> None:
        """C{stop} leaves what comes in the kernel's queue; C{resume} goes on."""
        self.acceptor.stop()
        self.acceptor.stop()
        self.connect(get())
        self.reactor.turn_until_idle()
        self.assertEqual(self.connections, 0)
        self.acceptor.resume()
        self.acceptor.resume()
        self.reactor.turn_until_idle()
        self.assertEqual(self.connections, 1)


class CloseTests(AcceptorCase):
    """The end of a listener."""

    def test_empty_queue(self) -> None:
        """Who has connected already is taken, however many there may be, and served."""
        self.resource = Echo()
        self.start(listening_socket(), connections=1)
        clients = [self.connect(get("/")) for _ in range(5)]
        self.acceptor.close(empty_queue=True)
        self.assertEqual(len(self.resource.seen), 5)
        for client in clients:
            self.assertIn(b"200 OK", client.recv(1000))
        self.assertEqual(self.acceptor.fileno(), -1)

    def test_leave_queue(self) -> None:
        """Where others accept on the same socket it is left to them."""
        shared = self.socket.dup()
        self.addCleanup(shared.close)
        self.connect(get())
        self.acceptor.close(empty_queue=False)
        self.assertEqual(self.resource.seen, [])
        taken, _ = shared.accept()
        taken.close()

    def test_no_descriptor_left(self) -> None:
        """All that the acceptor had is closed, once; what is asked of it later is nothing."""
        reserve = self.acceptor._reserve
        self.acceptor.close(empty_queue=True)
        self.assertRaises(OSError, os.fstat, reserve)
        self.acceptor.close(empty_queue=True)
        self.acceptor.resume()
        self.assertEqual(self.reactor.readers, [])

    def test_connection_lost(self) -> None:
        """When the reactor is through with it, it is closed."""
        self.acceptor.connectionLost(None)  # type: ignore[arg-type]
        self.assertEqual(self.socket.fileno(), -1)


class FullSocket:
    """
    A listening socket of a process that has no descriptors left.

    @ivar free: how many there are.
    @ivar waiting: how many clients wait.
    @ivar refused: how many were accepted and closed at once.
    """

    def __init__(self, reserve_closed: Any) -> None:
        self.free = 0
        self.waiting = 1
        self.refused = 0
        self.closed = False
        self._reserve_closed = reserve_closed

    def fileno(self) -> int:
        return -1 if self.closed else 0

    def setblocking(self, blocking: bool) -> None:
        assert not blocking

    def accept(self) -> Any:
        if not self.waiting:
            raise BlockingIOError
        if not self.free and not self._reserve_closed():
            raise OSError(errno.EMFILE, "Too many open files")
        self.waiting -= 1
        return self, ("192.0.2.7", 1)

    def close(self) -> None:
        self.refused += 1
        self.closed = True


class ExhaustedTests(SynchronousTestCase):
    """A process that has run out of descriptors."""

    def setUp(self) -> None:
        self.fixture = SiteFixture(Echo())
        self.reactor = self.fixture.reactor
        self.log: list[str] = []
        self.closed: list[int] = []
        self.socket = FullSocket(lambda: self.closed)
        self.acceptor = Acceptor(
            self.socket,  # type: ignore[arg-type]
            self.fixture.site,
            self.reactor,
            self.log.append,
        )
        self.acceptor.resume()
        real_close = os.close

        def close(descriptor: int) -> None:
            real_close(descriptor)
            self.closed.append(descriptor)

        real_open = os.open

        def open_(*arguments: Any) -> int:
            self.closed.clear()
            return real_open(*arguments)

        self.patch(os, "close", close)
        self.patch(os, "open", open_)

    def test_told(self) -> None:
        """The client is told at once, by a closed connection, and the log by a line."""
        self.acceptor.doRead()
        self.assertEqual((self.socket.waiting, self.socket.refused), (0, 1))
        self.assertEqual(
            self.log, ["accept: Too many open files: connections are refused until some are closed"]
        )

    def test_no_spinning(self) -> None:
        """The next look is half a second later, not in the next turn; then it goes on."""
        self.socket.waiting = 2
        self.acceptor.doRead()
        self.assertNotIn(self.acceptor, self.reactor.readers)
        self.acceptor.resume()
        self.assertNotIn(self.acceptor, self.reactor.readers)
        self.reactor.advance(0.5)
        self.assertIn(self.acceptor, self.reactor.readers)
        self.acceptor.doRead()
        self.assertEqual(self.socket.refused, 2)

    def test_reserve_is_back(self) -> None:
        """The descriptor in reserve is there again for the next time."""
        self.acceptor.doRead()
        os.fstat(self.acceptor._reserve)

    def test_reserve_taken_by_others(self) -> None:
        """Where another thread was faster the listener lives on, and tries again later."""
        open_ = os.open

        def nothing_left(*arguments: Any) -> int:
            raise OSError(errno.EMFILE, "Too many open files")

        self.socket.waiting = 3
        patch = self.patch(os, "open", nothing_left)
        self.acceptor.doRead()
        self.reactor.advance(0.5)
        self.assertIn(self.acceptor, self.reactor.readers)
        patch.restore()
        self.closed.clear()
        self.patch(os, "open", open_)
        self.acceptor.doRead()
        self.reactor.advance(0.5)
        os.fstat(self.acceptor._reserve)

    def test_close_within_pause(self) -> None:
        """A listener that is closed meanwhile leaves no timer."""
        self.acceptor.doRead()
        self.acceptor.close(empty_queue=False)
        self.fixture.site.drain(lambda: None)
        self.assertEqual(self.reactor.getDelayedCalls(), [])


class LastRequestTests(AcceptorCase):
    """Connections on which nothing more is to come are not watched for it."""

    def setUp(self) -> None:
        super().setUp()
        self.resource = Later()
        self.start(listening_socket())

    def test_not_watched(self) -> None:
        """While their only request is under way the reactor is not told of them."""
        client = self.connect(get("/", "Connection: close"))
        self.acceptor.doRead()
        (channel,) = self.fixture.site.channels
        self.assertNotIn(channel.transport, self.reactor.readers)
        self.resource.answer()
        self.assertIn(b"later", client.recv(1000))
        self.assertEqual(client.recv(1000), b"")

    def test_client_gone(self) -> None:
        """After a while they are, so that a client that has gone is noticed."""
        client = self.connect(get("/", "Connection: close"))
        self.acceptor.doRead()
        (channel,) = self.fixture.site.channels
        client.close()
        self.reactor.advance(SWEEP)
        self.assertIn(channel.transport, self.reactor.readers)
        channel.transport.doRead()
        self.assertTrue(channel.client_closed)

    def test_kept(self) -> None:
        """A connection that is kept is watched at once."""
        self.connect(get())
        self.acceptor.doRead()
        (channel,) = self.fixture.site.channels
        self.assertIn(channel.transport, self.reactor.readers)

    def test_body_to_come(self) -> None:
        """So is one whose request is not whole."""
        self.connect(post(b"body", "Connection: close")[:-1])
        self.acceptor.doRead()
        (channel,) = self.fixture.site.channels
        self.assertIn(channel.transport, self.reactor.readers)
