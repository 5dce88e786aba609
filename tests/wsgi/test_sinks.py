"""The three L{IResponseSink}s: whichever a response goes to, its client sees the same."""

from __future__ import annotations

import errno
import io
import os
import socket
import tempfile
import threading
from collections.abc import Iterator
from typing import Any
from unittest import mock

from twisted.internet.address import IPv4Address
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Site
from zope.interface.verify import verifyObject

from tests.wsgi.fakes import DATE, SOON, Seen, TurnedReactor, run
from twsgi.errors import ClientDisconnected
from twsgi.interfaces import IResponseSink
from twsgi.web import reactorsink, sinks
from twsgi.web.reactorsink import ReactorSink
from twsgi.web.sinks import EncodedSink, ThreadSink
from twsgi.wire.frames import (
    CLOSE,
    CUT,
    FILE,
    LAST,
    RESPONSE,
    ResponseDecoder,
    decode_file,
    encode_closed,
    encode_want_file,
)
from twsgi.wire.response import ResponseEncoder
from twsgi.wsgi.environ import FileWrapper
from twsgi.wsgi.link import LinkSink, WorkerLink


class Exchange:
    """
    One request and its sink.

    @ivar sink: where the response goes.
    """

    sink: Any

    def client_got(self) -> tuple[bytes, bool]:
        """All that the client got, and whether it knows that it was cut short."""
        raise NotImplementedError

    def closes(self) -> bool:
        """The connection ends after a whole response; to be asked after L{client_got}."""
        raise NotImplementedError

    def client_leaves(self) -> None:
        """The client goes away."""
        raise NotImplementedError

    def client_closes(self) -> None:
        """The client will send no more."""
        raise NotImplementedError


class LinkExchange(Exchange):
    """Over a link."""

    def __init__(self, case: SynchronousTestCase, head_request: bool, http11: bool) -> None:
        self._frontend, worker = socket.socketpair()
        self._frontend.settimeout(SOON)
        case.addCleanup(self._frontend.close)
        self._link = WorkerLink(worker.detach(), 1, SOON)
        case.addCleanup(self._link.close)
        self.sink = LinkSink(self._link, ResponseEncoder(http11, True, head_request), DATE)
        self._frames: list[tuple[int, bytes]] = []
        self._thread = threading.Thread(target=self._receive, daemon=True)
        self._thread.start()
        case.addCleanup(self._thread.join, SOON)
        case.addCleanup(self.client_leaves)

    def _receive(self) -> None:
        """The frontend."""
        decoder = ResponseDecoder()
        while piece := self._frontend.recv(1 << 20):
            for kind, flags, body in decoder.feed(piece):
                if kind == FILE:
                    self._frontend.sendall(encode_want_file())
                    _, (descriptor,), _, _ = socket.recv_fds(self._frontend, 1, 1)
                    offset, count = decode_file(body)
                    body = os.pread(descriptor, count, offset)
                    os.close(descriptor)
                else:
                    assert kind == RESPONSE, kind
                self._frames.append((flags, body))

    def frames(self) -> list[tuple[int, bytes]]:
        """Flags and bytes of all frames."""
        self._link._socket.shutdown(socket.SHUT_WR)
        self._thread.join(SOON)
        assert not self._thread.is_alive()
        return self._frames

    def client_got(self) -> tuple[bytes, bool]:
        (*others, (last, _)) = frames = self.frames()
        assert last & LAST and not any(flags & LAST for flags, _ in others)
        return b"".join(data for _, data in frames), bool(last & CUT)

    def closes(self) -> bool:
        return self._frames[-1][0] == LAST | CLOSE

    def client_leaves(self) -> None:
        self._frontend.shutdown(socket.SHUT_RDWR)

    def client_closes(self) -> None:
        self._frontend.sendall(encode_closed())


class _Transport:
    """Our own plain transport, as far as a thread sees it."""

    def __init__(self) -> None:
        self.sent = b""
        self.connected = True
        self.asked = 0

    def sends_via(self, count: int) -> str:
        return "sendfile"

    def peer_gone(self) -> bool:
        self.asked += 1
        return not self.connected

    def write_from_thread(self, data: bytes, timeout: float) -> None:
        if not self.connected:
            raise ClientDisconnected("the client is gone")
        self.sent += data


