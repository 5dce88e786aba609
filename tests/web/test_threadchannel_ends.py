"""L{twsgi.web.threadchannel}: how a connection ends that threads serve, and who ends it."""

from __future__ import annotations

import os
import socket
import tempfile
from types import SimpleNamespace
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.web.fakes import Later, get, post
from tests.web.threadserving import ThreadCase, ThreadClient, on_both
from twsgi.errors import ClientDisconnected
from twsgi.web.sinks import ThreadSink
from twsgi.web.threadchannel import ThreadConnection
from twsgi.wire.response import ResponseEncoder

CLOSE = "Connection: close"


class ClosedTests(ThreadCase):
    """By a thread, or by the reactor where something is left to be seen to."""

    def test_by_the_thread(self) -> None:
        """After the last response the thread closes; the reactor is not woken."""
        for request in (get("/1", CLOSE), get("/1", version="1.0")):
            client = self.kept()
            client.send(request)
            self.assertIs(self.wake(), client)
            client.answer()
            self.assertTrue(client.read().endswith(b"/1 "))
            self.assertTrue(client.closed())
            self.assertEqual((self.reactor.handed, self.site.channels), ([], set()))
            self.assertIsNone(client.channel.take())

    def test_never_parked(self) -> None:
        """One that was never parked is not known to the wait point, and closed all the same."""
        client = self.client(get("/1", CLOSE))
        client.look()
        client.answer()
        self.assertTrue(client.read().endswith(b"/1 "))
        self.assertTrue(client.closed())

    def test_not_kept(self) -> None:
        """Nor is any kept where none shall be."""
        self.begin(idle_timeout=0)
        client = self.client(get("/1"))
        client.look()
        client.answer()
        self.assertIn(b"\r\nConnection: close\r\n", client.read())
        self.assertTrue(client.closed())

    def test_keepalive_requests(self) -> None:
        """After C{http-keepalive-requests} it is closed, and the client is told before."""
        self.begin(requests=3)
        client = self.kept()
        for number in range(3):
            client.send(get(f"/{number}"))
            self.assertIs(self.wake(), client)
            client.answer()
            told = b"\r\nConnection: close\r\n" in client.read()
            self.assertEqual(told, number == 2)
        self.assertTrue(client.closed())

    def test_connection_counts(self) -> None:
        """Whoever counts the connections of an address is told."""
        self.begin(per_peer=1)
        client = self.client(get("/1", CLOSE))
        self.assertFalse(self.site.admission.admits("192.0.2.7"))
        client.look()
        client.answer()
        self.assertTrue(self.site.admission.admits("192.0.2.7"))

    def test_unread(self) -> None:
        """Where bytes have come that nobody has read the reactor closes, and drops them first."""
        client = self.client(get("/1", CLOSE), tcp=True)
        client.look()
        client.send(b"more")
        client.answer()
        self.assertEqual(len(self.site.channels), 1)
        self.reactor.turn_until_idle()
        client.send(b"and more")
        self.reactor.turn_until_idle()
        self.assertTrue(client.read().endswith(b"/1 "))
        self.assertTrue(client.closed())
        client.socket.close()
        self.reactor.turn_until_idle()
        self.assertEqual(self.site.channels, set())

    def slow(self, request: bytes) -> tuple[ThreadClient, bytes]:
        """A client that has yet to read most of its response, which a thread has ended."""
        client = self.client(request)
        option = (socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        with socket.socket(fileno=os.dup(client.connection.fileno())) as copy:
            copy.setsockopt(*option)
        client.look()
        body = bytes(range(256)) * 800
        client.answer(body)
        self.assertTrue(client.connection.pending)
        self.assertFalse(client.parked)
        return client, body

    def read_all(self, client: ThreadClient) -> bytes:
        """What the client gets, while the reactor turns."""
        got = b""
        for _ in range(1000):
            self.reactor.turn()
            got += client.read()
        return got

    def test_pending(self) -> None:
        """What has not left is the reactor's to send; the connection goes on."""
        client, body = self.slow(get("/1"))
        self.reactor.turn()
        self.assertFalse(client.parked)
        self.assertTrue(self.read_all(client).endswith(body))
        client.send(get("/2"))
        self.settle()
        self.assertTrue(client.read().endswith(b"/2 "))
        self.assertTrue(client.parked)

    def test_pending_close(self) -> None:
        """Or is closed when all has left."""
        client, body = self.slow(get("/1", CLOSE))
        self.assertEqual(len(self.site.channels), 1)
        self.assertTrue(self.read_all(client).endswith(body))
        self.assertEqual(self.site.channels, set())

    def test_pending_and_gone(self) -> None:
        """A client that leaves instead does no harm."""
        client, _ = self.slow(get("/1"))
        client.socket.close()
        self.reactor.turn_until_idle()
        self.assertEqual(self.site.channels, set())

    def test_file(self) -> None:
        """A response that ends with a file is the reactor's; then threads have it again."""
        client = self.client(get("/1"))
        client.look()
        sink = ThreadSink(client.channel, ResponseEncoder(True, True, False), "", 4.0)
        with tempfile.TemporaryFile() as file:
            file.write(b"a file")
            file.flush()
            sink.start("200 OK", [], 6)
            sink.send_file(file.fileno(), 0, 6)
        self.assertFalse(client.parked)
        self.reactor.turn_until_idle()
        self.assertTrue(client.read().endswith(b"\r\n\r\na file"))
        self.assertTrue(client.parked)


class GoneTests(ThreadCase):
    """Clients that leave."""

    def test_end_while_parked(self) -> None:
        """The end of what a kept client sends is the end: a thread closes, the reactor sleeps."""
        client = self.kept()
        client.socket.shutdown(socket.SHUT_WR)
        self.assertIsNone(self.wake())
        self.assertTrue(client.closed())
        self.assertEqual((self.reactor.handed, self.site.channels), ([], set()))

    def test_reset_while_parked(self) -> None:
        """So is a reset."""
        client = self.kept(tcp=True)
        client.reset()
        self.assertIsNone(self.wake())
        self.assertEqual((self.reactor.handed, self.site.channels), ([], set()))

    def test_at_once(self) -> None:
        """Whoever is gone when a thread first looks is nobody."""
        client = self.client(tcp=True)
        client.reset()
        self.assertFalse(client.look())
        self.assertEqual(self.site.channels, set())

    def test_request_and_end(self) -> None:
        """A client that has said all is answered, then closed."""
        client = self.kept()
        client.send(get("/1"))
        client.socket.shutdown(socket.SHUT_WR)
        self.settle()
        self.assertTrue(client.read().endswith(b"/1 "))
        self.assertTrue(client.closed())
        self.assertEqual(self.site.channels, set())

    def test_half_and_end(self) -> None:
        """Half a request, and an end, is none."""
        for data in (get()[:9], post(b"body")[:-1]):
            client = self.kept()
            client.send(data)
            client.socket.shutdown(socket.SHUT_WR)
            self.settle()
            self.assertTrue(client.closed())
            self.assertEqual(self.site.channels, set())

    def test_known_while_served(self) -> None:
        """That the client has gone is known though it has sent more, which nobody has read."""
        for more in (b"", get("/2")):
            client = self.client(get("/1"))
            client.look()
            client.send(more)
            sink = ThreadSink(client.channel, ResponseEncoder(True, True, False), "", 4.0)
            self.assertFalse(sink.disconnected())
            client.socket.shutdown(socket.SHUT_WR)
            self.assertTrue(sink.disconnected())

    def test_still_there_at_the_end(self) -> None:
        """A client that was there to the end is not said to be gone because we have closed."""
        client = self.client(get("/1", CLOSE))
        client.look()
        sink = ThreadSink(client.channel, ResponseEncoder(True, False, False), "", 4.0)
        sink.start("200 OK", [], 0)
        sink.finish(b"")
        self.assertFalse(client.connection.connected)
        self.assertFalse(sink.disconnected())

    def test_closed_while_served(self) -> None:
        """A thread whose connection the reactor has cut can write no more, and ends in peace."""
        client = self.client(get("/1"), tcp=True)
        client.look()
        client.channel.abort()
        self.assertRaises(ClientDisconnected, client.answer)
        client.channel.finish_from_thread(False)
        self.reactor.turn_until_idle()
        self.assertFalse(client.parked)
        self.assertRaises(ConnectionResetError, client.socket.recv, 1)
        self.assertEqual(self.site.channels, set())

    def test_cut(self) -> None:
        """A response that cannot be completed is cut by the reactor, though it was parked once."""
        client = self.kept(tcp=True)
        client.send(get("/1"))
        self.assertIs(self.wake(), client)
        sink = ThreadSink(client.channel, ResponseEncoder(True, True, False), "", 4.0)
        sink.start("200 OK", [], None)
        sink.write(b"half")
        sink.abort()
        self.reactor.turn_until_idle()
        self.assertEqual(self.site.channels, set())

    def test_before_the_reactor_knows(self) -> None:
        """What a thread has left to the reactor may be closed by then."""
        for data in (get()[:9], b"no request\r\n\r\n", get("/static/a"), b""):
            client = self.client(data)
            if not data:
                self.site.draining = True  # so that it is not parked
            client.look()
            self.assertEqual(len(self.reactor.handed), 1, data)
            client.channel.abort()
            self.reactor.turn_until_idle()
            self.assertEqual((self.site.channels, self.resource.seen), (set(), []))

    def test_before_a_thread_has_it(self) -> None:
        """So may what the reactor has left to threads: they answer nobody."""
        data = get("/1")
        client = self.client(data[:9])
        client.look()
        self.reactor.turn()
        client.send(data[9:])
        self.reactor.turn()
        client.channel.abort()
        self.assertIs(self.wake(), client)
        self.assertRaises(ClientDisconnected, client.answer)
        self.reactor.turn_until_idle()
        self.assertEqual(self.site.channels, set())

    def test_fault(self) -> None:
        """A fault of ours in what the reactor does for a thread costs that connection."""
        client = self.client(get()[:9])
        client.look()

        def broken(head: bytes) -> Any:
            raise RuntimeError("a fault of ours")

        self.site.parse = broken
        client.channel._buffer = get()
        self.reactor.turn()
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)
        self.assertEqual(self.site.channels, set())


