"""What dies is replaced; what has lost its master goes; what cannot start does not start."""

from __future__ import annotations

import os
import signal
import time

from tests.behaviour.client import EndedError, LateError, ResetError
from tests.behaviour.harness import Http, HttpSocket, ModeCase
from tests.behaviour.server import READY, SPAWNED, Call, Server

#: Idle children leave within 2 seconds of their master's death; five times that.
ORPHANS = 10.0


class Supervision:
    """Deaths, in both modes."""

    def serve_ready(self, changes: dict[str, str | None] | None = None, **how: object) -> Server:
        """A server that has answered."""
        server = self.serve(changes, **how)
        server.wait_ready()
        return server

    def block(self, server: Server, name: str, method: str = "GET") -> Call:
        """A request that is inside the application until the test releases it."""
        call = Call(lambda: server.get(f"/block?{name}", method))
        self.soon(lambda: server.site.inside(name), "the request is inside")
        return call

    def lost(self, call: Call) -> str:
        """How a request ended whose worker died: C{502}, or the end of the connection."""
        try:
            return str(call.result().status)
        except (EndedError, ResetError):
            return "end"

    def test_killed_worker(self) -> None:
        """A worker that is killed is replaced in its place, and the next request is served."""
        server = self.serve_ready()
        pid = server.worker()
        os.kill(pid, signal.SIGKILL)
        server.wait_for(
            rf"(?m)^DAMN ! worker 1 \(pid: {pid}\) died, killed by signal 9 :\( trying respawn"
        )
        new = int(server.wait_for(r"(?m)^Respawned uWSGI worker 1 \(new pid: (\d+)\)")[1])
        spawned = time.monotonic()
        self.assertEqual(server.get("/pid").worker, new)
        # It is ready within 0.7 s of its spawn; five times that, for a busy machine.
        self.assertLess(time.monotonic() - spawned, 3.5)
        self.assertNotIn(pid, server.alive())
        self.assertEqual(server.stop(), 0)

    def test_killed_worker_with_a_request(self) -> None:
        """The client of a POST whose worker is killed is told at once; others are served."""
        server = self.serve_ready()
        call = self.block(server, "lost", "POST")
        os.kill(server.site.inside("lost")[0], signal.SIGKILL)
        self.assertIn(self.lost(call), {"http": ("502",), "http-socket": ("end",)}[self.option])
        server.wait_for(r"(?m)^Respawned uWSGI worker 1 \(new pid: (\d+)\)")
        self.assertEqual(server.get("/").status, 200)

    def test_application_that_exits(self) -> None:
        """A worker whose application ends the process is replaced."""
        server = self.serve_ready()
        pid = server.worker()
        self.assertIn(self.lost(Call(lambda: server.get("/exit"))), ("502", "end"))
        server.wait_for(rf"(?m)^DAMN ! worker 1 \(pid: {pid}\) died, exit code 1 :\( trying")
        server.wait_for(r"(?m)^Respawned uWSGI worker 1 \(new pid: (\d+)\)")
        self.assertEqual(server.get("/").status, 200)
        self.assertNotEqual(server.get("/pid").worker, pid)

    def test_worker_that_is_asked_to_leave(self) -> None:
        """SIGTERM to a worker: another takes its place, and what it had begun it finishes."""
        server = self.serve_ready()
        pid = server.worker()
        call = self.block(server, "begun")
        os.kill(pid, signal.SIGTERM)
        server.wait_for(SPAWNED, 2)
        server.wait_for(READY, 2)
        self.soon(lambda: server.get("/pid").worker != pid, "the new worker answers")
        server.site.release("begun")
        self.assertEqual((call.result().status, call.result().worker), (200, pid))
        self.soon(lambda: pid not in server.alive(), "the old worker is gone")
        self.assertEqual(server.stop(), 0)

    def test_workers_that_die_as_soon_as_they_are_ready(self) -> None:
        """Workers that die again and again are not respawned in a busy loop; TERM still stops."""
        site = self.site()
        application = site.directory / "code" / "app.py"
        application.write_text(
            application.read_text()
            + "\nimport threading\nthreading.Timer(0.05, lambda: os._exit(3)).start()\n"
        )
        server = self.twsgi(site, self.ini)
        server.wait_for(r"died, exit code 3 :\( trying respawn", 2)
        line = server.find(SPAWNED)
        self.assertLess(len(line), 6)
        server.wait_for(r"respawning too fast")
        self.assertLess(len(server.find(SPAWNED)), 20)
        self.assertEqual(server.stop(), 0)

    def test_killed_master(self) -> None:
        """When the master is killed, everything leaves, and the port is free."""
        server = self.serve_ready()
        port = server.port
        os.kill(server.master, signal.SIGKILL)
        server.wait_for_exit()
        server.assert_nothing_left(ORPHANS, [port])

    def test_killed_master_with_a_request(self) -> None:
        """When the master is killed, a request in flight is answered; then everything leaves."""
        server = self.serve_ready()
        port = server.port
        call = self.block(server, "flight")
        os.kill(server.master, signal.SIGKILL)
        server.wait_for_exit()
        self.soon(lambda: self.refuses(server), "no new connections", ORPHANS)
        server.site.release("flight")
        self.assertEqual(call.result().status, 200)
        server.assert_nothing_left(ORPHANS, [port])

    def refuses(self, server: Server) -> bool:
        """True: a new request is not served."""
        try:
            server.get("/pid", timeout=1)
        except (ConnectionError, EndedError, ResetError):
            return True
        except LateError:
            pass
        return False

    def test_killed_master_with_a_request_that_never_ends(self) -> None:
        """A request that takes the interpreter's lock for ever has worker-reload-mercy left."""
        server = self.serve_ready({"worker-reload-mercy": "2"})
        port = server.port
        with server.connect() as connection:
            connection.send("/spin?turn")
            self.soon(lambda: server.site.inside("turn"), "the request is inside")
            os.kill(server.master, signal.SIGKILL)
            server.wait_for_exit()
            self.soon(lambda: self.refuses(server), "no new connections", ORPHANS)
            server.site.release("turn")
            server.assert_nothing_left(ORPHANS, [port])

    def test_killed_master_while_the_application_is_imported(self) -> None:
        """When the master is killed while a worker imports, the worker does not finish that."""
        site = self.site()
        server = self.twsgi(site, self.ini, environment={"MEET_IMPORT_SECONDS": str(10 * ORPHANS)})
        server.wait_for(r"(?m)^added code/ to pythonpath")  # it has begun
        os.kill(server.master, signal.SIGKILL)
        server.wait_for_exit()
        server.assert_nothing_left(ORPHANS)
        gone = r"(?m)^uWSGI worker 1 error: the master disconnected from this worker"
        self.assertEqual(len(server.find(gone)), 1)

    def test_application_that_forks(self) -> None:
        """What is forked and comes out of the application ends; nobody but its parent answers."""
        server = self.serve_ready({"processes": "1", "cheaper": None})
        worker = server.get("/pid").worker
        for how, code in (("exit", b"3"), ("raise", b"1"), ("return", b"0")) * 2:
            answer = server.get(f"/fork?{how}")
            self.assertEqual((answer.status, answer.body, answer.worker), (200, code, worker))
        self.assertEqual(server.get("/fork?stream").body, b"ended: 0")
        for _ in range(5):
            self.assertEqual(server.get("/pid").worker, worker)
        self.assertEqual(len(server.find(r"RuntimeError: raised by what was forked")), 2)
        self.assertEqual(server.stop(), 0)
        server.assert_nothing_left()

    def test_application_that_cannot_be_imported(self) -> None:
        """An application that raises when it is imported stops the start with 22, nothing left."""
        site = self.site()
        site.write("code/app.py", "raise LookupError('not today')\n")
        server = self.twsgi(site, self.ini)
        self.assertEqual(server.wait_for_exit(), 22)
        server.assert_nothing_left()
        self.assertEqual(len(server.find(r"(?m)^LookupError: not today$")), 1)
        self.assertEqual(server.find(r"Respawned"), [])


