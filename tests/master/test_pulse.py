"""Tests of L{twsgi.master.pulse}: children that do not answer any more."""

from __future__ import annotations

import signal

from twisted.trial.unittest import SynchronousTestCase

from tests.master.fakes import FakeProcess, House, make_plan
from twsgi.master.child import STACKS
from twsgi.master.pulse import MOST, PERIOD


class PulseTests(SynchronousTestCase):
    """Two workers and a frontend."""

    def setUp(self) -> None:
        self.house = House(make_plan(workers=2))
        self.addCleanup(self.house.tear_down)
        self.house.start()

    def periods(self, count: int) -> None:
        for _ in range(count):
            self.house.clock.advance(PERIOD)

    def fall_silent(self, process: FakeProcess) -> None:
        process.control.pongs = False

    def test_answers(self) -> None:
        """Who answers lives; each child that serves is asked, whatever its kind."""
        self.periods(3 * MOST)
        for process in self.house.spawner.processes:
            self.assertEqual((len(process.control.pings), process.signals), (3 * MOST, []))

    def test_silent(self) -> None:
        """Who has not answered for a minute is killed and replaced; the others are not."""
        first, second = self.house.worker(1), self.house.worker(2)
        self.periods(3)
        self.fall_silent(first)
        self.periods(MOST)
        self.assertEqual(first.signals, [])
        self.periods(1)
        self.assertEqual(first.signals, [signal.SIGUSR2])
        self.assertTrue(
            self.house.log.said("worker 1 (pid: 101) has not answered the master for 60 seconds")
        )
        self.house.clock.advance(STACKS)
        self.assertEqual(first.signals, [signal.SIGUSR2, signal.SIGKILL])
        first.exit(signal=signal.SIGKILL)
        self.house.clock.advance(0)
        self.assertEqual(self.house.spawner.names()[3:], ["worker 1"])
        self.assertEqual(second.signals, [])

    def test_frontend(self) -> None:
        """A frontend is replaced as a worker is."""
        old = self.house.frontend()
        self.fall_silent(old)
        self.periods(MOST + 1)
        self.house.clock.advance(STACKS)
        old.exit(signal=signal.SIGKILL)
        self.house.clock.advance(0)
        self.assertIsNot(self.house.frontend(), old)

    def test_late(self) -> None:
        """One late answer, to whichever question, and all is well again."""
        worker = self.house.worker(1)
        for _ in range(4):
            self.fall_silent(worker)
            self.periods(MOST - 1)
            worker.control.pongs = True
            worker.control.pings[-2].callback({})
        self.assertEqual(worker.signals, [])

    def test_clock_that_leaps(self) -> None:
        """Questions count, not time: this process may not have run for an hour."""
        worker = self.house.worker(1)
        self.fall_silent(worker)
        self.house.clock.advance(3600)
        self.assertEqual(worker.signals, [])

    def test_boots(self) -> None:
        """Who loads the application, or leaves, is not asked: other limits are theirs."""
        old = self.house.worker(1)
        old.exit(signal=9)
        self.house.clock.advance(0)
        self.fall_silent(self.house.worker(1))
        self.periods(2)
        self.assertEqual(self.house.worker(1).control.pings, [])

    def test_stop(self) -> None:
        """When all leave nobody is asked."""
        self.house.master.stopService()
        self.periods(2)
        self.assertEqual(self.house.worker(1).control.pings, [])
