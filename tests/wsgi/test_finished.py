"""Tests of L{twsgi.wsgi.finished}: responses of operators who ask for more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.wsgi.fakes import Iterable, LedgerSink, MemorySink, environ
from twsgi.settings.model import Settings
from twsgi.web.finishing import finishing
from twsgi.wsgi.application import run_application
from twsgi.wsgi.finished import response_class
from twsgi.wsgi.response import OwnError, Response

PLAIN = [("Content-Type", "text/plain")]


class FinishedCase(SynchronousTestCase):
    """Runs an application by the L{Response} that the settings choose."""

    def run_with(self, application: Any, sink: Any, head: bool = False, **asked: Any) -> bool:
        """What C{run_application} returns; what it reports is in C{reports}."""
        settings = Settings(**asked)
        self.reports: list[str] = []
        finished = finishing(settings, "/", self.reports.append)
        self.response = response_class(settings, finished)(sink, head)
        return run_application(application, environ(), self.response, self.reports.append)

    def told(self, application: Any, **asked: Any) -> list[tuple[Any, ...]]:
        """What a sink is told."""
        sink = LedgerSink()
        self.run_with(application, sink, **asked)
        return sink.calls


def saying(headers: list[tuple[str, str]], body: bytes = b"x") -> Any:
    """An application that says this."""

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", headers)
        return [body]

    return application


def raising(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """An application that raises."""
    raise RuntimeError("boom")


class ChoiceTests(SynchronousTestCase):
    """L{response_class}."""

    def chosen(self, **asked: Any) -> type[Response]:
        settings = Settings(**asked)
        return response_class(settings, finishing(settings, "/", self.fail))

    def test_nothing(self) -> None:
        """Who asks for nothing that concerns applications has the plain one: it costs nothing."""
        self.assertIs(self.chosen(), Response)
        self.assertIs(
            self.chosen(
                ignore_sigpipe=True,
                ignore_write_errors=True,
                write_errors_exception_only=True,
                error_page_503=("/x",),
                add_header=("Connection: close",),
                del_header=("Content-Length",),
            ),
            Response,
        )

    def test_small(self) -> None:
        """None of them has a dictionary for each response."""
        made = self.chosen(add_header=("A: b",), disable_write_exception=True)
        self.assertFalse(hasattr(made(LedgerSink(), False), "__dict__"))


class FinishedTests(FinishedCase):
    """Fields added and removed, the limit, and the page."""

    def test_added(self) -> None:
        """What is added comes last, whatever the application has said, also where it raised."""
        asked = {"add_header": ("X-A: 1", "X-A: é", "Connection: close")}
        added = [("X-A", "1"), ("X-A", "Ã©")]
        calls = self.told(saying([*PLAIN, ("X-A", "0")]), **asked)
        self.assertEqual(calls[0], ("start", "200 OK", [*PLAIN, ("X-A", "0"), *added], 1))
        calls = self.told(raising, **asked)
        self.assertEqual(calls[0], ("start", "500 Internal Server Error", [*PLAIN, *added], 22))

    def test_removed(self) -> None:
        """What is removed is, in any case of its letters; what is added stays; so does a length."""
        said = [*PLAIN, ("SERVER", "me"), ("X-Powered-By", "it"), ("Content-Length", "1")]
        calls = self.told(
            saying(said),
            del_header=("server", "X-POWERED-BY", "content-length"),
            add_header=("Server: us",),
        )
        expected = [*PLAIN, ("Content-Length", "1"), ("Server", "us")]
        self.assertEqual(calls[0][2], expected)
        self.assertEqual(said[1], ("SERVER", "me"))

    def test_limit(self) -> None:
        """More headers than C{response-headers-limit} are 500, and the report names it."""
        field = ("X-A", "a" * 100)  # 107 bytes with ": " and CRLF
        self.assertEqual(self.told(saying([field]), response_headers_limit=107)[0][1], "200 OK")
        calls = self.told(saying([field]), response_headers_limit=106)
        self.assertEqual(calls[0][1], "500 Internal Server Error")
        self.assertIn("107 bytes of headers are over response-headers-limit (106)", self.reports[0])

    def test_limit_met(self) -> None:
        """An application may say something shorter then."""

        def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            try:
                start_response("200 OK", [("X-A", "a" * 100)])
            except ValueError:
                start_response("413 Too Large", [])
            return [b"x"]

        calls = self.told(application, response_headers_limit=50)
        self.assertEqual(calls, [("start", "413 Too Large", [], 1), ("finish", b"x")])

    def test_page(self) -> None:
        """Where the application raises, the operator's page is the body, and is HTML."""
        path = Path(self.mktemp())
        path.write_bytes(b"<p>sorry</p>")
        calls = self.told(raising, error_page_500=("/no/such", str(path.absolute())))
        html = [("Content-Type", "text/html")]
        self.assertEqual(
            calls,
            [("start", "500 Internal Server Error", html, 12), ("finish", b"<p>sorry</p>")],
        )

    def test_no_page(self) -> None:
        """Where it cannot be read the server's own words are, and a line says why."""
        calls = self.told(raising, error_page_500=("/no/such",))
        self.assertEqual(calls[-1], ("finish", b"Internal Server Error\n"))
        self.assertIn("error-page-500: /no/such: No such file or directory", self.reports)

    def test_no_application(self) -> None:
        """Where the server stands in for an application, likewise, with its own words else."""

        def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            start_response("500 Internal Server Error", PLAIN)
            return OwnError([b"nobody"])

        path = Path(self.mktemp())
        path.write_bytes(b"<p>sorry</p>")
        calls = self.told(application, error_page_500=(str(path.absolute()),))
        self.assertEqual(calls[0][2], [("Content-Type", "text/html")])
        self.assertEqual(calls[1], ("finish", b"<p>sorry</p>"))
        calls = self.told(application, add_header=("A: b",))
        self.assertEqual(calls[0][2], [*PLAIN, ("A", "b")])
        self.assertEqual(calls[1], ("finish", b"nobody"))

    def test_not_found(self) -> None:
        """Its page is that of the status that it gives."""

        def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            start_response("404 Not Found", PLAIN)
            return OwnError([b"nowhere"])

        path = Path(self.mktemp())
        path.write_bytes(b"<p>lost</p>")
        page = (str(path.absolute()),)
        self.assertEqual(self.told(application, error_page_404=page)[1][1], b"<p>lost</p>")
        self.assertEqual(self.told(application, error_page_500=page)[1][1], b"nowhere")

    def test_own_error(self) -> None:
        """What the application itself answers with 500 is its own."""

        def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            start_response("500 Mine", [])
            return [b"mine"]

        self.assertEqual(self.told(application, error_page_500=("/x",))[-1], ("finish", b"mine"))


