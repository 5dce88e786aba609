"""L{twsgi.wsgi.response} and L{twsgi.wsgi.application}: PEP 3333 to the letter."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.wsgi.fakes import Iterable, LedgerSink, MemorySink, Seen, environ, exc_info, run
from twsgi.wsgi.application import run_application
from twsgi.wsgi.response import Response

ERROR = ("start", "500 Internal Server Error", [("Content-Type", "text/plain")], 22)
ERROR_END = ("finish", b"Internal Server Error\n")
PLAIN = [("Content-Type", "text/plain")]


def saying(
    pieces: Any, status: str = "200 OK", headers: list[tuple[str, str]] | None = None
) -> Any:
    """An application that says this."""

    def application(environ: dict[str, Any], start_response: Any) -> Any:
        start_response(status, headers or [])
        return pieces

    return application


class ApplicationCase(SynchronousTestCase):
    """What the cases below have in common."""

    def told(
        self, application: Any, head_request: bool = False, ok: bool = True, reports: int = 0
    ) -> list[tuple[Any, ...]]:
        """What a sink is told of an application that ends C{ok}, with so many reports."""
        sink = LedgerSink()
        returned, said, self.response = run(application, sink, head_request)
        self.assertEqual(returned, ok, said)
        self.assertEqual(len(said), reports, said)
        self.said = "\n".join(said)
        self.assertTrue(sink.finished)
        return sink.calls


class BodyTests(ApplicationCase):
    """What an application may return."""

    def test_one_piece(self) -> None:
        """A list or tuple of one piece is sent whole, with its length."""
        for pieces in ([b"abc"], (b"abc",)):
            self.assertEqual(
                self.told(saying(pieces, headers=PLAIN)),
                [("start", "200 OK", PLAIN, 3), ("finish", b"abc")],
            )
            self.assertEqual(self.response.steps, 1)

    def test_bytes(self) -> None:
        """Bytes by themselves are one piece, as with uWSGI, not a thousand of one byte."""
        self.assertEqual(
            self.told(saying(b"abc")), [("start", "200 OK", [], 3), ("finish", b"abc")]
        )

    def test_pieces(self) -> None:
        """Pieces leave one by one, each before the next is asked for, empty ones not at all."""
        sink = LedgerSink()
        left: list[int] = []

        def pieces() -> Iterator[bytes]:
            for piece in (b"", b"a", b"", b"b"):
                left.append(len(sink.calls))
                yield piece
            left.append(len(sink.calls))

        _, _, response = run(saying(pieces()), sink)
        start = ("start", "200 OK", [], None)
        self.assertEqual(sink.calls, [start, ("write", b"a"), ("write", b"b"), ("finish", b"")])
        self.assertEqual(left, [0, 0, 2, 2, 3])
        self.assertEqual(response.steps, 4)

    def test_nothing(self) -> None:
        """No piece, or only empty ones, is a body of length 0."""
        for pieces in ([], (), iter([]), [b"", b""], iter([b""])):
            self.assertEqual(
                self.told(saying(pieces)), [("start", "200 OK", [], 0), ("finish", b"")]
            )
        self.assertEqual(self.told(saying([b""])), [("start", "200 OK", [], 0), ("finish", b"")])

    def test_not_bytes(self) -> None:
        """Text, None and other things in a body are the application's fault: 500."""
        for pieces in (["abc"], ["a", "b"], "abc", [None], [bytearray(b"a")], [7], iter(["x"])):
            calls = self.told(saying(pieces), ok=False, reports=1)
            self.assertEqual(calls, [ERROR, ERROR_END])
            self.assertIn("TypeError: the body must be bytes", self.said)

    def test_not_iterable(self) -> None:
        """None, or anything that is no iterable, is 500."""
        for result in (None, 7):
            self.assertEqual(self.told(saying(result), ok=False, reports=1), [ERROR, ERROR_END])
            self.assertIn("not iterable", self.said)

    def test_text_in_the_middle(self) -> None:
        """Text after bytes that have left cuts the response."""
        calls = self.told(saying([b"a", "b"]), ok=False, reports=1)
        self.assertEqual(calls[1:], [("write", b"a"), ("abort",)])


