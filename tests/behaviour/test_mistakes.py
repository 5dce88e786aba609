"""What the operator got wrong is one line, an exit code, and nothing left behind."""

from __future__ import annotations

import signal
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.behaviour.harness import COMMANDS, BehaviourCase, Http, HttpSocket, ModeCase
from tests.behaviour.server import BOUND, SPAWNED, Server
from tests.behaviour.site import Site

#: What an example's ini file has; an option that a test adds stands in the line after.
LINES = 11


class RefusalCase(BehaviourCase):
    """Starts that are refused."""

    def assert_refused(self, server: Server, code: int, *patterns: str) -> str:
        """
        Waits for the end: the exit code, one line of ours that has all patterns, no traceback,
        no process, no pidfile.  @return: the line.
        """
        self.assertEqual(server.wait_for_exit(), code)
        server.assert_nothing_left()
        lines = [line for line in server.text().splitlines() if line.startswith("twsgi: ")]
        self.assertEqual(len(lines), 1, "one line of ours")
        for pattern in patterns:
            self.assertRegex(lines[0], pattern)
        self.assertEqual(server.find("Traceback"), [])
        self.assertEqual(list(server.site.directory.glob("*.pid")), [])
        return lines[0]


class ConfigurationTests(RefusalCase):
    """Mistakes in the ini file or on the command line: exit 1, before anything is bound."""

    def refuse(self, changes: Mapping[str, str | None], *patterns: str) -> Server:
        """C{uwsgi.ini} with these changes is refused with a line that has these patterns."""
        site = self.site()
        site.edit("uwsgi.ini", {"pidfile": "run.pid", **changes})
        server = self.twsgi(site, "uwsgi.ini")
        self.assert_refused(server, 1, *patterns)
        self.assertEqual(server.find(BOUND), [])
        self.assertEqual(server.find(SPAWNED), [])
        return server

    def test_unknown_option(self) -> None:
        """With strict, an unknown option is refused: file, line, the nearest known option."""
        line = LINES + 2
        self.refuse({"procesess": "2"}, "procesess", rf"uwsgi\.ini.*\b{line}\b", r"\bprocesses\b")

    def test_value_of_another_kind(self) -> None:
        """A value that is no number where one is wanted is refused: option, value, file, line."""
        self.refuse({"threads": "two"}, "threads", "two", r"uwsgi\.ini.*\b7\b")

    def test_negative_number(self) -> None:
        """A number of processes below zero is refused."""
        self.refuse({"processes": "-1"}, "processes", "-1", r"uwsgi\.ini.*\b5\b")

    def test_cheaper_that_is_not_less(self) -> None:
        """As many workers at least as there are at most is refused."""
        self.refuse({"cheaper": "4"}, "cheaper", "lower than processes|processes")

    def test_privileges(self) -> None:
        """What cannot be had is refused: running with more rights than asked for is worse."""
        for option, value in (
            ("uid", "no-such-user"),
            ("gid", "no-such-group"),
            ("add-gid", "no-such-group"),
            ("chroot", "/no/such/directory"),
            ("immediate-uid", "nobody"),
        ):
            self.refuse({option: value}, rf"\b{option} = {value}: ")

    def test_address(self) -> None:
        """What is no address is refused."""
        self.refuse({"http": "here:there"}, "http", "here:there")
        self.refuse({"http": ":99999"}, "http", "99999")

    def test_no_address(self) -> None:
        """A file that binds nothing is refused."""
        self.refuse({"http": None}, "http")

    def test_directory(self) -> None:
        """A chdir to what is not there is refused."""
        self.refuse({"chdir": "nowhere"}, "chdir", "nowhere")

    def test_missing_file(self) -> None:
        """An ini file that is not there is refused by its name."""
        server = self.twsgi(self.site(), "nothing.ini")
        self.assert_refused(server, 1, r"nothing\.ini")

    def test_unknown_flag(self) -> None:
        """With strict, an unknown flag is refused like an unknown line."""
        server = self.twsgi(self.site(), "--ini", "uwsgi.ini", "--procesess", "2")
        self.assert_refused(server, 1, "procesess", r"\bprocesses\b")


class WarningTests(BehaviourCase):
    """Lines that are told of, and do not keep the server from serving."""

    def warn(self, changes: Mapping[str, str | None]) -> Server:
        """C{uwsgi.ini} with these changes serves."""
        site = self.site()
        site.edit("uwsgi.ini", changes)
        server = self.twsgi(site, "uwsgi.ini")
        self.assertEqual(server.get("/").status, 200)
        return server

    def test_unknown_option(self) -> None:
        """Without strict an unknown option is a warning: file, line, the nearest known option."""
        server = self.warn({"strict": None, "procesess": "2"})
        server.wait_for(rf"(?m)^.*uwsgi\.ini.*\b{LINES}\b.*procesess.*\bprocesses\b")

    def test_option_to_come(self) -> None:
        """An option of uWSGI's that is not there yet is a warning, with strict too."""
        server = self.warn({"spooler": "spool"})
        server.wait_for(rf"(?m)^.*uwsgi\.ini.*\b{LINES + 1}\b.*spooler")


