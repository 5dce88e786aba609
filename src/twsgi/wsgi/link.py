"""The worker's end of a link to a frontend: read and written by the core that serves its request.

A link belongs to one thread at a time: to the core that the wait point gave it to, until it is
rearmed.  The one exception is RETIRE, which the reactor's thread sends on an idle link; C{_lock}
keeps it from falling into a response.
"""

from __future__ import annotations

import io
import socket
import struct
import threading
from typing import BinaryIO

from zope.interface import implementer

from twsgi.errors import ClientDisconnected, FrameError
from twsgi.interfaces import IFileSink
from twsgi.web.offload import SMALLEST
from twsgi.web.passing import receive_descriptor
from twsgi.web.sinks import JOINED, EncodedSink
from twsgi.wire import frames
from twsgi.wire.response import ResponseEncoder

_READ = 65536
#: What may come behind a request, by its first byte.
_NOTES = {frames.CANCEL: frames.encode_cancel(), frames.CLOSED: frames.encode_closed()}


class LinkRequest:
    """
    A request as it came over a link.

    @ivar flags: of L{frames}.
    @ivar variables: the CGI variables, encoded.
    @ivar body: at its start; closed by whoever serves the request.
    @ivar since: monotonic nanoseconds since when it waits.
    """

    __slots__ = ("body", "flags", "since", "variables")

    def __init__(self, flags: int, variables: bytes, body: BinaryIO, since: int) -> None:
        self.flags = flags
        self.variables = variables
        self.body = body
        self.since = since


#: What L{WorkerLink.receive} returns for a cancellation that came late.
CANCELLED = LinkRequest(0, b"", io.BytesIO(), 0)


