"""L{twsgi.wsgi.core}: threads that serve what comes over a link."""

from __future__ import annotations

import io
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator
from typing import Any
from wsgiref.validate import validator

from twisted.trial.unittest import SynchronousTestCase

from tests.wsgi.fakes import SOON, Seen, TurnedReactor, environ
from twsgi.control.scoreboard import (
    CORE_BUSY_SINCE,
    CORE_EXCEPTIONS,
    CORE_MICROSECONDS,
    CORE_REQUESTS,
    CORE_SENT,
    Scoreboard,
)
from twsgi.wire import frames
from twsgi.wire.fields import parse_fields
from twsgi.wire.head import request_head
from twsgi.wsgi.core import Cores
from twsgi.wsgi.link import WorkerLink
from twsgi.wsgi.waitpoint import wait_point

FLAGS = frames.KEEP_ALIVE | frames.HTTP11


def echo(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """Says what it was asked."""
    body = environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']} ".encode() + body]


class Frontend:
    """The other end of a link."""

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self._decoder = frames.ResponseDecoder()
        self._frames: list[tuple[int, int, bytes]] = []

    def send(self, head: bytes, body: bytes = b"", flags: int = FLAGS) -> None:
        """Sends a request as a frontend does."""
        variables = dict(request_head(head, parse_fields).environ)
        variables["REMOTE_ADDR"], variables["REMOTE_PORT"] = "127.0.0.1", "9"
        if body:
            variables["CONTENT_LENGTH"] = str(len(body))
        encoded = frames.encode_variables(variables)
        self.socket.sendall(frames.encode_request(flags, encoded, body, len(body)))

    def frame(self) -> tuple[int, int, bytes]:
        """The next frame."""
        while not self._frames:
            data = self.socket.recv(65536)
            assert data, "the link was closed"
            self._frames += self._decoder.feed(data)
        return self._frames.pop(0)

    def response(self) -> tuple[bytes, int]:
        """A whole response, and its last flags."""
        data = b""
        while True:
            kind, flags, piece = self.frame()
            assert kind == frames.RESPONSE, kind
            data += piece
            if flags & frames.LAST:
                return data, flags

    def closed(self) -> bool:
        """True when the worker has closed the link, and nothing was left to read."""
        return not self._frames and self.socket.recv(1) == b""


class Log:
    """
    A L{twsgi.log.requestline.RequestLog} that counts.

    @ivar raises: what it fails with, each time.
    """

    def __init__(self) -> None:
        self.lines: list[tuple[Any, ...]] = []
        self.raises: Exception | None = None

    def application(self, *args: Any) -> None:
        self.lines.append(args)
        if self.raises is not None:
            raise self.raises


class CoreCase(SynchronousTestCase):
    """What the cases below have in common."""

    def setUp(self) -> None:
        """Nothing is started yet."""
        self.reactor = TurnedReactor()
        self.log = Log()
        self.reports: list[str] = []
        self.closed: list[WorkerLink] = []
        self.stderr = io.StringIO()
        self.patch(sys, "stderr", self.stderr)

    def start(self, application: Any, threads: int = 1) -> Cores:
        """Cores at work."""
        self.scoreboard = Scoreboard.create(1, threads, 1)
        self.scoreboard.give_worker(1, 1, threads)
        base = {
            name: value
            for name, value in environ().items()
            if name.startswith("wsgi.") or name in ("SERVER_NAME", "SERVER_PORT", "SCRIPT_NAME")
        }
        self.cores = Cores(
            application,
            base,
            [self.scoreboard.core(1, core) for core in range(threads)],
            wait_point(),
            self.reactor,
            self.log,  # type: ignore[arg-type]
            self.reports.append,
        )
        self.cores.start(self.closed.append)
        self.addCleanup(self.stop)
        return self.cores

    def stop(self) -> None:
        """Ends the threads."""
        self.cores.stop()
        for thread in self.cores.threads:
            thread.join(SOON)
            self.assertFalse(thread.is_alive())

    def link(self) -> Frontend:
        """One more link."""
        frontend, worker = socket.socketpair()
        frontend.settimeout(SOON)
        self.addCleanup(frontend.close)
        self.worker_link = WorkerLink(worker.detach(), 1, SOON)
        self.addCleanup(self.worker_link.close)
        self.cores.wait_point.add_link(self.worker_link)
        return Frontend(frontend)

    def words(self, word: int) -> list[int]:
        """One word of each core's record."""
        threads = len(self.cores.threads)
        return [self.scoreboard.core(1, core)[word] for core in range(threads)]

    def get(self, frontend: Frontend, path: bytes = b"/p") -> Seen:
        """A request and its response."""
        frontend.send(b"GET " + path + b" HTTP/1.1\r\nHost: a\r\n\r\n")
        data, flags = frontend.response()
        self.assertEqual(flags, frames.LAST)
        return Seen(data)


class LinkTurnTests(CoreCase):
    """Requests over a link."""

    def test_request(self) -> None:
        """A request's frame in, its response's frames out, again and again."""
        self.start(echo)
        frontend = self.link()
        for number in range(3):
            seen = self.get(frontend, b"/%d" % number)
            self.assertEqual((seen.status, seen.body), (200, b"GET /%d " % number))
            self.assertIsNotNone(seen.header("date"))

    def test_environ(self) -> None:
        """The application is told what the head said, and on which core it runs."""
        found: list[dict[str, Any]] = []

        def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            found.append(environ)
            start_response("200 OK", [])
            return []

        self.start(application)
        self.get(self.link(), b"/a%20b?c")
        (told,) = found
        expected = {
            "PATH_INFO": "/a b",
            "QUERY_STRING": "c",
            "HTTP_HOST": "a",
            "REMOTE_ADDR": "127.0.0.1",
            "SCRIPT_NAME": "",
            "SERVER_NAME": "server",
            "uwsgi.core": 0,
        }
        self.assertEqual({name: told[name] for name in expected}, expected)

    def test_write_after_the_end(self) -> None:
        """What an application writes when its response has ended reaches nobody."""
        writes: list[Any] = []

        def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            writes.append(start_response("200 OK", []))
            return [environ["PATH_INFO"].encode()]

        self.start(application)
        frontend = self.link()
        self.assertEqual(self.get(frontend, b"/one").body, b"/one")
        for late in (b"late", b"late" * 10000):
            self.assertRaises(RuntimeError, writes[0], late)
        self.assertEqual(self.get(frontend, b"/two").body, b"/two")

    def test_environ_of_its_own(self) -> None:
        """What an application does to its environ, no other request sees."""
        seen: list[bool] = []

        def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            seen.append("X-MINE" in environ)
            environ["X-MINE"] = environ["PATH_INFO"]
            start_response("200 OK", [])
            return []

        self.start(application)
        frontend = self.link()
        for _ in range(2):
            self.get(frontend)
        self.assertEqual(seen, [False, False])

    def test_validated(self) -> None:
        """A validating middleware finds nothing wrong, for GET, POST and HEAD."""

        def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            length = int(environ.get("CONTENT_LENGTH") or 0)
            environ["wsgi.errors"].write("noted\n")
            body = environ["wsgi.input"].read(length)
            start_response("200 OK", [("Content-Type", "text/plain")])
            return [environ["REQUEST_METHOD"].encode() + body]

        self.start(validator(application))
        frontend = self.link()
        head = b" /p?q HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nX-A: b\r\n\r\n"
        frontend.send(b"GET" + head)
        self.assertEqual(Seen(frontend.response()[0]).body, b"GET", self.reports)
        frontend.send(b"POST" + head, b"abc")
        self.assertEqual(Seen(frontend.response()[0]).body, b"POSTabc", self.reports)
        frontend.send(b"HEAD /p HTTP/1.1\r\nHost: a\r\n\r\n", flags=FLAGS | frames.HEAD)
        self.assertEqual(Seen(frontend.response()[0], "HEAD").status, 200)
        self.assertEqual(self.reports, [])

    def test_spooled_body(self) -> None:
        """A spooled body is read from the frontend's file."""
        self.start(echo)
        frontend = self.link()
        with tempfile.TemporaryFile() as file:
            file.write(b"spooled")
            file.flush()
            file.seek(0)
            frontend.send(b"PUT /p HTTP/1.1\r\nHost: a\r\n\r\n", flags=FLAGS | frames.SPOOLED)
            self.assertEqual(frontend.frame(), (frames.WANT_BODY, 0, b""))
            socket.send_fds(frontend.socket, [b"!"], [file.fileno()])
        self.assertEqual(Seen(frontend.response()[0]).body, b"PUT /p spooled")

    def test_body_closed(self) -> None:
        """The body is closed when the request is done, however it ends."""
        bodies: list[Any] = []

        def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            bodies.append(environ["wsgi.input"])
            raise ValueError("boom")

        self.start(application)
        self.get(self.link())
        self.stop()
        self.assertTrue(bodies[0].closed)

    def test_keep_alive(self) -> None:
        """The last frame says whether the client's connection ends with it."""
        self.start(echo)
        frontend = self.link()
        head = b"GET /p HTTP/1.1\r\nHost: a\r\n\r\n"
        for flags, expected in (
            (FLAGS, frames.LAST),
            (frames.HTTP11, frames.LAST | frames.CLOSE),
            (frames.KEEP_ALIVE, frames.LAST),
            (0, frames.LAST | frames.CLOSE),
        ):
            frontend.send(head, flags=flags)
            data, last = frontend.response()
            self.assertEqual(last, expected)
            close = Seen(data).header("connection") == "close"
            self.assertEqual(close, bool(last & frames.CLOSE))

    def test_application_raises(self) -> None:
        """An application that raises costs its response, not the link."""

        def application(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
            start_response("200 OK", [])
            if environ["PATH_INFO"] == "/late":
                yield b"a"
            if environ["PATH_INFO"] != "/good":
                raise ValueError("boom")
            yield b"good"

        self.start(application)
        frontend = self.link()
        self.assertEqual(self.get(frontend, b"/early").status, 500)
        frontend.send(b"GET /late HTTP/1.1\r\nHost: a\r\n\r\n")
        data, flags = frontend.response()
        self.assertEqual(flags, frames.LAST | frames.CLOSE | frames.CUT)
        self.assertIsNone(Seen(data).body)
        self.assertEqual(self.get(frontend, b"/good").body, b"good")
        self.assertEqual(len(self.reports), 2)
        self.stop()
        self.assertEqual(self.words(CORE_EXCEPTIONS), [2])

    def test_eof(self) -> None:
        """A link that the frontend closes is closed here, and reported on the reactor thread."""
        self.start(echo)
        frontend = self.link()
        self.get(frontend)
        frontend.socket.close()
        self.reactor.turn_once()
        self.assertEqual(self.closed, [self.worker_link])
        self.assertEqual(self.worker_link.fileno(), -1)
        self.assertEqual(self.stderr.getvalue(), "")

    def test_eof_unreported(self) -> None:
        """Where nobody wants to know, it is closed all the same."""
        self.start(echo)
        self.cores._closed = None
        frontend = self.link()
        frontend.socket.shutdown(socket.SHUT_WR)
        self.assertTrue(frontend.closed())

    def test_frame_error(self) -> None:
        """Bytes that are no frame cost their link, not the core."""
        self.start(echo)
        bad, good = self.link(), None
        bad.socket.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        self.assertTrue(bad.closed())
        self.reactor.turn_once()
        self.assertEqual(self.closed, [self.worker_link])
        good = self.link()
        self.assertEqual(self.get(good).status, 200)
        self.assertEqual(len(self.reports), 1)
        self.assertIn("frontend 1: not a request: ", self.reports[0])
        self.assertEqual(self.stderr.getvalue(), "")

    def test_variables_error(self) -> None:
        """So do variables that are none; the response is ended first."""
        self.start(echo)
        frontend = self.link()
        frontend.socket.sendall(frames.encode_request(FLAGS, b"a\0b\0c", b"", 0))
        self.assertEqual(frontend.response(), (b"", frames.LAST | frames.CLOSE | frames.CUT))
        self.assertTrue(frontend.closed())
        self.assertEqual(self.get(self.link()).status, 200)
        self.assertEqual(self.reports, ["frontend 1: a variable without a value"])
        self.assertEqual(self.stderr.getvalue(), "")

    def test_own_fault(self) -> None:
        """A fault in our own books ends the response all the same; link and core go on."""
        self.start(echo)
        frontend = self.link()
        self.log.raises = ValueError("books")
        for _ in range(3):
            self.assertEqual(self.get(frontend).status, 200)
        self.stop()
        self.assertEqual(self.stderr.getvalue().count("ValueError: books"), 3)
        self.assertEqual(self.words(CORE_BUSY_SINCE), [0])

    def test_own_fault_before(self) -> None:
        """So does one before the application was called: the frontend is told that it is cut."""
        cores = self.start(echo)
        frontend = self.link()
        base, cores.environ = cores.environ, None  # type: ignore[assignment]
        frontend.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        self.assertEqual(frontend.response(), (b"", frames.LAST | frames.CLOSE | frames.CUT))
        cores.environ = base
        self.assertEqual(self.get(frontend).status, 200)

    def test_cancelled(self) -> None:
        """An application whose client is gone is stopped and closed; the link has the next."""
        closed: list[bool] = []
        first = threading.Event()

        def application(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
            start_response("200 OK", [])
            if environ["PATH_INFO"] == "/short":
                return
            try:
                yield b"a"
                first.set()
                assert go_on.wait(SOON)
                while True:
                    yield b"b"
            finally:
                closed.append(True)

        go_on = threading.Event()
        self.addCleanup(go_on.set)
        self.start(application)
        frontend = self.link()
        frontend.send(b"GET /endless HTTP/1.1\r\nHost: a\r\n\r\n")
        self.assertTrue(first.wait(SOON))
        frontend.socket.sendall(frames.encode_cancel())
        go_on.set()
        data, flags = frontend.response()
        self.assertEqual(flags, frames.LAST | frames.CLOSE | frames.CUT)
        self.assertTrue(data.endswith(b"1\r\na\r\n"), data)
        self.assertEqual(self.get(frontend, b"/short").status, 200)
        self.assertEqual((closed, self.reports), ([True], []))

    def test_cancelled_unserved(self) -> None:
        """A request whose client is gone before a core reads it is ended, not served."""
        served: list[str] = []

        def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            served.append(environ["PATH_INFO"])
            return echo(environ, start_response)

        self.start(application)
        frontend = self.link()
        variables = frames.encode_variables({"PATH_INFO": "/gone"})
        frontend.socket.sendall(
            frames.encode_request(FLAGS, variables, b"", 0) + frames.encode_cancel()
        )
        self.assertEqual(frontend.response(), (b"", frames.LAST | frames.CLOSE | frames.CUT))
        self.assertEqual(self.get(frontend, b"/next").status, 200)
        self.assertEqual((served, self.stderr.getvalue()), (["/next"], ""))
        self.stop()
        self.assertEqual(self.words(CORE_REQUESTS), [1])

    def test_taken(self) -> None:
        """Whoever wants to know is told that a core begins a request, when it counts as busy."""
        busy: list[int] = []
        cores = self.start(echo)
        cores.taken = lambda: busy.append(self.scoreboard.busy_cores(1))
        self.get(self.link())
        self.stop()
        self.assertEqual(busy, [1])

    def test_retire_idle(self) -> None:
        """An idle link is told to retire; what came in between is still served."""
        self.start(echo)
        frontend = self.link()
        self.get(frontend)
        self.worker_link.retire()
        self.assertEqual(frontend.frame(), (frames.RETIRE, 0, b""))
        self.assertEqual(self.get(frontend).status, 200)
        frontend.socket.close()
        self.reactor.turn_once()
        self.assertEqual(self.closed, [self.worker_link])

    def test_retire_busy(self) -> None:
        """A busy link is told after its response, or between two frames of it."""
        inside, go_on = threading.Event(), threading.Event()
        self.addCleanup(go_on.set)

        def application(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
            start_response("200 OK", [])
            inside.set()
            go_on.wait(SOON)
            yield b"a"
            yield b"b"

        self.start(application)
        frontend = self.link()
        frontend.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        self.assertTrue(inside.wait(SOON))
        with self.worker_link._lock:
            # As if the core were sending just now.
            self.worker_link.retire()
        go_on.set()
        data, _ = frontend.response()
        self.assertEqual(Seen(data).body, b"ab")
        self.assertEqual(frontend.frame(), (frames.RETIRE, 0, b""))


class ScoreboardTests(CoreCase):
    """What others see of a core."""

    def test_words(self) -> None:
        """Requests, bytes and time add up, and an idle core is not busy."""
        since: list[int] = []

        def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            since.append(self.words(CORE_BUSY_SINCE)[0])
            start_response("200 OK", [])
            return [b"abc"]

        self.start(application)
        frontend = self.link()
        size = 0
        for _ in range(3):
            frontend.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            size += len(frontend.response()[0])
        self.stop()
        self.assertEqual(self.words(CORE_REQUESTS), [3])
        self.assertEqual(self.words(CORE_SENT), [size])
        self.assertEqual(self.words(CORE_EXCEPTIONS), [0])
        self.assertEqual(self.words(CORE_BUSY_SINCE), [0])
        self.assertTrue(all(since))
        self.assertEqual(since, sorted(set(since)))
        self.assertLess(self.words(CORE_MICROSECONDS)[0], SOON * 1e6)

    def test_log(self) -> None:
        """Each request is logged once, with what was said and sent."""
        self.start(echo)
        frontend = self.link()
        self.get(frontend, b"/one")
        self.stop()
        ((variables, size, response, sink, took, core),) = self.log.lines
        self.assertEqual(variables["REQUEST_URI"], "/one")
        self.assertEqual(size, len(frames.encode_variables(variables)))
        self.assertEqual((response.status, sink.body_size, core), ("200 OK", 9, 0))
        self.assertGreaterEqual(took, 0)

    def test_no_log(self) -> None:
        """Without a log nothing is logged."""
        self.start(echo).log = None
        self.assertEqual(self.get(self.link()).status, 200)
