"""Tests of L{twsgi.master.lookout}: what comes of what the master sees."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.master.fakes import FakeLog, House, make_plan
from twsgi.control.scoreboard import CORE_REQUESTS
from twsgi.master.lookout import Lookout
from twsgi.settings.model import Plan, Settings
from twsgi.settings.plan import plan


class LookoutTests(SynchronousTestCase):
    """Each thing that is seen has its own consequence."""

    def setUp(self) -> None:
        self.house = House(make_plan(workers=1, frontends=0))
        self.addCleanup(self.house.tear_down)
        self.house.start(ready=False)
        scoreboard = self.house.master.scoreboard
        assert scoreboard is not None
        self.scoreboard = scoreboard
        self.clock = Clock()
        self.log = FakeLog()
        self.done: list[str] = []
        self.directory = Path(self.mktemp())
        self.directory.mkdir()
        self.lookout = Lookout(
            self.clock,
            self.log,
            self.house.master._crew.roster,
            scoreboard,
            replace=lambda child: self.done.append(f"replace {child.index}"),
            recycle=lambda child, reason: self.done.append(reason),
            reread=lambda: self.done.append("reread"),
            reload=lambda: self.done.append("reload"),
            chain=lambda: self.done.append("chain"),
        )

    def plan(self, **settings: object) -> Plan:
        """Relative files are in the test's own directory."""
        return plan(
            Settings(module="app", http=(":1",), master=True, **settings),  # type: ignore[arg-type]
            str(self.directory),
        )

    def second(self) -> None:
        self.clock.pump([0.25] * 4)

    def test_touched_files(self) -> None:
        """Each kind of file has its words, uWSGI's, and its own kind of reload."""
        self.lookout.follow(
            self.plan(
                touch_reload=("a", "b"), touch_workers_reload=("c",), touch_chain_reload=("d",)
            )
        )
        self.second()
        self.assertEqual(self.done, [])
        for name, done, words in [
            ("a", "reread", "grace them all"),
            ("b", "reread", "grace them all"),
            ("c", "reload", "workers reload"),
            ("d", "chain", "chain reload"),
        ]:
            path = self.directory / name
            path.touch()
            self.second()
            self.assertEqual(self.done, [done])
            (line,) = self.log.lines
            self.assertTrue(
                line.endswith(f" - *** {path} has been touched... {words} !!! ***"), line
            )
            self.done.clear()
            self.log.lines.clear()

    def test_recycles(self) -> None:
        """Workers are looked at four times a second."""
        self.lookout.follow(self.plan(max_requests=10, min_worker_lifetime=0))
        self.clock.advance(0.25)
        self.house.worker().ready()
        self.scoreboard.core(self.house.worker().launch.place, 0)[CORE_REQUESTS] += 10
        self.clock.advance(0.25)
        (reason,) = self.done
        self.assertIn("Seeya!", reason)

    def test_nothing_to_do(self) -> None:
        """Where nothing is asked for no timer runs; another plan may begin it, or end it."""
        self.lookout.follow(self.plan())
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.lookout.follow(self.plan(touch_reload=("a",)))
        self.second()
        (self.directory / "a").touch()
        self.second()
        self.assertEqual(self.done, ["reread"])
        self.lookout.follow(self.plan())
        self.second()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_stop_begins(self) -> None:
        """In a stop nobody is recycled any more, and no file is heeded."""
        self.house.worker().ready()
        self.lookout.follow(self.plan(touch_reload=("a",), max_requests=10, min_worker_lifetime=0))
        self.lookout.stop_begins()
        self.scoreboard.core(self.house.worker().launch.place, 0)[CORE_REQUESTS] += 100
        (self.directory / "a").touch()
        self.second()
        self.assertEqual(self.done, [])

    def test_stop(self) -> None:
        """After the end nothing is looked at."""
        self.lookout.follow(self.plan(touch_reload=("a",)))
        self.lookout.stop()
        self.assertEqual(self.clock.getDelayedCalls(), [])