class WorkerLink:
    """
    One link.

    @ivar frontend: the index of the frontend at its other end.
    @ivar closed: the client of the request that was read last will send no more.
    """

    #: The frontend has offload threads.
    offloads = False

    def __init__(self, descriptor: int, frontend: int, timeout: float) -> None:
        """
        @param descriptor: a connected stream socket; this object's from now on.
        @param timeout: seconds that the frontend may read nothing: it pauses while its client is
            slow, and the core waits with it.
        """
        self._socket = socket.socket(fileno=descriptor)
        self._socket.setblocking(True)
        # By the kernel: Python's own timeouts cost a poll for every call.
        seconds = int(timeout)
        self._socket.setsockopt(
            socket.SOL_SOCKET,
            socket.SO_SNDTIMEO,
            struct.pack("@ll", seconds, int((timeout - seconds) * 1_000_000)),
        )
        self._lock = threading.Lock()
        self._retire = self._retired = self.closed = False
        self.frontend = frontend
        self.fileno = self._socket.fileno

    def receive(self) -> LinkRequest | None:
        """
        Reads one request, whole.  Blocks while it comes.

        @return: None at the end of file: the frontend has closed the link, or is gone;
            L{CANCELLED}: nothing to be served: the end of a request that has been served
            meanwhile, or a request whose client has gone before; that one is answered.
        @raise FrameError: these are no requests.
        """
        self.closed = False
        try:
            received = self._receive_head()
            if received is None:
                return CANCELLED
            flags, data, start, length, since = received
            if flags & frames.SPOOLED:
                # Nobody cancels it before it has the body.
                body = self._receive_file()
            else:
                body, excess = self._receive_body(data[start:], length)
                if excess and self._receive_notes(excess):
                    body.close()
                    self.send(frames.LAST | frames.CLOSE | frames.CUT, b"")
                    return CANCELLED
        except ConnectionError:
            return None
        return LinkRequest(flags, data[frames.REQUEST_HEAD : start], body, since)

    def bounce(self) -> bool:
        """
        Reads one request and sends it back: the frontend still has it, and its body if that is a
        file.  The thread that owns the link.

        @return: False at the end of file.
        @raise FrameError: these are no requests.
        """
        try:
            received = self._receive_head()
            if received is None:
                return True
            flags, data, start, length, _ = received
            if not flags & frames.SPOOLED:
                body, excess = self._receive_body(data[start:], length)
                body.close()
                if excess:
                    self._receive_notes(excess)
            self._send(frames.encode_signal(frames.BOUNCE))
        except ConnectionError:
            return False
        return True

    def _receive_head(self) -> tuple[int, bytes, int, int, int] | None:
        """
        Flags, what has come, where in it the body begins, the body's length, and since when it
        waits; None where there was but a note that came late.
        """
        data = self._more()
        while True:
            while len(data) < frames.REQUEST_HEAD:
                data += self._more()
            if data[0] not in frames.NOTES:
                break
            data = data[frames.REQUEST_HEAD :]
            if not data:
                return None
        flags, size, length, since = frames.decode_request_head(data)
        start = frames.REQUEST_HEAD + size
        while len(data) < start:
            data += self._more()
        return flags, data, start, length, since

    def _more(self, size: int = _READ) -> bytes:
        try:
            data = self._socket.recv(size)
        except OSError as error:
            raise ConnectionResetError(f"the frontend is gone: {error}") from None
        if not data:
            raise ConnectionResetError("the frontend has closed the link")
        return data

    def _receive_body(self, body: bytes, length: int) -> tuple[BinaryIO, bytes]:
        """
        C{body}: what has come of it.

        @return: the body, and what came after it.
        """
        missing = length - len(body)
        if missing <= 0:
            return io.BytesIO(body[:length]), body[length:]
        # As much as the frontend had in memory, too (C{post-buffering-bufsize}).
        pieces = [body]
        while missing > 0:
            body = self._more()
            pieces.append(body[:missing])
            missing -= len(body)
        return io.BytesIO(b"".join(pieces)), body[missing:] if missing else b""

    def _receive_notes(self, excess: bytes) -> bool:
        """
        C{excess}: what came after a request.  After a cancellation nothing may.

        @return: it is cancelled.
        """
        while excess:
            note = _NOTES.get(excess[0])
            if note is None or not note.startswith(excess[: len(note)]):
                raise FrameError("more bytes than the request's frame has")
            if len(excess) < len(note):
                excess += self._more()
                continue
            if excess == _NOTES[frames.CANCEL]:
                return True
            if excess[0] == frames.CANCEL:
                raise FrameError("more bytes than a cancellation has")
            self.closed = True
            excess = excess[len(note) :]
        return False

    def _receive_file(self) -> BinaryIO:
        """The body is a file of the frontend's: asks for its descriptor."""
        self._send(frames.encode_signal(frames.WANT_BODY))
        byte, descriptors = receive_descriptor(self._socket)
        if not byte:
            raise ConnectionResetError("the frontend has closed the link")
        if not descriptors:
            raise FrameError("no descriptor came with the body")
        return open(descriptors[0], "rb")

    def send(self, flags: int, data: bytes) -> None:
        """
        Sends a frame of the response.  Blocks while the client is slow.

        @raise ClientDisconnected: the frontend is gone, or has read nothing for too long.
        """
        if len(data) < JOINED:
            self._send(frames.encode_response(flags, data))
        else:
            self._send(frames.encode_response_head(flags, len(data)), data)

    def send_file(self, flags: int, descriptor: int, offset: int, count: int) -> None:
        """
        Leaves the rest of the response to the frontend: it is a part of a file.

        @param descriptor: stays the caller's.
        @raise ClientDisconnected: the client or the frontend is gone.
        """
        # One lock for all of it: RETIRE must not come between the offer and the descriptor.
        with self._lock:
            try:
                self._socket.sendall(frames.encode_file(flags, offset, count))
                answer = self._answer()
                if answer == frames.encode_want_file():
                    socket.send_fds(self._socket, [b"\0"], [descriptor])
                    return
            except OSError as error:
                self._shutdown()
                raise ClientDisconnected(f"the frontend is gone: {error}") from None
        raise ClientDisconnected("the client is gone")

    def _answer(self) -> bytes:
        """The frontend's answer to an offer; C{closed} may come before it."""
        while True:
            answer = b""
            while len(answer) < frames.REQUEST_HEAD:
                answer += self._more(frames.REQUEST_HEAD - len(answer))
            if answer[0] != frames.CLOSED:
                return answer
            self.closed = True

    def cancelled(self) -> bool:
        """
        Nobody waits for the response any more; sets C{closed}, too.  Within a request, one thread
        at a time; never blocks.
        """
        try:
            while True:
                # Within a request a frontend says nothing else; end of file means that it is gone.
                note = self._socket.recv(frames.REQUEST_HEAD, socket.MSG_PEEK | socket.MSG_DONTWAIT)
                if not note or note[0] != frames.CLOSED:
                    return True
                if len(note) < frames.REQUEST_HEAD:
                    return False
                self._socket.recv(frames.REQUEST_HEAD)
                self.closed = True
        except BlockingIOError:
            return False
        except OSError:
            return True

    def _send(self, *pieces: bytes) -> None:
        with self._lock:
            try:
                for piece in pieces:
                    self._socket.sendall(piece)
            except OSError as error:
                # Nothing more may follow half a frame.
                self._shutdown()
                raise ClientDisconnected(f"the frontend reads nothing: {error}") from None

    def _shutdown(self) -> None:
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def retire(self) -> None:
        """
        Asks the frontend to send no more requests here and to close the link.  Any thread; never
        blocks: while a core writes a response, or the frontend does not read it, it is left to
        the core (L{retire_if_asked}).
        """
        self._retire = True
        if self._lock.acquire(blocking=False):
            try:
                self._send_retire(socket.MSG_DONTWAIT)
            finally:
                self._lock.release()

    def retire_if_asked(self) -> None:
        """The core, after a response; sends what L{retire} could not."""
        if self._retire:
            with self._lock:
                self._send_retire(0)

    def _send_retire(self, flags: int) -> None:
        """Once; whoever calls it holds the lock."""
        if not self._retired:
            try:
                self._socket.send(frames.encode_signal(frames.RETIRE), flags)
                self._retired = True
            except OSError:
                pass

    def close(self) -> None:
        """The thread that owns the link."""
        with self._lock:
            self._socket.close()