class StartResponseTests(ApplicationCase):
    """C{start_response}."""

    def test_late(self) -> None:
        """A generator may call it as late as before its first bytes."""

        def application(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
            yield b""
            start_response("201 Created", PLAIN)
            yield b"a"

        self.assertEqual(
            self.told(application),
            [("start", "201 Created", PLAIN, None), ("write", b"a"), ("finish", b"")],
        )

    def test_late_without_body(self) -> None:
        """A generator may call it and then give nothing."""

        def application(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
            start_response("200 OK", [])
            return
            yield b""

        self.assertEqual(self.told(application), [("start", "200 OK", [], 0), ("finish", b"")])

    def test_never(self) -> None:
        """A body without it is 500, however it is given; so is nothing at all."""
        for result in ([b"a"], [b"a", b"b"], [b""], [], iter([b"a"])):
            calls = self.told(lambda environ, start, result=result: result, ok=False, reports=1)
            self.assertEqual(calls, [ERROR, ERROR_END])
            self.assertIn("before start_response was called", self.said)

    def test_twice(self) -> None:
        """Twice without exc_info is the application's fault, also if the first was in time."""

        def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            start_response("200 OK", [])
            start_response("200 OK", [])
            return [b"a"]

        self.assertEqual(self.told(application, ok=False, reports=1), [ERROR, ERROR_END])
        self.assertIn("twice without exc_info", self.said)

    def test_exc_info_in_time(self) -> None:
        """With exc_info, while nothing has left, the second call replaces the first."""

        def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            start_response("200 OK", [("Content-Length", "99")])
            start_response("503 Busy", PLAIN, exc_info())
            return [b"sorry"]

        self.assertEqual(
            self.told(application), [("start", "503 Busy", PLAIN, 5), ("finish", b"sorry")]
        )
        self.assertEqual((self.response.status, self.response.headers), ("503 Busy", PLAIN))

    def test_exc_info_first(self) -> None:
        """The first call may have exc_info."""

        def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            start_response("500 Oops", [], exc_info())
            return [b"a"]

        self.assertEqual(self.told(application)[0], ("start", "500 Oops", [], 1))

    def test_exc_info_too_late(self) -> None:
        """With exc_info, when the head has left, the exception is raised again and cuts it."""

        def application(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
            start_response("200 OK", [])
            yield b"a"
            start_response("500 Oops", [], exc_info("the reason"))
            yield b"b"

        calls = self.told(application, ok=False, reports=1)
        self.assertEqual(calls[1:], [("write", b"a"), ("abort",)])
        self.assertIn("ValueError: the reason", self.said)

    def test_refused(self) -> None:
        """A status or header that cannot be sent is 500, before anything has left (S26)."""
        for status, headers in (
            ("200 OK\r\nX: y", []),
            ("OK", []),
            ("100 Continue", []),
            (b"200 OK", []),
            ("200 OK", [("A", "b\r\nSet-Cookie: c")]),
            ("200 OK", [("A\n", "b")]),
            ("200 OK", [("A", "\0")]),
            ("200 OK", [("A", 1)]),
            ("200 OK", [["A", "b"]]),
            ("200 OK", (("A", "b"),)),
            ("200 OK", [([], "b")]),
            ("200 OK", [("Content-Length", "x")]),
        ):

            def application(
                environ: dict[str, Any], start: Any, status: Any = status, headers: Any = headers
            ) -> list[bytes]:
                start(status, headers)
                return [b"a"]

            self.assertEqual(self.told(application, ok=False, reports=1), [ERROR, ERROR_END])
            self.assertIn("ResponseError", self.said)

    def test_headers_copied(self) -> None:
        """What the application does to its list afterwards, unchecked, changes nothing."""

        def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            headers = list(PLAIN)
            start_response("200 OK", headers)
            headers.append(("A", "b\r\nX: y"))
            return [b"a"]

        self.assertEqual(self.told(application)[0], ("start", "200 OK", PLAIN, 1))


class WriteTests(ApplicationCase):
    """The C{write} that C{start_response} returns."""

    def test_before_the_iterable(self) -> None:
        """What was written comes before what is returned, even one piece alone."""
        for result, after in (
            ([], []),
            ([b"c"], [("write", b"c")]),
            ([b"c", b"d"], [("write", b"c"), ("write", b"d")]),
        ):

            def application(environ: dict[str, Any], start: Any, result: Any = result) -> Any:
                write = start("200 OK", [])
                write(b"a")
                write(b"b")
                return result

            self.assertEqual(
                self.told(application),
                [
                    ("start", "200 OK", [], None),
                    ("write", b"a"),
                    ("write", b"b"),
                    *after,
                    ("finish", b""),
                ],
            )

    def test_empty(self) -> None:
        """Writing nothing sends nothing."""

        def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            start_response("200 OK", [])(b"")
            return [b"a"]

        calls = self.told(application)
        self.assertEqual(calls[-2:], [("write", b"a"), ("finish", b"")])

    def test_not_bytes(self) -> None:
        """Text is refused."""

        def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            start_response("200 OK", [])("text")
            return []

        self.assertEqual(self.told(application, ok=False, reports=1), [ERROR, ERROR_END])

    def test_exc_info_after_empty_write(self) -> None:
        """As nothing has left, exc_info may still replace a response that was bodiless."""

        def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            start_response("204 No Content", [])(b"")
            start_response("500 Oops", [("Content-Length", "3")], exc_info())
            return [b"abc"]

        sink = MemorySink()
        run(application, sink)
        seen = Seen(sink.sent + b"next")
        self.assertEqual((seen.status, seen.body, seen.rest), (500, b"abc", b"next"))

    def test_raises_after_empty_write(self) -> None:
        """An error page has its body also where the response would have had none."""

        def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            start_response("304 Not Modified", [])(b"")
            raise ValueError("boom")

        sink = MemorySink()
        run(application, sink)
        seen = Seen(sink.sent + b"next")
        self.assertEqual((seen.status, seen.body), (500, b"Internal Server Error\n"))
        self.assertEqual(seen.rest, b"next")


class LengthTests(ApplicationCase):
    """A Content-Length that the application gives is kept to."""

    def headers(self, length: int) -> list[tuple[str, str]]:
        """The header."""
        return [("Content-Length", str(length))]

    def test_right(self) -> None:
        """As much body as was said is nobody's fault."""
        self.assertEqual(
            self.told(saying([b"abc"], headers=self.headers(3)))[1:], [("finish", b"abc")]
        )
        calls = self.told(saying([b"ab", b"c"], headers=self.headers(3)))
        self.assertEqual(calls[1:], [("write", b"ab"), ("write", b"c"), ("finish", b"")])
        self.told(saying([], headers=self.headers(0)))

    def test_longer(self) -> None:
        """More body is cut at the length, and said; the connection ends after it."""
        closes = ("close_after",)
        start = ("start", "200 OK", self.headers(3), None)
        late = [("write", b"ab"), closes, ("write", b"c"), ("finish", b"")]
        for pieces, expected in (
            ([b"abcdef"], [closes, start, ("finish", b"abc")]),
            ([b"ab", b"cdef", b"g"], late),
            ([b"abc", b"d"], [("write", b"abc"), closes, ("finish", b"")]),
            (iter([b"abcd"]), [closes, start, ("write", b"abc"), ("finish", b"")]),
        ):
            calls = self.told(saying(pieces, headers=self.headers(3)), reports=1)
            self.assertEqual(calls[1:], expected)
            self.assertIn("GET '/p': more body than its Content-Length, 3: cut there", self.said)

    def test_endless(self) -> None:
        """An endless body is not asked for more than its length, and is closed."""
        result = Iterable(iter(lambda: b"abcd", None))
        self.told(saying(result, headers=self.headers(10)), reports=1)
        self.assertEqual(self.response.steps, 3)
        self.assertEqual(result.closed, 1)

    def test_longer_by_write(self) -> None:
        """Writing on after the length sends nothing more."""

        def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            write = start_response("200 OK", self.headers(3))
            for piece in (b"ab", b"cd", b"ef"):
                write(piece)
            return [b"g"]

        calls = self.told(application, reports=1)
        late = [("write", b"ab"), ("close_after",), ("write", b"c"), ("finish", b"")]
        self.assertEqual(calls[1:], late)

    def test_shorter(self) -> None:
        """Less body, or none, is sent, then the connection is cut, so that the client can tell."""
        for pieces, written in (
            ([b"a"], [("write", b"a")]),
            ([b"a", b"b"], [("write", b"a"), ("write", b"b")]),
            ([b""], [("write", b"")]),
            ([], [("write", b"")]),
            (iter([]), [("write", b"")]),
        ):
            calls = self.told(saying(pieces, headers=self.headers(3)), reports=1)
            self.assertEqual(calls[1:], [*written, ("abort",)])
            self.assertIn("less body than its Content-Length, 3", self.said)

    def test_environ_emptied(self) -> None:
        """A fault is said also where the application has taken its environ apart."""

        def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            environ.clear()
            start_response("200 OK", self.headers(1))
            return [b"abc"]

        calls = self.told(application, reports=1)
        self.assertEqual(calls[-1:], [("finish", b"a")])
        self.assertIn("more body than its Content-Length", self.said)

    def test_without_body(self) -> None:
        """HEAD and 304 may say a length without a body: it is another response's."""
        self.told(saying([], headers=self.headers(3)), head_request=True)
        self.told(saying([b""], headers=self.headers(3)), head_request=True)
        self.told(saying([], "304 Not Modified", self.headers(3)))

    @settings(deadline=None, max_examples=100)
    @given(st.lists(st.binary(max_size=5), max_size=5), st.integers(0, 20))
    def test_always(self, pieces: list[bytes], length: int) -> None:
        """The client never gets more than the length, and is never left to wait for the rest."""
        sink = MemorySink()
        run(saying(pieces, headers=self.headers(length)), sink)
        body = b"".join(pieces)
        if len(body) >= length:
            seen = Seen(sink.sent + b"next")
            ended = "finish" if len(body) == length else "close"
            self.assertEqual((seen.body, seen.rest, sink.ended), (body[:length], b"next", ended))
        else:
            self.assertEqual(sink.ended, "cut")


class BodilessTests(ApplicationCase):
    """HEAD, 204 and 304."""

    def seen(self, application: Any, head_request: bool = False, http11: bool = True) -> Seen:
        """What the client sees; nothing of a body, whatever the application gives."""
        sink = MemorySink(head_request, http11)
        run(application, sink, head_request)
        self.assertNotEqual(sink.ended, "cut")
        seen = Seen(sink.sent + b"next", "HEAD" if head_request else "GET")
        self.assertEqual((seen.body, seen.rest), (b"", b"next"))
        return seen

    def test_head(self) -> None:
        """HEAD gets GET's head; a length that is known is said, one that is not is not made up."""
        for pieces, headers, expected in (
            ([b"abc"], [], "3"),
            ([b"abc"], [("Content-Length", "3")], "3"),
            ([b"a", b"b"], [("Content-Length", "2")], "2"),
            ([], [("Content-Length", "3")], "3"),
            ([b""], [], None),
            ([], [], None),
            ([b"a", b"b"], [], None),
        ):
            seen = self.seen(saying(pieces, headers=headers), True)
            self.assertEqual(seen.header("content-length"), expected, (pieces, headers))

    def test_no_content(self) -> None:
        """204 has no body and no length, whatever the application says."""
        for pieces in ([], [b""], [b"abc"], [b"a", b"b"]):
            for headers in ([], [("Content-Length", "3")], [("content-length", "0"), *PLAIN]):
                seen = self.seen(saying(pieces, "204 No Content", headers))
                self.assertIsNone(seen.header("content-length"))
                self.assertIsNone(seen.header("transfer-encoding"))

    def test_not_modified(self) -> None:
        """304 has no body, and the length alone that the application says."""
        for pieces in ([], [b""], [b"abc"]):
            seen = self.seen(saying(pieces, "304 Not Modified"))
            self.assertIsNone(seen.header("content-length"))
        seen = self.seen(saying([], "304 Not Modified", [("Content-Length", "9")]))
        self.assertEqual(seen.header("content-length"), "9")

    def test_head_error(self) -> None:
        """An error page to HEAD has no body either."""
        seen = self.seen(lambda environ, start_response: 1 / 0, True)
        self.assertEqual((seen.status, seen.header("content-length")), (500, "22"))


class RaisingTests(ApplicationCase):
    """An application that raises."""

    def test_before(self) -> None:
        """Before anything has left it is 500 without a word of why; the log has the traceback."""
        for error in (ValueError("secret"), SystemExit(3), KeyboardInterrupt(), GeneratorExit()):

            def application(environ: dict[str, Any], start: Any, error: Any = error) -> Any:
                start("200 OK", [("X-A", "b")])
                raise error

            self.assertEqual(self.told(application, ok=False, reports=1), [ERROR, ERROR_END])
            self.assertTrue(self.said.startswith("Traceback"), self.said)
            self.assertIn(type(error).__name__, self.said)
            self.assertEqual(self.response.status, "500 Internal Server Error")

    def test_within(self) -> None:
        """When bytes have left, the response is cut."""

        def application(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
            start_response("200 OK", [])
            yield b"a"
            raise ValueError("boom")

        calls = self.told(application, ok=False, reports=1)
        self.assertEqual(calls[1:], [("write", b"a"), ("abort",)])
        self.assertEqual(self.response.status, "200 OK")

    def test_client_gone(self) -> None:
        """A client that goes away is no fault of the application's: nothing is reported."""
        result = Iterable([b"a" * 100, b"b", b"c"])
        sink = MemorySink()
        sink.gone_after = 10
        ok, said, response = run(saying(result), sink)
        self.assertEqual((ok, said, response.steps, result.closed), (True, [], 1, 1))

    def test_client_gone_at_the_error(self) -> None:
        """A client that goes away while its error page is sent changes nothing."""
        sink = MemorySink()
        sink.gone_after = 10
        ok, said, _ = run(lambda environ, start_response: 1 / 0, sink)
        self.assertEqual((ok, len(said)), (False, 1))
        self.assertIn("ZeroDivisionError", said[0])


class CloseTests(ApplicationCase):
    """C{close()} of what the application returned."""

    def test_once(self) -> None:
        """It is called once, however the response ends."""

        def raising() -> Iterator[bytes]:
            yield b"a"
            raise ValueError("boom")

        for pieces, headers, ok, reports in (
            ([b"a"], [], True, 0),
            ([], [], True, 0),
            (raising(), [], False, 1),
            (["text"], [], False, 1),
            ([b"abc"], [("Content-Length", "1")], True, 1),
            ([b"abc"], [("Content-Length", "9")], True, 1),
        ):
            result = Iterable(pieces)
            self.told(saying(result, headers=headers), ok=ok, reports=reports)
            self.assertEqual(result.closed, 1, pieces)

    def test_after_the_response(self) -> None:
        """It is called when the last byte is on its way."""
        sink = LedgerSink()
        seen: list[bool] = []

        class Result(Iterable):
            def close(self) -> None:
                seen.append(sink.finished)

        run(saying(Result([b"a"])), sink)
        self.assertEqual(seen, [True])

    def test_without_start_response(self) -> None:
        """It is called where the body never began."""
        result = Iterable([b"a"])
        self.told(lambda environ, start_response: result, ok=False, reports=1)
        self.assertEqual(result.closed, 1)

    def test_raises(self) -> None:
        """When it raises, that is reported, and the response stays as it was."""
        for error in (ValueError("close failed"), SystemExit(1)):
            result = Iterable([b"a"], error)
            calls = self.told(saying(result), reports=1)
            self.assertEqual(calls[-1], ("finish", b""))
            self.assertIn(type(error).__name__, self.said)

    def test_looking_raises(self) -> None:
        """So is what comes of looking whether there is one."""

        class Odd(list[bytes]):
            @property
            def close(self) -> Any:
                raise SystemExit(2)

        calls = self.told(saying(Odd([b"a", b"b"])), reports=1)
        self.assertEqual(calls[-1], ("finish", b""))
        self.assertIn("SystemExit", self.said)

    def test_both_raise(self) -> None:
        """Two exceptions are two reports."""
        result = Iterable(["text"], ValueError("close failed"))
        self.told(saying(result), ok=False, reports=2)
        self.assertEqual(result.closed, 1)


class ReportTests(SynchronousTestCase):
    """What a report is."""

    def test_lines(self) -> None:
        """It is lines without a newline at their end, for the log adds one."""
        reports: list[str] = []
        run_application(
            lambda environ, start_response: 1 / 0,
            environ(),
            Response(LedgerSink(), False),
            reports.append,
        )
        (report,) = reports
        self.assertTrue(report.endswith("ZeroDivisionError: division by zero"), report)
