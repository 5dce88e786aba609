"""L{Bouncer}: what waits here while a core is free elsewhere goes back."""

from __future__ import annotations

import os
import select
import socket
from typing import Any
from unittest import skipUnless

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.wsgi.fakes import SOON, TurnedReactor
from twsgi.control.scoreboard import (
    CORE_BUSY_SINCE,
    CORE_REQUESTS,
    READY,
    WORKER_LINKED,
    WORKER_STATE,
    Scoreboard,
)
from twsgi.wire import frames
from twsgi.wsgi.bouncer import HELD, PERIOD, Bouncer
from twsgi.wsgi.link import WorkerLink
from twsgi.wsgi.waitpoint import EpollWaitPoint, PortableWaitPoint

REQUEST = frames.encode_request(0, b"a\0b", b"body", 4)
BOUNCE = frames.encode_signal(frames.BOUNCE)


class Reactor(TurnedReactor, Clock):
    """Turned by hand, with a clock."""

    def __init__(self) -> None:
        Clock.__init__(self)
        TurnedReactor.__init__(self)


class BouncerMixin:
    """The suite, over both wait points."""

    make: Any

    def setUp(self: Any) -> None:
        """Two ready workers of two threads; we are the first."""
        self.board = Scoreboard.create(8, 8, 2)
        for worker in (1, 2):
            self.board.give_worker(worker, worker, 2)
            self.board.link_worker(worker)
            self.board.worker(worker)[WORKER_STATE] = READY
        self.reactor = Reactor()
        self.point = self.make()
        self.addCleanup(self.point.close)
        self.closed: list[WorkerLink] = []
        self.said: list[str] = []
        self.bouncer = Bouncer(
            self.point, self.board, 1, self.reactor, self.closed.append, self.said.append
        )

    def busy(self: Any, worker: int, count: int) -> None:
        """Has so many cores of a worker be inside a request."""
        for core in range(2):
            self.board.core(worker, core)[CORE_BUSY_SINCE] = int(core < count)

    def link(self: Any, data: bytes = REQUEST) -> tuple[socket.socket, WorkerLink]:
        """A link on which this has come."""
        frontend, worker = socket.socketpair()
        frontend.settimeout(SOON)
        self.addCleanup(frontend.close)
        link = WorkerLink(worker.detach(), 3, SOON)
        self.addCleanup(link.close)
        frontend.sendall(data)
        self.point.add_link(link)
        return frontend, link

    def got(self: Any, frontend: socket.socket) -> bytes:
        """What has come back."""
        frontend.setblocking(False)
        try:
            return frontend.recv(100)
        except BlockingIOError:
            return b""

    def test_all_busy(self: Any) -> None:
        """As long as all cores everywhere are busy, what waits here waits."""
        self.busy(1, 2)
        self.busy(2, 2)
        frontend, _ = self.link()
        self.bouncer.core_taken()
        self.reactor.turn()
        self.reactor.pump([PERIOD] * 5)
        self.assertEqual(self.got(frontend), b"")

    def test_free_elsewhere(self: Any) -> None:
        """When a core elsewhere is free, so many go back as are free, and links stay watched."""
        self.busy(1, 2)
        self.busy(2, 2)
        links = [self.link() for _ in range(3)]
        self.bouncer.core_taken()
        self.reactor.turn()
        self.busy(2, 1)
        self.reactor.advance(PERIOD)
        self.assertEqual(sorted(self.got(one) for one, _ in links), [b"", b"", BOUNCE])
        self.busy(2, 0)
        self.reactor.advance(PERIOD)
        self.assertEqual(sorted(self.got(one) for one, _ in links), [b"", BOUNCE, BOUNCE])
        self.assertEqual(self.closed, [])
        for frontend, _ in links:
            frontend.sendall(REQUEST)
            self.assertIn(self.point.wait(), [one for _, one in links])

    def test_passed_by(self: Any) -> None:
        """Who waits behind long requests goes back when later ones are served elsewhere."""
        self.busy(1, 2)
        self.busy(2, 2)
        links = [self.link() for _ in range(3)]
        elsewhere = self.board.core(2, 0)
        self.bouncer.core_taken()
        self.reactor.turn()
        self.reactor.pump([HELD / 4] * 3)
        elsewhere[CORE_REQUESTS] += 1
        self.reactor.advance(HELD / 8)
        self.assertEqual([self.got(one) for one, _ in links], [b""] * 3)
        self.reactor.pump([HELD / 4] * 2)
        self.assertEqual(sorted(self.got(one) for one, _ in links), [b"", b"", BOUNCE])
        self.reactor.pump([HELD] * 3)
        self.assertEqual([self.got(one) for one, _ in links], [b""] * 3)
        elsewhere[CORE_REQUESTS] += 1
        self.reactor.advance(PERIOD)
        self.assertEqual(sorted(self.got(one) for one, _ in links), [b"", b"", BOUNCE])

    def test_short_requests(self: Any) -> None:
        """Nobody goes back for that as long as the cores here take their turns as well."""
        self.busy(1, 2)
        self.busy(2, 2)
        frontend, _ = self.link()
        self.bouncer.core_taken()
        self.reactor.turn()
        for _ in range(20):
            for worker in (1, 2):
                self.board.core(worker, 0)[CORE_REQUESTS] += 1
            self.reactor.advance(HELD / 2)
        self.assertEqual(self.got(frontend), b"")

    def test_free_here(self: Any) -> None:
        """While a core here is free nothing is looked at, ever."""
        self.busy(1, 1)
        frontend, _ = self.link()
        self.bouncer.core_taken()
        self.assertEqual(self.reactor.turn(), 0)
        self.assertEqual(self.reactor.getDelayedCalls(), [])
        self.assertEqual(self.got(frontend), b"")

    def test_looks_once(self: Any) -> None:
        """However many cores begin a request, one look is under way."""
        self.busy(1, 2)
        for _ in range(3):
            self.bouncer.core_taken()
        self.assertEqual(self.reactor.turn(), 1)
        self.bouncer.core_taken()
        self.assertEqual(self.reactor.turn(), 0)
        self.assertEqual(len(self.reactor.getDelayedCalls()), 1)

    def test_two_at_once(self: Any) -> None:
        """Two cores that see the need at the same moment begin one row of looks."""
        self.busy(1, 2)
        self.bouncer.core_taken()
        self.bouncer._watching = False  # as the second core saw it
        self.bouncer.core_taken()
        self.assertEqual(self.reactor.turn(), 2)
        self.assertEqual(len(self.reactor.getDelayedCalls()), 1)

    def test_ends(self: Any) -> None:
        """The looks end when a core here is free, and begin anew when all are busy."""
        self.busy(1, 2)
        self.bouncer.core_taken()
        self.reactor.turn()
        self.busy(1, 1)
        self.reactor.advance(PERIOD)
        self.assertEqual(self.reactor.getDelayedCalls(), [])
        self.busy(1, 2)
        self.bouncer.core_taken()
        self.assertEqual(self.reactor.turn(), 1)
        self.assertEqual(len(self.reactor.getDelayedCalls()), 1)

    def test_taken_as_it_ends(self: Any) -> None:
        """A core that is taken while the looks end is not overlooked."""
        self.busy(1, 2)
        self.bouncer.core_taken()
        answers = [False, True, True, True]
        self.patch(self.bouncer, "_saturated", lambda: answers.pop(0))
        self.reactor.turn()
        self.assertEqual(len(self.reactor.getDelayedCalls()), 1)

    def test_not_ready(self: Any) -> None:
        """Cores of a worker that is not ready are not free."""
        self.busy(1, 2)
        self.board.worker(2)[WORKER_STATE] = 0
        frontend, _ = self.link()
        self.bouncer.core_taken()
        self.reactor.turn()
        self.assertEqual(self.got(frontend), b"")

    def test_not_linked(self: Any) -> None:
        """Nor are those of one that is ready, and has to wait before it takes over."""
        self.busy(1, 2)
        self.board.worker(2)[WORKER_LINKED] = 0
        frontend, _ = self.link()
        self.bouncer.core_taken()
        self.reactor.turn()
        self.assertEqual(self.got(frontend), b"")

    def test_closed(self: Any) -> None:
        """A link that turns out to be closed is closed here, and reported."""
        self.busy(1, 2)
        frontend, link = self.link(b"")
        frontend.close()
        self.bouncer.core_taken()
        self.reactor.turn()
        self.assertEqual((self.closed, link.fileno(), self.said), ([link], -1, []))

    def test_frame_error(self: Any) -> None:
        """So is one that says what is no request, which is said; the looks go on."""
        self.busy(1, 2)
        _, link = self.link(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        self.bouncer.core_taken()
        self.reactor.turn()
        self.assertEqual((self.closed, link.fileno()), ([link], -1))
        (said,) = self.said
        self.assertIn("frontend 3: not a request", said)
        self.assertEqual(len(self.reactor.getDelayedCalls()), 1)


@skipUnless(hasattr(select, "epoll") and hasattr(os, "eventfd"), "Linux only")
class EpollTests(BouncerMixin, SynchronousTestCase):
    """At L{EpollWaitPoint}."""

    make = EpollWaitPoint


class PortableTests(BouncerMixin, SynchronousTestCase):
    """At L{PortableWaitPoint}."""

    make = PortableWaitPoint
