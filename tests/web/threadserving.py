"""
What the tests of L{twsgi.web.threadchannel} stand on: real sockets, a real wait point, no thread.

The test is every thread in turn.  Where two of them meet, the connection's lock tells where one
may come between the steps of the other (L{SeamLock}), and the test lets it.
"""

from __future__ import annotations

import os
import select
import socket
from collections.abc import Callable
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.web.fakes import Echo, SiteFixture
from twsgi.web.sinks import ThreadSink
from twsgi.web.threadchannel import ThreadChannel, ThreadConnection
from twsgi.wire.fields import field_parser
from twsgi.wire.response import ResponseEncoder
from twsgi.wsgi.waitpoint import EpollWaitPoint, PortableWaitPoint

DATE = "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"

#: What makes a close a reset.
AT_ONCE = b"\1\0\0\0" + bytes(4)


class SeamLock:
    """
    A lock at whose seams another thread gets its turn.

    @ivar before: called once, before the lock is next taken.
    @ivar after: called once, after it is next given back.
    """

    def __init__(self) -> None:
        self.before: Callable[[], object] | None = None
        self.after: Callable[[], object] | None = None
        self._held = False

    def locked(self) -> bool:
        return self._held

    def __enter__(self) -> None:
        call, self.before = self.before, None
        if call is not None:
            call()
        assert not self._held, "taken twice: a real lock would never be given back"
        self._held = True

    def __exit__(self, *args: Any) -> None:
        self._held = False
        call, self.after = self.after, None
        if call is not None:
            call()


def ready(point: Any) -> bool:
    """A thread that waits would be woken now."""
    if isinstance(point, PortableWaitPoint):
        # What was submitted or armed is behind an alarm that nobody has heard yet.
        point._select(0)
        return bool(point._works or point._ready)
    poll = select.poll()  # numbers may be larger than select() takes
    poll.register(point._epoll, select.POLLIN)
    return bool(poll.poll(0))


def woken(point: Any) -> Any:
    """What a thread that waits is given now, None: it sleeps on."""
    return point.wait() if ready(point) else None


def dispose(point: Any) -> None:
    """Gives the descriptors of a wait point back: nobody waits there any more."""
    if isinstance(point, PortableWaitPoint):
        for one in (point._selector, point._alarm, point._alarmed):
            one.close()
    else:
        point._epoll.close()
        os.close(point._semaphore)


def tcp_pair() -> tuple[socket.socket, socket.socket]:
    """As C{socket.socketpair}, where it has to be TCP."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        client = socket.create_connection(listening.getsockname())
        return listening.accept()[0], client


class ThreadClient:
    """
    One connection between a test and a L{ThreadChannel}.

    @ivar lock: the connection's, with seams.
    @ivar requests: what threads have found to serve, and not answered.
    """

    def __init__(self, case: ThreadCase, ends: tuple[socket.socket, socket.socket]) -> None:
        ours, self.socket = ends
        ours.setblocking(False)
        self.socket.setblocking(False)
        case.addCleanup(self.socket.close)
        self._case = case
        site = case.fixture.site
        self.channel = channel = ThreadChannel(site, ("192.0.2.7", "4711"), "", case.point)
        self.connection = ThreadConnection(ours, channel, case.reactor)
        self.lock = SeamLock()
        self.connection.lock = self.lock  # type: ignore[assignment]
        # As a thread that has accepted it.
        channel.busy = True
        channel.makeConnection(self.connection)
        self.requests: list[tuple[Any, Any]] = []
        case.clients[channel] = self

    def send(self, data: bytes) -> None:
        """Sends bytes; nobody has looked yet."""
        self.socket.sendall(data)

    def read(self) -> bytes:
        """What is there; C{b""} where there is nothing."""
        try:
            return self.socket.recv(1 << 20)
        except BlockingIOError:
            return b""

    def closed(self) -> bool:
        """The server has closed in order, and nothing was left to read."""
        try:
            return self.socket.recv(1) == b""
        except BlockingIOError:
            return False

    def reset(self) -> None:
        """The client is gone at once."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
        self.socket.close()

    def look(self) -> bool:
        """The thread that the connection belongs to reads.  @return: it has found a request."""
        found = self.channel.next_request(self._case.parse)
        if found is not None:
            self.requests.append(found)
        return found is not None

    def answer(self, body: bytes | None = None) -> None:
        """The thread answers the request that it has found, and ends it."""
        head, read = self.requests.pop(0)
        head_request = head.environ["REQUEST_METHOD"] == "HEAD"
        sink = ThreadSink(
            self.channel, ResponseEncoder(head.http11, head.keep_alive, head_request), DATE, 4.0
        )
        if body is None:
            asked = read.open().read() if read is not None else b""
            body = head.environ["PATH_INFO"].encode() + b" " + asked
        sink.start("200 OK", [], len(body))
        sink.finish(body)

    @property
    def parked(self) -> bool:
        """Whoever takes it first has it."""
        return self.channel._parked

    @property
    def with_reactor(self) -> bool:
        """The reactor reads it."""
        return self.connection in self._case.reactor.readers


class ThreadCase(SynchronousTestCase):
    """
    A site whose requests threads serve, but for those below /static.

    @ivar point: where the threads wait.
    @ivar clients: each channel's client.
    """

    make: Any = EpollWaitPoint
    limits: dict[str, Any] = {}

    def setUp(self) -> None:
        """Nobody has connected."""
        self.resource: Any = Echo()
        self.begin()

    def begin(self, **limits: Any) -> None:
        """A site with these limits."""
        self.fixture = SiteFixture(self.resource, **{"idle_timeout": 4, **self.limits, **limits})
        self.reactor = self.fixture.reactor
        self.site = self.fixture.site
        self.site.for_resource = lambda environ: environ["PATH_INFO"].startswith("/static")
        self.point = self.make()
        self.parse = field_parser()
        self.clients: dict[ThreadChannel, ThreadClient] = {}
        self.addCleanup(dispose, self.point)
        self.addCleanup(self.site.stop)

    def client(self, data: bytes = b"", tcp: bool = False) -> ThreadClient:
        """A client that has connected, and sent C{data}; a thread has accepted it."""
        client = ThreadClient(self, tcp_pair() if tcp else socket.socketpair())
        client.send(data)
        return client

    def kept(self, tcp: bool = False) -> ThreadClient:
        """A client that has nothing to say, and is parked."""
        client = self.client(tcp=tcp)
        self.assertFalse(client.look())
        self.assertTrue(client.parked)
        return client

    def wake(self) -> ThreadClient | None:
        """What a thread does that is woken.  @return: whose request it has found, if any."""
        source = woken(self.point)
        channel = source.take() if source is not None else None
        if channel is None:
            return None
        client = self.clients[channel]
        return client if client.look() else None

    def settle(self) -> None:
        """Threads and reactor do all there is to do; threads answer at once."""
        for _ in range(100):
            client = self.wake()
            if client is not None:
                client.answer()
            elif not (ready(self.point) or self.reactor.turn()):
                return
        self.fail("there is no end of it")


def on_both(case: type[ThreadCase]) -> type[ThreadCase]:
    """C{case} at the other wait point."""
    names = {"make": PortableWaitPoint, "__module__": case.__module__, "__doc__": case.__doc__}
    return type(f"Portable{case.__name__}", (case,), names)
