"""L{ReactorSink} and L{WSGIResource} under a stock Site over TCP, TLS and HTTP/2."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any
from unittest import skipIf
from wsgiref.validate import validator

from twisted.logger import LogLevel, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from tests.wsgi.clients import MISSING, H2Client, H2Response, TurnedClock, Wire
from tests.wsgi.fakes import SOON, Iterable, Seen
from tests.wsgi.test_resource import Pool
from tests.wsgi.test_sinks import Exchange, SinkMixin, saying
from twsgi.web import reactorsink
from twsgi.web.reactorsink import ReactorSink
from twsgi.wsgi.resource import WSGIResource

GET = b"GET /p HTTP/1.1\r\nHost: h\r\n\r\n"


class Waiting(Resource):
    """Keeps the requests that it is asked to render."""

    isLeaf = True

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[Any] = []

    def render(self, request: Any) -> Any:
        self.requests.append(request)
        return NOT_DONE_YET


class PromptClock(TurnedClock):
    """One whose calls are made as soon as they are handed over, and what they wrote delivered."""

    wire: Wire

    def callFromThread(self, call: Any, *args: Any) -> None:
        super().callFromThread(call, *args)
        self.wire.turn()


class WireExchange(Exchange):
    """HTTP/1 over a connection."""

    alpn: bytes | None = None

    def __init__(self, case: Any, head_request: bool, http11: bool) -> None:
        root, clock = Waiting(), PromptClock()
        self.wire = clock.wire = Wire(root, clock, self.alpn)
        method = b"HEAD" if head_request else b"GET"
        self.wire.send(b"%b /p HTTP/1.%d\r\nHost: a\r\n\r\n" % (method, http11))
        self.sink = ReactorSink(root.requests[0], clock, SOON)

    def client_got(self) -> tuple[bytes, bool]:
        self.wire.turn()
        return self.wire.received, self.wire.transport.aborted

    def closes(self) -> bool:
        return self.wire.transport.disconnecting

    def client_leaves(self) -> None:
        self.wire.lose()


class TLSExchange(WireExchange):
    """HTTP/1 over TLS."""

    alpn = b"http/1.1"

    def closes(self) -> bool:
        # The client does not answer the end of TLS, for which the connection waits.
        return bool(self.wire.server.disconnecting) and not self.wire.transport.aborted


class H2Exchange(Exchange):
    """HTTP/2."""

    def __init__(self, case: Any, head_request: bool, http11: bool) -> None:
        root, clock = Waiting(), TurnedClock()
        self.client = H2Client(case, root, clock)
        self.head_request = head_request
        self.response = self.client.ask(method="HEAD" if head_request else "GET")
        self.sink = ReactorSink(root.requests[0], clock, SOON)

    def client_got(self) -> tuple[bytes, bool]:
        self.client.turn()
        cut = self.response.reset is not None
        assert cut != self.response.ended
        return as_http1(self.response, self.head_request), cut

    def client_leaves(self) -> None:
        self.client.reset(self.response.stream)


def as_http1(response: H2Response, head_request: bool) -> bytes:
    """What a client of HTTP/1 would have got: the suite's one way to look at responses."""
    if not response.headers:
        return b""
    lines = [f"HTTP/1.1 {response.status} Fine"]
    lines += [f"{name}: {value}" for name, value in response.headers if name[0] != ":"]
    body = response.body
    bodiless = head_request or response.status in (204, 304)
    if not bodiless and response.header("content-length") is None:
        lines.append("Transfer-Encoding: chunked")
        body = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
        body += b"0\r\n\r\n" if response.ended else b""
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


class TCPSinkTests(SinkMixin, SynchronousTestCase):
    """Over plain TCP, with the client's end turned too."""

    exchange = WireExchange

    def test_connection_fields(self) -> None:
        """Fields that speak of an HTTP/1 connection are not sent."""
        fields = [("Connection", "close"), ("Transfer-Encoding", "chunked"), ("Keep-Alive", "1")]
        seen, cut = self.seen(saying("200 OK", [*fields, ("X-A", " b ")], b"a"))
        names = {name for name, _ in seen.headers}
        self.assertEqual((seen.body, cut), (b"a", False))
        self.assertEqual(names & {"connection", "keep-alive"}, set())


class TLSSinkTests(SinkMixin, SynchronousTestCase):
    """Over TLS."""

    exchange = TLSExchange
    skip = MISSING


