"""Tests of L{twsgi.master.manual}: nothing happens by itself, and all that an operator asks for."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.master.seeing import decisions, seen
from twsgi.master.backlog import BacklogAlgorithm
from twsgi.master.cheaper import NOTHING, Decision
from twsgi.master.manual import Asked, ManualAlgorithm


class ManualTests(SynchronousTestCase):
    """C{cheaper-algo = manual}."""

    def test_nothing(self) -> None:
        """Whatever the load is, nothing is decided."""
        for snapshot in (seen(0, 0, 0), seen(2, waiting=99), seen(2, 2, 2, 2), seen()):
            self.assertEqual(decisions(ManualAlgorithm(), [snapshot] * 20), {})


class AskedTests(SynchronousTestCase):
    """What an operator asks for."""

    def test_more(self) -> None:
        """A worker for each wish, at the next sample, and once."""
        asked = Asked(ManualAlgorithm())
        asked.ask(1)
        asked.ask(1)
        self.assertEqual(asked.sampled(seen(0)), Decision(spawn=2))
        self.assertEqual(asked.sampled(seen(0)), NOTHING)

    def test_no_more(self) -> None:
        """Never more than there is a place for; where there is none a line says so."""
        asked = Asked(ManualAlgorithm())
        asked.ask(9)
        self.assertEqual(asked.sampled(seen(0, 0, 0)), Decision(spawn=1))
        asked.ask(1)
        decision = asked.sampled(seen(0, 0, 0, 0))
        self.assertEqual(decision, Decision(words=("no more than 4 worker(s) (processes)",)))
        self.assertEqual(asked.sampled(seen(0)), NOTHING)

    def test_less(self) -> None:
        """One less for each wish, one after another, the oldest first."""
        asked = Asked(ManualAlgorithm())
        asked.ask(-2)
        self.assertEqual(asked.sampled(seen(0, 0, 0)), Decision(retire=1))
        self.assertEqual(asked.sampled(seen(2, 0, 0)), Decision(retire=2))
        self.assertEqual(asked.sampled(seen(0, 0, 0)), NOTHING)

    def test_not_a_busy_one(self) -> None:
        """While all are busy the wish waits, and the algorithm goes on."""
        asked = Asked(BacklogAlgorithm(0, 1))
        asked.ask(-1)
        for expected in (NOTHING, NOTHING, NOTHING, Decision(spawn=1)):
            self.assertEqual(asked.sampled(seen(2, 1, waiting=9)), expected)
        self.assertEqual(asked.sampled(seen(2, 1, 0, waiting=9)), Decision(retire=3))

    def test_no_less(self) -> None:
        """Never fewer than C{cheaper}; a line says so, and the wish is gone."""
        asked = Asked(ManualAlgorithm())
        asked.ask(-3)
        decision = asked.sampled(seen(0, 0, minimum=2))
        self.assertEqual(decision, Decision(words=("no fewer than 2 worker(s) (cheaper)",)))
        self.assertEqual(asked.sampled(seen(0, 0, 0, minimum=2)), NOTHING)

    def test_one_and_another(self) -> None:
        """One more and one less are nothing."""
        asked = Asked(ManualAlgorithm())
        asked.ask(1)
        asked.ask(-1)
        self.assertEqual(asked.sampled(seen(0, 0)), NOTHING)
