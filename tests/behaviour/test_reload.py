"""SIGHUP: a new generation of workers, and nobody who notices."""

from __future__ import annotations

import json
import os
import re
import signal
import sys

from tests.behaviour.client import EndedError, ResetError
from tests.behaviour.harness import Http, HttpSocket, ModeCase
from tests.behaviour.server import SPAWNED, Call, Server

#: Two workers, so that each generation is complete at once.
TWO: dict[str, str | None] = {"processes": "2", "cheaper": None}
GIVEN_UP = r"(?m)^reload given up: (.*): the workers that run go on$"
#: Code that one of two workers loads at once, and the other when there is a file C{go}.
LAST_ONE_WAITS = """

import time

PAGES["/version"] = lambda environ: text("new")
try:
    os.close(os.open("first", os.O_CREAT | os.O_EXCL))
except FileExistsError:
    open("waits", "w").close()
    while not os.path.exists("go"):
        time.sleep(0.02)
"""
COMPLETE = r"(?m)^reload complete$"


class Reload:
    """Reloads, in both modes."""

    def serve_ready(self, changes: dict[str, str | None] | None = None, **how: object) -> Server:
        """A server that has answered."""
        server = self.serve({**TWO, **(changes or {})}, **how)
        server.wait_for(r"(?m)^WSGI app 0", 2)
        server.get("/pid")
        return server

    def hang_up(self, server: Server, count: int = 1) -> None:
        """SIGHUP, and the end of that reload, which is this server's C{count}th."""
        server.send_signal(signal.SIGHUP)
        server.wait_for(COMPLETE, count)

    def leaves(self, server: Server, pid: int) -> None:
        """This worker takes nothing new any more."""
        self.soon(lambda: pid not in {server.get("/pid").worker for _ in range(8)}, "others answer")

    def workers(self, server: Server) -> set[int]:
        """All worker processes that the log has ever told of."""
        return {int(found[2]) for found in server.find(SPAWNED)}

    def code(self, server: Server, change: str) -> None:
        """The application's source has one more line from now on."""
        path = server.site.directory / "code" / "app.py"
        path.write_text(f"{path.read_text()}\n{change}\n")

    def value(self, server: Server, name: str) -> object:
        """A variable of a worker's environment."""
        return json.loads(server.get(f"/process?{name}").text)["value"]

    def test_new_code(self) -> None:
        """After a reload other processes serve the code as it is now; the old ones are gone."""
        server = self.serve_ready()
        before = self.workers(server)
        self.code(server, "PAGES['/new'] = lambda environ: text('new code')")
        self.assertEqual(server.get("/new").status, 404)
        self.hang_up(server)
        for _ in range(4):
            answer = server.get("/new")
            self.assertEqual((answer.status, answer.text), (200, "new code"))
            self.assertNotIn(answer.worker, before)
        self.soon(lambda: not before & set(server.alive()), "the old ones are gone")
        self.assertEqual(len(self.workers(server)), 4)
        self.assertEqual(server.stop(), 0)

    def test_again_and_again(self) -> None:
        """Four reloads, one after the other; master, frontend and port are the same."""
        server = self.serve_ready()
        master, port = server.master, server.port
        frontend = server.frontend if self.option == "http" else 0
        for count in range(1, 5):
            self.hang_up(server, count)
            self.assertEqual(server.get("/pid").status, 200)
        self.assertEqual((server.master, server.port), (master, port))
        self.assertEqual(len(self.workers(server)), 10)
        alive = set(server.alive())
        self.assertIn(master, alive)
        self.assertTrue(not frontend or frontend in alive)
        self.assertEqual(server.stop(), 0)

    def test_while_one_is_under_way(self) -> None:
        """SIGHUP while a reload is under way is one more reload, however often it comes."""
        server = self.serve_ready(environment={"MEET_IMPORT_SECONDS": "0.5"})
        server.send_signal(signal.SIGHUP)
        server.wait_for(r"(?m)^reloading: 2 workers")
        for count in range(2, 5):
            server.send_signal(signal.SIGHUP)
            server.wait_for(r"(?m)^SIGHUP received: reloading", count)
        server.wait_for(COMPLETE, 2)
        server.get("/pid")
        self.assertEqual(len(server.find(r"(?m)^reloading: 2 workers")), 2)
        self.assertEqual(server.stop(), 0)

    def test_request_in_flight(self) -> None:
        """A request that is inside when the reload comes is answered by whom it is with."""
        server = self.serve_ready()
        call = Call(lambda: server.get("/block?flight"))
        self.soon(lambda: server.site.inside("flight"), "the request is inside")
        (pid,) = server.site.inside("flight")
        server.send_signal(signal.SIGHUP)
        server.wait_for(r"(?m)^\.\.\.gracefully killing workers\.\.\.$")
        self.leaves(server, pid)
        self.assertIn(pid, server.alive())
        self.assertEqual(server.find(COMPLETE), [])
        server.site.release("flight")
        self.assertEqual((call.result().status, call.result().worker), (200, pid))
        server.wait_for(COMPLETE)
        self.assertNotIn(pid, server.alive())
        self.assertEqual(server.stop(), 0)

    def test_mercy(self) -> None:
        """A request that does not end has C{worker-reload-mercy}; its worker is killed then."""
        server = self.serve_ready({"worker-reload-mercy": "1"})
        call = Call(lambda: server.get("/block?for-ever", "POST"))
        self.soon(lambda: server.site.inside("for-ever"), "the request is inside")
        self.hang_up(server)
        self.assertEqual(len(server.find(r"NO MERCY")), 1)
        try:
            self.assertEqual(call.result().status, 502)
        except (EndedError, ResetError):
            self.assertEqual(self.option, "http-socket")

    def test_not_before_all_are_ready(self) -> None:
        """While one of the new workers still loads its code nobody meets the new version."""
        server = self.serve_ready()
        site = server.site.directory
        code = site / "code" / "app.py"
        code.write_text(code.read_text() + LAST_ONE_WAITS)
        server.send_signal(signal.SIGHUP)
        server.wait_for(r"(?m)^WSGI app 0", 3)
        self.soon((site / "waits").exists, "the other one loads")
        for _ in range(30):
            self.assertEqual(server.get("/version").status, 404)
        (site / "go").touch()
        server.wait_for(COMPLETE)
        for _ in range(10):
            self.assertEqual(server.get("/version").text, "new")
        self.assertEqual(server.stop(), 0)

    def test_other_mercy(self) -> None:
        """With the reload comes the file's mercy, also for a worker that leaves in the next."""
        server = self.serve_ready({"worker-reload-mercy": "60"})
        server.site.edit(self.ini, {"worker-reload-mercy": "1"})
        self.hang_up(server)
        call = Call(lambda: server.get("/block?for-ever", "POST"))
        self.soon(lambda: server.site.inside("for-ever"), "the request is inside")
        self.hang_up(server, 2)
        self.assertEqual(len(server.find(r"NO MERCY")), 1)
        try:
            self.assertEqual(call.result().status, 502)
        except (EndedError, ResetError):
            self.assertEqual(self.option, "http-socket")

    def test_a_start_that_fails(self) -> None:
        """
        Workers that die again and again, for their code is bad, are started with the file as it is
        when somebody sends SIGHUP, and at once.
        """
        site = self.site()
        site.edit(self.ini, {"env": "DIE=now", "processes": "1", "cheaper": None})
        code = site.directory / "code" / "app.py"
        code.write_text(code.read_text() + "\n\nif os.environ.get('DIE'):\n    os._exit(3)\n")
        server = self.start(site, sys.executable, "-m", "twsgi", self.ini)
        server.wait_for(r"(?m)^DAMN ! worker 1 \(pid: \d+\) died, exit code 3 :\(", 3)
        site.edit(self.ini, {"env": None})
        server.send_signal(signal.SIGHUP)
        server.wait_for("the start has failed so far: ")
        self.assertEqual(server.get("/pid").status, 200)
        self.assertEqual(server.stop(), 0)

    def test_broken_code(self) -> None:
        """Code that cannot be loaded replaces nothing: one line says so; mended, it does."""
        server = self.serve_ready()
        before = self.workers(server)
        path = server.site.directory / "code" / "app.py"
        good = path.read_text()
        path.write_text("raise LookupError('not today')\n")
        server.send_signal(signal.SIGHUP)
        self.assertIn("LookupError", server.wait_for(GIVEN_UP)[1])
        for _ in range(4):
            self.assertIn(server.get("/pid").worker, before)
        self.soon(
            lambda: not (self.workers(server) - before) & set(server.alive()),
            "those that were to take over are gone",
        )
        self.assertEqual(before - set(server.alive()), set())
        path.write_text(good)
        self.hang_up(server)
        self.assertNotIn(server.get("/pid").worker, before)
        self.assertEqual(len(server.find(GIVEN_UP)), 1)
        self.assertEqual(server.stop(), 0)

    def test_broken_code_without_need_app(self) -> None:
        """Not even where C{need-app = false} would have served 500 at the start."""
        server = self.serve_ready({"need-app": "false"})
        before = self.workers(server)
        server.site.write("code/app.py", "raise LookupError('not today')\n")
        server.send_signal(signal.SIGHUP)
        server.wait_for(GIVEN_UP)
        self.assertIn(server.get("/pid").worker, before)

    def test_dying_code(self) -> None:
        """Code that ends the process when it is loaded is given up just the same."""
        server = self.serve_ready()
        before = self.workers(server)
        server.site.write("code/app.py", "import os\nos._exit(7)\n")
        server.send_signal(signal.SIGHUP)
        self.assertIn("with exit code 7", server.wait_for(GIVEN_UP)[1])
        self.assertIn(server.get("/pid").worker, before)
        self.assertEqual(server.stop(), 0)

    def test_broken_configuration(self) -> None:
        """A configuration that cannot be meant starts nobody: one line names file and line."""
        server = self.serve_ready()
        before = self.workers(server)
        for count, (changes, words) in enumerate(
            (
                ({"threads": "many"}, r"\.ini:\d+: threads = many"),
                ({"threads": "2", "thraeds": "2"}, r"\.ini:\d+: .*thraeds"),
            ),
            1,
        ):
            server.site.edit(self.ini, changes)
            server.send_signal(signal.SIGHUP)
            self.assertRegex(server.wait_for(GIVEN_UP, count)[1], words)
        os.remove(server.site.directory / self.ini)
        server.send_signal(signal.SIGHUP)
        self.assertIn(self.ini, server.wait_for(GIVEN_UP, 3)[1])
        self.assertIn(server.get("/pid").worker, before)
        self.assertEqual(self.workers(server), before)
        self.assertEqual(server.stop(), 0)

    def test_changed_configuration(self) -> None:
        """What has changed in the file is in force: processes, module, environment, directories."""
        server = self.serve_ready({"env": "MEET_COLOUR=red"})
        self.assertEqual(self.value(server, "MEET_COLOUR"), "red")
        server.site.write("static2/base.css", "other")
        code = server.site.directory / "code"
        (code / "other.py").write_text(
            (code / "app.py").read_text()
            + "\nPAGES['/other'] = lambda environ: text('other module')\n"
        )
        server.site.edit(
            self.ini,
            {
                "processes": "3",
                "module": "other",
                "env": "MEET_COLOUR=blue",
                "check-static": "static2/",
            },
        )
        self.hang_up(server)
        self.assertEqual(self.value(server, "MEET_COLOUR"), "blue")
        self.assertEqual(server.get("/other").text, "other module")
        self.assertEqual(server.get("/base.css").text, "other")
        server.wait_for(r"(?m)^spawned uWSGI worker 3 \(pid: \d+, cores: 2\)")
        server.site.edit(self.ini, {"processes": "1", "threads": "4", "env": None})
        self.hang_up(server, 2)
        self.assertIsNone(self.value(server, "MEET_COLOUR"))
        calls = [Call(lambda: server.get("/meet?4")) for _ in range(4)]
        self.assertEqual(len({call.result().worker for call in calls}), 1)
        self.assertEqual(server.stop(), 0)

    def test_changed_address(self) -> None:
        """An address cannot change while all goes on: the log says so, the rest is in force."""
        server = self.serve_ready()
        server.site.edit(self.ini, {self.option: "127.0.0.1:1", "threads": "3"})
        self.hang_up(server)
        server.wait_for(rf"(?m)^{self.option} = 127\.0\.0\.1:1 needs a restart: :0 stays$")
        self.assertEqual(server.get("/pid").status, 200)
        self.assertIn("cores: 2", server.text())
        calls = [Call(lambda: server.get("/meet?6")) for _ in range(6)]
        self.assertEqual({call.result().status for call in calls}, {200})
        self.assertEqual(server.stop(), 0)

    def test_stop_while_it_is_under_way(self) -> None:
        """SIGTERM during a reload: requests in flight are answered, nothing is left."""
        server = self.serve_ready()
        call = Call(lambda: server.get("/block?both"))
        self.soon(lambda: server.site.inside("both"), "the request is inside")
        self.code(server, "time.sleep(60)")
        server.send_signal(signal.SIGHUP)
        server.wait_for(r"(?m)^Respawned uWSGI worker 2")
        server.send_signal(signal.SIGTERM)
        server.wait_for(r"SIGINT/SIGTERM received")
        server.site.release("both")
        self.assertEqual(call.result().status, 200)
        self.assertEqual(server.wait_for_exit(), 0)
        server.assert_nothing_left()

    def test_old_worker_dies_meanwhile(self) -> None:
        """A worker that is killed while others load is replaced, and the reload goes on."""
        server = self.serve_ready()
        self.code(server, "time.sleep(1)")
        server.send_signal(signal.SIGHUP)
        server.wait_for(r"(?m)^reloading: 2 workers")
        os.kill(min(self.workers(server)), signal.SIGKILL)
        server.wait_for(r"DAMN ! worker \d")
        server.wait_for(COMPLETE)
        self.assertEqual(server.get("/pid").status, 200)
        self.assertEqual(server.find(GIVEN_UP), [])
        self.assertEqual(server.stop(), 0)

    def test_cheaper(self) -> None:
        """As many workers come as there are."""
        server = self.serve({"processes": "3", "cheaper": "1", "cheaper-initial": "2"})
        server.wait_for(r"(?m)^WSGI app 0", 2)
        self.hang_up(server)
        self.assertEqual(len(server.find(r"(?m)^Respawned uWSGI worker [12]")), 2)
        self.assertEqual(server.get("/pid").status, 200)
        self.assertEqual(server.stop(), 0)


