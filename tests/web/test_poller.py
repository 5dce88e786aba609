"""L{twsgi.web.poller}: the same as a reactor, for many descriptors behind one."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from typing import Any
from unittest import skipUnless

from twisted.internet import main
from twisted.internet.interfaces import IReactorFDSet, IReadDescriptor
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.web.turning import TurningReactor
from twsgi.web import poller as poller_module
from twsgi.web.poller import Poller, poller


class End:
    """One end of a socketpair, that writes down what it is told, and reads what there is."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self.socket = sock
        self.fileno = sock.fileno
        self.events: list[str] = []
        self.reading: Callable[[], Any] = lambda: None
        self.writing: Callable[[], Any] = lambda: None

    def doRead(self) -> Any:
        self.events.append("read")
        try:
            if not self.socket.recv(100):
                return main.CONNECTION_DONE
        except OSError:
            return main.CONNECTION_LOST
        return self.reading()

    def doWrite(self) -> Any:
        self.events.append("write")
        return self.writing()

    def connectionLost(self, reason: Any) -> None:
        self.events.append("lost")


@skipUnless(hasattr(poller_module.select, "epoll"), "there is no epoll")
class PollerTests(SynchronousTestCase):
    """What is watched is served, and nothing else."""

    def setUp(self) -> None:
        self.reactor = TurningReactor()
        self.poller = poller(self.reactor)
        self.addCleanup(self.poller.stop)

    def pair(self) -> tuple[End, socket.socket]:
        """A descriptor, and its peer."""
        ours, theirs = socket.socketpair()
        self.addCleanup(theirs.close)
        self.addCleanup(ours.close)
        return End(ours), theirs

    def test_interfaces(self) -> None:
        """It is an C{IReactorFDSet}, and a descriptor of the real one."""
        self.assertTrue(verifyObject(IReactorFDSet, self.poller))
        self.assertTrue(verifyObject(IReadDescriptor, self.poller))
        self.assertEqual(self.reactor.readers, [self.poller])

    def test_read(self) -> None:
        """A reader is told when there is something to read, as long as it is one."""
        end, peer = self.pair()
        self.poller.addReader(end)
        self.poller.addReader(end)
        self.reactor.turn()
        self.assertEqual(end.events, [])
        for _ in range(2):
            peer.send(b"x")
            self.reactor.turn()
        self.assertEqual(end.events, ["read", "read"])
        self.poller.removeReader(end)
        self.poller.removeReader(end)
        peer.send(b"x")
        self.reactor.turn()
        self.assertEqual(end.events, ["read", "read"])

    def test_write(self) -> None:
        """A writer when there is room; who is both, both."""
        end, peer = self.pair()
        self.poller.addWriter(end)
        self.reactor.turn()
        self.assertEqual(end.events, ["write"])
        self.poller.addReader(end)
        peer.send(b"x")
        self.reactor.turn()
        self.assertEqual(end.events, ["write", "read", "write"])
        self.poller.removeWriter(end)
        self.reactor.turn()
        self.assertEqual(end.events, ["write", "read", "write"])
        peer.send(b"x")
        self.reactor.turn()
        self.assertEqual(end.events[3:], ["read"])

    def test_many(self) -> None:
        """One turn of the reactor serves all that are ready."""
        pairs = [self.pair() for _ in range(20)]
        for end, peer in pairs:
            self.poller.addReader(end)
            peer.send(b"x")
        self.reactor.turn()
        self.assertEqual([end.events for end, _ in pairs], [["read"]] * 20)

    def test_end(self) -> None:
        """A reader whose peer is gone is told so, once, and watched no more."""
        end, peer = self.pair()
        self.poller.addReader(end)
        peer.close()
        self.reactor.turn_until_idle()
        self.assertEqual(end.events, ["read", "lost"])
        self.assertEqual(self.poller.getReaders(), [])

    def test_broken_writer(self) -> None:
        """So is a writer that does not read: it finds out by writing."""
        end, peer = self.pair()
        end.writing = lambda: main.CONNECTION_LOST
        self.poller.addWriter(end)
        peer.close()
        self.reactor.turn_until_idle()
        self.assertEqual(end.events, ["write", "lost"])

    def test_fault(self) -> None:
        """A descriptor that raises is given up, in the log; the others are served."""

        def fault() -> None:
            raise RuntimeError("a fault")

        bad, bad_peer = self.pair()
        good, good_peer = self.pair()
        bad.reading = fault
        for end, peer in ((bad, bad_peer), (good, good_peer)):
            self.poller.addReader(end)
            peer.send(b"x")
        self.reactor.turn()
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)
        self.assertEqual((bad.events, good.events), (["read", "lost"], ["read"]))

    def test_closed_by_another(self) -> None:
        """What one descriptor's turn has closed gets no turn of its own."""
        pairs = [self.pair(), self.pair()]
        (one, _), (other, _) = pairs

        def close(which: End) -> Callable[[], None]:
            def closing() -> None:
                self.poller.removeReader(which)
                which.socket.close()

            return closing

        one.reading, other.reading = close(other), close(one)
        for end, peer in pairs:
            self.poller.addReader(end)
            peer.send(b"x")
        self.reactor.turn_until_idle()
        self.assertEqual(sorted([one.events, other.events]), [[], ["read"]])

    def test_number_reused(self) -> None:
        """A descriptor that has taken a closed one's number is its own, not the other's."""
        first, _ = self.pair()
        self.poller.addReader(first)
        number = first.fileno()
        self.poller.removeReader(first)
        first.socket.close()
        second, peer = self.pair()
        self.assertIn(number, (second.fileno(), peer.fileno()))
        again = second if second.fileno() == number else End(peer)
        self.poller.addReader(again)
        (peer if again is second else second.socket).send(b"x")
        self.reactor.turn()
        self.assertEqual((first.events, again.events), ([], ["read"]))

    def test_lists(self) -> None:
        """It says whom it watches for what, and lets all go."""
        one, other = self.pair()[0], self.pair()[0]
        self.poller.addReader(one)
        self.poller.addWriter(one)
        self.poller.addWriter(other)
        self.assertEqual(self.poller.getReaders(), [one])
        self.assertEqual(set(self.poller.getWriters()), {one, other})
        self.assertEqual(set(self.poller.removeAll()), {one, other})
        self.assertEqual((self.poller.getReaders(), self.poller.getWriters()), ([], []))
        self.reactor.turn()
        self.assertEqual(one.events + other.events, [])

    def test_the_rest(self) -> None:
        """Time and threads are the real reactor's."""
        called: list[str] = []
        self.poller.callLater(1, called.append, "later")
        self.poller.callFromThread(called.append, "thread")
        self.reactor.turn()
        self.reactor.advance(1)
        self.assertEqual(called, ["thread", "later"])
        self.assertEqual(self.poller.seconds(), 1)

    def test_stop(self) -> None:
        """Stopped, it is nothing to the reactor, and holds no descriptor; twice is once."""
        number = self.poller.fileno()
        self.poller.stop()
        self.poller.stop()
        self.assertEqual(self.reactor.readers, [])
        self.assertRaises(OSError, os.fstat, number)


class ElsewhereTests(SynchronousTestCase):
    """Systems without epoll."""

    def test_reactor_itself(self) -> None:
        """Where there is no epoll the reactor watches."""

        class Select:
            pass

        self.patch(poller_module, "select", Select())
        reactor = TurningReactor()
        self.assertIs(poller(reactor), reactor)
        self.assertNotIsInstance(reactor, Poller)
