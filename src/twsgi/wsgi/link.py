"""The worker's end of a link to a frontend: read and written by the core that serves its request.

A link belongs to one thread at a time: to the core that the wait point gave it to, until it is
rearmed.  The one exception is RETIRE, which the reactor's thread sends on an idle link; C{_lock}
keeps it from falling into a response.
"""

from __future__ import annotations

import io
import os
import socket
import struct
import tempfile
import threading
from typing import BinaryIO

from twsgi.errors import ClientDisconnected, FrameError
from twsgi.web.sinks import JOINED, EncodedSink
from twsgi.wire import frames
from twsgi.wire.response import ResponseEncoder

_READ = 65536
#: A body above this many bytes is read into a file (a frontend sends such a one as a file itself).
_IN_MEMORY = 1024 * 1024


class LinkRequest:
    """
    A request as it came over a link.

    @ivar flags: of L{frames}.
    @ivar variables: the CGI variables, encoded.
    @ivar body: at its start; closed by whoever serves the request.
    """

    __slots__ = ("body", "flags", "variables")

    def __init__(self, flags: int, variables: bytes, body: BinaryIO) -> None:
        self.flags = flags
        self.variables = variables
        self.body = body


#: What L{WorkerLink.receive} returns for a cancellation that came late.
CANCELLED = LinkRequest(0, b"", io.BytesIO())


class WorkerLink:
    """
    One link.

    @ivar frontend: the index of the frontend at its other end.
    """

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
        self._retire = self._retired = False
        self.frontend = frontend
        self.fileno = self._socket.fileno

    def receive(self) -> LinkRequest | None:
        """
        Reads one request, whole.  Blocks while it comes.

        @return: None at the end of file: the frontend has closed the link, or is gone;
            L{CANCELLED}: no request, but the end of one that has been served meanwhile, or that
            nobody waits for any more, which has then been ended.
        @raise FrameError: these are no requests.
        """
        try:
            received = self._receive_head()
            if received is None:
                return CANCELLED
            flags, data, start, length = received
            if flags & frames.SPOOLED:
                body: BinaryIO | None = self._receive_file()
            else:
                body = self._receive_body(data[start:], length)
        except ConnectionError:
            return None
        if body is None:
            return CANCELLED
        return LinkRequest(flags, data[frames.REQUEST_HEAD : start], body)

    def bounce(self) -> bool:
        """
        Reads one request and sends it back: the frontend still has it.  The thread that owns the
        link.

        @return: False at the end of file.
        @raise FrameError: these are no requests.
        """
        try:
            received = self._receive_head()
            if received is None:
                return True
            flags, data, start, length = received
            missing = 0 if flags & frames.SPOOLED else length - (len(data) - start)
            while missing > 0:
                data = self._more()
                missing -= len(data)
            if missing:
                self._end_cancelled(data[missing:])
            else:
                self._send(frames.encode_signal(frames.BOUNCE))
        except ConnectionError:
            return False
        return True

    def _receive_head(self) -> tuple[int, bytes, int, int] | None:
        """
        Flags, what has come, where in it the body begins, and the body's length; None where there
        was but a cancellation that came late.
        """
        data = self._more()
        while len(data) < frames.REQUEST_HEAD:
            data += self._more()
        if data[0] == frames.CANCEL:
            data = data[frames.REQUEST_HEAD :]
            if not data:
                return None
            while len(data) < frames.REQUEST_HEAD:
                data += self._more()
        flags, size, length = frames.decode_request_head(data)
        start = frames.REQUEST_HEAD + size
        while len(data) < start:
            data += self._more()
        return flags, data, start, length

    def _more(self) -> bytes:
        try:
            data = self._socket.recv(_READ)
        except OSError as error:
            raise ConnectionResetError(f"the frontend is gone: {error}") from None
        if not data:
            raise ConnectionResetError("the frontend has closed the link")
        return data

    def _receive_body(self, data: bytes, length: int) -> BinaryIO | None:
        """
        C{data}: what has come of it.

        @return: None where its cancellation came with it.
        """
        missing = length - len(data)
        if not missing:
            return io.BytesIO(data)
        file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115
        file.write(data)
        while missing > 0:
            data = self._more()
            missing -= len(data)
            file.write(data)
        if missing:
            file.close()
            self._end_cancelled(data[missing:])
            return None
        file.seek(0)
        return file  # type: ignore[return-value]

    def _end_cancelled(self, data: bytes) -> None:
        """
        Ends a request that nobody has begun to serve and nobody waits for.

        @param data: what came after it, which can be nothing but its cancellation.
        """
        while len(data) < frames.REQUEST_HEAD and data[0] == frames.CANCEL:
            data += self._more()
        if data != frames.encode_cancel():
            raise FrameError("more bytes than the request's frame has")
        self.send(frames.LAST | frames.CLOSE | frames.CUT, b"")

    def _receive_file(self) -> BinaryIO:
        """The body is a file of the frontend's: asks for its descriptor."""
        self._send(frames.encode_signal(frames.WANT_BODY))
        byte, descriptors, _, _ = socket.recv_fds(self._socket, 1, 1)
        if not byte:
            raise ConnectionResetError("the frontend has closed the link")
        if not descriptors:
            raise FrameError("no descriptor came with the body")
        # What the application starts must not inherit it.
        os.set_inheritable(descriptors[0], False)
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

    def cancelled(self) -> bool:
        """Nobody waits for the response any more.  The core, within a request."""
        try:
            # Within a request a frontend says nothing else, and the end of file means it is gone.
            self._socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            pass
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


class LinkSink(EncodedSink):
    """Sends a response over a core's own link."""

    __slots__ = ("_link",)

    def __init__(self, link: WorkerLink, encoder: ResponseEncoder, date: str) -> None:
        super().__init__(encoder, date)
        self._link = link

    def _send(self, data: bytes) -> None:
        if self._link.cancelled():
            raise ClientDisconnected("the client is gone")
        self._link.send(0, data)

    def _end(self, data: bytes, close: bool) -> None:
        self._link.send(frames.LAST | frames.CLOSE if close else frames.LAST, data)

    def _cut(self) -> None:
        try:
            self._link.send(frames.LAST | frames.CLOSE | frames.CUT, b"")
        except ClientDisconnected:
            pass