class HttpReloadTests(Reload, Http, ModeCase):
    """L{Reload}, C{http =}: the frontend keeps its clients."""

    def test_kept_connection(self) -> None:
        """A client's connection lives through it, and is served by the new workers."""
        server = self.serve_ready()
        before = self.workers(server)
        with server.connect() as connection:
            self.assertIn(connection.request("/pid").worker, before)
            for count in (1, 2):
                self.hang_up(server, count)
                answer = connection.request("/pid")
                self.assertNotIn(answer.worker, before)
                self.assertIsNone(answer.header("Connection"))

    def test_frontends(self) -> None:
        """Frontends that the new configuration has more, or less, of come and go."""
        server = self.serve_ready()
        server.site.edit(self.ini, {"http-processes": "2"})
        self.hang_up(server)
        second = int(server.wait_for(r"(?m)^spawned uWSGI http 2 \(pid: (\d+)")[1])
        with server.connect() as connection:
            self.assertEqual(connection.request("/pid").status, 200)
            calls = [Call(lambda: server.get("/meet?4")) for _ in range(4)]
            self.assertEqual({call.result().status for call in calls}, {200})
            server.site.edit(self.ini, {"http-processes": None})
            self.hang_up(server, 2)
        self.soon(lambda: second not in server.alive(), "the second frontend is gone")
        self.assertEqual(server.get("/pid").status, 200)
        self.assertEqual(server.stop(), 0)

    def test_changed_for_frontends(self) -> None:
        """What frontends look at changes under a connection that is kept."""
        server = self.serve_ready()
        frontend = server.frontend
        with server.connect() as connection:
            connection.request("/pid")
            server.site.edit(self.ini, {"limit-post": "10"})
            self.hang_up(server)
            answer = connection.request("/echo", "POST", body=b"x" * 11)
            self.assertEqual((answer.status, answer.by_application), (413, False))
        self.assertEqual(server.frontend, frontend)