class H2SinkTests(SinkMixin, SynchronousTestCase):
    """Over HTTP/2."""

    exchange = H2Exchange
    skip = MISSING

    def test_one_piece(self) -> None:
        """A body in one piece has its length; there are no reason phrases."""
        seen, cut = self.seen(saying("404 Not Here", [("X-A", "b")], b"abc"))
        self.assertEqual((seen.status, seen.body, cut), (404, b"abc", False))
        self.assertEqual((seen.header("x-a"), seen.header("content-length")), ("b", "3"))

    def test_cut_is_an_error(self) -> None:
        """A stream that is cut says so: NO_ERROR would pass for a good end."""
        exchange = H2Exchange(self, False, True)
        exchange.sink.start("200 OK", [], None)
        exchange.sink.write(b"a")
        exchange.sink.abort()
        exchange.client.turn()
        self.assertEqual((exchange.response.body, exchange.response.reset), (b"a", 2))


class ResourceCase(SynchronousTestCase):
    """A resource on a pool that runs when the test says so."""

    def setUp(self) -> None:
        """What is logged is caught."""
        self.clock, self.pool = TurnedClock(), Pool()
        self.logged: list[Any] = []

        def observe(event: Any) -> None:
            if event["log_level"] in (LogLevel.error, LogLevel.critical):
                self.logged.append(event)

        globalLogPublisher.addObserver(observe)
        self.addCleanup(globalLogPublisher.removeObserver, observe)

    def root(self, application: Any, mount: str = "") -> Any:
        """The resource, or a root whose child it is."""
        resource: Any = WSGIResource(self.clock, self.pool, application)  # type: ignore[arg-type]
        if not mount:
            return resource
        root = Resource()
        root.putChild(mount.encode(), resource)
        return root

    def work(self, count: int | None = None) -> None:
        """The pool's threads do what they were given."""
        calls, self.pool.calls = self.pool.calls[:count], self.pool.calls[count or 9999 :]
        for call in calls:
            call()


class Environs:
    """An application that keeps what it is told."""

    def __init__(self) -> None:
        self.found: list[dict[str, Any]] = []

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        self.found.append({**environ, "body": environ["wsgi.input"].read()})
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"ok"]


class H2ResourceTests(ResourceCase):
    """L{WSGIResource} over HTTP/2."""

    skip = MISSING

    def test_environ(self) -> None:
        """The environ is that of any request: no pseudo headers, https, HTTP/2.0."""
        application = Environs()
        client = H2Client(self, self.root(application), self.clock)
        response = client.ask(
            "/a%20b?c=d",
            "POST",
            [("x-a", "1"), ("cookie", "a=1"), ("cookie", "b=2"), ("content-type", "text/x")],
            b"abc",
        )
        self.work()
        client.turn()
        self.assertEqual((response.status, response.body, response.ended), (200, b"ok", True))
        (found,) = application.found
        expected = {
            "REQUEST_METHOD": "POST",
            "REQUEST_URI": "/a%20b?c=d",
            "SCRIPT_NAME": "",
            "PATH_INFO": "/a b",
            "QUERY_STRING": "c=d",
            "SERVER_PROTOCOL": "HTTP/2.0",
            "SERVER_NAME": "h",
            "SERVER_PORT": "443",
            "REMOTE_ADDR": "10.0.0.9",
            "REMOTE_PORT": "1234",
            "HTTPS": "on",
            "CONTENT_TYPE": "text/x",
            "CONTENT_LENGTH": "3",
            "HTTP_HOST": "h:81",
            "HTTP_X_A": "1",
            "HTTP_COOKIE": "a=1; b=2",
            "wsgi.url_scheme": "https",
            "body": b"abc",
        }
        self.assertEqual({name: found[name] for name in expected}, expected)
        more = {name for name in found if not name.startswith(("wsgi.", "twsgi."))}
        self.assertEqual(more - set(expected), set())

    def test_validated(self) -> None:
        """A validating middleware finds nothing wrong."""

        def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            start_response("200 OK", [("Content-Type", "text/plain")])
            return [environ["wsgi.input"].read(9)]

        client = H2Client(self, self.root(validator(application)), self.clock)
        response = client.ask("/p", "POST", (), b"abc")
        self.work()
        client.turn()
        self.assertEqual((response.status, response.body), (200, b"abc"))

    def test_mounted(self) -> None:
        """Below a child path SCRIPT_NAME is that path."""
        application = Environs()
        client = H2Client(self, self.root(application, "app"), self.clock)
        client.ask("/app/a/b?c")
        self.work()
        (found,) = application.found
        self.assertEqual(
            (found["SCRIPT_NAME"], found["PATH_INFO"], found["QUERY_STRING"]), ("/app", "/a/b", "c")
        )

    def test_one_fails(self) -> None:
        """An application that fails late costs its stream alone; one that fails early is 500."""

        def late() -> Iterator[bytes]:
            yield b"a"
            raise ValueError("boom")

        closed = []

        def application(environ: dict[str, Any], start_response: Any) -> Any:
            if environ["PATH_INFO"] == "/early":
                raise ValueError("boom")
            start_response("200 OK", [])
            if environ["PATH_INFO"] == "/late":
                closed.append(Iterable(late()))
                return closed[0]
            return [b"fine"]

        client = H2Client(self, self.root(application), self.clock)
        responses = [client.ask(path) for path in ("/before", "/late", "/early", "/after")]
        self.work()
        client.turn()
        self.assertEqual([one.reset for one in responses], [None, 2, None, None])
        self.assertEqual([one.status for one in responses], [200, 200, 500, 200])
        self.assertEqual([one.body for one in responses if one.ended][0::2], [b"fine", b"fine"])
        self.assertEqual(client.ask("/late").reset, None)  # the connection goes on
        self.assertEqual(closed[0].closed, 1)
        self.assertEqual(len(self.logged), 2)

    def test_host_beside_authority(self) -> None:
        """An authority that is repeated as a Host is one Host."""
        application = Environs()
        client = H2Client(self, self.root(application), self.clock)
        client.ask(headers=[("host", "h:81")])
        self.work()
        self.assertEqual([found["HTTP_HOST"] for found in application.found], ["h:81"])


