"""
L{ErrorStream}: C{wsgi.errors}: what an application writes there reaches the log whole, in order.

Lines leave one by one, each in one piece: many threads, and many workers, may write at once.  A
line that was begun waits, with the thread that began it, for its end: a newline, C{flush()}, or
the end of the request.
"""

from __future__ import annotations

import atexit
import io
import os
import select
import stat
import sys
import threading

from twsgi.log.turns import turn_at


class ErrorStream(io.TextIOBase):
    """
    A text stream onto whatever C{sys.stderr} is: a descriptor, or a host's stream.  Any thread.

    It never raises because of the log, but it waits for who reads it: nothing is lost.

    @ivar begun: lines without an end, by thread; a hint for whoever would have them ended.
    """

    encoding = "utf-8"
    errors = "backslashreplace"

    def __init__(self) -> None:
        self.begun: dict[int, list[str]] = {}
        self._lock = threading.Lock()

    def writable(self) -> bool:
        """C{IOBase}."""
        return True

    def fileno(self) -> int:
        """C{IOBase}: of what is behind it."""
        return sys.stderr.fileno()

    def isatty(self) -> bool:
        """C{IOBase}: of what is behind it."""
        return sys.stderr.isatty()

    def write(self, text: str) -> int:
        """C{TextIOBase}: takes text; lines that end within it leave now."""
        if not isinstance(text, str):
            raise TypeError(f"wsgi.errors takes str, not {type(text).__name__}")
        thread = threading.get_ident()
        lines, newline, rest = text.rpartition("\n")
        if newline:
            self._send("".join((*self.begun.pop(thread, ()), lines, newline)))
        if rest:
            self.begun.setdefault(thread, []).append(rest)
        return len(text)

    def flush(self) -> None:
        """C{IOBase}: ends the line that this thread has begun: nobody's may come to stand in it."""
        begun = self.begun.pop(threading.get_ident(), None)
        if begun is not None:
            self._send("".join(begun) + "\n")

    def close(self) -> None:
        """C{IOBase}: it is everybody's, and stays open."""
        self.flush()

    def finish(self) -> None:
        """Ends the lines of all threads: the process is at its end."""
        for thread in list(self.begun):
            self._send("".join(self.begun.pop(thread, ())) + "\n")

    def forked(self) -> None:
        """In a process that was forked: what was begun is the parent's, and so is its lock."""
        self.begun.clear()
        self._lock = threading.Lock()

    def _send(self, lines: str) -> None:
        host = sys.stderr
        try:
            descriptor = host.fileno()
        except (AttributeError, OSError, ValueError):
            descriptor = -1
        try:
            if descriptor >= 0:
                write_whole(descriptor, lines.encode("utf-8", "backslashreplace"))
            else:  # such as that of twistd, which has a log of its own
                with self._lock:
                    host.write(lines)
                    host.flush()
        except (AttributeError, OSError, ValueError):
            pass  # there is no log any more


def write_whole(descriptor: int, data: bytes) -> None:
    """
    Writes all of C{data}, and nobody else's in between who does the same or has a L{Turn
    <twsgi.log.turns.Turn>}.  Waits for a reader that is slow.

    @raise OSError: it cannot be written.
    """
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        _write(descriptor, data)
        return
    turn = turn_at(descriptor)
    if turn.mine:
        _write(descriptor, data)
        return
    turn.take(descriptor)
    try:
        _write(descriptor, data)
    finally:
        turn.give(descriptor)


def _write(descriptor: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        try:
            left = left[os.write(descriptor, left) :]
        except BlockingIOError:
            poll = select.poll()
            poll.register(descriptor, select.POLLOUT)
            poll.poll()


#: The one of this process.
stream = ErrorStream()
atexit.register(stream.finish)
os.register_at_fork(after_in_child=stream.forked)