class TolerantTests(FinishedCase):
    """A client that is gone."""

    def wrote(self, count: int, **asked: Any) -> tuple[list[str], MemorySink]:
        """What became of C{count} calls of C{write}, the first of which is in vain."""
        sink = MemorySink()
        sink.gone_after = 0
        seen: list[str] = []
        pieces = Iterable([b"more"])

        def application(environ: dict[str, Any], start_response: Any) -> Iterable:
            write = start_response("200 OK", [])
            for _ in range(count):
                try:
                    write(b"x")
                    seen.append("")
                except OSError as error:
                    seen.append(type(error).__name__)
            return pieces

        self.assertTrue(self.run_with(application, sink, **asked))
        self.assertEqual((pieces.closed, self.reports), (1, []))
        return seen, sink

    def test_plain(self) -> None:
        """A write raises an OSError, and again; nothing is logged; what is returned is closed."""
        gone = "ClientDisconnected"
        self.assertEqual(self.wrote(2)[0], [gone, gone])
        self.assertEqual(self.wrote(2, write_errors_exception_only=True)[0], [gone, gone])

    def test_silent(self) -> None:
        """With C{disable-write-exception} it never does."""
        asked = {"disable_write_exception": True, "write_errors_tolerance": 1}
        self.assertEqual(self.wrote(3, **asked)[0], ["", "", ""])

    def test_tolerance(self) -> None:
        """With C{write-errors-tolerance} it does after so many times."""
        self.assertEqual(self.wrote(3, write_errors_tolerance=2)[0], ["", "", "ClientDisconnected"])

    def test_other_mistakes(self) -> None:
        """What is no body is still told."""

        def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            start_response("200 OK", [])("text")
            return []

        self.assertFalse(self.run_with(application, MemorySink(), disable_write_exception=True))
        self.assertIn("the body must be bytes", self.reports[0])

    def test_no_more(self) -> None:
        """What is returned is not asked for more than what tells that nobody is there."""
        asked: list[int] = []
        sink = MemorySink()
        sink.gone_after = 0

        def pieces() -> Iterator[bytes]:
            for number in range(100):
                asked.append(number)
                yield b"x"

        def application(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
            start_response("200 OK", [])
            return pieces()

        self.assertTrue(self.run_with(application, sink, disable_write_exception=True))
        self.assertEqual((asked, self.reports), ([0], []))