class _Channel:
    """Our own channel, as far as a thread sees it; it is its site too."""

    def __init__(self) -> None:
        self.transport = _Transport()
        self.reactor = TurnedReactor()
        self.site = self
        self.client_closed = self.draining = False
        self.ends: list[str] = []

    def send_file(
        self, channel: object, descriptor: int, offset: int, count: int, close: bool
    ) -> None:
        """What L{sinks.send_file_response} does, at once."""
        self.transport.sent += os.pread(descriptor, count, offset)
        os.close(descriptor)
        self.finish_from_thread(close)

    def finish_from_thread(self, close: bool) -> None:
        self.ends.append("close" if close else "finish")

    def abort(self) -> None:
        self.ends.append("cut")


class ThreadExchange(Exchange):
    """On our own transport."""

    def __init__(self, case: SynchronousTestCase, head_request: bool, http11: bool) -> None:
        self._channel = _Channel()
        case.patch(sinks, "send_file_response", self._channel.send_file)
        encoder = ResponseEncoder(http11, True, head_request)
        self.sink = ThreadSink(self._channel, encoder, DATE, SOON)  # type: ignore[arg-type]

    def client_got(self) -> tuple[bytes, bool]:
        self._channel.reactor.turn()
        (end,) = self._channel.ends
        return self._channel.transport.sent, end == "cut"

    def closes(self) -> bool:
        return self._channel.ends == ["close"]

    def client_leaves(self) -> None:
        self._channel.transport.connected = False

    def client_closes(self) -> None:
        self._channel.client_closed = True


class _Waiting(Resource):
    """Keeps the request that it is asked to render."""

    isLeaf = True
    request: Any = None

    def render(self, request: Any) -> Any:
        self.request = request
        return NOT_DONE_YET


class _AbortableTransport(StringTransport):
    """
    A transport in memory.

    @ivar aborted: it was cut.
    """

    aborted = False

    def abortConnection(self) -> None:
        self.aborted = True


class ReactorExchange(Exchange):
    """Under a stock Site."""

    def __init__(self, case: SynchronousTestCase, head_request: bool, http11: bool) -> None:
        resource = _Waiting()
        site = Site(resource, timeout=None, reactor=Clock())
        self._protocol = site.buildProtocol(IPv4Address("TCP", "127.0.0.1", 9))
        self._transport = _AbortableTransport()
        self._protocol.makeConnection(self._transport)
        self._protocol.dataReceived(
            b"%b /p HTTP/1.%d\r\nHost: a\r\n\r\n" % (b"HEAD" if head_request else b"GET", http11)
        )
        self.reactor = TurnedReactor()
        self.sink = ReactorSink(resource.request, self.reactor, SOON)

    def client_got(self) -> tuple[bytes, bool]:
        self.reactor.turn()
        return self._transport.value(), self._transport.aborted

    def closes(self) -> bool:
        return self._transport.disconnecting

    def client_leaves(self) -> None:
        from twisted.internet.error import ConnectionLost
        from twisted.python.failure import Failure

        self._protocol.connectionLost(Failure(ConnectionLost()))


