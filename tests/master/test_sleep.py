"""Tests of L{twsgi.master.sleep}: C{cheap}, C{idle} and C{die-on-idle} of a whole master."""

from __future__ import annotations

import socket
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.master.fakes import House, loopback, make_plan
from twsgi.control.scoreboard import (
    BOARD_ASLEEP,
    CORE_REQUESTS,
    FRONTEND_QUEUED,
    FRONTEND_STATIC,
    WORKER_STATIC,
    Scoreboard,
)

CHEAP = "cheap mode enabled: waiting for socket connection..."


class SleepTestCase(SynchronousTestCase):
    """A house with one frontend."""

    def house(self, **how: Any) -> House:
        house = House(make_plan(**{"workers": 2, **how}))
        self.addCleanup(house.tear_down)
        return house

    def board(self, house: House) -> Scoreboard:
        assert house.master.scoreboard is not None
        return house.master.scoreboard

    def asleep(self, house: House) -> int:
        """What the frontends are told."""
        found: int = self.board(house).board[BOARD_ASLEEP]
        return found

    def queue(self, house: House, requests: int) -> None:
        """So many wait in the frontend."""
        self.board(house).frontend(1)[FRONTEND_QUEUED] = requests

    def workers(self, house: House) -> list[str]:
        """Who was spawned, but for the frontend."""
        return [name for name in house.spawner.names() if name.startswith("worker")]

    def fall_asleep(self, house: House) -> None:
        """Its workers are ready, nobody asks for anything, and they leave."""
        house.start()
        house.samples(13)
        for process in house.spawner.processes:
            if process.name.startswith("worker"):
                self.assertEqual(process.control.drains, [False])
                process.exit()


class CheapTests(SleepTestCase):
    """C{cheap}: no worker is there at first."""

    def test_start(self) -> None:
        """The frontend is started, no worker is, and the log says so."""
        house = self.house(cheap=True)
        house.start()
        house.samples(40)
        self.assertEqual(house.spawner.names(), ["http 1"])
        at = house.log.lines.index(CHEAP)
        self.assertIn("spawned uWSGI master process", house.log.lines[at - 1])
        self.assertEqual(self.asleep(house), 1)

    def test_wakes(self) -> None:
        """A request that waits in the frontend starts all workers, once."""
        house = self.house(cheap=True)
        house.start()
        self.queue(house, 1)
        house.samples(1)
        self.assertEqual(self.workers(house), ["worker 1", "worker 2"])
        house.samples(8)
        self.assertEqual(self.asleep(house), 1)
        house.worker(1).ready()
        house.worker(2).ready()
        self.queue(house, 0)
        house.samples(8)
        self.assertEqual(len(self.workers(house)), 2)
        self.assertEqual(self.asleep(house), 0)
        self.successResultOf(house.master.ready)

    def test_cheaper(self) -> None:
        """With C{cheaper} as many are started as at a start without C{cheap}."""
        house = self.house(workers=4, minimum=2, cheap=True)
        house.start()
        self.queue(house, 9)
        house.samples(1)
        self.assertEqual(self.workers(house), ["worker 1", "worker 2"])

    def test_http_socket(self) -> None:
        """A connection that waits in the kernel's queue starts them; the master accepts it not."""
        house = self.house(cheap=True, frontends=0, listeners=(loopback("http-socket"),))
        house.start()
        house.samples(8)
        self.assertEqual(self.workers(house), [])
        (bound,) = house.master.listening.bound
        with socket.create_connection(("127.0.0.1", bound.address.port)) as client:
            client.send(b"GET / HTTP/1.1\r\n")
            house.samples(1)
            self.assertEqual(len(self.workers(house)), 2)
            accepted, _ = bound.socket.accept()
            with accepted:
                self.assertEqual(accepted.recv(99), b"GET / HTTP/1.1\r\n")

    def test_application_cannot_be_loaded(self) -> None:
        """Where the first worker cannot load the application, it is as at any start."""
        house = self.house(cheap=True)
        house.start()
        self.queue(house, 1)
        house.samples(1)
        house.worker(1).protocol.said_unfit("no")
        self.assertEqual(len(house.failures), 1)

    def test_reload(self) -> None:
        """A reload starts workers: whether the application can be loaded is to be seen."""
        house = self.house(cheap=True)
        house.start()
        house.master.reload()
        self.assertEqual(self.workers(house), ["worker 1", "worker 2"])
        house.worker(1).ready()
        house.worker(2).ready()
        house.samples(4)
        self.assertEqual(self.asleep(house), 0)

    def test_stop(self) -> None:
        """A stop needs nobody."""
        house = self.house(cheap=True, frontends=0)
        house.start()
        self.successResultOf(house.master.stopService())
        self.assertEqual(house.clock.getDelayedCalls(), [])


