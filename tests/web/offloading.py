"""Offload threads in the hand of a test: one that a reactor turns, and a wait for real ones."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from tests.web.turning import TurningReactor
from twsgi.web.offload import Transfer

#: Seconds after which a thread that should have done something never will.
SOON = 20.0


class HandedReactor(TurningReactor):
    """A reactor that waits for other threads when a test says so."""

    def __init__(self) -> None:
        super().__init__()
        self._arrived = threading.Semaphore(0)

    def callFromThread(self, call: Callable[..., Any], *args: Any) -> None:
        super().callFromThread(call, *args)
        self._arrived.release()

    def await_thread(self) -> None:
        """Waits until something was handed over that has not been waited for, and turns."""
        assert self._arrived.acquire(timeout=SOON), "nothing was handed over"
        self.turn_until_idle()


class SteppedOffload:
    """
    What L{twsgi.web.offload.Offload} is for a connection, its threads' work done by a reactor's
    turns.

    @ivar sends: how many transfers there were.
    @ivar failing: C{send} finds no descriptors left.
    """

    smallest = 100_000

    def __init__(self, reactor: TurningReactor) -> None:
        self._reactor = reactor
        self.sends = 0
        self.failing = False

    def send(
        self, sock: int, file: int, offset: int, count: int, done: Callable[[], None]
    ) -> Transfer:
        if self.failing:
            raise OSError(24, "Too many open files")
        self.sends += 1
        transfer = Transfer(sock, file, offset, count, done)
        self._reactor.addWriter(_Step(transfer, self._reactor))
        return transfer


class _Step:
    """One transfer, as what a reactor watches."""

    def __init__(self, transfer: Transfer, reactor: TurningReactor) -> None:
        self._transfer = transfer
        self._reactor = reactor
        self.fileno = transfer.fileno

    def doWrite(self) -> None:
        if not self._transfer.turn():
            self._reactor.removeWriter(self)
            self._transfer.end(self._reactor)
