"""L{Spool}: what a slow client has not read of its response yet, on disk instead of in a core.

What waits for a client is kept in memory up to a mark; beyond it here, in a file without a name;
and only beyond that the worker has to wait.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from io import FileIO
from typing import Any

from twsgi.web.body import write_all

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

    def resize(self, limit: int) -> None:
        """C{http-response-spool} is another one; what is stored stays."""
        self.left += (limit - self.limit) * _ALL
        self.limit = limit

    def failed(self, error: OSError) -> None:
        """The disk takes no more; said once, until it does again."""
        if not self._disk_full:
            self._report(f"a response cannot be stored for a slow client: {error}: its core waits")
        self._disk_full = True

    def worked(self) -> None:
        """The disk has taken something."""
        self._disk_full = False


class Spool:
    """
    One response's.  Reactor thread.

    What is stored leaves in one part of a file at a time, however small the pieces were; as long
    as something is stored all that follows is stored behind it.

    @ivar holds: something is stored that has not left.
    """

    __slots__ = (
        "_drained",
        "_failed",
        "_file",
        "_sent",
        "_size",
        "_spools",
        "_tail",
        "_then",
        "_transport",
        "holds",
    )

    def __init__(self, spools: Spools, transport: Any, drained: Callable[[], None]) -> None:
        """
        @param transport: an L{twsgi.interfaces.ISendfileTransport}.
        @param drained: called when all that was stored has left.
        """
        self._spools = spools
        self._transport = transport
        self._drained = drained
        self._then: Callable[[], None] | None = None
        self._file: FileIO | None = None
        self._size = self._sent = 0
        self._tail: list[bytes] = []
        self.holds = self._failed = False

    @property
    def room(self) -> bool:
        """One more piece can be taken, as far as anybody knows."""
        spools = self._spools
        if self._failed or self._tail:
            return False
        return self._size + _PIECE <= spools.limit and spools.left >= _PIECE

    def write(self, data: bytes) -> bool:
        """
        Stores C{data}; it leaves behind what was written before.

        @return: False where there is no room for it, and nothing is stored that it must follow.
        """
        if not (self.room and self._store(data)):
            if not self.holds:
                return False
            # Little: whoever writes stops when there is no room.
            self._tail.append(data)
            return True
        if not self.holds:
            self.holds = True
            self._send()
        return True

    def end(self, then: Callable[[], None]) -> None:
        """Nothing more will be written: calls C{then} when all has left.  At once, if it has."""
        if self.holds:
            self._then = then
        else:
            self._forget()
            then()

    def drop(self) -> None:
        """Nothing more will be written or sent: the client is gone."""
        self._then = None
        self._tail = []
        self._forget()

    def _store(self, data: bytes) -> bool:
        try:
            if self._file is None:
                # Not by name: nothing is left of it, however this process ends.
                self._file = tempfile.TemporaryFile(prefix="twsgi-response-", buffering=0)  # noqa: SIM115
            write_all(self._file, data)
        except OSError as error:
            self._failed = True
            self._spools.failed(error)
            return False
        self._spools.worked()
        self._size += len(data)
        self._spools.left -= len(data)
        return True

    def _send(self) -> None:
        """All that is stored now, as one part."""
        assert self._file is not None
        offset, self._sent = self._sent, self._size
        part = self._transport.send_file(self._file.fileno(), offset, self._size - offset)
        part.addCallbacks(self._left, self._lost)

    def _left(self, result: object) -> None:
        if self._sent < self._size:
            self._send()
            return
        self.holds = False
        self._forget()
        tail, self._tail = self._tail, []
        self._transport.write(b"".join(tail))
        if self._then is not None:
            self._then()
        else:
            self._drained()

    def _lost(self, failure: object) -> None:
        """The connection is over."""
        self.holds = False
        self.drop()

    def _forget(self) -> None:
        """Gives the disk back."""
        file, self._file = self._file, None
        if file is not None:
            file.close()
        self._spools.left += self._size
        self._size = self._sent = 0
