"""L{Transfer}: how the bytes of a file leave: in one write, by sendfile, or by reading.

Whichever it is: the response is finished and logged once, the file closed once, and where the file
has become shorter than was announced the connection is cut.  (The producers of C{static.File} then
finish as if all were well, or spin for ever.)
"""

from __future__ import annotations

import os
from typing import Any, NamedTuple

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionClosed
from twisted.internet.interfaces import IPullProducer
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from twsgi.interfaces import ISendfileTransport
from twsgi.static.check import FoundFile
from twsgi.web.outbox import FileShrunk

#: Bytes of a file that are sent by one write, together with the head; more go by sendfile.
AT_ONCE = 64 * 1024
_log = Logger()


class Piece(NamedTuple):
    """
    A piece of a response.

    @ivar before: bytes that precede it.
    @ivar offset: where it begins in the file.
    @ivar size: how many bytes of the file it has.
    """

    before: bytes
    offset: int
    size: int


class Transfer:
    """The sending of one response whose status and fields are set.  Reactor thread."""

    def __init__(self, request: Any, found: FoundFile, pieces: list[Piece]) -> None:
        """
        @param request: a L{twsgi.web.request.Request}; finished when all has been handed to the
            transport.
        @param found: closed when its last byte is in the socket, or the client is gone.
        """
        self._request = request
        self._found = found
        self._pieces = pieces
        self._size = sum(len(piece.before) + piece.size for piece in pieces)

    def start(self) -> None:
        """Begins to send."""
        if sum(piece.size for piece in self._pieces) <= AT_ONCE:
            self._write()
        elif ISendfileTransport.providedBy(self._request.channel.transport):
            self._send_file()
        else:
            self._request.registerProducer(
                FileProducer(self._request, self._found, self._pieces), False
            )

    def _write(self) -> None:
        parts: list[bytes] = []
        for before, offset, size in self._pieces:
            parts += (before, os.pread(self._found.descriptor, size, offset) if size else b"")
        self._found.close()
        body = b"".join(parts)
        if len(body) < self._size:
            cut_short(self._request, self._found)
            return
        self._request.write(body)
        self._request.finish()

    def _send_file(self) -> None:
        request = self._request
        channel, transport = request.channel, request.channel.transport
        request.via = transport.sends_via(max(piece.size for piece in self._pieces))
        # The head, and then the bytes that it is held back for: they come another way.
        request.write(b"")
        channel.write(b"")
        try:
            last = self._queue(transport)
        except Exception:
            _log.failure("while a file was handed to the transport")
            # A part that is queued must not outlive the descriptor: its number will be another's.
            channel.abort()
            self._found.close()
            return
        last.addBoth(self._close).addCallbacks(self._sent, self._lost).addErrback(self._failed)

    def _queue(self, transport: Any) -> Deferred[None]:
        last: Deferred[None] | None = None
        for before, offset, size in self._pieces:
            transport.write(before)
            if size:
                if last is not None:
                    last.addErrback(self._part_lost)
                last = transport.send_file(self._found.descriptor, offset, size)
        assert last is not None
        return last

    def _close(self, result: Any) -> Any:
        self._found.close()
        return result

    def _sent(self, result: object) -> None:
        self._request.sentLength += self._size
        self._request.finish()

    def _part_lost(self, failure: Failure) -> None:
        """What one part of a file meets, all that follow it meet too; the last acts on it."""
        self._size -= getattr(failure.value, "unsent", 0)
        if failure.check(FileShrunk):
            report_shrunk(self._request, self._found)

    def _lost(self, failure: Failure) -> None:
        """The client is gone, or the file has become shorter: the connection is closed already."""
        failure.trap(ConnectionClosed, EOFError)
        self._part_lost(failure)
        self._request.sentLength += self._size
        log_broken(self._request)

    def _failed(self, failure: Failure) -> None:
        _log.failure("after a file was sent", failure)
        channel = getattr(self._request, "channel", None)
        if channel is not None:
            channel.abort()


@implementer(IPullProducer)
class FileProducer:
    """Reads a file as its client takes it, for a transport that cannot send one."""

    def __init__(self, request: Any, found: FoundFile, pieces: list[Piece]) -> None:
        self._request = request
        self._found = found
        self._pieces = pieces[::-1]

    def resumeProducing(self) -> None:
        """The transport has room."""
        found = self._found
        if found.descriptor < 0:
            return
        before, offset, size = self._pieces.pop()
        data = os.pread(found.descriptor, min(size, AT_ONCE), offset) if size else b""
        if size and not data:
            cut_short(self._request, found)
            return
        if len(data) < size:
            self._pieces.append(Piece(b"", offset + len(data), size - len(data)))
        last = not self._pieces
        self._request.write(before + data)
        if last and found.descriptor >= 0:
            found.close()
            self._request.unregisterProducer()
            self._request.finish()

    def stopProducing(self) -> None:
        """The client is gone, or the connection was cut."""
        if self._found.descriptor >= 0:
            self._found.close()
            log_broken(self._request)


def report_shrunk(request: Any, found: FoundFile) -> None:
    """Says that a file became shorter than was announced."""
    channel = request.channel
    channel.site.file_shrunk(channel, os.fsdecode(found.real))


def cut_short(request: Any, found: FoundFile) -> None:
    """Says so, and cuts the connection."""
    report_shrunk(request, found)
    request.channel.abort()


def log_broken(request: Any) -> None:
    """A request line for a response that was broken off; C{finish} writes those of the others."""
    request.channel.site.log(request)
