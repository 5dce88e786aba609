"""L{Outbox}: what waits for room in a socket: bytes and parts of files, in order."""

from __future__ import annotations

import os
from collections import deque
from socket import socket

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionLost

#: Bytes of a file that one turn of the reactor sends at most, so that no transfer starves another.
FILE_SLICE = 1024 * 1024
#: Pieces that one C{sendmsg} takes at most (IOV_MAX is 1024 on Linux, 16 is POSIX's least).
_PIECES = 64


class FileNotSent(ConnectionLost):
    """
    The connection ended before a part of a file had left.

    @ivar unsent: how many bytes of the part were still to be sent.
    """

    def __init__(self, unsent: int) -> None:
        super().__init__()
        self.unsent = unsent


class FileShrunk(FileNotSent):
    """It ended because the file has become shorter than it was."""


class FilePart:
    """
    A part of a file on its way out; C{done} fires when it has left.

    @ivar count: how many bytes have not left yet.
    @ivar shrunk: the file has ended before its part did.
    """

    __slots__ = ("count", "descriptor", "done", "offset", "shrunk")

    def __init__(self, descriptor: int, offset: int, count: int) -> None:
        self.descriptor = descriptor
        self.offset = offset
        self.count = count
        self.shrunk = False
        self.done: Deferred[None] = Deferred()

    def lost(self) -> None:
        """It will never leave."""
        self.done.errback((FileShrunk if self.shrunk else FileNotSent)(self.count))


class Outbox:
    """
    The queue of one connection.  Its owner holds the connection's lock around every call.

    @ivar size: how many bytes of memory wait; parts of files do not count.
    @ivar sent: how many bytes have left, of both.
    """

    __slots__ = ("_pieces", "sent", "size")

    def __init__(self) -> None:
        self._pieces: deque[memoryview | FilePart] = deque()
        self.size = 0
        self.sent = 0

    def __bool__(self) -> bool:
        return bool(self._pieces)

    def add(self, data: bytes | memoryview) -> None:
        """Appends bytes."""
        if data:  # an empty piece would never leave
            self._pieces.append(memoryview(data))
            self.size += len(data)

    def add_file(self, part: FilePart) -> None:
        """Appends a part of a file."""
        self._pieces.append(part)

    def file_ahead(self) -> FilePart | None:
        """The part of a file that is next to leave, if it is one."""
        first = self._pieces[0] if self._pieces else None
        return first if isinstance(first, FilePart) else None

    def file_sent(self) -> FilePart:
        """Somebody else has sent the part of a file that was next; it is forgotten."""
        part = self._pieces.popleft()
        assert isinstance(part, FilePart)
        self.sent += part.count
        part.count = 0
        return part

    def clear(self) -> list[FilePart]:
        """Forgets everything; returns the parts of files that will never leave."""
        parts = [piece for piece in self._pieces if isinstance(piece, FilePart)]
        self._pieces.clear()
        self.size = 0
        return parts

    def send(self, sock: socket) -> FilePart | None:
        """
        Sends what the socket takes, once.

        @return: a part of a file, if the last of it has just left.
        @raise BlockingIOError: the socket takes nothing now.
        @raise OSError: the connection is broken.
        @raise EOFError: a file has become shorter than it was.
        """
        first = self._pieces[0]
        if isinstance(first, FilePart):
            return self._send_file(sock, first)
        self._send_bytes(sock, first)
        return None

    def _send_file(self, sock: socket, part: FilePart) -> FilePart | None:
        if part.count:
            wanted = min(part.count, FILE_SLICE)
            sent = os.sendfile(sock.fileno(), part.descriptor, part.offset, wanted)
            if not sent:
                part.shrunk = True
                raise EOFError("the file became shorter while it was sent")
            self.sent += sent
            part.offset += sent
            part.count -= sent
        if part.count:
            return None
        self._pieces.popleft()
        return part

    def _send_bytes(self, sock: socket, first: memoryview) -> None:
        if len(self._pieces) == 1:
            sent = sock.send(first)
        else:
            pieces: list[memoryview] = []
            for piece in self._pieces:
                if isinstance(piece, FilePart) or len(pieces) == _PIECES:
                    break
                pieces.append(piece)
            sent = sock.sendmsg(pieces)
        self.sent += sent
        self.size -= sent
        while sent:
            piece = self._pieces[0]
            assert isinstance(piece, memoryview)
            if len(piece) > sent:
                self._pieces[0] = piece[sent:]
                return
            sent -= len(piece)
            self._pieces.popleft()
