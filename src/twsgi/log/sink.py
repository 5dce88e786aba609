"""L{LogSink}: one append-only descriptor that every process writes raw lines to."""

from __future__ import annotations

import fcntl
import os
import select
import stat

from zope.interface import implementer

from twsgi.interfaces import ILineLog
from twsgi.log.turns import turn_at

#: What a pipe takes in one piece (POSIX C{PIPE_BUF}): more than this is written line by line.
_PIECE = select.PIPE_BUF
#: How long the first line waits for a reader that does not read, in milliseconds.
_PATIENCE = 1000


@implementer(ILineLog)
class LogSink:
    """
    Where uWSGI's words go: raw lines, without a prefix, in one C{write} each, so that the lines
    of several processes never mix.  Any thread.

    A log that cannot be written (disk full, a pipe or a terminal that nobody reads) never stops
    the service: what does not fit is dropped, and how much it was is said when there is room.

    @ivar descriptor: where it writes.
    @ivar lost: bytes dropped since the last that went through.
    """

    def __init__(self, descriptor: int = 2, *, owned: bool = False) -> None:
        """C{descriptor} stays the caller's, unless C{owned}: then L{close} closes it."""
        self.descriptor = descriptor
        self.lost = 0
        self._owned = owned
        self._regular = _is_regular(descriptor)

    @classmethod
    def standard_error(cls) -> LogSink:
        """The log of a process in the foreground: a duplicate of descriptor 2."""
        descriptor = os.dup(2)
        if _is_regular(descriptor):
            # Somebody may have opened the same file twice (>log 2>log): never write over it.
            flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
            fcntl.fcntl(descriptor, fcntl.F_SETFL, flags | os.O_APPEND)
        return cls(descriptor, owned=True)

    @classmethod
    def file(cls, path: str) -> LogSink:
        """
        The log in a file, made where there is none, and only ever appended to.

        @raise OSError: it cannot be opened.
        """
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        return cls(os.open(path, flags, 0o666), owned=True)

    def line(self, text: str) -> None:
        """Writes one line; the newline is added."""
        self.write(text.encode("utf-8", "backslashreplace") + b"\n")

    def write(self, data: bytes) -> None:
        """Writes whole lines, as they are."""
        if self._regular or not data:
            self._write(memoryview(data))
            return
        try:
            turn = turn_at(self.descriptor)
        except OSError:
            return
        # An application that waits for the log's reader may have the turn.
        if not turn.take(self.descriptor, 0 if self.lost else _PATIENCE / 1000):
            self.lost += len(data)
            return
        try:
            self._write(memoryview(data))
        finally:
            turn.give(self.descriptor)

    def _write(self, view: memoryview) -> None:
        while view:
            piece = view if self._regular else view[: _piece(view)]
            if not self._room():
                self.lost += len(view)
                return
            try:
                view = view[os.write(self.descriptor, piece) :]
            except BlockingIOError:
                self.lost += len(view)
                return
            except OSError:
                return

    def close(self) -> None:
        """Closes the descriptor if it is this object's."""
        if self._owned:
            self._owned = False
            os.close(self.descriptor)

    def _room(self) -> bool:
        """
        True where a piece can be written without blocking.  Only the first line waits: a reader
        that has stopped must not cost every request a second.
        """
        if self._regular:
            return True
        poll = select.poll()
        poll.register(self.descriptor, select.POLLOUT)
        if not poll.poll(0 if self.lost else _PATIENCE):
            return False
        if self.lost:
            lost, self.lost = self.lost, 0
            said = b"*** the log was not read: %d bytes of it are lost ***\n" % lost
            self._write(memoryview(said))
        return True


def _piece(view: memoryview) -> int:
    """How many bytes to write at once to what is no file: whole lines where they are short."""
    if len(view) <= _PIECE:
        return len(view)
    return bytes(view[:_PIECE]).rfind(b"\n") + 1 or _PIECE


def _is_regular(descriptor: int) -> bool:
    try:
        return stat.S_ISREG(os.fstat(descriptor).st_mode)
    except OSError:
        return False
