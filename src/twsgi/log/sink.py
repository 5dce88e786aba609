"""L{LogSink}: one append-only descriptor that every process of the container writes raw lines to."""

from __future__ import annotations

import os
import select


class LogSink:
    """
    Where uWSGI's words go: raw lines, without a prefix, in one C{write} each, so that the lines
    of several processes never mix.  Any thread.

    A log that cannot be written (disk full, nobody reads) never stops the service: what does not
    fit is dropped.
    """

    def __init__(self, descriptor: int = 2) -> None:
        """C{descriptor} stays the caller's."""
        self.descriptor = descriptor

    def line(self, text: str) -> None:
        """Writes one line; the newline is added."""
        self.write(text.encode("utf-8", "backslashreplace") + b"\n")

    def write(self, data: bytes) -> None:
        """Writes whole lines, as they are."""
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(self.descriptor, view) :]
            except BlockingIOError:
                if not select.select([], [self.descriptor], [], 1.0)[1]:
                    return
            except OSError:
                return
