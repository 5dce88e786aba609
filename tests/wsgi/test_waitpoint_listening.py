"""The two L{IWaitPoint}s: listeners and connections, which are taken, beside links."""

from __future__ import annotations

import os
import select
import socket
import threading
import time
from typing import Any
from unittest import skipUnless

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.web.threadserving import dispose, ready, woken
from tests.wsgi.fakes import SOON
from twsgi.wsgi.waitpoint import EpollWaitPoint, PortableWaitPoint


class Connection:
    """Something with a descriptor that cores take."""

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self.fileno = sock.fileno

    def take(self) -> Any:
        return self


class Listener(Connection):
    """A listening socket that cores take from."""

    def taken(self, channel: Any) -> None:
        """Its first turn is over."""


class ListeningMixin:
    """The suite: no thread is started, the test is whoever is woken."""

    make: Any

    def setUp(self: Any) -> None:
        """A wait point, which is nothing in the end."""
        self.point = self.make()
        self.addCleanup(dispose, self.point)

    def pair(self: Any, number: int = -1) -> tuple[Connection, socket.socket]:
        """A connection, and its other end; C{number}: which descriptor it shall have."""
        ours, theirs = socket.socketpair()
        if number not in (-1, ours.fileno()):
            os.dup2(ours.fileno(), number)
            ours.close()
            ours = socket.socket(fileno=number)
        for end in (ours, theirs):
            self.addCleanup(end.close)
        return Connection(ours), theirs

    def listener(self: Any) -> Listener:
        """A listener."""
        sock = socket.create_server(("127.0.0.1", 0))
        sock.setblocking(False)
        self.addCleanup(sock.close)
        return Listener(sock)

    def connect(self: Any, listener: Listener) -> None:
        """Somebody connects."""
        self.addCleanup(socket.create_connection(listener.socket.getsockname()).close)

    def accept(self: Any, listener: Listener, last: bool = False) -> None:
        """Whoever was woken takes one connection."""
        listener.socket.accept()[0].close()
        self.point.listen_on(listener, last)

    def test_listener(self: Any) -> None:
        """A listener is given out when somebody has connected, again and again, not else."""
        listener = self.listener()
        self.point.listen(listener)
        for last in (False, True, False):
            self.assertFalse(ready(self.point))
            self.connect(listener)
            self.assertIs(woken(self.point), listener)
            self.accept(listener)
            if last:
                self.point.listen_on(listener, True)
        self.assertFalse(ready(self.point))

    def test_several(self: Any) -> None:
        """As long as others wait on it, it is given out to whoever comes."""
        listener = self.listener()
        self.point.listen(listener)
        for _ in range(3):
            self.connect(listener)
        for _ in range(3):
            self.assertIs(woken(self.point), listener)
            self.accept(listener)
        self.assertFalse(ready(self.point))

    def test_waiting_when_it_begins(self: Any) -> None:
        """Whoever has connected before is heard."""
        listener = self.listener()
        self.connect(listener)
        self.point.listen(listener)
        self.assertIs(woken(self.point), listener)

    def test_forgotten_listener(self: Any) -> None:
        """Forgotten it is not given out, and may come back."""
        listener = self.listener()
        for _ in range(2):
            self.point.listen(listener)
            self.point.forget(listener)
            self.connect(listener)
            self.assertFalse(ready(self.point))
        self.point.listen(listener)
        self.assertIs(woken(self.point), listener)

    def test_forgotten_while_watched(self: Any) -> None:
        """A connection that is watched may be forgotten and closed; nobody is woken for it."""
        connection, other = self.pair()
        self.point.add_link(connection)
        self.assertFalse(ready(self.point))
        self.point.forget(connection)
        other.send(b"a")
        connection.socket.close()
        self.assertFalse(ready(self.point))

    def test_forgotten_with_bytes(self: Any) -> None:
        """So may one for which somebody is about to be woken; at most it is given out once more."""
        connection, other = self.pair()
        self.point.add_link(connection)
        other.send(b"a")
        self.assertTrue(ready(self.point))
        self.point.forget(connection)
        connection.socket.close()
        if ready(self.point):
            self.assertIs(woken(self.point), connection)
        self.assertFalse(ready(self.point))

    def test_descriptor_used_again(self: Any) -> None:
        """The next one with the same number is watched, whatever its predecessor was."""
        for spoken in (False, True):
            old, other = self.pair()
            number = old.fileno()
            self.point.add_link(old)
            if spoken:
                other.send(b"a")
                self.assertTrue(ready(self.point))
            self.point.forget(old)
            old.socket.close()
            new, new_other = self.pair(number)
            self.point.add_link(new)
            if ready(self.point):
                self.assertIs(woken(self.point), old)
            self.assertFalse(ready(self.point))
            new_other.send(b"a")
            self.assertIs(woken(self.point), new)
            self.point.forget(new)

    def test_closed_before_it_is_watched(self: Any) -> None:
        """One that is forgotten before anybody has looked since it was added does no harm."""
        old, _ = self.pair()
        self.point.add_link(old)
        self.point.forget(old)
        old.socket.close()
        new, other = self.pair()
        self.point.add_link(new)
        other.send(b"a")
        self.assertIs(woken(self.point), new)

    def test_overdue(self: Any) -> None:
        """Listeners and connections are never overdue, and are still given out to cores."""
        listener = self.listener()
        self.point.listen(listener)
        self.connect(listener)
        taken = []
        for _ in range(2):
            connection, other = self.pair()
            self.point.add_link(connection)
            other.send(b"a")
            taken.append(connection)
        self.point.submit("work")
        self.assertIsNone(self.point.overdue())
        link, other = socket.socketpair()
        for end in (link, other):
            self.addCleanup(end.close)
        self.point.add_link(link)
        other.send(b"a")
        self.assertIs(self.point.overdue(), link)
        self.assertIsNone(self.point.overdue())
        got = []
        for _ in range(20):
            if ready(self.point):
                got.append(woken(self.point))
                if got[-1] is listener:
                    self.accept(listener)
        self.assertCountEqual(got, [listener, *taken, "work"])