class HttpSocketReloadTests(Reload, HttpSocket, ModeCase):
    """L{Reload}, C{http-socket =}: the workers hold the clients, and take their leave."""

    def test_idle_connection(self) -> None:
        """A connection that an old worker keeps is closed when it is idle."""
        server = self.serve_ready()
        before = self.workers(server)
        with server.connect() as connection:
            self.assertIn(connection.request("/pid").worker, before)
            self.hang_up(server)
            self.assertTrue(connection.ends())

    def test_connection_with_a_request(self) -> None:
        """One with a request inside is answered, and told that this is the end of it."""
        server = self.serve_ready()
        with server.connect() as connection:
            connection.send("/block?last")
            self.soon(lambda: server.site.inside("last"), "the request is inside")
            server.send_signal(signal.SIGHUP)
            server.wait_for(re.escape("...gracefully killing workers..."))
            self.leaves(server, server.site.inside("last")[0])
            server.site.release("last")
            answer = connection.receive()
            self.assertEqual(answer.status, 200)
            self.assertEqual(answer.header("Connection"), "close")
            self.assertTrue(connection.ends())
        server.wait_for(COMPLETE)

    def test_without_master(self) -> None:
        """Where there is no master nobody could serve meanwhile: one line says what it takes."""
        server = self.serve({"master": "false", "processes": None, "cheaper": None})
        server.wait_ready()
        worker = server.get("/pid").worker
        server.send_signal(signal.SIGHUP)
        server.wait_for(r"(?m)^reload given up: it needs a master.*master = true$")
        self.assertEqual(server.get("/pid").worker, worker)
        self.assertEqual(server.stop(), 0)
