"""
L{Turn}: one writer at a time to a log that is no file.

A write to a file in append mode is one piece, however long.  A pipe, a terminal or a socket takes
a long one in pieces while it is nearly full, and lines of other threads and processes would come
between.  So whoever writes there takes its turn first: within a process by a lock of threads,
between processes by a lock on the descriptor itself, which the kernel gives back if one dies.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time

#: Seconds between two looks of somebody who does not want to wait for ever.
_LOOK = 0.002


class Turn:
    """The turns at one pipe, terminal or socket, in this process.  Any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owner = 0

    def take(self, descriptor: int, patience: float | None = None) -> bool:
        """
        Waits until it is this thread's turn.

        @param descriptor: open for writing.
        @param patience: seconds after which to give up, None: never.
        @return: False where it was given up.
        """
        if not self._lock.acquire(timeout=-1 if patience is None else patience):
            return False
        if _lock(descriptor, patience):
            self._owner = threading.get_ident()
            return True
        self._lock.release()
        return False

    @property
    def mine(self) -> bool:
        """It is this thread's turn: a C{__del__} that writes may come in the midst of a write."""
        return self._owner == threading.get_ident()

    def give(self, descriptor: int) -> None:
        """It is the next one's turn."""
        self._owner = 0
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_UN, 1)
        except OSError:
            pass
        self._lock.release()

    def forked(self) -> None:
        """In a process that was forked: whoever had the turn is not here."""
        self._lock = threading.Lock()
        self._owner = 0


def _lock(descriptor: int, patience: float | None) -> bool:
    """The lock between processes.  Where there can be none, nobody waits for it."""
    deadline = None if patience is None else time.monotonic() + patience
    try:
        while deadline is not None:
            try:
                fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1)
                return True
            except (BlockingIOError, PermissionError):
                if time.monotonic() >= deadline:
                    return False
            # This lock has no deadline of its own, and nothing that could be waited for.
            time.sleep(_LOOK)
        fcntl.lockf(descriptor, fcntl.LOCK_EX, 1)
    except OSError:
        pass
    return True


_turns: dict[tuple[int, int], Turn] = {}


def turn_at(descriptor: int) -> Turn:
    """
    The turns at what C{descriptor} is open to, by whichever number.

    @raise OSError: it is not open.
    """
    found = os.fstat(descriptor)
    return _turns.setdefault((found.st_dev, found.st_ino), Turn())


def _forked() -> None:
    for turn in _turns.values():
        turn.forked()


os.register_at_fork(after_in_child=_forked)
