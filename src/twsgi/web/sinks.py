"""Where a response goes that an application makes on its own thread: the three L{IResponseSink}s.

L{ThreadSink} sends from that thread, which is legal on our own plain transports alone;
L{ReactorSink <twsgi.web.reactorsink.ReactorSink>} leaves every byte to the reactor, and so works
over any transport and any C{twisted.web} Request; the third, a core's own link, is
L{twsgi.wsgi.link.LinkSink}.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, NoReturn

from zope.interface import implementer

from twsgi.interfaces import IFileSink, IResponseSink
from twsgi.web.files import send_file_response
from twsgi.web.threads import hand_to_reactor
from twsgi.wire.response import ResponseEncoder

if TYPE_CHECKING:
    from twsgi.web.threadchannel import ThreadChannel

#: Pieces below this size are joined with what comes before and after them, into one send.
JOINED = 16 * 1024


@implementer(IResponseSink)
class EncodedSink:
    """
    The common half of the sinks that frame a response themselves.  Its methods C{_send}, C{_end},
    C{_cut} and C{_end_with_file} are the other, called with the sink's lock held.

    The lock makes an end of the end: an application may keep C{write} and call it from a thread
    of its own when the link, or the connection, is somebody else's already.
    """

    __slots__ = (
        "_date",
        "_encoder",
        "_held",
        "_lock",
        "body_size",
        "finished",
        "head_sent",
        "head_size",
    )

    def __init__(self, encoder: ResponseEncoder, date: str) -> None:
        """
        @param date: the Date field's line.
        """
        self._encoder = encoder
        self._date = date
        self._held = b""
        self._lock = threading.Lock()
        self.head_sent = self.finished = False
        self.head_size = self.body_size = 0

    def start(self, status: str, headers: list[tuple[str, str]], length: int | None) -> None:
        """See L{IResponseSink}."""
        with self._lock:
            if self.finished:
                refuse_after_the_end()
            self._held = self._encoder.head(status, headers, length, self._date)
            self.head_size = len(self._held)

    def write(self, data: bytes) -> None:
        """See L{IResponseSink}."""
        with self._lock:
            if self.finished:
                refuse_after_the_end()
            self._write(data)

    def _write(self, data: bytes) -> None:
        encoder = self._encoder
        self.head_sent = True
        if not encoder.omits_body:
            self.body_size += len(data)
            if len(data) >= JOINED:
                self._write_long(data)
                return
        data = self._held + encoder.body(data)
        self._held = b""
        self._send(data)

    def _write_long(self, data: bytes) -> None:
        """Without a copy: an application may send all it has in one piece."""
        before, after = self._encoder.around(len(data))
        before, self._held = self._held + before, b""
        for piece in (before, data, after):
            if piece:
                self._send(piece)

    def finish(self, data: bytes) -> None:
        """See L{IResponseSink}."""
        encoder = self._encoder
        with self._lock:
            if self.finished:
                refuse_after_the_end()
            if len(data) >= JOINED:
                self._write(data)
                data = b""
            elif data and not encoder.omits_body:
                self.body_size += len(data)
                data = encoder.body(data)
            elif data:
                data = b""
            self.head_sent = self.finished = True
            self._end(self._held + data + encoder.end(), encoder.close)

    def close_after(self) -> None:
        """See L{IResponseSink}."""
        self._encoder.close = True

    def disconnected(self) -> bool:
        """See L{IResponseSink}."""
        raise AssertionError("a sink knows its client")

    def abort(self) -> None:
        """See L{IResponseSink}."""
        with self._lock:
            if not self.finished:
                self.finished = True
                self._cut()

    def send_file(self, descriptor: int, offset: int, count: int) -> str:
        """See L{IFileSink}."""
        with self._lock:
            if self.finished:
                refuse_after_the_end()
            return self._end_with_file(descriptor, offset, count)

    def _send(self, data: bytes) -> None:
        raise AssertionError("a sink sends")

    def _end(self, data: bytes, close: bool) -> None:
        raise AssertionError("a sink ends")

    def _cut(self) -> None:
        raise AssertionError("a sink cuts")

    def _end_with_file(self, descriptor: int, offset: int, count: int) -> str:
        raise AssertionError("a sink sends files")


def refuse_after_the_end() -> NoReturn:
    """
    @raise RuntimeError: the response has ended; what comes now would be another one's.
    """
    raise RuntimeError("the response has ended: write() was called too late")


@implementer(IFileSink)
class ThreadSink(EncodedSink):
    """Sends to the client's socket from the application's thread (L{IThreadSafeTransport})."""

    __slots__ = ("_channel", "_timeout", "_whole")

    def __init__(
        self, channel: ThreadChannel, encoder: ResponseEncoder, date: str, timeout: float
    ) -> None:
        """
        @param timeout: seconds that a client may read nothing.
        """
        super().__init__(encoder, date)
        self._channel = channel
        self._timeout = timeout
        self._whole = False

    def start(self, status: str, headers: list[tuple[str, str]], length: int | None) -> None:
        """See L{IResponseSink}."""
        if self._channel.site.draining:
            # It was not when the request came.
            self.close_after()
        EncodedSink.start(self, status, headers, length)

    def disconnected(self) -> bool:
        """See L{IResponseSink}."""
        channel = self._channel
        if self._whole:  # and closed by us, perhaps
            return channel.client_closed
        if self.finished:
            return channel.client_closed or not channel.transport.connected
        return channel.client_closed or channel.transport.peer_gone()

    def _send(self, data: bytes) -> None:
        self._channel.transport.write_from_thread(data, self._timeout)

    def _end(self, data: bytes, close: bool) -> None:
        self._channel.transport.write_from_thread(data, self._timeout)
        self._whole = True
        self._channel.finish_from_thread(close)

    def _cut(self) -> None:
        hand_to_reactor(self._channel.site.reactor, self._channel.abort)

    def _end_with_file(self, descriptor: int, offset: int, count: int) -> str:
        channel = self._channel
        transport = channel.transport
        try:
            copy = os.dup(descriptor)
        except OSError:
            return ""
        head, self._held = self._held, b""
        self.head_sent = self.finished = True
        self.body_size = count
        try:
            transport.write_from_thread(head, self._timeout)
        except BaseException:
            os.close(copy)
            raise
        hand_to_reactor(
            channel.site.reactor,
            send_file_response,
            channel,
            copy,
            offset,
            count,
            self._encoder.close,
        )
        return transport.sends_via(count)
