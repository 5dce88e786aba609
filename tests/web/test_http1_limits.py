"""L{twsgi.web.http1} and L{twsgi.web.site}: limits, deadlines, refusals and draining."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.web.fakes import Client, Echo, Later, SiteFixture, chunked, get, post
from twsgi.errors import HTTPError
from twsgi.web.lifetime import LINGER
from twsgi.web.site import SWEEP

#: Deadlines are looked at once in so many seconds; a second more, for the look itself.
LATE = SWEEP + 1


class LimitTests(SynchronousTestCase):
    """Requests that are refused for their size or form."""

    def setUp(self) -> None:
        self.echo = Echo()
        self.fixture = SiteFixture(self.echo, buffer_size=1000)
        self.client = self.fixture.client()

    def refused(self, status: int) -> None:
        """The client got this status, alone, and nobody saw its request."""
        self.assertEqual(self.client.statuses(), [status])
        self.assertEqual(self.client.responses()[0][1][b"connection"], b"close")
        self.assertEqual(self.echo.seen, [])
        self.assertEqual(self.client.lost, "linger")
        self.assertEqual(len(self.fixture.refusals), 1)

    def test_line_too_long(self) -> None:
        """A request line over C{buffer-size} is answered with 414, and the log names the option."""
        self.client.send(b"GET /" + b"x" * 1000)
        self.refused(414)
        self.assertIn("192.0.2.7: 414", self.fixture.refusals[0])
        self.assertIn("buffer-size (1000)", self.fixture.refusals[0])

    def test_headers_too_large(self) -> None:
        """A head over C{buffer-size} is answered with 431, whole or not, and the log says so."""
        for tail in (b"", b"\r\n\r\n"):
            self.setUp()
            self.client.send(b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 1000 + tail)
            self.refused(431)
            self.assertIn("buffer-size (1000)", self.fixture.refusals[0])

    def test_exactly(self) -> None:
        """A head of exactly C{buffer-size} bytes is served; one more byte is too much."""
        head = get("/", "X: " + "x" * (1000 - len(get("/", "X: "))))
        self.assertEqual(len(head), 1000)
        self.client.send(head)
        self.assertEqual(self.client.statuses(), [200])
        self.setUp()
        self.client.send(head.replace(b"X: ", b"X: x"))
        self.refused(431)

    def test_body_is_no_head(self) -> None:
        """A body larger than C{buffer-size} is none of that limit's business."""
        self.client.send(post(b"x" * 5000))
        self.assertEqual(self.client.statuses(), [200])

    def test_bare_lf(self) -> None:
        """A line that ends in LF alone is answered at once: such a client waits for ever else."""
        self.client.send(b"GET / HTTP/1.1\nHost: a\n\n")
        self.refused(400)

    def test_garbage(self) -> None:
        """What cannot become a request is answered at once, not when it has become a head."""
        for start in (b"\x16\x03\x01\x02", b"\x00", b" GET / HTTP/1.1", b"\n", b"\r\rGET"):
            self.setUp()
            self.client.send(start)
            self.refused(400)

    def test_malformed_head(self) -> None:
        """Heads that mean nothing, or two things, are refused with the status that says why."""
        for head, status in (
            (b"GET / HTTP/3.0\r\n\r\n", 505),
            (b"nonsense\r\n\r\n", 400),
            (b"GET / HTTP/1.1\r\n\r\n", 400),
            (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", 400),
            (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 400),
            (b"GET / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n", 417),
            (chunked([]).replace(b"Host", b"Content-Length: 1\r\nHost"), 400),
        ):
            self.setUp()
            self.client.send(head)
            self.refused(status)

    def test_refusals_are_bounded(self) -> None:
        """An attack fills no log: ten lines a second, then a line that says how many more."""
        for _ in range(25):
            self.fixture.client().send(b"\0")
        self.assertEqual(len(self.fixture.refusals), 10)
        self.fixture.reactor.advance(SWEEP)
        self.assertEqual(
            self.fixture.refusals[10:], ["15 more requests were refused, cut or sent again"]
        )
        self.fixture.client().send(b"\0")
        self.assertEqual(len(self.fixture.refusals), 12)


class DeadlineTests(SynchronousTestCase):
    """Clients that take their time."""

    def setUp(self) -> None:
        self.later = Later()
        self.fixture = SiteFixture(
            self.later, headers_timeout=10, body_timeout=5, idle_timeout=20, body_rate=0
        )
        self.client = self.fixture.client()

    def test_silent(self) -> None:
        """A connection on which nothing ever comes is closed, without a response."""
        self.fixture.pass_seconds(9)
        self.assertEqual(self.client.lost, "")
        self.fixture.pass_seconds(1 + LATE)
        self.assertEqual((self.client.lost, self.client.sent), ("close", b""))

    def test_idle(self) -> None:
        """A kept connection is closed when it was idle for too long, and not before."""
        self.client.send(get())
        self.later.answer()
        self.fixture.pass_seconds(19)
        self.assertEqual(self.client.lost, "")
        self.fixture.pass_seconds(1 + LATE)
        self.assertEqual((self.client.lost, self.client.statuses()), ("close", [200]))

    def test_head_drips(self) -> None:
        """A head that comes byte by byte gets 408 at its deadline: bytes buy no time."""
        head = get("/", "X: " + "x" * 100)
        for second in range(10 + int(LATE)):
            self.client.send(head[second : second + 1])
            self.fixture.pass_seconds(1)
        self.assertEqual(self.client.statuses(), [408])
        self.assertEqual((self.client.lost, self.later.requests), ("linger", []))

    def test_empty_lines_drip(self) -> None:
        """Nor do empty lines."""
        for _ in range(10 + int(LATE)):
            self.client.send(b"\r\n")
            self.fixture.pass_seconds(1)
        self.assertEqual(self.client.lost, "close")

    def test_head_of_the_second(self) -> None:
        """A second request's head has its own deadline, from its first byte."""
        self.client.send(get() + b"G")
        self.fixture.pass_seconds(30)
        self.later.answer()
        self.fixture.pass_seconds(9)
        self.assertEqual(self.client.statuses(), [200])
        self.fixture.pass_seconds(1 + LATE)
        self.assertEqual(self.client.statuses(), [200, 408])

    def test_reads_nothing(self) -> None:
        """A client that reads nothing of what is sent to it is cut."""
        self.client.send(get())
        self.fixture.pass_seconds(3)
        self.assertEqual(self.client.lost, "")
        self.client.connection.stalled = True
        self.fixture.pass_seconds(LATE)
        self.assertEqual(self.client.lost, "abort")

    def test_body_stalls(self) -> None:
        """A body that stops coming is answered with 408; one that comes slowly is not."""
        request = post(b"x" * 20)
        self.client.send(request[:-20])
        for _ in range(5):
            self.fixture.pass_seconds(4)
            self.client.send(b"x")
        self.assertEqual(self.client.lost, "")
        self.fixture.pass_seconds(5 + LATE)
        self.assertEqual(self.client.statuses(), [408])
        self.assertEqual((self.client.lost, self.later.requests), ("linger", []))

    def test_still_reading(self) -> None:
        """The idle time begins when the client has read what it was answered."""
        self.client.connection.pending = True
        self.client.send(get())
        self.later.answer()
        self.fixture.pass_seconds(60)
        self.assertEqual(self.client.lost, "")
        self.client.connection.pending = False
        self.fixture.pass_seconds(20 + LATE)
        self.assertEqual(self.client.lost, "close")

    def test_still_taking(self) -> None:
        """The same holds for what the kernel has; a client that takes no more of it is closed."""
        left = [1000]
        self.client.connection.untaken = lambda: left[0]  # type: ignore[method-assign]
        self.client.send(get())
        self.later.answer()
        for _ in range(10):
            left[0] -= 1
            self.fixture.pass_seconds(20 + SWEEP)
            self.assertEqual(self.client.lost, "")
        self.fixture.pass_seconds(20 + LATE)
        self.assertEqual(self.client.lost, "close")

    def test_linger_still_reading(self) -> None:
        """So does the time for which a connection is read after its end."""
        self.client.connection.pending = True
        self.client.send(b"\0")
        self.fixture.pass_seconds(60)
        self.assertEqual(self.client.lost, "linger")
        self.client.connection.pending = False
        self.fixture.pass_seconds(LINGER + LATE)
        self.assertEqual(self.client.lost, "abort")

    def test_under_way(self) -> None:
        """While a request is under way the connection has no deadline."""
        self.client.send(get())
        self.fixture.pass_seconds(1000)
        self.later.answer()
        self.assertEqual((self.client.statuses(), self.client.lost), ([200], ""))

    def test_linger(self) -> None:
        """A client that is refused and does not close is cut off after C{LINGER} seconds."""
        self.client.send(b"\0")
        self.assertEqual(self.client.lost, "linger")
        self.fixture.pass_seconds(LINGER + LATE)
        self.assertEqual(self.client.lost, "abort")
        self.assertEqual(self.fixture.site.channels, set())

    def test_linger_after_refusal_under_way(self) -> None:
        """So is one whose request was refused while it was under way (503, 504)."""
        self.client.send(get())
        self.client.channel.refuse(HTTPError(503, "full"), "Retry-After: 1\r\n")
        self.assertEqual(self.client.responses()[0][1][b"retry-after"], b"1")
        self.fixture.pass_seconds(LINGER + LATE)
        self.assertEqual(self.client.lost, "abort")
        self.assertEqual(self.fixture.site.channels, set())


class DrainTests(SynchronousTestCase):
    """The end: nothing new, and what is there is finished."""

    def setUp(self) -> None:
        self.later = Later()
        self.fixture = SiteFixture(self.later)
        self.drained: list[str] = []

    def drain(self) -> None:
        """Begins to drain."""
        self.fixture.site.drain(lambda: self.drained.append("drained"))

    def test_nobody(self) -> None:
        """Without connections it is over at once, and no timer is left."""
        self.drain()
        self.assertEqual(self.drained, ["drained"])
        self.assertEqual(self.fixture.reactor.getDelayedCalls(), [])

    def test_idle(self) -> None:
        """Idle connections are closed: those that never sent anything, and kept ones."""
        fresh, kept = self.fixture.client(), self.fixture.client()
        kept.send(get())
        self.later.answer()
        self.fixture.pass_seconds(2)
        self.drain()
        self.assertEqual((fresh.lost, kept.lost), ("close", "close"))
        self.assertEqual(self.drained, ["drained"])

    def test_busy(self) -> None:
        """A request under way is finished first, its connection closed after it."""
        client = self.fixture.client()
        client.send(get())
        self.drain()
        self.assertEqual((client.lost, self.drained), ("", []))
        self.later.answer()
        # It was promised that the connection is kept: it may be sending the next already.
        self.assertEqual((client.statuses(), client.lost), ([200], ""))
        self.fixture.pass_seconds(1)
        self.assertEqual((client.lost, self.drained), ("close", ["drained"]))

    def test_one_more(self) -> None:
        """A request on a connection that was just used is answered, as the last one."""
        client = self.fixture.client()
        client.send(get("/1"))
        self.later.answer(b"1")
        self.drain()
        self.assertEqual(client.lost, "")
        client.send(get("/2"))
        self.later.answer(b"2")
        self.assertEqual((client.bodies(), client.lost), ([b"1", b"2"], "close"))
        fields = [fields for _, fields, _ in client.responses()]
        self.assertEqual([one.get(b"connection") for one in fields], [None, b"close"])
        self.assertEqual(self.drained, ["drained"])

    def test_coming(self) -> None:
        """A request that has begun to come is served; its response says it is the last."""
        for request in (get(), post(b"hello")):
            self.setUp()
            client = self.fixture.client()
            client.send(request[:-2])
            self.drain()
            self.assertEqual((client.lost, self.drained), ("", []))
            client.send(request[-2:])
            self.later.answer()
            self.assertEqual(client.responses()[0][1][b"connection"], b"close")
            self.assertEqual(self.drained, ["drained"])

    def test_never_comes(self) -> None:
        """It is not awaited for ever."""
        client = self.fixture.client()
        client.send(b"GET / HT")
        self.drain()
        self.fixture.pass_seconds(30)
        self.assertEqual(client.statuses(), [408])
        self.assertEqual(self.drained, ["drained"])

    def test_refused_under_way(self) -> None:
        """A connection whose request was refused (503) does not hold up the end."""
        client = self.fixture.client()
        client.send(get())
        client.channel.refuse(HTTPError(503, "full"))
        self.drain()
        self.fixture.pass_seconds(LINGER + LATE)
        self.assertEqual(self.drained, ["drained"])

    def test_pipelined(self) -> None:
        """Of requests that wait behind one under way, the next is served too, then it is over."""
        client = self.fixture.client()
        client.send(get("/1") + get("/2"))
        self.drain()
        self.later.answer()
        self.later.answer()
        self.assertEqual(client.statuses(), [200, 200])
        self.assertEqual(client.lost, "close")

    def test_once(self) -> None:
        """The end is told once."""
        client: Client = self.fixture.client()
        self.drain()
        client.connection.client_gone()
        self.assertEqual(self.drained, ["drained"])
