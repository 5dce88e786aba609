"""Tests of L{twsgi.master.recycler} and L{twsgi.master.memory}: who is looked at, and how."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.master.fakes import House, make_plan
from twsgi.control.scoreboard import CORE_EXCEPTIONS, CORE_REQUESTS
from twsgi.master.child import Child
from twsgi.master.memory import UNKNOWN, Memory, memory_of
from twsgi.master.recycler import WEIGH_EVERY, Recycler
from twsgi.master.words import Leave
from twsgi.settings.model import Settings

MB = 1024 * 1024


class RecyclerTests(SynchronousTestCase):
    """Workers that are looked at."""

    def setUp(self) -> None:
        self.house = House(make_plan(workers=2, worker_ready_timeout=0))
        self.addCleanup(self.house.tear_down)
        self.house.start(ready=False)
        self.recycled: list[tuple[Child, str]] = []
        self.weighed: list[int] = []
        self.memory = Memory()
        self.luck = [0.0] * 10
        scoreboard = self.house.master.scoreboard
        assert scoreboard is not None
        self.scoreboard = scoreboard
        self.recycler = Recycler(
            self.house.master._crew.roster,
            scoreboard,
            lambda child, reason: self.recycled.append((child, reason)),
            memory=self.weigh,
            luck=lambda: self.luck.pop(0),
        )

    def weigh(self, pid: int) -> Memory:
        self.weighed.append(pid)
        return self.memory

    def follow(self, **settings: Any) -> None:
        self.recycler.follow(Settings(min_worker_lifetime=0, **settings))

    def ready(self) -> None:
        for process in list(self.house.spawner.processes):
            process.ready()

    def served(self, worker: int, core: int, requests: int, exceptions: int = 0) -> None:
        record = self.scoreboard.core(self.house.worker(worker).launch.place, core)
        record[CORE_REQUESTS] += requests
        record[CORE_EXCEPTIONS] += exceptions

    def names(self) -> list[tuple[int, int]]:
        """Index and pid of those that were recycled."""
        return [(child.index, child.pid) for child, _ in self.recycled]

    def test_requests(self) -> None:
        """All cores of a worker count together, and it is told of once."""
        self.follow(max_requests=10)
        self.recycler.look()
        self.ready()
        self.served(2, 0, 5)
        self.served(2, 1, 4)
        self.served(1, 0, 2)
        self.recycler.look()
        self.assertEqual(self.recycled, [])
        self.served(2, 1, 1)
        self.recycler.look()
        self.recycler.look()
        pid = self.house.worker(2).pid
        self.assertEqual(self.names(), [(2, pid)])
        line = f"...The work of process {pid} is done. Seeya! (worker 2: 10 requests)"
        self.assertEqual(self.recycled[0][1], line)

    def test_predecessors_do_not_count(self) -> None:
        """What was served before a worker came is not its own."""
        self.served(1, 0, 99, 99)
        self.follow(max_requests=10, reload_on_exception=True)
        self.ready()
        self.recycler.look()
        self.served(1, 1, 9)
        self.recycler.look()
        self.assertEqual(self.recycled, [])
        self.house.worker(1).exit(signal=9)
        self.house.clock.advance(0)
        self.recycler.look()
        self.house.worker(1).ready()
        self.served(1, 0, 9)
        self.recycler.look()
        self.assertEqual(self.recycled, [])
        self.served(1, 0, 1)
        self.recycler.look()
        self.assertEqual(self.names(), [(1, self.house.worker(1).pid)])

    def test_not_ready(self) -> None:
        """A worker that boots is too young for anything, one that leaves is on its way."""
        self.follow(max_requests=1)
        self.recycler.look()
        self.served(1, 0, 5)
        self.served(2, 0, 5)
        self.recycler.look()
        self.assertEqual(self.recycled, [])
        self.house.worker(1).ready()
        self.house.worker(2).ready()
        self.house.worker(2).protocol.leave(Leave.CHEAP)
        self.recycler.look()
        self.assertEqual(self.names(), [(1, self.house.worker(1).pid)])

    def test_waiting_successor(self) -> None:
        """Who is ready and waits to take over is not told of before it has."""
        self.follow(reload_on_rss=10)
        self.ready()
        self.house.master.reload()
        self.memory = Memory(rss=11 * MB)
        self.house.worker(1).ready()
        self.recycler.look()
        self.assertEqual(self.names(), [(1, 101), (2, 102)])
        self.house.worker(2).ready()
        for _ in range(WEIGH_EVERY):
            self.recycler.look()
        successors = [self.house.worker(index).pid for index in (1, 2)]
        self.assertEqual([pid for _, pid in self.names()[2:]], successors)

    def test_age(self) -> None:
        """A worker's life begins when it is ready."""
        self.recycler.follow(Settings(max_worker_lifetime=20))
        self.recycler.look()
        self.house.clock.advance(100)
        self.ready()
        self.house.clock.advance(19)
        self.recycler.look()
        self.assertEqual(self.recycled, [])
        self.house.clock.advance(1)
        self.recycler.look()
        self.assertEqual(len(self.recycled), 2)

    def test_luck(self) -> None:
        """Each process has its own luck, for life."""
        self.luck = [0.0, 0.5]
        self.follow(max_requests=100)
        self.recycler.look()
        self.ready()
        for worker in (1, 2):
            self.served(worker, 0, 100)
        self.recycler.look()
        self.assertEqual(len(self.recycled), 1)
        self.served(2, 0, 4)
        self.recycler.look()
        self.assertEqual(len(self.recycled), 1)
        self.served(2, 0, 1)
        self.recycler.look()
        self.assertEqual(len(self.recycled), 2)

    def test_exception(self) -> None:
        """One exception is enough, where it is asked for."""
        self.follow(max_requests=100)
        self.recycler.look()
        self.ready()
        self.served(1, 1, 1, 1)
        self.recycler.look()
        self.assertEqual(self.recycled, [])
        self.follow(reload_on_exception=True)
        self.recycler.look()
        self.assertEqual(self.names(), [(1, self.house.worker(1).pid)])

    def test_memory(self) -> None:
        """Workers are weighed once a second, where somebody wants to know, and replaced if big."""
        self.follow(max_requests=100)
        self.ready()
        self.recycler.look()
        self.assertEqual(self.weighed, [])
        self.follow(reload_on_rss=10)
        for _ in range(WEIGH_EVERY * 3):
            self.recycler.look()
        self.assertEqual(sorted(self.weighed), [101] * 3 + [102] * 3)
        self.assertEqual(self.recycled, [])
        self.memory = Memory(rss=11 * MB)
        for _ in range(WEIGH_EVERY):
            self.recycler.look()
        self.assertEqual(len(self.recycled), 2)

    def test_wanted(self) -> None:
        """It follows the settings."""
        self.assertFalse(self.recycler.wanted)
        self.follow(max_requests=1)
        self.assertTrue(self.recycler.wanted)


