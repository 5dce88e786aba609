"""L{twsgi.control.scoreboard}: every word has one place, and one owner."""

from __future__ import annotations

import os

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from twsgi.control.scoreboard import (
    CORE_ARRIVED,
    CORE_BUSY_SINCE,
    CORE_REQUESTS,
    CORE_TEXT,
    FRONTEND_ACTIVE,
    FRONTEND_OLDEST,
    FRONTEND_PID,
    FRONTEND_QUEUED,
    FRONTEND_REQUESTS,
    FRONTEND_STATE,
    READY,
    RECORD,
    WORKER_INDEX,
    WORKER_LINKED,
    WORKER_PID,
    WORKER_STATE,
    WORKER_STATIC,
    WORKER_WAITING,
    Scoreboard,
)


class ScoreboardTests(SynchronousTestCase):
    """Records and sums."""

    def setUp(self) -> None:
        self.board = Scoreboard.create(5, 4, 3)
        for place in (1, 2, 3):
            self.board.give_worker(place, place, 2)
        for place in (1, 2):
            self.board.give_frontend(place)

    def records(self, board: Scoreboard) -> list[memoryview]:
        """All records there are."""
        places = range(1, board.places + 1)
        return [
            board.board,
            *(board.worker(place) for place in places),
            *(board.core(place, core) for place in places for core in range(board.cores)),
            *(board.frontend(place) for place in range(1, board.frontends + 1)),
        ]

    def test_zeros(self) -> None:
        """A new one is all zeros: nobody is there."""
        board = Scoreboard.create(3, 2, 2)
        self.assertEqual(set(board.words), {0})
        self.assertEqual(list(board.used_places()), [])
        self.assertEqual(list(board.used_frontends()), [])
        self.assertEqual((board.total_requests(), board.busy_cores(1), board.shared), (0, 0, False))

    @given(st.integers(0, 4), st.integers(1, 4), st.integers(0, 3))
    def test_no_overlap(self, places: int, cores: int, frontends: int) -> None:
        """No two records share a word, no two texts a byte; together they are the whole memory."""
        board = Scoreboard.create(places, cores, frontends)
        records = self.records(board)
        texts = [
            board.core_text(place, core) for place in range(1, places + 1) for core in range(cores)
        ]
        for number, text in enumerate(texts):
            text[:] = bytes([number]) * CORE_TEXT
        for number, record in enumerate(records, 1):
            for word in range(RECORD):
                record[word] = number
        for number, record in enumerate(records, 1):
            self.assertEqual(list(record), [number] * RECORD)
        for number, text in enumerate(texts):
            self.assertEqual(bytes(text), bytes([number]) * CORE_TEXT)
        self.assertEqual(len(board.words), len(records) * RECORD)
        size = os.fstat(board.descriptor).st_size
        self.assertEqual(size, len(records) * RECORD * 8 + len(texts) * CORE_TEXT)

    def test_sparse(self) -> None:
        """Places that nobody has used cost no memory, whatever is summed."""
        board = Scoreboard.create(256, 256, 64)
        for place in (1, 2):
            board.give_worker(place, place, 8)
            board.core(place, 7)[CORE_REQUESTS] = 1
        board.give_frontend(1)
        for _ in board.used_places():
            board.total_requests()
            board.worker_requests(2)
            board.busy_cores(2)
        board.clear_worker(1)
        self.assertLess(os.fstat(board.descriptor).st_blocks * 512, 128 * 1024)
        self.assertGreater(os.fstat(board.descriptor).st_size, 8 * 1024 * 1024)

    def test_shared(self) -> None:
        """Another process that maps the same memory sees the same words, and larger ones whole."""
        other = Scoreboard(os.dup(self.board.descriptor), 5, 4, 3)
        other.core(3, 1)[CORE_BUSY_SINCE] = 2**64 - 1
        self.assertEqual(self.board.core(3, 1)[CORE_BUSY_SINCE], 2**64 - 1)
        self.assertEqual(self.board.busy_cores(3), 1)

    def test_kept(self) -> None:
        """Mapping it does not clear it."""
        self.board.worker(1)[WORKER_PID] = 7
        again = Scoreboard(os.dup(self.board.descriptor), 5, 4, 3)
        self.assertEqual(again.worker(1)[WORKER_PID], 7)

    def test_sums(self) -> None:
        """Requests are summed over all, and over one worker; busy cores are counted."""
        number = 1
        for place in (1, 2, 3):
            for core in (0, 1):
                self.board.core(place, core)[CORE_REQUESTS] = number
                number *= 10
        self.assertEqual(self.board.worker_requests(1), 11)
        self.assertEqual(self.board.worker_requests(3), 110000)
        self.board.frontend(1)[FRONTEND_REQUESTS] = 1000000
        self.board.frontend(2)[FRONTEND_REQUESTS] = 1000000
        self.board.worker(2)[WORKER_STATIC] = 10000000
        self.assertEqual(self.board.total_requests(), 12111111)
        self.board.core(2, 1)[CORE_BUSY_SINCE] = 5
        self.assertEqual([self.board.busy_cores(place) for place in (1, 2, 3)], [0, 1, 0])

    def test_no_frontends(self) -> None:
        """Without frontends the sums are the cores' alone."""
        board = Scoreboard.create(1, 1, 0)
        board.give_worker(1, 1, 1)
        board.core(1, 0)[CORE_REQUESTS] = 3
        self.assertEqual(board.total_requests(), 3)

    def test_given_away(self) -> None:
        """Who comes later is seen by all at once, in its own process and in others."""
        other = Scoreboard(os.dup(self.board.descriptor), 5, 4, 3)
        self.assertEqual(other.total_requests(), 0)
        self.board.give_worker(5, 1, 4)
        self.board.core(5, 3)[CORE_REQUESTS] = 2
        self.board.core(5, 3)[CORE_BUSY_SINCE] = 1
        for board in (self.board, other):
            self.assertEqual(list(board.used_places()), [1, 2, 3, 4, 5])
            self.assertEqual(board.worker_cores(5), 4)
            self.assertEqual(board.worker(5)[WORKER_INDEX], 1)
            self.assertEqual((board.total_requests(), board.busy_cores(5)), (2, 1))
            self.assertEqual(board.worker_cores(4), 0)

    def test_fewer_cores(self) -> None:
        """What cores have served counts on, where the next worker has fewer of them."""
        self.board.give_worker(1, 1, 4)
        self.board.core(1, 3)[CORE_REQUESTS] = 9
        self.board.clear_worker(1)
        self.board.give_worker(1, 2, 1)
        self.board.core(1, 3)[CORE_BUSY_SINCE] = 1
        self.assertEqual((self.board.worker_requests(1), self.board.total_requests()), (9, 9))
        self.assertEqual((self.board.worker_cores(1), self.board.busy_cores(1)), (1, 0))

    def test_share(self) -> None:
        """The workers are shared where there are several frontends."""
        for frontends, shared in ((0, False), (1, False), (2, True), (1, False)):
            self.board.share(frontends)
            self.assertEqual(self.board.shared, shared)

    def test_clear_worker(self) -> None:
        """A dead worker is absent and idle; what it has served stays counted, others untouched."""
        for place in (1, 2):
            self.board.link_worker(place)
            for word in (WORKER_PID, WORKER_STATE, WORKER_WAITING):
                self.board.worker(place)[word] = READY
            for core in (0, 1):
                self.board.core(place, core)[CORE_BUSY_SINCE] = 9
                self.board.core(place, core)[CORE_ARRIVED] = 7
                self.board.core(place, core)[CORE_REQUESTS] = 4
        self.board.clear_worker(1)
        for word in (WORKER_PID, WORKER_STATE, WORKER_WAITING, WORKER_INDEX, WORKER_LINKED):
            self.assertEqual(self.board.worker(1)[word], 0)
        self.assertEqual(self.board.core(1, 0)[CORE_BUSY_SINCE], 0)
        self.assertEqual((self.board.busy_cores(1), self.board.busy_cores(2)), (0, 2))
        self.assertEqual(self.board.total_requests(), 16)
        self.assertEqual(self.board.worker(2)[WORKER_STATE], READY)
        self.assertEqual(self.board.worker(2)[WORKER_LINKED], 1)

    def test_clear_frontend(self) -> None:
        """A dead frontend has no queue; what it has served stays counted; others are untouched."""
        words = (FRONTEND_PID, FRONTEND_STATE, FRONTEND_QUEUED, FRONTEND_OLDEST, FRONTEND_ACTIVE)
        for place in (1, 2):
            for word in (*words, FRONTEND_REQUESTS):
                self.board.frontend(place)[word] = 5
        self.board.clear_frontend(1)
        self.assertEqual([self.board.frontend(1)[word] for word in words], [0] * 5)
        self.assertEqual(self.board.total_requests(), 10)
        self.assertEqual([self.board.frontend(2)[word] for word in words], [5] * 5)
