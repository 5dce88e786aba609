"""Tests of L{twsgi.master.rsslimits}: memory bounds the number of workers."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.master.seeing import decisions, seen
from twsgi.master.backlog import BacklogAlgorithm
from twsgi.master.cheaper import Decision
from twsgi.master.manual import ManualAlgorithm
from twsgi.master.rsslimits import WithinMemory

_EXCEEDED = "cheaper hard rss memory limit exceeded, cheap one of {} workers"


class WithinMemoryTests(SynchronousTestCase):
    """C{cheaper-rss-limit-soft} is 100 and C{-hard} 200 here."""

    def test_soft(self) -> None:
        """At the soft limit no worker is added, and nothing is said; they may leave."""
        for memory, expected in ((0, {4: Decision(1)}), (99, {4: Decision(1)}), (100, {})):
            limited = WithinMemory(BacklogAlgorithm(0, 1), 100, 0)
            found = decisions(limited, [seen(2, waiting=9, memory=memory)] * 4)
            self.assertEqual((memory, found), (memory, expected))
        limited = WithinMemory(BacklogAlgorithm(1, 1), 100, 0)
        found = decisions(limited, [seen(0, 0, memory=1000)] * 4)
        self.assertEqual(found, {4: Decision(retire=1)})

    def test_hard(self) -> None:
        """At the hard limit an idle worker leaves each second, whatever the algorithm thinks."""
        limited = WithinMemory(BacklogAlgorithm(0, 1), 100, 200)
        crowded = [seen(2, 0, 0, waiting=9, memory=200)] * 8
        leaves = Decision(retire=2, words=(_EXCEEDED.format(3),))
        self.assertEqual(decisions(limited, crowded), {4: leaves, 8: leaves})

    def test_bounds(self) -> None:
        """Not below C{cheaper}, and never a busy one."""
        for snapshot in (
            seen(0, 0, minimum=2, memory=999), seen(2, 1, 1, memory=999), seen(0, 0, memory=199),
        ):  # fmt: skip
            limited = WithinMemory(ManualAlgorithm(), 100, 200)
            self.assertEqual(decisions(limited, [snapshot] * 8), {})
