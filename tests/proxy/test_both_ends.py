"""A frontend's link and a worker's, over one socketpair: what one says the other understands."""

from __future__ import annotations

import os
import socket
import threading
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.proxy.fakes import Frontend
from tests.web.fakes import Client, chunked, get, post
from tests.worker.fakes import ready, start_nothing, step
from twsgi.control.scoreboard import CORE_REQUESTS, FRONTEND_ACTIVE, FRONTEND_QUEUED
from twsgi.web.body import IN_MEMORY
from twsgi.web.http1 import HTTP1Channel
from twsgi.web.transport import Connection
from twsgi.wsgi.core import Core, Cores
from twsgi.wsgi.link import WorkerLink
from twsgi.wsgi.waitpoint import wait_point


def echo(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """Answers with the request's body."""
    body = environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [body]


class BothEndsCase(SynchronousTestCase):
    """A frontend, and a worker whose only core is the test."""

    #: Bytes of a response that may wait on disk.
    spool = 0

    def setUp(self) -> None:
        self.patch(Core, "start", start_nothing)
        self.frontend = Frontend(spool=self.spool)
        self.application: Any = echo
        self.cores = Cores(
            lambda environ, start_response: self.application(environ, start_response),
            {},
            [self.frontend.scoreboard.core(1, 0)],
            wait_point(),
            self.frontend.reactor,
            None,
            self.fail,
        )
        self.closed: list[WorkerLink] = []
        self.cores.start(self.closed.append)
        self.links = [self.link()]

    def tearDown(self) -> None:
        self.frontend.dispatcher.stop()
        self.serve()
        self.assertEqual(len(self.closed), len(self.links))

    def link(self) -> WorkerLink:
        """One more link between the two."""
        ours, theirs = socket.socketpair()
        self.frontend.dispatcher.add_link(ours.detach(), 1, 1)
        link = WorkerLink(theirs.detach(), 1, 60)
        self.cores.wait_point.add_link(link)
        return link

    def serve(self) -> None:
        """Both do all there is to do: the core on a thread, for it waits for the frontend."""
        self.frontend.turn()
        while ready(self.cores):
            core = threading.Thread(target=step, args=(self.cores,), daemon=True)
            core.start()
            for _ in range(10000):
                self.frontend.turn()
                core.join(0.001)
                if not core.is_alive():
                    break
            else:
                self.fail("the core does not come back")
            self.frontend.turn()

    def ask(self, data: bytes) -> Client:
        """A client that has sent C{data} and got what there is to get."""
        client = self.frontend.client(data)
        self.serve()
        return client


class ServedTests(BothEndsCase):
    """Requests from end to end."""

    def test_framings(self) -> None:
        """Requests in a row on one connection, with bodies of either framing."""
        client = self.ask(post(b"one") + chunked([b"tw", b"o"]) + get() + post(b"four"))
        self.assertEqual(client.bodies(), [b"one", b"two", b"", b"four"])
        self.assertEqual(self.frontend.scoreboard.core(1, 0)[CORE_REQUESTS], 4)

    def test_head(self) -> None:
        """HEAD: the length and no body, and the connection goes on."""
        client = self.ask(post(b"hello").replace(b"POST", b"HEAD"))
        self.assertIn(b"Content-Length: 5\r\n", client.sent)
        self.assertTrue(client.sent.endswith(b"\r\n\r\n"))
        self.assertEqual(client.lost, "")

    def test_unknown_length(self) -> None:
        """A body of unknown length: chunked for 1.1; for 1.0 its end is the connection's."""

        def application(environ: Any, start_response: Any) -> Any:
            start_response("200 OK", [])
            yield from (b"a", b"", b"b")

        self.application = application
        client = self.ask(get())
        self.assertTrue(client.sent.endswith(b"\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n"))
        self.assertEqual(client.lost, "")
        client = self.ask(get("/", "Connection: keep-alive", version="1.0"))
        self.assertTrue(client.sent.endswith(b"\r\n\r\nab"))
        self.assertEqual(client.lost, "close")

    def test_close(self) -> None:
        """C{Connection: close} is said by the worker and done by the frontend."""
        client = self.ask(get("/", "Connection: close"))
        self.assertEqual(client.responses()[0][1][b"connection"], b"close")
        self.assertEqual(client.lost, "close")

    def test_fails_later(self) -> None:
        """An application that raises after its first byte ends in a cut; the link serves on."""

        def application(environ: Any, start_response: Any) -> Any:
            start_response("200 OK", [])
            yield b"a"
            raise RuntimeError

        reports: list[str] = []
        self.cores.report = reports.append
        self.application = application
        self.assertEqual(self.ask(get()).lost, "abort")
        self.assertIn("RuntimeError", reports[0])
        self.application = echo
        self.assertEqual(self.ask(post(b"next")).bodies(), [b"next"])

    def test_spooled(self) -> None:
        """A body that is a file arrives whole, also by a link that has served others before."""
        body = os.urandom(IN_MEMORY + 12345)
        self.assertEqual(self.ask(post(b"small")).bodies(), [b"small"])
        self.assertEqual(self.ask(post(body) + post(b"small")).bodies(), [body, b"small"])
        self.assertEqual(self.ask(chunked([body[:50000], body[50000:]])).bodies(), [body])

    @settings(max_examples=25, deadline=None)
    @given(st.lists(st.integers(0, 3).map(lambda n: os.urandom(n * 30000)), max_size=4))
    def test_any_bodies(self, bodies: list[bytes]) -> None:
        """Any sizes of bodies, in memory or not, in any order."""
        client = self.ask(b"".join(map(post, bodies)))
        self.assertEqual(client.bodies(), bodies)

    def test_client_gone(self) -> None:
        """That a client is gone is told in the middle of a request, or too late: the link lives."""
        for late in (False, True):
            client = self.frontend.client(post(b"gone"))
            self.frontend.turn()
            if late:
                step(self.cores)
            client.connection.client_gone()
            self.serve()
            self.assertEqual(self.ask(post(b"next")).bodies(), [b"next"], late)

    def test_queue(self) -> None:
        """More clients than links: each gets its own answer, and the words say nobody is left."""
        self.links.append(self.link())
        clients = [self.frontend.client(post(b"%d" % number)) for number in range(10)]
        self.assertEqual(self.frontend.record[FRONTEND_QUEUED], 8)
        self.serve()
        self.assertEqual(
            [client.bodies() for client in clients], [[b"%d" % number] for number in range(10)]
        )
        record = self.frontend.record
        self.assertEqual((record[FRONTEND_QUEUED], record[FRONTEND_ACTIVE]), (0, 0))


class RetiredTests(BothEndsCase):
    """A worker that drains."""

    def test_idle(self) -> None:
        """An idle link is closed by the frontend, and the worker knows."""
        self.links[0].retire()
        self.serve()
        self.assertEqual(self.closed, self.links)

    def test_crossed(self) -> None:
        """A request that crosses the wish on its way is served, and then it is over."""
        client = self.frontend.client(post(b"late"))
        self.links[0].retire()
        self.serve()
        self.assertEqual(client.bodies(), [b"late"])
        self.assertEqual(self.closed, self.links)

    def test_while_busy(self) -> None:
        """A wish that comes while the application runs is fulfilled after its response."""

        def application(environ: Any, start_response: Any) -> Any:
            start_response("200 OK", [])
            self.links[0].retire()
            yield b"a"
            self.frontend.turn()
            yield b"b"

        self.application = application
        client = self.ask(get())
        self.assertTrue(client.sent.endswith(b"a\r\n1\r\nb\r\n0\r\n\r\n"))
        self.assertEqual(self.closed, self.links)

    def test_while_the_link_is_full(self) -> None:
        """A wish that finds no room on the link is not forgotten."""
        filler = self.links[0]._socket

        def application(environ: Any, start_response: Any) -> Any:
            start_response("200 OK", [("Content-Length", "0")])
            return []

        self.application = application
        client = self.frontend.client(get())
        # What the frontend has not read yet fills the link; it is a frame of no bytes, often.
        frame = b"\2" + bytes(7)
        while True:
            try:
                filler.send(frame * 100, socket.MSG_DONTWAIT)
            except BlockingIOError:
                break
        self.links[0].retire()
        self.serve()
        self.assertEqual((client.statuses(), self.frontend.reports), ([200], []))
        self.assertEqual(self.closed, self.links)


class SlowClientCase(BothEndsCase):
    """A client that does not read, of an application that does not end."""

    SIZE = 64 * 1024
    PIECES = 400

    def setUp(self) -> None:
        super().setUp()
        self.written: list[int] = []

        def application(environ: Any, start_response: Any) -> Any:
            start_response("200 OK", [("Content-Length", str(self.SIZE * self.PIECES))])
            for number in range(self.PIECES):
                self.written.append(number)
                yield bytes((number % 256,)) * self.SIZE

        self.application = application
        ours, self.client_socket = socket.socketpair()
        ours.setblocking(False)
        self.client_socket.setblocking(False)
        self.addCleanup(self.client_socket.close)
        channel = HTTP1Channel(self.frontend.fixture.site, ("", ""))
        self.connection = Connection(ours, channel, self.frontend.reactor)
        channel.makeConnection(self.connection)
        self.connection.startReading()
        self.client_socket.sendall(get())
        self.frontend.turn()
        self.core = threading.Thread(target=step, args=(self.cores,), daemon=True)
        self.core.start()

    def tearDown(self) -> None:
        self.connection.abortConnection()
        super().tearDown()

    def write_until_it_waits(self) -> None:
        """The core writes until neither side has anything to do any more."""
        before = -1
        while before != len(self.written) or not self.connection.full:
            before = len(self.written)
            self.frontend.turn()
            self.core.join(0.05)

    def write_to_the_end(self) -> None:
        """The core writes all it has, though nobody reads."""
        while self.core.is_alive():
            self.frontend.turn()
            self.core.join(0.001)

    def read_all(self) -> bytes:
        """What the client receives from now on, to the end."""
        received = []
        while True:
            busy = self.frontend.reactor.turn()
            try:
                received.append(self.client_socket.recv(1 << 20))
            except BlockingIOError:
                if not busy and not self.core.is_alive():
                    return b"".join(received)
                self.core.join(0.001)

    def assertWhole(self, response: bytes) -> None:
        """All pieces have come, in their order."""
        body = response.partition(b"\r\n\r\n")[2]
        pieces = [bytes((number % 256,)) * self.SIZE for number in range(self.PIECES)]
        self.assertTrue(body == b"".join(pieces), f"{len(body)} bytes")


class SlowClientTests(SlowClientCase):
    """Back-pressure from a client that does not read to the application's thread."""

    def test_waits(self) -> None:
        """The application waits while its client does not read; nothing grows, all arrives."""
        self.write_until_it_waits()
        self.assertTrue(self.core.is_alive())
        self.assertLess(len(self.written), self.PIECES // 4)
        self.assertLess(self.connection.queued(), 2 * 256 * 1024)
        self.assertWhole(self.read_all())


class SpooledTests(SlowClientCase):
    """The same with room on disk."""

    spool = 30 * 1024 * 1024

    def test_does_not_wait(self) -> None:
        """The core is free before its client has read a byte; all arrives, from the disk."""
        self.write_to_the_end()
        self.frontend.turn()
        self.assertEqual(len(self.written), self.PIECES)
        self.assertLess(self.connection.queued(), 2 * 256 * 1024)
        self.assertWhole(self.read_all())

    def test_next_request(self) -> None:
        """The next request is served when the client has read; its response comes behind."""
        self.write_to_the_end()
        self.application = echo
        self.client_socket.sendall(get("/second"))
        self.frontend.turn()
        self.assertFalse(ready(self.cores))
        response = b""
        while not ready(self.cores):
            self.frontend.turn()
            response += self.client_socket.recv(1 << 20)
        self.serve()
        response += self.read_all()
        body, _, second = response.partition(b"HTTP/1.1 200 OK\r\n")[2].partition(b"HTTP/1.1")
        self.assertWhole(body)
        self.assertTrue(second.startswith(b" 200 OK"))


class SmallSpoolTests(SlowClientCase):
    """The same with less room on disk than it takes."""

    spool = 4 * 1024 * 1024

    def test_waits_later(self) -> None:
        """When the disk's share is used up the core waits; all arrives."""
        self.write_until_it_waits()
        self.assertTrue(self.core.is_alive())
        self.assertGreater(len(self.written), self.spool // self.SIZE)
        self.assertLess(len(self.written), self.PIECES // 2)
        self.assertWhole(self.read_all())