class MemoryTests(SynchronousTestCase):
    """What the kernel tells."""

    def test_this_process(self) -> None:
        """This process has some memory, and more address space than that; it grows with use."""
        if memory_of(os.getpid()) == UNKNOWN:
            raise SkipTest("this system has no /proc")
        before = memory_of(os.getpid())
        self.assertTrue(5 * MB < before.rss < before.address_space, before)
        ballast = b"x" * (64 * MB)
        after = memory_of(os.getpid())
        self.assertGreater(after.rss - before.rss, 32 * MB)
        self.assertEqual(len(ballast), 64 * MB)

    def test_nobody_tells(self) -> None:
        """No such process, no such system, or one that tells otherwise: unknown."""
        directory = Path(self.mktemp())
        (directory / "7").mkdir(parents=True)
        self.assertEqual(memory_of(7, str(directory)), UNKNOWN)
        for text in ("", "5", "a b", "5 x"):
            (directory / "7" / "statm").write_text(text)
            self.assertEqual(memory_of(7, str(directory)), UNKNOWN, text)
        (directory / "7" / "statm").write_text("5 3 1 0 0 0 0\n")
        page = os.sysconf("SC_PAGE_SIZE")
        self.assertEqual(memory_of(7, str(directory)), Memory(3 * page, 5 * page))
