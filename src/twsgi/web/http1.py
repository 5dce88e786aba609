"""L{HTTP1Channel}: one HTTP/1 connection: heads, bodies, pipelining.

One request at a time: what comes after it waits, bounded, until its response has been sent.  The
response is written by a C{twisted.web} resource (L{twsgi.web.face}), or as ready bytes by whoever
framed them (C{relay}, C{finish}).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.python.failure import Failure

from twsgi.errors import HTTPError
from twsgi.web.body import Body
from twsgi.web.lifetime import BODY, CLOSED, HEAD, IDLE, Lifetime
from twsgi.web.reception import Reception
from twsgi.web.request import Request
from twsgi.wire.fields import FieldParser
from twsgi.wire.grammar import EMPTY_LINES
from twsgi.wire.head import RequestHead, check_incomplete, request_head

if TYPE_CHECKING:
    from twsgi.web.site import Site
    from twsgi.web.transport import Connection

#: Bytes of further requests that may wait here while one is under way.
PIPELINE_LIMIT = 65536
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class HTTP1Channel(Lifetime):
    """
    One connection.  Reactor thread.

    @ivar peer: the client's address and port, as CGI variables have them.
    @ivar relayed: who relays its response, if somebody does: told when the client has read what
        waited (C{drained()}), when C{client_closed}, and when it is gone (C{client_lost()}).
    """

    __slots__ = (
        "_advancing",
        "_server_port",
        "peer",
        "relayed",
    )

    def __init__(self, site: Site, peer: tuple[str, str], server_port: str = "") -> None:
        """
        @param server_port: SERVER_PORT of its requests, where it is not what applications are told
            anyway.
        """
        super().__init__(site)
        self.peer = peer
        self._server_port = server_port
        self._advancing = False
        self.relayed: Any = None

    def makeConnection(self, transport: Connection) -> None:
        """The connection exists; its first bytes may be there already."""
        self.transport = transport
        self.deadline = self.site.seconds() + self.site.limits.headers_timeout
        self.site.admission.entered(self)

    @property
    def factory(self) -> Site:
        """Where C{twisted.web}'s Request looks for C{log}."""
        return self.site

    # Bytes in.

    def dataReceived(self, data: bytes) -> None:
        """Bytes came."""
        if self._state == CLOSED:
            return
        data = self._buffer = self._buffer + data if self._buffer else data
        if self.busy or self.transport.full:
            self._pause_if_long(data)
        else:
            self._advance()

    def _pause_if_long(self, data: bytes) -> None:
        if len(data) >= PIPELINE_LIMIT:
            self._paused = True
            self.transport.stopReading()

    def _advance(self) -> None:
        """Takes as many requests from the buffer as can be served now."""
        if self._advancing:
            return
        self._advancing = True
        transport = self.transport
        try:
            # Nobody is served who does not read what he was answered.
            while self._buffer and not (self.busy or transport.full or self._state == CLOSED):
                if not self._step(self.site.parse):
                    break
        except HTTPError as error:
            self.refuse(error)
        finally:
            self._advancing = False
        if self.busy or self._state == CLOSED:
            return
        if self._buffer and self.transport.full:
            # Its client has yet to read: that is what is awaited, not a request.
            self.deadline = 0.0
        elif self.client_closed:
            # What is left is half a request, and stays one.
            self._lose(linger=False)

    def _go_on(self) -> None:
        """A response is complete, or the client has read: what waits here is taken."""
        self._advance()
        if self._paused and self._state != CLOSED:
            waits = self.busy or self.transport.full
            if not waits or len(self._buffer) < PIPELINE_LIMIT:
                self._paused = False
                self._await_more()

    def _step(self, parse: FieldParser) -> bool:
        """
        Takes a head or a piece of a body; False where more bytes are needed.

        @raise HTTPError: what came is no request that can be served.
        """
        if self._reception is not None:
            return self._step_body(self._reception)
        data = self._buffer
        if data.startswith(b"\r\n"):
            # RFC 9112, 2.2: empty lines before a request are tolerated.
            data = self._buffer = EMPTY_LINES.sub(b"", data, 1)
        site = self.site
        limits = site.limits
        end = data.find(b"\r\n\r\n") + 4
        if end < 4 or end > limits.buffer_size:
            check_incomplete(data, end, limits.buffer_size)
            if data and self._state == IDLE:
                self._state = HEAD
                self.deadline = site.seconds() + limits.headers_timeout
            return False
        if end == len(data):
            self._buffer = b""
        else:
            data, self._buffer = data[:end], data[end:]
        head = request_head(data, parse, limits.max_vars)
        if head.length or head.chunked:
            self._await_body(head)
        else:
            self._start(head, None)
        return True

    def _await_body(self, head: RequestHead) -> None:
        now = self.site.seconds()
        self._reception = Reception(head, self.site.limits, now)
        self._state = BODY
        self.deadline = self._reception.deadline(now)
        if head.expects_continue and not self._buffer:
            self._write_interim(_CONTINUE)

    def _write_interim(self, data: bytes) -> None:
        """A response before the response."""
        self.transport.write(data)

    def _step_body(self, reception: Reception) -> bool:
        data, self._buffer = self._buffer, b""
        done = reception.take(data)
        if not done:
            self.deadline = reception.deadline(self.site.seconds())
            return False
        self._buffer = reception.rest
        self._reception = None
        # The body is whole, so its length is known, however it came.
        reception.head.environ["CONTENT_LENGTH"] = str(reception.body.length)
        self._start(reception.head, reception.body)
        return True

    def _start(self, head: RequestHead, body: Body | None) -> None:
        """A request is there, whole: a resource renders it, unless it is none of a resource's."""
        self._begin(head)
        site = self.site
        if site.take is not None and not site.for_resource(head.environ):
            site.take(self, head, body)
            return
        self.request = request = Request(self, head, body, site.seconds())
        request.process()

    def _begin(self, head: RequestHead) -> None:
        """A request is under way from now on; what its connection adds to its head."""
        site = self.site
        self.head = head
        self.busy = True
        self._served += 1
        self.deadline = 0.0
        self._state = IDLE
        head.environ["REMOTE_ADDR"], head.environ["REMOTE_PORT"] = self.peer
        if self._server_port:
            head.environ["SERVER_PORT"] = self._server_port
        last = site.draining or (self.client_closed and not self._buffer)
        if last or not site.limits.idle_timeout or self._served == site.limits.requests:
            head.keep_alive = False

    # The response, as ready bytes.

    def relay(self, data: bytes) -> None:
        """Sends bytes that are framed already."""
        self.transport.write(data)

    def finish(self, close: bool) -> None:
        """The response is complete.  C{close}: it was the last on this connection."""
        self.request = self.head = self.relayed = None
        self.busy = False
        more = bool(self._buffer)
        if self._state == CLOSED:
            return
        if close or (not more and self.client_closed):
            self._lose(linger=more or self.transport.unread())
            return
        # A client that was promised the connection may be sending on it already: while all are
        # closed one more request is taken, and told that it was the last.
        self.deadline = self.site.seconds() + self._idle_timeout()
        if more or self._paused:
            self._go_on()
        else:
            self._await_more()

    def _await_more(self) -> None:
        """Whatever the client sends next is read."""
        transport = self.transport
        if not (transport.reading or self._paused or self._state == CLOSED):
            transport.startReading()

    def abort(self) -> None:
        """The response cannot be completed: cuts the connection, so that the client can tell."""
        self._state = CLOSED
        self.transport.abortConnection()

    def refuse(self, error: HTTPError, headers: str = "") -> None:
        """Answers a request that cannot be served, and closes.  C{headers}: more lines of head."""
        self.site.refused(self, error)
        if self._reception is not None:
            self._reception.close()
            self._reception = None
        self.transport.write(self.site.error_response(error.status, headers))
        self._lose(linger=True)

    # Events.

    def read_closed(self) -> None:
        """The client will send no more; a request under way is still answered."""
        self.client_closed = True
        if not self.busy and self._buffer and self.transport.full:
            return  # what it has asked is answered when it has read
        if not self.busy:
            self._state = CLOSED
            self.transport.loseConnection()
        elif self.relayed is not None:
            self.relayed.client_closed()

    def drained(self) -> None:
        """The client has read most of what waited."""
        if self.relayed is not None:
            self.relayed.drained()
        elif not self.busy and self._buffer:
            self._go_on()

    def connectionLost(self, reason: Failure) -> None:
        """The connection is over."""
        self._state = CLOSED
        self.deadline = 0.0
        self.site.lost(self)
        if self._reception is not None:
            self._reception.close()
        request, relayed = self.request, self.relayed
        self.request = self.head = self.relayed = None
        if relayed is not None:
            relayed.client_lost()
        elif request is not None:
            request.connectionLost(reason)
