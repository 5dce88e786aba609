"""Tests of L{twsgi.master.succession} and of L{Crew}'s ways to it, within a whole master."""

from __future__ import annotations

import errno
import os
import socket

from tests.master.fakes import FakeProcess
from tests.master.reloading import ReloadCase


class RecycleTests(ReloadCase):
    """Workers that have to be replaced."""

    def recycle(self, *indexes: int, reason: str = "seeya") -> None:
        """The master has found them old."""
        crew = self.lives.master._crew
        for child in list(crew.roster.serving()):
            if child.index in indexes:
                crew.recycle(child, reason)

    def last(self) -> FakeProcess:
        """Who was started last."""
        return self.came()[-1]

    def test_replacement_first(self) -> None:
        """The next one is ready, and linked, before the old one is asked to go."""
        self.begin()
        self.recycle(2, reason="...The work of process 102 is done. Seeya!")
        self.assertEqual(self.names(), ["worker 2"])
        self.assertEqual(self.serving(), [101, 102])
        self.assertEqual(self.drained(), [])
        self.last().ready()
        self.assertEqual(self.serving(), [101, 104])
        self.assertEqual(self.last().control.peers(), [1, 1])
        self.assertEqual(self.drained(), [102])
        self.before[1].exit()
        self.lives.clock.advance(60)
        self.assertEqual(len(self.came()), 1)
        self.assertEqual(
            self.lives.log.lines[-3:],
            [
                "...The work of process 102 is done. Seeya!",
                "Respawned uWSGI worker 2 (new pid: 104)",
                "worker 2 killed successfully (pid: 102)",
            ],
        )

    def test_one_at_a_time(self) -> None:
        """
        However many have to go, one successor is started at a time, when who was replaced before
        is gone; each child counts once.
        """
        self.begin(processes=3)
        self.recycle(1, 2, 3)
        self.recycle(1, 2, 3)
        for index in (1, 2, 3):
            self.assertEqual(self.names(), [f"worker {one}" for one in range(1, index + 1)])
            self.last().ready()
            self.assertEqual(len(self.names()), index)
            self.before[index - 1].exit()
        self.assertEqual(self.names(), ["worker 1", "worker 2", "worker 3"])
        self.assertEqual(self.drained(), [101, 102, 103])

    def test_asked_again(self) -> None:
        """Who waits already does not wait twice."""
        self.begin()
        for _ in range(5):
            self.recycle(1, 2)
        self.assertEqual(len(self.lives.master._crew.succession._waiting), 1)

    def test_successor_fails(self) -> None:
        """The old one goes on; another is tried after one second, then after more."""
        self.begin()
        self.recycle(1)
        for pause in (1, 1, 2, 4):
            came = len(self.came())
            self.last().protocol.said_unfit("no module")
            self.last().exit(code=22)
            line = f"worker 1 (pid: 101) goes on; in {pause} seconds another is tried"
            self.assertEqual(self.lives.log.lines[-1], line)
            self.assertEqual((self.serving(), self.drained()), ([101, 102], []))
            self.lives.clock.advance(pause - 0.1)
            self.assertEqual(len(self.came()), came)
            self.lives.clock.advance(0.2)
            self.assertEqual(len(self.came()), came + 1)
        self.last().ready()
        self.assertEqual(self.drained(), [101])
        self.assertEqual(self.lives.failures, [])

    def test_forgets_failures(self) -> None:
        """Once a successor was good the next pause is the shortest again."""
        self.begin()
        self.recycle(1, 2)
        for _ in range(3):
            self.last().exit(signal=9)
            self.lives.clock.advance(5)
        self.last().ready()
        self.before[1].exit()
        self.last().exit(signal=9)
        self.assertEqual(self.said("in 1 seconds another is tried"), 3)

    def test_not_spawned(self) -> None:
        """A process that the system refuses is tried again likewise."""
        self.begin()
        self.lives.spawner.error = OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        self.recycle(1, 2)
        self.assertEqual(self.said("unable to spawn worker 1"), 1)
        self.lives.spawner.error = None
        self.lives.clock.advance(1)
        self.assertEqual(self.names(), ["worker 1"])
        self.last().ready()
        self.before[0].exit()
        self.assertEqual(self.names(), ["worker 1", "worker 2"])

    def test_not_linked(self) -> None:
        """One that cannot be linked is asked to go, and another is tried later."""
        self.begin()
        self.recycle(1)

        def none_left() -> None:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

        self.patch(socket, "socketpair", none_left)
        self.last().ready()
        self.assertEqual((self.serving(), self.drained()), ([101, 102], [104]))
        self.assertEqual(self.said("worker 1 (pid: 101) goes on"), 1)

    def test_old_one_dies(self) -> None:
        """One that dies meanwhile has its successor already."""
        self.begin()
        self.recycle(1, 2)
        self.before[0].exit(signal=9)
        self.lives.clock.advance(50)
        self.assertEqual(self.names(), ["worker 1", "worker 2"])
        self.assertEqual(self.serving(), [104, 102])
        self.came()[0].ready()
        self.assertEqual(self.came()[0].control.peers(), [1, 1])
        self.assertEqual(self.drained(), [])

    def test_died_before_its_turn(self) -> None:
        """One that died while it waited is not replaced twice."""
        self.begin()
        self.recycle(1, 2)
        self.before[1].exit(signal=9)
        self.lives.clock.advance(0)
        self.ready()
        self.assertEqual(self.names(), ["worker 1", "worker 2"])

    def test_leaves_already(self) -> None:
        """Nor is one that leaves anyway, nor one that only finishes."""
        self.begin(processes=2, cheaper=1, cheaper_initial=2)
        crew = self.lives.master._crew
        first, second = crew.roster.serving()
        crew.retire(first)
        crew.recycle(first, "seeya")
        crew.recycle(second, "seeya")
        self.last().ready()
        crew.recycle(second, "seeya")
        self.assertEqual(self.names(), ["worker 2"])

    def test_retired_meanwhile(self) -> None:
        """One that is not needed any more needs no successor."""
        self.begin(processes=2, cheaper=1, cheaper_initial=2)
        self.recycle(1, 2)
        crew = self.lives.master._crew
        crew.retire(crew.roster.serving()[0])
        self.assertEqual(self.killed(), [104])
        self.assertEqual(self.names(), ["worker 1", "worker 2"])
        self.came()[0].exit(signal=9)
        self.before[0].exit()
        self.lives.clock.advance(60)
        self.assertEqual(self.names(), ["worker 1", "worker 2"])

    def test_reload_meanwhile(self) -> None:
        """A reload replaces them all: nobody is left to be recycled."""
        self.begin()
        self.recycle(1, 2)
        done = self.reload()
        self.assertEqual(self.killed(), [104])
        self.ready(*self.came()[1:])
        self.assertTrue(self.successResultOf(done))
        self.assertEqual(self.names(), ["worker 1", "worker 1", "worker 2"])

    def test_reload_given_up_at_once(self) -> None:
        """Whose successor had to give way to one of those has another afterwards."""
        self.begin()
        self.recycle(1, 2)
        self.reload()
        self.lives.worker(2).exit(signal=9)
        self.assertEqual(self.names(), ["worker 1", "worker 1", "worker 2", "worker 1"])
        self.last().ready()
        self.assertEqual((self.drained(), self.names()[4:]), ([101], []))
        self.before[0].exit()
        self.assertEqual(self.names()[4:], ["worker 2"])

    def test_reload_given_up_meanwhile(self) -> None:
        """Where that was given up they still have to go, one at a time."""
        self.begin()
        self.recycle(1, 2)
        self.lives.worker(1).exit(signal=9)
        self.reload()
        self.lives.worker(2).exit(signal=9)
        self.assertEqual(self.said("given up"), 1)
        self.assertEqual(self.names(), ["worker 1", "worker 1", "worker 2", "worker 2"])
        self.last().ready()
        self.assertEqual(self.drained(), [102])
        self.before[1].exit()
        self.assertEqual(self.names()[4:], ["worker 1"])
        self.lives.clock.advance(5)
        self.assertEqual(self.names()[4:], ["worker 1"])

    def test_stop(self) -> None:
        """While all leave nobody is recycled."""
        self.begin()
        self.recycle(1, 2)
        self.lives.master.stopService()
        self.assertEqual(self.killed(), [104])
        self.last().exit(signal=9)
        self.lives.clock.advance(5)
        self.assertEqual(self.names(), ["worker 1"])
        self.lives.tear_down()
        self.assertEqual(self.lives.clock.getDelayedCalls(), [])

    def test_max_requests(self) -> None:
        """The master's own looking leads here."""
        self.begin(max_requests=10, max_requests_delta=0, min_worker_lifetime=1)
        board = self.lives.master.scoreboard
        assert board is not None
        self.lives.samples(8)
        board.core(1, 0)[1] = 10
        self.lives.samples(1)
        self.assertEqual(self.said("...The work of process 101 is done. Seeya!"), 1)
        self.assertEqual(self.names(), ["worker 1"])


