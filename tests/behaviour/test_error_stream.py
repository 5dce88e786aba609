"""C{wsgi.errors} of many threads and workers at once: lines in the log, whole and in order."""

from __future__ import annotations

import os
import re
import signal
import sys
from typing import Any

from tests.behaviour.harness import Http, HttpSocket, ModeCase
from tests.behaviour.server import Call, Server
from tests.behaviour.test_wsgi_probes import with_probes

WORDS = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta")
COUNT, SIZE = 12, 20_000
#: Passes its input on, but takes its time.
SLOW_READER = (
    "import os, sys, time\n"
    "while data := os.read(0, 8192):\n"
    "    time.sleep(0.001)\n"
    "    os.write(2, data)\n"
)


class ErrorStream:
    """The tests."""

    def start_with(self: Any, piped: bool) -> Server:
        """A server with the probes; C{piped}: its log is a pipe, and who reads that is slow."""
        site = self.site()
        with_probes(site)
        if not piped:
            return self.twsgi(site, self.ini)  # type: ignore[no-any-return]
        (site.directory / "slow.py").write_text(SLOW_READER)
        pipe = '"$0" -m twsgi "$1" 2>&1 | "$0" slow.py'
        return self.start(site, "sh", "-c", pipe, sys.executable, self.ini)  # type: ignore

    def lines_are_whole(self: Any, server: Server) -> None:
        """Eight requests at once write long lines; none has anything in it but its own."""
        asked = [
            Call(lambda word=word: server.get(f"/long-lines?{word}&{COUNT}&{SIZE}"))
            for word in WORDS
        ]
        self.assertEqual([call.result().body for call in asked], [b"said"] * len(WORDS))
        for word in WORDS:
            server.wait_for(rf"(?m)^{word} {COUNT - 1} .* end$")
            numbers = []
            for found in server.find(rf"(?m)^.*\b{word} (\d+) {word}.*$"):
                numbers.append(int(found[1]))
                expected = f"{word} {found[1]} {word * (SIZE // len(word))} end"
                self.assertEqual(found[0], expected)
            self.assertEqual(numbers, list(range(COUNT)), word)
        server.wait_for(r"(?m)^\[pid: \d+\|.* GET /long-lines.*\(1 switches on core \d\)$", 8)

    def test_file(self: Any) -> None:
        """Where the log is a file."""
        server = self.start_with(False)
        self.lines_are_whole(server)

    def test_pipe(self: Any) -> None:
        """Where it is a pipe that is full most of the time; nothing is lost."""
        server = self.start_with(True)
        self.lines_are_whole(server)
        self.assertEqual(server.find("bytes of it are lost"), [])
        os.kill(server.master, signal.SIGTERM)
        server.wait_for_exit()
        server.assert_nothing_left()

    def test_at_the_end(self: Any) -> None:
        """A line that nobody has ended is there when the worker has gone."""
        server = self.start_with(False)
        self.assertEqual(server.get("/begins").body, b"said")
        self.assertEqual(server.find("begun by a thread"), [])
        server.stop()
        self.assertTrue(re.search(r"(?m)^begun by a thread$", server.text()))


class HttpErrorStreamTests(ErrorStream, Http, ModeCase):
    """L{ErrorStream}, C{http =}."""


class HttpSocketErrorStreamTests(ErrorStream, HttpSocket, ModeCase):
    """L{ErrorStream}, C{http-socket =}."""
