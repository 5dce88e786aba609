"""SIGHUP under load: another generation of workers comes, and nobody notices."""

from __future__ import annotations

import os
import signal

from tests.behaviour.harness import Http, HttpSocket
from tests.behaviour.lossless import GETS, LosslessCase
from tests.behaviour.server import SPAWNED, Server

BEGINS = r"(?m)^reloading: \d workers are started"
DONE = r"(?m)^reload complete"
GIVEN_UP = r"(?m)^reload given up: (.*): the workers that run go on$"


class Reload:
    """Reloads, in both modes."""

    @property
    def races(self) -> bool:
        """With C{http-socket} a worker's connections end when it leaves."""
        return self.option == "http-socket"

    def hang_up(self, server: Server, pattern: str = DONE) -> None:
        """Asks for a reload, and waits for what the log says of it."""
        before = len(server.find(pattern))
        server.send_signal(signal.SIGHUP)
        server.wait_for(pattern, before + 1)

    def pids(self, server: Server) -> set[int]:
        """The workers that are there."""
        return {pid for pid, line in server.alive().items() if "uWSGI worker" in line}

    def test_four_times(self) -> None:
        """Four reloads lose nothing; each time all workers are others, and the frontend is not."""
        server = self.serve_ready()
        others = set(server.alive()) - self.pids(server)
        with self.load(server) as load:
            load.wait_for(30)
            for _ in range(4):
                before = self.pids(server)
                self.hang_up(server)
                self.soon(lambda: len(self.pids(server)) == 2, "two workers are left")
                self.assertEqual(before & self.pids(server), set())
                load.wait_for(30)
        self.assert_none_lost(load, races=self.races)
        self.assertEqual(set(server.alive()) - self.pids(server), others)
        self.assertEqual(server.find("Traceback"), [])
        self.assertEqual(server.stop(), 0)

    def test_requests_that_take_longer(self) -> None:
        """What is inside when a reload begins is finished by who began it; what comes is not."""
        server = self.serve_ready()
        old = self.pids(server)
        with self.load(server) as load:
            held, pid = self.block(server, "held")
            server.send_signal(signal.SIGHUP)
            server.wait_for(r"(?m)^\.\.\.gracefully killing workers\.\.\.$")
            load.wait_for(30)
            self.soon(
                lambda: not {server.get("/pid").worker for _ in range(8)} & old, "others answer"
            )
            self.assertTrue(held.running)
            server.site.release("held")
            self.assertEqual((held.result().status, held.result().worker), (200, pid))
            server.wait_for(DONE)
            self.soon(lambda: not old & self.pids(server), "the old ones are gone")
        self.assert_none_lost(load, races=self.races)

    def test_other_code(self) -> None:
        """After a reload the application is what is in its file."""
        server = self.serve_ready()
        code = server.site.directory / "code" / "app.py"
        code.write_text(code.read_text().replace("hello from", "greetings from"))
        with self.load(server) as load:
            load.wait_for(10)
            self.assertEqual(server.get("/").text, "hello from the application")
            self.hang_up(server)
            self.assertEqual(server.get("/").text, "greetings from the application")
            load.wait_for(30)
        self.assert_none_lost(load, races=self.races)

    def test_code_that_does_not_load(self) -> None:
        """Code that raises when it is imported replaces nothing; once it is mended, it does."""
        server = self.serve_ready()
        old = self.pids(server)
        code = server.site.directory / "code" / "app.py"
        good = code.read_text()
        with self.load(server) as load:
            load.wait_for(10)
            code.write_text("raise RuntimeError('this cannot be imported')\n")
            self.hang_up(server, GIVEN_UP)
            self.assertIn("this cannot be imported", server.text())
            load.wait_for(30)
            self.soon(lambda: self.pids(server) == old, "the workers are those that were there")
            code.write_text(good)
            self.hang_up(server)
            load.wait_for(30)
        self.assert_none_lost(load, races=self.races)
        self.assertEqual(len(server.find(GIVEN_UP)), 1)
        self.assertEqual(server.stop(), 0)

    def test_file_that_cannot_be_meant(self) -> None:
        """A mistake in the ini file replaces nothing; the log has one line."""
        server = self.serve_ready()
        old = self.pids(server)
        with self.load(server) as load:
            for changes in ({"processes": "many"}, {"processes": "2", "procesess": "2"}):
                server.site.edit(self.ini, changes)
                self.hang_up(server, GIVEN_UP)
                load.wait_for(20)
            self.assertEqual(self.pids(server), old)
        found = [one[1] for one in server.find(GIVEN_UP)]
        self.assertIn("not a whole number", found[0])
        self.assertIn("procesess", found[1])
        self.assert_none_lost(load, races=self.races)
        self.assertEqual(len(server.find(SPAWNED)), 2)

    def test_other_settings(self) -> None:
        """Processes, threads and env follow the file; an address stays, and the log says so."""
        server = self.serve_ready()
        changes = {"processes": "3", "threads": "1", "env": "COLOUR=green", self.option: ":1"}
        server.site.edit(self.ini, changes)
        with self.load(server) as load:
            load.wait_for(10)
            self.hang_up(server)
            self.soon(lambda: len(self.pids(server)) == 3, "three workers are left")
            answers = [server.get("/process?COLOUR").text for _ in range(6)]
            self.assertTrue(all('"green"' in one for one in answers), answers)
            load.wait_for(30)
            server.wait_for(rf"(?m){self.option} = :1 needs a restart")
            server.site.edit(self.ini, {"processes": "1", "env": "COLOUR=blue"})
            self.hang_up(server)
            self.soon(lambda: len(self.pids(server)) == 1, "one worker is left")
            load.wait_for(30)
        self.assertIn('"blue"', server.get("/process?COLOUR").text)
        self.assert_none_lost(load, races=self.races)
        self.assertEqual(server.stop(), 0)

    def test_one_in_another(self) -> None:
        """However often a reload is asked for while one is under way: one more comes after it."""
        server = self.serve_ready()
        with self.load(server, GETS) as load:
            load.wait_for(10)
            server.send_signal(signal.SIGHUP)
            server.wait_for(BEGINS)
            for _ in range(5):
                server.send_signal(signal.SIGHUP)
            server.wait_for(DONE, 2)
            load.wait_for(30)
        self.assertEqual(len(server.find(BEGINS)), 2)
        self.assert_none_lost(load, races=self.races)
        self.assertEqual(server.stop(), 0)


