"""L{Spool}: what a slow client has not read of its response yet, on disk instead of in a core.

What waits for a client is kept in memory up to a mark; beyond it here, in a file without a name;
and only beyond that the worker has to wait.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from io import FileIO
from typing import Any

#: Bytes that one piece of a response has at most: what one read of a link brings.
_PIECE = 65536
#: All spools of a frontend together may have so many times what one may.
_ALL = 16


class Spools:
    """All spools of a frontend.  Reactor thread."""

    def __init__(self, limit: int, report: Callable[[str], None]) -> None:
        """
        @param limit: bytes that one response may have on disk (C{http-response-spool}); 0: none.
        @param report: takes what the operator should read.
        """
        self.limit = limit
        self.left = limit * _ALL
        self._report = report
        self._disk_full = False

    def failed(self, error: OSError) -> None:
        """The disk takes no more; said once, until it does again."""
        if not self._disk_full:
            self._report(f"a response cannot be stored for a slow client: {error}: its core waits")
        self._disk_full = True

    def worked(self) -> None:
        """The disk has taken something."""
        self._disk_full = False


class Spool:
    """One response's.  Reactor thread."""

    __slots__ = ("_failed", "_file", "_over", "_size", "_spools", "_waiting")

    def __init__(self, spools: Spools) -> None:
        self._spools = spools
        self._file: FileIO | None = None
        self._size = 0
        self._waiting = 0
        self._over = self._failed = False

    @property
    def room(self) -> bool:
        """One more piece can be taken, as far as anybody knows."""
        spools = self._spools
        return not self._failed and self._size + _PIECE <= spools.limit and spools.left >= _PIECE

    def write(self, transport: Any, data: bytes) -> bool:
        """
        Stores C{data}; it leaves behind what was written before.

        @param transport: an L{twsgi.interfaces.ISendfileTransport}.
        @return: False where there is no room for it.
        """
        if not self.room:
            return False
        try:
            if self._file is None:
                # Not by name: nothing is left of it, however this process ends.
                self._file = tempfile.TemporaryFile(prefix="twsgi-response-", buffering=0)  # noqa: SIM115
            _store(self._file.fileno(), data, self._size)
        except OSError as error:
            self._failed = True
            self._spools.failed(error)
            return False
        self._spools.worked()
        offset = self._size
        self._size += len(data)
        self._spools.left -= len(data)
        self._waiting += 1
        sent = transport.send_file(self._file.fileno(), offset, len(data))
        sent.addBoth(self._gone)
        return True

    def close(self) -> None:
        """Nothing more will be written; what is stored still leaves."""
        self._over = True
        if not self._waiting:
            self._empty()

    def _gone(self, result: object) -> None:
        """A piece has left, or never will."""
        self._waiting -= 1
        if not self._waiting:
            self._empty()

    def _empty(self) -> None:
        self._spools.left += self._size
        self._size = 0
        file = self._file
        if file is None:
            return
        if self._over:
            self._file = None
            file.close()
        else:
            os.ftruncate(file.fileno(), 0)


def _store(descriptor: int, data: bytes, offset: int) -> None:
    """
    Writes all of C{data}.

    @raise OSError: there is no room for it.
    """
    rest = memoryview(data)
    while rest:
        # Where nothing is taken an error comes next.
        written = os.pwrite(descriptor, rest, offset)
        rest = rest[written:]
        offset += written
