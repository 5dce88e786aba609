"""L{twsgi.web.http1}: requests and responses on one connection, in order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.error import ConnectionLost
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource

from tests.web.fakes import Client, Echo, Later, SiteFixture, chunked, get, post
from twsgi.web import body as body_module


class OneRequestTests(SynchronousTestCase):
    """A request, its response, and the connection after it."""

    def setUp(self) -> None:
        self.echo = Echo()
        self.fixture = SiteFixture(self.echo)
        self.client = self.fixture.client()

    def test_answered(self) -> None:
        """A request is answered, framed and dated, and the connection stays open."""
        self.client.send(get("/a?b"))
        (response,) = self.client.responses()
        self.assertEqual((response[0], response[2]), (200, b"GET /a?b "))
        self.assertEqual(response[1][b"date"], b"Tue, 14 Nov 2023 22:13:20 GMT")
        self.assertNotIn(b"connection", response[1])
        self.assertEqual(self.client.lost, "")

    def test_peer(self) -> None:
        """The client's address is among the variables."""
        self.client.send(get())
        environ = self.echo.seen[0]
        self.assertEqual((environ["REMOTE_ADDR"], environ["REMOTE_PORT"]), ("192.0.2.7", "4711"))

    def test_logged(self) -> None:
        """A request that a resource has answered is logged, once, with the size of its head."""
        self.client.send(get("/a"))
        (request,) = self.fixture.logged
        self.assertEqual(request.head_size, self.client.sent.index(b"\r\n\r\n") + 4)
        self.assertEqual((request.code, request.sentLength), (200, len(b"GET /a ")))

    def test_close_asked(self) -> None:
        """C{Connection: close} is honoured, and said in the response."""
        self.client.send(get("/", "Connection: close"))
        self.assertEqual(self.client.responses()[0][1][b"connection"], b"close")
        self.assertEqual(self.client.lost, "close")

    def test_http10_closes(self) -> None:
        """An HTTP/1.0 client that asks for nothing gets its connection closed."""
        self.client.send(get("/", version="1.0"))
        self.assertEqual(self.client.responses()[0][1][b"connection"], b"close")
        self.assertEqual(self.client.lost, "close")

    def test_http10_keep_alive(self) -> None:
        """An HTTP/1.0 client that asks for it keeps its connection, and is told so."""
        for _ in range(2):
            self.client.send(get("/", "Connection: keep-alive", version="1.0"))
        self.assertEqual(self.client.statuses(), [200, 200])
        self.assertEqual(self.client.responses()[1][1][b"connection"], b"keep-alive")
        self.assertEqual(self.client.lost, "")

    def test_unread(self) -> None:
        """What waits unread in the kernel must not turn the close into a reset."""
        client = SiteFixture(Echo()).client()
        client.connection.unread = lambda: True  # type: ignore[method-assign]
        client.send(get("/", "Connection: close"))
        self.assertEqual((client.statuses(), client.lost), ([200], "linger"))

    def test_keep_alive_off(self) -> None:
        """Without an idle limit no connection is kept."""
        client = SiteFixture(self.echo, idle_timeout=0).client()
        client.send(get())
        self.assertEqual(client.responses()[0][1][b"connection"], b"close")
        self.assertEqual(client.lost, "close")

    def test_empty_lines_before(self) -> None:
        """Empty lines before a request are skipped, however they arrive (RFC 9112, 2.2)."""
        for piece in (b"\r\n\r", b"\n", b"\r", b"\n" + get("/a")):
            self.client.send(piece)
        self.assertEqual(self.client.bodies(), [b"GET /a "])

    def test_resource_fails(self) -> None:
        """A resource that raises is answered with 500, without a word of why, and costs nothing."""

        class Failing(Resource):
            isLeaf = True

            def render(self, request: object) -> bytes:
                raise RuntimeError("secret")

        client = SiteFixture(Failing()).client()
        client.send(get() + get())
        self.assertEqual(client.statuses(), [500, 500])
        self.assertNotIn(b"secret", client.sent)
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 2)


