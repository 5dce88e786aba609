"""Where the cores wait: the two L{IWaitPoint}s.

A blocking system call is the cheapest way to hand work to a thread: a third of any queue's cost,
because it does not pass the GIL to and fro.  So all cores of a worker sleep in one C{epoll_wait}
(or, elsewhere, take turns in C{select}), and whoever wakes owns what it was woken for.
"""

from __future__ import annotations

import os
import select
import selectors
import socket
import sys
import threading
from collections import deque
from typing import Any

from zope.interface import implementer

from twsgi.interfaces import IWaitPoint

if sys.platform == "linux":
    _ARMED = select.EPOLLIN | select.EPOLLONESHOT
    #: Of all processes that wait for connections on the same socket one is woken by each.
    _LISTENING = select.EPOLLIN | select.EPOLLEXCLUSIVE


#: How many of those that are ready are looked at in search of an overdue link.
_LOOKS = 8


@implementer(IWaitPoint)
class EpollWaitPoint:
    """
    Linux's: one epoll, in which a link is armed for one event at a time, and one eventfd, a
    semaphore that counts the works submitted.
    """

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._semaphore = os.eventfd(0, os.EFD_SEMAPHORE | os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._epoll.register(self._semaphore, select.EPOLLIN)
        self._links: dict[int, Any] = {}
        self._works: deque[Any] = deque()
        self._closed = False

    def add_link(self, link: Any) -> None:
        """See L{IWaitPoint}."""
        descriptor = link.fileno()
        self._links[descriptor] = link
        self._epoll.register(descriptor, _ARMED)

    def rearm(self, link: Any) -> None:
        """See L{IWaitPoint}."""
        self._epoll.modify(link.fileno(), _ARMED)

    def listen(self, listener: Any) -> None:
        """See L{IWaitPoint}."""
        descriptor = listener.fileno()
        self._links[descriptor] = listener
        self._epoll.register(descriptor, _LISTENING)

    def listen_on(self, listener: Any, last: bool) -> None:
        """See L{IWaitPoint}."""
        if last:
            # The kernel wakes the first of its list who has a thread to spare, and whoever is
            # entered anew is the last.
            descriptor = listener.fileno()
            self._epoll.unregister(descriptor)
            self._epoll.register(descriptor, _LISTENING)

    def forget(self, link: Any) -> None:
        """See L{IWaitPoint}."""
        descriptor = link.fileno()
        del self._links[descriptor]
        self._epoll.unregister(descriptor)

    def submit(self, work: Any) -> None:
        """See L{IWaitPoint}."""
        self._works.append(work)
        os.eventfd_write(self._semaphore, 1)

    def wait(self) -> Any:
        """See L{IWaitPoint}."""
        while not self._closed:
            for descriptor, _ in self._epoll.poll(-1, 1):
                if descriptor != self._semaphore:
                    link = self._links.get(descriptor)
                    if link is None:
                        continue  # it was forgotten at this moment
                    return link
                try:
                    os.eventfd_read(self._semaphore)
                except BlockingIOError:
                    continue  # another core was faster
                if self._works:
                    return self._works.popleft()
        return None

    def waiting(self) -> int:
        """See L{IWaitPoint}."""
        return len(self._works)

    def overdue(self) -> Any:
        """See L{IWaitPoint}."""
        for _ in range(_LOOKS):
            for descriptor, _ in self._epoll.poll(0, 1):
                link = self._links.get(descriptor)
                if _is_link(link):
                    return link
                # Something else goes to the end of the kernel's list: a core will look at it.
                if link is not None and not hasattr(link, "taken"):
                    self.rearm(link)
        return None

    def close(self) -> None:
        """See L{IWaitPoint}."""
        self._closed = True
        # Readable for good: nobody reads it any more.
        os.eventfd_write(self._semaphore, 1 << 32)


@implementer(IWaitPoint)
class PortableWaitPoint:
    """
    Everybody's: the core whose turn it is waits in C{select} for all; the others wait for their
    turn.  A socketpair interrupts it when there is something new to look at.
    """

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._selector = selectors.DefaultSelector()
        self._alarm, self._alarmed = socket.socketpair()
        for end in (self._alarm, self._alarmed):
            end.setblocking(False)
        self._selector.register(self._alarmed, selectors.EVENT_READ)
        # What shall be watched (descriptor, link), or not any more (descriptor, None), until the
        # one who selects can see to it.
        self._changes: deque[tuple[int, Any]] = deque()
        self._works: deque[Any] = deque()
        self._ready: deque[Any] = deque()
        self._closed = False

    def add_link(self, link: Any) -> None:
        """See L{IWaitPoint}."""
        self._changes.append((link.fileno(), link))
        self._interrupt()

    rearm = listen = add_link

    def listen_on(self, listener: Any, last: bool) -> None:
        """See L{IWaitPoint}."""
        if not last:
            self.add_link(listener)

    def forget(self, link: Any) -> None:
        """See L{IWaitPoint}."""
        self._changes.append((link.fileno(), None))
        self._interrupt()

    def submit(self, work: Any) -> None:
        """See L{IWaitPoint}."""
        self._works.append(work)
        self._interrupt()

    def wait(self) -> Any:
        """See L{IWaitPoint}."""
        while True:
            with self._turn:
                if self._closed:
                    return None
                for queue in (self._works, self._ready):
                    if queue:
                        return queue.popleft()
                self._select()

    def waiting(self) -> int:
        """See L{IWaitPoint}."""
        return len(self._works)

    def overdue(self) -> Any:
        """See L{IWaitPoint}."""
        if not self._turn.acquire(blocking=False):
            return None  # a core waits, so nothing is overdue
        try:
            self._select(0)
            for link in self._ready:
                if _is_link(link):
                    self._ready.remove(link)
                    return link
            return None
        finally:
            self._turn.release()

    def close(self) -> None:
        """See L{IWaitPoint}."""
        self._closed = True
        self._interrupt()

    def _select(self, timeout: float | None = None) -> None:
        while self._changes:
            self._change(*self._changes.popleft())
        for key, _ in self._selector.select(timeout):
            if key.data is None:
                try:
                    self._alarmed.recv(4096)
                except BlockingIOError:
                    pass
            else:
                self._selector.unregister(key.fileobj)
                self._ready.append(key.data)

    def _change(self, descriptor: int, link: Any) -> None:
        """A descriptor may be closed by now, or be another's: then that has come behind it."""
        try:
            self._selector.unregister(descriptor)
        except KeyError:
            pass
        if link is not None:
            try:
                self._selector.register(descriptor, selectors.EVENT_READ, link)
            except (OSError, ValueError):
                pass

    def _interrupt(self) -> None:
        try:
            self._alarm.send(b"!")
        except BlockingIOError:
            pass  # it is loud enough


def _is_link(waiting: Any) -> bool:
    """It is none of a worker's own listeners and connections, which cores take."""
    return waiting is not None and not hasattr(waiting, "take")


def wait_point() -> Any:
    """The L{IWaitPoint} that is best here."""
    if hasattr(select, "epoll") and hasattr(os, "eventfd"):
        return EpollWaitPoint()
    return PortableWaitPoint()
