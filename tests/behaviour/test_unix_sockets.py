"""UNIX and abstract sockets, sockets that listen already, and daemons of twsgi's own."""

from __future__ import annotations

import os
import signal
import socket
import stat
import sys
import uuid
from pathlib import Path
from typing import Any

from tests.behaviour.client import Connection
from tests.behaviour.harness import COMMANDS, BehaviourCase, Http, HttpSocket, ModeCase
from tests.behaviour.server import Server
from tests.behaviour.unprivileged import WHO, UnixConnection, who

_UNIX = r"(?:uWSGI http bound on|uwsgi socket 0 bound to UNIX address) (\S+) fd"


class UnixSockets:
    """In either mode."""

    ini: str
    option: str

    def begin(self: Any, address: str, **changes: str) -> Server:
        """A server at this address."""
        site = self.site()
        site.write("code/who.py", WHO)
        site.edit(self.ini, {self.option: address, "module": "who", **changes})
        server = self.twsgi(site, self.ini)
        server.wait_for(r"WSGI app 0|(?m:^twsgi: )")
        return server

    def test_file(self: Any) -> None:
        """A socket file serves, has its rights, and goes; its clients have no address."""
        server = self.begin("a.sock", **{"chmod-socket": "660"})
        path = server.wait_for(_UNIX)[1]
        self.assertEqual(path, str(server.site.directory / "a.sock"))
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o660)
        told = who(UnixConnection(path))
        self.assertEqual((told["REMOTE_ADDR"], told["SERVER_PORT"]), ("0.0.0.0", "80"))
        self.assertEqual(told["PATH_INFO"], "/x")
        with UnixConnection(path) as client:
            self.assertEqual(client.request("/base.css").status, 200)
            self.assertEqual(client.request("/x").status, 200)
        self.assertEqual(server.stop(), 0)
        self.assertFalse(os.path.lexists(path))
        server.wait_for(r"VACUUM: unix socket \S+a\.sock removed\.")

    def test_relative_to_chdir(self: Any) -> None:
        """A relative socket file lies in C{chdir}, as uWSGI's does."""
        server = self.begin("a.sock", chdir="code", pythonpath=".")
        self.assertEqual(server.wait_for(_UNIX)[1], str(server.site.directory / "code" / "a.sock"))

    def test_abstract(self: Any) -> None:
        """An abstract socket serves, and leaves nothing."""
        name = f"@twsgi-{uuid.uuid4().hex}"
        server = self.begin(name)
        self.assertEqual(who(UnixConnection(name))["PATH_INFO"], "/x")
        self.assertEqual(server.stop(), 0)
        self.assertRaises(ConnectionRefusedError, UnixConnection, name)

    def test_left_behind(self: Any) -> None:
        """The file that a killed server leaves does not keep the next one from starting."""
        server = self.begin("a.sock")
        path = server.wait_for(_UNIX)[1]
        server.kill()
        self.assertTrue(os.path.lexists(path))
        again = self.twsgi(server.site, self.ini)
        again.wait_for(r"WSGI app 0")
        self.assertEqual(who(UnixConnection(path))["PATH_INFO"], "/x")

    def test_taken(self: Any) -> None:
        """A second server on the same file is refused with one line; the first serves on."""
        server = self.begin("a.sock")
        path = server.wait_for(_UNIX)[1]
        second = self.twsgi(server.site, self.ini)
        self.assertEqual(second.wait_for_exit(), 1)
        self.assertEqual(len(second.find(r"(?m)^twsgi: .*a\.sock: Address already in use")), 1)
        self.assertEqual(who(UnixConnection(path))["PATH_INFO"], "/x")

    def test_activation(self: Any) -> None:
        """A socket that systemd passes is used, by its address or by its number."""
        for address in ("{}", "fd://3", "fd://site"):
            site = self.site()
            with socket.create_server(("127.0.0.1", 0)) as passed:
                where = f"127.0.0.1:{passed.getsockname()[1]}"
                site.edit(self.ini, {self.option: address.format(where)})
                run = (
                    "import os, sys; os.dup2(int(sys.argv[1]), 3); os.set_inheritable(3, True); "
                    "os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1', "
                    "LISTEN_FDNAMES='site'); "
                    "os.execv(sys.executable, [sys.executable, '-m', 'twsgi', sys.argv[2]])"
                )
                server = self.start(
                    site,
                    *(sys.executable, "-c", run, str(passed.fileno()), self.ini),
                    pass_fds=[passed.fileno()],
                )
                server.wait_for("SystemD socket activation detected")
                server.wait_for(r"WSGI app 0")
                with Connection(passed.getsockname()[1]) as client:
                    self.assertTrue(client.request("/pid").by_application)
                self.assertEqual(self.finish(server), 0)

    def finish(self: Any, server: Server) -> int:
        """Stops a server whose port stays open: it is the test's."""
        server.send_signal(signal.SIGTERM)
        code = server.wait_for_exit()
        server.assert_nothing_left(ports=())
        return code


