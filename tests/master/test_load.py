"""Tests of L{twsgi.master.load} and L{twsgi.master.regulator}: cheaper, from end to end."""

from __future__ import annotations

import signal
import socket

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.master.fakes import House, loopback, make_plan
from twsgi.control.scoreboard import FRONTEND_ACTIVE, FRONTEND_QUEUED, WORKER_WAITING, Scoreboard
from twsgi.master.load import _parked, accept_queue, snapshot
from twsgi.master.pulse import PERIOD


class AcceptQueueTests(SynchronousTestCase):
    """The kernel's queue of a listening socket."""

    def test_counts_connections(self) -> None:
        """It is the number of connections that nobody has accepted yet."""
        if not hasattr(socket, "TCP_INFO"):
            raise SkipTest("this system does not tell")
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
            listening.listen(8)
            self.assertEqual(accept_queue(listening), 0)
            clients = [socket.create_connection(listening.getsockname()) for _ in range(3)]
            self.assertEqual(accept_queue(listening), 3)
            listening.accept()[0].close()
            self.assertEqual(accept_queue(listening), 2)
            for client in clients:
                client.close()

    def test_no_socket(self) -> None:
        """What is no TCP socket has no queue."""
        one, other = socket.socketpair()
        with one, other:
            self.assertEqual(accept_queue(one), 0)


class SnapshotTests(SynchronousTestCase):
    """What is shown to the algorithm."""

    def setUp(self) -> None:
        self.house = House(make_plan(workers=4, minimum=2, listeners=(loopback("http-socket"),)))
        self.addCleanup(self.house.tear_down)

    def look(self) -> object:
        master = self.house.master
        assert master.scoreboard is not None
        return snapshot(master.plan, master._crew.roster, master.scoreboard, master.listening.bound)

    def test_workers(self) -> None:
        """Booting workers have no busy core, leaving ones are not there, empty places are free."""
        house = self.house
        house.start(ready=False)
        house.busy(1, 1)
        house.busy(2, 2)
        house.worker(1).ready()
        seen = self.look()
        self.assertEqual(
            [(one.index, one.ready, one.busy) for one in seen.workers],  # type: ignore[attr-defined]
            [(1, True, 1), (2, False, 0)],
        )
        self.assertEqual((seen.free, seen.minimum, seen.threads), (2, 2, 2))  # type: ignore[attr-defined]
        house.worker(1).protocol.leave(None)
        seen = self.look()
        self.assertEqual([one.index for one in seen.workers], [2])  # type: ignore[attr-defined]
        self.assertEqual(seen.free, 2)  # type: ignore[attr-defined]

    def test_waiting(self) -> None:
        """Requests wait in frontends, in workers, and in the kernel's queue of the workers."""
        self.house.start()
        scoreboard = self.house.master.scoreboard
        assert scoreboard is not None
        scoreboard.frontend(1)[FRONTEND_QUEUED] = 5
        scoreboard.worker(2)[WORKER_WAITING] = 7
        self.assertEqual(self.look().waiting, 12)  # type: ignore[attr-defined]
        if not hasattr(socket, "TCP_INFO"):
            raise SkipTest("this system does not tell the kernel's queue")
        port = self.house.master.listening.bound[0].address.port
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.send(b"GET")
            self.assertEqual(self.look().waiting, 13)  # type: ignore[attr-defined]


