"""L{Call}: one request on its way to a worker, and its response on its way back."""

from __future__ import annotations

import os
import time
from collections.abc import Set
from functools import partial
from typing import TYPE_CHECKING, Any

from twsgi.errors import HTTPError
from twsgi.proxy.spool import Spool, Spools
from twsgi.web.body import Body
from twsgi.web.files import send_file_response
from twsgi.web.http1 import HTTP1Channel
from twsgi.wire import frames
from twsgi.wire.head import RequestHead

if TYPE_CHECKING:
    from twsgi.proxy.link import FrontendLink

_NO_BODY = b""


class Call:
    """
    One request.  Reactor thread.

    @ivar frame: the request as it goes over a link; empty once the response has begun.
    @ivar body: its body where that is a file, which travels apart; else None.  It stays as long as
        it may be wanted once more.
    @ivar deadline: reactor seconds at which waiting, in the queue or for the first byte of the
        response, ends with 503 or 504; 0 once the response has begun.
    @ivar made: monotonic nanoseconds at which the request was whole; the scoreboard has it, too.
    @ivar link: where it is being served, or None while it waits.
    @ivar closed: the client will send no more; its response goes on.
    @ivar gone: the client is not there any more.
    @ivar retried: it has been lost with a worker once, and was sent again.
    """

    __slots__ = (
        "_apart",
        "_channel",
        "_file",
        "_head",
        "_spool",
        "_spools",
        "body",
        "closed",
        "deadline",
        "frame",
        "gone",
        "link",
        "made",
        "queued_since",
        "retried",
    )

    def __init__(
        self,
        channel: HTTP1Channel,
        head: RequestHead,
        body: Body | None,
        deadline: float,
        spools: Spools,
    ) -> None:
        """
        @param body: this object's from now on.
        @param spools: the frontend's, for what the client has not read.
        """
        self._spools = spools
        self._spool: Spool | None = None
        self._file = -1
        self._channel = channel
        self._head = head
        self.deadline = deadline
        self.queued_since = 0.0
        self.link: FrontendLink | None = None
        self.closed = channel.client_closed
        # There is more to do than to relay: its client is gone, or told that this was the last.
        self.gone = self.retried = self._apart = False
        self.body: Body | None = None
        self.made = time.monotonic_ns()
        self.frame = self._encode(head, body)
        channel.relayed = self

    def _encode(self, head: RequestHead, body: Body | None) -> bytes:
        flags = 0
        if head.keep_alive:
            flags |= frames.KEEP_ALIVE
        if head.http11:
            flags |= frames.HTTP11
        if head.environ["REQUEST_METHOD"] == "HEAD":
            flags |= frames.HEAD
        variables = frames.encode_variables(head.environ)
        if body is None:
            return frames.encode_request(flags, variables, _NO_BODY, 0, self.made)
        data = _NO_BODY
        if body.descriptor is None:
            data = body.in_memory()
        else:
            self.body = body
            flags |= frames.SPOOLED
        return frames.encode_request(flags, variables, data, body.length, self.made)

    def relay(self, flags: int, data: bytes) -> None:
        """Bytes of the response; C{flags} are of L{frames}."""
        if self._apart:
            flags, data = self._last_one(flags, data)
        self.deadline = 0.0
        self.frame = b""
        if self.body is not None:
            self.done()
        if self.gone:
            return
        channel = self._channel
        if data and not ((self._spool or channel.transport.full) and self._store(data)):
            channel.relay(data)
        if flags & frames.LAST:
            close = flags & frames.CLOSE != 0
            if flags & frames.CUT:
                channel.abort()
            elif self._spool is None:
                channel.finish(close)
            else:
                self._spool.end(partial(channel.finish, close))

    def send_file(self, flags: int, descriptor: int, offset: int, count: int) -> None:
        """The rest of the response: a part of a file, whose descriptor is this object's now."""
        self.deadline = 0.0
        self.frame = b""
        self.done()
        close = self._apart or flags & frames.CLOSE != 0
        if self.gone:
            os.close(descriptor)
        elif self._spool is None:
            send_file_response(self._channel, descriptor, offset, count, close)
        else:
            self._file = descriptor
            self._spool.end(partial(self._send_file, offset, count, close))

    def _send_file(self, offset: int, count: int, close: bool) -> None:
        descriptor, self._file = self._file, -1
        send_file_response(self._channel, descriptor, offset, count, close)

    def full(self) -> bool:
        """The client is slower than the worker: what waits for it has passed all marks."""
        if self.gone:
            return False
        spool = self._spool
        if spool is not None and spool.holds:
            return not spool.room
        if not self._channel.transport.full:
            return False
        return not self._spools.limit if spool is None else not spool.room

    def _store(self, data: bytes) -> bool:
        """What memory has no room for goes to the disk, if that has; and all that follows it."""
        transport: Any = self._channel.transport
        spool = self._spool
        if spool is None:
            spool = self._spool = Spool(self._spools, transport, self.drained)
        return (spool.holds or transport.full) and spool.write(data)

    def _drop(self) -> None:
        """Nobody will read what is left of the response."""
        if self._spool is not None:
            self._spool.drop()
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def close_after(self) -> None:
        """
        The client's connection is to be closed after this response, if it has not begun: then the
        client is told so.
        """
        if self.frame and not self.gone and self._head.keep_alive:
            self._apart = True

    def _last_one(self, flags: int, data: bytes) -> tuple[int, bytes]:
        """The same bytes, where they begin the last response of a connection as it says that."""
        if self.frame:
            told = _closing(data, self._head.http11) if not self.gone else None
            self._apart = told is not None
            data = told or data
        return (flags | frames.CLOSE if self._apart else flags), data

    def repeatable(self, methods: Set[str]) -> bool:
        """
        It may be sent to another worker, should it be lost with this one: it is one of C{methods}
        (C{http-retry}), nothing of its response has come, and it has not been lost before.
        """
        if self.retried or self.gone or not self.frame:
            return False
        return self._head.environ["REQUEST_METHOD"] in methods

    def sent_again(self, reason: str) -> None:
        """It goes to another worker; the log has a line about it."""
        self.retried = True
        self._channel.site.sent_again(self._channel, reason)

    def refuse(self, status: int, reason: str, headers: str = "") -> None:
        """Answers with an error instead of a worker's response."""
        if not self.gone:
            self._channel.relayed = None
            self._channel.refuse(HTTPError(status, reason), headers)
            self.gone = True

    def lost(self, reason: str) -> None:
        """The worker is gone, for good: 502, or a cut if the response has begun already."""
        self.done()
        if self.gone:
            return
        if self.deadline:
            self.refuse(502, reason)
        else:
            self._channel.relayed = None
            self._channel.abort()
            self._drop()
            self.gone = True

    def done(self) -> None:
        """Nothing of the request is needed any more."""
        if self.body is not None:
            self.body.close()
            self.body = None

    # What the channel says to whoever relays its response.

    def drained(self) -> None:
        """The client has read most of what waited."""
        if self.link is not None:
            self.link.resume()

    def client_closed(self) -> None:
        """The client will send no more: the worker is told, in case the application asks."""
        self.closed = True
        if self.link is not None:
            self.link.tell_closed()

    def client_lost(self) -> None:
        """The client is gone; what the worker still says is dropped."""
        self.gone = True
        self._drop()
        if self.link is not None:
            self.link.cancel()


def _closing(data: bytes, http11: bool) -> bytes | None:
    """
    The first bytes of a response as they say that its connection is closed after it; None where
    they do not have what that takes.
    """
    head, end, body = data.partition(b"\r\n\r\n")
    if not end:
        return None
    # Whoever made it had promised the opposite: to HTTP/1.1 by saying nothing.
    if http11:
        return b"%b\r\nConnection: close%b%b" % (head, end, body)
    before, found, after = (head + b"\r\n").partition(b"\r\nConnection: keep-alive\r\n")
    return b"%b\r\nConnection: close\r\n%b\r\n%b" % (before, after, body) if found else None
