"""L{Representations}: which representation of a file is sent, and with which fields.

What nobody has asked for is not looked for: a part that is None costs nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Mapping
from operator import itemgetter
from typing import NamedTuple

from twisted.web.http import datetimeToString

from twsgi.static.check import FoundFile, StaticRoots
from twsgi.static.compressed import Compressed, accepted
from twsgi.static.conditions import entity_tag
from twsgi.static.expiry import Expiry
from twsgi.static.types import content_type

#: 9999-12-31, the last day that a date field can name.
_LAST_DAY = 253402300799


class Fields(NamedTuple):
    """
    What is said of a file.

    @ivar kind: its type; empty: unknown.
    @ivar modified: Unix time, as a date field can have it.
    @ivar tag: its ETag.
    @ivar others: fields that go out with 304 as well as with the file.
    @ivar momentary: they are others in the next second.
    """

    kind: str
    modified: int
    tag: str
    others: list[tuple[bytes, bytes]]
    momentary: bool

    @property
    def last_modified(self) -> bytes:
        """The date field."""
        date: bytes = datetimeToString(self.modified)
        return date


class Representations:
    """
    How files are sent.  Reactor thread: it looks at the disk.

    @ivar key: what two requests have in common that are answered alike, from their variables.
    """

    def __init__(
        self,
        types: Mapping[str, str],
        expiry: Expiry | None = None,
        compressed: Compressed | None = None,
        seconds: Callable[[], float] = time.time,
    ) -> None:
        """
        @param types: by ending.
        @param compressed: None: files are sent as they are.
        @param seconds: Unix time.
        """
        self._types = types
        self._expiry = expiry
        self._compressed = compressed
        self._seconds = seconds
        path: Callable[[dict[str, str]], Hashable] = itemgetter("PATH_INFO")
        if expiry is not None and expiry.by_uri:
            path = itemgetter("PATH_INFO", "REQUEST_URI")
        self.key = (
            path if compressed is None else lambda environ: (path(environ), _codings(environ))
        )

    def select(self, roots: StaticRoots, found: FoundFile, environ: Mapping[str, str]) -> FoundFile:
        """
        The file to send for C{found}, which is closed if it is another.

        @param environ: the request's CGI variables.
        """
        compressed = self._compressed
        if compressed is None or not compressed.may_stand_for(found):
            return found
        return compressed.choose(roots, found, _codings(environ))

    def fields(self, found: FoundFile, environ: Mapping[str, str]) -> Fields:
        """
        What is said of a file.

        @param environ: the request's CGI variables.
        """
        now = self._seconds()
        modified = _date(found.modified)
        kind = content_type(found, self._types)
        tag = entity_tag(found, now)
        others = [(b"etag", tag.encode("ascii"))]
        momentary = False
        if self._expiry is not None:
            lifetime = self._expiry.of(environ, found, kind)
            if lifetime is not None:
                seconds, since_change = lifetime
                momentary = not since_change
                expires = _date((modified if since_change else now) + seconds)
                others.append((b"expires", datetimeToString(expires)))
        if self._compressed is not None and self._compressed.may_stand_for(found.original or found):
            others.append((b"vary", b"Accept-Encoding"))
        return Fields(kind, modified, tag, others, momentary)


def _codings(environ: Mapping[str, str]) -> tuple[str, ...]:
    return accepted(environ.get("HTTP_ACCEPT_ENCODING", ""))


def _date(seconds: float) -> int:
    """Unix time, rounded down, as a date field can have it: up to the year 9999."""
    return min(max(int(seconds), 0), _LAST_DAY)
