"""The number of workers follows the load, and no request is lost on the way."""

from __future__ import annotations

import time

from tests.behaviour.harness import Http, HttpSocket, ModeCase
from tests.behaviour.server import SPAWNED, Call, Server

CHEAPED = r"(?m)^uWSGI worker (\d+) cheaped\.$"
KILLED = r"(?m)^worker (\d+) killed successfully \(pid: (\d+)\)$"
#: Five times what is aimed at: from one worker to four in 3 seconds, and back in 20.
GROWS, SHRINKS = 15.0, 100.0


class Cheaper:
    """C{cheaper = 1} of four workers with two threads each."""

    def spawned(self, server: Server) -> list[int]:
        """The numbers of the workers that the log says were spawned, in order."""
        return [int(found[1]) for found in server.find(SPAWNED)]

    def workers(self, server: Server) -> set[int]:
        """The pids of all workers that run."""
        return {pid for pid, line in server.alive().items() if "uWSGI worker" in line}

    def test_up_and_down(self) -> None:
        """One worker becomes four under load and one again after it; a busy one never goes."""
        server = self.serve()
        server.wait_ready()
        self.assertEqual(self.spawned(server), [1])
        held = Call(lambda: server.get("/block?held"))
        self.soon(lambda: server.site.inside("held"), "the first request is inside")
        load = [Call(lambda: server.get("/block?load")) for _ in range(7)]
        self.soon(lambda: len(server.site.inside("load")) == 7, "eight are inside", GROWS)
        self.assertEqual(sorted(self.spawned(server)), [1, 2, 3, 4])
        self.assertEqual(len(self.workers(server)), 4)
        self.assertEqual(server.find(CHEAPED), [])

        server.site.release("load")
        self.assertEqual([call.result().status for call in load], [200] * 7)
        visits = self.visit_until(server, lambda: len(server.find(CHEAPED)) >= 2)
        [busy] = server.site.inside("held")
        self.assertTrue(held.running)
        self.assertIn(busy, self.workers(server))
        server.site.release("held")
        self.assertEqual(held.result().worker, busy)
        visits += self.visit_until(server, lambda: len(server.find(CHEAPED)) >= 3)
        self.assertGreater(len(visits), 20)
        self.assertEqual(set(visits), {200})

        self.assert_back_to_one(server)

    def visit_until(self, server: Server, condition: object) -> list[int]:
        """Asks for a page every 50 ms until C{condition()} holds.  @return: the status codes."""
        statuses = []
        deadline = time.monotonic() + SHRINKS
        while not condition():
            self.assertLess(time.monotonic(), deadline, f"not within {SHRINKS} seconds")
            statuses.append(server.get("/pid", timeout=10).status)
            time.sleep(0.05)
        return statuses

    def assert_back_to_one(self, server: Server) -> None:
        """Three different workers were cheaped, each killed first; one is left, and serves."""
        cheaped = [int(found[1]) for found in server.find(CHEAPED)]
        self.assertEqual(len(set(cheaped)), 3)
        killed = {int(found[1]): found.start() for found in server.find(KILLED)}
        for found in server.find(CHEAPED):
            self.assertLess(killed[int(found[1])], found.start())
        self.soon(lambda: len(self.workers(server)) == 1, "one worker is left")
        self.assertEqual(sorted(self.spawned(server)), [1, 2, 3, 4])
        self.assertIn(server.get("/pid").worker, self.workers(server))
        self.assertEqual(server.stop(), 0)

    def test_booting_workers_count(self) -> None:
        """While a worker boots no further one is spawned for the same load."""
        server = self.serve(environment={"MEET_IMPORT_SECONDS": "2"})
        load = [Call(lambda: server.get("/block?load")) for _ in range(3)]
        self.soon(lambda: len(server.site.inside("load")) == 3, "three are inside")
        self.assertEqual(self.spawned(server), [1, 2])
        server.site.release("load")
        self.assertEqual([call.result().status for call in load], [200] * 3)
        self.assertEqual(server.stop(), 0)
        self.assertEqual(self.spawned(server), [1, 2])

    def test_one_step_at_a_time(self) -> None:
        """With cheaper-step = 1 one worker is added after the other, each when the last is full."""
        server = self.serve({"cheaper-step": "1", "cheaper-overload": "1", "threads": "1"})
        server.wait_ready()
        load = [Call(lambda: server.get("/block?load")) for _ in range(4)]
        self.soon(lambda: len(server.site.inside("load")) == 4, "four are inside", GROWS)
        self.assertEqual(self.spawned(server), [1, 2, 3, 4])
        server.site.release("load")
        self.assertEqual([call.result().status for call in load], [200] * 4)

    def test_one_busy_core_is_no_overload(self) -> None:
        """A worker that has a free core is not overloaded, as long as that lasts."""
        server = self.serve({"cheaper-overload": "1"})
        server.wait_ready()
        held = Call(lambda: server.get("/block?held"))
        self.soon(lambda: server.site.inside("held"), "the request is inside")
        # Twelve looks of the master; two would be enough if one busy core counted.
        until = time.monotonic() + 3
        while time.monotonic() < until:
            self.assertEqual(server.get("/pid").status, 200)
            time.sleep(0.1)
        self.assertEqual(self.spawned(server), [1])
        server.site.release("held")
        self.assertEqual(held.result().status, 200)


class HttpCheaperTests(Cheaper, Http, ModeCase):
    """L{Cheaper}, C{http =}."""


class HttpSocketCheaperTests(Cheaper, HttpSocket, ModeCase):
    """L{Cheaper}, C{http-socket =}."""
