"""Tests of L{twsgi.master.backoff}."""

from __future__ import annotations

from hypothesis import given
from hypothesis.strategies import floats, lists
from twisted.trial.unittest import SynchronousTestCase

from twsgi.master.backoff import HEALTHY, LONGEST, Backoff


class BackoffTests(SynchronousTestCase):
    """How long a place stays empty."""

    def test_sequences(self) -> None:
        """The first death costs nothing, the following young ones ever more, up to a limit."""
        for lives, pauses in [
            ([0] * 9, [0, 1, 2, 4, 8, 16, 30, 30, 30]),
            ([HEALTHY] * 3, [0, 0, 0]),
            ([0, 0, HEALTHY, 0, 0], [0, 1, 0, 1, 2]),
            ([0, HEALTHY - 0.1], [0, 1]),
        ]:
            backoff = Backoff()
            self.assertEqual([backoff.died(life) for life in lives], pauses)

    @given(lists(floats(0, 1000), max_size=80))
    def test_bounds(self, lives: list[float]) -> None:
        """No pause is negative or longer than the longest; none follows a healthy life."""
        backoff = Backoff()
        for life in lives:
            pause = backoff.died(life)
            self.assertTrue(0 <= pause <= LONGEST, pause)
            if life >= HEALTHY:
                self.assertEqual(pause, 0)

    def test_many_deaths(self) -> None:
        """A place that loses children for months goes on with the longest pause."""
        backoff = Backoff()
        self.assertEqual([backoff.died(0) for _ in range(5000)][-1], LONGEST)
