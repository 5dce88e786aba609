"""The two L{IWaitPoint}s: one suite."""

from __future__ import annotations

import os
import select
import socket
import threading
from typing import Any
from unittest import skipUnless

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.wsgi.fakes import SOON
from twsgi.interfaces import IWaitPoint
from twsgi.wsgi import waitpoint
from twsgi.wsgi.waitpoint import EpollWaitPoint, PortableWaitPoint, wait_point


class Waiter(threading.Thread):
    """
    A core, as far as the wait point sees it.

    @ivar got: what it was given, in order.
    """

    def __init__(self, point: Any, got: Any = None) -> None:
        super().__init__(daemon=True)
        self._point = point
        self._got = threading.Semaphore(0) if got is None else got
        self.got: list[Any] = []

    def run(self) -> None:
        while (work := self._point.wait()) is not None:
            self.got.append(work)
            self._got.release()
            if callable(work):
                work()


class WaitPointMixin:
    """The suite."""

    make: Any

    def setUp(self: Any) -> None:
        """A wait point, which is closed in the end."""
        self.point = self.make()
        self.addCleanup(self.point.close)

    def link(self: Any) -> tuple[socket.socket, socket.socket]:
        """A link, and its other end."""
        ends = socket.socketpair()
        for end in ends:
            end.settimeout(SOON)
            self.addCleanup(end.close)
        return ends

    def join(self: Any, *threads: threading.Thread) -> None:
        """Asserts that the threads end."""
        for thread in threads:
            thread.join(SOON)
            self.assertFalse(thread.is_alive())

    def wait(self: Any) -> Any:
        """What a thread gets; it must not be for ever."""
        got: list[Any] = []
        thread = threading.Thread(target=lambda: got.append(self.point.wait()), daemon=True)
        thread.start()
        self.join(thread)
        return got[0]

    def test_interface(self: Any) -> None:
        """It is a wait point."""
        self.assertTrue(verifyObject(IWaitPoint, self.point))

    def test_submit(self: Any) -> None:
        """Works are given out in order, and counted until they are."""
        self.assertEqual(self.point.waiting(), 0)
        for work in ("a", "b"):
            self.point.submit(work)
        self.assertEqual(self.point.waiting(), 2)
        self.assertEqual((self.wait(), self.wait()), ("a", "b"))
        self.assertEqual(self.point.waiting(), 0)

    def test_link(self: Any) -> None:
        """A link is given out when bytes have come."""
        link, other = self.link()
        silent, _ = self.link()
        self.point.add_link(silent)
        self.point.add_link(link)
        other.send(b"a")
        self.assertIs(self.wait(), link)

    def test_link_with_bytes(self: Any) -> None:
        """A link that has bytes when it is added is given out."""
        link, other = self.link()
        other.send(b"a")
        self.point.add_link(link)
        self.assertIs(self.wait(), link)

    def test_link_added_later(self: Any) -> None:
        """A link that is added while a thread waits is watched."""
        link, other = self.link()
        first, first_other = self.link()
        self.point.add_link(first)
        got = threading.Semaphore(0)
        waiter = Waiter(self.point, got)
        waiter.start()
        first_other.send(b"a")
        self.assertTrue(got.acquire(timeout=SOON))
        self.point.add_link(link)
        other.send(b"a")
        self.assertTrue(got.acquire(timeout=SOON))
        self.assertEqual(waiter.got, [first, link])
        self.point.close()
        self.join(waiter)

    def test_once(self: Any) -> None:
        """A link that was given out is its taker's alone until it is rearmed."""
        link, other = self.link()
        self.point.add_link(link)
        other.send(b"a")
        self.assertIs(self.wait(), link)
        # Its bytes are still unread, but what is given out next is something else.
        self.point.submit("a")
        self.assertEqual(self.wait(), "a")
        self.point.submit("b")
        self.assertEqual(self.wait(), "b")
        self.point.rearm(link)
        self.assertIs(self.wait(), link)

    def test_rearmed_silent(self: Any) -> None:
        """A link that is rearmed without bytes waits for the next."""
        link, other = self.link()
        self.point.add_link(link)
        for _ in range(3):
            other.send(b"a")
            self.assertIs(self.wait(), link)
            link.recv(1)
            self.point.rearm(link)
            self.point.submit("work")
            self.assertEqual(self.wait(), "work")

    def test_eof(self: Any) -> None:
        """The end of a link is something to look at."""
        link, other = self.link()
        self.point.add_link(link)
        other.close()
        self.assertIs(self.wait(), link)

    def test_forget(self: Any) -> None:
        """A forgotten link may be closed, and its descriptor used for the next."""
        link, other = self.link()
        self.point.add_link(link)
        other.send(b"a")
        taken = self.wait()
        self.assertIs(taken, link)
        descriptor = link.fileno()
        self.point.forget(link)
        link.close()
        # The kernel gives out the lowest number that is free: the next socket has that one.
        with socket.socket() as spare:
            reused = spare.fileno() == descriptor
        again, again_other = self.link()
        self.point.add_link(again)
        again_other.send(b"a")
        self.assertIs(self.wait(), again)
        self.assertTrue(reused)

    def test_overdue(self: Any) -> None:
        """A link with bytes that nobody has taken may be taken away, once, without waiting."""
        self.assertIsNone(self.point.overdue())
        link, other = self.link()
        silent, _ = self.link()
        for one in (silent, link):
            self.point.add_link(one)
        self.assertIsNone(self.point.overdue())
        other.send(b"a")
        self.point.submit("work")  # which is not a link's, and stays
        self.assertIs(self.point.overdue(), link)
        self.assertIsNone(self.point.overdue())
        self.assertEqual(self.wait(), "work")
        self.point.rearm(link)
        self.assertIs(self.wait(), link)
        self.assertIsNone(self.point.overdue())

    def test_two_works_two_threads(self: Any) -> None:
        """Of two works each of two threads gets one."""
        barrier = threading.Barrier(2)
        waiters = [Waiter(self.point) for _ in range(2)]
        for waiter in waiters:
            waiter.start()
        both = threading.Semaphore(0)

        def meet() -> None:
            barrier.wait(SOON)  # two threads, or nobody comes out
            both.release()

        for _ in range(2):
            self.point.submit(meet)
        for _ in range(2):
            self.assertTrue(both.acquire(timeout=SOON))
        self.point.close()
        self.join(*waiters)
        self.assertEqual([waiter.got for waiter in waiters], [[meet], [meet]])

    def test_link_and_work_two_threads(self: Any) -> None:
        """A work and a link with bytes come to two threads, though one is busy with the other."""
        link, other = self.link()
        self.point.add_link(link)
        release = threading.Event()
        self.addCleanup(release.set)
        got = threading.Semaphore(0)
        waiters = [Waiter(self.point, got) for _ in range(2)]
        for waiter in waiters:
            waiter.start()
        self.point.submit(lambda: release.wait(SOON))
        self.assertTrue(got.acquire(timeout=SOON))
        other.send(b"a")
        self.assertTrue(got.acquire(timeout=SOON))
        self.assertEqual(sorted(len(waiter.got) for waiter in waiters), [1, 1])
        release.set()
        self.point.close()
        self.join(*waiters)

    def test_many(self: Any) -> None:
        """However many works and threads: each work is done once."""
        done: list[int] = []
        counted = threading.Semaphore(0)
        waiters = [Waiter(self.point) for _ in range(4)]
        for waiter in waiters:
            waiter.start()

        def work(number: int) -> Any:
            def call() -> None:
                done.append(number)
                counted.release()

            return call

        for number in range(500):
            self.point.submit(work(number))
        for _ in range(500):
            self.assertTrue(counted.acquire(timeout=SOON))
        self.point.close()
        self.join(*waiters)
        self.assertEqual(sorted(done), list(range(500)))

    def test_many_links(self: Any) -> None:
        """Links are served by whoever is free, each byte once."""
        links = dict(self.link() for _ in range(5))
        counted = threading.Semaphore(0)

        def serve() -> None:
            while (link := self.point.wait()) is not None:
                link.send(link.recv(1))
                self.point.rearm(link)
                counted.release()

        servers = [threading.Thread(target=serve, daemon=True) for _ in range(3)]
        for server in servers:
            server.start()
        for link in links:
            self.point.add_link(link)
        for number in range(50):
            for other in links.values():
                other.send(bytes([number]))
            for other in links.values():
                self.assertEqual(other.recv(1), bytes([number]))
        for _ in range(250):
            self.assertTrue(counted.acquire(timeout=SOON))
        self.point.close()
        self.join(*servers)

    def test_close(self: Any) -> None:
        """Every thread ends: those that wait, and those that come later."""
        waiters = [Waiter(self.point) for _ in range(3)]
        for waiter in waiters:
            waiter.start()
        self.point.close()
        late = Waiter(self.point)
        late.start()
        self.join(*waiters, late)
        self.assertIsNone(self.wait())

    def test_close_busy(self: Any) -> None:
        """A thread that is busy ends when it comes back."""
        release = threading.Event()
        got = threading.Semaphore(0)
        waiter = Waiter(self.point, got)
        waiter.start()
        self.point.submit(lambda: release.wait(SOON))
        self.assertTrue(got.acquire(timeout=SOON))
        self.point.close()
        release.set()
        self.join(waiter)


