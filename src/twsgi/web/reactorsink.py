"""L{ReactorSink}: a response that the reactor sends, over any transport: TLS, HTTP/2, any Site."""

from __future__ import annotations

import threading
from collections import deque
from typing import Any

from twisted.internet.interfaces import IPushProducer
from twisted.logger import Logger
from zope.interface import implementer

from twsgi.errors import ClientDisconnected
from twsgi.interfaces import IResponseSink
from twsgi.web.http2 import Stream, is_stream
from twsgi.web.sinks import refuse_after_the_end
from twsgi.web.threads import hand_to_reactor
from twsgi.wire.response import HOP_BY_HOP

#: Bytes that may be on their way to the reactor, or wait in the transport, before a thread waits.
HIGH_WATER = 256 * 1024
#: Bytes that the reactor is given at once.
PIECE = 64 * 1024
#: Seconds after which a stream of HTTP/2 that could take nothing is looked at again.
_LOOK = 0.02
_log = Logger()


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
        self._lost = self._aborted = self._close = False
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
        if self.finished:
            refuse_after_the_end()
        self.head_sent = True
        self._hand_over(data, False)

    def finish(self, data: bytes) -> None:
        """See L{IResponseSink}."""
        self.head_sent = True
        self._hand_over(data, True)
        self.finished = True

    def close_after(self) -> None:
        """See L{IResponseSink}.  On HTTP/2 nothing can pass for a part of the next response."""
        self._close = self._stream is None

    def disconnected(self) -> bool:
        """See L{IResponseSink}."""
        return self._lost

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
                    if self._close:
                        self._request.channel.persistent = 0
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
        if self._close:
            fields.setRawHeaders("connection", ["close"])
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
