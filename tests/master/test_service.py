"""Tests of L{twsgi.master.service}: a whole master, whose children are fake."""

from __future__ import annotations

import errno
import os
import signal
import socket

from twisted.trial.unittest import SynchronousTestCase

from tests.descriptors import open_descriptors
from tests.master.fakes import House, loopback, make_plan
from twsgi.control.scoreboard import CORE_REQUESTS, FRONTEND_QUEUED, WORKER_PID
from twsgi.errors import EXIT_NO_APP, ApplicationError, BindError
from twsgi.master.mending import AGAIN
from twsgi.settings.model import Address, Listener, Plan


class MasterTestCase(SynchronousTestCase):
    """A house, which is empty again at the end."""

    def house(self, plan: Plan | None = None) -> House:
        house = House(plan or make_plan())
        self.addCleanup(house.tear_down)
        return house


class StartTests(MasterTestCase):
    """From nothing to ready."""

    def test_children(self) -> None:
        """The first workers are spawned, then the frontends."""
        house = self.house(make_plan(workers=3, minimum=2, frontends=1))
        house.start(ready=False)
        self.assertEqual(house.spawner.names(), ["worker 1", "worker 2", "http 1"])

    def test_words(self) -> None:
        """The log tells the start in uWSGI's words and order."""
        house = self.house(make_plan(workers=1))
        house.start(ready=False)
        self.assertEqual(
            house.log.lines[0], "your mercy for graceful operations on workers is 60 seconds"
        )
        self.assertRegex(
            house.log.lines[2],
            r"\*\*\* twsgi \S+ on Twisted \S+ is running in multiple process mode \*\*\*",
        )
        self.assertEqual(
            house.log.lines[3:],
            [
                f"spawned uWSGI master process (pid: {os.getpid()})",
                "spawned uWSGI worker 1 (pid: 101, cores: 2)",
                "spawned uWSGI http 1 (pid: 102)",
            ],
        )

    def test_binds_first(self) -> None:
        """An address that cannot be had means that nothing is started."""
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen(1)
            taken = Listener("http", Address("127.0.0.1", other.getsockname()[1]), 16)
            house = self.house(make_plan(listeners=(taken,)))
            self.assertRaises(BindError, house.master.startService)
        self.assertEqual(house.spawner.processes, [])
        self.assertFalse(house.master.running)
        self.successResultOf(house.master.stopService())

    def test_ready(self) -> None:
        """It can serve when a worker and a frontend are ready, whoever comes first."""
        for first, second in [("worker 1", "http 1"), ("http 1", "worker 2")]:
            house = self.house()
            house.start(ready=False)
            house.spawner.last(first).ready()
            self.assertNoResult(house.master.ready)
            house.spawner.last(second).ready()
            self.successResultOf(house.master.ready)

    def test_ready_without_frontend(self) -> None:
        """With C{http-socket} a worker is all that it takes."""
        house = self.house(make_plan(frontends=0))
        house.start(ready=False)
        house.worker().ready()
        self.successResultOf(house.master.ready)

    def test_nothing_of_the_birth_stays_open(self) -> None:
        """The child's end of the stream, and its launch, are closed when it is born."""
        house = self.house()
        before = len(open_descriptors())
        house.start(ready=False)
        # /dev/null and the scoreboard, with its mapping, are for all of the children; each has a
        # file for its last words, which closes when it is gone.
        self.assertEqual(len(open_descriptors()) - before, 3 + 3)
        house.worker().exit(signal=9)
        self.assertEqual(len(open_descriptors()) - before, 3 + 2)


