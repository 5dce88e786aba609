"""Tests of L{twsgi.master.places}."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from twsgi.control.launch import FRONTEND, WORKER
from twsgi.control.scoreboard import CORE_REQUESTS, WORKER_CORES, WORKER_INDEX, Scoreboard
from twsgi.master.places import Places, geometry


class PlacesTests(SynchronousTestCase):
    """Whose record is whose."""

    def setUp(self) -> None:
        self.board = Scoreboard.create(3, 2, 1)
        self.places = Places(self.board)

    def test_lowest(self) -> None:
        """Each gets the lowest place that nobody has; workers and frontends count apart."""
        self.assertEqual([self.places.take(WORKER, 1, 2) for _ in range(2)], [1, 2])
        self.assertEqual(self.places.take(FRONTEND, 1, 0), 1)
        self.places.release(WORKER, 1)
        self.assertEqual([self.places.take(WORKER, 2, 2) for _ in range(2)], [1, 3])

    def test_scoreboard(self) -> None:
        """The scoreboard tells whose a place is, and how many cores that has."""
        self.places.take(WORKER, 7, 2)
        record = self.board.worker(1)
        self.assertEqual((record[WORKER_INDEX], record[WORKER_CORES]), (7, 2))
        self.places.release(WORKER, 1)
        self.assertEqual((record[WORKER_INDEX], record[WORKER_CORES]), (0, 0))

    def test_none_left(self) -> None:
        """When all are taken that is an error of the system's, as far as its caller goes."""
        self.places.take(FRONTEND, 1, 0)
        error = self.assertRaises(OSError, self.places.take, FRONTEND, 2, 0)
        self.assertEqual(error.strerror, "all 1 places are taken")

    def test_never_had_one(self) -> None:
        """Who never had a place gives none back."""
        self.places.release(WORKER, 0)
        self.places.release(WORKER, 1)
        self.assertEqual(list(self.board.used_places()), [])

    def test_served(self) -> None:
        """What a worker has finished is counted apart from what its place has seen before it."""
        place = self.places.take(WORKER, 1, 2)
        self.board.core(place, 1)[CORE_REQUESTS] += 4
        self.assertEqual(self.places.served(WORKER, place), 4)
        self.places.release(WORKER, place)
        self.assertEqual(self.places.served(WORKER, place), 0)
        self.places.take(WORKER, 2, 2)
        self.board.core(place, 1)[CORE_REQUESTS] += 3
        self.assertEqual(self.places.served(WORKER, place), 3)
        self.assertEqual(self.places.served(FRONTEND, place), 0)

    def test_geometry(self) -> None:
        """There is room for two generations, and to grow."""
        self.assertEqual(geometry(4, 2, 1), (256, 256, 64))
        self.assertEqual(geometry(300, 500, 40), (600, 500, 80))

    def test_files_are_bounded(self) -> None:
        """Where files may not be long there is room for two generations, and no more."""
        self.assertEqual(geometry(4, 2, 1, 100_000), (8, 2, 2))
        self.assertEqual(geometry(4, 2, 1, 1 << 30), (256, 256, 64))
