"""L{twsgi.web.limits}, L{twsgi.web.reception} and L{twsgi.web.admission}: what clients may ask."""

from __future__ import annotations

import os
import resource
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.web.fakes import START, Client, Echo, Later, SiteFixture, chunked, get, post
from tests.web.test_acceptor import AcceptorCase, listening_socket
from twsgi.errors import HTTPError
from twsgi.settings.model import Settings
from twsgi.web import descriptors
from twsgi.web.acceptor import Acceptor
from twsgi.web.admission import Admission
from twsgi.web.body import Body
from twsgi.web.lifetime import HOT
from twsgi.web.limits import Limits, limits
from twsgi.web.reception import Reception
from twsgi.web.site import SWEEP
from twsgi.wire.head import RequestHead

LATE = SWEEP + 1


class LimitsTests(SynchronousTestCase):
    """The limits as the options have them."""

    def test_options(self) -> None:
        """Each option reaches the limit that is named after it."""
        settings = Settings(
            buffer_size=1,
            max_vars=2,
            http_headers_timeout=3,
            limit_post=4,
            post_buffering_bufsize=5,
            http_min_body_rate=6,
            http_keepalive_requests=7,
            http_connections=8,
            http_connections_per_peer=9,
        )
        self.assertEqual(
            limits(settings, pause=10, idle=11, connections=12),
            Limits(
                buffer_size=1,
                max_vars=2,
                headers_timeout=3,
                limit_post=4,
                body_memory=5,
                body_timeout=10,
                body_rate=6,
                idle_timeout=11,
                requests=7,
                connections=8,
                per_peer=9,
            ),
        )

    def test_defaults(self) -> None:
        """Without options there are the defaults of L{Limits}, and the process's connections."""
        made = limits(Settings(), pause=4, idle=4, connections=12)
        self.assertEqual(made, Limits(connections=12))


class DescriptorTests(SynchronousTestCase):
    """What the system allows."""

    def test_possible(self) -> None:
        """
        What is open, links, and some more are kept back, never all; without a limit there is none.
        """
        self.patch(descriptors, "open_descriptors", lambda: 20)
        for soft, links, possible in (
            (2024, 4, 1744), (128, 8, 75), (1, 0, 1), (20, 9, 1), (100000, 0, 99724), (-1, 0, 0)
        ):  # fmt: skip
            self.patch(resource, "getrlimit", lambda _, soft=soft: (soft, soft))
            self.assertEqual(descriptors.connections_possible(links), possible)

    def test_open(self) -> None:
        """What is open is counted, by the system where it tells."""
        before = descriptors.open_descriptors()
        with open(__file__):
            self.assertEqual(descriptors.open_descriptors(), before + 1)
        self.patch(descriptors.os, "listdir", lambda _: os.stat("/nowhere"))
        self.assertEqual(descriptors.open_descriptors(), 16)


class BodyLengthTests(SynchronousTestCase):
    """C{limit-post} and C{post-buffering-bufsize}."""

    def setUp(self) -> None:
        self.echo = Echo()
        self.fixture = SiteFixture(self.echo, limit_post=10, body_memory=4)
        self.client = self.fixture.client()

    def test_announced(self) -> None:
        """A length over the limit is answered with 413 before a byte of the body, no 100."""
        self.client.send(post(b"x" * 11, "Expect: 100-continue")[:-11])
        self.assertEqual(self.client.statuses(), [413])
        self.assertEqual((self.client.lost, self.echo.seen), ("linger", []))
        self.assertEqual(self.fixture.refusals, ["192.0.2.7: 413: body over limit-post (10)"])

    def test_chunks(self) -> None:
        """Chunks are counted; the one that goes over the limit ends the request."""
        self.client.send(chunked([b"x" * 10]))
        self.assertEqual(self.client.statuses(), [200])
        self.client.send(chunked([b"x" * 10, b"y"]))
        self.assertEqual(self.client.statuses(), [200, 413])
        self.assertEqual(self.client.lost, "linger")

    def test_tiny_chunks(self) -> None:
        """Chunks that come together are stored together, however tiny they are."""
        head = RequestHead()
        head.length, head.chunked = 0, True
        reception = Reception(head, Limits(), 0)
        added: list[bytes] = []
        self.patch(Body, "add", lambda body, data: added.append(data))
        self.assertTrue(reception.take(b"1\r\nx\r\n" * 100 + b"0\r\n\r\n"))
        self.assertEqual(added, [b"x" * 100])

    def test_exactly(self) -> None:
        """A body of just that length is served, from a file if it must."""
        self.client.send(post(b"x" * 10))
        self.assertEqual(self.client.bodies(), [b"POST / " + b"x" * 10])

    def test_memory(self) -> None:
        """A body longer than C{post-buffering-bufsize} goes to a file, no other."""
        for size, on_disk in ((4, False), (5, True)):
            head = RequestHead()
            head.length, head.chunked = size, False
            reception = Reception(head, self.fixture.site.limits, 0)
            self.assertTrue(reception.take(b"x" * size))
            self.assertEqual(reception.body.descriptor is not None, on_disk)
            reception.close()