class LinkTests(MasterTestCase):
    """Who is linked with whom, and when."""

    def test_both_ways(self) -> None:
        """C{threads} links join every ready worker and frontend, whoever was ready first."""
        house = self.house(make_plan(workers=2, frontends=2))
        house.start(ready=False)
        house.worker(1).ready()
        house.frontend(1).ready()
        self.assertEqual(house.worker(1).control.peers(), [1, 1])
        self.assertEqual(house.frontend(1).control.peers(), [1, 1])
        house.worker(2).ready()
        house.frontend(2).ready()
        self.assertEqual(house.worker(1).control.peers(), [1, 1, 2, 2])
        self.assertEqual(house.worker(2).control.peers(), [1, 1, 2, 2])
        self.assertEqual(house.frontend(2).control.peers(), [1, 1, 2, 2])

    def test_successors(self) -> None:
        """A worker's successor is linked as it was; the other workers' links are left alone."""
        house = self.house()
        house.start()
        house.worker(1).exit(signal=9)
        house.clock.advance(0)
        house.worker(1).ready()
        self.assertEqual(house.worker(1).control.peers(), [1, 1])
        self.assertEqual(house.frontend().control.peers(), [1, 1, 2, 2, 1, 1])

    def test_none_without_frontend(self) -> None:
        """
        With C{http-socket} there are no links; a worker accepts when the master knows that it is
        ready, and not before.
        """
        house = self.house(make_plan(frontends=0))
        house.start(ready=False)
        self.assertTrue(house.worker().launch.waits)
        self.assertEqual(house.worker().control.accepted, [])
        house.worker().ready()
        self.assertEqual(len(house.worker().control.accepted), 1)
        self.assertEqual(house.worker().control.peers(), [])

    def test_no_descriptors_left(self) -> None:
        """Links for which no descriptors are left are made when there are some."""
        house = self.house(make_plan(workers=1))
        house.start(ready=False)
        house.frontend().ready()
        made = socket.socketpair

        def if_any_is_left() -> tuple[socket.socket, socket.socket]:
            if len(open_descriptors()) >= most:
                raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
            return made()

        most = before = len(open_descriptors())
        self.patch(socket, "socketpair", if_any_is_left)
        house.worker().ready()
        line = "unable to link worker 1 and uWSGI http 1: Too many open files"
        self.assertTrue(house.log.said(line))
        self.assertEqual(len(open_descriptors()), before)
        self.assertEqual((house.worker().control.links, house.worker().signals), ([], []))
        self.assertNoResult(house.master.ready)
        for links in (1, 2):
            most = before + 2
            house.clock.advance(AGAIN)
            self.assertEqual(house.worker().control.peers(), [1] * links)
            self.successResultOf(house.master.ready)
        # The second time it was the last that was missing.
        self.assertEqual(house.log.lines.count(line), 2)
        house.clock.advance(60)
        self.assertEqual(house.worker().control.peers(), [1, 1])


class DeathTests(MasterTestCase):
    """Children die."""

    def test_respawn(self) -> None:
        """A worker that was killed is replaced at once, in its place."""
        house = self.house()
        house.start()
        house.worker(2).exit(signal=9)
        house.clock.advance(0)
        self.assertEqual(
            house.log.lines[-2:],
            [
                "DAMN ! worker 2 (pid: 102) died, killed by signal 9 :( trying respawn ...",
                "Respawned uWSGI worker 2 (new pid: 104)",
            ],
        )

    def test_counts_on(self) -> None:
        """A successor is told what its index has served, and no other's; a place is used again."""
        house = self.house()
        house.start()
        board = house.master.scoreboard
        assert board is not None
        for served in (3, 5):
            board.core(house.worker(2).launch.place, 0)[CORE_REQUESTS] += served
            house.worker(2).exit(signal=9)
            house.clock.advance(1)
        self.assertEqual(house.worker(2).launch.requests_before, 8)
        self.assertEqual(house.worker(2).launch.place, 2)
        house.worker(1).exit(signal=9)
        house.clock.advance(0)
        self.assertEqual(house.worker(1).launch.requests_before, 0)
        self.assertEqual(board.total_requests(), 8)

    def test_frontend(self) -> None:
        """A frontend is replaced too."""
        house = self.house()
        house.start()
        house.frontend().exit(signal=9)
        house.clock.advance(0)
        self.assertEqual(house.log.lines[-1], "respawned uWSGI http 1 (pid: 104)")

    def test_backs_off(self) -> None:
        """Where children die young the next one has to wait, longer each time."""
        house = self.house(make_plan(workers=1, frontends=0))
        house.start()
        for pause in (0, 1, 2, 4):
            house.worker().exit(code=3)
            spawned = len(house.spawner.processes)
            if pause:
                house.clock.advance(pause - 0.1)
                self.assertEqual(len(house.spawner.processes), spawned)
                house.clock.advance(0.2)
            house.clock.advance(0)
            self.assertEqual(len(house.spawner.processes), spawned + 1)
        self.assertTrue(
            house.log.said("worker 1 respawning too fast !!! i have to sleep a bit (4 seconds)...")
        )

    def test_scoreboard(self) -> None:
        """The dead are neither busy nor waited for."""
        house = self.house()
        house.start()
        scoreboard = house.master.scoreboard
        assert scoreboard is not None
        house.busy(1, 2)
        scoreboard.worker(1)[WORKER_PID] = 101
        scoreboard.frontend(1)[FRONTEND_QUEUED] = 3
        house.worker(1).exit(signal=9)
        house.frontend().exit(signal=9)
        self.assertEqual(scoreboard.busy_cores(1), 0)
        self.assertEqual(scoreboard.worker(1)[WORKER_PID], 0)
        self.assertEqual(scoreboard.frontend(1)[FRONTEND_QUEUED], 0)

    def test_asked_for_replacement(self) -> None:
        """A worker that somebody asked to leave goes when another is ready in its place."""
        house = self.house()
        house.start()
        old = house.worker(1)
        old.protocol.said_replace()
        house.clock.advance(1)
        self.assertEqual((house.worker(1).pid, old.control.drains), (104, []))
        house.worker(1).ready()
        self.assertEqual(old.control.drains, [False])
        old.exit()
        house.clock.advance(60)
        self.assertEqual(
            house.log.lines[-2:],
            ["Respawned uWSGI worker 1 (new pid: 104)", "worker 1 killed successfully (pid: 101)"],
        )

    def test_frontend_asked_for_replacement(self) -> None:
        """A frontend is replaced by one that is ready, too."""
        house = self.house()
        house.start()
        old = house.frontend()
        old.protocol.said_replace()
        house.clock.advance(1)
        self.assertEqual(house.log.lines[-1], "respawned uWSGI http 1 (pid: 104)")
        self.assertEqual(old.control.drains, [])
        house.frontend().ready()
        self.assertEqual(old.control.drains, [False])

    def test_cannot_spawn(self) -> None:
        """A process that the system refuses is tried again; nothing stays open."""
        house = self.house(make_plan(workers=1, frontends=0))
        house.spawner.error = OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        house.start()
        before = len(open_descriptors())
        house.clock.advance(0)
        house.clock.advance(1)
        self.assertEqual(len(open_descriptors()), before)
        self.assertTrue(
            house.log.said("unable to spawn worker 1: Resource temporarily unavailable")
        )
        self.assertTrue(all(control.closed for control in house.spawner.controls))
        house.spawner.error = None
        house.clock.advance(2)
        self.assertEqual(house.log.lines[-1], "spawned uWSGI worker 1 (pid: 101, cores: 2)")