class AskedTests(ReloadCase):
    """Workers that somebody has sent SIGTERM."""

    def asks(self, *processes: FakeProcess) -> None:
        """They say so."""
        for process in processes:
            process.protocol.said_replace()
        self.lives.clock.advance(1)

    def test_one_at_a_time(self) -> None:
        """They are replaced like those that are old."""
        self.begin()
        self.asks(*self.before[:2])
        self.assertEqual((self.names(), self.drained()), (["worker 1"], []))
        self.came()[0].ready()
        self.assertEqual((self.names(), self.drained()), (["worker 1"], [101]))
        self.before[0].exit()
        self.assertEqual((self.names(), self.drained()), (["worker 1", "worker 2"], [101]))

    def test_reload_meanwhile(self) -> None:
        """A reload need not wait until who was replaced is gone, nor replace him again."""
        self.begin()
        self.asks(*self.before[:2])
        self.came()[0].ready()
        self.reload()
        self.assertEqual(self.names(), ["worker 1", "worker 1", "worker 2"])
        self.ready(*self.came()[1:])
        self.before[0].exit()
        self.lives.clock.advance(60)
        self.assertEqual(len(self.names()), 3)

    def test_frontend(self) -> None:
        """A frontend likewise: who connects meanwhile is served by the old one."""
        self.begin()
        old = self.before[2]
        self.asks(old)
        self.assertEqual((self.names(), self.drained()), (["http 1"], []))
        new = self.lives.frontend()
        self.assertTrue(new.launch.waits)
        new.ready()
        # Its links come before it accepts, and both before the old one goes.
        self.assertEqual((len(new.control.links), len(new.control.accepted)), (4, 1))
        self.assertEqual(self.drained(), [old.pid])

    def test_leaving(self) -> None:
        """Who only finishes is not replaced by that."""
        self.begin()
        self.asks(self.before[0])
        self.lives.worker(1).ready()
        self.asks(self.before[0])
        self.assertEqual(self.names(), ["worker 1"])

    def test_place_that_is_free(self) -> None:
        """C{cheaper} or not: its successor has its own index."""
        self.begin(processes=4, cheaper=1)
        self.asks(self.before[0])
        self.assertEqual(self.names(), ["worker 1"])


