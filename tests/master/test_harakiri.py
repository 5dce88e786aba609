"""Tests of L{twsgi.master.harakiri}: requests that do not end are seen, and told of."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from tests.master.fakes import FakeProcess, House, make_plan
from tests.master.stuck import LIMIT, SECOND, HarakiriCase
from twsgi.control.scoreboard import (
    CORE_BUSY_SINCE,
)
from twsgi.master.child import STACKS
from twsgi.master.hanging import ANSWER
from twsgi.settings.model import Settings


class QuestionTests(HarakiriCase):
    """The first step: where is it?"""

    def test_in_time(self) -> None:
        """Who is in time is asked nothing."""
        self.begin(0, LIMIT - 1)
        self.looks(3)
        self.assertEqual(self.worker.control.asked, [])

    def test_off(self) -> None:
        """Without C{harakiri} nobody is, however long it takes."""
        self.harakiri.follow(Settings())
        self.assertFalse(self.harakiri.wanted)
        self.begin(0, 900)
        self.looks()
        self.assertEqual(self.worker.control.asked, [])

    def test_asked(self) -> None:
        """Who is not is asked where it is, once; its siblings are not."""
        first, _, third = self.begin(0, LIMIT), self.begin(1, 3), self.begin(2, LIMIT + 2)
        self.assertTrue(self.harakiri.wanted)
        self.looks(2)
        self.assertEqual(self.worker.control.asked, [([0, 2], [first, third], False)])
        self.assertEqual((self.log.records, self.signals), ([], []))

    def test_record(self) -> None:
        """The answer is told in one record, before anything is done."""
        self.begin(0, LIMIT, "GET /hangs")
        self.begin(1, 3, "GET /sibling")
        done: list[str] = []
        self.watch(done)
        self.looks()
        self.wait(0.1)
        self.answer("uWSGI core 0 (most recent call last):\n  in hanging")
        self.assertEqual(done, ["condemn", "drain"])
        (record,) = self.log.records
        for words in (
            " - *** HARAKIRI ON WORKER 1 (pid: 101, try: 1, graceful: yes) ***\n",
            "HARAKIRI [core 0] 127.0.0.1 - GET /hangs since ",
            "(queued 0.000 s, ran 10.350 s)\n",
            "HARAKIRI [core 1] 127.0.0.1 - GET /sibling since ",
            "HARAKIRI triggered by worker 1 core 0 !!!\nuWSGI core 0 (most recent",
            "\n  in hanging",
        ):
            self.assertIn(words, record)
        self.assertNotIn("triggered by worker 1 core 1", record)

    def watch(self, done: list[str]) -> None:
        """What is done is noted, and that it was told before."""

        def noting(name: str, does: Callable[..., Deferred[object]]) -> Callable[..., object]:
            def noted(*arguments: object) -> object:
                self.assertEqual(len(self.log.records), 1)
                done.append(name)
                return does(*arguments)

            return noted

        frontend, worker = self.frontend.control, self.worker.control
        frontend.condemn = noting("condemn", frontend.condemn)  # type: ignore[method-assign,assignment]
        worker.drain = noting("drain", worker.drain)  # type: ignore[method-assign,assignment]

    def test_verbose(self) -> None:
        """C{harakiri-verbose} asks for all threads."""
        self.harakiri.follow(Settings(harakiri=LIMIT, harakiri_verbose=True))
        since = self.begin(0, LIMIT)
        self.looks()
        self.assertEqual(self.worker.control.asked, [([0], [since], True)])


class MeanwhileTests(HarakiriCase):
    """What may happen between the question and the answer."""

    def test_finished(self) -> None:
        """Who has finished is left alone, and one line says so."""
        self.begin(0, LIMIT, "GET /slow")
        self.looks()
        self.finish(0)
        self.answer("")
        self.assertEqual(
            self.log.records,
            [
                "harakiri: worker 1 core 0: 127.0.0.1 - GET /slow has finished meanwhile: nothing"
                " is killed for it"
            ],
        )
        self.looks(100)
        self.nothing_done()

    def nothing_done(self) -> None:
        """Nobody was condemned, asked to leave, replaced or killed; nothing is waited for."""
        self.assertEqual(self.frontend.control.condemned, [])
        self.assertEqual(self.worker.control.drains, [])
        self.assertEqual(len(self.house.spawner.processes), 2)
        self.assertNotIn(signal.SIGKILL, self.signals)
        self.harakiri.follow(Settings())
        self.assertFalse(self.harakiri.wanted)

    def test_next_one(self) -> None:
        """The core may be in its next request: that is another one."""
        self.begin(0, LIMIT)
        self.looks()
        self.begin(0, 0.1)
        self.answer("")
        self.assertIn("has finished meanwhile", self.log.records[0])
        self.looks()
        self.nothing_done()

    def test_finished_without_answer(self) -> None:
        """So is who has finished without having answered."""
        self.begin(0, LIMIT)
        self.looks()
        self.wait(ANSWER)
        self.assertEqual(self.signals, [signal.SIGUSR2])
        self.finish(0)
        self.wait(STACKS)
        self.assertIn("has finished meanwhile", self.log.records[0])
        self.looks()
        self.nothing_done()

    def test_one_of_two(self) -> None:
        """Where one has finished, the other is given up alone."""
        self.begin(0, LIMIT)
        self.begin(1, LIMIT)
        self.looks()
        self.finish(0)
        self.answer()
        line, record = self.log.records
        self.assertIn("core 0: 127.0.0.1 - GET /x has finished meanwhile", line)
        self.assertIn("triggered by worker 1 core 1 !!!", record)
        self.assertNotIn("triggered by worker 1 core 0 !!!", record)

    def test_died(self) -> None:
        """Who has died has no trial: its death is told by others."""
        for wait, signals in ((0.0, []), (ANSWER, [signal.SIGUSR2])):
            self.worker = self.house.worker()
            self.begin(0, LIMIT)
            self.looks()
            self.wait(wait)
            self.worker.exit(signal=11)
            self.house.clock.advance(0)
            self.house.worker().ready()
            self.worker.control.descriptions[-1].errback(Failure(ConnectionDone()))
            self.wait(ANSWER + STACKS)
            self.looks()
            self.assertEqual((self.log.records, self.signals), ([], signals))
        self.assertEqual(self.frontend.control.condemned, [])
        self.harakiri.follow(Settings())
        self.assertFalse(self.harakiri.wanted)

    def test_stop(self) -> None:
        """When nobody is there any more, nothing is waited for."""
        before = len(self.house.clock.getDelayedCalls())
        self.begin(0, LIMIT)
        self.looks()
        self.assertEqual(len(self.house.clock.getDelayedCalls()), before + 1)
        self.harakiri.stop()
        self.assertEqual(len(self.house.clock.getDelayedCalls()), before)


class MasterTests(SynchronousTestCase):
    """A whole master, whose children are fake."""

    def house(self) -> tuple[House, FakeProcess]:
        """One of two workers hangs."""
        house = House(make_plan(workers=2, frontends=0, harakiri=LIMIT))
        self.addCleanup(house.tear_down)
        house.start()
        worker = house.worker(1)
        board = house.master.scoreboard
        assert board is not None
        began = time.monotonic_ns() - 2 * LIMIT * SECOND
        board.core(worker.launch.place, 1)[CORE_BUSY_SINCE] = began
        return house, worker

    def test_looks(self) -> None:
        """It looks by itself, and does what it has to."""
        house, worker = self.house()
        house.samples(1)
        self.assertEqual([cores for cores, _, _ in worker.control.asked], [[1]])
        house.samples(3)
        self.assertEqual(worker.signals, [signal.SIGUSR2, signal.SIGKILL])
        self.assertEqual(house.worker(2).signals, [])
        self.assertEqual(house.spawner.names()[2:], ["worker 1"])

    def test_stop(self) -> None:
        """A stop does not wait for mercy to be over; in the end no timer is left."""
        house, worker = self.house()
        house.master.stopService()
        house.worker(2).exit()
        house.samples(4)
        self.assertEqual(worker.signals, [signal.SIGUSR2, signal.SIGKILL])
        worker.exit(signal=signal.SIGKILL)
        self.assertEqual(len(house.spawner.processes), 2)
        self.assertEqual(house.clock.getDelayedCalls(), [])

    def test_stop_at_once(self) -> None:
        """Where all end at once nobody waits for an answer any more."""
        house, _ = self.house()
        house.samples(1)
        house.master.stop_now()
        for process in house.spawner.processes:
            process.exit(signal=signal.SIGKILL)
        self.assertEqual(house.clock.getDelayedCalls(), [])
