"""Tests of L{twsgi.master.backlog}: tables of what was seen and what is decided."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.master.seeing import decisions, seen
from twsgi.master.backlog import BacklogAlgorithm
from twsgi.master.cheaper import Decision, Snapshot


def row(*snapshots: Snapshot) -> list[Snapshot]:
    """A second of each."""
    return [one for snapshot in snapshots for one in [snapshot] * 4]


class BacklogTests(SynchronousTestCase):
    """The queue decides, once a second."""

    def test_table(self) -> None:
        """More than C{overload} wait: more workers; fewer: one less; as many: nothing."""
        for name, overload, step, samples, expected in [
            ("four wait", 3, 1, row(seen(2, waiting=4)), {4: Decision(1)}),
            ("three wait", 3, 1, row(seen(2, waiting=3)), {}),
            ("two wait, all are busy", 3, 1, row(seen(2, 2, waiting=2)), {}),
            ("two wait, one is idle", 3, 1, row(seen(2, 0, waiting=2)), {4: Decision(retire=2)}),
            ("nobody waits", 3, 1, row(seen(0, 0, 0)), {4: Decision(retire=1)}),
            ("the minimum", 3, 1, row(seen(0, 0, minimum=2)), {}),
            ("every second", 3, 1, row(seen(2, waiting=9), seen(2, waiting=9)),
             {4: Decision(1), 8: Decision(1)}),
            ("step", 3, 2, row(seen(2, waiting=4)), {4: Decision(2)}),
            ("step over the maximum", 3, 9, row(seen(2, waiting=4)), {4: Decision(3)}),
            ("as many as they need", 3, 0, row(seen(2, waiting=5)), {4: Decision(3)}),
            ("full", 3, 1, row(seen(2, 2, 2, 2, waiting=9)), {}),
            ("one boots for them", 3, 1, row(seen(2, None, waiting=5)), {}),
            ("one boots for some of them", 3, 1, row(seen(2, None, waiting=6)), {4: Decision(1)}),
            ("none of them boots for nobody", 0, 1, row(seen(0, 0)), {}),
            ("no patience", 0, 1, row(seen(2, waiting=1)), {4: Decision(1)}),
            ("a busy core", 3, 1, row(seen(1, 1)), {}),
            ("there is nobody", 3, 1, row(seen(waiting=9)), {}),
        ]:  # fmt: skip
            algorithm = BacklogAlgorithm(overload, step)
            self.assertEqual((name, decisions(algorithm, samples)), (name, expected))
