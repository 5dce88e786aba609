"""L{Body}: a request's body as it comes: in memory while it is small, then in a file."""

from __future__ import annotations

import io
import os
import tempfile
from typing import BinaryIO

#: Bytes that a body may have in memory; a longer one goes to a file that no path leads to.
IN_MEMORY = 64 * 1024


class Body:
    """
    One request's body.

    @ivar length: bytes taken so far.
    """

    __slots__ = ("_file", "_pieces", "length")

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._file: BinaryIO | None = None
        self.length = 0

    def add(self, data: bytes) -> None:
        """
        Takes a piece.

        @raise OSError: the disk is full.
        """
        self.length += len(data)
        if self._file is None:
            self._pieces.append(data)
            if self.length <= IN_MEMORY:
                return
            self._file = tempfile.TemporaryFile(prefix="twsgi-body-")  # noqa: SIM115
            data = b"".join(self._pieces)
            self._pieces = []
        self._file.write(data)

    @property
    def descriptor(self) -> int | None:
        """
        Where the body is a file: its descriptor, at offset 0, all bytes written; else None.  It
        is closed by L{close}, not before.
        """
        if self._file is None:
            return None
        self._file.flush()
        os.lseek(self._file.fileno(), 0, os.SEEK_SET)
        return self._file.fileno()

    def in_memory(self) -> bytes:
        """The body, where it is no file."""
        return b"".join(self._pieces)

    def open(self) -> BinaryIO:
        """The body as a file at offset 0; the caller closes it instead of this object."""
        if self._file is None:
            return io.BytesIO(self.in_memory())
        self._file.seek(0)
        return self._file

    def close(self) -> None:
        """Forgets the body."""
        self._pieces = []
        if self._file is not None:
            self._file.close()