@implementer(IFileSink)
class LinkSink(EncodedSink):
    """Sends a response over a core's own link."""

    __slots__ = ("_gone", "_link")

    def __init__(self, link: WorkerLink, encoder: ResponseEncoder, date: str) -> None:
        super().__init__(encoder, date)
        self._link = link
        self._gone = False

    def disconnected(self) -> bool:
        """See L{IResponseSink}.  A system call, as long as the answer is no."""
        # Whoever holds the lock sends, and learns by itself if that is in vain.
        if not self._gone and self._lock.acquire(blocking=False):
            try:
                # After the response the link is somebody else's.
                if not self.finished:
                    self._gone = self._link.cancelled() or self._link.closed
            finally:
                self._lock.release()
        return self._gone

    def _send(self, data: bytes) -> None:
        if self._link.cancelled():
            raise ClientDisconnected("the client is gone")
        self._link.send(0, data)

    def _end(self, data: bytes, close: bool) -> None:
        self._link.send(frames.LAST | frames.CLOSE if close else frames.LAST, data)

    def _end_with_file(self, descriptor: int, offset: int, count: int) -> str:
        if self._held:
            self._link.send(0, self._held)
            self._held = b""
        self.head_sent = True
        self.body_size = count
        flags = frames.LAST | frames.CLOSE if self._encoder.close else frames.LAST
        self._link.send_file(flags, descriptor, offset, count)
        self.finished = True
        return "offload" if self._link.offloads and count >= SMALLEST else "sendfile"

    def _cut(self) -> None:
        try:
            self._link.send(frames.LAST | frames.CLOSE | frames.CUT, b"")
        except ClientDisconnected:
            pass
