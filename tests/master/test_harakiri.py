"""Tests of L{twsgi.master.harakiri} and L{twsgi.master.hanging}: requests that do not end."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from tests.master.fakes import FakeLog, FakeProcess, House, make_plan
from twsgi.control.scoreboard import (
    CORE_BUSY_SINCE,
    CORE_THREAD,
    DRAINING,
    WORKER_OPEN,
    WORKER_STATE,
)
from twsgi.master.child import STACKS
from twsgi.master.hanging import ANSWER
from twsgi.master.harakiri import Harakiri
from twsgi.master.words import Leave
from twsgi.settings.model import Settings

#: Seconds that a request may take here.
LIMIT = 10
SECOND = 1_000_000_000
LOOK = 0.25


class Records(FakeLog):
    """Keeps what was said in one go together."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[str] = []

    def line(self, text: str) -> None:
        self.records.append(text)
        super().line(text)


class HarakiriCase(SynchronousTestCase):
    """One worker of three cores and one frontend; nobody looks but the test."""

    settings = Settings(harakiri=LIMIT)

    def setUp(self) -> None:
        self.house = House(make_plan(workers=1, threads=3))
        self.addCleanup(self.house.tear_down)
        self.house.start()
        board = self.house.master.scoreboard
        assert board is not None
        self.board = board
        self.worker = self.house.worker()
        self.frontend = self.house.frontend()
        self.now = 1000 * SECOND
        self.log = Records()
        crew = self.house.master._crew
        self.harakiri = Harakiri(
            self.house.clock,
            self.log,
            crew.roster,
            board,
            crew.replace_at_once,
            lambda: self.now,
        )
        self.harakiri.follow(self.settings)
        self.addCleanup(self.harakiri.stop)

    def begin(self, core: int, ran: float, line: str = "GET /x") -> int:
        """A core of the worker is in a request, since so many seconds."""
        since = self.now - int(ran * SECOND)
        place = self.worker.launch.place
        text = self.board.core_text(place, core)
        text[:] = f"127.0.0.1 - {line}".encode().ljust(len(text), b"\0")
        self.board.core(place, core)[CORE_BUSY_SINCE] = since
        self.board.core(place, core)[CORE_THREAD] = 0xA0 + core
        return since

    def finish(self, core: int) -> None:
        """It has finished that."""
        self.board.core(self.worker.launch.place, core)[CORE_BUSY_SINCE] = 0

    def looks(self, count: int = 1) -> None:
        """So many times it is looked, four times a second."""
        for _ in range(count):
            self.house.clock.advance(LOOK)
            self.now += int(LOOK * SECOND)
            self.harakiri.look()

    def wait(self, seconds: float) -> None:
        """Time passes, and nobody looks."""
        self.house.clock.advance(seconds)
        self.now += int(seconds * SECOND)

    def answer(self, stacks: str = "uWSGI core 0: in hanging") -> None:
        """The worker tells where it is."""
        self.worker.control.descriptions[-1].callback(stacks)

    def hear(self) -> None:
        """The frontend has answered the requests that hang."""
        self.frontend.control.heard[-1].callback({})

    def left(self, count: int) -> None:
        """The worker drains, and has so many links or connections left."""
        record = self.board.worker(self.worker.launch.place)
        record[WORKER_OPEN] = count
        record[WORKER_STATE] = DRAINING

    def write(self, words: str) -> None:
        """The worker writes to its last words."""
        os.write(self.words(), words.encode())

    def words(self) -> int:
        found = self.worker.protocol.last_words
        assert found is not None
        return int(found.descriptor)

    @property
    def signals(self) -> list[int]:
        """What the worker was sent."""
        return self.worker.signals


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


