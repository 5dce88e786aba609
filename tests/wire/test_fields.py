"""L{twsgi.wire.fields}: two parsers, one answer."""

from __future__ import annotations

import os
from time import process_time
from typing import Any
from unittest import skipIf

from hypothesis import example, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.wire.heads import heads, mutated_heads
from twsgi.errors import HTTPError
from twsgi.wire import fields
from twsgi.wire.fields import FieldParser, LlhttpParser, field_parser, parse_fields
from twsgi.wire.head import request_head

#: Fields as they stand in a head, and what they are.
GOOD = [
    (b"A: b", [(b"A", b"b")]),
    (b"A:b", [(b"A", b"b")]),
    (b"A: \t b \t", [(b"A", b"b")]),
    (b"A: b  \t c", [(b"A", b"b  \t c")]),
    (b"A:", [(b"A", b"")]),
    (b"A: \t ", [(b"A", b"")]),
    (b"A:\r\nB:", [(b"A", b""), (b"B", b"")]),
    (b"A: :b:", [(b"A", b":b:")]),
    (b"A: \x80\xff", [(b"A", b"\x80\xff")]),
    (b"a: 1\r\nA: 2\r\na: 3", [(b"a", b"1"), (b"A", b"2"), (b"a", b"3")]),
    (b"!#$%&'*+.^_`|~-9: x", [(b"!#$%&'*+.^_`|~-9", b"x")]),
    (b"Upgrade: h2c\r\nConnection: Upgrade", [(b"Upgrade", b"h2c"), (b"Connection", b"Upgrade")]),
    (b"Keep-Alive: 300", [(b"Keep-Alive", b"300")]),
    (b"Transfer-Encoding: gzip", [(b"Transfer-Encoding", b"gzip")]),
]

#: Classes S6, S7, S13 to S16: what is no field, in every way that was ever let through.
BAD = [
    b"A",
    b": b",
    b"A : b",
    b"A\t: b",
    b" A: b",
    b"\tA: b",
    b"A: b\r\n c",
    b"A: b\r\n\tc",
    b"Transfer-Encoding:\r\n chunked",
    b"A: b\rc",
    b"A: b\nX: c",
    b"A: b\n",
    b"A: b\r",
    b"A: \0",
    b"A\0: b",
    b"A: \x0bb",
    b"A: \x0cb",
    b"A: \x7f",
    b"A\x7f: b",
    b"A(: b",
    b"A b: c",
    b"\xe9: b",
    b"A\xa0: b",
    b"A\x85: b",
    b'"A": b',
]


def head(*lines: bytes) -> bytes:
    """A head with these field lines."""
    return b"\r\n".join((b"GET / HTTP/1.1", *lines)) + b"\r\n\r\n"


def outcome(parse: FieldParser, data: bytes) -> object:
    """What the policy on heads makes of C{data} with this parser."""
    try:
        found = request_head(data, parse)
    except HTTPError as error:
        return error.status
    return {name: getattr(found, name) for name in type(found).__slots__}


class GrammarMixin:
    """What both parsers answer."""

    parse: FieldParser

    def test_good(self: SynchronousTestCase) -> None:
        """Fields are returned in order, as they were sent, without the white space around them."""
        for lines, expected in GOOD:
            self.assertEqual(self.parse(head(lines)), expected, lines)

    def test_bad(self: SynchronousTestCase) -> None:
        """What is not a field is refused with 400, wherever it stands."""
        for line in BAD:
            for data in (head(line), head(b"Host: a", line), head(b"Host: a", line, b"B: c")):
                error = self.assertRaises(HTTPError, self.parse, data)
                self.assertEqual(error.status, 400, line)

    def test_none(self: SynchronousTestCase) -> None:
        """A head without fields has none."""
        self.assertEqual(self.parse(head()), [])

    def test_linear(self: Any) -> None:
        """
        No field costs more than it is long, refused or not: 60000 bytes, for which a search that
        tries all ways of dividing them would take seconds.
        """
        blanks, words = b" " * 60000, b"b " * 30000
        for line in (b"A:" + blanks, b"A:" + blanks + b"b", b"A: " + words, blanks + b"A: b"):
            for data in (head(line), head(line + b"\0"), head(b"A: b", line + b"\r c")):
                before = process_time()
                try:
                    self.parse(data)
                except HTTPError:
                    pass
                self.assertLess(process_time() - before, 0.5, data[:30])

    def test_many(self: SynchronousTestCase) -> None:
        """Two thousand fields are as good as one; a limit is the channel's."""
        lines = [b"X-%d: %d" % (number, number) for number in range(2000)]
        self.assertEqual(len(self.parse(head(*lines))), 2000)


