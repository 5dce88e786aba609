"""L{Poller}: watches the descriptors of one listener for the reactor, at a third of the price.

A reactor's turn costs about two microseconds for each descriptor that is ready, most of it spent on
a logging context that nothing here uses.  This is an C{IReactorFDSet} with an epoll of its own,
which is itself one descriptor of the real reactor, entered by C{addReader}: one turn for all that
is ready.
"""

from __future__ import annotations

import select
from collections.abc import Callable
from typing import Any

from twisted.internet import main
from twisted.internet.interfaces import IReactorFDSet, IReadDescriptor
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

#: Descriptors that one turn of the real reactor serves at most.
_AT_ONCE = 64

if hasattr(select, "epoll"):
    _READ, _WRITE = select.EPOLLIN, select.EPOLLOUT
    _BROKEN = select.EPOLLHUP | select.EPOLLERR


@implementer(IReactorFDSet, IReadDescriptor)
class Poller:
    """
    Watches descriptors.  Reactor thread.  What it does not do itself is the real reactor's:
    C{callLater}, C{callFromThread}, C{seconds}.
    """

    _log = Logger()

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._epoll = select.epoll()
        self._watched: dict[int, Any] = {}
        self._masks: dict[int, int] = {}
        self.callLater: Callable[..., Any] = reactor.callLater
        self.callFromThread: Callable[..., Any] = reactor.callFromThread
        self.seconds: Callable[[], float] = reactor.seconds

    def start(self) -> None:
        """Has the real reactor watch this object."""
        self._reactor.addReader(self)

    def stop(self) -> None:
        """Watches nothing any more.  Nothing may be left that is watched."""
        if not self._epoll.closed:
            self._reactor.removeReader(self)
            self._epoll.close()

    def fileno(self) -> int:
        """C{IReadDescriptor}: the epoll's."""
        return self._epoll.fileno()

    def logPrefix(self) -> str:
        """For Twisted's log."""
        return "twsgi poller"

    def addReader(self, reader: Any) -> None:
        """C{IReactorFDSet}."""
        self._set(reader, _READ, True)

    def removeReader(self, reader: Any) -> None:
        """C{IReactorFDSet}."""
        self._set(reader, _READ, False)

    def addWriter(self, writer: Any) -> None:
        """C{IReactorFDSet}."""
        self._set(writer, _WRITE, True)

    def removeWriter(self, writer: Any) -> None:
        """C{IReactorFDSet}."""
        self._set(writer, _WRITE, False)

    def removeAll(self) -> list[Any]:
        """C{IReactorFDSet}."""
        watched = list(self._watched.values())
        for descriptor in watched:
            self.removeReader(descriptor)
            self.removeWriter(descriptor)
        return watched

    def getReaders(self) -> list[Any]:
        """C{IReactorFDSet}."""
        return [one for number, one in self._watched.items() if self._masks[number] & _READ]

    def getWriters(self) -> list[Any]:
        """C{IReactorFDSet}."""
        return [one for number, one in self._watched.items() if self._masks[number] & _WRITE]

    def doRead(self) -> None:
        """C{IReadDescriptor}: serves what is ready."""
        watched = self._watched.get
        for number, events in self._epoll.poll(0, _AT_ONCE):
            descriptor = watched(number)
            if descriptor is None:
                continue  # another one's turn was its end
            try:
                if events == _READ:
                    why = descriptor.doRead()
                else:
                    why = self._serve(descriptor, number, events)
            except Exception:
                self._log.failure("Unhandled error")
                why = main.CONNECTION_LOST
            if why is not None:
                self.removeReader(descriptor)
                self.removeWriter(descriptor)
                descriptor.connectionLost(Failure(why))

    def connectionLost(self, reason: Failure) -> None:
        """C{IReadDescriptor}: the real reactor is through with us."""

    def _serve(self, descriptor: Any, number: int, events: int) -> Any:
        """
        A broken connection is read from, or written to, like one that is ready: it says itself
        what is wrong with it.  An event may be stale, meant for a predecessor with the same
        number, so it proves nothing.
        """
        why = None
        if events & (_READ | _BROKEN) and self._masks.get(number, 0) & _READ:
            why = descriptor.doRead()
        if why is None and events & (_WRITE | _BROKEN) and self._masks.get(number, 0) & _WRITE:
            why = descriptor.doWrite()
        return why

    def _set(self, descriptor: Any, bit: int, wanted: bool) -> None:
        number = descriptor.fileno()
        before = self._masks.get(number, 0)
        after = before | bit if wanted else before & ~bit
        if after == before:
            return
        if not before:
            self._epoll.register(number, after)
            self._watched[number] = descriptor
            self._masks[number] = after
        elif after:
            self._epoll.modify(number, after)
            self._masks[number] = after
        else:
            # First what is known of it: whatever is wrong with this one, the number is another's.
            del self._watched[number], self._masks[number]
            self._epoll.unregister(number)


def poller(reactor: Any) -> Any:
    """A L{Poller}, started, or the reactor itself where there is no epoll."""
    if not hasattr(select, "epoll"):
        return reactor
    made = Poller(reactor)
    made.start()
    return made
