"""L{twsgi.wsgi.core}: threads that serve what comes on connections to a worker's own listeners."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

from tests.wsgi.fakes import SOON, Seen
from tests.wsgi.test_core import CoreCase, echo
from twsgi.control.scoreboard import CORE_BUSY_SINCE, CORE_REQUESTS
from twsgi.errors import ClientDisconnected
from twsgi.web.body import Body
from twsgi.wire.fields import parse_fields
from twsgi.wire.head import request_head
from twsgi.wsgi.core import Cores


class Connection:
    """
    A L{twsgi.web.threadchannel.ThreadChannel} as a core sees it; it is its transport too.

    @ivar requests: what is read from it, one each time it is taken; None: nothing for a thread.
    @ivar raises: what reading raises.
    @ivar ends: how its responses ended.
    @ivar over: released when a core has ended a response, or aborted it.
    """

    def __init__(self, reactor: Any, *requests: bytes | None, body: bytes = b"") -> None:
        self.transport = self
        limits = SimpleNamespace(send_timeout=4.0)
        self.site = SimpleNamespace(reactor=reactor, limits=limits, draining=False)
        self.requests = list(requests)
        self.body: Body | None = None
        if body:
            self.body = Body()
            self.body.add(body)
        self.raises: BaseException | None = None
        self.sent = b""
        self.timeouts: set[float] = set()
        self.ends: list[str] = []
        self.over = threading.Semaphore(0)
        self.gone = self.client_closed = False

    def take(self) -> Connection | None:
        return self

    def next_request(self, parse: Any) -> Any:
        if self.raises is not None:
            raise self.raises
        request = self.requests.pop(0)
        return None if request is None else (request_head(request, parse), self.body)

    def write_from_thread(self, data: bytes, timeout: float) -> None:
        if self.gone:
            raise ClientDisconnected("the client is gone")
        self.sent += data
        self.timeouts.add(timeout)

    def finish_from_thread(self, close: bool) -> None:
        self.ends.append("close" if close else "finish")
        self.over.release()

    def abort(self) -> None:
        self.ends.append("abort")


class Listener:
    """
    A L{twsgi.web.threadacceptor.ThreadAcceptor} as a core sees it.

    @ivar told: the connections whose first turn is over.
    """

    def __init__(self, *channels: Connection | None) -> None:
        self.channels = list(channels)
        self.told: list[Connection] = []
        self.over = threading.Semaphore(0)

    def take(self) -> Connection | None:
        return self.channels.pop(0)

    def taken(self, channel: Connection) -> None:
        self.told.append(channel)
        self.over.release()


GET = b"GET /p HTTP/1.1\r\nHost: a\r\n\r\n"


class ConnectionCase(CoreCase):
    """Cores, and connections that are handed to them."""

    def connection(self, *requests: bytes | None, body: bytes = b"") -> Connection:
        """One on which these requests come."""
        return Connection(self.reactor, *requests, body=body)

    def submit(self, source: Any, over: Any = None) -> None:
        """Hands it to a core; returns when C{over} was released."""
        self.cores.wait_point.submit(source)
        self.assertTrue((over or source.over).acquire(timeout=SOON))

    def blocking(self, threads: int) -> Cores:
        """Cores whose application answers when it may: C{go_on}."""
        self.inside = threading.Semaphore(0)
        self.go_on = threading.Semaphore(0)

        def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            self.inside.release()
            assert self.go_on.acquire(timeout=SOON)
            return echo(environ, start_response)

        return self.start(application, threads)

    def wait_inside(self, count: int) -> None:
        """Returns when so many requests are in the application."""
        for _ in range(count):
            self.assertTrue(self.inside.acquire(timeout=SOON))


class ServedTests(ConnectionCase):
    """Requests, and their responses."""

    def test_served(self) -> None:
        """It is served, and logged as one the size of whose variables nobody has counted."""
        self.start(echo)
        connection = self.connection(GET)
        self.submit(connection)
        self.stop()
        self.assertEqual(Seen(connection.sent).body, b"GET /p ")
        self.assertEqual((connection.ends, connection.timeouts), (["finish"], {4.0}))
        self.assertEqual(self.log.lines[0][1], 0)
        self.assertEqual(self.words(CORE_REQUESTS), [1])

    def test_body(self) -> None:
        """The application reads the body, which is closed when the request is done."""
        bodies: list[Any] = []

        def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            bodies.append(environ["wsgi.input"])
            return echo(environ, start_response)

        self.start(application)
        connection = self.connection(b"POST" + GET[3:], body=b"abc")
        self.submit(connection)
        self.stop()
        self.assertEqual(Seen(connection.sent).body, b"POST /p abc")
        self.assertTrue(bodies[0].closed)

    def test_framed_as_asked(self) -> None:
        """The response is framed as the request's version, method and connection ask for."""
        self.start(echo)
        for request, end, body, connection_field in (
            (GET, "finish", b"GET /p ", None),
            (b"HEAD" + GET[3:], "finish", b"", None),
            (GET[:-2] + b"Connection: close\r\n\r\n", "close", b"GET /p ", "close"),
            (b"GET /p HTTP/1.0\r\n\r\n", "close", b"GET /p ", "close"),
        ):
            connection = self.connection(request)
            self.submit(connection)
            seen = Seen(connection.sent, request[:4].strip().decode())
            self.assertEqual((connection.ends, seen.body), ([end], body), request)
            self.assertEqual(seen.header("connection"), connection_field)
            self.assertIsNotNone(seen.header("date"))

    def test_again_and_again(self) -> None:
        """A connection is taken as often as it is handed over."""
        self.start(echo)
        connection = self.connection(GET, GET.replace(b"/p", b"/q"))
        self.submit(connection)
        self.submit(connection)
        self.assertIn(b"GET /p ", connection.sent)
        self.assertTrue(connection.sent.endswith(b"GET /q "))

    def test_nothing_for_a_thread(self) -> None:
        """What another has taken, or has no request for a thread, is left alone."""
        self.start(echo)
        nothing, taken = self.connection(None), self.connection()
        taken.take = lambda: None  # type: ignore[method-assign]
        for source in (nothing, taken):
            self.cores.wait_point.submit(source)
        last = self.connection(GET)
        self.submit(last)
        self.stop()
        self.assertEqual((nothing.ends, taken.ends, last.ends), ([], [], ["finish"]))
        self.assertEqual(self.words(CORE_REQUESTS), [1])
        self.assertEqual(self.reactor.turn(), 0)

    def test_parsed_by_the_core(self) -> None:
        """Each core parses with a parser of its own."""
        self.start(echo, 2)
        first, second = (thread._parse for thread in self.cores.threads)
        self.assertIsNot(first, second)
        self.assertEqual(first(b"A: b\r\n"), parse_fields(b"A: b\r\n"))

    def test_client_gone(self) -> None:
        """A response that reaches nobody is cut, by the reactor; the core goes on."""

        def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            start_response("200 OK", [])
            return [b"in", b"pieces"]

        self.start(application)
        connection = self.connection(GET)
        connection.gone = True
        self.cores.wait_point.submit(connection)
        self.reactor.turn_once()
        self.assertEqual(connection.ends, ["abort"])
        self.submit(self.connection(GET))
        self.assertEqual((self.reports, self.stderr.getvalue()), ([], ""))