class IdleTests(SleepTestCase):
    """C{idle = 3}: all go after three seconds without a request."""

    def test_sleeps(self) -> None:
        """After three seconds the log says it in uWSGI's words, and all workers are asked to go."""
        house = self.house(idle=3)
        house.start()
        house.samples(11)
        self.assertFalse(house.log.said("inactive"))
        house.samples(2)
        lines = house.log.lines
        at = lines.index("workers have been inactive for more than 3 seconds (3-0)")
        self.assertEqual(
            lines[at + 1 : at + 4],
            ["killing worker 1 (pid: 101)", "killing worker 2 (pid: 102)", CHEAP],
        )
        self.assertEqual(self.asleep(house), 1)
        house.worker(1).exit()
        house.worker(2).exit()
        self.assertIn("uWSGI worker 2 cheaped.", house.log.lines)
        house.samples(400)
        self.assertEqual(len(self.workers(house)), 2)
        self.assertEqual(len([line for line in lines if "inactive" in line]), 1)

    def test_wakes(self) -> None:
        """Who asks for something later finds workers again; then they leave again."""
        house = self.house(idle=3)
        self.fall_asleep(house)
        for round in (1, 2):
            self.queue(house, 1)
            house.samples(1)
            self.assertEqual(len(self.workers(house)), 2 + 2 * round)
            house.worker(1).ready()
            house.worker(2).ready()
            self.queue(house, 0)
            house.samples(1)
            self.assertEqual(self.asleep(house), 0)
            house.samples(13)
            self.assertEqual(self.asleep(house), 1)
            house.worker(1).exit()
            house.worker(2).exit()
        self.assertTrue(house.log.said("Respawned uWSGI worker 1 (new pid: 106)"))

    def test_activity(self) -> None:
        """Each of these keeps them: a busy core, one that waits, one that was served."""
        house = self.house(idle=3)
        house.start()
        board = self.board(house)
        core = board.core(house.worker(2).launch.place, 1)
        static = board.worker(house.worker(1).launch.place)

        def served() -> None:
            core[CORE_REQUESTS] += 1

        def served_static() -> None:
            static[WORKER_STATIC] += 1

        for act, calm in (
            (lambda: house.busy(1, 1), lambda: house.busy(1, 0)),
            (lambda: self.queue(house, 1), lambda: self.queue(house, 0)),
            (served, lambda: None),
            (served_static, lambda: None),
        ):
            for _ in range(5):
                act()
                house.samples(8)
            calm()
            self.assertFalse(house.log.said("inactive"))
        house.samples(13)
        self.assertTrue(house.log.said("inactive"))

    def test_static_files(self) -> None:
        """What the frontend serves alone needs no worker."""
        house = self.house(idle=3)
        house.start()
        for _ in range(13):
            self.board(house).frontend(1)[FRONTEND_STATIC] += 1
            house.samples(1)
        self.assertTrue(house.log.said("inactive"))

    def test_while_one_boots(self) -> None:
        """An application that takes long to load is not idle meanwhile."""
        house = self.house(idle=3)
        house.start(ready=False)
        house.samples(40)
        self.assertFalse(house.log.said("inactive"))
        house.worker(1).ready()
        house.worker(2).ready()
        house.samples(13)
        self.assertTrue(house.log.said("inactive"))

    def test_comes_while_they_leave(self) -> None:
        """Who comes while a worker has yet to leave waits for another, not for that one."""
        house = self.house(workers=1, idle=3)
        house.start()
        house.samples(13)
        leaving = house.worker(1)
        self.queue(house, 1)
        house.samples(1)
        self.assertEqual(len(self.workers(house)), 2)
        house.worker(1).ready()
        leaving.exit()
        self.assertIn("uWSGI worker 1 cheaped.", house.log.lines)
        house.samples(8)
        self.assertEqual(len(self.workers(house)), 2)

    def test_a_dead_one(self) -> None:
        """One that waits to be started again, because it dies young, is not started any more."""
        house = self.house(workers=1, idle=3)
        house.start()
        for _ in range(3):
            house.worker(1).exit(code=1)
            house.samples(1)
        count = len(self.workers(house))
        house.master.staffing.go_cheap()  # type: ignore[union-attr]
        house.samples(400)
        self.assertEqual(len(self.workers(house)), count)

    def test_reload(self) -> None:
        """A reload of those who sleep wakes them; three seconds later they sleep again."""
        house = self.house(idle=3)
        self.fall_asleep(house)
        done = house.master.reload()
        house.worker(1).ready()
        house.worker(2).ready()
        self.assertTrue(self.successResultOf(done))
        house.samples(1)
        house.samples(10)
        self.assertFalse(house.worker(1).control.drains)
        house.samples(4)
        self.assertEqual(house.worker(1).control.drains, [False])

    def test_reload_that_fails(self) -> None:
        """Who sleeps sleeps on, and can be woken."""
        house = self.house(idle=3)
        self.fall_asleep(house)
        done = house.master.reload()
        house.worker(1).exit(code=1)
        self.assertFalse(self.successResultOf(done))
        house.worker(2).exit(signal=9)
        self.queue(house, 1)
        house.samples(1)
        self.assertEqual(len(self.workers(house)), 6)

    def test_cheaper(self) -> None:
        """C{cheaper} does what it does while they are awake, and nothing while they sleep."""
        house = self.house(workers=4, minimum=1, idle=3)
        house.start()
        house.busy(1, 2)
        house.samples(4)
        house.worker(2).ready()
        house.busy(1, 0)
        house.samples(100)
        self.assertEqual(self.asleep(house), 1)
        for index in (1, 2):
            house.worker(index).exit()
        house.samples(100)
        self.assertEqual(self.workers(house), ["worker 1", "worker 2"])

    def test_off(self) -> None:
        """Without C{idle} nobody ever goes."""
        house = self.house()
        house.start()
        house.samples(4000)
        self.assertEqual(house.worker(1).control.drains, [])


class DieOnIdleTests(SleepTestCase):
    """C{die-on-idle}: everything stops."""

    def test_owner(self) -> None:
        """Whose process it is is asked to end it, once, and nobody is sent to sleep."""
        asked: list[bool] = []

        class Owner:
            def finish(self, at_once: bool) -> None:
                asked.append(at_once)

        house = self.house(idle=3, die_on_idle=True)
        house.master.owner = Owner()  # type: ignore[assignment]
        house.start()
        house.samples(40)
        self.assertEqual(asked, [False])
        self.assertNotIn(CHEAP, house.log.lines)
        self.assertTrue(house.log.said("workers have been inactive for more than 3 seconds (3-0)"))

    def test_alone(self) -> None:
        """Without an owner the service stops itself."""
        house = self.house(idle=3, die_on_idle=True, frontends=0)
        house.start()
        house.samples(13)
        self.assertEqual(house.worker(1).control.drains, [True])