class BodyRateTests(SynchronousTestCase):
    """C{http-min-body-rate}."""

    def setUp(self) -> None:
        self.later = Later()

    def upload(self, rate: int, seconds: int, body_rate: int = 100) -> Client:
        """A client sends C{rate} bytes a second for so long; a second may be without any."""
        self.fixture = SiteFixture(self.later, body_rate=body_rate, body_timeout=4)
        client = self.fixture.client()
        body = b"x" * rate * seconds
        request = post(body)
        client.send(request[: -len(body)])
        for _ in range(seconds):
            self.fixture.pass_seconds(1)
            client.send(b"x" * rate)
        return client

    def test_slow(self) -> None:
        """A body that drips is answered with 408, though it never stops coming."""
        client = self.upload(rate=10, seconds=20)
        self.assertEqual(client.statuses(), [408])
        self.assertEqual(self.later.requests, [])
        self.assertIn("slower than http-min-body-rate (100)", self.fixture.refusals[0])

    def test_fast_enough(self) -> None:
        """A body that comes just with that rate is served, however long it takes."""
        self.upload(rate=100, seconds=300)
        self.assertEqual(len(self.later.requests), 1)

    def test_any_rate(self) -> None:
        """0: however slowly it comes."""
        self.upload(rate=1, seconds=300, body_rate=0)
        self.assertEqual(len(self.later.requests), 1)

    @given(
        st.lists(st.tuples(st.floats(0, 3.9), st.integers(1, 2000)), max_size=30),
        st.integers(1, 500),
    )
    def test_deadline(self, steps: list[tuple[float, int]], rate: int) -> None:
        """
        The deadline is never later than a pause from now, and never before the time that a client
        of just that rate may take.
        """
        head = RequestHead()
        head.length, head.chunked = 10**9, False
        reception = Reception(head, Limits(body_rate=rate, body_timeout=4), START)
        self.addCleanup(reception.close)
        now, sent = START, 0
        for pause, size in steps:
            now += pause
            sent += size
            self.assertFalse(reception.take(bytes(size)))
            deadline = reception.deadline(now)
            self.assertLessEqual(deadline, now + 4)
            self.assertAlmostEqual(deadline, min(now + 4, START + 4 + sent / rate))

    def test_reactor_held_up(self) -> None:
        """What came while the reactor was held up is read before anybody is refused for it."""
        self.fixture = SiteFixture(self.later, body_timeout=4)
        client = self.fixture.client()
        client.send(post(b"xy")[:-1])
        waiting = [b"y"]

        def read() -> None:
            while waiting:
                client.send(waiting.pop())

        client.connection.doRead = read  # type: ignore[method-assign]
        self.fixture.reactor.advance(100)
        self.assertEqual((len(self.later.requests), client.sent), (1, b""))


class HeaderCountTests(SynchronousTestCase):
    """C{max-vars}."""

    def test_count(self) -> None:
        """So many fields are served; one more is answered with 431."""
        fixture = SiteFixture(Echo(), max_vars=5)
        client = fixture.client()
        client.send(get("/", *[f"X-{number}: y" for number in range(4)]))
        self.assertEqual(client.statuses(), [200])
        client.send(get("/", *[f"X-{number}: y" for number in range(5)]))
        self.assertEqual(client.statuses(), [200, 431])
        self.assertIn("431: more headers than max-vars (5)", fixture.refusals[0])


class RequestCountTests(SynchronousTestCase):
    """C{http-keepalive-requests}."""

    def test_count(self) -> None:
        """The last response says so, and the connection is closed behind it."""
        client = SiteFixture(Echo(), requests=2).client()
        client.send(get())
        self.assertEqual(client.lost, "")
        client.send(get() + get("/third"))
        self.assertEqual(client.statuses(), [200, 200])
        self.assertEqual(
            [b"connection" in fields for _, fields, _ in client.responses()], [False, True]
        )
        self.assertEqual(client.lost, "linger")