class ListenerTests(ConnectionCase):
    """A connection that a core accepts itself."""

    def test_taken(self) -> None:
        """The listener is told when the first turn of a connection is over, not of later ones."""
        self.start(echo)
        connection = self.connection(GET, GET)
        listener = Listener(connection)
        self.submit(listener)
        self.assertEqual((connection.ends, listener.told), (["finish"], [connection]))
        self.submit(connection)
        self.assertEqual(listener.told, [connection])

    def test_nobody(self) -> None:
        """Where another was faster there is nothing to tell."""
        self.start(echo)
        listener = Listener(None)
        self.cores.wait_point.submit(listener)
        self.submit(self.connection(GET))
        self.assertEqual(listener.told, [])

    def test_fault(self) -> None:
        """It is told even of a connection on which something goes wrong."""
        self.start(echo)
        connection = self.connection()
        connection.raises = ValueError("fault")
        listener = Listener(connection)
        self.submit(listener)
        self.reactor.turn_once()
        self.assertEqual((listener.told, connection.ends), ([connection], ["abort"]))


class FaultTests(ConnectionCase):
    """What goes wrong costs the connection, never the core."""

    def test_survives(self) -> None:
        """Whatever is thrown at a core, the connection is cut, and it takes the next request."""
        self.start(echo)
        for fault in (SystemExit(1), KeyboardInterrupt(), ValueError("fault")):
            connection = self.connection()
            connection.raises = fault
            self.cores.wait_point.submit(connection)
            self.reactor.turn_once()
            self.assertEqual(connection.ends, ["abort"])
        last = self.connection(GET)
        self.submit(last)
        self.assertEqual(last.ends, ["finish"])

    def test_own_fault(self) -> None:
        """So does a fault in our own books, before the application was called."""
        cores = self.start(echo)
        base, cores.environ = cores.environ, None  # type: ignore[assignment]
        connection = self.connection(GET)
        cores.wait_point.submit(connection)
        self.reactor.turn_once()
        self.assertEqual(set(connection.ends), {"abort"})
        cores.environ = base
        self.submit(self.connection(GET))
        self.assertIn("Traceback", self.stderr.getvalue())
        self.assertEqual(self.words(CORE_BUSY_SINCE), [0])

    def test_fault_after_the_end(self) -> None:
        """
        A fault after a response has ended costs nothing of it: the connection is somebody else's
        by then.
        """
        self.start(echo)
        self.log.raises = ValueError("books")
        connection = self.connection(GET)
        self.submit(connection)
        self.stop()
        self.reactor.turn()
        self.assertEqual(connection.ends, ["finish"])
        self.assertIn("ValueError: books", self.stderr.getvalue())


