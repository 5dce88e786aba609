"""C{twsgi --selftest-reload}: a user's own server, reloaded under load."""

from __future__ import annotations

import socket
import sys

from tests.behaviour.harness import Http, HttpSocket, ModeCase
from tests.behaviour.server import PATIENCE, Server

#: Seconds for a whole run: it takes three.
RUN = 3 * PATIENCE


class Selftest:
    """The command, in both modes."""

    def reload(self, changes: dict[str, str | None], application: str = "", *more: str) -> Server:
        """The command, on a site with these changes, and its application if one is given."""
        site = self.site()
        site.edit(self.ini, {"processes": "2", "cheaper": None, **changes})
        if application:
            site.write("code/app.py", application)
        command = (sys.executable, "-m", "twsgi", "--selftest-reload", self.ini, *more)
        return self.start(site, *command, environment={"TMPDIR": str(site.directory)})

    def test_nothing_lost(self) -> None:
        """An application that is reloaded loses nothing; what runs already is left alone."""
        with socket.create_server(("127.0.0.1", 0)) as production:
            address = f"127.0.0.1:{production.getsockname()[1]}"
            server = self.reload({self.option: address, "pidfile": "run.pid"}, "", "2")
            self.assertEqual(server.wait_for_exit(RUN), 0)
            production.setblocking(False)
            self.assertRaises(BlockingIOError, production.accept)
        server.wait_for(r"(?m)^GET / answers 200 on port \d+;")
        server.wait_for(r"(?m)^reload 2 of 2: ")
        server.wait_for(r"(?m)^ +0 lost$")
        self.assertFalse((server.site.directory / "run.pid").exists())
        server.assert_nothing_left()

    def test_application_that_cannot_be_loaded(self) -> None:
        """Where the server does not start, one line says why, and the exit code is 2."""
        server = self.reload({}, "raise RuntimeError('no database')\n")
        self.assertEqual(server.wait_for_exit(RUN), 2)
        server.wait_for(r"(?m)^twsgi: the server ended with exit code 22: .*no database")
        self.assertEqual(server.stderr.read_text().count("\n"), 1)
        server.assert_nothing_left()

    def test_mistake(self) -> None:
        """A mistake in the file is one line, and exit code 2."""
        server = self.reload({"processes": "many"})
        self.assertEqual(server.wait_for_exit(RUN), 2)
        self.assertRegex(server.text(), r"^twsgi: .*not a whole number.*\n$")


class HttpSelftestTests(Selftest, Http, ModeCase):
    """L{Selftest}, C{http =}."""


class HttpSocketSelftestTests(Selftest, HttpSocket, ModeCase):
    """L{Selftest}, C{http-socket =}; and an application that does lose requests."""

    def test_lost(self) -> None:
        """A request that takes longer than worker-reload-mercy is lost, and the exit code is 1."""
        server = self.reload(
            {"worker-reload-mercy": "1", "threads": "4"},
            # Not all at once, for the reload would meet none of them just after they have ended.
            "import random, time\n"
            "def application(environ, start_response):\n"
            "    time.sleep(1.5 + 3 * random.random())\n"
            "    start_response('200 OK', [('Content-Length', '0')])\n"
            "    return []\n",
            "1",
        )
        self.assertEqual(server.wait_for_exit(2 * RUN), 1)
        server.wait_for(r"(?m)^ +[1-9]\d* lost\n +\d+ reset$")
        kept = server.wait_for(r"(?m)^the server's log is (.*)$")
        server.assert_nothing_left()
        with open(kept[1]) as log:
            self.assertIn("NO MERCY", log.read())
