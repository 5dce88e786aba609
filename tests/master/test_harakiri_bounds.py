"""Tests of C{harakiri} beside the other limits: mercy, and silence."""

from __future__ import annotations

import signal

from twisted.trial.unittest import SynchronousTestCase

from tests.master.fakes import House, make_plan
from tests.master.test_harakiri import LIMIT, HarakiriCase
from twsgi.master.pulse import PERIOD
from twsgi.settings.model import Settings


class MercyTests(HarakiriCase):
    """C{harakiri-graceful-timeout} is longer than C{worker-reload-mercy}."""

    settings = Settings(harakiri=LIMIT, harakiri_graceful_timeout=100)

    def test_siblings_have_their_time(self) -> None:
        """A sibling is not cut by mercy, which is 60 s here, before its time is over."""
        self.begin(0, LIMIT)
        self.looks()
        self.begin(1, 0, "GET /sibling")
        self.answer()
        self.hear()
        self.left(2)
        self.wait(99)
        self.assertEqual(self.signals, [])
        # Another one on the same connection, for instance: it is young.
        self.begin(1, 0, "GET /sibling")
        self.looks(6)
        self.assertEqual(self.signals, [signal.SIGKILL])
        self.assertFalse(self.house.log.said("NO MERCY"))


class SilenceTests(SynchronousTestCase):
    """A worker that answers no questions while a request holds the interpreter's lock."""

    def silent_after(self, **settings: int) -> int:
        """How many periods it takes until that is called silence."""
        house = House(make_plan(workers=1, frontends=0, **settings))
        self.addCleanup(house.tear_down)
        house.start()
        house.worker().control.pongs = False
        for periods in range(1, 100):
            house.clock.advance(PERIOD)
            if house.worker().signals:
                return periods
        return 0

    def test_what_harakiri_allows(self) -> None:
        """What C{harakiri} allows a request is no silence, nor are the moments after it."""
        usual = self.silent_after()
        self.assertEqual(self.silent_after(harakiri=30), usual)
        self.assertGreater(self.silent_after(harakiri=300) * PERIOD, 300 + PERIOD)
        self.assertLess(self.silent_after(harakiri=300) * PERIOD, 300 + 4 * PERIOD)