class SharedTests(ConnectionCase):
    """Cores, and who uses them."""

    def test_waiting(self) -> None:
        """What no core has taken yet is counted."""
        cores = self.blocking(1)
        connections = [self.connection(GET) for _ in range(3)]
        for connection in connections:
            cores.wait_point.submit(connection)
        self.wait_inside(1)
        self.assertEqual(cores.wait_point.waiting(), 2)
        for connection in connections:
            self.go_on.release()
            self.assertTrue(connection.over.acquire(timeout=SOON))
        self.assertEqual(cores.wait_point.waiting(), 0)

    def test_links_and_connections(self) -> None:
        """Links and listeners share the cores."""
        cores = self.blocking(2)
        frontend = self.link()
        frontend.send(b"GET /link HTTP/1.1\r\nHost: a\r\n\r\n")
        connection = self.connection(GET)
        cores.wait_point.submit(connection)
        self.wait_inside(2)
        self.assertEqual(sum(1 for since in self.words(CORE_BUSY_SINCE) if since), 2)
        for _ in range(2):
            self.go_on.release()
        self.assertEqual(Seen(frontend.response()[0]).body, b"GET /link ")
        self.assertTrue(connection.over.acquire(timeout=SOON))
        self.stop()
        self.assertEqual(Seen(connection.sent).body, b"GET /p ")
        self.assertEqual(sum(self.words(CORE_REQUESTS)), 2)

    def test_stop(self) -> None:
        """A core that is busy finishes its request, then ends."""
        cores = self.blocking(1)
        connection = self.connection(GET)
        cores.wait_point.submit(connection)
        self.wait_inside(1)
        cores.stop()
        self.go_on.release()
        self.stop()
        self.assertEqual(Seen(connection.sent).status, 200)