class AtOnceTests(ReloadCase):
    """A worker that can serve nobody any more."""

    def at_once(self, index: int) -> None:
        """The master has found it so."""
        crew = self.lives.master._crew
        (child,) = [one for one in crew.roster.serving() if one.index == index]
        crew.replace_at_once(child)

    def test_at_once(self) -> None:
        """It is asked to go, and another is started, in the same moment."""
        self.begin()
        self.at_once(1)
        self.assertEqual((self.drained(), self.names()), ([101], ["worker 1"]))
        self.assertEqual(self.came()[0].launch.place, 3)
        self.came()[0].ready()
        self.before[0].exit(signal=9)
        self.lives.clock.advance(60)
        self.assertEqual(self.serving(), [104, 102])
        self.assertEqual(len(self.came()), 1)

    def test_successor_is_there(self) -> None:
        """If its successor is on its way, that is the other."""
        self.begin()
        crew = self.lives.master._crew
        for child in crew.roster.serving():
            crew.recycle(child, "seeya")
        self.at_once(1)
        self.assertEqual((self.drained(), self.names()), ([101], ["worker 1"]))
        self.before[0].exit()
        self.assertEqual(self.names(), ["worker 1", "worker 2"])
        self.came()[0].ready()
        self.assertEqual(self.serving(), [104, 102])

    def test_during_a_reload(self) -> None:
        """During a reload nobody knows whether the successor ever will be: there is another."""
        self.begin()
        self.reload()
        self.at_once(1)
        self.assertEqual(self.names(), ["worker 1", "worker 2", "worker 1"])
        self.ready(*self.came()[:2])
        self.assertEqual(self.serving(), [104, 105])
        self.assertEqual(self.killed(), [106])
