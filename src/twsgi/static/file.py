"""L{respond}: one response with a file: C{static.File}'s ranges, their faults mended.

L{CheckedFile} is a L{static.File} on a file that was found and opened by L{twsgi.static.check}:
how parts of a file are sent is its, but

- the file is never looked up again by its name;
- an unknown type is not announced as C{text/html}, and C{x.tar.gz} is not announced as a tar that
  was compressed on the way, which a browser would undo (both as uWSGI);
- C{Last-Modified} is never in the future; conditions are L{twsgi.static.conditions}';
- a suffix longer than the file is the whole file, C{If-Range} is heeded, and a Range that asks for
  many parts, or is malformed, is ignored (RFC 9110, 13.1.5 and 14.2).

The most usual request, for a whole file that is small, takes a shorter way to the same response,
and a still shorter one the second time (L{twsgi.static.small}).
"""

from __future__ import annotations

import os
import re
from collections.abc import Hashable
from typing import Any

from twisted.python.filepath import FilePath
from twisted.web.http import (
    NOT_MODIFIED,
    OK,
    PRECONDITION_FAILED,
    REQUESTED_RANGE_NOT_SATISFIABLE,
)
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET
from twisted.web.static import File

from twsgi.static.check import FoundFile
from twsgi.static.conditions import failed, not_modified, same_representation, unconditional
from twsgi.static.representation import Fields, Representations
from twsgi.static.small import SmallFiles, send
from twsgi.static.transfer import AT_ONCE, Piece, Transfer
from twsgi.web.request import Request

#: Parts that one request may ask for; a Range with more is ignored.
MAX_RANGES = 16
_RANGE = re.compile(rb"bytes=[ \t]*\d*-\d*(?:[ \t]*,[ \t]*\d*-\d*)*[ \t]*\Z")


def respond(
    request: Request,
    found: FoundFile,
    representations: Representations,
    small: SmallFiles,
    key: Hashable,
) -> Any:
    """
    Answers a GET or HEAD with a file.  Reactor thread.

    @param found: this function's from now on; closed when the response is complete or has failed.
    @param representations: tells what is said of it.
    @param small: the small files that are known; if it is one it will be among them.
    @param key: by what it is known there.
    @return: what C{IResource.render} returns.
    """
    try:
        fields = representations.fields(found, request.head.environ)
        if unconditional(request.head.environ):
            if found.size <= AT_ONCE and _send_small(request, found, fields, small, key):
                return NOT_DONE_YET
            if request.head.environ["REQUEST_METHOD"] == "HEAD":
                _set_headers(request, found, fields)
                found.close()
                return b""
            if found.size <= AT_ONCE:
                _set_headers(request, found, fields)
                Transfer(request, found, [Piece(b"", 0, found.size)]).start()
                return NOT_DONE_YET
        return CheckedFile(found, fields).render_GET(request)
    except BaseException:
        found.close()
        raise


def _send_small(
    request: Request, found: FoundFile, fields: Fields, small: SmallFiles, key: Hashable
) -> bool:
    """False where the file cannot be kept."""
    file = small.add(key, found, fields.momentary)
    if file is None:
        return False
    _set_headers(request, found, fields)
    file.fields, file.field_count = request.site.field_lines(request.responseHeaders)
    found.close()
    send(request, file)
    return True


def _set_headers(request: Request, found: FoundFile, fields: Fields) -> None:
    """What L{CheckedFile} sets for a request without conditions, in the same order."""
    set_field = request.responseHeaders.setRawHeaders
    set_field(b"accept-ranges", [b"bytes"])
    set_field(b"last-modified", [fields.last_modified])
    for name, value in fields.others:
        set_field(name, [value])
    set_field(b"content-length", [b"%d" % found.size])
    if fields.kind:
        set_field(b"content-type", [fields.kind.encode("latin-1")])
    if found.coding:
        set_field(b"content-encoding", [found.coding.encode("ascii")])


