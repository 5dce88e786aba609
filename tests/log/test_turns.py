"""L{twsgi.log.turns}: one writer at a time."""

from __future__ import annotations

import os
import threading

from twisted.trial.unittest import SynchronousTestCase

from twsgi.log.sink import LogSink
from twsgi.log.turns import Turn, turn_at

SOON = 20.0


class TurnTests(SynchronousTestCase):
    """L{Turn}."""

    def setUp(self) -> None:
        """A pipe."""
        self.reading, self.writing = os.pipe()
        for end in (self.reading, self.writing):
            self.addCleanup(os.close, end)

    def test_same(self) -> None:
        """Descriptors of one pipe share their turns; those of another do not."""
        copy = os.dup(self.writing)
        self.addCleanup(os.close, copy)
        self.assertIs(turn_at(copy), turn_at(self.writing))
        other = os.pipe()
        for end in other:
            self.addCleanup(os.close, end)
        self.assertIsNot(turn_at(other[1]), turn_at(self.writing))
        self.assertRaises(OSError, turn_at, -1)

    def test_one_at_a_time(self) -> None:
        """While a thread has the turn, nobody else gets it; then the next does."""
        turn = turn_at(self.writing)
        self.assertTrue(turn.take(self.writing))
        self.assertFalse(turn.take(self.writing, 0))
        taken: list[bool] = []
        thread = threading.Thread(target=lambda: taken.append(turn.take(self.writing, SOON)))
        thread.start()
        turn.give(self.writing)
        thread.join(SOON)
        self.assertEqual(taken, [True])
        turn.give(self.writing)

    def test_mine(self) -> None:
        """Who has the turn can tell; nobody else is taken for it."""
        turn = turn_at(self.writing)
        self.assertFalse(turn.mine)
        turn.take(self.writing)
        self.assertTrue(turn.mine)
        others: list[bool] = []
        thread = threading.Thread(target=lambda: others.append(turn.mine))
        thread.start()
        thread.join(SOON)
        self.assertEqual(others, [False])
        turn.give(self.writing)
        self.assertFalse(turn.mine)

    def test_other_process(self) -> None:
        """A process has the turn until it gives it back, or dies."""
        turn = Turn()
        ready, leave = os.pipe(), os.pipe()
        child = os.fork()
        if not child:
            try:
                os.close(leave[1])
                turn.take(self.writing)
                os.write(ready[1], b"!")
                os.read(leave[0], 1)
            finally:
                os._exit(0)
        os.read(ready[0], 1)
        self.assertFalse(turn.take(self.writing, 0))
        self.assertFalse(turn.take(self.writing, 0.01))
        for end in leave:
            os.close(end)
        self.assertTrue(turn.take(self.writing))
        turn.give(self.writing)
        os.waitpid(child, 0)
        for end in ready:
            os.close(end)

    def test_forked(self) -> None:
        """A forked process does not wait for a thread that is not there."""
        turn = turn_at(self.writing)
        turn.take(self.writing)
        child = os.fork()
        if not child:
            # The lock of threads is free; that between processes is its parent's.
            os._exit(int(not turn._lock.acquire(timeout=0)))
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 0)
        turn.give(self.writing)

    def test_no_lock_there(self) -> None:
        """Where the system has no such lock, nobody waits for it."""
        none = os.dup(self.writing)
        os.close(none)
        turn = Turn()
        for patience in (None, 0):
            self.assertTrue(turn.take(none, patience))
            turn.give(none)

    def test_log_never_waits_for_ever(self) -> None:
        """The server's lines are dropped, and that is said, where somebody keeps the turn."""
        sink = LogSink(self.writing)
        turn = turn_at(self.writing)
        turn.take(self.writing)
        sink.lost = 1  # it has been patient already
        sink.line("dropped")
        turn.give(self.writing)
        sink.line("there")
        said = os.read(self.reading, 1000)
        self.assertEqual(said, b"*** the log was not read: 9 bytes of it are lost ***\nthere\n")
