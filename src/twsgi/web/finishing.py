"""
L{Finishing}: what the operator adds to every response, takes from it, and says instead of the
server (C{add-header}, C{del-header}, C{error-page-500} and the like).

Who asked for nothing pays nothing: what runs for each response is chosen at the start.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from twsgi.settings.headers import FRAMING, parted
from twsgi.settings.model import Settings
from twsgi.web.pages import ErrorPages, absolute

if TYPE_CHECKING:
    from twisted.web.http_headers import Headers

#: Those that C{error-page-...} is there for.
_STATUSES = (403, 404, 500, 502, 503, 504)
_PLAIN = "text/plain"
_HTML = "text/html"


class Finishing:
    """
    @ivar added: the fields that every response gets, last.
    @ivar removed: names, in lower case, of fields that it has not; those in C{added} stay.
    @ivar added_lines: C{added} as a head has them.
    """

    def __init__(
        self,
        added: list[tuple[str, str]],
        removed: frozenset[str],
        page: Callable[[int], bytes | None],
    ) -> None:
        """
        @param page: what the server says with a status, None: its own words.  Any thread.
        """
        self.added = added
        self.removed = removed
        self.added_lines = "".join(f"{name}: {value}\r\n" for name, value in added)
        self._page = page
        self._encoded = self.added_lines.encode("latin-1")
        self._removed = frozenset(name.encode("latin-1") for name in removed)

    def fields(self, fields: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """The fields of an application's response as they are to be sent."""
        removed = self.removed
        if removed:
            fields = [field for field in fields if field[0].lower() not in removed]
        return fields + self.added

    def field_lines(self, headers: Headers) -> tuple[bytes, int]:
        """As L{field_lines}."""
        lines, count = field_lines(headers, self._removed)
        return lines + self._encoded, count + len(self.added)

    def error(self, status: int, words: str) -> tuple[str, bytes]:
        """
        What the server says with C{status}: its type and the text.

        @param words: the server's own.
        """
        page = self._page(status)
        return (_PLAIN, words.encode("latin-1")) if page is None else (_HTML, page)


#: Where nobody has asked for anything.
PLAIN = Finishing([], frozenset(), lambda status: None)


def finishing(settings: Settings, start: str, log: Callable[[str], None]) -> Finishing:
    """
    What the operator has asked for.

    @param start: the directory where relative paths start.
    @param log: see L{ErrorPages}.
    """
    files = {
        status: absolute(getattr(settings, f"error_page_{status}"), start) for status in _STATUSES
    }
    return Finishing(
        parted(settings.add_header)[0],
        frozenset(name.lower() for name in settings.del_header) - FRAMING,
        ErrorPages(files, log, time.monotonic).page,
    )


#: What none of C{twisted.web}'s responses has from a resource: it is the connection's.
_OF_THE_CONNECTION = frozenset({b"connection", b"keep-alive"})


def field_lines(headers: Headers, removed: frozenset[bytes] = frozenset()) -> tuple[bytes, int]:
    """
    Fields as they are sent, but for those that are the connection's, and C{removed}; and how many
    they are.
    """
    lines: list[bytes] = []
    for name, values in headers.getAllRawHeaders():
        lower = name.lower()
        if lower not in _OF_THE_CONNECTION and lower not in removed:
            lines += [b"%b: %b\r\n" % (name, value) for value in values]
    return b"".join(lines), len(lines)