class CheckedFile(File):
    """One response with a L{FoundFile}, which is closed at its end."""

    contentEncodings = {}

    def __init__(self, found: FoundFile, fields: Fields) -> None:
        # Not File's constructor: it makes a registry for resources in files.
        Resource.__init__(self)
        FilePath.__init__(self, os.fsdecode(found.real))
        self._found = found
        self._fields = fields
        self.defaultType = ""
        self.type = fields.kind
        self.encoding = found.coding or None

    def render_GET(self, request: Any) -> Any:
        """C{GET} and C{HEAD}."""
        fields = self._fields
        environ = request.head.environ
        if failed(environ, fields.tag, fields.modified):
            return self._bodiless(request, PRECONDITION_FAILED)
        request.setHeader(b"accept-ranges", b"bytes")
        request.setHeader(b"last-modified", fields.last_modified)
        for name, value in fields.others:
            request.setHeader(name, value)
        if not_modified(environ, fields.tag, fields.modified):
            return self._bodiless(request, NOT_MODIFIED)
        if environ["REQUEST_METHOD"] == "HEAD":
            self._setContentHeaders(request)
            self._found.close()
            return b""
        self.makeProducer(request, self._found).start()
        return NOT_DONE_YET

    def _bodiless(self, request: Any, status: int) -> bytes:
        request.setResponseCode(status)
        if status != NOT_MODIFIED:
            request.setHeader(b"content-length", b"0")
        self._found.close()
        return b""

    def getFileSize(self) -> int:
        """Bytes."""
        return self._found.size

    # Ranges.

    def makeProducer(self, request: Any, fileForReading: Any) -> Any:
        """
        Sets status and fields.

        @param fileForReading: the L{FoundFile}.
        @return: a L{Transfer}, to be started.
        """
        return Transfer(request, self._found, self._pieces(request))

    def _pieces(self, request: Any) -> list[Piece]:
        pieces = self._parts(request)
        if request.code == REQUESTED_RANGE_NOT_SATISFIABLE:
            # Neither is an error to be kept, nor is nothing in a coding.
            request.responseHeaders.removeHeader(b"expires")
            request.responseHeaders.removeHeader(b"content-encoding")
        return pieces

    def _parts(self, request: Any) -> list[Piece]:
        ranges = self._ranges(request)
        if ranges is None:
            self._setContentHeaders(request)
            request.setResponseCode(OK)
            return [Piece(b"", 0, self.getFileSize())]
        if len(ranges) == 1:
            offset, size = self._doSingleRangeRequest(request, ranges[0])
            self._setContentHeaders(request, size)
            return [Piece(b"", offset, size)]
        parts = self._doMultipleRangeRequest(request, ranges)
        # Where no part is satisfiable File returns something else, and chokes on it.
        return [Piece(*part) for part in parts] if isinstance(parts, list) else []

    def _ranges(self, request: Any) -> list[tuple[int | None, int | None]] | None:
        """What the Range field asks for, or None where it is to be ignored."""
        field = request.getHeader(b"range")
        if field is None or _RANGE.match(field) is None or field.count(b",") >= MAX_RANGES:
            return None
        fields = self._fields
        validator = request.head.environ.get("HTTP_IF_RANGE")
        if validator is not None and not same_representation(
            validator, fields.tag, fields.last_modified.decode("ascii")
        ):
            return None
        # What several parts are of would be said of all that is around them.
        if self.encoding and b"," in field:
            return None
        try:
            ranges: list[tuple[int | None, int | None]] = self._parseRangeHeader(field)
        except ValueError:
            return None
        return ranges

    def _rangeToOffsetAndSize(self, start: int | None, end: int | None) -> tuple[int, int]:
        size = self.getFileSize()
        if start is None and end is not None and end > size:
            start, end = (0, None) if size else (size, None)
        offset, count = super()._rangeToOffsetAndSize(start, end)
        return offset, count
