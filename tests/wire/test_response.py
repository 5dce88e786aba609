"""L{twsgi.wire.response}: what the application says, checked and framed (class S26)."""

from __future__ import annotations

import io
from http.client import HTTPResponse, IncompleteRead
from typing import Any, ClassVar

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from twsgi.errors import ResponseError
from twsgi.wire import response as response_module
from twsgi.wire.response import (
    HOP_BY_HOP,
    Date,
    ResponseEncoder,
    bodiless,
    check_headers,
    check_status,
    lower_name,
)

DATE = "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
_TOKEN = st.text("!#$%&'*+.^_`|~-09AZaz", min_size=1, max_size=8)
#: What could end a line, a name or a head, among what could not.
_NASTY = st.lists(
    st.sampled_from(
        ["\r\n", "\r", "\n", "\0", "a", "B", ":", " ", "\t", "\x7f", "\x85", "\u20ac", "1"]
    )
    | st.sampled_from(["Content-Length", "Connection", "Date", "Transfer-Encoding"]),
    max_size=5,
).map("".join)
_LATIN = st.text(st.characters(max_codepoint=0xFF, exclude_categories=["Cc"]), max_size=12)


class _Connection(io.BytesIO):
    """What L{HTTPResponse} reads from, and does not close."""

    def makefile(self, mode: str) -> io.BytesIO:
        return self

    def close(self) -> None:
        """What is left is still to be read."""


def parsed(data: bytes, method: str = "GET") -> tuple[HTTPResponse, bytes, bytes]:
    """The response that the standard library reads, its body, and what it leaves unread."""
    connection = _Connection(data)
    response = HTTPResponse(connection, method=method)  # type: ignore[arg-type]
    response.begin()
    body = response.read()
    return response, body, connection.read()


def framed(
    pieces: list[bytes],
    *,
    status: str = "200 OK",
    headers: list[tuple[str, str]] | None = None,
    length: int | None = None,
    http11: bool = True,
    keep_alive: bool = True,
    head_request: bool = False,
) -> tuple[bytes, ResponseEncoder]:
    """A whole response on the wire."""
    encoder = ResponseEncoder(http11, keep_alive, head_request)
    data = encoder.head(status, headers or [], length, DATE)
    data += b"".join(encoder.body(piece) for piece in pieces)
    return data + encoder.end(), encoder


class StatusTests(SynchronousTestCase):
    """L{check_status}."""

    def test_good(self) -> None:
        """A code, and a reason of printable latin-1 or none at all."""
        for status in (
            "200 OK",
            "404 Not Found",
            "599 x",
            "200 ",
            "204",
            "299 caf\xe9",
            "200 a\tb",
        ):
            check_status(status)

    def test_refused(self) -> None:
        """What could end the line, is no status, or is the server's own, is refused."""
        for status in (
            "200 OK\r\nX: y",
            "200 OK\r",
            "200 OK\n",
            "200 a\0b",
            "200 \u20ac",
            "200 \x7f",
            "OK",
            "",
            "20",
            "2000 OK",
            "200OK",
            "200\tOK",
            " 200 OK",
            "000 x",
            "\u0662\u0660\u0660 OK",
            "100 Continue",
            "101 Switching Protocols",
            b"200 OK",
            200,
            None,
        ):
            self.assertRaises(ResponseError, check_status, status)


