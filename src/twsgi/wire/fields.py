"""The two parsers of a request's header fields behind one interface.

A parser is given a complete head, request line and empty line included, and returns its fields
in order, values without the white space around them.  It knows grammar alone; what the fields
mean is L{twsgi.wire.head}'s.  Both refuse the same heads and return the same fields.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from twsgi.errors import HTTPError
from twsgi.wire.grammar import FIELD_LINE

try:
    import httptools
except ImportError:  # PyPy, or a platform without a wheel
    httptools = None  # type: ignore[assignment]

Fields = list[tuple[bytes, bytes]]
FieldParser = Callable[[bytes], Fields]


def parse_fields(head: bytes) -> Fields:
    """
    The fields of a complete head, by regular expression: the reference.

    @raise HTTPError: 400.
    """
    position = head.index(b"\r\n") + 2
    end = len(head) - 2
    fields: Fields = []
    match = FIELD_LINE.match
    while position < end:
        found = match(head, position)
        if found is None:
            raise HTTPError(400, f"not a header field: {head[position : position + 60]!r}")
        fields.append((found[1], found[2]))
        position = found.end()
    return fields


class LlhttpParser:
    """
    llhttp, by way of httptools.  One instance serves any number of connections, for it is only
    ever given complete heads; that keeps its traps away (a body dropped after C{Upgrade}, a target
    in pieces, quadratic growth).  One thread.
    """

    _goes_on: bool
    _parser: Any

    def __init__(self) -> None:
        self._renew()

    def __call__(self, head: bytes) -> Fields:
        """
        The fields of a complete head.

        @raise HTTPError: 400.
        """
        fields: Fields = []
        self._fields = fields
        self._headers_complete = self._message_complete = False
        try:
            self._parser.feed_data(head)
        except httptools.HttpParserUpgrade:
            self._message_complete = False
        except httptools.HttpParserError:
            # Its list of methods, what it thinks of codings, and what the request before left
            # behind (C{Connection: keep-alive, close}) refuse heads that are well formed.
            self._renew()
            return parse_fields(head)
        if not (self._message_complete and self._goes_on):
            # llhttp would go on with a body, or refuse to go on at all.
            self._renew()
        return fields if self._headers_complete else parse_fields(head)

    def on_header(self, name: bytes, value: bytes) -> None:
        """httptools: a field."""
        self._fields.append((name, value.rstrip(b" \t")))

    def on_headers_complete(self) -> None:
        """httptools: the empty line was seen."""
        self._headers_complete = True
        # Only now does it tell: at the end of the message it has forgotten.
        self._goes_on = self._parser.should_keep_alive()

    def on_message_complete(self) -> None:
        """httptools: there is no body."""
        self._message_complete = True

    def _renew(self) -> None:
        self._goes_on = True
        self._parser = httptools.HttpRequestParser(self)


def field_parser() -> FieldParser:
    """
    The parser to use: llhttp's where it is installed; C{TWSGI_PARSER=python} in the environment
    chooses ours.
    """
    if httptools is None or os.environ.get("TWSGI_PARSER") == "python":
        return parse_fields
    return LlhttpParser()
