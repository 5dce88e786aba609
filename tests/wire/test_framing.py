"""L{twsgi.wire.head}: where a message ends, what becomes of its connection; any bytes at all."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.wire.headcase import HeadCase, made, read
from tests.wire.heads import heads, mutated_heads
from twsgi.errors import HTTPError
from twsgi.wire.fields import parse_fields
from twsgi.wire.head import check_incomplete, request_head


class FramingTests(HeadCase):
    """One framing or a refusal (classes S1 to S5 and S8)."""

    def framing(self, *fields: bytes, minor: int = 1) -> tuple[int, bool]:
        """Length and chunked."""
        head = read(made(b"POST / HTTP/1.%d" % minor, b"Host: a", *fields))
        return head.length, head.chunked

    def test_good(self) -> None:
        """A length, chunks, or no body."""
        self.assertEqual(self.framing(), (0, False))
        self.assertEqual(self.framing(minor=0), (0, False))
        self.assertEqual(self.framing(b"Content-Length: 3"), (3, False))
        self.assertEqual(self.framing(b"Content-Length: 3", minor=0), (3, False))
        self.assertEqual(self.framing(b"Content-Length: 007"), (7, False))
        self.assertEqual(self.framing(b"Content-Length: 999999999999999999"), (10**18 - 1, False))
        self.assertEqual(self.framing(b"Transfer-Encoding: chunked"), (0, True))
        self.assertEqual(self.framing(b"transfer-encoding: CHUNKED "), (0, True))

    def test_coding_is_the_servers(self) -> None:
        """The application never sees a transfer coding that is undone."""
        self.assertNotIn("HTTP_TRANSFER_ENCODING", self.environ(b"Transfer-Encoding: chunked"))

    def test_both(self) -> None:
        """A length beside a coding is refused, in any order, whatever they say."""
        for length in (b"0", b"3", b"x"):
            for coding in (b"chunked", b"xchunked", b""):
                fields = [b"Content-Length: " + length, b"Transfer-Encoding: " + coding]
                self.refused(made(b"POST / HTTP/1.1", b"Host: a", *fields))
                self.refused(made(b"POST / HTTP/1.1", b"Host: a", *reversed(fields)))

    def test_length_refused(self) -> None:
        """A length is one run of digits that a number can have."""
        for length in (
            b"+3",
            b"-3",
            b"0x3",
            b"1_0",
            b"3abc",
            b"",
            b"3, 3",
            b"3,3",
            b"3 3",
            b"3.0",
            b"\xb2",
            b"\xd9\xa3",
            b"18446744073709551619",
            b"9223372036854775808",
        ):
            self.refused(made(b"POST / HTTP/1.1", b"Host: a", b"Content-Length: " + length))

    def test_length_twice(self) -> None:
        """Two lengths are refused, the same or not, also in another case."""
        for second in (b"Content-Length: 3", b"content-length: 0", b"CONTENT-LENGTH:"):
            self.refused(made(b"POST / HTTP/1.1", b"Host: a", b"Content-Length: 3", second))

    def test_coding_refused(self) -> None:
        """A coding other than chunked is not understood: 501; what is no coding is a fault: 400."""
        for coding, status in (
            (b"xchunked", 501),
            (b"identity", 501),
            (b"gzip", 501),
            (b"", 400),
            (b"chunked;q=1", 400),
            (b'"chunked"', 400),
            (b"chunked\xa0", 400),
            (b"chunked chunked", 400),
            (b"chunked, identity", 400),
            (b"identity, chunked", 400),
            (b"gzip, chunked", 400),
            (b"chunked, chunked", 400),
            (b"chunked,", 400),
            (b",chunked", 400),
        ):
            line = b"Transfer-Encoding: " + coding
            self.refused(made(b"POST / HTTP/1.1", b"Host: a", line), status)

    def test_coding_disguised(self) -> None:
        """Control characters around a coding are refused."""
        for line in (
            b"Transfer-Encoding: \x0bchunked",
            b"Transfer-Encoding: chunked\x0c",
            b"Transfer-Encoding : chunked",
            b"Transfer-Encoding\xa0: chunked",
            b"Transfer-Encoding:\r\n chunked",
        ):
            self.refused(made(b"POST / HTTP/1.1", b"Host: a", line))

    def test_coding_twice(self) -> None:
        """Two codings are refused."""
        for second in (b"Transfer-Encoding: chunked", b"transfer-encoding: identity"):
            self.refused(
                made(b"POST / HTTP/1.1", b"Host: a", b"Transfer-Encoding: chunked", second)
            )

    def test_coding_in_http10(self) -> None:
        """HTTP/1.0 has no codings."""
        self.refused(made(b"POST / HTTP/1.0", b"Transfer-Encoding: chunked"))


class ConnectionTests(HeadCase):
    """What the client says of its connection."""

    def test_keep_alive(self) -> None:
        """HTTP/1.1 stays unless it says close, HTTP/1.0 closes unless it says keep-alive."""
        for minor, connection, expected in (
            (1, None, True),
            (0, None, False),
            (1, b"close", False),
            (1, b"Close", False),
            (1, b"foo, close", False),
            (1, b"keep-alive, close", False),
            (1, b"upgrade, HTTP2-Settings", True),
            (1, b"closed", True),
            (0, b"keep-alive", True),
            (0, b"Keep-Alive, TE", True),
            (0, b"keep-alive,close", False),
            (0, b"foo", False),
        ):
            fields = [] if connection is None else [b"Connection: " + connection]
            head = read(made(b"GET / HTTP/1.%d" % minor, b"Host: a", *fields))
            self.assertEqual(head.keep_alive, expected, (minor, connection))

    def test_upgrade(self) -> None:
        """A request to upgrade is a request like any other: the server stays with HTTP/1.1."""
        head = read(made(b"GET / HTTP/1.1", b"Host: a", b"Upgrade: h2c", b"Connection: Upgrade"))
        self.assertEqual(head.environ["HTTP_UPGRADE"], "h2c")
        self.assertTrue(head.keep_alive)

    def test_expect(self) -> None:
        """100-continue is expected where a body follows, in HTTP/1.1."""
        for line, fields, expected in (
            (b"POST / HTTP/1.1", [b"Content-Length: 3"], True),
            (b"POST / HTTP/1.1", [b"Transfer-Encoding: chunked"], True),
            (b"POST / HTTP/1.1", [b"Content-Length: 0"], False),
            (b"GET / HTTP/1.1", [], False),
            (b"POST / HTTP/1.0", [b"Content-Length: 3"], False),
        ):
            head = read(made(line, b"Host: a", b"Expect: 100-Continue", *fields))
            self.assertEqual(head.expects_continue, expected, (line, fields))
        self.assertFalse(
            read(made(b"POST / HTTP/1.1", b"Host: a", b"Content-Length: 3")).expects_continue
        )

    def test_expect_refused(self) -> None:
        """Any other expectation, or the same twice, cannot be met."""
        for fields in (
            [b"Expect: bogus"],
            [b"Expect:"],
            [b"Expect: 100-continue", b"Expect: 100-continue"],
        ):
            self.refused(made(b"POST / HTTP/1.1", b"Host: a", b"Content-Length: 3", *fields), 417)
        read(made(b"POST / HTTP/1.0", b"Expect: bogus"))


class PropertyTests(SynchronousTestCase):
    """Whatever comes."""

    def incomplete(self, data: bytes, end: int = 3, limit: int = 100) -> int | None:
        """What an incomplete head is answered with, or None."""
        try:
            check_incomplete(data, end, limit)
        except HTTPError as error:
            return error.status
        return None

    def test_incomplete(self) -> None:
        """What can still become a head is waited for, what cannot is refused at once."""
        for data, status in (
            (b"", None),
            (b"\r", None),
            (b"GET / HTTP/1.1\r", None),
            (b"GET / HTTP/1.1\r\nA: b\r\n", None),
            (b"\n", 400),
            (b" ", 400),
            (b"\rG", 400),
            (b"\0", 400),
            (b"GET / HTTP/1.1\n", 400),
            (b"GET / HTTP/1.1\r\nA: b\n", 400),
            (b"GET / HTTP/1.1\r\nA\n: b\r\n", 400),
            (b"a" * 100, None),
            (b"a" * 101, 414),
            (b"a" * 99 + b"\r\n", 414),
            (b"a\r\n" + b"b" * 97, None),
            (b"a\r\n" + b"b" * 98, 431),
        ):
            self.assertEqual(self.incomplete(data), status, data)
        self.assertEqual(self.incomplete(b"a\r\n" + b"b" * 95 + b"\r\n\r\n", 102), 431)
        self.assertEqual(self.incomplete(b"a" * 100 + b"\r\n\r\n", 104), 414)

    @settings(deadline=None, max_examples=100)
    @given(heads(), st.integers(0, 10**6))
    def test_beginnings(self, data: bytes, cut: int) -> None:
        """The beginning of a head, wherever it is cut, is never refused for what is missing."""
        self.assertIsNone(self.incomplete(data[: cut % len(data)], 3, 10**6))

    @settings(deadline=None, max_examples=200)
    @given(mutated_heads(), st.integers(0, 10**6))
    def test_beginnings_refused(self, data: bytes, cut: int) -> None:
        """Where the beginning is refused so is the whole."""
        if self.incomplete(data[: cut % len(data)], 3, 10**6) is not None:
            self.assertRaises(HTTPError, request_head, data, parse_fields)

    @settings(deadline=None, max_examples=200)
    @given(mutated_heads())
    def test_result(self, data: bytes) -> None:
        """A head is refused with an L{HTTPError}, or its variables are PEP 3333's strings."""
        try:
            head = request_head(data, parse_fields)
        except HTTPError as error:
            self.assertIn(error.status, (400, 417, 501, 505))
            return
        for name, value in head.environ.items():
            self.assertIs(type(name), str)
            self.assertIs(type(value), str)
            self.assertNotRegex(name + value, "[\0\r\n]")
            value.encode("latin-1")
        self.assertFalse(head.chunked and head.length)
        self.assertIn(head.environ["PATH_INFO"][:1], ("/", "*"))
        self.assertNotIn("HTTP_PROXY", head.environ)
