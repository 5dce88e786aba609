"""Where a response goes that an application makes on its own thread: the three L{IResponseSink}s.

L{ThreadSink} sends from that thread, which is legal on our own plain transports alone;
L{ReactorSink} leaves every byte to the reactor, and so works over any transport and any
C{twisted.web} Request; the third, a core's own link, is L{twsgi.wsgi.link.LinkSink}.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from typing import TYPE_CHECKING, Any

from twisted.internet.interfaces import IPushProducer
from twisted.logger import Logger
from zope.interface import implementer

from twsgi.errors import ClientDisconnected
from twsgi.interfaces import IFileSink, IResponseSink
from twsgi.web.files import send_file_response
from twsgi.web.http2 import Stream, is_stream
from twsgi.web.threads import hand_to_reactor
from twsgi.wire.response import HOP_BY_HOP, ResponseEncoder

if TYPE_CHECKING:
    from twsgi.web.http1 import HTTP1Channel

#: Bytes that may be on their way to the reactor, or wait in the transport, before a thread waits.
HIGH_WATER = 256 * 1024
#: Pieces below this size are joined with what comes before and after them, into one send.
JOINED = 16 * 1024
#: Bytes that the reactor is given at once.
PIECE = 64 * 1024
#: Seconds after which a stream of HTTP/2 that could take nothing is looked at again.
_LOOK = 0.02

_log = Logger()


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
        @param reactor: C{IReactorFromThreads}, and C{IReactorTime} where there is HTTP/2.
        @param timeout: seconds that a client may read nothing.
        """
        self._request = request
        self._reactor = reactor
        self._timeout = timeout
        self._condition = threading.Condition()
        self._in_flight = 0
        self._moved = 0
        self._lost = self._aborted = False
        self._head: tuple[str, list[tuple[str, str]], int | None] | None = None
        # The reactor's: pieces that are not the Request's yet, None: the end of the response.
        self._queue: deque[bytes | None] = deque()
        self._looking = False
        self._seen = 0
        self.head_sent = self.finished = False
        self.head_size = self.body_size = 0
        channel = request.channel
        self._stream = Stream(channel) if is_stream(channel) else None
        # A channel whose transport is full from the response before tells its producers once.
        self._paused = bool(getattr(channel, "_waitingForTransport", False))
        request.notifyFinish().addErrback(self._disconnected)
        request.registerProducer(self, True)

    def start(self, status: str, headers: list[tuple[str, str]], length: int | None) -> None:
        """See L{IResponseSink}."""
        self._head = status, headers, length
        self.head_size = sum(len(name) + len(value) + 4 for name, value in headers)

    def write(self, data: bytes) -> None:
        """See L{IResponseSink}."""
        self.head_sent = True
        self._hand_over(data, False)

    def finish(self, data: bytes) -> None:
        """See L{IResponseSink}."""
        self.head_sent = True
        self._hand_over(data, True)
        self.finished = True

    def abort(self) -> None:
        """See L{IResponseSink}."""
        if not self.finished:
            self.finished = True
            hand_to_reactor(self._reactor, self._abort)

    def pauseProducing(self) -> None:
        """C{IPushProducer}."""
        with self._condition:
            self._paused = True

    def resumeProducing(self) -> None:
        """C{IPushProducer}."""
        with self._condition:
            self._paused = False
            self._moved += 1
            self._condition.notify_all()
        self._push()

    def stopProducing(self) -> None:
        """C{IPushProducer}."""
        self._disconnected(None)

    def _disconnected(self, reason: object) -> None:
        with self._condition:
            self._lost = True
            self._condition.notify_all()
        self._queue.clear()

    def _hand_over(self, data: bytes, last: bool) -> None:
        """Application thread: in pieces, for a transport copies what it cannot send, whole."""
        self.body_size += len(data)
        for at in range(0, len(data) or 1, PIECE):
            piece = data[at : at + PIECE]
            self._await_room(len(piece))
            hand_to_reactor(self._reactor, self._take, piece, last and at + PIECE >= len(data))

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

    def _take(self, data: bytes, last: bool) -> None:
        if not self._lost:
            self._queue.append(data)
            if last:
                self._queue.append(None)
            self._push()

    def _push(self) -> None:
        """Gives the Request what it can send."""
        try:
            while self._queue and not self._lost:
                data = self._queue.popleft()
                if data is None:
                    self._send_head()
                    self._request.unregisterProducer()
                    self._request.finish()
                    return
                data = self._what_fits(data)
                if data is None:
                    return
                self._moved_on(len(data))
                self._send_head()
                self._request.write(data)
        except Exception:
            # The client must not wait for ever for what cannot be sent.
            _log.failure("a response cannot be sent")
            self._abort()

    def _what_fits(self, data: bytes) -> bytes | None:
        """HTTP/2: the part of a piece that the client would take; the rest stays in the queue."""
        stream = self._stream
        if stream is None or not data:
            return data
        queued, window = stream.queued(), stream.window()
        room = min(window, stream.shared_window())
        if room > 0 and queued + len(data) <= HIGH_WATER:
            self._seen = HIGH_WATER + 1  # it moves
            if room < len(data):
                self._queue.appendleft(data[room:])
            return data[:room]
        self._queue.appendleft(data)
        if window <= 0:
            stream.blocked()  # so that it resumes us
        else:
            self._look_later(queued)
        return None

    def _look_later(self, queued: int) -> None:
        """Nobody tells when bytes have left the connection of a stream."""
        if not self._looking:
            self._looking = True
            self._reactor.callLater(0.0 if queued < self._seen else _LOOK, self._look)
        self._seen = queued

    def _look(self) -> None:
        self._looking = False
        self._push()

    def _moved_on(self, size: int) -> None:
        with self._condition:
            self._in_flight -= size
            self._moved += 1
            self._condition.notify_all()

    def _send_head(self) -> None:
        if self._head is None:
            return
        (status, headers, length), self._head = self._head, None
        code, _, reason = status.partition(" ")
        request = self._request
        request.setResponseCode(int(code), reason.encode("latin-1"))
        fields = request.responseHeaders
        # HTTP/2 has none of them; in HTTP/1 they are the channel's.
        headers = [field for field in headers if field[0].lower() not in HOP_BY_HOP]
        for name, _ in headers:
            fields.removeHeader(name)
        for name, value in headers:
            fields.addRawHeader(name.encode("latin-1"), value.encode("latin-1"))
        if length is not None and not fields.hasHeader("content-length"):
            fields.setRawHeaders("content-length", [str(length)])

    def _abort(self) -> None:
        channel = self._request.channel
        if channel is None or self._aborted:
            return
        self._aborted = True
        self._disconnected(None)
        self._request.unregisterProducer()
        if self._stream is not None:
            self._stream.reset()
            return
        abort = getattr(channel, "abortConnection", None) or getattr(
            self._request.transport, "abortConnection", self._request.loseConnection
        )
        abort()
