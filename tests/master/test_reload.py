"""Tests of L{twsgi.master.renewal} and L{twsgi.master.reload}: a new generation, or none."""

from __future__ import annotations

import errno
import os
import socket

from twisted.internet.defer import Deferred

from tests.descriptors import open_descriptors
from tests.master.reloading import ReloadCase, planned
from twsgi.control.scoreboard import CORE_REQUESTS, WORKER_LINKED
from twsgi.errors import EXIT_NO_APP, ConfigurationError
from twsgi.settings.model import Plan


class TogetherTests(ReloadCase):
    """All at once."""

    def test_order(self) -> None:
        """Successors are started first; when the last is ready all take over, and the old go."""
        self.begin()
        done = self.reload()
        self.assertEqual(self.names(), ["worker 1", "worker 2"])
        first, second = self.came()
        first.ready()
        self.assertEqual((self.drained(), first.control.links), ([], []))
        self.assertEqual(self.serving(), [101, 102])
        second.ready()
        self.assertTrue(self.successResultOf(done))
        self.assertEqual(self.serving(), [104, 105])
        self.assertEqual(self.drained(), [101, 102])
        self.assertEqual(self.before[0].control.drains, [False])
        self.assertEqual(self.before[2].control.drains, [])

    def test_words(self) -> None:
        """The log tells when the new ones serve, and when the last old one has gone."""
        self.begin()
        told = len(self.lives.log.lines)
        self.reload()
        self.ready()
        self.before[0].exit()
        self.assertEqual(self.said("reload complete"), 0)
        self.before[1].exit()
        self.lives.clock.advance(60)
        self.assertEqual(
            self.lives.log.lines[told:],
            [
                "reloading: 2 workers are started, and take over when all of them are ready",
                "Respawned uWSGI worker 1 (new pid: 104)",
                "Respawned uWSGI worker 2 (new pid: 105)",
                "...gracefully killing workers...",
                "worker 1 killed successfully (pid: 101)",
                "worker 2 killed successfully (pid: 102)",
                "reload complete",
            ],
        )

    def test_links_before_the_old_go(self) -> None:
        """Nobody is asked to go before the frontend has the links to who comes after him."""
        self.begin(processes=1)
        held: list[Deferred[object]] = []
        frontend = self.before[1].control

        def add_link(peer: int, place: int, descriptor: int) -> Deferred[object]:
            held.append(Deferred())
            return held[-1]

        frontend.add_link = add_link  # type: ignore[method-assign]
        self.reload()
        self.ready()
        self.assertEqual((len(held), self.drained()), (2, []))
        for answer in held:
            answer.callback({})
        self.assertEqual(self.drained(), [101])

    def test_linked(self) -> None:
        """The scoreboard tells who has links: nobody waits for the cores of who has none yet."""
        self.begin()
        board = self.lives.master.scoreboard
        assert board is not None
        self.assertEqual([board.worker(place)[WORKER_LINKED] for place in (1, 2)], [1, 1])
        self.reload()
        self.came()[0].ready()
        self.assertEqual([board.worker(place)[WORKER_LINKED] for place in (3, 4)], [0, 0])
        self.came()[1].ready()
        self.assertEqual([board.worker(place)[WORKER_LINKED] for place in (3, 4)], [1, 1])

    def test_places(self) -> None:
        """Each generation has places of its own, which the one after it may have again."""
        self.begin()
        for places in ([3, 4], [1, 2], [3, 4]):
            old = [self.lives.worker(1), self.lives.worker(2)]
            self.reload()
            for index, place in zip((1, 2), places, strict=True):
                self.assertEqual(self.lives.worker(index).launch.place, place)
                self.lives.worker(index).ready()
            self.assertEqual(self.lives.frontend().control.places[-4:], sorted(places * 2))
            for process in old:
                process.exit()

    def test_counts_on(self) -> None:
        """A successor's count begins where its predecessor's is."""
        self.begin()
        board = self.lives.master.scoreboard
        assert board is not None
        board.core(1, 0)[CORE_REQUESTS] = 5
        self.reload()
        self.assertEqual(self.came()[0].launch.requests_before, 5)
        self.ready()
        board.core(3, 0)[CORE_REQUESTS] = 2
        self.before[0].exit()
        self.reload()
        self.assertEqual(self.came()[2].launch.requests_before, 7)

    def test_nothing_stays_open(self) -> None:
        """Reloads cost no descriptors."""
        self.begin()
        before = len(open_descriptors())
        for _ in range(3):
            old = [self.lives.worker(1), self.lives.worker(2)]
            self.reload()
            self.ready(self.lives.worker(1), self.lives.worker(2))
            for process in old:
                process.exit()
        self.assertEqual(len(open_descriptors()), before)
        self.assertEqual(self.lives.master._crew.roster._retired, [])

    def test_mercy(self) -> None:
        """An old worker has C{worker-reload-mercy} to finish; then it is killed."""
        self.begin(worker_reload_mercy=7)
        self.reload()
        self.ready()
        self.lives.clock.advance(6.9)
        self.assertEqual(self.killed(), [])
        self.lives.clock.advance(0.2)
        self.assertEqual(self.killed(), [101, 102])
        self.assertEqual(self.said("NO MERCY"), 2)

    def test_old_ones_are_not_replaced(self) -> None:
        """However an old one ends once others serve: nobody comes after it."""
        self.begin()
        self.reload()
        self.ready()
        self.before[0].exit(signal=11)
        self.before[1].exit(code=3)
        self.lives.clock.advance(60)
        self.assertEqual(len(self.came()), 2)
        self.assertEqual(self.serving(), [104, 105])

    def test_before_anybody_was_ready(self) -> None:
        """What is asked for during the start comes after it: who starts may serve already."""
        self.begin_unready()
        done = self.reload()
        self.assertEqual((self.names(), self.killed()), ([], []))
        self.ready(*self.before)
        self.assertEqual(self.names(), ["worker 1", "worker 2"])
        self.ready()
        self.assertTrue(self.successResultOf(done))

    def stumble(self, times: int) -> int:
        """Worker 1 dies before it is ready.  @return: how many were started until then."""
        for _ in range(times):
            self.lives.clock.advance(30)
            self.lives.worker(1).exit(signal=11)
        return len(self.names())

    def test_of_a_start_that_fails(self) -> None:
        """Who pauses after failing is started at once, as it is now; once for each wish."""
        self.begin_unready(processes=1)
        count = self.stumble(4)
        done = self.reload(processes=2, threads=5)
        self.assertEqual(self.said("the start has failed so far"), 1)
        self.assertEqual(self.names()[count:], ["worker 1", "worker 2"])
        self.assertEqual(self.lives.worker(1).launch.settings.threads, 5)
        self.lives.worker(1).exit(signal=11)
        self.lives.clock.advance(1)
        self.assertEqual(len(self.names()), count + 2)
        self.lives.clock.advance(30)
        self.assertEqual(len(self.names()), count + 3)
        self.assertNoResult(done)

    def test_of_a_start_that_fails_later(self) -> None:
        """Who was asked before the first one failed has that, too."""
        self.begin_unready(processes=1)
        self.reload(processes=1, threads=5)
        self.assertEqual(self.names(), [])
        self.lives.worker(1).exit(signal=11)
        self.lives.clock.advance(0)
        self.assertEqual(self.names(), ["worker 1"])
        self.assertEqual(self.lives.worker(1).launch.settings.threads, 5)

    def test_too_large_before_anybody_was_ready(self) -> None:
        """What there is no room for is given up, and the start goes on."""
        self.begin_unready(processes=1)
        count = self.stumble(2)
        done = self.reload(processes=999)
        self.assertFalse(self.successResultOf(done))
        self.assertEqual((self.said("given up"), len(self.names())), (1, count))

    def test_stopped_before_anybody_was_ready(self) -> None:
        """A stop answers who waits for the start."""
        self.begin_unready()
        done = self.reload()
        self.lives.master.stopService()
        self.assertFalse(self.successResultOf(done))

    def test_without_frontend(self) -> None:
        """With C{http-socket} there are no links to wait for."""
        self.begin(http=(), http_socket=(":0",))
        self.reload()
        self.ready()
        self.assertEqual(self.drained(), [101, 102])

    def test_not_running(self) -> None:
        """What does not run has nothing to reload."""
        house = self.house(planned())
        self.assertFalse(self.successResultOf(house.master.reload()))
        house.start()
        house.master.stopService()
        self.assertFalse(self.successResultOf(house.master.reload()))
        self.assertEqual(len(house.spawner.processes), 3)