class Applications:
    """Applications that cannot be loaded: exit 22; and addresses that are taken: exit 1."""

    def refuse(self, changes: Mapping[str, str | None], *patterns: str) -> Server:
        """The ini file with these changes stops with exit code 22, and the reason."""
        site = self.site()
        site.edit(self.ini, {"pidfile": "run.pid", **changes})
        server = self.twsgi(site, self.ini)
        self.assert_refused(server, 22, *patterns)
        self.assertEqual(server.find("Respawned"), [])
        return server

    def test_missing_module(self) -> None:
        """A module that is not there is named."""
        self.refuse({"module": "nothing_here"}, r"\bnothing_here\b")

    def test_missing_callable(self) -> None:
        """A callable that the module does not have is named, with the module."""
        self.refuse({"module": "app:nothing_here"}, r"\bnothing_here\b", r"\bapp\b")
        self.refuse({"callable": "nothing_here"}, r"\bnothing_here\b", r"\bapp\b")

    def test_missing_wsgi_file(self) -> None:
        """A wsgi-file that is not there is named."""
        self.refuse({"module": None, "wsgi-file": "nothing_here.py"}, r"nothing_here\.py")

    def test_no_application(self) -> None:
        """An ini file that names no application is refused."""
        self.refuse({"module": None}, "module|wsgi-file")

    def test_application_that_raises(self) -> None:
        """The traceback of an application that raises is shown, once; ours is one line."""
        site = self.site()
        site.write("code/app.py", "import json\njson.loads('no json')\n")
        server = self.twsgi(site, self.ini)
        self.assertEqual(server.wait_for_exit(), 22)
        server.assert_nothing_left()
        self.assertEqual(len(server.find("Traceback")), 1)
        server.wait_for(r'File ".*code/app\.py", line 2')
        self.assertNotIn("/twsgi/master/", server.text())
        self.assertEqual(len(server.find(r"(?m)^twsgi: .*\bapp\b")), 1)

    def test_address_in_use(self) -> None:
        """A port that somebody else has is refused, and named."""
        with socket.socket() as other:
            other.bind(("0.0.0.0", 0))
            other.listen()
            port = other.getsockname()[1]
            site = self.site()
            site.edit(self.ini, {self.option: f":{port}", "pidfile": "run.pid"})
            server = self.twsgi(site, self.ini)
            self.assert_refused(server, 1, rf"\b{port}\b", "(?i)in use")
            self.assertEqual(server.find(SPAWNED), [])

    def test_need_app_false(self) -> None:
        """With need-app = false the server runs without its application, and answers 500."""
        site = self.site()
        site.edit(self.ini, {"module": "nothing_here", "need-app": "false"})
        server = self.twsgi(site, self.ini)
        self.assertEqual(server.get("/").status, 500)
        self.assertEqual(server.get("/base.css").status, 200)
        server.wait_for("nothing_here")
        self.assertEqual(server.stop(signal.SIGTERM), 0)


class HttpApplicationTests(Applications, Http, RefusalCase, ModeCase):
    """L{Applications}, C{http =}."""


class HttpSocketApplicationTests(Applications, HttpSocket, RefusalCase, ModeCase):
    """L{Applications}, C{http-socket =}."""


class RunnerTests(RefusalCase):
    """Every command refuses in the same way."""

    RUNNERS: Mapping[str, list[str | Path]] = {
        "twistd -n": [COMMANDS / "twistd", "-n", "uwsgi", "--ini", "uwsgi.ini"],
        "twistd": [COMMANDS / "twistd", "uwsgi", "--ini", "uwsgi.ini"],
        "twist": [COMMANDS / "twist", "uwsgi", "--ini", "uwsgi.ini"],
        "twsgi": [COMMANDS / "twsgi", "uwsgi.ini"],
        "python -m twsgi": [sys.executable, "-m", "twsgi", "uwsgi.ini"],
    }

    def test_configuration(self) -> None:
        """A bad value: exit 1 and one line, also from the command that makes a daemon."""
        for command in self.RUNNERS.values():
            site = self.site()
            site.edit("uwsgi.ini", {"threads": "two"})
            self.assert_refused(self.start(site, *command), 1, "threads", "two")

    def test_application(self) -> None:
        """A module that is not there: exit 22 from every command that stays."""
        for name, command in self.RUNNERS.items():
            if name != "twistd":
                server = self.start(self.without_application(), *command)
                self.assertEqual(server.wait_for_exit(), 22, name)
                server.assert_nothing_left()
                self.assertEqual(list(server.site.directory.glob("*.pid")), [])

    def test_application_of_a_daemon(self) -> None:
        """A daemon whose module is not there says so in its log, and leaves no pidfile."""
        site = self.without_application()
        server = self.start(site, *self.RUNNERS["twistd"], log="twistd.log")
        server.wait_for_exit()
        server.wait_for(r"(?m)^twsgi: .*nothing_here")
        server.assert_nothing_left(10.0)
        self.assertEqual(list(site.directory.glob("*.pid")), [])

    def without_application(self) -> Site:
        """A site whose module is not there."""
        site = self.site()
        site.edit("uwsgi.ini", {"module": "nothing_here"})
        return site
