"""L{Detachment}: C{daemonize} where no runner does it: into the background, and how that went."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

#: The most bytes of a reason that are passed on.
_LONGEST = 4000


class Detachment:
    """
    Lets the process go on as a daemon.  The command that was typed ends when the daemon has said
    how its start went: with its exit code, and the reason on standard error.
    """

    def __init__(
        self, fork: Callable[[], int] = os.fork, leave: Callable[[int], None] = os._exit
    ) -> None:
        self._fork = fork
        self._leave = leave
        self._pipe: int | None = None

    def begin(self) -> None:
        """
        Forks twice: the one who returns has a session of its own and no terminal; its standard
        streams are /dev/null.  Before the reactor runs, and before any thread does.
        """
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        reading, self._pipe = os.pipe()
        if self._fork():
            os.close(self._pipe)
            self._leave(_told(reading))
        os.close(reading)
        os.setsid()
        if self._fork():
            # A session's leader could still acquire a terminal.
            self._leave(0)
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor in range(3):
            os.dup2(null, descriptor)
        os.close(null)

    def report(self, code: int, reason: str = "") -> None:
        """Says how the start went, once; nothing where L{begin} was not called."""
        if self._pipe is None:
            return
        try:
            os.write(self._pipe, bytes([code]) + reason.encode()[:_LONGEST])
        except OSError:
            pass
        os.close(self._pipe)
        self._pipe = None


def _told(reading: int) -> int:
    """Waits for what the daemon says, and passes it on.  @return: the exit code."""
    said = b""
    while piece := os.read(reading, _LONGEST + 1):
        said += piece
    if not said:
        print("twsgi: the daemon ended before it had started: see its log", file=sys.stderr)
        sys.stderr.flush()
        return 1
    if len(said) > 1:
        print(f"twsgi: {said[1:].decode(errors='replace')}", file=sys.stderr)
        sys.stderr.flush()
    return said[0]
