"""L{Lifetime}: when a connection ends: deadlines, keep-alive, draining, and how it is closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twsgi.errors import HTTPError
from twsgi.web.face import ResourceFace
from twsgi.web.reception import Reception

if TYPE_CHECKING:
    from twsgi.web.site import Site

#: Seconds that a connection is read, and what comes dropped, after an error was answered; and
#: that a head has to be complete when all connections are to be closed.
LINGER = 2.0
#: While all connections are to be closed: seconds for one more request on one that was kept, and
#: how recently it must have been used for that.
LAST_REQUEST = 0.25
HOT = 1.0

# What a connection waits for.
IDLE, HEAD, BODY, CLOSED = range(4)


class Lifetime(ResourceFace):
    """
    The half of L{HTTP1Channel <twsgi.web.http1.HTTP1Channel>} that closes it.  Reactor thread.

    @ivar deadline: reactor seconds after which L{timed_out} is called, 0: never.
    @ivar busy: a request is under way.
    @ivar client_closed: the client will send no more; it may still read.
    """

    __slots__ = (
        "_buffer",
        "_paused",
        "_reception",
        "_served",
        "_state",
        "_untaken",
        "busy",
        "client_closed",
        "deadline",
    )

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self.busy = self.client_closed = self._paused = False
        self.deadline = 0.0
        self._state = IDLE
        self._served = 0
        self._untaken = -1
        self._buffer = b""
        self._reception: Reception | None = None

    def refuse(self, error: HTTPError, headers: str = "") -> None:
        """Answers a request that cannot be served, and closes.  C{headers}: more lines of head."""
        raise AssertionError("a channel refuses")

    def timed_out(self) -> None:
        """The deadline has passed."""
        self.deadline = 0.0
        if self.busy and self._state != CLOSED:
            return
        if self._still_taking():
            wait = LINGER if self._state == CLOSED else self._idle_timeout()
            self.deadline = self.site.seconds() + wait
        elif self._state == CLOSED:
            self.transport.abortConnection()
        elif self._state == IDLE or self.transport.doRead() is not None:
            self._lose(linger=False)
        elif not self.deadline:
            # Nor has it come meanwhile: a reactor that was held up is not the client's fault.
            self._refuse_late()

    def _still_taking(self) -> bool:
        """
        The client has not taken all that it was answered, but goes on: closing now could destroy
        the rest.  What waits here is watched by others; what the kernel holds is looked at from
        deadline to deadline.
        """
        if self.transport.pending:
            return True
        before, self._untaken = self._untaken, self.transport.untaken()
        return 0 < self._untaken != before

    def _idle_timeout(self) -> float:
        site = self.site
        return LAST_REQUEST if site.draining else site.limits.idle_timeout

    def _refuse_late(self) -> None:
        if self._reception is not None:
            self.refuse(self._reception.late())
        elif self._state == HEAD:
            self.refuse(HTTPError(408, "the head took longer than http-headers-timeout"))

    def close_if_idle(self) -> None:
        """
        Closes, if no request is under way: at once, if it has been idle for long; else after
        L{LAST_REQUEST}, or L{LINGER} where a head has begun to come.
        """
        # What has come already is no reason to reset the connection.
        if self._state != CLOSED and not self.busy and self.transport.doRead() is not None:
            self._lose(linger=False)
            return
        if self.busy or self._reception is not None or self._state == CLOSED:
            return
        now = self.site.seconds()
        idle_since = self.deadline - self.site.limits.idle_timeout
        if self._buffer:
            self.deadline = min(self.deadline or now + LINGER, now + LINGER)
        elif self._served and now - idle_since < HOT:
            self.deadline = now + LAST_REQUEST
        else:
            self._lose(linger=False)

    def awaits_more(self) -> bool:
        """
        More is to come from the client.  Where its only request is under way there is not, and
        L{watch} will be soon enough to notice that it has gone.
        """
        return not self.busy or self.head is None or self.head.keep_alive

    def watch(self) -> None:
        """Begins to look whether the client is still there, if nobody does."""
        transport = self.transport
        if self.busy and not (transport.reading or self._paused or transport.disconnecting):
            transport.startReading()

    def kept_since(self) -> float:
        """Reactor seconds since which the connection has been kept, idle; 0: it is not idle."""
        if self._state != IDLE or self.busy or not self._served or self._buffer:
            return 0.0
        if self.transport.pending:
            return 0.0
        return self.deadline - self.site.limits.idle_timeout

    def give_way(self) -> None:
        """Closes, for others want to connect: it is kept, and idle."""
        self._lose(linger=False)

    def _lose(self, linger: bool) -> None:
        self._state = CLOSED
        self._buffer = b""
        if linger:
            self.deadline = self.site.seconds() + LINGER
            self.transport.lose_lingering()
        else:
            self.transport.loseConnection()
