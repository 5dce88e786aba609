"""L{twsgi.control.scoreboard}: every word has one place, and one owner."""

from __future__ import annotations

import os

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from twsgi.control.scoreboard import (
    CORE_BUSY_SINCE,
    CORE_REQUESTS,
    FRONTEND_ACTIVE,
    FRONTEND_OLDEST,
    FRONTEND_PID,
    FRONTEND_QUEUED,
    FRONTEND_REQUESTS,
    FRONTEND_STATE,
    READY,
    RECORD,
    WORKER_PID,
    WORKER_STATE,
    WORKER_WAITING,
    Scoreboard,
)


class ScoreboardTests(SynchronousTestCase):
    """Records and sums."""

    def setUp(self) -> None:
        self.board = Scoreboard.create(3, 2, 2)

    def records(self, board: Scoreboard) -> list[memoryview]:
        """All records there are."""
        workers = range(1, board.workers + 1)
        return [
            *(board.worker(worker) for worker in workers),
            *(board.core(worker, core) for worker in workers for core in range(board.threads)),
            *(board.frontend(frontend) for frontend in range(1, board.frontends + 1)),
        ]

    def test_zeros(self) -> None:
        """A new one is all zeros."""
        self.assertEqual(set(self.board.words), {0})

    @given(st.integers(0, 4), st.integers(1, 4), st.integers(0, 3))
    def test_no_overlap(self, workers: int, threads: int, frontends: int) -> None:
        """No two records share a word, and together they are the whole memory."""
        board = Scoreboard.create(workers, threads, frontends)
        records = self.records(board)
        for number, record in enumerate(records, 1):
            for word in range(RECORD):
                record[word] = number
        for number, record in enumerate(records, 1):
            self.assertEqual(list(record), [number] * RECORD)
        if records:
            self.assertEqual(len(board.words), len(records) * RECORD)

    def test_shared(self) -> None:
        """Another process that maps the same memory sees the same words, and larger ones whole."""
        other = Scoreboard(os.dup(self.board.descriptor), 3, 2, 2)
        other.core(3, 1)[CORE_BUSY_SINCE] = 2**64 - 1
        self.assertEqual(self.board.core(3, 1)[CORE_BUSY_SINCE], 2**64 - 1)

    def test_kept(self) -> None:
        """Mapping it does not clear it."""
        self.board.worker(1)[WORKER_PID] = 7
        again = Scoreboard(os.dup(self.board.descriptor), 3, 2, 2)
        self.assertEqual(again.worker(1)[WORKER_PID], 7)

    def test_sums(self) -> None:
        """Requests are summed over all, and over one worker; busy cores are counted."""
        number = 1
        for worker in (1, 2, 3):
            for core in (0, 1):
                self.board.core(worker, core)[CORE_REQUESTS] = number
                number *= 10
        self.assertEqual(self.board.worker_requests(1), 11)
        self.assertEqual(self.board.worker_requests(3), 110000)
        self.board.frontend(1)[FRONTEND_REQUESTS] = 1000000
        self.board.frontend(2)[FRONTEND_REQUESTS] = 1000000
        self.assertEqual(self.board.total_requests(), 2111111)
        self.board.core(2, 1)[CORE_BUSY_SINCE] = 5
        self.assertEqual([self.board.busy_cores(worker) for worker in (1, 2, 3)], [0, 1, 0])

    def test_no_frontends(self) -> None:
        """Without frontends the sums are the cores' alone."""
        board = Scoreboard.create(1, 1, 0)
        board.core(1, 0)[CORE_REQUESTS] = 3
        self.assertEqual(board.total_requests(), 3)

    def test_clear_worker(self) -> None:
        """A dead worker is absent and idle; what it has served stays counted, others untouched."""
        for worker in (1, 2):
            for word in (WORKER_PID, WORKER_STATE, WORKER_WAITING):
                self.board.worker(worker)[word] = READY
            for core in (0, 1):
                self.board.core(worker, core)[CORE_BUSY_SINCE] = 9
                self.board.core(worker, core)[CORE_REQUESTS] = 4
        self.board.clear_worker(1)
        self.assertEqual(set(self.board.worker(1)), {0})
        self.assertEqual((self.board.busy_cores(1), self.board.busy_cores(2)), (0, 2))
        self.assertEqual(self.board.total_requests(), 16)
        self.assertEqual(self.board.worker(2)[WORKER_STATE], READY)

    def test_clear_frontend(self) -> None:
        """A dead frontend has no queue; what it has served stays counted; others are untouched."""
        words = (FRONTEND_PID, FRONTEND_STATE, FRONTEND_QUEUED, FRONTEND_OLDEST, FRONTEND_ACTIVE)
        for frontend in (1, 2):
            for word in (*words, FRONTEND_REQUESTS):
                self.board.frontend(frontend)[word] = 5
        self.board.clear_frontend(1)
        self.assertEqual([self.board.frontend(1)[word] for word in words], [0] * 5)
        self.assertEqual(self.board.total_requests(), 10)
        self.assertEqual([self.board.frontend(2)[word] for word in words], [5] * 5)
