"""Tests of L{twsgi.orphans}: processes that this one has never started."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from twsgi.orphans import PERIOD, Orphans, adopts, spawned


class System:
    """Zombies, the oldest first."""

    def __init__(self, *zombies: int) -> None:
        self.zombies = list(zombies)
        self.buried: list[int] = []
        self.childless = False

    def waitid(self, kind: int, number: int, options: int) -> Any:
        assert (kind, options) == (os.P_ALL, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if self.childless:
            raise ChildProcessError
        return SimpleNamespace(si_pid=self.zombies[0]) if self.zombies else None

    def waitpid(self, pid: int, options: int) -> None:
        assert options == os.WNOHANG
        self.zombies.remove(pid)
        self.buried.append(pid)


class OrphansTests(SynchronousTestCase):
    """A process that is given orphans; children of its own have numbers below 100."""

    def setUp(self) -> None:
        self.clock = Clock()

    def orphans(self, system: Any, adopts: bool = True) -> Orphans:
        found = Orphans(self.clock, lambda: adopts, lambda pid: pid < 100, system)
        found.start()
        return found

    def test_buried(self) -> None:
        """All that have ended are buried, once a second."""
        system = System(101, 102)
        self.orphans(system)
        self.clock.advance(PERIOD)
        self.assertEqual(system.buried, [101, 102])
        system.zombies.append(103)
        self.clock.advance(PERIOD)
        self.assertEqual(system.buried, [101, 102, 103])

    def test_own(self) -> None:
        """A child of its own is left to whoever started it; the others come after that."""
        system = System(101, 7, 102)
        self.orphans(system)
        self.clock.advance(PERIOD)
        self.assertEqual(system.zombies, [7, 102])
        system.zombies.remove(7)
        self.clock.advance(PERIOD)
        self.assertEqual(system.buried, [101, 102])

    def test_nobody(self) -> None:
        """Without any child it looks again later."""
        system = System()
        self.orphans(system)
        system.childless = True
        self.clock.advance(PERIOD)
        system.childless = False
        system.zombies.append(101)
        self.clock.advance(PERIOD)
        self.assertEqual(system.buried, [101])

    def test_stop(self) -> None:
        """At the end no timer is left."""
        self.orphans(System()).stop()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_not_asked(self) -> None:
        """Who is given none does not look, nor where the system cannot tell."""
        self.orphans(System(101), adopts=False)
        self.orphans(SimpleNamespace())
        self.assertEqual(self.clock.getDelayedCalls(), [])
        Orphans(self.clock).stop()


class SystemTests(SynchronousTestCase):
    """This process."""

    def test_adopts(self) -> None:
        """Tests are neither process 1 nor a subreaper."""
        self.assertEqual(adopts(), os.getpid() == 1)

    def test_spawned(self) -> None:
        """Nobody whom the reactor does not know is its own."""
        self.assertFalse(spawned(os.getpid()))