class SentenceTests(HarakiriCase):
    """A worker that answers, and in which something hangs."""

    def sentence(self, hear: bool = True) -> None:
        """Core 0 hangs."""
        self.begin(0, LIMIT)
        self.looks()
        self.answer()
        if hear:
            self.hear()

    def test_done(self) -> None:
        """Frontends answer for it, it gets no more, and another is started at once."""
        self.sentence()
        self.assertEqual(self.frontend.control.condemned, [(self.worker.launch.place, LIMIT)])
        self.assertEqual(self.worker.control.drains, [False])
        self.assertEqual(self.house.spawner.names(), ["worker 1", "http 1", "worker 1"])
        self.assertEqual(self.signals, [])

    def test_siblings(self) -> None:
        """It is killed when its siblings are done, and not before."""
        self.begin(1, 3)
        self.sentence()
        self.left(2)
        self.looks(20)
        self.assertEqual(self.signals, [])
        self.finish(1)
        self.left(1)
        self.looks()
        self.assertEqual(self.signals, [signal.SIGKILL])

    def test_half_a_request(self) -> None:
        """What is on its way to a core is a sibling, too: a link or connection more."""
        self.sentence()
        self.left(2)
        self.looks(5)
        self.assertEqual(self.signals, [])
        self.left(1)
        self.looks()
        self.assertEqual(self.signals, [signal.SIGKILL])

    def test_has_not_heard(self) -> None:
        """A worker that has not begun to drain may have been sent something."""
        self.sentence()
        self.looks(5)
        self.assertEqual(self.signals, [])

    def test_grace(self) -> None:
        """Siblings that take too long have as many seconds as C{harakiri}, and no more."""
        self.begin(1, 0)
        self.sentence()
        self.left(2)
        self.looks(int(LIMIT / LOOK) - 1)
        self.assertEqual(self.signals, [])
        self.looks()
        self.assertEqual(self.signals, [signal.SIGKILL])

    def test_no_more_grace(self) -> None:
        """One that hangs, too, gives the others no more time than they had."""
        self.begin(1, LIMIT - 2)
        self.begin(2, 0)
        self.sentence()
        self.left(3)
        self.looks(8)
        self.answer()
        self.hear()
        self.looks(int(LIMIT / LOOK) - 9)
        self.assertEqual(self.signals, [])
        self.looks()
        self.assertEqual(self.signals, [signal.SIGKILL])

    def test_graceful_timeout(self) -> None:
        """Or what C{harakiri-graceful-timeout} says."""
        self.harakiri.follow(Settings(harakiri=LIMIT, harakiri_graceful_timeout=3))
        self.begin(1, 1)
        self.sentence()
        self.looks(11)
        self.assertEqual(self.signals, [])
        self.looks()
        self.assertEqual(self.signals, [signal.SIGKILL])

    def test_next_to_hang(self) -> None:
        """A sibling that hangs, too, is another record, and the frontends are told again."""
        self.begin(1, LIMIT - 2)
        self.sentence()
        self.left(2)
        self.looks(8)
        self.assertEqual(len(self.worker.control.asked), 2)
        self.answer("uWSGI core 1: in hanging, too")
        self.assertIn("try: 2, graceful: yes", self.log.records[1])
        self.assertIn("triggered by worker 1 core 1 !!!", self.log.records[1])
        self.assertEqual(len(self.frontend.control.condemned), 2)
        # Not before the frontends have answered for that one as well.
        self.looks()
        self.assertEqual(self.signals, [])
        self.hear()
        self.assertEqual(self.signals, [signal.SIGKILL])
        self.assertEqual(len(self.house.spawner.processes), 3)

    def test_not_before_they_have_heard(self) -> None:
        """A request whose link is lost is sent again: so nobody is killed before its answer."""
        self.sentence(hear=False)
        self.left(1)
        self.wait(ANSWER / 2)
        self.harakiri.look()
        self.assertEqual(self.signals, [])
        self.hear()
        self.assertEqual(self.signals, [signal.SIGKILL])

    def test_frontend_that_does_not_hear(self) -> None:
        """But nobody waits for a frontend for ever, nor for one that is gone."""
        self.sentence(hear=False)
        self.left(1)
        self.wait(ANSWER)
        self.assertEqual(self.signals, [signal.SIGKILL])

    def test_frontend_that_is_gone(self) -> None:
        """A frontend that is gone has nothing to hear."""
        self.sentence(hear=False)
        self.left(1)
        self.frontend.control.heard[-1].errback(Failure(ConnectionDone()))
        self.assertEqual(self.signals, [signal.SIGKILL])

    def test_ends_after_all(self) -> None:
        """Where it ends after all, the worker leaves by itself, with all that it had."""
        self.sentence()
        self.left(1)
        self.finish(0)
        self.looks(2)
        self.left(0)
        self.looks(2)
        self.assertEqual(self.signals, [])
        self.worker.exit()
        self.assertTrue(self.house.log.said("worker 1 killed successfully (pid: 101)"))
        self.looks()
        self.harakiri.follow(Settings())
        self.assertFalse(self.harakiri.wanted)

    def test_death(self) -> None:
        """Its death is told in uWSGI's words, and nobody comes after it: another serves already."""
        self.sentence()
        self.left(1)
        self.looks()
        self.worker.exit(signal=signal.SIGKILL)
        self.assertTrue(
            self.house.log.said(
                "DAMN ! worker 1 (pid: 101) died, killed by signal 9 :( trying respawn ..."
            )
        )
        self.looks(200)
        self.assertEqual(len(self.house.spawner.processes), 3)

    def test_leaves_already(self) -> None:
        """One that leaves already is not replaced for that; it is killed as any other."""
        self.worker.protocol.leave(Leave.RELOAD)
        self.sentence()
        self.left(1)
        self.looks()
        self.assertEqual(len(self.house.spawner.processes), 2)
        self.assertEqual(self.signals, [signal.SIGKILL])