@skipUnless(hasattr(select, "epoll") and hasattr(os, "eventfd"), "Linux only")
class EpollListeningTests(ListeningMixin, SynchronousTestCase):
    """L{EpollWaitPoint}."""

    make = EpollWaitPoint

    def test_forgotten_at_this_moment(self) -> None:
        """A thread that the kernel has woken for one that is forgotten by then waits on."""
        connection, other = self.pair()
        self.point.add_link(connection)
        other.send(b"a")
        point, real = self.point, self.point._epoll

        class Epoll:
            """Others are faster, when a thread has been woken."""

            def poll(self, timeout: float, most: int) -> Any:
                found = real.poll(timeout, most)
                point._epoll = real
                point.forget(connection)
                connection.socket.close()
                point.submit("next")
                return found

        point._epoll = Epoll()
        self.assertEqual(point.wait(), "next")

    def asleep(self, thread: threading.Thread) -> bool:
        """It waits in the kernel for something to do."""
        try:
            with open(f"/proc/self/task/{thread.native_id}/wchan") as file:
                where = file.read()
        except OSError as error:
            raise SkipTest(f"the kernel does not tell where a thread sleeps: {error}") from None
        # "0" of one that runs; and of all, where that is a secret.
        return "epoll" in where or "ep_poll" in where

    def test_turns(self) -> None:
        """
        Whoever asks for it is last from then on: of those that listen on one socket, and have a
        thread to spare, each keeps as many connections as the others.
        """
        listener = self.listener()
        points = [EpollWaitPoint() for _ in range(3)]
        counts = [0] * len(points)
        done = threading.Semaphore(0)

        def serve(index: int) -> None:
            point = points[index]
            while point.wait() is not None:
                try:
                    sock, _ = listener.socket.accept()
                except BlockingIOError:
                    continue
                sock.close()
                counts[index] += 1
                point.listen_on(listener, last=True)
                done.release()

        threads = [threading.Thread(target=serve, args=(one,), daemon=True) for one in range(3)]
        for point, thread in zip(points, threads, strict=True):
            self.addCleanup(point.close)
            point.listen(listener)
            thread.start()
        deadline = time.monotonic() + SOON
        for _ in range(12):
            while not all(self.asleep(thread) for thread in threads):
                if time.monotonic() > deadline:
                    raise SkipTest("the kernel does not tell where a thread sleeps")
            self.connect(listener)
            self.assertTrue(done.acquire(timeout=SOON))
        self.assertEqual(counts, [4, 4, 4])
        for point, thread in zip(points, threads, strict=True):
            point.close()
            thread.join(SOON)
            self.assertFalse(thread.is_alive())


class PortableListeningTests(ListeningMixin, SynchronousTestCase):
    """L{PortableWaitPoint}."""

    make = PortableWaitPoint
