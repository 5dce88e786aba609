"""L{Complaints}: what the log is told of paths: each once, and not many a minute."""

from __future__ import annotations

import time
from collections.abc import Callable

#: Lines that L{Complaints} remembers, so that it does not repeat them.
REMEMBERED = 256
#: Lines in L{WINDOW} seconds: whoever scans for files shall not fill the disk.
LINES = 20
WINDOW = 60.0


class Complaints:
    """
    Writes a line about a path, unless it has done so, or has written many just now.

    A client chooses the paths: what is remembered and what is written are both bounded.
    """

    def __init__(
        self, log: Callable[[str], None], seconds: Callable[[], float] = time.monotonic
    ) -> None:
        """
        @param log: takes one line.
        @param seconds: a clock; any origin.
        """
        self._log = log
        self._seconds = seconds
        self._said: dict[str, None] = {}
        self._since = float("-inf")
        self._written = 0

    def say(self, line: str) -> None:
        """Writes C{line}, if it is new and there are not too many."""
        if line in self._said:
            return
        now = self._seconds()
        if now - self._since >= WINDOW:
            self._since = now
            self._written = 0
        if self._written == LINES:
            return
        self._written += 1
        if len(self._said) >= REMEMBERED:
            del self._said[next(iter(self._said))]
        self._said[line] = None
        self._log(line)


def printable(path: bytes) -> str:
    """C{path} as one line of text, whatever bytes it has: no newline, no control character."""
    text = path.decode("utf-8", "backslashreplace")
    if text.isprintable():
        return text
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in text
    )
