"""
L{Orphans}: buries processes that this one has never started, where the system gives it those.

Whoever loses its parent is given to process 1, in a container that is the master, or to the nearest
subreaper (C{prctl(2)}).  Nobody else asks for their end: they would be zombies for ever.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable
from typing import Any

from twisted.internet import process
from twisted.internet.interfaces import IDelayedCall

#: Seconds between two looks.
PERIOD = 1.0
_PR_GET_CHILD_SUBREAPER = 37


def adopts() -> bool:
    """The system gives this process orphans."""
    return os.getpid() == 1 or _is_subreaper()


def _is_subreaper() -> bool:
    if not sys.platform.startswith("linux"):
        return False
    answer = ctypes.c_int(0)
    try:
        ctypes.CDLL(None).prctl(_PR_GET_CHILD_SUBREAPER, ctypes.byref(answer), 0, 0, 0)
    except (OSError, AttributeError):
        return False
    return bool(answer.value)


def spawned(pid: int) -> bool:
    """Twisted has started C{pid}, and asks for its end itself."""
    return pid in process.reapProcessHandlers


class Orphans:
    """
    For a process in which only the reactor starts others: not one that runs an application, whose
    own children would be taken from it.  Reactor thread.
    """

    def __init__(
        self,
        reactor: Any,
        adopts: Callable[[], bool] = adopts,
        ours: Callable[[int], bool] = spawned,
        system: Any = os,
    ) -> None:
        """
        @param reactor: IReactorTime.
        @param ours: who is not touched.
        """
        self._reactor = reactor
        self._adopts = adopts
        self._ours = ours
        self._system = system
        self._timer: IDelayedCall | None = None

    def start(self) -> None:
        """Begins, if there is any reason to."""
        if hasattr(self._system, "waitid") and self._adopts():
            self._wait()

    def stop(self) -> None:
        """Looks no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _wait(self) -> None:
        self._timer = self._reactor.callLater(PERIOD, self._look)

    def _look(self) -> None:
        self._wait()
        while pid := self._dead():
            self._system.waitpid(pid, os.WNOHANG)

    def _dead(self) -> int:
        """An orphan that has ended; 0: none, or the reactor has to bury its own first."""
        try:
            found = self._system.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return 0
        return 0 if found is None or self._ours(found.si_pid) else int(found.si_pid)