def lazy(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
    """Says late what it says."""
    yield b""
    start_response("201 Created", [("X-A", "1"), ("X-A", "2")])
    yield b"late"


def writing(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """Uses C{write}."""
    write = start_response("200 OK", [])
    write(b"a")
    write(b"b")
    return [b"c"]


def saying(status: str, headers: list[tuple[str, str]], *pieces: bytes) -> Any:
    """An application that says this."""

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response(status, headers)
        return list(pieces)

    return application


def giving(result: Any, headers: list[tuple[str, str]]) -> Any:
    """An application that returns this very object."""

    def application(environ: dict[str, Any], start_response: Any) -> Any:
        start_response("200 OK", headers)
        return result

    return application


class SinkMixin:
    """The suite."""

    exchange: Any

    def seen(
        self: Any, application: Any, head_request: bool = False, http11: bool = True
    ) -> tuple[Seen, bool]:
        """What the client sees, and whether it knows that it is cut."""
        exchange = self.exchange(self, head_request, http11)
        run(application, exchange.sink, head_request)
        exchange.sink.abort()  # as a core does, whatever happened
        data, cut = exchange.client_got()
        return Seen(data, "HEAD" if head_request else "GET"), cut

    def test_interface(self: Any) -> None:
        """It is a sink."""
        sink = self.exchange(self, False, True).sink
        self.assertTrue(verifyObject(IResponseSink, sink))

    def test_one_piece(self: Any) -> None:
        """A body in one piece has its length."""
        for http11 in (True, False):
            seen, cut = self.seen(saying("404 Not Here", [("X-A", "b")], b"abc"), http11=http11)
            self.assertEqual((seen.status, seen.reason, seen.body), (404, "Not Here", b"abc"))
            self.assertEqual((seen.header("x-a"), seen.header("content-length")), ("b", "3"))
            self.assertFalse(cut)

    def test_pieces(self: Any) -> None:
        """A body in pieces is whole, and known to be."""
        for http11 in (True, False):
            seen, cut = self.seen(saying("200 OK", [], b"a", b"b", b"c"), http11=http11)
            self.assertEqual((seen.body, cut), (b"abc", False))
            self.assertIsNone(seen.header("content-length"))

    def test_long(self: Any) -> None:
        """Long pieces, which are not joined to anything, arrive like others."""
        long = bytes(range(256)) * (sinks.JOINED // 256)
        for pieces in ([long], [long, b"a", long + b"b"], [b"a", long], [long, long]):
            body = b"".join(pieces)
            for http11 in (True, False):
                for headers in ([], [("Content-Length", str(len(body)))]):
                    seen, cut = self.seen(saying("200 OK", headers, *pieces), http11=http11)
                    self.assertEqual((seen.body, seen.rest, cut), (body, b"", False))
            seen, cut = self.seen(saying("200 OK", [], *pieces), head_request=True)
            self.assertEqual((seen.body, seen.rest, cut), (b"", b"", False))

    def test_file(self: Any) -> None:
        """A file is sent from where it stands, as far as its Content-Length, and then closed."""
        for start, length, expected in (
            (0, None, b"0123456789"),
            (4, None, b"456789"),
            (4, 3, b"456"),
            (10, None, b""),
            (0, 10, b"0123456789"),
        ):
            with tempfile.TemporaryFile() as file:
                file.write(b"0123456789")
                file.seek(start)
                headers = [] if length is None else [("Content-Length", str(length))]
                for head_request in (True, False):
                    wrapper = FileWrapper(file)
                    wrapper.close = lambda: None  # the next request sends it again
                    application = giving(wrapper, headers)
                    seen, cut = self.seen(application, head_request)
                    self.assertEqual((seen.status, cut, seen.rest), (200, False, b""))
                    self.assertEqual(seen.body, b"" if head_request else expected, start)
                    file.seek(start)
                closing = FileWrapper(file)
                self.seen(giving(closing, headers))
                self.assertTrue(file.closed)

    def test_file_too_short(self: Any) -> None:
        """A file that is shorter than its Content-Length is known to be cut."""
        with tempfile.TemporaryFile() as file:
            file.write(b"0123")
            file.seek(0)
            seen, cut = self.seen(giving(FileWrapper(file), [("Content-Length", "9")]))
        self.assertEqual((seen.body, cut), (None, True))

    def test_no_file(self: Any) -> None:
        """What is no real file is read."""
        seen, cut = self.seen(giving(FileWrapper(io.BytesIO(b"abc"), 2), []))
        self.assertEqual((seen.body, cut), (b"abc", False))

    def test_lazy(self: Any) -> None:
        """What is said late arrives, repeated fields too."""
        seen, cut = self.seen(lazy)
        self.assertEqual((seen.status, seen.body, cut), (201, b"late", False))
        self.assertEqual([value for name, value in seen.headers if name == "x-a"], ["1", "2"])

    def test_write(self: Any) -> None:
        """What was written comes before what was returned."""
        self.assertEqual(self.seen(writing)[0].body, b"abc")

    def test_empty(self: Any) -> None:
        """No body is a body of length 0."""
        seen, cut = self.seen(saying("200 OK", []))
        self.assertEqual((seen.body, seen.header("content-length"), cut), (b"", "0", False))

    def test_head(self: Any) -> None:
        """HEAD gets no body, whatever there is."""
        for pieces in ([b"abc"], [b"a", b"b"], [], [b""]):
            seen, cut = self.seen(saying("200 OK", [], *pieces), head_request=True)
            self.assertEqual((seen.body, seen.rest, cut), (b"", b"", False))
            expected = "3" if pieces == [b"abc"] else None
            self.assertEqual(seen.header("content-length"), expected, pieces)

    def test_bodiless(self: Any) -> None:
        """204 and 304 have no body and no framing, whatever there is."""
        for status in ("204 No Content", "304 Not Modified"):
            for pieces in ([], [b"abc"], [b"a", b"b"]):
                seen, cut = self.seen(saying(status, [], *pieces))
                self.assertEqual((seen.body, seen.rest, cut), (b"", b"", False))
                self.assertIsNone(seen.header("content-length"))
                self.assertIsNone(seen.header("transfer-encoding"))

    def test_no_content_length(self: Any) -> None:
        """204 has no Content-Length, even the application's."""
        seen, _ = self.seen(saying("204 No Content", [("Content-Length", "0")]))
        self.assertIsNone(seen.header("content-length"))

    def test_length(self: Any) -> None:
        """The application's Content-Length is the one that is sent."""
        for pieces in ([b"abc"], [b"a", b"bc"]):
            seen, cut = self.seen(saying("200 OK", [("content-length", "3")], *pieces))
            self.assertEqual((seen.body, seen.header("content-length"), cut), (b"abc", "3", False))

    def test_disconnected(self: Any) -> None:
        """It knows of its client whether it is gone."""
        exchange = self.exchange(self, False, True)
        self.assertFalse(exchange.sink.disconnected())
        exchange.sink.start("200 OK", [], None)
        exchange.sink.write(b"a")
        self.assertFalse(exchange.sink.disconnected())
        exchange.client_leaves()
        self.assertTrue(exchange.sink.disconnected())
        exchange.sink.abort()
        self.assertTrue(exchange.sink.disconnected())

    def test_connected(self: Any) -> None:
        """That a response has ended does not mean that its client is gone."""
        exchange = self.exchange(self, False, True)
        run(saying("200 OK", [], b"a"), exchange.sink)
        exchange.client_got()
        self.assertFalse(exchange.sink.disconnected())

    def test_unused(self: Any) -> None:
        """A request that nobody answers is cut; an answered one is not cut by a late abort."""
        exchange = self.exchange(self, False, True)
        exchange.sink.abort()
        exchange.sink.abort()
        self.assertEqual(exchange.client_got(), (b"", True))

    def test_client_gone(self: Any) -> None:
        """The application of a client that is gone is stopped, and closed."""
        exchange = self.exchange(self, False, True)
        exchange.client_leaves()
        steps: list[int] = []
        closed: list[bool] = []

        def application(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
            start_response("200 OK", [])
            try:
                for number in range(1000):
                    steps.append(number)
                    yield b"x" * 1000
            finally:
                closed.append(True)

        ok, reports, _ = run(application, exchange.sink)
        self.assertEqual((ok, reports, closed), (True, [], [True]))
        self.assertLess(len(steps), 3)
        self.assertRaises(ClientDisconnected, exchange.sink.finish, b"")
        exchange.sink.abort()

    def test_client_gone_cut(self: Any) -> None:
        """A response to nobody can be cut, which never raises."""
        exchange = self.exchange(self, False, True)
        exchange.client_leaves()
        exchange.sink.start("200 OK", [], None)
        exchange.sink.abort()
        self.assertTrue(exchange.sink.finished)

    def test_counts(self: Any) -> None:
        """Bytes of body are counted as they were given, without framing."""
        exchange = self.exchange(self, False, True)
        self.assertEqual((exchange.sink.head_size, exchange.sink.head_sent), (0, False))
        run(saying("200 OK", [("X-A", "b")], b"ab", b"cde"), exchange.sink)
        self.assertEqual((exchange.sink.body_size, exchange.sink.head_sent), (5, True))
        self.assertGreater(exchange.sink.head_size, 0)


class LinkSinkTests(SinkMixin, SynchronousTestCase):
    """L{LinkSink}."""

    exchange = LinkExchange

    def flags(self, http11: bool, *pieces: bytes) -> int:
        """The flags of the last frame."""
        exchange = LinkExchange(self, False, http11)
        run(saying("200 OK", [], *pieces), exchange.sink)
        return exchange.frames()[-1][0]

    def test_close_flag(self) -> None:
        """The frontend is told to close where only that ends the body."""
        self.assertEqual(self.flags(True, b"a", b"b"), LAST)
        self.assertEqual(self.flags(False, b"a"), LAST)
        self.assertEqual(self.flags(False, b"a", b"b"), LAST | CLOSE)

    def test_one_frame(self) -> None:
        """A body in one piece leaves in one frame."""
        exchange = LinkExchange(self, False, True)
        run(saying("200 OK", [], b"abc"), exchange.sink)
        self.assertEqual(len(exchange.frames()), 1)

    def test_client_closed(self) -> None:
        """A client that has closed its side is told apart from one that is gone."""
        exchange = LinkExchange(self, False, True)
        exchange.client_closes()
        exchange.sink.start("200 OK", [], None)
        exchange.sink.write(b"a")
        self.assertTrue(exchange.sink.disconnected())
        exchange.sink.write(b"b")
        exchange.client_leaves()
        self.assertRaises(ClientDisconnected, exchange.sink.write, b"c")

    def test_known_before(self) -> None:
        """So is one of whom the link knew when the request came."""
        exchange = LinkExchange(self, False, True)
        exchange._link.closed = True
        self.assertTrue(exchange.sink.disconnected())

    def test_next_request(self) -> None:
        """What the frontend says after the response is about another request, and stays there."""
        exchange = LinkExchange(self, False, True)
        run(saying("200 OK", [], b"a"), exchange.sink)
        exchange.client_closes()
        self.assertFalse(exchange.sink.disconnected())
        self.assertFalse(exchange._link.closed)

    def test_while_it_sends(self) -> None:
        """Who asks while another thread sends does not wait for it."""
        exchange = LinkExchange(self, False, True)
        exchange.client_closes()
        with exchange.sink._lock:
            self.assertFalse(exchange.sink.disconnected())
        self.assertTrue(exchange.sink.disconnected())


class ThreadSinkTests(SinkMixin, SynchronousTestCase):
    """L{ThreadSink}."""

    exchange = ThreadExchange

    def test_client_closed(self) -> None:
        """A client that has closed its side is said to be gone, and still gets its response."""
        exchange = ThreadExchange(self, False, True)
        exchange.client_closes()
        self.assertTrue(exchange.sink.disconnected())
        run(saying("200 OK", [], b"a"), exchange.sink)
        self.assertEqual(Seen(exchange.client_got()[0]).body, b"a")

    def test_not_asked_after_the_end(self) -> None:
        """The socket is asked while the response goes on; later it may be another request's."""
        exchange = ThreadExchange(self, False, True)
        exchange.sink.disconnected()
        run(saying("200 OK", [], b"a"), exchange.sink)
        exchange.sink.disconnected()
        self.assertEqual(exchange._channel.transport.asked, 1)

    def test_ends(self) -> None:
        """The channel is told whether the connection goes on, on the request's own thread."""
        for http11, pieces, end in (
            (True, [b"a", b"b"], "finish"),
            (False, [b"a"], "finish"),
            (False, [b"a", b"b"], "close"),
        ):
            exchange = ThreadExchange(self, False, http11)
            run(saying("200 OK", [], *pieces), exchange.sink)
            self.assertEqual(exchange._channel.ends, [end])
            self.assertEqual(exchange._channel.reactor.turn(), 0)

    def test_cut_by_the_reactor(self) -> None:
        """A cut is the reactor's to make."""
        exchange = ThreadExchange(self, False, True)
        exchange.sink.abort()
        self.assertEqual(exchange._channel.ends, [])
        exchange._channel.reactor.turn()
        self.assertEqual(exchange._channel.ends, ["cut"])

    def test_file_without_descriptors(self) -> None:
        """Where there is no descriptor left a file is read, no more of it than was announced."""
        exchange = ThreadExchange(self, False, True)
        with tempfile.TemporaryFile() as file:
            file.write(b"0123456789")
            file.seek(2)
            error = OSError(errno.EMFILE, "Too many open files")
            with mock.patch.object(sinks.os, "dup", side_effect=error):
                ok, reports, response = run(giving(FileWrapper(file), []), exchange.sink)
        self.assertEqual((ok, reports, response.via), (True, [], ""))
        data, cut = exchange.client_got()
        self.assertEqual((Seen(data).body, Seen(data).header("content-length")), (b"23456789", "8"))
        self.assertFalse(cut)


class ReactorSinkTests(SinkMixin, SynchronousTestCase):
    """L{ReactorSink}."""

    exchange = ReactorExchange

    def test_headers_of_the_resource(self) -> None:
        """The application's fields replace what stood in the request before, once."""
        exchange = ReactorExchange(self, False, True)
        exchange.sink._request.setHeader(b"X-A", b"before")
        run(saying("200 OK", [("X-A", "after")], b""), exchange.sink)
        self.assertEqual(Seen(exchange.client_got()[0]).header("x-a"), "after")


class _Signalling:
    """
    A condition that says when somebody waits on it.

    @ivar waits: released each time.
    """

    def __init__(self, times_out: bool = False) -> None:
        self._condition = threading.Condition()
        self._times_out = times_out
        self.waits = threading.Semaphore(0)
        self.notify_all = self._condition.notify_all

    def __enter__(self) -> Any:
        return self._condition.__enter__()

    def __exit__(self, *args: Any) -> None:
        self._condition.__exit__(*args)

    def wait(self, timeout: float) -> bool:
        assert timeout == SOON
        self.waits.release()
        return False if self._times_out else self._condition.wait(SOON)


class BackPressureTests(SynchronousTestCase):
    """What L{ReactorSink} does when the client is slower than the application."""

    def started(self, application: Any, times_out: bool = False, paused: bool = False) -> Any:
        """An exchange whose application runs on a thread."""
        exchange = ReactorExchange(self, False, True)
        if paused:
            exchange.sink.pauseProducing()
        condition = _Signalling(times_out)
        exchange.sink._condition = condition
        self.ended: list[Any] = []
        thread = threading.Thread(
            target=lambda: self.ended.append(run(application, exchange.sink)), daemon=True
        )
        thread.start()
        return exchange, condition, thread

    def pieces(self, count: int, size: int) -> Any:
        """An application with a large body; C{taken} counts its steps."""
        self.taken = 0

        def application(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
            start_response("200 OK", [("Content-Length", str(count * size))])
            for _ in range(count):
                self.taken += 1
                yield b"x" * size

        return application

    def waits(self, condition: Any) -> None:
        """Returns when the application's thread waits."""
        self.assertTrue(condition.waits.acquire(timeout=SOON))

    def join(self, thread: threading.Thread) -> None:
        """Asserts that the thread ends."""
        thread.join(SOON)
        self.assertFalse(thread.is_alive())

    def test_reactor_busy(self) -> None:
        """While the reactor takes nothing, no more than the high-water mark is on its way."""
        size = 65536
        exchange, condition, thread = self.started(self.pieces(100, size))
        self.waits(condition)
        self.assertLessEqual(len(exchange.reactor.handed) * size, reactorsink.HIGH_WATER + size)
        self.assertLessEqual(self.taken * size, reactorsink.HIGH_WATER + 2 * size)
        for _ in range(101):  # pieces, and the end
            exchange.reactor.turn_once()
            self.assertLessEqual(len(exchange.reactor.handed) * size, reactorsink.HIGH_WATER + size)
        self.join(thread)
        self.assertEqual(len(Seen(exchange.client_got()[0]).body or b""), 100 * size)

    def test_client_slow(self) -> None:
        """While the transport is full the application waits; when it is not, it goes on."""
        exchange, condition, thread = self.started(self.pieces(10, 1000), paused=True)
        self.waits(condition)
        self.assertEqual(len(exchange.reactor.handed), 0)
        exchange.sink.resumeProducing()
        self.join(thread)
        self.assertEqual(len(Seen(exchange.client_got()[0]).body or b""), 10000)

    def test_client_too_slow(self) -> None:
        """A client that reads nothing for the timeout is cut, and its application stopped."""
        exchange, _, thread = self.started(self.pieces(100, 65536), times_out=True)
        self.join(thread)
        ((ok, reports, _),) = self.ended
        self.assertEqual((ok, reports), (True, []))
        self.assertLess(self.taken, 10)
        exchange.reactor.turn()
        self.assertTrue(exchange.client_got()[1])

    def test_client_leaves(self) -> None:
        """A client that leaves frees the thread that waits for it."""
        for leave in (lambda one: one.client_leaves(), lambda one: one.sink.stopProducing()):
            exchange, condition, thread = self.started(self.pieces(100, 65536))
            self.waits(condition)
            leave(exchange)
            self.join(thread)
            ((ok, reports, _),) = self.ended
            self.assertEqual((ok, reports), (True, []))
            exchange.reactor.turn()


class UnfinishedTests(SynchronousTestCase):
    """L{EncodedSink} by itself."""

    def test_halves(self) -> None:
        """It is the half that frames; the other half must be there."""
        sink = EncodedSink(ResponseEncoder(True, True, False), DATE)
        sink.start("200 OK", [], 1)
        self.assertRaises(AssertionError, sink.write, b"a")
        self.assertRaises(AssertionError, sink.finish, b"")
        sink.finished = False
        self.assertRaises(AssertionError, sink.abort)
