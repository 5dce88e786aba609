"""Tests of L{twsgi.master.overdue}: which requests are late, and what is said of them."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from twsgi.control.scoreboard import CORE_ARRIVED, CORE_BUSY_SINCE, CORE_THREAD, Scoreboard
from twsgi.master.overdue import Case, Running, finished, overdue, record, running, stacks_of

SECOND = 1_000_000_000


def request(core: int = 0, since: int = 1, line: str = "127.0.0.1 - GET /x") -> Running:
    """One that has waited a quarter of a second."""
    return Running(core, since, since - SECOND // 4, line, 7)


class RuleTests(SynchronousTestCase):
    """Pure."""

    def test_running(self) -> None:
        """What the scoreboard says of the cores that have a request, and of no other."""
        board = Scoreboard.create(2, 4, 1)
        board.give_worker(2, 1, 3)
        for core, since in ((0, 5), (1, 0), (2, 6), (3, 7)):
            board.core(2, core)[CORE_BUSY_SINCE] = since
            board.core(2, core)[CORE_ARRIVED] = 10 * core
            board.core(2, core)[CORE_THREAD] = 2**63 + core
            text = board.core_text(2, core)
            text[:] = b"GET /\xe4".ljust(len(text), b"\0")
        self.assertEqual(
            running(board, 2),
            [Running(0, 5, 0, "GET /\xe4", 2**63), Running(2, 6, 20, "GET /\xe4", 2**63 + 2)],
        )
        self.assertEqual(running(board, 1), [])

    def test_queued(self) -> None:
        """From its frontend's moment to its core's; not known, or later, is nothing."""
        for arrived, seconds in ((SECOND, 2.0), (0, 0.0), (4 * SECOND, 0.0)):
            self.assertEqual(Running(0, 3 * SECOND, arrived, "", 7).queued, seconds)

    def test_overdue(self) -> None:
        """Those that have run for so many seconds, to the nanosecond."""
        now = 100 * SECOND
        late, just, early = (
            request(since=now - 11 * SECOND),
            request(since=now - 10 * SECOND),
            request(since=now - 10 * SECOND + 1),
        )
        self.assertEqual(overdue([late, just, early], 10, now), [late, just])

    def test_key(self) -> None:
        """A request is its core and its beginning."""
        self.assertNotEqual(request(0, 1).key, request(0, 2).key)
        self.assertNotEqual(request(0, 1).key, request(1, 1).key)


class WordsTests(SynchronousTestCase):
    """What the log gets."""

    def case(self, **how: object) -> Case:
        both = (request(0, SECOND), request(3, 9 * SECOND, ""))
        given = {"stacks": "STACKS", "dumb": False, **how}
        return Case(2, 41, 1, both, both[:1], 11 * SECOND, **given)  # type: ignore[arg-type]

    def test_record(self) -> None:
        """uWSGI's words, with how long each request ran and queued; then the stacks."""
        lines = record(self.case()).split("\n")
        self.assertTrue(
            lines[0].endswith("*** HARAKIRI ON WORKER 2 (pid: 41, try: 1, graceful: yes) ***")
        )
        self.assertEqual(lines[1], "HARAKIRI !!! worker 2 status !!!")
        self.assertRegex(
            lines[2],
            r"^HARAKIRI \[core 0\] 127\.0\.0\.1 - GET /x since \d{10} "
            r"\(queued 0\.250 s, ran 10\.000 s\)$",
        )
        self.assertRegex(lines[3], r"^HARAKIRI \[core 3\] \(not known\) since \d{10} ")
        self.assertEqual(
            lines[4:],
            [
                "HARAKIRI !!! end of worker 2 status !!!",
                "HARAKIRI triggered by worker 2 core 0 !!!",
                "STACKS",
            ],
        )

    def test_dumb(self) -> None:
        """It says so where the worker has not answered, and where there is no stack at all."""
        said = record(self.case(dumb=True, stacks=""))
        self.assertIn("graceful: no", said)
        self.assertIn("HARAKIRI worker 2 does not answer: ", said)
        self.assertTrue(said.endswith("HARAKIRI no stack: the process does nothing any more"))

    def test_finished(self) -> None:
        """One line, whether it is known what it was or not."""
        self.assertEqual(
            finished(1, request(line="")),
            "harakiri: worker 1 core 0 has finished meanwhile: nothing is killed for it",
        )

    def test_stacks_of(self) -> None:
        """The stack of one thread is found, whichever Python has written it; else it is all."""
        dump = (
            "Thread 0x00007f01 (most recent call first):\n  in one\n\n"
            "Thread 0x00007F02 [a name] (most recent call first):\n  in two\n\n"
            "Current thread 0x00007f03 (most recent call first):\n  in three\n"
        )
        for thread, word in ((0x7F01, "one"), (0x7F02, "two"), (0x7F03, "three")):
            found = stacks_of(dump, [thread])
            self.assertIn(f"  in {word}", found)
            self.assertEqual(found.count("  in "), 1)
        self.assertEqual(stacks_of(dump, [0x7F01, 0x7F03]).count("  in "), 2)
        self.assertEqual(stacks_of(dump, [0]), dump)
        self.assertEqual(stacks_of("", [1]), "")