class HeadersTests(SynchronousTestCase):
    """L{check_headers} and L{lower_name}."""

    def test_good(self) -> None:
        """Tokens with printable latin-1 values are good; the Content-Length is returned."""
        self.assertIsNone(check_headers([]))
        self.assertIsNone(
            check_headers([("X-A", ""), ("X-A", "b\tc \xe9"), ("!#$%&'*+.^_`|~", "d")])
        )
        self.assertEqual(check_headers([("content-LENGTH", "12")]), 12)

    def test_refused(self) -> None:
        """What could end a line or a header, and what is not PEP 3333's, is refused."""
        wrong: list[Any] = [
            [("A", "b\r\nSet-Cookie: c")],
            [("A", "b\r")],
            [("A", "b\n")],
            [("A", "\0")],
            [("A", "\x7f")],
            [("A", "\u20ac")],
            [("A", b"b")],
            [("A", 1)],
            [("A", None)],
            [("A\r\nB", "c")],
            [("A:", "b")],
            [("A ", "b")],
            [("", "b")],
            [("\xe9", "b")],
            [(b"A", "b")],
            [(["A"], "b")],
            [(None, "b")],
            [("A", "b", "c")],
            [("A",)],
            [["A", "b"]],
            ["ab"],
            (("A", "b"),),
            {"A": "b"},
            None,
            [("Content-Length", "-1")],
            [("Content-Length", "+1")],
            [("Content-Length", "1, 1")],
            [("Content-Length", "")],
            [("Content-Length", "\u0661")],
            [("Content-Length", "1"), ("content-length", "1")],
        ]
        for headers in wrong:
            self.assertRaises(ResponseError, check_headers, headers)

    def test_value_not_repeated(self) -> None:
        """The error names the field but not its value, which may be a secret."""
        error = self.assertRaises(ResponseError, check_headers, [("X-Key", "secret\n")])
        self.assertIn("X-Key", str(error))
        self.assertNotIn("secret", str(error))

    def test_lower_name(self) -> None:
        """A name is returned in lower case, and remembered, but not without end."""
        self.patch(response_module, "_lower_names", {})
        self.patch(response_module, "_CACHED_NAMES", 2)
        for name in ("X-A", "X-B", "X-C", "X-C"):
            self.assertEqual(lower_name(name), name.lower())
        self.assertEqual(response_module._lower_names, {"X-A": "x-a", "X-B": "x-b"})
        self.assertRaises(ResponseError, lower_name, "X A")


class DateTests(SynchronousTestCase):
    """L{Date}."""

    def test_line(self) -> None:
        """The line is HTTP's, and made anew only when the second changes."""
        date = Date()
        self.assertEqual(date.line(0.0), DATE)
        line = date.line(784111777.1)
        self.assertEqual(line, "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n")
        self.assertIs(date.line(784111777.9), line)
        self.assertEqual(date.line(784111778.0)[-14:], "08:49:38 GMT\r\n")