class HttpUnixTests(UnixSockets, Http, ModeCase):
    """L{UnixSockets}, C{http =}."""


class HttpSocketUnixTests(UnixSockets, HttpSocket, ModeCase):
    """L{UnixSockets}, C{http-socket =}."""


class AloneTests(BehaviourCase):
    """Without a master."""

    def test_file(self) -> None:
        """The one process serves on a socket file, and removes it."""
        site = self.site()
        site.write("code/who.py", WHO)
        server = self.twsgi(site, "--http", "a.sock", "--pythonpath", "code", "--module", "who")
        server.wait_for(r"spawned uWSGI worker 1 \(and the only\)")
        path = site.directory / "a.sock"
        self.assertEqual(who(UnixConnection(str(path)))["SERVER_PORT"], "80")
        self.assertEqual(server.stop(), 0)
        self.assertFalse(path.exists())


class DaemonTests(BehaviourCase):
    """C{daemonize}."""

    def test_twsgi(self) -> None:
        """twsgi returns 0 and goes on in the background, with its log in the file."""
        site = self.site()
        site.edit("uwsgi.ini", {"daemonize": "site.log", "pidfile": "site.pid"})
        server = self.twsgi(site, "uwsgi.ini", log="site.log")
        self.assertEqual(server.wait_for_exit(), 0)
        self.assertEqual(server.stderr.read_text(), "")
        server.wait_ready()
        master = server.master
        self.assertEqual((site.directory / "site.pid").read_text(), f"{master}\n")
        self.assertNotEqual(os.getsid(master), os.getsid(0))
        self.assertNotEqual(os.getsid(master), master)
        for number in (0, 1, 2):
            target = os.readlink(f"/proc/{master}/fd/{number}")
            expected = os.devnull if number == 0 else str(site.directory / "site.log")
            self.assertEqual(target, expected)
        server.send_signal(signal.SIGTERM)
        server.assert_nothing_left(20.0)
        server.wait_for("goodbye to uWSGI")
        self.assertFalse((site.directory / "site.pid").exists())

    def test_failure(self) -> None:
        """What goes wrong at the start is the command's: its line, its exit code."""
        site = self.site()
        (site.directory / "site.pid").mkdir()
        for changes, code, words in (
            ({"threads": "two"}, 1, "threads"),
            ({"threads": None, "pidfile": "site.pid"}, 1, "pidfile"),
            ({"pidfile": None, "pidfile2": "site.pid"}, 1, "pidfile2"),
        ):
            site.edit("uwsgi.ini", {"daemonize": "site.log", **changes})
            server = self.twsgi(site, "uwsgi.ini", log="site.log")
            self.assertEqual(server.wait_for_exit(), code)
            lines = server.stderr.read_text().splitlines()
            self.assertEqual(len(lines), 1, lines)
            self.assertIn(words, lines[0])
            server.assert_nothing_left(20.0)

    def test_twistd(self) -> None:
        """Under twistd the daemon is twistd's, and its log is our file."""
        site = self.site()
        site.edit("uwsgi.ini", {"daemonize": "site.log"})
        command = (COMMANDS / "twistd", "uwsgi", "--ini", "uwsgi.ini")
        server = self.start(site, *command, log="site.log")
        self.assertEqual(server.wait_for_exit(), 0)
        server.wait_ready()
        self.assertFalse((site.directory / "twistd.log").exists())
        server.send_signal(signal.SIGTERM)
        server.assert_nothing_left(20.0)

    def test_foreground(self) -> None:
        """C{twistd -n} and twist stay in the foreground, and say so in one line."""
        commands: dict[str, tuple[str | Path, ...]] = {
            "twistd -n": (COMMANDS / "twistd", "-n", "uwsgi", "--ini", "uwsgi.ini"),
            "twist": (COMMANDS / "twist", "uwsgi", "--ini", "uwsgi.ini"),
        }
        for name, command in commands.items():
            site = self.site()
            site.edit("uwsgi.ini", {"daemonize": "site.log"})
            server = self.start(site, *command)
            server.wait_ready()
            said = server.find(rf"daemonize = \S+site\.log: {name} stays in the foreground")
            self.assertEqual(len(said), 1)
            self.assertIsNone(server.process.poll())
            self.assertFalse((site.directory / "site.log").exists())
            self.assertEqual(server.stop(), 0)