class HTTP1ResourceTests(ResourceCase):
    """L{WSGIResource} over HTTP/1: what only the far end shows."""

    def test_body_outlives_the_client(self) -> None:
        """A client that goes away does not close the body that the application reads."""
        application = Environs()
        wire = Wire(self.root(application), self.clock, None)
        wire.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc")
        wire.lose()
        self.work()
        self.assertEqual([found["body"] for found in application.found], [b"abc"])
        self.assertEqual(self.logged, [])

    def test_absolute_form(self) -> None:
        """A target in absolute form has the path that it names."""
        application = Environs()
        for target, path, query in (
            (b"http://h/a%20b?c", "/a b", "c"),
            (b"http://h", "/", ""),
            (b"http://h?c", "/", "c"),
        ):
            wire = Wire(self.root(application), self.clock, None)
            wire.send(b"GET " + target + b" HTTP/1.1\r\nHost: h\r\n\r\n")
            self.work()
            found = application.found.pop()
            self.assertEqual((found["PATH_INFO"], found["QUERY_STRING"]), (path, query))

    def test_refused(self) -> None:
        """A NUL in the path, and two different Hosts, never reach the application."""
        for data in (
            b"GET /a%00b HTTP/1.1\r\nHost: h\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: h\r\nHost: i\r\n\r\n",
        ):
            wire = Wire(self.root(Environs()), self.clock, None)
            wire.send(data)
            self.assertEqual((Seen(wire.received).status, self.pool.calls), (400, []))


class Flood:
    """
    An application with a large body.

    @ivar taken: bytes that were taken of it so far.
    """

    def __init__(self, piece: int, count: int) -> None:
        self.piece, self.count, self.taken, self.closed = piece, count, 0, 0

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        start_response("200 OK", [])
        return self

    def __iter__(self) -> Iterator[bytes]:
        for _ in range(self.count):
            self.taken += self.piece
            yield b"x" * self.piece

    def close(self) -> None:
        self.closed += 1


