"""What the application is told: PEP 3333's environ, but for what a request's head decides."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Iterator
from typing import Any, TextIO

from twsgi.wsgi.errorstream import stream


class FileWrapper:
    """
    C{wsgi.file_wrapper}: a file in blocks (PEP 3333).

    @ivar limit: how many bytes are read at most, None: all.
    """

    limit: int | None = None

    def __init__(self, file: Any, block_size: int = 65536) -> None:
        self.file = file
        self.block_size = block_size
        if hasattr(file, "close"):
            self.close = file.close

    def part(self) -> tuple[int, int, int] | None:
        """
        What is left of the file, where it is a real one: its descriptor, where it stands, and how
        many bytes follow; None for anything else.
        """
        if not _reads_itself(self.file):
            return None
        try:
            descriptor = self.file.fileno()
            found = os.fstat(descriptor)
            offset = self.file.tell()
        except (AttributeError, OSError, ValueError):
            return None  # io.UnsupportedOperation is both of the last
        if not stat.S_ISREG(found.st_mode):
            return None
        return descriptor, offset, max(0, found.st_size - offset)

    def __iter__(self) -> Iterator[bytes]:
        if self.limit is None:
            return iter(lambda: self.file.read(self.block_size), b"")
        return self._limited(self.limit)

    def _limited(self, left: int) -> Iterator[bytes]:
        while left > 0 and (data := self.file.read(min(left, self.block_size))):
            yield data
            left -= len(data)


def _reads_itself(file: Any) -> bool:
    """
    What C{file.read} gives is what is in the file: a C{gzip.GzipFile} has a C{fileno()} too.
    The wrappers of C{tempfile} and of Django's storages pass C{read} on, and are looked through.
    """
    read = getattr(file, "read", None)
    reader: Any = getattr(getattr(read, "__wrapped__", read), "__self__", None)
    if type(reader) in (io.BufferedReader, io.BufferedRandom):
        reader = reader.raw
    return type(reader) is io.FileIO


def base_environ(
    server_name: str,
    server_port: int,
    multithread: bool,
    multiprocess: bool,
    errors: TextIO | None = None,
) -> dict[str, Any]:
    """What is the same for all requests; to be copied for each."""
    return {
        "SCRIPT_NAME": "",
        "SERVER_NAME": server_name,
        "SERVER_PORT": str(server_port),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.errors": errors or stream,
        "wsgi.multithread": multithread,
        "wsgi.multiprocess": multiprocess,
        "wsgi.run_once": False,
        "wsgi.file_wrapper": FileWrapper,
        "wsgi.input_terminated": True,
        "uwsgi.node": os.uname().nodename.encode(),
    }
