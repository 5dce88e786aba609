"""L{twsgi.web.threadacceptor}: threads take connections, never more than there may be."""

from __future__ import annotations

import errno
import os
import select
import socket
from typing import Any
from unittest import skipUnless

from twisted.internet.interfaces import IReadDescriptor
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.descriptors import open_descriptors
from tests.web.fakes import Echo, SiteFixture, get
from tests.web.test_acceptor import listening_socket
from tests.web.threadserving import DATE, dispose, ready, woken
from twsgi.web.sinks import ThreadSink
from twsgi.web.site import SWEEP
from twsgi.web.threadacceptor import ThreadAcceptor
from twsgi.wire.fields import field_parser
from twsgi.wire.response import ResponseEncoder
from twsgi.wsgi.waitpoint import EpollWaitPoint, PortableWaitPoint


class Process:
    """
    One worker process: a site, a wait point, an acceptor, and threads that run when they are asked.

    @ivar served: the paths of the requests that were served, in order.
    """

    def __init__(self, case: Any, sock: socket.socket, make: Any, **limits: Any) -> None:
        self.fixture = SiteFixture(Echo(), **limits)
        self.site = self.fixture.site
        self.site.for_resource = lambda environ: False
        self.reactor = self.fixture.reactor
        self.point = make()
        self.log: list[str] = []
        self.acceptor = ThreadAcceptor(
            sock, self.site, self.reactor, self.log.append, "", self.point
        )
        self.acceptor.resume()
        self.served: list[str] = []
        self._parse = field_parser()
        case.addCleanup(dispose, self.point)
        case.addCleanup(self.site.stop)
        case.addCleanup(self.acceptor.close, False)

    def work(self) -> bool:
        """A thread that was woken does what it was woken for.  @return: one was woken."""
        source = woken(self.point)
        if source is None:
            return False
        channel = source.take()
        if channel is not None:
            self.serve(channel)
            if source is not channel:
                source.taken(channel)
        return True

    def serve(self, channel: Any) -> None:
        """The thread that a connection belongs to reads, and answers."""
        found = channel.next_request(self._parse)
        if found is None:
            return
        head, _ = found
        self.served.append(head.environ["PATH_INFO"])
        sink = ThreadSink(channel, ResponseEncoder(True, head.keep_alive, False), DATE, 4.0)
        sink.start("200 OK", [], 0)
        sink.finish(b"")

    def settle(self) -> None:
        """Everybody does all there is to do."""
        for _ in range(1000):
            if not (self.work() or self.reactor.turn()):
                return
        raise AssertionError("there is no end of it")

    @property
    def connections(self) -> int:
        """How many there are."""
        return len(self.site.channels)