@skipUnless(hasattr(select, "epoll") and hasattr(os, "eventfd"), "Linux only")
class EpollTests(WaitPointMixin, SynchronousTestCase):
    """L{EpollWaitPoint}."""

    make = EpollWaitPoint

    def test_chosen(self) -> None:
        """It is what a worker waits at, where it is to be had."""
        self.assertIsInstance(wait_point(), EpollWaitPoint)

    def test_woken_for_nothing(self) -> None:
        """A thread that wakes for a work that another has taken waits on."""

        point, real = self.point, self.point._epoll
        polls = threading.Semaphore(0)

        class Epoll:
            """Wakes once too often."""

            first = True

            def poll(self, timeout: float, most: int) -> Any:
                polls.release()
                if self.first:
                    self.first = False
                    return [(point._semaphore, select.EPOLLIN)]
                return real.poll(timeout, most)

        point._epoll = Epoll()
        got = threading.Semaphore(0)
        waiter = Waiter(point, got)
        waiter.start()
        for _ in range(2):
            self.assertTrue(polls.acquire(timeout=SOON))
        self.assertEqual(waiter.got, [])
        point.submit("a")
        self.assertTrue(got.acquire(timeout=SOON))
        point.close()
        self.join(waiter)
        self.assertEqual(waiter.got, ["a"])


class PortableTests(WaitPointMixin, SynchronousTestCase):
    """L{PortableWaitPoint}."""

    make = PortableWaitPoint

    def test_chosen(self) -> None:
        """It is what a worker waits at elsewhere."""

        class Elsewhere:
            """A platform without epoll."""

        self.patch(waitpoint, "select", Elsewhere())
        point = wait_point()
        self.addCleanup(point.close)
        self.assertIsInstance(point, PortableWaitPoint)

    def test_overdue_while_waiting(self) -> None:
        """While a core waits, what comes is that core's: nothing is overdue."""
        link, other = self.link()
        self.point.add_link(link)
        other.send(b"a")
        with self.point._turn:
            self.assertIsNone(self.point.overdue())
        self.assertIs(self.point.overdue(), link)

    def test_loud_alarm(self) -> None:
        """More works than the alarm has room for are given out all the same."""
        for number in range(5000):
            self.point.submit(number)
        self.point._alarm.setblocking(False)
        try:
            while True:
                self.point._alarm.send(b"!" * 65536)
        except BlockingIOError:
            pass
        self.point.submit("last")
        got = [self.point.wait() for _ in range(5001)]
        self.assertEqual(got, [*range(5000), "last"])
