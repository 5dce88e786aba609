"""Workers that are old, big or broken are replaced, and so are all when a file is touched."""

from __future__ import annotations

import json
import signal
from collections.abc import Mapping

from tests.behaviour.harness import Http, HttpSocket, ModeCase
from tests.behaviour.server import READY, SPAWNED, Call, Server

SEEYA = r"(?m)^\.\.\.The work of process (\d+) is done\. Seeya! \(worker (\d+): .*\)$"
GONE = r"(?m)^worker (\d+) killed successfully \(pid: (\d+)\)$"
TOUCHED = r"(?m)^.* - \*\*\* (\S+) has been touched\.\.\. (.*) !!! \*\*\*$"
#: One worker, as young as it may be, unless the test says otherwise.
ONE: Mapping[str, str | None] = {"processes": "1", "cheaper": None, "min-worker-lifetime": "0"}
TWO: Mapping[str, str | None] = {"processes": "2", "cheaper": None}


class RecyclingCase(ModeCase):
    """Servers all of whose workers are ready."""

    def ready(self, changes: Mapping[str, str | None], workers: int) -> Server:
        """A server with so many workers, and these changes to its file."""
        server = self.serve(changes)
        server.wait_for(READY, workers)
        server.get("/pid")
        return server

    def assert_order(self, server: Server, *patterns: str) -> None:
        """The log has these, one after the other."""
        text, start = server.text(), 0
        for pattern in patterns:
            found = [one for one in server.find(pattern) if one.start() >= start]
            self.assertTrue(found, f"{pattern} does not follow in:\n{text[start:]}")
            start = found[0].end()


class Recycling:
    """One worker that has to be replaced, in both modes."""

    def test_max_requests(self) -> None:
        """The successor is ready before the old worker is asked to leave, which finishes first."""
        server = self.ready({**ONE, "max-requests": "10", "max-requests-delta": "0"}, 1)
        old = server.worker()
        call = Call(lambda: server.get("/block?last"))
        self.soon(lambda: server.site.inside("last"), "the request is inside")
        self.assertEqual(server.find(SEEYA), [])
        for _ in range(10):
            self.assertEqual(server.get("/pid").status, 200)
        self.assertEqual(int(server.wait_for(SEEYA)[1]), old)
        server.wait_for(READY, 2)
        self.soon(lambda: server.get("/pid").worker != old, "the successor serves")
        self.assertIn(old, server.alive())
        server.site.release("last")
        self.assertEqual((call.result().status, call.result().worker), (200, old))
        self.assertEqual(int(server.wait_for(GONE)[2]), old)
        self.assert_order(server, SEEYA, SPAWNED, READY, GONE)
        self.assertEqual(server.find("DAMN"), [])
        self.assertEqual(server.stop(), 0)

    def test_min_worker_lifetime(self) -> None:
        """A worker that is too young stays, whatever it has served."""
        server = self.ready({**ONE, "max-requests": "5", "min-worker-lifetime": "3"}, 1)
        old = server.worker()
        for _ in range(50):
            self.assertEqual(server.get("/pid").worker, old)
        self.assertEqual(server.find(SEEYA), [])
        server.wait_for(SEEYA)
        self.soon(lambda: server.get("/pid").worker != old, "the successor serves")

    def test_memory(self) -> None:
        """A worker that has grown is replaced."""
        server = self.ready({**ONE, "reload-on-rss": "200"}, 1)
        old = server.get("/grow?1").worker
        self.assertEqual(server.get("/grow?250").worker, old)
        self.assertEqual(int(server.wait_for(SEEYA)[1]), old)
        self.soon(lambda: server.get("/pid").worker != old, "the successor serves")
        server.wait_for(GONE)
        self.assertEqual(len(server.find(SEEYA)), 1)
        self.assertEqual(server.stop(), 0)

    def test_evil_memory(self) -> None:
        """Nobody is evil here: what the worker has begun it finishes."""
        server = self.ready({**ONE, "evil-reload-on-rss": "200"}, 1)
        call = Call(lambda: server.get("/block?last"))
        self.soon(lambda: server.site.inside("last"), "the request is inside")
        old = server.get("/grow?250").worker
        server.wait_for(rf"\*\*\* EVIL RELOAD ON WORKER 1 RSS: \d+ \(pid: {old}\) \*\*\*")
        self.soon(lambda: server.get("/pid").worker != old, "the successor serves")
        server.site.release("last")
        self.assertEqual((call.result().status, call.result().worker), (200, old))

    def test_exception(self) -> None:
        """The client of a request that raises has its 500; then its worker is replaced."""
        server = self.ready({**ONE, "reload-on-exception": "true"}, 1)
        old = server.worker()
        self.assertEqual(server.get("/raise").status, 500)
        server.wait_for(rf"monitored exception detected, respawning worker 1 \(pid: {old}\)")
        self.soon(lambda: server.get("/pid").worker != old, "the successor serves")
        self.assertEqual(server.stop(), 0)

    def test_without_master(self) -> None:
        """Without a master nothing of it happens, and the start says so."""
        changes = {"master": None, "processes": None, "cheaper": None}
        server = self.serve({**changes, "max-requests": "5"})
        server.wait_for(r"(?m)^max-requests has no effect without a master: set master = true$")
        worker = server.get("/pid").worker
        for _ in range(20):
            self.assertEqual(server.get("/pid").worker, worker)

    def test_hook_of_the_stop(self) -> None:
        """C{gracefully_kill_them_all} is what SIGTERM does, and no option to be warned of."""
        hook = "unix_signal:15 gracefully_kill_them_all"
        server = self.ready({**ONE, "hook-master-start": hook}, 1)
        call = Call(lambda: server.get("/block?last"))
        self.soon(lambda: server.site.inside("last"), "the request is inside")
        server.send_signal(signal.SIGTERM)
        server.wait_for("SIGTERM received")
        server.site.release("last")
        self.assertEqual(call.result().status, 200)
        self.assertEqual(server.wait_for_exit(), 0)
        self.assertEqual(server.find("hook"), [])


