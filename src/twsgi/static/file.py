"""L{respond}: one response with a file: C{static.File}'s, its faults mended.

L{CheckedFile} is a L{static.File} on a file that was found and opened by L{twsgi.static.check}:
types, conditions and ranges are its, but

- the file is never looked up again by its name;
- an unknown type is not announced as C{text/html}, and C{x.tar.gz} is not announced as a tar that
  was compressed on the way, which a browser would undo (both as uWSGI);
- C{Last-Modified} is never in the future; a date nobody can have meant is no error;
- a suffix longer than the file is the whole file, C{If-Range} is heeded, and a Range that asks for
  many parts, or is malformed, is ignored (RFC 9110, 13.1.5 and 14.2).

The most usual request, for a whole file that is small, takes a shorter way to the same response,
and a still shorter one the second time (L{twsgi.static.small}).
"""

from __future__ import annotations

import os
import re
from typing import Any

from twisted.python.filepath import FilePath
from twisted.web.http import OK, datetimeToString, stringToDatetime
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET
from twisted.web.static import File

from twsgi.static.check import FoundFile
from twsgi.static.small import SmallFiles, send
from twsgi.static.transfer import AT_ONCE, Piece, Transfer
from twsgi.web.request import Request, field_lines

#: Parts that one request may ask for; a Range with more is ignored.
MAX_RANGES = 16
_RANGE = re.compile(rb"bytes=[ \t]*\d*-\d*(?:[ \t]*,[ \t]*\d*-\d*)*[ \t]*\Z")
#: 9999-12-31, the last day that a date field can name.
_LAST_DAY = 253402300799


def plain(request: Request) -> bool:
    """The request is for a whole file, whatever it was before."""
    environ = request.head.environ
    return "HTTP_RANGE" not in environ and "HTTP_IF_MODIFIED_SINCE" not in environ


def respond(request: Request, found: FoundFile, small: SmallFiles) -> Any:
    """
    Answers a GET or HEAD with a file.  Reactor thread.

    @param found: this function's from now on; closed when the response is complete or has failed.
    @param small: the small files that are known; if it is one it will be among them.
    @return: what C{IResource.render} returns.
    """
    try:
        if plain(request):
            if found.size <= AT_ONCE and _send_small(request, found, small):
                return NOT_DONE_YET
            if request.head.environ["REQUEST_METHOD"] == "HEAD":
                _set_headers(request, found)
                found.close()
                return b""
            if found.size <= AT_ONCE:
                _set_headers(request, found)
                Transfer(request, found, [Piece(b"", 0, found.size)]).start()
                return NOT_DONE_YET
        return CheckedFile(found).render_GET(request)
    except BaseException:
        found.close()
        raise


def _send_small(request: Request, found: FoundFile, small: SmallFiles) -> bool:
    """False where the file cannot be kept."""
    file = small.add(request.head.environ["PATH_INFO"], found)
    if file is None:
        return False
    _set_headers(request, found)
    file.fields, file.field_count = field_lines(request.responseHeaders)
    found.close()
    send(request, file)
    return True


def _set_headers(request: Request, found: FoundFile) -> None:
    """What L{CheckedFile} sets for a request without conditions, in the same order."""
    set_field = request.responseHeaders.setRawHeaders
    set_field(b"accept-ranges", [b"bytes"])
    set_field(b"content-length", [b"%d" % found.size])
    kind = content_type(found)
    if kind:
        set_field(b"content-type", [kind.encode("latin-1")])
    set_field(b"last-modified", [datetimeToString(modified(found))])


def content_type(found: FoundFile) -> str:
    """The type by the name's extension; else by that of what the name is a link to; else ""."""
    types = File.contentTypes
    kind = types.get(_extension(found.name))
    return kind or types.get(_extension(found.real)) or ""


def _extension(path: bytes) -> str:
    return os.path.splitext(path)[1].lower().decode("latin-1")


def modified(found: FoundFile) -> int:
    """C{Last-Modified} as Unix time: whole seconds, rounded down, of a year with four digits."""
    return min(max(0, int(found.modified)), _LAST_DAY)


class CheckedFile(File):
    """One response with a L{FoundFile}, which is closed at its end."""

    contentEncodings = {}

    def __init__(self, found: FoundFile) -> None:
        # Not File's constructor: it makes a registry for resources in files.
        Resource.__init__(self)
        FilePath.__init__(self, os.fsdecode(found.real))
        self._found = found
        self.defaultType = ""
        self.type = content_type(found)
        self.encoding = None

    def render_GET(self, request: Any) -> Any:
        """C{GET} and C{HEAD}."""
        headers = request.requestHeaders
        date = headers.getRawHeaders(b"if-modified-since")
        if date is not None and not _is_date(date[-1].partition(b";")[0]):
            headers.removeHeader(b"if-modified-since")
        return super().render_GET(request)

    # What File asks the disk for by name.

    def restat(self, reraise: bool = True) -> None:
        """It has been looked at when it was opened."""

    def exists(self) -> bool:
        """It is open."""
        return True

    def isdir(self) -> bool:
        """It is a regular file."""
        return False

    def openForReading(self) -> Any:
        """It is open."""
        return self._found

    def getFileSize(self) -> int:
        """Bytes."""
        return self._found.size

    def getModificationTime(self) -> int:
        """Unix time."""
        return modified(self._found)

    # Ranges.

    def makeProducer(self, request: Any, fileForReading: Any) -> Any:
        """
        Sets status and fields.

        @param fileForReading: the L{FoundFile}.
        @return: a L{Transfer}, to be started.
        """
        return Transfer(request, self._found, self._pieces(request))

    def _pieces(self, request: Any) -> list[Piece]:
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
        validator = request.getHeader(b"if-range")
        if validator is not None and validator != datetimeToString(modified(self._found)):
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


def _is_date(text: bytes) -> bool:
    try:
        stringToDatetime(text)
    except (ValueError, IndexError, OverflowError):
        return False
    return True