class HeldTests(HarakiriCase):
    """A worker that does not answer: something holds its interpreter's lock."""

    DUMP = (
        "Thread 0x00000000000000a1 (most recent call first):\n  File a.py in sibling\n\n"
        "Thread 0x00000000000000a0 (most recent call first):\n  File a.py in holds\n\n"
        "Current thread 0x00000000000000ff (most recent call first):\n  File a.py in main\n"
    )

    def held(self) -> None:
        """Core 0 holds it; core 1 wants it."""
        self.begin(0, LIMIT)
        self.begin(1, 3)
        self.write("what it wrote before")
        self.looks()
        self.wait(ANSWER)

    def test_stacks(self) -> None:
        """A signal has it write its stacks; of them the log tells that of the request."""
        self.held()
        self.assertEqual((self.signals, self.log.records), ([signal.SIGUSR2], []))
        self.write(self.DUMP)
        self.wait(STACKS)
        (record,) = self.log.records
        self.assertIn("try: 1, graceful: no", record)
        self.assertIn("HARAKIRI worker 1 does not answer: ", record)
        self.assertIn("  File a.py in holds", record)
        for words in ("in sibling", "in main", "what it wrote before"):
            self.assertNotIn(words, record)

    def test_verbose(self) -> None:
        """Or all of them, with C{harakiri-verbose}."""
        self.harakiri.follow(Settings(harakiri=LIMIT, harakiri_verbose=True))
        self.held()
        self.write(self.DUMP)
        self.wait(STACKS)
        for words in ("in sibling", "in main", "in holds"):
            self.assertIn(words, self.log.records[0])

    def test_killed_at_once(self) -> None:
        """Nothing in it goes on: it is killed as soon as the frontends have heard."""
        self.held()
        self.wait(STACKS)
        self.assertEqual(self.signals, [signal.SIGUSR2])
        self.hear()
        self.assertEqual(self.signals, [signal.SIGUSR2, signal.SIGKILL])
        self.assertEqual(self.house.spawner.names(), ["worker 1", "http 1", "worker 1"])

    def test_no_stack(self) -> None:
        """One that is stopped writes nothing, which the log tells."""
        self.held()
        self.wait(STACKS)
        self.assertIn("HARAKIRI no stack: the process does nothing any more", self.log.records[0])

    def test_answers_late(self) -> None:
        """One that answers after all is not held: its siblings have their time."""
        self.held()
        self.answer("uWSGI core 0: in slow")
        self.wait(STACKS)
        (record,) = self.log.records
        self.assertIn("graceful: yes", record)
        self.assertIn("in slow", record)
        self.hear()
        self.looks()
        self.assertEqual(self.signals, [signal.SIGUSR2])

    def test_deaf(self) -> None:
        """One that has closed its control stream is not waited for."""
        self.begin(0, LIMIT)
        self.worker.protocol.control_lost()
        self.looks()
        self.worker.control.descriptions[-1].errback(Failure(ConnectionDone()))
        self.assertEqual(self.signals, [signal.SIGUSR2])

    def test_last_words(self) -> None:
        """What was told is not told again with its death."""
        self.held()
        self.write(self.DUMP)
        self.wait(STACKS)
        self.hear()
        self.worker.exit(signal=signal.SIGKILL)
        self.assertFalse(self.house.log.said("last words"))


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
