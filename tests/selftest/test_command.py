"""L{twsgi.selftest.command}: C{twsgi --selftest-reload}, with a server that is played."""

from __future__ import annotations

import io
import os
import socket
import sys
from collections.abc import Sequence

from twisted.trial.unittest import SynchronousTestCase

from tests.selftest.fakes import OK, FakeServer, Script, answer, read_request
from twsgi.selftest import command
from twsgi.selftest.served import ServedError

INI = """\
[uwsgi]
master = true
http = :80
module = app
"""


class FakeServed:
    """
    Plays L{twsgi.selftest.served.Served}.

    @ivar losing: the next answers that are not given.
    @ivar failing: what L{reload} raises.
    """

    log = "its log"

    def __init__(self, scripts: Sequence[Script] = ()) -> None:
        self.events: list[str] = []
        self.losing = 0
        self.failing: Exception | None = None
        # One connection at a time: an answer closes it.
        self.server = FakeServer(*scripts, *[self.serve] * 100_000)

    def serve(self, connected: socket.socket) -> None:
        read_request(connected)
        if self.losing:
            self.losing -= 1
        else:
            connected.sendall(OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))

    def wait_ready(self, seconds: float) -> list[int]:
        self.events.append("ready")
        return [self.server.port]

    def reload(self, seconds: float) -> None:
        self.events.append("reload")
        if self.failing is not None:
            raise self.failing

    def end(self, mercy: float) -> None:
        self.events.append("end")

    def kill(self) -> None:
        self.events.append("kill")

    def forget(self) -> None:
        self.events.append("forget")


class CommandTests(SynchronousTestCase):
    """Its exit code, and what it says."""

    def setUp(self) -> None:
        self.output = io.StringIO()
        self.error = io.StringIO()
        self.patch(sys, "stderr", self.error)
        self.patch(command, "ANSWERS", 3)
        self.served = FakeServed()
        self.addCleanup(self.served.server.close)
        self.lines: list[list[str]] = []

    def run_command(self, *arguments: str) -> int:
        """Runs it.  @return: its exit code."""

        def serve(arguments: Sequence[str]) -> FakeServed:
            self.lines.append(list(arguments))
            return self.served

        return command.main(arguments, self.output, serve)  # type: ignore[arg-type]

    def ini(self, text: str = INI) -> str:
        """The name of an ini file."""
        name = os.path.abspath(self.mktemp()) + ".ini"
        with open(name, "w") as file:
            file.write(text)
        return name

    def test_nothing_lost(self) -> None:
        """Where nothing is lost the exit code is 0 and nothing stays; each reload has a line."""
        name = self.ini()
        self.assertEqual(self.run_command(name, "2"), 0)
        events = self.served.events
        self.assertEqual(events, ["ready", "reload", "reload", "end", "kill", "forget"])
        said = self.output.getvalue()
        self.assertIn("GET / answers 200 on port", said)
        self.assertIn("\nreload 2 of 2: 0.0 s; so far ", said)
        self.assertIn("0 lost\n", said)
        self.assertEqual((self.lines, self.error.getvalue()), ([[name]], ""))

    def test_lost(self) -> None:
        """Where a request is lost the exit code is 1, and the server's log stays."""
        reload = self.served.reload

        def losing(seconds: float) -> None:
            reload(seconds)
            self.served.losing = 1

        self.patch(self.served, "reload", losing)
        self.assertEqual(self.run_command(self.ini(), "1"), 1)
        self.assertNotIn("forget", self.served.events)
        self.assertIn("1 lost\n               1 reset\n", self.output.getvalue())
        self.assertIn("the server's log is its log\n", self.output.getvalue())

    def test_four_reloads(self) -> None:
        """Without a number there are four; flags are the server's."""
        name = self.ini()
        self.assertEqual(self.run_command(name, "--processes", "2"), 0)
        self.assertEqual(self.served.events.count("reload"), 4)
        self.assertEqual(self.lines, [[name, "--processes", "2"]])

    def test_reload_that_fails(self) -> None:
        """A reload that is given up is one line and exit code 2."""
        self.served.failing = ServedError("reload given up: x")
        self.assertEqual(self.run_command(self.ini()), 2)
        self.assertEqual(self.error.getvalue(), "twsgi: reload given up: x\n")
        self.assertEqual(self.served.events, ["ready", "reload", "kill"])

    def test_application_that_fails(self) -> None:
        """An application that answers 500 without any reload is no measure of one."""
        failing = answer(b"HTTP/1.1 500 x\r\nContent-Length: 0\r\n\r\n")
        self.served.server.close()
        self.served = FakeServed([failing])
        self.addCleanup(self.served.server.close)
        self.assertEqual(self.run_command(self.ini()), 2)
        self.assertIn("before any reload: GET /: status 500 after", self.error.getvalue())

    def test_application_that_redirects(self) -> None:
        """Any status below 500 will do; the same one is expected ever after."""
        self.patch(sys.modules[__name__], "OK", OK.replace(b"200", b"302"))
        self.assertEqual(self.run_command(self.ini(), "1"), 0)
        self.assertIn("GET / answers 302", self.output.getvalue())

    def test_mistakes(self) -> None:
        """A mistake is one line and exit code 2; nothing is started."""
        single = self.ini(INI.replace("master", "strict"))
        broken = self.ini("[uwsgi]\nprocesses = x\n")
        for arguments, said in (
            ((), "needs the name of an ini file"),
            (("--master",), "needs the name of an ini file"),
            ((self.ini(), "0"), "'0' is no number of reloads"),
            ((self.ini(), "x"), "'x' is no number of reloads"),
            (("missing.ini",), "missing.ini: No such file"),
            ((broken,), "not a whole number"),
            ((single,), "a reload needs a master: master = true"),
        ):
            self.error.seek(0)
            self.error.truncate()
            self.assertEqual(self.run_command(*arguments), 2, arguments)
            self.assertEqual(self.error.getvalue().count("\n"), 1)
            self.assertIn(said, self.error.getvalue())
        self.assertEqual((self.lines, self.output.getvalue()), ([], ""))