class Touching:
    """Two workers and a file, in both modes."""

    def words(self, server: Server) -> object:
        """What the application finds in its environment."""
        return json.loads(server.get("/process?WORD").body)["value"]

    def workers(self, server: Server) -> set[int]:
        """The workers that run."""
        return {pid for pid, line in server.alive().items() if "uWSGI worker" in line}

    def test_configuration(self) -> None:
        """The file may be the configuration: what is written there is in force."""
        server = self.ready({**TWO, "touch-reload": self.ini, "env": "WORD=first"}, 2)
        old = self.workers(server)
        self.assertEqual(self.words(server), "first")
        server.site.edit(self.ini, {"env": "WORD=second"})
        server.wait_for(r"(?m)^reload complete$")
        self.assertEqual(self.words(server), "second")
        self.assertEqual(self.workers(server) & old, set())
        path = server.site.directory / self.ini
        self.assertEqual(
            [found.groups() for found in server.find(TOUCHED)], [(str(path), "grace them all")]
        )
        self.assertEqual(server.stop(), 0)

    def test_file_that_appears(self) -> None:
        """A file that was not there is touched when it is, and when it is touched again."""
        server = self.ready({**TWO, "touch-workers-reload": "go", "env": "WORD=first"}, 2)
        server.site.edit(self.ini, {"env": "WORD=second"})
        for count in (1, 2):
            (server.site.directory / "go").touch()
            server.wait_for(r"(?m)^reload complete$", count)
            self.assertEqual(self.words(server), "first")
        self.assertEqual([found[2] for found in server.find(TOUCHED)], ["workers reload"] * 2)
        (server.site.directory / "go").unlink()
        self.assertEqual(server.stop(), 0)

    def test_chain(self) -> None:
        """One worker after another: the next begins when the one before has been replaced."""
        server = self.ready({**TWO, "touch-chain-reload": "go"}, 2)
        old = [server.worker(index) for index in (1, 2)]
        (server.site.directory / "go").touch()
        server.wait_for(r"(?m)^chain reloading complete$")
        self.assertEqual(self.workers(server) & set(old), set())
        steps = [
            (rf"chain next victim is worker {index}$",
             rf"Respawned uWSGI worker {index} ",
             READY,
             rf"worker {index} killed successfully \(pid: {pid}\)")
            for index, pid in enumerate(old, 1)
        ]  # fmt: skip
        self.assert_order(server, r"chain reload !!!", *(f"(?m)^{one}" for s in steps for one in s))
        self.assertEqual(server.stop(), 0)


class HttpRecyclingTests(Recycling, Http, RecyclingCase):
    """L{Recycling}, C{http =}."""


class HttpSocketRecyclingTests(Recycling, HttpSocket, RecyclingCase):
    """L{Recycling}, C{http-socket =}."""


class HttpTouchingTests(Touching, Http, RecyclingCase):
    """L{Touching}, C{http =}."""


class HttpSocketTouchingTests(Touching, HttpSocket, RecyclingCase):
    """L{Touching}, C{http-socket =}."""