class UnfitTests(MasterTestCase):
    """The application cannot be loaded."""

    def test_at_the_start(self) -> None:
        """Before any worker was ready that is the end: told once, nothing is spawned any more."""
        house = self.house()
        house.start(ready=False)
        house.worker(1).protocol.said_unfit("module = app: No module named 'app'")
        house.worker(2).protocol.said_unfit("module = app: No module named 'app'")
        self.assertEqual(len(house.failures), 1)
        self.assertIsInstance(house.failures[0].value, ApplicationError)
        self.assertEqual(str(house.failures[0].value), "module = app: No module named 'app'")
        for index in (1, 2):
            house.worker(index).exit(code=EXIT_NO_APP)
        house.clock.advance(60)
        self.assertEqual(len(house.spawner.processes), 3)
        self.assertEqual(
            house.log.lines.count("OOPS ! failed loading app in worker 1 (pid 101)"), 1
        )
        self.assertTrue(house.log.said("need-app requested, destroying the instance..."))
        self.assertFalse(house.log.said("trying"))
        done = house.master.stopService()
        house.frontend().exit()
        self.successResultOf(done)
        self.assertFalse(house.log.said("SIGINT/SIGTERM received"))

    def test_exit_code_says_it_too(self) -> None:
        """A worker that could not even say so has said it by its exit code."""
        house = self.house()
        house.start(ready=False)
        house.worker(2).exit(code=EXIT_NO_APP)
        self.assertEqual(len(house.failures), 1)
        house.failures[0].trap(ApplicationError)
        self.assertEqual(house.worker(1).signals, [])

    def test_need_app_off(self) -> None:
        """With C{need-app = false} that exit code is a death like any other."""
        house = self.house(make_plan(need_app=False))
        house.start(ready=False)
        house.worker(2).exit(code=EXIT_NO_APP)
        house.clock.advance(0)
        self.assertEqual(house.failures, [])
        self.assertEqual(house.spawner.names()[-1], "worker 2")

    def test_later(self) -> None:
        """Once a worker was ready, one that fails is tried again, with a back-off."""
        house = self.house()
        house.start(ready=False)
        house.worker(1).ready()
        house.worker(2).protocol.said_unfit("no module")
        house.worker(2).exit(code=EXIT_NO_APP)
        house.clock.advance(0)
        self.assertEqual(house.failures, [])
        self.assertTrue(
            house.log.said("OOPS ! failed loading app in worker 2 (pid 102) :( trying again...")
        )
        self.assertEqual(house.spawner.names()[-1], "worker 2")