class BodyTests(SynchronousTestCase):
    """A request's body: in any pieces, by either framing, of any size."""

    def setUp(self) -> None:
        self.echo = Echo()
        self.fixture = SiteFixture(self.echo)

    def served(self, *pieces: bytes) -> Client:
        """A connection on which C{pieces} have come."""
        client = self.fixture.client()
        for piece in pieces:
            client.send(piece)
        return client

    def test_length(self) -> None:
        """Nothing is answered before the last byte of the body is there."""
        request = post(b"hello")
        client = self.served(request[:-1])
        self.assertEqual(client.sent, b"")
        client.send(request[-1:])
        self.assertEqual(client.bodies(), [b"POST / hello"])

    def test_chunked_has_a_length(self) -> None:
        """A chunked body is whole when it is served: its length is known, its coding is gone."""
        self.served(chunked([b"hello ", b"world"]))
        environ = self.echo.seen[0]
        self.assertEqual(environ["CONTENT_LENGTH"], "11")
        self.assertNotIn("HTTP_TRANSFER_ENCODING", environ)

    def test_zero_length(self) -> None:
        """A body of no bytes is no body; an empty chunked one has length 0."""
        client = self.served(post(b"") + chunked([]))
        self.assertEqual(client.bodies(), [b"POST / ", b"POST / "])
        self.assertEqual([one["CONTENT_LENGTH"] for one in self.echo.seen], ["0", "0"])

    def test_spooled(self) -> None:
        """A body too large for memory is the same to the resource."""
        data = bytes(range(256)) * (body_module.IN_MEMORY // 128)
        client = self.served(post(data), chunked([data[:70000], data[70000:]]))
        self.assertEqual(client.bodies(), [b"POST / " + data] * 2)

    def test_next_request_in_the_same_bytes(self) -> None:
        """What follows a body is the next request."""
        client = self.served(post(b"one") + chunked([b"two"]) + get("/three"))
        self.assertEqual(client.bodies(), [b"POST / one", b"POST / two", b"GET /three "])

    def test_disk_full(self) -> None:
        """A body that cannot be stored is answered with 507."""

        def full(self: object, data: bytes) -> None:
            raise OSError(28, "No space left on device")

        self.patch(body_module.Body, "add", full)
        client = self.served(post(b"hello"))
        self.assertEqual(client.statuses(), [507])
        self.assertIn("No space left", self.fixture.refusals[0])

    def test_continue(self) -> None:
        """A client that waits for C{100 Continue} gets it, once, if it sends no body by itself."""
        request = post(b"hello", "Expect: 100-continue")
        client = self.served(request[:-5])
        self.assertEqual(client.sent, b"HTTP/1.1 100 Continue\r\n\r\n")
        client.send(b"hel")
        self.assertEqual(client.sent, b"HTTP/1.1 100 Continue\r\n\r\n")
        client.send(b"lo")
        self.assertEqual(client.statuses(), [100, 200])

    def test_continue_needless(self) -> None:
        """A client that says it waits, and does not, gets no C{100 Continue}."""
        request = post(b"hello", "Expect: 100-continue")
        client = self.served(request[:-2])
        self.assertEqual(client.sent, b"")
        client.send(request[-2:])
        self.assertEqual(client.statuses(), [200])

    def test_continue_chunked(self) -> None:
        """A chunked body may be waited with, too."""
        request = chunked([b"hello"], "Expect: 100-continue")
        start = request.index(b"\r\n\r\n") + 4
        client = self.served(request[:start], request[start:])
        self.assertEqual(client.statuses(), [100, 200])

    def test_malformed_chunk(self) -> None:
        """A chunked body that is none is answered with 400, and nothing behind it is a request."""
        request = chunked([b"hello"]).replace(b"5\r\n", b"0x5\r\n")
        client = self.served(request + get("/smuggled"))
        self.assertEqual(client.statuses(), [400])
        self.assertEqual((self.echo.seen, client.lost), ([], "linger"))

    def test_client_gone_within_body(self) -> None:
        """A body that will never be whole is forgotten, its file closed; nothing is served."""
        closed: list[object] = []
        self.patch(body_module.Body, "close", lambda self: closed.append(self))
        client = self.served(post(b"hello")[:-1])
        client.connection.client_gone()
        self.assertEqual((len(closed), self.echo.seen), (1, []))
        self.assertEqual(self.fixture.site.channels, set())


class SplitTests(SynchronousTestCase):
    """The same bytes mean the same, however they are cut."""

    @given(st.data())
    def test_any_split(self, data: st.DataObject) -> None:
        """Four requests on one connection give the same four responses in any pieces."""
        stream = (
            get("/one", "Cookie: a=b")
            + post(b"two\r\n\r\n", path="/2")
            + b"\r\n"
            + chunked([b"th", b"ree\r\n"], path="/3")
            + get("/four")
        )
        cuts = sorted(data.draw(st.sets(st.integers(1, len(stream) - 1), max_size=30)))
        client = SiteFixture(Echo()).client()
        for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
            client.send(stream[start:end])
        self.assertEqual(
            client.bodies(),
            [b"GET /one ", b"POST /2 two\r\n\r\n", b"POST /3 three\r\n", b"GET /four "],
        )
        self.assertEqual(client.lost, "")

    def test_byte_by_byte(self) -> None:
        """The smallest pieces there are give the same, too."""
        client = SiteFixture(Echo()).client()
        for byte in post(b"hello") + chunked([b"w", b"orld"]):
            client.send(bytes((byte,)))
        self.assertEqual(client.bodies(), [b"POST / hello", b"POST / world"])


class HalfClosedTests(SynchronousTestCase):
    """Clients that say they will send no more, and still read."""

    def setUp(self) -> None:
        self.later = Later()
        self.client = SiteFixture(self.later).client()

    def test_idle(self) -> None:
        """Where nothing is under way the connection is closed."""
        self.client.end()
        self.assertEqual(self.client.lost, "close")

    def test_within_a_request(self) -> None:
        """Half a request is never a whole one: the connection is closed."""
        for start in (b"GET / HT", post(b"hello")[:-1]):
            client = SiteFixture(self.later).client()
            client.send(start)
            client.end()
            self.assertEqual((client.lost, self.later.requests), ("close", []))

    def test_under_way(self) -> None:
        """A request that is under way is still answered; then the connection is closed."""
        self.client.send(get())
        self.client.end()
        self.assertEqual(self.client.lost, "")
        self.later.answer()
        self.assertEqual(self.client.bodies(), [b"later"])
        self.assertEqual(self.client.lost, "close")

    def test_pipelined(self) -> None:
        """So are all that have come before the end; the last one's response says that it is."""
        self.client.send(get("/1") + get("/2") + get("/3"))
        self.client.end()
        for _ in range(3):
            self.later.answer()
        responses = self.client.responses()
        self.assertEqual([response[0] for response in responses], [200, 200, 200])
        self.assertEqual(
            [response[1].get(b"connection") for response in responses], [None, None, b"close"]
        )
        self.assertIn(self.client.lost, ("close", "linger"))

    def test_half_a_request_follows(self) -> None:
        """After the last whole request the connection is closed, whatever half of one follows."""
        self.client.send(get("/1") + b"GET /2 HT")
        self.client.end()
        self.later.answer()
        self.assertEqual(self.client.statuses(), [200])
        self.assertNotEqual(self.client.lost, "")


class LostTests(SynchronousTestCase):
    """Clients that go away while their request is under way."""

    def setUp(self) -> None:
        self.later = Later()
        self.fixture = SiteFixture(self.later)
        self.client = self.fixture.client()

    def test_told(self) -> None:
        """Whoever asked with C{notifyFinish} is told, and the site forgets the connection."""
        self.client.send(get())
        finished = self.later.requests[0].notifyFinish()
        self.client.connection.client_gone()
        self.failureResultOf(finished, ConnectionLost)
        self.assertEqual(self.fixture.site.channels, set())

    def test_bytes_afterwards(self) -> None:
        """Bytes that are handed in after the end are nobody's request."""
        self.client.connection.client_gone()
        self.client.send(get())
        self.assertEqual(self.later.requests, [])

    def test_relayed(self) -> None:
        """Whoever relays a response is told once when the client has read, and when it is gone."""

        class Relay:
            said: list[str] = []

            def drained(self) -> None:
                self.said.append("drained")

            def client_lost(self) -> None:
                self.said.append("lost")

        relay = Relay()
        self.client.send(get())
        self.client.channel.relayed = relay
        self.client.channel.drained()
        self.client.connection.client_gone()
        self.client.channel.drained()
        self.assertEqual(relay.said, ["drained", "lost"])

    def test_abort(self) -> None:
        """A response that cannot be completed ends with a reset, and nothing more is served."""
        self.client.send(get() + get())
        self.client.channel.abort()
        self.assertEqual((self.client.lost, self.client.sent), ("abort", b""))
        self.assertEqual(len(self.later.requests), 1)


class ReadyBytesTests(SynchronousTestCase):
    """Responses that come framed: C{relay} and C{finish}."""

    def setUp(self) -> None:
        self.later = Later()
        self.client = SiteFixture(self.later).client()
        self.client.send(get("/1") + get("/2"))

    def test_kept(self) -> None:
        """After a response that does not close, the next request is under way."""
        self.client.channel.relay(b"first")
        self.client.channel.finish(False)
        self.assertEqual(self.client.sent, b"first")
        self.assertEqual([one.uri for one in self.later.requests], [b"/1", b"/2"])

    def test_closed(self) -> None:
        """After one that closes nothing is."""
        self.client.channel.relay(b"first")
        self.client.channel.finish(True)
        self.assertEqual(len(self.later.requests), 1)
        self.assertEqual(self.client.lost, "linger")
