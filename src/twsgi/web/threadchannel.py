"""L{ThreadChannel}: a connection whose requests are read by the threads that serve them.

While it awaits a request it is parked where those threads wait (an L{IWaitPoint}).  The thread
that it wakes reads the request, serves it, and parks the connection again: the reactor's thread is
not on the way, and the interpreter's lock changes hands twice less often.  What is no whole
request, or not the application's, is the reactor's, as with every L{HTTP1Channel}.

A connection always belongs to somebody: to the thread that has taken it (it is C{busy} then), to
the reactor, or, parked, to whoever takes it first, by C{transport.lock}.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from twisted.internet import main
from twisted.logger import Logger
from twisted.python.failure import Failure

from twsgi.errors import ClientDisconnected, HTTPError
from twsgi.interfaces import IWaitPoint
from twsgi.web.body import Body
from twsgi.web.http1 import HTTP1Channel
from twsgi.web.lifetime import CLOSED, IDLE, LINGER
from twsgi.web.threads import hand_to_reactor
from twsgi.web.transport import READ, Connection
from twsgi.wire.fields import FieldParser
from twsgi.wire.head import RequestHead

if TYPE_CHECKING:
    from twsgi.web.site import Site

_log = Logger()


class ThreadConnection(Connection):
    """The transport of a L{ThreadChannel}."""

    __slots__ = ()

    def _release(self) -> None:
        self._protocol.forget()

    def close_from_thread(self) -> bool:
        """
        Holding the lock: closes, where nothing is left that the reactor would have to see to.  The
        thread that the connection belongs to.

        @return: False: it is the reactor's to close.
        """
        if not self.connected or self._outbox or self.reading or self._writing or self.unread():
            return False
        self.connected = False
        self._release()
        self._socket.close()
        return True


class ThreadChannel(HTTP1Channel):
    """
    One connection.  Reactor thread, unless a method says otherwise.

    @ivar fileno: its socket's descriptor, for the wait point.
    @ivar kept: it has been parked.
    """

    __slots__ = (
        "_for_thread",
        "_found",
        "_parked",
        "_submitted",
        "_thread",
        "_wait_point",
        "fileno",
        "kept",
    )

    transport: ThreadConnection

    def __init__(
        self, site: Site, peer: tuple[str, str], server_port: str, wait_point: IWaitPoint
    ) -> None:
        """
        @param wait_point: where the threads wait.
        """
        super().__init__(site, peer, server_port)
        self._wait_point: Any = wait_point
        self._parked = self._submitted = self._thread = self.kept = False
        # The reactor's alone: a thread may be about to take away what it has found.
        self._for_thread = False
        self._found: tuple[RequestHead, Body | None] | None = None

    def makeConnection(self, transport: Connection) -> None:
        """The connection exists.  The thread that has accepted it."""
        self.fileno = transport.fileno
        super().makeConnection(transport)

    # What a thread does that serves requests.

    def take(self) -> ThreadChannel | None:
        """Makes the connection the calling thread's; None: somebody was faster.  Any thread."""
        with self.transport.lock:
            if self._submitted:
                self._submitted = False
            elif self._parked:
                self._parked = False
                self.busy = True
            else:
                return None
        return self

    def next_request(self, parse: FieldParser) -> tuple[RequestHead, Body | None] | None:
        """
        A request to serve, and to end by L{finish_from_thread}.  The thread that the connection
        belongs to.

        @param parse: the thread's own.
        @return: None: there is none for a thread; the connection is somebody else's now.
        """
        if self._found is None and not self._read(parse):
            return None
        found, self._found = self._found, None
        return found

    def _read(self, parse: FieldParser) -> bool:
        try:
            data = self.transport.receive(READ)
        except BlockingIOError:
            self._put_back()
            return False
        except OSError:
            data = b""
        if not data:
            self._ended()
            return False
        self._buffer = data
        step: Callable[[], object] = self._advance
        self._thread = True
        try:
            while self._buffer and not self._found and self._step(parse):
                pass
        except HTTPError as error:
            step = partial(self.refuse, error)
        finally:
            self._thread = False
        found = self._found
        if found is not None and not self.site.for_resource(found[0].environ):
            self._begin(found[0])
            return True
        if found is not None:
            self._found = None
            step = partial(self._start, *found)
        self._leave_to_reactor(step)
        return False

    def _start(self, head: RequestHead, body: Body | None) -> None:
        """A request is there, whole.  The thread that the connection belongs to."""
        if self._thread:
            self._found = head, body
        elif self.site.for_resource(head.environ):
            super()._start(head, body)
        else:
            self._begin(head)
            self._found = head, body
            self._for_thread = True

    def _write_interim(self, data: bytes) -> None:
        """The thread that the connection belongs to."""
        if not self._thread:
            super()._write_interim(data)
            return
        try:
            self.transport.write_from_thread(data, self.site.limits.send_timeout)
        except ClientDisconnected:
            pass  # that is met again by whoever reads

    def finish_from_thread(self, close: bool) -> None:
        """The thread that has just written the last of the response."""
        site = self.site
        transport = self.transport
        with transport.lock:
            waits = self._buffer or site.draining or transport.pending or not transport.connected
            if not (waits or close):
                self.request = self.head = None
                self.deadline = site.seconds() + site.limits.idle_timeout
                self._park()
                return
            closed = not waits and transport.close_from_thread()
        if closed:
            self._gone()
        else:
            hand_to_reactor(site.reactor, self.finish, close)

    def _put_back(self) -> None:
        """There is nothing to read yet."""
        with self.transport.lock:
            if self.transport.connected and not self.site.draining:
                self._park()
                return
        self._leave_to_reactor(lambda: None)

    def _ended(self) -> None:
        """A thread has read the end of what comes."""
        with self.transport.lock:
            closed = self.transport.close_from_thread()
        if closed:
            self._gone()
        else:
            self._leave_to_reactor(self.read_closed)

    def _gone(self) -> None:
        """A thread has closed it."""
        self._state = CLOSED
        self.deadline = 0.0
        self.request = self.head = None
        self.site.lost_from_thread(self)

    def _leave_to_reactor(self, step: Callable[[], object]) -> None:
        hand_to_reactor(self.site.reactor, self._resume, step)

    # Whose the connection is.

    def _park(self) -> None:
        """Holding the lock.  The thread that the connection belongs to."""
        self.busy = False
        self._parked = True
        if self.kept:
            self._wait_point.rearm(self)
        else:
            self.kept = True
            self._wait_point.add_link(self)

    def forget(self) -> None:
        """Holding the lock: the socket is about to be closed."""
        self._parked = False
        if self.kept:
            self._wait_point.forget(self)

    def leave_to_thread(self) -> None:
        """A resource leaves the request that it was to render to a thread."""
        request = self.request
        assert request is not None
        body, request.body = request.body, None
        self.request = None
        self._found = request.head, body
        self._for_thread = True
        self._hand_on()

    def _hand_on(self) -> None:
        """
        The last thing that the reactor does with a connection: a thread gets what has come; where
        nothing has, and nothing is to leave, it gets what comes; else the reactor reads on.
        """
        transport = self.transport
        if self._advancing or self._state == CLOSED or not transport.connected:
            return
        if self._for_thread:
            self._for_thread = False
            # Nobody reads until it is parked again.
            transport.stopReading()
            self._submitted = True
            self._wait_point.submit(self)
            return
        with transport.lock:
            if self.busy or self._parked or transport.disconnecting:
                return
            begun = self._state != IDLE or self._buffer or self.client_closed
            if not (begun or transport.pending or self.site.draining):
                transport.stopReading()
                self._park()
                return
        if not self._paused:
            transport.startReading()

    def _await_more(self) -> None:
        """Whatever the client sends next is read: see L{_hand_on}."""

    def _take_back(self) -> bool:
        """The connection is the reactor's from now on; False: a thread has it."""
        with self.transport.lock:
            self._parked = False
            return not self.busy

    # What happens to a connection in the reactor's thread.

    def _resume(self, step: Callable[[], object]) -> None:
        """A thread has read something that is not for it."""
        self.busy = False
        if self._state == CLOSED or not self.transport.connected:
            return
        try:
            step()
        except Exception:
            # As the reactor does it with what it reads itself.
            _log.failure("a connection was given up", Failure())
            self.transport.connectionLost(Failure(main.CONNECTION_LOST))
        if self.site.draining:
            self.close_if_idle()  # it was a thread's when all were asked
        self._hand_on()

    def dataReceived(self, data: bytes) -> None:
        """Bytes came."""
        super().dataReceived(data)
        self._hand_on()

    def finish(self, close: bool) -> None:
        """The response is complete.  C{close}: it was the last on this connection."""
        super().finish(close)
        self._hand_on()

    def drained(self) -> None:
        """The client has read most of what waited."""
        super().drained()
        self._hand_on()

    def timed_out(self) -> None:
        """The deadline has passed."""
        if not self._take_back():
            return
        now = self.site.seconds()
        # Unless a thread has served a request meanwhile.
        if 0 < self.deadline <= now:
            if self._waits_for_thread():
                self.deadline = now + LINGER
            else:
                super().timed_out()
        self._hand_on()

    def close_if_idle(self) -> None:
        """Closes, if no request is under way, at once or soon."""
        if self._take_back():
            super().close_if_idle()
            self._hand_on()

    def give_way(self) -> None:
        """Closes: others want to connect, or a resource wants it."""
        if self.request is not None or (self._take_back() and not self._waits_for_thread()):
            super().give_way()
        self._hand_on()

    def _waits_for_thread(self) -> bool:
        """It has something to read; all threads are busy."""
        return self._state == IDLE and not self.transport.reading and self.transport.unread()

    def watch(self) -> None:
        """Whether its client is still there is asked by whom it concerns."""

    def connectionLost(self, reason: Failure) -> None:
        """The connection is over."""
        self._parked = False
        super().connectionLost(reason)
