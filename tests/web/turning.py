"""A reactor that turns when a test says so, on real sockets: readiness is the kernel's word."""

from __future__ import annotations

import select
from collections.abc import Callable
from typing import Any

from twisted.internet import main
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.task import Clock
from twisted.python.failure import Failure

_REASONS = {main.CONNECTION_DONE: ConnectionDone, main.CONNECTION_LOST: ConnectionLost}


class TurningReactor(Clock):
    """
    C{IReactorFDSet} and C{IReactorFromThreads} on a L{Clock}.

    @ivar handed: what other threads have handed over, and no turn has called yet.
    """

    def __init__(self) -> None:
        super().__init__()
        self.readers: list[Any] = []
        self.writers: list[Any] = []
        self.handed: list[Callable[[], Any]] = []

    def addReader(self, reader: Any) -> None:
        if reader not in self.readers:
            self.readers.append(reader)

    def addWriter(self, writer: Any) -> None:
        if writer not in self.writers:
            self.writers.append(writer)

    def removeReader(self, reader: Any) -> None:
        if reader in self.readers:
            self.readers.remove(reader)

    def removeWriter(self, writer: Any) -> None:
        if writer in self.writers:
            self.writers.remove(writer)

    def callFromThread(self, call: Callable[..., Any], *args: Any) -> None:
        self.handed.append(lambda: call(*args))

    def turn(self) -> bool:
        """One turn, which never waits.  @return: there was something to do."""
        handed = len(self.handed)
        for _ in range(handed):
            self.handed.pop(0)()
        readable, writable = self._ready()
        for one in readable:
            if one in self.readers:
                self._do(one, one.doRead)
        for one in writable:
            if one in self.writers:
                self._do(one, one.doWrite)
        return bool(handed or readable or writable)

    def _ready(self) -> tuple[list[Any], list[Any]]:
        """Who can be read from, and written to, now."""
        poll = select.poll()  # numbers may be larger than select() takes
        masks: dict[int, int] = {}
        for mask, watched in ((select.POLLIN, self.readers), (select.POLLOUT, self.writers)):
            for one in watched:
                masks[one.fileno()] = masks.get(one.fileno(), 0) | mask
        for number, mask in masks.items():
            poll.register(number, mask)
        broken = select.POLLHUP | select.POLLERR
        found = dict(poll.poll(0))

        def those(watched: Any, mask: int) -> list[Any]:
            return [one for one in watched if found.get(one.fileno(), 0) & (mask | broken)]

        return those(self.readers, select.POLLIN), those(self.writers, select.POLLOUT)

    def turn_until_idle(self, limit: int = 10000) -> int:
        """Turns while there is something to do.  @return: how many turns that took."""
        for count in range(limit):
            if not self.turn():
                return count
        raise AssertionError(f"the reactor spins: {limit} turns")

    def _do(self, one: Any, method: Callable[[], Any]) -> None:
        reason = method()
        if reason is not None:
            self.removeReader(one)
            self.removeWriter(one)
            one.connectionLost(Failure(_REASONS.get(reason, ConnectionLost)()))