class AcceptorMixin:
    """The suite."""

    make: Any

    def setUp(self: Any) -> None:
        """One process that listens."""
        self.socket = listening_socket()
        self.begin()

    def begin(self: Any, **limits: Any) -> None:
        """A process with these limits."""
        self.process = Process(self, self.socket, self.make, **limits)

    def again(self: Any, **limits: Any) -> None:
        """The same, in place of what there is."""
        self.process.acceptor.close(False)
        self.socket = listening_socket()
        self.begin(**limits)

    def connect(self: Any, data: bytes = b"") -> socket.socket:
        """A client, that has sent C{data}."""
        client = socket.create_connection(self.socket.getsockname())
        client.settimeout(5)
        self.addCleanup(client.close)
        client.sendall(data)
        return client

    def test_interface(self: Any) -> None:
        """It is an L{Acceptor} as the others, which a reactor might watch, and does not."""
        self.assertTrue(verifyObject(IReadDescriptor, self.process.acceptor))
        self.assertEqual(self.process.reactor.readers, [])

    def test_served(self: Any) -> None:
        """Each thread takes one connection, and serves it; the reactor knows nothing of it."""
        clients = [self.connect(get(f"/{number}")) for number in range(3)]
        for number, client in enumerate(clients):
            self.assertTrue(self.process.work())
            self.assertEqual(self.process.connections, number + 1)
            self.assertTrue(client.recv(1000).startswith(b"HTTP/1.1 200"))
        self.assertFalse(self.process.work())
        self.assertEqual(self.process.served, ["/0", "/1", "/2"])
        self.assertEqual(self.process.reactor.handed, [])

    def test_later(self: Any) -> None:
        """One that says nothing yet is parked, and served when it speaks, as is who comes next."""
        first = self.connect()
        self.assertTrue(self.process.work())
        self.connect(get("/2"))
        self.assertTrue(self.process.work())
        first.sendall(get("/1"))
        self.process.settle()
        self.assertEqual(self.process.served, ["/2", "/1"])

    def test_other_was_faster(self: Any) -> None:
        """Where another process has taken the connection nothing happens, and the next is heard."""
        self.connect()
        source = woken(self.process.point)
        self.socket.accept()[0].close()
        self.assertIsNone(source.take())
        self.connect(get("/1"))
        self.process.settle()
        self.assertEqual(self.process.served, ["/1"])

    def test_stop(self: Any) -> None:
        """Stopped it leaves all in the kernel's queue, even of a thread woken before."""
        acceptor = self.process.acceptor
        self.connect(get("/1"))
        source = woken(self.process.point)
        acceptor.stop()
        acceptor.stop()
        self.assertIsNone(source.take())
        self.assertFalse(ready(self.process.point))
        acceptor.resume()
        acceptor.resume()
        self.process.settle()
        self.assertEqual(self.process.served, ["/1"])

    def test_closed(self: Any) -> None:
        """So it does closed; and what is asked of it later is nothing."""
        self.connect(get("/1"))
        source = woken(self.process.point)
        self.process.acceptor.close(False)
        self.assertIsNone(source.take())
        self.process.acceptor.resume()
        self.assertFalse(ready(self.process.point))

    def test_empty_queue(self: Any) -> None:
        """At the end who has connected is taken, however many there may be, and served."""
        self.again(connections=1)
        clients = [self.connect(get(f"/{number}")) for number in range(3)]
        silent = self.connect()
        drained: list[str] = []
        self.process.site.draining = True
        self.process.acceptor.close(True)
        self.process.site.drain(lambda: drained.append(""))
        self.process.settle()
        for client in clients:
            self.assertIn(b"\r\nConnection: close\r\n", client.recv(1000))
            self.assertEqual(client.recv(1000), b"")
        self.assertEqual(silent.recv(1000), b"")
        self.assertEqual((drained, sorted(self.process.served)), ([""], ["/0", "/1", "/2"]))

    def test_drained_within(self: Any) -> None:
        """One that a thread has taken, and not looked at, is not closed under its hands."""
        client = self.connect(get("/1"))
        channel = woken(self.process.point).take()
        self.process.site.draining = True
        self.process.acceptor.close(False)
        self.process.site.drain(lambda: None)
        self.assertFalse(ready(self.process.point))
        self.process.serve(channel)
        self.process.settle()
        self.assertIn(b"\r\nConnection: close\r\n", client.recv(1000))

    def test_full(self: Any) -> None:
        """At C{http-connections} none is accepted; when one leaves the next is, in order."""
        self.again(connections=2)
        clients = [self.connect() for _ in range(4)]
        ports = [str(client.getsockname()[1]) for client in clients]
        for gone in range(3):
            self.process.settle()
            self.assertFalse(ready(self.process.point))
            found = sorted(channel.peer[1] for channel in self.process.site.channels)
            self.assertEqual(found, sorted(ports[gone : gone + 2]))
            clients[gone].close()

    def test_full_of_idle(self: Any) -> None:
        """One that is kept, and idle, gives way at once."""
        self.again(connections=1, idle_timeout=1000)
        first = self.connect(get("/1"))
        self.process.settle()
        self.connect(get("/2"))
        self.process.settle()
        self.assertTrue(first.recv(1000).startswith(b"HTTP/1.1 200"))
        self.assertEqual(first.recv(1000), b"")
        self.assertEqual(self.process.served, ["/1", "/2"])

    def test_full_for_a_while(self: Any) -> None:
        """One that becomes idle later gives way at the next look."""
        self.again(connections=1, idle_timeout=1000)
        first = self.connect()
        self.process.settle()
        self.connect(get("/2"))
        self.process.settle()
        first.sendall(get("/1"))
        self.process.settle()
        self.assertEqual(self.process.served, ["/1"])
        self.process.reactor.advance(SWEEP)
        self.process.settle()
        self.assertEqual(self.process.served, ["/1", "/2"])

    def test_full_closed_by_a_thread(self: Any) -> None:
        """Whoever is closed by a thread makes room as well."""
        self.again(connections=1)
        first = self.connect()
        self.process.settle()
        self.connect(get("/2"))
        self.process.settle()
        first.sendall(get("/1", "Connection: close"))
        self.process.settle()
        self.assertEqual(self.process.served, ["/1", "/2"])

    def test_of_one_peer(self: Any) -> None:
        """One too many of one address is turned away, by the thread; the next is heard."""
        self.again(per_peer=1)
        first = self.connect()
        self.process.settle()
        second = self.connect(get("/2"))
        self.process.settle()
        self.assertTrue(second.recv(1000).startswith(b"HTTP/1.1 503 "))
        self.assertEqual(second.recv(1000), b"")
        first.close()
        self.process.settle()
        self.connect(get("/3"))
        self.process.settle()
        self.assertEqual((self.process.served, self.process.connections), (["/3"], 1))

    def test_turns(self: Any) -> None:
        """
        Who has kept a connection lets the others of the same socket go first from then on, when its
        first turn is over: not who has closed it, nor one who accepts no more.
        """
        told: list[tuple[list[str], bool]] = []
        listen_on = self.process.point.listen_on

        def spy(listener: Any, last: bool) -> None:
            told.append((self.process.served[-1:], last))
            listen_on(listener, last)

        self.process.point.listen_on = spy
        self.connect(get("/1"))
        self.process.work()
        self.assertEqual(told, [([], False), (["/1"], True)])
        self.connect(get("/2", "Connection: close"))
        self.process.work()
        self.assertEqual(told[2:], [(["/1"], False)])
        self.connect(get("/3"))
        self.process.settle()
        channel = next(iter(self.process.site.channels))
        self.process.acceptor.stop()
        told.clear()
        self.process.acceptor.taken(channel)
        self.assertEqual(told, [])

    def test_turns_of_halves(self: Any) -> None:
        """So does one whose first request is the reactor's to go on with: half a head, a file."""
        told: list[bool] = []
        listen_on = self.process.point.listen_on

        def spy(listener: Any, last: bool) -> None:
            told.append(last)
            listen_on(listener, last)

        self.process.point.listen_on = spy
        self.connect(b"GET / HT")
        self.process.work()
        self.assertEqual(told, [False, True])

    def exhaust(self: Any) -> None:
        """There are no descriptors left when a thread is woken."""
        self.connect()
        source = woken(self.process.point)
        self.process.acceptor._socket = Exhausted(self.socket)
        self.assertIsNone(source.take())
        self.process.acceptor._socket = self.socket

    def test_exhausted(self: Any) -> None:
        """Without descriptors the reactor refuses, with a line; half a second later it goes on."""
        before = len(open_descriptors())
        self.exhaust()
        self.assertFalse(ready(self.process.point))
        self.process.reactor.turn()
        self.assertEqual(len(self.process.log), 1)
        self.connect(get("/1"))
        self.assertFalse(ready(self.process.point))
        self.process.acceptor.resume()
        self.assertFalse(ready(self.process.point))
        self.process.reactor.advance(0.5)
        self.process.settle()
        self.assertEqual(self.process.served, ["/1"])
        self.assertEqual(len(open_descriptors()), before + 3)

    def test_exhausted_then_closed(self: Any) -> None:
        """A listener that is closed before the reactor hears of that leaves nothing behind."""
        self.exhaust()
        self.process.acceptor.close(False)
        before = len(open_descriptors())
        self.process.reactor.turn()
        self.process.site.stop()
        self.assertEqual(len(open_descriptors()), before)
        self.assertEqual((self.process.reactor.getDelayedCalls(), self.process.log), ([], []))


class Exhausted:
    """A listening socket of a process that has no descriptors left."""

    def __init__(self, sock: socket.socket) -> None:
        self.fileno = sock.fileno

    def accept(self) -> Any:
        raise OSError(errno.EMFILE, "Too many open files")


@skipUnless(hasattr(select, "epoll") and hasattr(os, "eventfd"), "Linux only")
class EpollAcceptorTests(AcceptorMixin, SynchronousTestCase):
    """At Linux's wait point."""

    make = EpollWaitPoint

    def test_line_up(self) -> None:
        """What waits although another process was woken for it, and has not taken it, is seen."""
        other = Process(self, self.socket.dup(), self.make)
        self.connect(get("/1"))
        for process in (self.process, other):
            woken(process.point)  # and does nothing about it
        other.acceptor.line_up()
        self.assertTrue(other.work())
        self.assertEqual(other.served, ["/1"])


class PortableAcceptorTests(AcceptorMixin, SynchronousTestCase):
    """At everybody's wait point."""

    make = PortableWaitPoint
