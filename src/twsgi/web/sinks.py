"""Where a response goes that an application makes on its own thread: the three L{IResponseSink}s.

L{ThreadSink} sends from that thread, which is legal on our own plain transports alone;
L{ReactorSink} leaves every byte to the reactor, and so works over any transport and any
C{twisted.web} Request; the third, a core's own link, is L{twsgi.wsgi.link.LinkSink}.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer

from twsgi.errors import ClientDisconnected
from twsgi.interfaces import IFileSink, IResponseSink
from twsgi.web.files import send_file_response
from twsgi.web.threads import hand_to_reactor
from twsgi.wire.response import ResponseEncoder

if TYPE_CHECKING:
    from twsgi.web.http1 import HTTP1Channel

#: Bytes that may be on their way to the reactor, or wait in the transport, before a thread waits.
HIGH_WATER = 256 * 1024
#: Pieces below this size are joined with what comes before and after them, into one send.
JOINED = 16 * 1024


@implementer(IResponseSink)
class EncodedSink:
    """
    The common half of the sinks that frame a response themselves.  Its three methods C{_send},
    C{_end} and C{_cut} are the other.
    """

    __slots__ = ("_date", "_encoder", "_held", "body_size", "finished", "head_sent", "head_size")

    def __init__(self, encoder: ResponseEncoder, date: str) -> None:
        """
        @param date: the Date field's line.
        """
        self._encoder = encoder
        self._date = date
        self._held = b""
        self.head_sent = self.finished = False
        self.head_size = self.body_size = 0

    def start(self, status: str, headers: list[tuple[str, str]], length: int | None) -> None:
        """See L{IResponseSink}."""
        self._held = self._encoder.head(status, headers, length, self._date)
        self.head_size = len(self._held)

    def write(self, data: bytes) -> None:
        """See L{IResponseSink}."""
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
        if len(data) >= JOINED:
            self.write(data)
            data = b""
        elif data and not encoder.omits_body:
            self.body_size += len(data)
            data = encoder.body(data)
        elif data:
            data = b""
        self.head_sent = self.finished = True
        self._end(self._held + data + encoder.end(), encoder.close)

    def abort(self) -> None:
        """See L{IResponseSink}."""
        if not self.finished:
            self.finished = True
            self._cut()

    def _send(self, data: bytes) -> None:
        raise AssertionError("a sink sends")

    def _end(self, data: bytes, close: bool) -> None:
        raise AssertionError("a sink ends")

    def _cut(self) -> None:
        raise AssertionError("a sink cuts")


@implementer(IFileSink)
class ThreadSink(EncodedSink):
    """Sends to the client's socket from the application's thread (L{IThreadSafeTransport})."""

    __slots__ = ("_channel", "_timeout")

    def __init__(
        self, channel: HTTP1Channel, encoder: ResponseEncoder, date: str, timeout: float
    ) -> None:
        """
        @param timeout: seconds that a client may read nothing.
        """
        super().__init__(encoder, date)
        self._channel = channel
        self._timeout = timeout

    def _send(self, data: bytes) -> None:
        self._channel.transport.write_from_thread(data, self._timeout)

    def _end(self, data: bytes, close: bool) -> None:
        self._channel.transport.write_from_thread(data, self._timeout)
        self._channel.finish_from_thread(close)

    def _cut(self) -> None:
        hand_to_reactor(self._channel.site.reactor, self._channel.abort)

    def send_file(self, descriptor: int, offset: int, count: int) -> str:
        """See L{IFileSink}."""
        channel = self._channel
        transport = channel.transport
        head, self._held = self._held, b""
        self.head_sent = self.finished = True
        self.body_size = count
        copy = os.dup(descriptor)
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


@implementer(IResponseSink, IPushProducer)
class ReactorSink:
    """
    Has the reactor write to a C{twisted.web} Request: over TLS, HTTP/2, a stock Site.  What is on
    its way is bounded: a thread whose client does not read waits.

    Made on the reactor thread; the methods of L{IResponseSink} are the application thread's, those
    of C{IPushProducer} the reactor's.
    """

    def __init__(self, request: Any, reactor: Any, timeout: float) -> None:
        """
        @param timeout: seconds that a client may read nothing.
        """
        self._request = request
        self._reactor = reactor
        self._timeout = timeout
        self._condition = threading.Condition()
        self._in_flight = 0
        self._moved = 0
        self._paused = self._lost = False
        self._started = False
        self._head: tuple[str, list[tuple[str, str]], int | None] | None = None
        self.head_sent = self.finished = False
        self.head_size = self.body_size = 0
        request.notifyFinish().addErrback(self._disconnected)
        request.registerProducer(self, True)

    def start(self, status: str, headers: list[tuple[str, str]], length: int | None) -> None:
        """See L{IResponseSink}."""
        self._head = status, headers, length
        self.head_size = sum(len(name) + len(value) + 4 for name, value in headers)

    def write(self, data: bytes) -> None:
        """See L{IResponseSink}."""
        self.body_size += len(data)
        self.head_sent = True
        self._await_room(len(data))
        hand_to_reactor(self._reactor, self._write, data)

    def finish(self, data: bytes) -> None:
        """See L{IResponseSink}."""
        self.body_size += len(data)
        self.head_sent = self.finished = True
        self._await_room(len(data))
        hand_to_reactor(self._reactor, self._finish, data)

    def abort(self) -> None:
        """See L{IResponseSink}."""
        if not self.finished:
            self.finished = True
            hand_to_reactor(self._reactor, self._abort)

    def pauseProducing(self) -> None:
        """C{IPushProducer}."""
        self._paused = True

    def resumeProducing(self) -> None:
        """C{IPushProducer}."""
        with self._condition:
            self._paused = False
            self._moved += 1
            self._condition.notify_all()

    def stopProducing(self) -> None:
        """C{IPushProducer}."""
        self._disconnected(None)

    def _disconnected(self, reason: object) -> None:
        with self._condition:
            self._lost = True
            self._condition.notify_all()

    def _await_room(self, size: int) -> None:
        """Application thread: waits until C{size} more bytes may be on their way."""
        with self._condition:
            while (self._paused or self._in_flight > HIGH_WATER) and not self._lost:
                moved = self._moved
                if not self._condition.wait(self._timeout) and moved == self._moved:
                    hand_to_reactor(self._reactor, self._abort)
                    self._lost = True
            if self._lost:
                raise ClientDisconnected("the client is gone")
            self._in_flight += size

    def _write(self, data: bytes) -> None:
        with self._condition:
            self._in_flight -= len(data)
            self._moved += 1
            self._condition.notify_all()
            lost = self._lost
        if not lost:
            self._send_head()
            self._request.write(data)

    def _send_head(self) -> None:
        if self._head is None:
            return
        (status, headers, length), self._head = self._head, None
        code, _, reason = status.partition(" ")
        request = self._request
        request.setResponseCode(int(code), reason.encode("latin-1"))
        fields = request.responseHeaders
        for name, _ in headers:
            fields.removeHeader(name)
        for name, value in headers:
            fields.addRawHeader(name.encode("latin-1"), value.encode("latin-1"))
        if length is not None and not fields.hasHeader("content-length"):
            fields.setRawHeaders("content-length", [str(length)])

    def _finish(self, data: bytes) -> None:
        self._write(data)
        if not self._lost:
            self._request.unregisterProducer()
            self._request.finish()

    def _abort(self) -> None:
        channel = self._request.channel
        if channel is None:
            return
        self._request.unregisterProducer()
        abort = getattr(channel, "abortConnection", None) or getattr(
            self._request.transport, "abortConnection", self._request.loseConnection
        )
        abort()