class HttpReloadTests(Reload, Http, LosslessCase):
    """L{Reload}, C{http =}; and its clients' connections."""

    def test_connections_are_kept(self) -> None:
        """The frontend keeps its clients' connections: none is closed by a reload."""
        server = self.serve_ready()
        with self.load(server, kept=4, fresh=0) as load:
            load.wait_for(30)
            self.hang_up(server)
            load.wait_for(30)
        summary = self.assert_none_lost(load, races=False)
        self.assertEqual(sum(one.fresh for one in summary.outcomes), 4)

    def test_several_frontends(self) -> None:
        """Two frontends send to the same workers, old and new: nothing is lost between them."""
        server = self.serve_ready({**self.TWO, "http-processes": "2"})
        with self.load(server, kept=4, fresh=4) as load:
            for _ in range(2):
                load.wait_for(30)
                self.hang_up(server)
            load.wait_for(30)
        self.assert_none_lost(load, races=False)
        self.assertEqual(server.stop(), 0)

    def test_frontend(self) -> None:
        """
        A frontend that is sent SIGTERM is replaced by one that serves before it goes: of its
        clients it loses nobody whose connection it has not closed in time.
        """
        server = self.serve_ready()
        old = server.frontend
        with self.load(server) as load:
            load.wait_for(30)
            os.kill(old, signal.SIGTERM)
            self.soon(lambda: old not in server.alive(), "it is gone")
            load.wait_for(30)
        self.assertNotEqual(server.frontend, old)
        self.assert_none_lost(load)
        self.assertEqual(server.stop(), 0)


class HttpSocketReloadTests(Reload, HttpSocket, LosslessCase):
    """L{Reload}, C{http-socket =}."""