class EncoderTests(SynchronousTestCase):
    """L{ResponseEncoder}."""

    def test_exactly(self) -> None:
        """The head is the status, the application's fields, the framing and the date."""
        data, encoder = framed([b"abc"], headers=[("X-a", "b")], length=3)
        self.assertEqual(
            data, b"HTTP/1.1 200 OK\r\nX-a: b\r\nContent-Length: 3\r\n" + DATE.encode() + b"\r\nabc"
        )
        self.assertFalse(encoder.close)

    def test_status_without_reason(self) -> None:
        """The space that RFC 9112 asks for is there also where there is no reason."""
        for status in ("200", "200 "):
            data, _ = framed([], status=status, length=0)
            self.assertTrue(data.startswith(b"HTTP/1.1 200 \r\n"), data)

    def test_known_length(self) -> None:
        """A body of known length is sent with it, by both versions."""
        for http11 in (True, False):
            data, encoder = framed([b"ab", b"c"], length=3, http11=http11)
            response, body, rest = parsed(data + b"next")
            self.assertEqual(
                (body, rest, response.getheader("Content-Length")), (b"abc", b"next", "3")
            )
            self.assertIsNone(response.getheader("Transfer-Encoding"))
            self.assertFalse(encoder.close)

    def test_application_length(self) -> None:
        """The application's Content-Length is the only one, whatever is known besides."""
        for length in (None, 3):
            data, _ = framed([b"abc"], headers=[("content-length", "3")], length=length)
            self.assertEqual(data.lower().count(b"content-length"), 1)
            self.assertNotIn(b"chunked", data)
            self.assertEqual(parsed(data)[1], b"abc")

    def test_chunked(self) -> None:
        """A body of unknown length is chunked in HTTP/1.1."""
        data, encoder = framed([b"ab", b"c" * 20])
        self.assertTrue(data.endswith(b"2\r\nab\r\n14\r\n" + b"c" * 20 + b"\r\n0\r\n\r\n"))
        self.assertEqual(parsed(data + b"next")[1:], (b"ab" + b"c" * 20, b"next"))
        self.assertFalse(encoder.close)

    def test_apart(self) -> None:
        """A long piece may be sent apart, between what comes before and after it."""
        for length, http11 in ((None, True), (3, True), (None, False)):
            encoder = ResponseEncoder(http11, True, False)
            encoder.head("200 OK", [], length, DATE)
            before, after = encoder.around(3)
            self.assertEqual(before + b"abc" + after, encoder.body(b"abc"))

    def test_http10_unknown_length(self) -> None:
        """In HTTP/1.0 a body of unknown length ends with the connection, kept alive or not."""
        data, encoder = framed([b"ab", b"c"], http11=False, keep_alive=True)
        response, body, _ = parsed(data)
        self.assertEqual(body, b"abc")
        self.assertEqual(response.getheader("Connection"), "close")
        self.assertIsNone(response.getheader("Transfer-Encoding"))
        self.assertTrue(encoder.close)

    def test_connection(self) -> None:
        """What becomes of the connection is said where the version does not say it."""
        for http11, keep_alive, expected in (
            (True, True, None),
            (True, False, "close"),
            (False, True, "keep-alive"),
            (False, False, "close"),
        ):
            data, encoder = framed([], length=0, http11=http11, keep_alive=keep_alive)
            self.assertEqual(parsed(data)[0].getheader("Connection"), expected)
            self.assertEqual(encoder.close, not keep_alive)

    def test_head(self) -> None:
        """To HEAD the head alone is sent, with the framing that GET would have had."""
        for length, name in ((3, "Content-Length"), (None, "Transfer-Encoding")):
            data, encoder = framed([b"abc"], length=length, head_request=True)
            self.assertTrue(encoder.omits_body)
            response, body, rest = parsed(data + b"next", "HEAD")
            self.assertEqual((body, rest), (b"", b"next"))
            self.assertIsNotNone(response.getheader(name))
            self.assertTrue(data.endswith(b"\r\n\r\n"), data)
            self.assertEqual(data.count(b"\r\n\r\n"), 1)

    def test_bodiless(self) -> None:
        """204 and 304 have neither body nor framing, but for a length that a 304 was given."""
        for status in ("204 No Content", "304 Not Modified", "304", "204"):
            data, encoder = framed([b"abc"], status=status)
            self.assertTrue(encoder.omits_body)
            self.assertTrue(data.endswith(b"\r\n\r\n"), data)
            self.assertNotIn(b"Content-Length", data)
            self.assertNotIn(b"Transfer-Encoding", data)
            self.assertFalse(encoder.close)
        data, _ = framed([], status="304 x", headers=[("Content-Length", "9")])
        self.assertIn(b"Content-Length: 9\r\n", data)
        self.assertFalse(bodiless("200 OK"))

    def test_hop_by_hop(self) -> None:
        """What the application says of the connection is dropped, in any case of letters."""
        headers = [(name.title(), "x") for name in sorted(HOP_BY_HOP)] + [("CONNECTION", "y")]
        data, _ = framed([b"abc"], headers=[*headers, ("X-A", "b")], length=3)
        response, body, _ = parsed(data)
        self.assertEqual(
            sorted(name for name, _ in response.getheaders()), ["Content-Length", "Date", "X-A"]
        )
        self.assertEqual(body, b"abc")

    def test_date(self) -> None:
        """An application's own Date replaces the server's."""
        data, _ = framed([], headers=[("date", "then")], length=0)
        self.assertEqual(parsed(data)[0].headers.get_all("Date"), ["then"])

    def test_again(self) -> None:
        """A later head replaces an earlier one with all it meant for the body."""
        for first, length in (("204 No Content", None), ("200 OK", None)):
            encoder = ResponseEncoder(True, True, False)
            encoder.head(first, [], length, DATE)
            data = encoder.head("500 x", [], 3, DATE) + encoder.body(b"abc") + encoder.end()
            self.assertEqual(parsed(data + b"next")[1:], (b"abc", b"next"))

    def test_cut(self) -> None:
        """A chunked body that is not ended is known to be cut."""
        data, _ = framed([b"abc"])
        self.assertRaises(IncompleteRead, parsed, data[: -len(b"0\r\n\r\n")])

    @settings(deadline=None, max_examples=300)
    @given(
        st.lists(st.tuples(_TOKEN | _NASTY, _LATIN | _NASTY), max_size=3),
        st.sampled_from(["200 ", "404 Not Found"]) | _NASTY.map("200 ".__add__) | _NASTY,
    )
    def test_any_text(self, headers: list[tuple[str, str]], status: str) -> None:
        """
        Whatever an application says, it is refused with a L{ResponseError}, or it is sent as one
        head of as many lines as there are fields.
        """
        try:
            check_status(status)
            length = check_headers(headers)
        except ResponseError:
            return
        data, _ = framed([b"x" * (length or 0)] if length else [], status=status, headers=headers)
        head, end, _ = data.partition(b"\r\n\r\n")
        self.assertTrue(end)
        lines = head.split(b"\r\n")
        kept = [one for one in headers if one[0].lower() not in HOP_BY_HOP]
        self.assertEqual(lines[0].rstrip(b" "), f"HTTP/1.1 {status}".rstrip(" ").encode("latin-1"))
        for (name, value), line in zip(kept, lines[1:], strict=False):
            self.assertEqual(line, f"{name}: {value}".encode("latin-1"))
        self.assertNotRegex(head.replace(b"\r\n", b""), b"[\0\r\n]")
        own = (b"Date:", b"Content-Length:", b"Transfer-Encoding:", b"Connection:")
        self.assertTrue(all(line.startswith(own) for line in lines[1 + len(kept) :]), lines)

    @settings(deadline=None, max_examples=150)
    @given(
        st.lists(st.tuples(_TOKEN.map("X-".__add__), _LATIN), max_size=5),
        st.lists(st.binary(min_size=1, max_size=50), max_size=5),
        st.booleans(),
        st.booleans(),
        st.booleans(),
    )
    def test_round_trip(
        self,
        headers: list[tuple[str, str]],
        pieces: list[bytes],
        http11: bool,
        keep_alive: bool,
        known: bool,
    ) -> None:
        """Whatever is written parses back: the same fields, the same body, nothing left over."""
        check_headers(headers)
        body = b"".join(pieces)
        length = len(body) if known else None
        data, encoder = framed(
            pieces, headers=headers, length=length, http11=http11, keep_alive=keep_alive
        )
        head = data.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
        self.assertEqual(
            head[1 : 1 + len(headers)], [f"{name}: {value}" for name, value in headers]
        )
        after = b"" if encoder.close else b"next"
        response, found, rest = parsed(data + after)
        self.assertEqual((response.status, found, rest), (200, body, after))
        self.assertEqual(response.getheader("Connection") == "close", encoder.close)


