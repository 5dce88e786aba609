"""Every command that runs the container, from its start to its end."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from tests.behaviour.client import Connection
from tests.behaviour.harness import COMMANDS, BehaviourCase
from tests.behaviour.server import PATIENCE, Server

#: What the ini files say, as flags.
FLAGS = ["--master", "--processes", "4", "--cheaper", "1", "--threads", "2"]
FLAGS += ["--pythonpath", "code/", "--module", "app", "--check-static", "static/"]
FLAGS += ["--offload-threads", "1"]


class CommandCase(BehaviourCase):
    """A command serves, and ends."""

    def run_it(self, *command: str | Path) -> Server:
        """Starts a command on a new site and looks that it serves."""
        server = self.start(self.site(), *command)
        self.assert_serves(server)
        return server

    def assert_serves(self, server: Server) -> None:
        """The page is the application's, by a worker of the master in the log; the css is not."""
        page = server.get("/pid")
        self.assertEqual((page.status, page.by_application), (200, True))
        self.assertIn(page.worker, server.alive())
        css = server.get("/base.css")
        self.assertEqual((css.status, css.by_application), (200, False))
        self.assertIn(server.master, server.alive())

    def assert_ends(self, server: Server, number: int = signal.SIGTERM) -> None:
        """A signal with a request in flight: it is answered, exit code 0, nothing is left."""
        with Connection(server.port) as connection:
            connection.send("/block?flight")
            self.soon(lambda: server.site.inside("flight"), "the request is inside")
            server.send_signal(number)
            server.wait_for(signal.Signals(number).name)
            server.site.release("flight")
            self.assertEqual(connection.receive().status, 200)
        self.assertEqual(server.wait_for_exit(), 0)
        server.assert_nothing_left()
        self.assertEqual(list(server.site.directory.glob("*.pid")), [])


class ForegroundTests(CommandCase):
    """Commands that stay."""

    def test_twsgi_file(self) -> None:
        """C{twsgi uwsgi.ini}."""
        self.assert_ends(self.run_it(COMMANDS / "twsgi", "uwsgi.ini"))

    def test_twsgi_ini(self) -> None:
        """C{twsgi --ini uwsgi.ini}."""
        self.assert_ends(self.run_it(COMMANDS / "twsgi", "--ini", "uwsgi.ini"))

    def test_python(self) -> None:
        """C{python -m twsgi uwsgi.ini}."""
        self.assert_ends(self.run_it(sys.executable, "-m", "twsgi", "uwsgi.ini"))

    def test_flags(self) -> None:
        """C{twsgi} with flags alone, C{--http}."""
        self.assert_ends(self.run_it(COMMANDS / "twsgi", "--http", ":0", *FLAGS))

    def test_flags_and_http_socket(self) -> None:
        """C{twsgi} with flags alone, C{--http-socket=}."""
        self.assert_ends(self.run_it(COMMANDS / "twsgi", "--http-socket=:0", *FLAGS))

    def test_short_flags(self) -> None:
        """C{twsgi} with uWSGI's short flags."""
        flags = ["-M", "-p", "2", "-w", "app", "--pp", "code/", "--check-static", "static/"]
        self.assert_ends(self.run_it(COMMANDS / "twsgi", "--http", "127.0.0.1:0", *flags))

    def test_file_and_flags(self) -> None:
        """A flag adds to what the file says: without lines of requests."""
        server = self.run_it(COMMANDS / "twsgi", "uwsgi.ini", "--disable-logging")
        self.assert_ends(server)
        self.assertEqual(server.find("generated"), [])

    def test_twistd(self) -> None:
        """C{twistd -n uwsgi --ini uwsgi.ini}."""
        server = self.run_it(COMMANDS / "twistd", "-n", "uwsgi", "--ini", "uwsgi.ini")
        pidfile = server.site.directory / "twistd.pid"
        self.assertEqual(int(pidfile.read_text()), server.master)
        self.assert_ends(server)

    def test_twistd_without_pidfile(self) -> None:
        """C{twistd -n --pidfile= uwsgi --ini uwsgi.ini}, ended by SIGQUIT."""
        server = self.run_it(COMMANDS / "twistd", "-n", "--pidfile=", "uwsgi", "--ini", "uwsgi.ini")
        self.assertFalse((server.site.directory / "twistd.pid").exists())
        self.assert_ends(server, signal.SIGQUIT)

    def test_twistd_interrupted(self) -> None:
        """C{twistd -n uwsgi --ini http-socket.ini}, ended by SIGINT."""
        server = self.run_it(COMMANDS / "twistd", "-n", "uwsgi", "--ini", "http-socket.ini")
        self.assert_ends(server, signal.SIGINT)

    def test_twist(self) -> None:
        """C{twist uwsgi --ini uwsgi.ini}."""
        self.assert_ends(self.run_it(COMMANDS / "twist", "uwsgi", "--ini", "uwsgi.ini"))

    def test_twist_quit(self) -> None:
        """C{twist uwsgi --ini uwsgi.ini}, ended by SIGQUIT."""
        server = self.run_it(COMMANDS / "twist", "uwsgi", "--ini", "uwsgi.ini")
        self.assert_ends(server, signal.SIGQUIT)

    def test_hangup(self) -> None:
        """SIGHUP ends none of them, and has each reload."""
        for command in (["twsgi", "uwsgi.ini"], ["twist", "uwsgi", "--ini", "uwsgi.ini"]):
            server = self.run_it(COMMANDS / command[0], *command[1:])
            server.send_signal(signal.SIGHUP)
            server.wait_for(r"(?m)^reload complete$")
            self.assert_serves(server)
            self.assertEqual(server.stop(), 0)

    def test_help(self) -> None:
        """C{--help} names the options, on standard output, and starts nothing."""
        for command in (["twsgi", "--help"], ["twistd", "-n", "uwsgi", "--help"]):
            server = self.start(self.site(), COMMANDS / command[0], *command[1:])
            self.assertEqual(server.wait_for_exit(), 0)
            told = server.stdout.read_text()
            for option in ("--http-socket", "--processes", "--cheaper", "--check-static"):
                self.assertIn(option, told)


