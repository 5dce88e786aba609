"""L{Call}: one request on its way to a worker, and its response on its way back."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Any

from twsgi.errors import HTTPError
from twsgi.proxy.spool import Spool, Spools
from twsgi.web.body import Body
from twsgi.web.files import send_file_response
from twsgi.web.http1 import HTTP1Channel
from twsgi.web.request import Request
from twsgi.wire import frames

if TYPE_CHECKING:
    from twsgi.proxy.link import FrontendLink

_NO_BODY = b""


class Call:
    """
    One request.  Reactor thread.

    @ivar frame: the request as it goes over a link; kept until the response begins.
    @ivar body: its body where that is a file, which travels apart; else None.
    @ivar deadline: reactor seconds at which waiting, in the queue or for the first byte of the
        response, ends with 503 or 504; 0 once the response has begun.
    @ivar link: where it is being served, or None while it waits.
    @ivar closed: the client will send no more; its response goes on.
    @ivar gone: the client is not there any more.
    """

    __slots__ = (
        "_channel",
        "_file",
        "_spool",
        "_spools",
        "body",
        "closed",
        "deadline",
        "frame",
        "gone",
        "link",
        "queued_since",
    )

    def __init__(self, request: Request, deadline: float, spools: Spools) -> None:
        """
        @param spools: the frontend's, for what the client has not read.
        """
        self._spools = spools
        self._spool: Spool | None = None
        self._file = -1
        channel: Any = request.channel
        self._channel: HTTP1Channel = channel
        self.deadline = deadline
        self.queued_since = 0.0
        self.link: FrontendLink | None = None
        self.closed = channel.client_closed
        self.gone = False
        self.body: Body | None = None
        self.frame = self._encode(request)
        channel.relayed = self

    def _encode(self, request: Request) -> bytes:
        head = request.head
        flags = 0
        if request.keep_alive:
            flags |= frames.KEEP_ALIVE
        if head.http11:
            flags |= frames.HTTP11
        if head.environ["REQUEST_METHOD"] == "HEAD":
            flags |= frames.HEAD
        variables = frames.encode_variables(head.environ)
        # From here the body is this object's.
        body, request.body = request.body, None
        if body is None:
            return frames.encode_request(flags, variables, _NO_BODY, 0)
        if body.descriptor is None:
            return frames.encode_request(flags, variables, body.in_memory(), body.length)
        self.body = body
        return frames.encode_request(flags | frames.SPOOLED, variables, _NO_BODY, body.length)

    def relay(self, flags: int, data: bytes) -> None:
        """Bytes of the response; C{flags} are of L{frames}."""
        self.deadline = 0.0
        self.frame = b""
        if flags & frames.LAST:
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
        self.done()
        close = flags & frames.CLOSE != 0
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

    def refuse(self, status: int, reason: str, headers: str = "") -> None:
        """Answers with an error instead of a worker's response."""
        if not self.gone:
            self._channel.relayed = None
            self._channel.refuse(HTTPError(status, reason), headers)
            self.gone = True

    def lost(self, reason: str) -> None:
        """The worker is gone: 502, or a cut if the response has begun already."""
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