class RememberedTests(SynchronousTestCase):
    """What was found good is remembered, and makes no difference but in time."""

    FIELDS: ClassVar = [("X-A", "b"), ("Content-Length", "3"), ("Connection", "x"), ("X-A", "c")]

    def head(self, fields: list[tuple[str, str]]) -> bytes:
        """A head with these fields, checked."""
        check_status("299 Odd")
        length = check_headers(fields)
        return ResponseEncoder(True, True, False).head("299 Odd", fields, length, DATE)

    def test_same(self) -> None:
        """The second time is as the first, and as when all has been forgotten."""
        first = self.head(self.FIELDS)
        self.assertIn(b"X-A: b\r\nContent-Length: 3\r\nX-A: c\r\n", first)
        self.assertNotIn(b"Connection", first)
        self.assertEqual(self.head(self.FIELDS), first)
        response_module._field_lines.clear()
        self.assertEqual(self.head(self.FIELDS), first)

    def test_length_each_time(self) -> None:
        """A Content-Length is looked at every time, and still may be there but once."""
        for _ in range(2):
            self.assertEqual(check_headers([("Content-Length", "3")]), 3)
            self.assertRaises(ResponseError, check_headers, [("Content-Length", "3")] * 2)

    def test_other_types(self) -> None:
        """What equals a field that was found good, but is of another type, is still refused."""

        class Text(str):
            pass

        check_headers([("X-Kind", "text")])
        for field in (["X-Kind", "text"], (Text("X-Kind"), "text"), ("X-Kind", Text("text"))):
            self.assertRaises(ResponseError, check_headers, [field])
        check_status("200 Fine")
        self.assertRaises(ResponseError, check_status, Text("200 Fine"))

    def test_bounded(self) -> None:
        """However many fields there are, so many are remembered, and no long ones."""
        for number in range(3000):
            check_headers([("X-Number", str(number)), ("X-Long", "x" * number)])
            check_status(f"200 Number {number}")
        self.assertLessEqual(len(response_module._field_lines), 1000)
        self.assertLessEqual(len(response_module._status_lines), 1000)
        self.assertLess(max(len(value) for _, value in response_module._field_lines), 100)
