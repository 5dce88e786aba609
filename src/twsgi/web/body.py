"""L{Body}: a request's body as it comes: in memory while it is small, then in a file."""

from __future__ import annotations

import errno
import io
import os
import tempfile
from contextlib import suppress
from typing import BinaryIO

#: Bytes that a body may have in memory, where nobody says otherwise.
IN_MEMORY = 64 * 1024


class Body:
    """
    One request's body.

    @ivar length: bytes taken so far.
    """

    __slots__ = ("_file", "_memory", "_pieces", "_reader", "length")

    def __init__(self, memory: int = IN_MEMORY) -> None:
        """
        @param memory: bytes that it may have in memory; a longer one goes to a file that no path
            leads to.
        """
        self._memory = memory
        self._pieces: list[bytes] = []
        self._file: io.FileIO | None = None
        self._reader: io.BufferedReader | None = None
        self.length = 0

    def add(self, data: bytes) -> None:
        """
        Takes a piece.

        @raise OSError: the disk is full.  Nothing else here says so later: there is no buffer.
        """
        self.length += len(data)
        if self._file is None:
            self._pieces.append(data)
            if self.length <= self._memory:
                return
            self._file = tempfile.TemporaryFile(prefix="twsgi-body-", buffering=0)  # noqa: SIM115
            data = b"".join(self._pieces)
            self._pieces = []
        write_all(self._file, data)

    @property
    def descriptor(self) -> int | None:
        """
        Where the body is a file: its descriptor, at offset 0, all bytes written; else None.  It
        is closed by L{close}, not before.
        """
        if self._file is None:
            return None
        os.lseek(self._file.fileno(), 0, os.SEEK_SET)
        return self._file.fileno()

    def in_memory(self) -> bytes:
        """The body, where it is no file."""
        return b"".join(self._pieces)

    def open(self) -> BinaryIO:
        """The body as a file at offset 0; the caller closes it instead of this object."""
        if self._file is None:
            return io.BytesIO(self.in_memory())
        if self._reader is None:
            self._reader = io.BufferedReader(self._file)
        self._reader.seek(0)
        return self._reader

    def close(self) -> None:
        """Forgets the body.  Raises nothing: who calls this is at an end already."""
        self._pieces = []
        if self._file is not None:
            with suppress(OSError):
                self._file.close()


def write_all(file: io.FileIO, data: bytes) -> None:
    """
    Writes C{data}, in as many steps as the disk wants.

    @raise OSError: there is no room for it.
    """
    rest = memoryview(data)
    while rest:
        written = file.write(rest)
        if not written:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        rest = rest[written:]