class DaemonTests(CommandCase):
    """C{twistd} without C{-n}: the command returns, the server stays."""

    def daemon(self, *options: str, log: str) -> Server:
        """Starts a daemon; its command returns with 0 and its server serves."""
        command = [COMMANDS / "twistd", *options, "uwsgi", "--ini", "uwsgi.ini"]
        server = self.start(self.site(), *command, log=log)
        self.assertEqual(server.wait_for_exit(), 0)
        self.assert_serves(server)
        return server

    def assert_gone(self, server: Server, pidfile: str) -> None:
        """SIGTERM to the pid in the pidfile ends it, a request in flight answered."""
        pid = int((server.site.directory / pidfile).read_text())
        self.assertEqual(pid, server.master)
        self.assert_ends(server)
        self.assertNotIn(pid, server.alive())

    def assert_ends(self, server: Server, number: int = signal.SIGTERM) -> None:
        """As for a command that stays, but its end is that the process is gone."""
        pid = server.master
        with Connection(server.port) as connection:
            connection.send("/block?flight")
            self.soon(lambda: server.site.inside("flight"), "the request is inside")
            os.kill(pid, number)
            server.wait_for(signal.Signals(number).name)
            server.site.release("flight")
            self.assertEqual(connection.receive().status, 200)
        server.assert_nothing_left(PATIENCE)
        self.assertEqual(list(server.site.directory.glob("*.pid")), [])

    def test_daemon(self) -> None:
        """C{twistd uwsgi --ini uwsgi.ini}: twistd.log and twistd.pid in the directory."""
        server = self.daemon(log="twistd.log")
        server.wait_for(r"(?m)^spawned uWSGI worker 1 \(pid: \d+, cores: 2\)$")
        server.wait_for(r"(?m)^\[pid: \d+\|app: 0\|req: 1/\d+\] 127\.0\.0\.1 .* GET /pid => ")
        self.assert_gone(server, "twistd.pid")
        self.assertEqual(list(server.site.directory.glob("twistd.log?*")), [])

    def test_named_log_and_pidfile(self) -> None:
        """C{--logfile} and C{--pidfile} of twistd's are where it says."""
        server = self.daemon("--logfile=site.log", "--pidfile=site.pid", log="site.log")
        self.assertFalse((server.site.directory / "twistd.log").exists())
        self.assert_gone(server, "site.pid")

    def test_application_writes(self) -> None:
        """What the application writes to standard error is in the daemon's log."""
        server = self.daemon(log="twistd.log")
        self.assertEqual(server.get("/raise").status, 500)
        server.wait_for("RuntimeError: raised because the test asked for it")

    def test_second_instance(self) -> None:
        """A second daemon in the same directory is refused; the first goes on."""
        server = self.daemon(log="twistd.log")
        second = self.start(server.site, *server.command)
        self.assertNotEqual(second.wait_for_exit(), 0)
        second.assert_nothing_left()
        self.assert_serves(server)
        self.assert_gone(server, "twistd.pid")