class ForgottenTests(ThreadCase):
    """The wait point, and descriptors that are used again."""

    def test_before_the_close(self) -> None:
        """Whoever closes, the wait point has forgotten the descriptor before."""
        told: list[bool] = []
        forget = self.point.forget

        def spy(channel: Any) -> None:
            told.append(channel.fileno() >= 0 and channel.transport.connected is False)
            forget(channel)

        self.point.forget = spy
        for end in (
            lambda client: client.channel.abort(),
            lambda client: client.channel.give_way(),
            lambda client: (client.socket.close(), self.wake()),
        ):
            client = self.kept()
            end(client)
            self.assertEqual(client.connection.fileno(), -1)
        self.assertEqual(told, [True] * 3)

    def test_once(self) -> None:
        """And is told once."""
        told: list[Any] = []
        self.point.forget = told.append
        client = self.kept()
        client.channel.abort()
        client.channel.abort()
        self.assertEqual(told, [client.channel])
        self.site.admission.channels.clear()

    def test_stale(self) -> None:
        """A wake-up for one that is closed harms neither it nor who has its descriptor now."""
        old = self.kept()
        number = old.connection.fileno()
        old.send(get())
        old.channel.abort()
        new = self.kept()
        self.assertEqual(new.connection.fileno(), number)
        for stale in (old.channel, new.channel):
            # As a thread that was woken before all this, and comes to it now.
            channel = stale.take()
            if channel is not None:
                self.assertFalse(self.clients[channel].look())
        self.assertTrue(new.parked)
        new.send(get("/new"))
        self.assertIs(self.wake(), new)
        new.answer()
        self.assertTrue(new.read().endswith(b"/new "))

    def test_taken_then_closed(self) -> None:
        """One that a thread has taken, and that is closed before it reads, is read no more."""
        client = self.kept()
        client.send(get())
        client.channel.take()
        client.channel.abort()
        other = self.client(get("/other"))
        self.assertFalse(client.look())
        self.reactor.turn_until_idle()
        self.assertEqual(list(self.site.channels), [other.channel])
        self.assertTrue(other.look())

    def test_closed_when_it_would_park(self) -> None:
        """One that is closed meanwhile is not parked."""
        client = self.kept()
        client.channel.take()
        client.lock.before = client.channel.abort
        self.assertFalse(client.look())
        self.assertFalse(client.parked)
        self.reactor.turn_until_idle()

    def test_gone_with_the_reactor(self) -> None:
        """A request that the reactor has is told that its client is gone."""
        self.resource = later = Later()
        self.begin()
        client = self.kept()
        client.send(get("/static/a"))
        self.settle()
        gone = later.requests[0].notifyFinish()
        client.channel.abort()
        self.failureResultOf(gone)


PortableClosedTests = on_both(ClosedTests)
PortableGoneTests = on_both(GoneTests)
PortableForgottenTests = on_both(ForgottenTests)


class WatchedTests(SynchronousTestCase):
    """A thread closes no connection that the reactor still watches for room."""

    def test_while_it_is_taken_from_the_reactor(self) -> None:
        """Not in the moment in which the reactor stops to watch, nor before it has begun."""
        ours, theirs = socket.socketpair()
        self.addCleanup(theirs.close)
        ours.setblocking(False)
        closed: list[tuple[str, bool]] = []

        class Reactor:
            """At whose seams a thread tries to close."""

            def addWriter(self, writer: Any) -> None:
                self.meet("added", writer)

            def removeWriter(self, writer: Any) -> None:
                self.meet("removed", writer)

            def meet(self, what: str, writer: Any) -> None:
                with writer.lock:
                    closed.append((what, writer.close_from_thread()))

        protocol: Any = SimpleNamespace(forget=lambda: None)
        connection = ThreadConnection(ours, protocol, Reactor())
        connection._start_writing()
        connection._made_room()
        self.assertEqual(closed, [("added", False), ("removed", False)])
        with connection.lock:
            self.assertTrue(connection.close_from_thread())
