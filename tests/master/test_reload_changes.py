"""Tests of L{twsgi.master.renewal}: reloads with another plan."""

from __future__ import annotations

import signal
from dataclasses import replace

from tests.master.reloading import ReloadCase, planned
from twsgi.control.scoreboard import FRONTEND_QUEUED


class ChangedTests(ReloadCase):
    """Another plan."""

    def test_configuration(self) -> None:
        """It is read when the reload is asked for, and what is odd about it is in the log."""
        self.begin()
        wanted = replace(planned(threads=3), warnings=("uwsgi.ini:3: what is this",))
        self.lives.master.read_plan = lambda: wanted
        self.lives.master.reload_configuration()
        self.assertEqual(self.came()[0].launch.settings.threads, 3)
        self.assertEqual(self.said("what is this"), 1)

    def test_no_configuration(self) -> None:
        """Where there is none to be read it is the plan in force."""
        self.begin()
        self.lives.master.reload_configuration()
        self.assertEqual(self.names(), ["worker 1", "worker 2"])

    def test_processes_up(self) -> None:
        """More workers come with the new generation."""
        self.begin()
        self.reload(processes=4)
        self.assertEqual(self.names(), ["worker 1", "worker 2", "worker 3", "worker 4"])
        self.assertEqual(self.said("spawned uWSGI worker 3 (pid: 106, cores: 2)"), 1)
        self.ready()
        self.assertEqual(self.serving(), [104, 105, 106, 107])
        self.assertEqual(self.drained(), [101, 102])

    def test_processes_up_given_up(self) -> None:
        """They are gone again where it is given up."""
        self.begin()
        self.reload(processes=4)
        self.came()[3].exit(signal=9)
        for process in self.came()[:3]:
            process.exit(signal=9)
        self.assertEqual(len(self.lives.master._crew.roster.workers), 2)
        self.assertEqual(self.lives.master._crew.roster._retired, [])
        self.assertEqual(self.serving(), [101, 102])

    def test_processes_down(self) -> None:
        """Fewer: those that are too many go with the old generation."""
        self.begin(processes=4)
        self.reload(processes=2)
        self.assertEqual(self.names(), ["worker 1", "worker 2"])
        self.ready()
        self.assertEqual(self.drained(), [101, 102, 103, 104])
        for process in self.before[:4]:
            process.exit()
        self.lives.clock.advance(60)
        self.assertEqual(self.serving(), [106, 107])
        self.assertEqual(len(self.came()), 2)
        self.assertEqual(self.said("reload complete"), 1)
        self.reload(processes=3)
        self.assertEqual(self.names()[2:], ["worker 1", "worker 2", "worker 3"])

    def test_threads(self) -> None:
        """Each generation has as many links as it has threads."""
        self.begin()
        frontend = self.lives.frontend().control
        self.assertEqual(frontend.places, [1, 1, 2, 2])
        self.reload(threads=3)
        self.ready()
        self.assertEqual(frontend.places[4:], [3, 3, 3, 4, 4, 4])
        board = self.lives.master.scoreboard
        assert board is not None
        self.assertEqual([board.worker_cores(place) for place in (1, 3)], [2, 3])
        self.before[2].exit(signal=9)
        self.lives.clock.advance(0)
        self.lives.frontend().ready()
        self.assertEqual(self.lives.frontend().control.places, [3, 3, 3, 4, 4, 4])

    def test_successors_are_the_new_plans(self) -> None:
        """Who comes after a crash is of the plan in force: until all are ready that is the old."""
        self.begin()
        self.reload(module="other")
        self.before[0].exit(signal=9)
        self.lives.clock.advance(0)
        self.assertEqual(self.came()[2].launch.settings.module, "app")
        self.ready(*self.came()[:2])
        self.came()[0].exit(signal=9)
        self.lives.clock.advance(0)
        self.assertEqual(self.came()[3].launch.settings.module, "other")
        self.assertEqual(self.lives.master.plan.settings.module, "other")

    def test_refused(self) -> None:
        """What cannot change stays, with a line that names it; the rest is in force."""
        self.begin()
        self.reload(http=(":9",), uid="nobody", threads=5)
        self.ready()
        self.assertEqual(self.said("http = :9 needs a restart: :0 stays"), 1)
        self.assertEqual(self.said("uid = nobody needs a restart: none stays"), 1)
        settings = self.came()[0].launch.settings
        self.assertEqual((settings.http, settings.uid, settings.threads), ((":0",), None, 5))

    def test_frontends_are_told(self) -> None:
        """A frontend stays, and is told what has changed for it, when the new workers serve."""
        self.begin()
        frontend = self.lives.frontend()
        self.reload(http_timeout=9)
        self.assertEqual(frontend.control.configured, [])
        self.ready()
        (launch,) = frontend.control.configured
        self.assertEqual(launch.settings.http_timeout, 9)
        self.assertEqual((launch.kind, launch.index, launch.place), ("http", 1, 1))
        self.assertEqual((frontend.control.drains, frontend.signals), ([], []))
        frontend.exit(signal=9)
        self.lives.clock.advance(0)
        self.assertEqual(self.lives.frontend().launch.settings.http_timeout, 9)

    def test_frontends_are_not_told(self) -> None:
        """Where nothing has changed for it, it hears nothing."""
        self.begin()
        self.reload(module="other")
        self.ready()
        self.assertEqual(self.lives.frontend().control.configured, [])

    def test_frontend_that_boots(self) -> None:
        """One that is just starting, for the old plan, is started anew."""
        self.begin()
        self.lives.frontend().exit(signal=9)
        self.lives.clock.advance(0)
        young = self.lives.frontend()
        self.reload(http_timeout=9)
        self.ready(self.lives.worker(1), self.lives.worker(2))
        self.assertEqual(young.signals, [signal.SIGKILL])
        young.exit(signal=9)
        self.lives.clock.advance(0)
        self.assertEqual(self.lives.frontend().launch.settings.http_timeout, 9)

    def test_frontends_up_and_down(self) -> None:
        """More frontends are started when the new workers serve; fewer finish what they have."""
        self.begin()
        board = self.lives.master.scoreboard
        assert board is not None
        self.assertFalse(board.shared)
        self.reload(http_processes=2)
        self.assertTrue(board.shared)
        self.assertEqual(self.names(), ["worker 1", "worker 2"])
        self.ready()
        second = self.lives.frontend(2)
        second.ready()
        self.assertEqual(second.control.places, [3, 3, 4, 4])
        self.assertEqual(len(self.lives.frontend(1).control.configured), 1)
        self.reload(http_processes=1)
        board.frontend(2)[FRONTEND_QUEUED] = 1
        self.ready(self.lives.worker(1), self.lives.worker(2))
        self.assertEqual(second.control.drains, [False])
        self.assertFalse(board.shared)
        # It has a queue yet, and needs workers for it, whoever they are.
        self.assertEqual(second.control.places[-4:], [5, 5, 6, 6])
        self.reload(http_processes=1)
        self.ready(self.lives.worker(1), self.lives.worker(2))
        self.assertEqual(second.control.places[-4:], [7, 7, 8, 8])
        second.exit()
        self.lives.clock.advance(60)
        self.assertEqual(self.names().count("http 2"), 1)
        self.assertEqual(board.frontend(2)[FRONTEND_QUEUED], 0)


