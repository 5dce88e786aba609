"""Each algorithm of C{cheaper-algo} with real workers, up and down."""

from __future__ import annotations

import time

from tests.behaviour.harness import Http, HttpSocket, ModeCase
from tests.behaviour.server import SPAWNED, Call, Server
from tests.behaviour.test_cheaper import CHEAPED
from tests.behaviour.test_master_fifo import order


class AlgorithmCase(ModeCase):
    """One to four workers of one thread each."""

    changes: dict[str, str | None]

    def begin(self, **changes: str) -> Server:
        """Starts it, C{_} for C{-}, and waits until a worker is ready."""
        wanted = {name.replace("_", "-"): value for name, value in changes.items()}
        server = self.serve({"threads": "1", **self.changes, **wanted})
        server.wait_ready()
        return server

    def spawned(self, server: Server) -> list[int]:
        """The numbers of the workers that the log says were spawned, in order."""
        return [int(found[1]) for found in server.find(SPAWNED)]

    def load(self, server: Server, requests: int) -> list[Call]:
        """Requests that stay inside until L{release}; one after another, where it matters."""
        return [Call(lambda: server.get("/block?load")) for _ in range(requests)]

    def inside(self, server: Server, requests: int) -> None:
        """Waits until so many are."""
        self.soon(lambda: len(server.site.inside("load")) == requests, f"{requests} are inside")

    def release(self, server: Server, calls: list[Call]) -> None:
        """Lets them go; all are answered."""
        server.site.release("load")
        self.assertEqual([call.result().status for call in calls], [200] * len(calls))


class Backlog:
    """C{backlog}: one request may wait."""

    changes = {"cheaper-algo": "backlog", "cheaper-overload": "1", "cheaper-initial": "2"}

    def test_up_and_down(self) -> None:
        """Two at first, one while nobody waits, four while many do, one again."""
        server = self.begin()
        self.assertEqual(self.spawned(server), [1, 2])
        server.wait_for(CHEAPED)
        calls = self.load(server, 7)
        self.inside(server, 4)
        self.assertEqual(sorted(set(self.spawned(server))), [1, 2, 3, 4])
        self.release(server, calls)
        server.wait_for(CHEAPED, 4)
        self.assertEqual(server.get("/").status, 200)


class HttpBacklogTests(Backlog, Http, AlgorithmCase):
    """L{Backlog}, C{http =}: they wait in the frontend."""


class HttpSocketBacklogTests(Backlog, HttpSocket, AlgorithmCase):
    """L{Backlog}, C{http-socket =}: they wait in the kernel."""


class BusynessTests(HttpSocket, AlgorithmCase):
    """C{busyness}, measured over a second."""

    changes = {
        "cheaper-algo": "busyness",
        "cheaper-overload": "1",
        "cheaper-step": "1",
        "cheaper-busyness-max": "70",
        "cheaper-busyness-min": "20",
        "cheaper-busyness-multiplier": "1",
        "cheaper-busyness-verbose": "true",
    }

    def test_up_and_down(self) -> None:
        """A worker that is always busy calls for another; when both rest one goes."""
        server = self.begin()
        server.wait_for(
            r"\[busyness\] settings: min=20%, max=70%, overload=1, multiplier=1, respawn penalty=2"
        )
        calls = self.load(server, 1)
        server.wait_for(r"\[busyness\] 1s average busyness is at \d+%, will spawn 1 new worker")
        # One of two is busy: neither much nor little.
        server.wait_for(r"busyness is at (49|50|51)%, \d non-idle cycle")
        self.assertEqual(self.spawned(server), [1, 2])
        self.release(server, calls)
        server.wait_for(r"\[busyness\] 1s average busyness is at \d+%, cheap one of 2 running")
        server.wait_for(CHEAPED)
        self.assertEqual(server.get("/").status, 200)

    def test_emergency(self) -> None:
        """More than two that wait do not have to wait for the end of the second."""
        server = self.begin(
            cheaper_overload="100",
            cheaper_busyness_backlog_alert="2",
            cheaper_busyness_backlog_step="2",
        )
        calls = self.load(server, 4)
        server.wait_for(r"\d requests in listen queue, spawning 2 emergency worker\(s\) \(2\)!")
        self.inside(server, 3)
        self.release(server, calls)
        self.assertEqual(self.spawned(server), [1, 2, 3])


class ManualTests(Http, AlgorithmCase):
    """C{manual}: an operator decides."""

    changes = {"cheaper-algo": "manual", "master-fifo": "fifo", "cheaper-algos-list": "true"}

    def test_up_and_down(self) -> None:
        """A plus starts a worker, a minus lets one go; the load does neither."""
        server = self.begin()
        calls = self.load(server, 2)
        self.inside(server, 1)
        order(server, "+")
        self.inside(server, 2)
        self.assertEqual(self.spawned(server), [1, 2])
        self.release(server, calls)
        order(server, "-")
        server.wait_for(CHEAPED)
        order(server, "-")
        server.wait_for(r"no fewer than 1 worker\(s\) \(cheaper\)")
        self.assertEqual(server.get("/").status, 200)

    def test_list(self) -> None:
        """C{cheaper-algos-list} writes the names to the log, and all goes on."""
        server = self.begin()
        server.wait_for(
            r"\*\*\* uWSGI loaded cheaper algorithms \*\*\*\n"
            r"spare\nbacklog\nmanual\nbusyness\n--- end of cheaper algorithms list ---\n"
        )


class MemoryTests(Http, AlgorithmCase):
    """C{cheaper-rss-limit-soft} and C{-hard}: any worker has more than two bytes."""

    changes = {"cheaper-rss-limit-soft": "1", "cheaper-initial": "3"}

    def test_soft(self) -> None:
        """No worker is added to those that are there, whatever waits."""
        server = self.begin(cheaper_algo="backlog", cheaper_overload="0", cheaper_initial="1")
        calls = self.load(server, 4)
        self.inside(server, 1)
        # It would be decided twice meanwhile.
        until = time.monotonic() + 2.5
        while time.monotonic() < until:
            self.assertEqual(self.spawned(server), [1])
            time.sleep(0.1)
        self.release(server, calls)
        self.assertEqual(self.spawned(server), [1])

    def test_hard(self) -> None:
        """One worker a second leaves, down to C{cheaper}."""
        server = self.begin(cheaper_algo="manual", cheaper_rss_limit_hard="2")
        for count in (3, 2):
            server.wait_for(f"cheaper hard rss memory limit exceeded, cheap one of {count} workers")
        server.wait_for(CHEAPED, 2)
        self.assertEqual(server.get("/").status, 200)