class GivenUpTests(ReloadCase):
    """Successors that fail."""

    def assert_given_up(self, done: Deferred[bool], reason: str) -> None:
        """Nothing has changed, and the log says why in one line."""
        self.assertFalse(self.successResultOf(done))
        line = f"reload given up: {reason}: the workers that run go on"
        self.assertEqual([one for one in self.lives.log.lines if "given up" in one], [line])
        self.assertEqual(self.serving(), [101, 102])
        self.assertNotIn(101, self.drained())
        self.assertNotIn(102, self.drained())
        self.assertEqual(self.said("trying"), 0)

    def test_unfit(self) -> None:
        """An application that cannot be loaded replaces nothing; the others are not waited for."""
        self.begin()
        done = self.reload()
        first, second = self.came()
        second.protocol.said_unfit("module = app: No module named 'app'")
        self.assertEqual(self.killed(), [104, 105])
        for process in (first, second):
            process.exit(signal=9)
        self.lives.clock.advance(60)
        self.assertEqual(len(self.came()), 2)
        self.assert_given_up(done, "module = app: No module named 'app'")

    def test_dies(self) -> None:
        """A successor that dies does the same, and no other is tried."""
        for how, words in (
            ({"signal": 11}, "by signal 11"),
            ({"code": 3}, "with exit code 3"),
            ({"code": EXIT_NO_APP}, f"with exit code {EXIT_NO_APP}"),
        ):
            self.begin()
            done = self.reload()
            self.came()[1].exit(**how)
            self.lives.clock.advance(60)
            self.assertEqual((self.killed(), len(self.came())), ([104], 2))
            self.assert_given_up(
                done, f"worker 2 (pid: 105) ended before it could take over, {words}"
            )

    def test_ready_ones_finish(self) -> None:
        """Who was ready by then may be serving (C{http-socket}): it is asked, not killed."""
        self.begin()
        done = self.reload()
        first, second = self.came()
        first.ready()
        second.exit(signal=9)
        self.assertEqual((self.killed(), self.drained()), ([], [104]))
        first.exit()
        self.lives.clock.advance(60)
        self.assertEqual(self.came(), [first, second])
        self.assertEqual(self.said("worker 1 killed successfully (pid: 104)"), 1)
        self.assertFalse(self.successResultOf(done))

    def test_not_spawned(self) -> None:
        """So does a process that the system refuses; nothing of it stays open."""
        self.begin()
        before = len(open_descriptors())
        self.lives.spawner.error = OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        done = self.reload()
        self.assertEqual(len(open_descriptors()), before)
        self.assertEqual(self.said("unable to spawn worker"), 1)
        self.assert_given_up(done, "worker 1 could not be started")

    def test_no_descriptors_for_links(self) -> None:
        """So does a lack of descriptors when all are ready."""
        self.begin()
        done = self.reload()

        def none_left() -> None:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

        self.patch(socket, "socketpair", none_left)
        self.ready()
        self.assertEqual(self.drained(), [104, 105])
        self.assert_given_up(done, "Too many open files")

    def test_need_app_off(self) -> None:
        """A successor has to load the application, whatever C{need-app} says."""
        self.begin(need_app=False)
        self.reload()
        self.assertFalse(self.before[0].launch.settings.need_app)
        self.assertTrue(self.came()[0].launch.settings.need_app)
        self.ready()
        self.came()[0].exit(signal=9)
        self.lives.clock.advance(0)
        self.assertFalse(self.came()[-1].launch.settings.need_app)

    def test_another_time(self) -> None:
        """After it another reload is as good as ever."""
        self.begin()
        self.reload()
        for process in self.came():
            process.exit(code=1)
        done = self.reload()
        self.ready(*self.came()[2:])
        self.assertTrue(self.successResultOf(done))
        self.assertEqual(self.drained(), [101, 102])

    def test_too_large(self) -> None:
        """What the scoreboard has no room for is not tried."""
        self.begin()
        for settings, words in (
            ({"processes": 129}, "processes = 129 needs a restart: without one it is 128 at most"),
            ({"threads": 257}, "threads = 257 needs a restart: without one it is 256 at most"),
            ({"http_processes": 33}, "http-processes = 33 needs a restart"),
        ):
            self.assertFalse(self.successResultOf(self.reload(**settings)))
            self.assertIn(f"reload given up: {words}", self.lives.log.lines[-1])
        self.assertEqual(self.names(), [])

    def test_configuration(self) -> None:
        """A configuration that cannot be meant is one line, and starts nobody."""
        self.begin()

        def wrong() -> Plan:
            raise ConfigurationError("uwsgi.ini:3: threads = many: not a number")

        self.lives.master.read_plan = wrong
        done = self.lives.master.reload_configuration()
        self.assert_given_up(done, "uwsgi.ini:3: threads = many: not a number")
        self.assertEqual(self.names(), [])
