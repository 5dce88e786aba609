"""Tests of L{twsgi.master.watch}: one timer for all that is looked at."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from twsgi.master.watch import Watch


class FakeLooker:
    """Counts its looks."""

    def __init__(self, wanted: bool = True, error: Exception | None = None) -> None:
        self.wanted = wanted
        self.looks = 0
        self._error = error

    def look(self) -> None:
        self.looks += 1
        if self._error is not None:
            raise self._error


class WatchTests(SynchronousTestCase):
    """Who looks, and when."""

    def seconds(self, clock: Clock, count: int) -> None:
        clock.pump([0.25] * 4 * count)

    def test_rhythm(self) -> None:
        """Each looks four times a second; of those who want nothing nobody hears."""
        clock = Clock()
        one, other, never = FakeLooker(), FakeLooker(), FakeLooker(wanted=False)
        watch = Watch(clock, (one, other, never))
        watch.start()
        self.assertEqual(one.looks, 0)
        self.seconds(clock, 3)
        self.assertEqual((one.looks, other.looks, never.looks), (12, 12, 0))
        watch.stop()
        self.assertEqual(clock.getDelayedCalls(), [])
        watch.stop()

    def test_nothing_wanted(self) -> None:
        """Where nobody has anything to look at there is no timer, until somebody has."""
        clock = Clock()
        looker = FakeLooker(wanted=False)
        watch = Watch(clock, (looker,))
        watch.start()
        self.assertEqual(clock.getDelayedCalls(), [])
        looker.wanted = True
        watch.start()
        watch.start()
        self.seconds(clock, 1)
        self.assertEqual(looker.looks, 4)
        looker.wanted = False
        self.seconds(clock, 1)
        self.assertEqual((looker.looks, clock.getDelayedCalls()), (4, []))

    def test_one_fails(self) -> None:
        """Who fails is logged, and keeps nobody from looking, itself included."""
        clock = Clock()
        failing, other = FakeLooker(error=OSError("no")), FakeLooker()
        watch = Watch(clock, (failing, other))
        watch.start()
        self.seconds(clock, 1)
        self.assertEqual((failing.looks, other.looks), (4, 4))
        self.assertEqual(len(self.flushLoggedErrors(OSError)), 4)

    def test_stopped_by_a_look(self) -> None:
        """What is seen may be the reason to look no more."""
        clock = Clock()
        looker = FakeLooker()
        watch = Watch(clock, (looker,))
        looker.look = watch.stop  # type: ignore[method-assign]
        watch.start()
        self.seconds(clock, 1)
        self.assertEqual(clock.getDelayedCalls(), [])