class ParkedTests(SynchronousTestCase):
    """Requests that several frontends have sent, and no core has taken."""

    def test_table(self) -> None:
        """Each row: what each frontend has sent, how many cores are busy; how many wait."""
        for active, busy, expected in (
            ([0, 0], 0, 0), ([1, 1], 2, 0), ([2, 2], 2, 2), ([0, 4], 3, 1),
            ([1, 1], 3, 0), ([4], 2, 0),
        ):  # fmt: skip
            scoreboard = Scoreboard.create(4, 4, 4)
            scoreboard.share(len(active))
            for place in (1, 2):
                scoreboard.give_worker(place, place, 2)
                scoreboard.give_frontend(place)
            for index, sent in enumerate(active):
                scoreboard.frontend(index + 1)[FRONTEND_ACTIVE] = sent
            for core in range(busy):
                scoreboard.core(core // 2 + 1, core % 2)[0] = 1
            self.assertEqual(_parked(scoreboard), expected, (active, busy))


class CheaperTests(SynchronousTestCase):
    """A master with C{cheaper}, and the clock."""

    def house(self, **settings: int) -> House:
        house = House(make_plan(workers=4, minimum=1, frontends=0, **settings))
        self.addCleanup(house.tear_down)
        house.start()
        return house

    def live(self, house: House) -> list[int]:
        return [child.index for child in house.master._crew.roster.serving()]

    def test_grows_one_by_one(self) -> None:
        """Under overload there are four workers after twelve samples and three boots."""
        house = self.house(cheaper_step=1)

        def boot_and_be_busy() -> None:
            for index in self.live(house):
                house.busy(index, 2)

        boot_and_be_busy()
        for count in (2, 3, 4):
            house.samples(3)
            self.assertEqual(len(self.live(house)), count - 1)
            house.samples(1)
            self.assertEqual(self.live(house), list(range(1, count + 1)))
            # While it boots, nothing more is started.
            house.samples(8)
            self.assertEqual(len(self.live(house)), count)
            house.worker(count).ready()
            boot_and_be_busy()
        house.samples(40)
        self.assertEqual(len(house.spawner.processes), 4)

    def test_grows_at_once(self) -> None:
        """C{cheaper-step} unset, as many workers are started as the waiting requests need."""
        house = self.house()
        assert house.master.scoreboard is not None
        house.master.scoreboard.worker(1)[WORKER_WAITING] = 3
        house.busy(1, 2)
        house.samples(4)
        self.assertEqual(self.live(house), [1, 2, 3])
        self.assertTrue(house.log.said("spawned uWSGI worker 3 (pid: 103, cores: 2)"))

    def test_shrinks(self) -> None:
        """Idle workers are drained, the oldest first, one at a time, down to the minimum."""
        house = House(make_plan(workers=3, minimum=1, frontends=0))
        self.addCleanup(house.tear_down)
        house.start()
        for index in (2, 3):
            house.clock.advance(0.1)
            house.master._crew.roster.workers[index - 1].fill()
            house.worker(index).ready()
        for left in ([2, 3], [3]):
            while not any(
                process.control.drains and not process.control.closed
                for process in house.spawner.processes
            ):
                house.clock.advance(0.25)
            self.assertEqual(self.live(house), left)
            house.worker(left[0] - 1).exit()
        house.samples(100)
        self.assertEqual(self.live(house), [3])
        self.assertEqual(len(house.spawner.processes), 3)
        self.assertIn("worker 1 killed successfully (pid: 101)", house.log.lines)
        self.assertIn("uWSGI worker 1 cheaped.", house.log.lines)
        self.assertEqual(house.worker(1).control.drains, [False])

    def test_comes_back(self) -> None:
        """A place that was cheaped is taken again under load: respawned, uWSGI says."""
        house = self.house(cheaper_overload=0)
        house.busy(1, 2)
        house.samples(1)
        house.worker(2).ready()
        house.busy(1, 0)
        house.samples(4)
        house.worker(1).exit()
        house.busy(2, 2)
        house.samples(1)
        self.assertTrue(house.log.said("Respawned uWSGI worker 1 (new pid: 103)"))

    def test_off(self) -> None:
        """Without C{cheaper} nobody looks."""
        house = House(make_plan(workers=2, frontends=0))
        self.addCleanup(house.tear_down)
        house.start()
        house.clock.advance(1)
        self.assertEqual([call.getTime() for call in house.clock.getDelayedCalls()], [PERIOD])

    def test_stops_with_the_service(self) -> None:
        """While all leave nobody looks: only mercy is on the clock."""
        house = self.house()
        house.busy(1, 2)
        house.master.stopService()
        house.samples(40)
        self.assertEqual(len(house.spawner.processes), 1)
        self.assertEqual(house.worker(1).signals, [])
        house.worker(1).exit(signal=signal.SIGKILL)
        self.assertEqual(house.clock.getDelayedCalls(), [])
