"""Tests of L{twsgi.master.child}."""

from __future__ import annotations

import signal
from itertools import product

from twisted.internet.error import ProcessExitedAlready
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.master.fakes import FakeControl, FakeLog, FakeProcess
from twsgi.control.launch import FRONTEND, WORKER
from twsgi.master.child import GROUP_SIGNAL, TRANSITIONS, Child, Event, State, transitions_table
from twsgi.master.words import Leave


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
        child = Child(kind, 1, clock=self.clock, log=self.log, mercy=60, events=self.heard)
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