class ReferenceTests(GrammarMixin, SynchronousTestCase):
    """Ours, by regular expression."""

    parse = staticmethod(parse_fields)


@skipIf(fields.httptools is None, "httptools is not installed")
class LlhttpTests(GrammarMixin, SynchronousTestCase):
    """llhttp's."""

    def setUp(self) -> None:
        """One instance for all heads, as it is used."""
        self.parse = LlhttpParser()

    def test_previous_head(self) -> None:
        """Whatever a head says of connection, body or upgrade, the next is read as if first."""
        plain = head(b"Host: a")
        firsts = [
            head(b"Connection: close"),
            head(b"Connection: keep-alive, close"),
            head(b"Connection: close, keep-alive"),
            head(b"Proxy-Connection: close"),
            head(b"Upgrade: h2c", b"Connection: Upgrade"),
            head(b"Upgrade: h2c", b"Connection: Upgrade", b"Content-Length: 9"),
            head(b"Upgrade: h2c", b"Connection: Upgrade", b"Transfer-Encoding: chunked"),
            head(b"Content-Length: 3"),
            head(b"Transfer-Encoding: chunked"),
            head(b"Transfer-Encoding: gzip"),
            b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
            b"GET / HTTP/1.0\r\n\r\n",
            b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
            b"FOO / HTTP/1.1\r\n\r\n",
            b"PRI / HTTP/1.1\r\n\r\n",
            b"POST / HTTP/1.1\r\n\r\n",
        ]
        for first in firsts:
            for second in (plain, *firsts):
                self.parse(first)
                self.assertEqual(self.parse(second), parse_fields(second), (first, second))

    def test_last_requests(self) -> None:
        """Whatever a head says of its connection, llhttp itself reads the next."""
        self.patch(fields, "parse_fields", self.fail)
        parse = LlhttpParser()
        for _ in range(3):
            for head in (
                b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n",
                b"GET / HTTP/1.0\r\nHost: a\r\n\r\n",
                b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
            ):
                self.assertEqual(len(parse(head)), 1)

    def test_after_refusal(self) -> None:
        """A head that is refused leaves nothing behind."""
        for line in BAD:
            self.assertRaises(HTTPError, self.parse, head(line))
            self.assertEqual(self.parse(head(b"A: b")), [(b"A", b"b")], line)

    def test_methods(self) -> None:
        """Any token is a method, whatever llhttp knows of it."""
        for method in (
            b"FOO",
            b"get",
            b"PRI",
            b"PLAY",
            b"DESCRIBE",
            b"CONNECT",
            b"M-SEARCH",
            b"X!",
        ):
            data = method + b" /x HTTP/1.1\r\nHost: a\r\n\r\n"
            self.assertEqual(self.parse(data), [(b"Host", b"a")], method)

    def test_incomplete(self) -> None:
        """What llhttp takes for the beginning of a head is the reference's to judge."""
        self.parse(head())
        data = b"GET / HTTP/1.1\r\n\r\n"[:-2]
        self.assertEqual(self.parse(data), parse_fields(data))


@skipIf(fields.httptools is None, "httptools is not installed")
class AgreementTests(SynchronousTestCase):
    """Both parsers under the one policy."""

    @settings(deadline=None, max_examples=100)
    @given(st.lists(heads(), min_size=1, max_size=6))
    def test_valid(self, several: list[bytes]) -> None:
        """A parser that has read any number of heads reads the next as the reference does."""
        parse = LlhttpParser()
        for data in several:
            self.assertEqual(parse(data), parse_fields(data))
            self.assertEqual(outcome(parse, data), outcome(parse_fields, data))

    @settings(deadline=None, max_examples=250)
    @given(st.lists(mutated_heads(), min_size=1, max_size=4))
    @example([b"GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n c\r\n\r\n"])
    def test_mutated(self, several: list[bytes]) -> None:
        """Of a head with faults both say the same: the same status, or the same fields."""
        parse = LlhttpParser()
        for data in several:
            self.assertEqual(outcome(parse, data), outcome(parse_fields, data))


class ChoiceTests(SynchronousTestCase):
    """L{field_parser}."""

    @skipIf(fields.httptools is None, "httptools is not installed")
    def test_default(self) -> None:
        """llhttp's where it is there."""
        self.patch(os, "environ", {})
        self.assertIsInstance(field_parser(), LlhttpParser)

    def test_chosen(self) -> None:
        """TWSGI_PARSER=python chooses ours."""
        self.patch(os, "environ", {"TWSGI_PARSER": "python"})
        self.assertIs(field_parser(), parse_fields)

    def test_missing(self) -> None:
        """Without httptools it is ours."""
        self.patch(os, "environ", {})
        self.patch(fields, "httptools", None)
        self.assertIs(field_parser(), parse_fields)
