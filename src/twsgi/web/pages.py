"""L{ErrorPages}: what the server's own errors look like (C{error-page-500} and the like)."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence

#: Bytes of a page that are read at most: it is in memory, once for each client that gets it.
LARGEST = 256 * 1024
#: Seconds for which a page that was read is good: a flood of errors reads it once.
GOOD = 1.0


class ErrorPages:
    """
    The files of the operator's.  They are read when they are needed, so that a new one needs no
    reload.  Any thread.
    """

    def __init__(
        self,
        files: Mapping[int, Sequence[str]],
        log: Callable[[str], None],
        seconds: Callable[[], float],
    ) -> None:
        """
        @param files: status -> absolute paths.
        @param log: told, in a line, of a status none of whose files can be read; once in a while.
        @param seconds: monotonic.
        """
        self._files = {status: tuple(paths) for status, paths in files.items() if paths}
        self._log = log
        self._seconds = seconds
        #: Status -> until when it is good, and what.  Replaced whole.
        self._read: dict[int, tuple[float, bytes | None]] = {}

    def page(self, status: int) -> bytes | None:
        """The page for C{status}; None: there is none."""
        if status not in self._files:
            return None
        now = self._seconds()
        until, page = self._read.get(status, (0.0, None))
        if now >= until:
            page = self._first(status)
            self._read[status] = now + GOOD, page
        return page

    def _first(self, status: int) -> bytes | None:
        reason = ""
        for path in self._files[status]:
            try:
                with open(path, "rb") as file:
                    return file.read(LARGEST)
            except OSError as error:
                reason = f"{path}: {error.strerror}"
        self._log(f"error-page-{status}: {reason}")
        return None


def absolute(paths: Sequence[str], start: str) -> list[str]:
    """C{paths}, the relative ones as they start at C{start}."""
    return [os.path.join(start, path) for path in paths]
