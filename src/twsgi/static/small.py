"""L{SmallFiles}: small files that were sent lately, in memory, with the fields of their heads.

A file that is asked for again costs one C{stat}, by which it is told whether it is still the same
file with the same content; opening, checking and reading it would be five system calls more.
Whatever makes that doubtful makes the entry void: the next request looks at the disk.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Hashable
from typing import Any

from twsgi.static.check import FoundFile, identity
from twsgi.static.conditions import SETTLED

#: Bytes that all files together may have here, and how many files.
LIMIT_BYTES = 8 * 1024 * 1024
LIMIT_FILES = 1024
#: Seconds after which a file is looked up anew, whole path and all: a directory above it may have
#: moved out of the root, which no C{stat} of the file tells.
TRUSTED = 2.0


class SmallFile:
    """
    One file.

    @ivar body: its content.
    @ivar fields: the lines of its head, but for those that each response has of its own.
    @ivar field_count: how many they are.
    """

    __slots__ = ("_earlier", "_same", "_since", "_until", "body", "field_count", "fields")

    def __init__(self, found: FoundFile, body: bytes, since: float, until: float) -> None:
        self._earlier = found.earlier
        self._same = [(found.path, found.identity)]
        if found.original is not None:
            self._same.append((found.original.path, found.original.identity))
        self._since = since
        self._until = until
        self.body = body
        self.fields = b""
        self.field_count = 0

    def good(self, now: float) -> bool:
        """It is what the path means now.  Looks at the disk."""
        # A clock that was set back tells nothing.
        if not self._since <= now < self._until:
            return False
        for path in self._earlier:
            if os.access(path, os.F_OK):
                return False
        try:
            for path, known in self._same:
                if identity(os.stat(path)) != known:
                    return False
        except OSError:
            return False
        return True


class SmallFiles:
    """
    All of them, by what was asked for
    (L{Representations.key <twsgi.static.representation.Representations.key>}).  Reactor thread.

    @ivar size: bytes of all contents.
    """

    def __init__(self, seconds: Callable[[], float]) -> None:
        """
        @param seconds: Unix time.
        """
        self.size = 0
        self._files: dict[Hashable, SmallFile] = {}
        self._seconds = seconds

    def get(self, key: Hashable) -> SmallFile | None:
        """The file that was asked for, if it is here and still the same."""
        file = self._files.get(key)
        if file is None:
            return None
        if not file.good(self._seconds()):
            self._forget(key)
            return None
        return file

    def add(self, key: Hashable, found: FoundFile, momentary: bool = False) -> SmallFile | None:
        """
        Reads a small file.

        @param found: stays the caller's, open.
        @param momentary: its fields are others in the next second.
        @return: the file, whose fields the caller sets; None where it may not be kept.
        """
        now = self._seconds()
        if not 0 <= found.modified < now - SETTLED or found.changed >= now - SETTLED:
            return None
        body = os.pread(found.descriptor, found.size + 1, 0)
        if len(body) != found.size:
            return None
        self._forget(key)
        while self._files and (
            self.size + len(body) > LIMIT_BYTES or len(self._files) >= LIMIT_FILES
        ):
            self._forget(next(iter(self._files)))
        until = math.floor(now) + 1.0 if momentary else now + TRUSTED
        file = self._files[key] = SmallFile(found, body, now, until)
        self.size += len(body)
        return file

    def _forget(self, key: Hashable) -> None:
        file = self._files.pop(key, None)
        if file is not None:
            self.size -= len(file.body)


def send(request: Any, file: SmallFile) -> None:
    """
    The whole response.  Reactor thread.

    @param request: a L{twsgi.web.request.Request}.
    """
    channel = request.channel
    body = b"" if request.head.environ["REQUEST_METHOD"] == "HEAD" else file.body
    head = request.head_of_fields(b"HTTP/1.1 200 OK\r\n" + file.fields, channel.site.date())
    request.head_size = len(head)
    request.header_count = file.field_count
    request.sentLength = len(body)
    close = not request.keep_alive
    channel.site.log(request)
    channel.relay(head + body)
    channel.finish(close)