class BackPressureTests(SynchronousTestCase):
    """A client that does not read costs little, however much the application has to say."""

    #: What may be on its way: handed over, queued, in the frames of a connection.
    BOUND = 4 * reactorsink.HIGH_WATER

    def serve(self, application: Any) -> tuple[TurnedClock, Any, list[threading.Thread]]:
        """A resource whose pool starts a thread for each request."""
        clock, threads = TurnedClock(), []

        class ThreadPool:
            def callInThread(self, call: Any, *args: Any) -> None:
                threads.append(threading.Thread(target=call, args=args, daemon=True))
                threads[-1].start()

        return clock, WSGIResource(clock, ThreadPool(), application), threads  # type: ignore

    def settle(self, turn: Any, flood: Flood) -> None:
        """Turns until the application takes no further step while nothing moves."""
        still, taken = 0, -1
        pause = threading.Event()
        while still < 20:
            turn()
            still = still + 1 if flood.taken == taken else 0
            taken = flood.taken
            pause.wait(0.002)

    def test_transport_full(self) -> None:
        """A full transport stops the application, over TCP and over TLS."""
        for alpn in (None, b"http/1.1"):
            if alpn and MISSING:
                continue
            flood = Flood(65536, 1000)
            clock, root, threads = self.serve(flood)
            wire = Wire(root, clock, alpn)
            wire.reading, wire.transport.full = False, True
            wire.send(GET)
            self.settle(wire.turn, flood)
            self.assertLess(flood.taken, self.BOUND)
            self.assertLess(len(wire.transport.value()), self.BOUND)
            wire.lose()
            threads[0].join(SOON)
            self.assertEqual((threads[0].is_alive(), flood.closed), (False, 1))

    def test_one_large_piece(self) -> None:
        """A piece of any size is given to the transport as it has room."""
        flood = Flood(8 * 1024 * 1024, 1)
        clock, root, threads = self.serve(flood)
        wire = Wire(root, clock, None)
        wire.reading, wire.transport.full = False, True
        wire.send(GET)
        self.settle(wire.turn, flood)
        self.assertLess(len(wire.transport.value()), self.BOUND)
        wire.lose()
        threads[0].join(SOON)

    def flooded(self, window: int, reads: bool = True) -> tuple[Flood, H2Client, H2Response, Any]:
        """A client of HTTP/2 with this window that acknowledges nothing, or reads nothing."""
        flood = Flood(50000, 1000)
        clock, root, threads = self.serve(flood)
        client = H2Client(self, root, clock, window)
        client.acknowledges = False
        client.wire.reading, client.wire.transport.full = reads, not reads
        response = client.ask()
        return flood, client, response, threads

    @skipIf(MISSING is not None, MISSING or "")
    def test_window_shut(self) -> None:
        """
        A window that is shut stops the application, and the reactor has nothing to do; the next
        bytes leave when it opens.
        """
        flood, client, response, threads = self.flooded(65535)
        self.settle(client.turn, flood)
        self.assertEqual(len(response.body), 65535)
        self.assertLess(flood.taken, self.BOUND)
        self.assertLess(client.turn(50), 3)
        client.acknowledge(response.stream, 65535)
        self.settle(client.turn, flood)
        self.assertEqual(len(response.body), 2 * 65535)
        client.reset(response.stream)
        threads[0].join(SOON)
        self.assertEqual((threads[0].is_alive(), flood.closed), (False, 1))

    @skipIf(MISSING is not None, MISSING or "")
    def test_window_wide(self) -> None:
        """A window of 2 GiB is no reason to keep 2 GiB for a client that does not read."""
        flood, client, _, threads = self.flooded(2**31 - 1, False)
        self.settle(client.turn, flood)
        self.assertGreater(flood.taken, 0)
        self.assertLess(flood.taken, self.BOUND)
        client.wire.lose()
        threads[0].join(SOON)
        self.assertEqual((threads[0].is_alive(), flood.closed), (False, 1))

    @skipIf(MISSING is not None, MISSING or "")
    def test_window_wide_and_read(self) -> None:
        """A client that reads gets all of it, whatever its window."""
        for window in (65535, 1 << 20):
            flood = Flood(50000, 60)
            clock, root, threads = self.serve(flood)
            client = H2Client(self, root, clock, window)
            response = client.ask()
            for _ in range(5000):
                if response.ended:
                    break
                client.turn()
                clock.rightNow += 0.05
                threads[0].join(0.001)
            self.assertEqual((response.ended, len(response.body)), (True, 60 * 50000))

    @skipIf(MISSING is not None, MISSING or "")
    def test_two_streams(self) -> None:
        """A stream whose client does not read does not stop another."""
        flood, client, _, threads = self.flooded(1 << 20)
        self.settle(client.turn, flood)
        # The first has taken what the connection's window was: the second finds it shut.
        window = client.connection.inbound_flow_control_window
        other = client.ask()
        self.settle(client.turn, flood)
        self.assertEqual((window, other.body), (0, b""))
        client.connection.increment_flow_control_window(1 << 21)
        self.settle(client.turn, flood)
        self.assertGreater(len(other.body), 65535)
        client.wire.lose()
        for thread in threads:
            thread.join(SOON)
        self.assertEqual(flood.closed, 2)