class CheaperTests(ReloadCase):
    """Reloads of a number of workers that follows the load."""

    def test_as_many(self) -> None:
        """As many come as are there, in the same slots, and then load counts again."""
        self.begin(processes=4, cheaper=1, cheaper_initial=2, cheaper_step=1)
        self.assertEqual(len(self.serving()), 2)
        self.reload(processes=4, cheaper=1, cheaper_step=1, module="other")
        self.assertEqual(self.names(), ["worker 1", "worker 2"])
        self.ready()
        for index in (1, 2):
            self.lives.busy(index, 2)
        self.lives.samples(4)
        self.assertEqual(self.names(), ["worker 1", "worker 2", "worker 3"])
        self.assertEqual(self.lives.worker(3).launch.settings.module, "other")

    def test_rests(self) -> None:
        """While it is under way nobody is started or retired for the load."""
        self.begin(processes=4, cheaper=1, cheaper_initial=2)
        for index in (1, 2):
            self.lives.busy(index, 2)
        self.reload(processes=4, cheaper=1)
        self.lives.samples(40)
        self.assertEqual(len(self.came()), 2)
        self.came()[0].protocol.said_unfit("no")
        for process in self.came()[:2]:
            process.exit(signal=9)
        for place in (1, 2):
            board = self.lives.master.scoreboard
            assert board is not None
            for core in (0, 1):
                board.core(place, core)[0] = 1
        self.lives.samples(4)
        self.assertEqual(self.names()[2:], ["worker 3"])

    def test_clamped(self) -> None:
        """No fewer than the new plan's least, no more than its most, wherever they were."""
        self.begin(processes=6, cheaper=1, cheaper_initial=3)
        for settings, names in (
            ({"processes": 6, "cheaper": 5}, [1, 2, 3, 4, 5]),
            ({"processes": 4, "cheaper": 1}, [1, 2, 3, 4]),
            ({"processes": 2}, [1, 2]),
            ({"processes": 3}, [1, 2, 3]),
        ):
            came = len(self.came())
            self.reload(**settings)
            fresh = self.came()[came:]
            self.assertEqual([process.launch.index for process in fresh], names)
            self.ready(*fresh)
            self.assertEqual(self.serving(), [process.pid for process in fresh])
            for process in self.lives.spawner.processes:
                if process.control.drains and not process.control.closed:
                    process.exit()

    def test_gaps(self) -> None:
        """Slots in which somebody serves come first; who is beyond the last goes."""
        self.begin(processes=4, cheaper=2, cheaper_initial=4)
        crew = self.lives.master._crew
        for index in (1, 3):
            crew.retire(crew.roster.serving()[0 if index == 1 else 1])
            self.lives.worker(index).exit()
        self.assertEqual(self.serving(), [102, 104])
        self.reload(processes=3, cheaper=1)
        self.assertEqual(self.names(), ["worker 2", "worker 1"])
        self.ready()
        self.assertEqual(sorted(self.drained())[-2:], [103, 104])
        self.assertEqual(sorted(self.serving()), [106, 107])

    def test_one_that_leaves(self) -> None:
        """One that was about to go for want of load does not count."""
        self.begin(processes=3, cheaper=1, cheaper_initial=3)
        crew = self.lives.master._crew
        crew.retire(crew.roster.serving()[0])
        self.reload(processes=3, cheaper=1)
        self.assertEqual(self.names(), ["worker 2", "worker 3"])
        self.ready()
        self.before[0].exit()
        self.lives.clock.advance(0)
        self.assertEqual(len(self.came()), 2)
