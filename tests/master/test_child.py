"""Tests of L{twsgi.master.child}."""

from __future__ import annotations

import os
import signal
from itertools import product

from twisted.internet.error import ProcessExitedAlready
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.master.fakes import FakeControl, FakeLog, FakeProcess, House, make_plan
from twsgi.control.launch import FRONTEND, WORKER
from twsgi.master.child import (
    GROUP_SIGNAL,
    STACKS,
    TRANSITIONS,
    Child,
    Event,
    State,
    transitions_table,
)
from twsgi.master.lastwords import LONGEST, LastWords
from twsgi.master.words import Leave

#: Seconds in which the children here have to be ready.
READY_WITHIN = 40


class Heard:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def child_ready(self, child: Child) -> None:
        self.events.append("ready")

    def child_unfit(self, child: Child) -> None:
        self.events.append(f"unfit: {child.unfit}")

    def child_asks_replacement(self, child: Child) -> None:
        self.events.append("replace")

    def child_lost_link(self, child: Child, worker: int) -> None:
        self.events.append(f"lost a link to {worker}")

    def child_exited(self, child: Child) -> None:
        self.events.append("exited")


class ChildTestCase(SynchronousTestCase):
    """A child, its process, and who hears of it."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.log = FakeLog()
        self.heard = Heard()
        self.control = FakeControl()

    def make(self, state: State, kind: str = WORKER) -> tuple[Child, FakeProcess]:
        """A child in C{state}, by the shortest way."""
        child = Child(
            kind,
            1,
            clock=self.clock,
            log=self.log,
            mercy=60,
            events=self.heard,
            ready_within=READY_WITHIN,
        )
        child.control = self.control
        process = FakeProcess(7, None, child, {}, self.control)  # type: ignore[arg-type]
        if state is not State.NEW:
            child.makeConnection(process)  # type: ignore[arg-type]
        if state in (State.READY, State.DRAINING):
            child.said_ready(0.1)
        if state is State.DRAINING:
            child.leave(Leave.REPLACE)
        if state is State.DEAF:
            child.control_lost()
        if state is State.STUCK:
            self.clock.advance(READY_WITHIN)
        if state is State.DYING:
            child.kill()
        if state is State.EXITED:
            process.exit()
        self.assertIs(child.state, state)
        self.heard.events.clear()
        return child, process


class TransitionsTests(ChildTestCase):
    """The table, walked."""

    def test_every_pair(self) -> None:
        """In every state every event leads to where the table says, or nowhere."""
        happen = {
            Event.READY: lambda child, process: child.said_ready(0.1),
            Event.LEAVE: lambda child, process: child.leave(Leave.STOP),
            Event.NOT_READY: lambda child, process: child._not_ready(),
            Event.SILENT: lambda child, process: child.silent(60),
            Event.TOLD: lambda child, process: child._happened(Event.TOLD),
            Event.LOST: lambda child, process: child.control_lost(),
            Event.MERCY_OVER: lambda child, process: child.mercy_over(),
            Event.KILL: lambda child, process: child.kill(),
            Event.EXITED: lambda child, process: process.exit(),
        }
        for state, event in product(State, happen):
            child, process = self.make(state)
            happen[event](child, process)
            expected = TRANSITIONS.get((state, event), (state, ""))[0]
            self.assertIs(child.state, expected, (state, event))

    def test_everybody_can_end(self) -> None:
        """From every state with a process its end leads to the grave, whatever came before."""
        for state in set(State) - {State.EXITED}:
            self.assertIs(TRANSITIONS[state, Event.EXITED][0], State.EXITED)
        self.assertFalse([pair for pair in TRANSITIONS if pair[0] is State.EXITED])

    def test_actions_exist(self) -> None:
        """What the table wants done, a child can do."""
        for _, action in TRANSITIONS.values():
            self.assertTrue(not action or hasattr(Child, f"_{action}"), action)

    def test_drawing(self) -> None:
        """The table for the documentation has a row for each state, a cell for each event."""
        rows = transitions_table().splitlines()
        self.assertEqual(len(rows), len(State) + 2)
        self.assertEqual({row.count("|") for row in rows}, {len(Event) + 2})
        self.assertIn("| draining: ask to drain |", transitions_table())


class LifeTests(ChildTestCase):
    """What is done on the way."""

    def test_drain_is_asked_for(self) -> None:
        """A ready child is asked to finish; C{final} only where all go."""
        for why, final in [(Leave.STOP, True), (Leave.CHEAP, False), (Leave.REPLACE, False)]:
            self.control.drains.clear()
            child, process = self.make(State.READY)
            child.leave(why)
            self.assertEqual(self.control.drains, [final])
            self.assertEqual(process.signals, [])

    def test_booting_child_is_killed(self) -> None:
        """A child that serves nobody yet, and cannot listen, is not waited for."""
        child, process = self.make(State.BOOTING)
        child.leave(Leave.STOP)
        self.assertEqual(process.signals, [signal.SIGKILL])
        self.assertEqual(self.control.drains, [])

    def test_no_mercy(self) -> None:
        """Who was asked and has not gone when mercy is over is killed, and the log says so."""
        child, process = self.make(State.READY)
        child.leave(Leave.REPLACE)
        self.clock.advance(59.9)
        self.assertEqual(process.signals, [])
        self.clock.advance(0.2)
        self.assertEqual(process.signals, [signal.SIGKILL])
        self.assertTrue(
            self.log.said("worker 1 (pid: 7) is taking too much time to die...NO MERCY !!!")
        )

    def test_deaf_child_is_killed_after_mercy(self) -> None:
        """A child that has closed its control stream has as long as one that was asked to go."""
        _, process = self.make(State.DEAF)
        self.clock.advance(60)
        self.assertEqual(process.signals, [signal.SIGKILL])

    def test_exit_leaves_no_timer(self) -> None:
        """Nothing of a child that is gone is left on the clock, and its stream is closed."""
        child, process = self.make(State.READY)
        child.said_replace()
        child.leave(Leave.REPLACE)
        process.exit()
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertTrue(self.control.closed)
        self.assertEqual(self.heard.events, ["exited"])

    def test_death(self) -> None:
        """Its death tells how, why, and how long after the question."""
        child, process = self.make(State.READY)
        child.leave(Leave.CHEAP)
        self.clock.advance(3)
        process.exit(signal=9)
        assert child.death is not None
        self.assertEqual(
            (child.death.leaving, child.death.signal, child.death.code, child.death.leave_took),
            (Leave.CHEAP, 9, None, 3),
        )

    def test_stop_is_the_last_word(self) -> None:
        """When all go, a child that was to be replaced is not; nor can it be after that."""
        child, _ = self.make(State.READY)
        for why, expected in [
            (Leave.REPLACE, Leave.REPLACE),
            (Leave.STOP, Leave.STOP),
            (Leave.CHEAP, Leave.STOP),
        ]:
            child.leave(why)
            self.assertIs(child.leaving, expected)

    def test_lived(self) -> None:
        """Its life counts from when it was ready; booting is no life."""
        child, _ = self.make(State.BOOTING)
        self.clock.advance(30)
        self.assertEqual(child.lived, 0)
        child.said_ready(30)
        self.clock.advance(5)
        self.assertEqual(child.lived, 5)

    def test_replacement_waits_for_the_group(self) -> None:
        """A SIGTERM that the whole group got is followed by the end of all: no replacement."""
        child, _ = self.make(State.READY)
        child.said_replace()
        self.assertEqual(self.heard.events, [])
        child.leave(Leave.STOP)
        self.clock.advance(GROUP_SIGNAL)
        self.assertEqual(self.heard.events, [])

    def test_replacement(self) -> None:
        """A child that alone was asked to leave gets its replacement."""
        child, _ = self.make(State.READY)
        child.said_replace()
        child.said_replace()
        self.clock.advance(GROUP_SIGNAL)
        self.assertEqual(self.heard.events, ["replace"])

    def test_unfit_is_heard_once(self) -> None:
        """The reason why an application cannot be loaded is told once."""
        child, _ = self.make(State.BOOTING)
        child.said_unfit("no module")
        child.said_unfit("again")
        self.assertEqual(self.heard.events, ["unfit: no module"])

    def test_linkable(self) -> None:
        """A frontend that drains takes links for its queue; a worker that drains takes none."""
        found = {
            (kind, state)
            for kind in (WORKER, FRONTEND)
            for state in State
            if self.make(state, kind)[0].linkable
        }
        ready = {(WORKER, State.READY), (FRONTEND, State.READY)}
        self.assertEqual(found, {*ready, (FRONTEND, State.DRAINING)})

    def test_killing_the_dead(self) -> None:
        """A process that is gone, but not yet reaped, can be killed without harm."""
        child, process = self.make(State.READY)

        def gone(number: int) -> None:
            raise ProcessExitedAlready()

        process.signalProcess = gone  # type: ignore[method-assign]
        child.kill()
        self.assertIs(child.state, State.DYING)


class StuckTests(ChildTestCase):
    """Who gives no sign in time."""

    def test_not_ready(self) -> None:
        """It is asked for its stacks, then killed; the log and its death name the option."""
        child, process = self.make(State.BOOTING)
        self.clock.advance(READY_WITHIN - 0.1)
        self.assertEqual(process.signals, [])
        self.clock.advance(0.1)
        self.assertEqual(process.signals, [signal.SIGUSR2])
        (line,) = self.log.lines
        self.assertIn(
            "worker 1 (pid: 7) is not ready after 40 seconds (worker-ready-timeout): it is killed",
            line,
        )
        self.clock.advance(STACKS)
        self.assertEqual(process.signals, [signal.SIGUSR2, signal.SIGKILL])
        process.exit(signal=signal.SIGKILL)
        assert child.death is not None
        self.assertIn("worker-ready-timeout", child.death.fault)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_ready_in_time(self) -> None:
        """Who was ready in time has all the time there is."""
        child, process = self.make(State.READY)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.clock.advance(100 * READY_WITHIN)
        self.assertEqual((process.signals, child.fault), ([], ""))

    def test_any_time(self) -> None:
        """With C{worker-ready-timeout = 0} nobody waits."""
        child = Child(WORKER, 1, clock=self.clock, log=self.log, mercy=60, events=self.heard)
        child.makeConnection(FakeProcess(7, None, child, {}, self.control))  # type: ignore[arg-type]
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_silent(self) -> None:
        """One that serves and answers no more is asked for its stacks, then killed."""
        child, process = self.make(State.READY)
        child.silent(60)
        self.assertFalse(child.linkable)
        self.clock.advance(STACKS)
        self.assertEqual(process.signals, [signal.SIGUSR2, signal.SIGKILL])
        self.assertTrue(self.log.said("has not answered the master for 60 seconds: it is killed"))

    def test_silent_and_leaving(self) -> None:
        """One that leaves has worker-reload-mercy, whether it answers or not."""
        child, process = self.make(State.DRAINING)
        child.silent(60)
        self.assertEqual((child.fault, process.signals, self.log.lines), ("", [], []))

    def test_end_of_all(self) -> None:
        """When all end at once, nobody waits for stacks."""
        child, process = self.make(State.STUCK)
        child.kill()
        self.assertEqual(process.signals, [signal.SIGUSR2, signal.SIGKILL])
        self.clock.advance(STACKS)
        self.assertEqual(len(process.signals), 2)


class LastWordsTests(ChildTestCase):
    """What it wrote as it crashed."""

    def test_death(self) -> None:
        """They are told with its death, and the file is closed."""
        child, process = self.make(State.READY)
        child.last_words = words = LastWords()
        os.write(words.descriptor, b"Fatal Python error: Aborted\n\n  File x\n")
        process.exit(signal=6)
        assert child.death is not None
        self.assertEqual(child.death.last_words, "Fatal Python error: Aborted\n\n  File x")
        self.assertRaises(OSError, os.fstat, words.descriptor)

    def test_once(self) -> None:
        """What was taken is not there again; what is written then stands alone."""
        words = LastWords()
        self.addCleanup(words.close)
        for text in ("first, and long", "second"):
            os.write(words.descriptor, text.encode())
            self.assertEqual(words.take(), text)
        self.assertEqual(words.take(), "")

    def test_bytes(self) -> None:
        """Whatever is there can be told, and no more than so much of it."""
        words = LastWords()
        self.addCleanup(words.close)
        os.write(words.descriptor, b"\xff" + b"x" * 2 * LONGEST)
        self.assertEqual(words.take(), "\\xff" + "x" * (LONGEST - 1))

    def test_asked(self) -> None:
        """What it had written before it is asked for its stacks is no part of them."""
        child, process = self.make(State.READY)
        child.last_words = LastWords()
        self.addCleanup(child.last_words.close)
        os.write(child.last_words.descriptor, b"before")
        child.ask_stacks()
        self.assertEqual(process.signals, [signal.SIGUSR2])
        os.write(child.last_words.descriptor, b"after")
        self.assertEqual(child.take_words(), "after")

    def test_hushed(self) -> None:
        """They are told also of one whose death is not: the reload that it spoils has its line."""
        house = House(make_plan(workers=1, frontends=0))
        self.addCleanup(house.tear_down)
        house.start()
        house.master.reload()
        successor = house.worker()
        os.write(successor.protocol.last_words.descriptor, b"Fatal Python error: Aborted")
        successor.exit(signal=6)
        self.assertTrue(house.log.said("last words of worker 1 (pid: 102):"))
        self.assertTrue(house.log.said("Fatal Python error: Aborted"))
        self.assertTrue(house.log.said("reload given up: worker 1 (pid: 102)"))
        self.assertFalse(house.log.said("DAMN"))