class HttpSupervisionTests(Supervision, Http, ModeCase):
    """L{Supervision}, C{http =}; and what becomes of the frontend."""

    def test_killed_frontend(self) -> None:
        """A frontend that is killed is replaced, on the same port, by one that has the workers."""
        server = self.serve_ready()
        pid = server.frontend
        worker = server.get("/pid").worker
        os.kill(pid, signal.SIGKILL)
        server.wait_for(r"(?m)^[Rr]espawned uWSGI http 1 \((?:new )?pid: (\d+)\)")
        self.assertEqual(server.get("/pid").worker, worker)
        self.assertEqual(server.get("/base.css").status, 200)
        self.assertNotIn(pid, server.alive())
        self.assertEqual(server.stop(), 0)

    def test_killed_frontend_with_a_request(self) -> None:
        """The core whose frontend died in the middle of a request is free again afterwards."""
        server = self.serve_ready({"processes": "1", "cheaper": None, "threads": "1"})
        call = self.block(server, "cut")
        os.kill(server.frontend, signal.SIGKILL)
        self.assertEqual(self.lost(call), "end")
        server.wait_for(r"(?m)^[Rr]espawned uWSGI http 1 \((?:new )?pid: (\d+)\)")
        server.site.release("cut")
        for _ in range(3):
            self.assertEqual(server.get("/pid").worker, server.worker())
        self.assertEqual(len(server.find(SPAWNED)), 1)


class HttpSocketSupervisionTests(Supervision, HttpSocket, ModeCase):
    """L{Supervision}, C{http-socket =}."""