class AdmissionTests(SynchronousTestCase):
    """Who is counted, and who goes first."""

    def test_peers(self) -> None:
        """Each address has its count, which falls when a connection ends; once."""
        fixture = SiteFixture(Later(), per_peer=2)
        admission = fixture.site.admission
        clients = [fixture.client() for _ in range(2)]
        self.assertFalse(admission.admits("192.0.2.7"))
        self.assertTrue(admission.admits("192.0.2.8"))
        self.assertTrue(admission.admits(""))
        clients[0].connection.client_gone()
        admission.left(clients[0].channel)
        self.assertTrue(admission.admits("192.0.2.7"))
        clients[1].connection.client_gone()
        self.assertTrue(admission.admits("192.0.2.7"))

    def test_unlimited(self) -> None:
        """0 is no limit."""
        fixture = SiteFixture(Later())
        for _ in range(50):
            fixture.client()
        self.assertTrue(fixture.site.admission.admits("192.0.2.7"))
        self.assertGreater(fixture.site.admission.room(), 10**6)

    def test_longest_idle_gives_way(self) -> None:
        """Room is made by the connection that was kept idle longest; busy and new ones stay."""
        later = Later()
        fixture = SiteFixture(later, connections=4, idle_timeout=1000)
        new = fixture.client()
        old, young, busy = clients = [fixture.client() for _ in range(3)]
        for client in clients:
            client.send(get())
            fixture.pass_seconds(HOT)
        for _ in range(2):
            later.answer()
            fixture.pass_seconds(HOT)
        admission = fixture.site.admission
        self.assertEqual(admission.room(), 0)
        old.connection.pending = True
        self.assertEqual(old.channel.kept_since(), 0)
        old.connection.pending = False
        admission.make_room()
        self.assertEqual([one.lost for one in (new, old, young, busy)], ["", "close", "", ""])
        admission.make_room()
        self.assertEqual([one.lost for one in (new, old, young, busy)], ["", "close", "close", ""])
        admission.make_room()
        self.assertEqual((new.lost, busy.lost), ("", ""))

    def test_waiting(self) -> None:
        """Whoever waits for room is called once there is some, and once."""
        admission = Admission(Limits(connections=1))
        client = SiteFixture(Later()).client()
        admission.entered(client.channel)
        called: list[int] = []

        def resume() -> None:
            called.append(admission.room())

        admission.wait(resume)
        admission.wait(resume)
        admission.left(client.channel)
        admission.entered(client.channel)
        admission.left(client.channel)
        self.assertEqual(called, [1])


class FullTests(AcceptorCase):
    """The acceptor at the limits."""

    def begin(self, **limits: Any) -> None:
        """An acceptor whose site has these limits."""
        self.fixture = SiteFixture(Echo(), **limits)
        self.reactor = self.fixture.reactor
        self.socket = listening_socket()
        acceptor = Acceptor(self.socket, self.fixture.site, self.reactor, self.log.append)
        acceptor.resume()
        self.addCleanup(self.finish, acceptor, self.fixture)
        self.acceptor = acceptor

    def test_in_all(self) -> None:
        """At the limit nobody is accepted; who waits comes in when somebody leaves."""
        self.begin(connections=2)
        clients = [self.connect() for _ in range(3)]
        for _ in range(3):
            self.acceptor.doRead()
        self.assertEqual(self.connections, 2)
        self.assertNotIn(self.acceptor, self.reactor.readers)
        next(iter(self.fixture.site.channels)).transport.abortConnection()
        self.assertIn(self.acceptor, self.reactor.readers)
        self.acceptor.doRead()
        self.assertEqual(self.connections, 2)
        self.assertEqual(len(clients), 3)

    def test_idle_ones_give_way(self) -> None:
        """Whoever knocks at the limit takes the place of a connection that is kept, and idle."""
        self.begin(connections=2, idle_timeout=1000)
        first = self.connect(get())
        self.acceptor.doRead()
        self.assertTrue(first.recv(1000).startswith(b"HTTP/1.1 200"))
        self.connect()
        self.acceptor.doRead()
        third = self.connect(get("/third"))
        self.acceptor.doRead()
        self.assertEqual(first.recv(1000), b"")
        self.assertIn(b"/third", third.recv(1000))
        self.assertEqual(self.connections, 2)

    def test_idle_later(self) -> None:
        """A connection that becomes idle while somebody waits gives way at the next look."""
        self.begin(connections=1, idle_timeout=1000)
        first = self.connect()
        self.acceptor.doRead()
        second = self.connect(get("/second"))
        self.acceptor.doRead()
        self.assertNotIn(self.acceptor, self.reactor.readers)
        first.sendall(get())
        next(iter(self.fixture.site.channels)).transport.doRead()
        self.reactor.advance(SWEEP)
        self.acceptor.doRead()
        self.assertIn(b"/second", second.recv(1000))

    def test_of_one_peer(self) -> None:
        """One connection too many of one address is answered 503 and closed; it costs nothing."""
        self.begin(per_peer=1)
        self.connect()
        self.acceptor.doRead()
        second = self.connect(get())
        self.acceptor.doRead()
        answer = second.recv(1000)
        self.assertTrue(answer.startswith(b"HTTP/1.1 503 "), answer)
        self.assertIn(b"\r\nConnection: close\r\n", answer)
        self.assertEqual(second.recv(1000), b"")
        self.assertEqual(self.connections, 1)
        self.assertEqual(
            self.fixture.refusals,
            ["127.0.0.1: 503: has 1 connections already (http-connections-per-peer)"],
        )


class RefusalTests(SynchronousTestCase):
    """What a refusal is made of."""

    def test_reasons(self) -> None:
        """A late body is told apart: it stopped, or it came too slowly."""
        head = RequestHead()
        head.length, head.chunked = 100, False
        reception = Reception(head, Limits(body_rate=10, body_timeout=4), START)
        self.addCleanup(reception.close)
        reception.deadline(START)
        self.assertEqual(str(reception.late().reason), "the body stopped coming")
        reception.take(b"x")
        reception.deadline(START + 3)
        self.assertIn("http-min-body-rate (10)", reception.late().reason)
        self.assertIsInstance(reception.late(), HTTPError)