class StopTests(MasterTestCase):
    """From ready to nothing."""

    def test_order(self) -> None:
        """Frontends finish first, for what waits in them needs the workers; then these."""
        house = self.house()
        house.start()
        done = house.master.stopService()
        self.assertEqual(house.frontend().control.drains, [True])
        self.assertEqual(house.worker(1).control.drains, [])
        house.frontend().exit()
        self.assertEqual(house.worker(1).control.drains, [True])
        self.assertEqual(house.worker(2).control.drains, [True])
        house.clock.advance(2)
        house.worker(2).exit()
        self.assertNoResult(done)
        house.worker(1).exit()
        self.successResultOf(done)
        self.assertEqual(
            house.log.lines[-5:],
            [
                "SIGINT/SIGTERM received...killing workers...",
                'gateway "uWSGI http 1" has been buried (pid: 103)',
                "worker 2 buried after 2 seconds",
                "worker 1 buried after 2 seconds",
                "goodbye to uWSGI.",
            ],
        )
        self.assertEqual(house.clock.getDelayedCalls(), [])

    def test_listening_sockets_go_first(self) -> None:
        """The master holds no listening socket while its children finish."""
        house = self.house(make_plan(listeners=(loopback("http"),)))
        house.start()
        held = house.master.listening.bound[0].socket
        house.master.stopService()
        self.assertEqual(held.fileno(), -1)

    def test_mercy(self) -> None:
        """Whoever is left when mercy is over is killed, asked or not, and that is the end."""
        house = self.house(make_plan(worker_reload_mercy=5))
        house.start()
        done = house.master.stopService()
        house.clock.advance(5.1)
        for process in (house.frontend(), house.worker(1), house.worker(2)):
            self.assertEqual(process.signals, [signal.SIGKILL])
            process.exit(signal=9)
        self.successResultOf(done)
        self.assertEqual(sum("NO MERCY" in line for line in house.log.lines), 3)

    def test_now(self) -> None:
        """The second time everybody is killed at once; the first Deferred fires then."""
        house = self.house()
        house.start()
        done = house.master.stopService()
        house.master.stop_now()
        for process in house.spawner.processes:
            self.assertEqual(process.signals, [signal.SIGKILL])
            process.exit(signal=9)
        self.successResultOf(done)
        self.assertFalse(house.log.said("DAMN"))
        self.assertFalse(house.log.said("NO MERCY"))

    def test_now_without_before(self) -> None:
        """It may be the first thing that is asked for."""
        house = self.house()
        house.start()
        house.master.stop_now()
        self.assertEqual({tuple(one.signals) for one in house.spawner.processes}, {(9,)})

    def test_twice(self) -> None:
        """Whoever stops it once more waits for the same end; afterwards there is nothing to do."""
        house = self.house(make_plan(workers=1, frontends=0))
        house.start()
        both = [house.master.stopService(), house.master.stopService()]
        house.worker().exit()
        for done in both:
            self.successResultOf(done)
        self.successResultOf(house.master.stopService())
        self.assertEqual(house.log.lines.count("goodbye to uWSGI."), 1)

    def test_nobody_comes_back(self) -> None:
        """While all leave, nobody is respawned: not who dies, nor who was waited for."""
        house = self.house()
        house.start()
        house.worker(1).exit(signal=9)
        house.master.stopService()
        house.frontend().exit(signal=9)
        house.worker(2).exit(signal=9)
        house.clock.advance(60)
        self.assertEqual(len(house.spawner.processes), 3)

    def test_replacement_is_no_more(self) -> None:
        """A worker that the same SIGTERM reached is not drained before the frontends."""
        house = self.house()
        house.start()
        house.worker(1).protocol.said_replace()
        house.master.stopService()
        house.clock.advance(1)
        self.assertEqual(house.worker(1).control.drains, [])

    def test_boots_on_for_the_queue(self) -> None:
        """A worker that becomes ready while the frontends drain is linked: they may wait for it."""
        house = self.house()
        house.start(ready=False)
        house.frontend().ready()
        house.worker(1).ready()
        house.master.stopService()
        house.worker(2).ready()
        self.assertEqual(house.frontend().control.peers(), [1, 1, 2, 2])

    def test_not_started(self) -> None:
        """Sockets that were bound for a start that never came are closed."""
        house = self.house(make_plan(listeners=(loopback("http"),)))
        house.master.bind()
        held = house.master.listening.bound[0].socket
        self.successResultOf(house.master.stopService())
        self.assertEqual(held.fileno(), -1)
        self.assertFalse(house.log.said("goodbye"))