class MasterTests(SynchronousTestCase):
    """A whole master, whose children are fake."""

    def house(self, **settings: object) -> House:
        """Two workers that are ready, and no frontend."""
        house = House(make_plan(workers=2, frontends=0, min_worker_lifetime=0, **settings))
        self.addCleanup(house.tear_down)
        house.start(ready=False)
        house.samples(1)
        for process in list(house.spawner.processes):
            process.ready()
        return house

    def served(self, house: House, index: int, requests: int) -> None:
        board = house.master.scoreboard
        assert board is not None
        board.core(house.worker(index).launch.place, 0)[CORE_REQUESTS] += requests

    def test_one_at_a_time(self) -> None:
        """Both have served enough: one is replaced, first come; then the other."""
        house = self.house(max_requests=10)
        first = [house.worker(1), house.worker(2)]
        self.served(house, 1, 12)
        self.served(house, 2, 12)
        house.samples(2)
        self.assertEqual(house.spawner.names(), ["worker 1", "worker 2", "worker 1"])
        self.assertEqual([one.control.drains for one in first], [[], []])
        house.worker(1).ready()
        self.assertEqual([one.control.drains for one in first], [[False], []])
        first[0].exit()
        self.assertEqual(house.spawner.names()[3:], ["worker 2"])
        house.worker(2).ready()
        self.assertEqual([one.control.drains for one in first], [[False], [False]])
        house.samples(8)
        self.assertEqual(len(house.spawner.processes), 4)
        for one in first:
            (line,) = [line for line in house.log.lines if f"process {one.pid} is done" in line]
            self.assertIn("Seeya!", line)

    def test_successor_serves_anew(self) -> None:
        """A successor has its own requests to serve."""
        house = self.house(max_requests=10)
        for generation in range(3):
            self.served(house, 1, 9)
            house.samples(2)
            self.assertEqual(len(house.spawner.processes), 2 + generation)
            old = house.worker(1)
            self.served(house, 1, 1)
            house.samples(2)
            self.assertEqual(len(house.spawner.processes), 3 + generation)
            house.worker(1).ready()
            old.exit()

    def test_touched(self) -> None:
        """All successors are started together, or one after another."""
        path = self.mktemp()
        for option, started in (("touch_workers_reload", 4), ("touch_chain_reload", 3)):
            Path(path).unlink(missing_ok=True)
            house = self.house()
            plan = dataclasses.replace(house.master.plan, **{option: (path,)})
            self.successResultOf(self.reloaded(house, plan))
            Path(path).touch()
            count = len(house.spawner.processes)
            house.samples(8)
            self.assertEqual(len(house.spawner.processes) - count, started - 2)

    def reloaded(self, house: House, plan: Plan) -> Deferred[bool]:
        """C{plan} is in force."""
        done = house.master.reload(plan)
        for process in house.spawner.processes[2:]:
            process.ready()
        return done

    def test_reread(self) -> None:
        """C{touch-reload} asks for the configuration as it is now, whatever it said before."""
        path = self.mktemp()
        house = self.house()
        plan = dataclasses.replace(house.master.plan, touch_reload=(path,))
        self.successResultOf(self.reloaded(house, plan))
        house.master.read_plan = lambda: make_plan(workers=2, frontends=0, threads=7)
        Path(path).touch()
        count = len(house.spawner.processes)
        house.samples(4)
        self.assertEqual(
            [one.launch.settings.threads for one in house.spawner.processes[count:]], [7, 7]
        )

    def test_modules(self) -> None:
        """What a worker has found changed reloads; so do files by which one could not be loaded."""
        house = self.house()
        spawned = house.spawner.processes
        house.worker(1).protocol.said_sources(["/app.py"], [7], False)
        house.worker(2).protocol.said_sources(["/app.py"], [7], False)
        self.assertEqual(len(spawned), 4)
        path = Path(self.mktemp())
        path.touch()
        spawned[2].protocol.said_sources([str(path)], [1], True)
        spawned[2].protocol.said_unfit("it is broken")
        for process in spawned[2:]:
            process.exit(22)
        house.samples(4)
        self.assertEqual(len(spawned), 6)
        self.assertTrue(house.log.said(f"module/file {path} has been modified"))

    def test_other_rules(self) -> None:
        """What the plan in force says counts, and for workers that were there before too."""
        house = self.house()
        self.served(house, 1, 50)
        house.samples(4)
        self.assertEqual(len(house.spawner.processes), 2)
        again = make_plan(workers=2, frontends=0, min_worker_lifetime=0, max_requests=10)
        self.successResultOf(self.reloaded(house, again))
        self.served(house, 1, 9)
        house.samples(4)
        self.assertEqual(len(house.spawner.processes), 4)
        self.served(house, 1, 1)
        house.samples(4)
        self.assertEqual(len(house.spawner.processes), 5)

    def test_stop(self) -> None:
        """When all leave nobody is replaced, and no timer of it is left."""
        house = self.house(max_requests=10)
        self.served(house, 1, 12)
        house.master.stopService()
        house.samples(4)
        self.assertEqual(len(house.spawner.processes), 2)
        for process in house.spawner.processes:
            process.exit()
        self.assertEqual(house.clock.getDelayedCalls(), [])
