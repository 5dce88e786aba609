"""C{twsgi --lint} and its sisters, as a shell runs them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap

from twisted.trial.unittest import SynchronousTestCase

#: An application that leaves a file behind when it is imported.
MARKING = "open('imported', 'w').close()\n"
FILE = """\
[uwsgi]
http = 127.0.0.1:1
module = marking
chdir = nowhere
uid = nobody-of-this-name
master = true
processes = 2
harakari = 30
procname-prefix = @(exec://touch ran)
pidfile = lint.pid
"""


class LintTests(SynchronousTestCase):
    """The commands as processes."""

    def setUp(self) -> None:
        self.directory = self.mktemp()
        os.makedirs(self.directory)
        self.write("uwsgi.ini", FILE)
        self.write("marking.py", MARKING)

    def write(self, name: str, text: str) -> None:
        with open(os.path.join(self.directory, name), "w") as file:
            file.write(textwrap.dedent(text))

    def twsgi(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "twsgi", *arguments],
            cwd=self.directory,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def test_lint(self) -> None:
        """All is said at once, the exit code says how bad it is, and nothing is done."""
        before = sorted(os.listdir(self.directory))
        ended = self.twsgi("--lint", "uwsgi.ini")
        self.assertEqual((ended.returncode, ended.stderr), (1, ""))
        for words in (
            "uwsgi.ini:8: unknown option 'harakari': did you mean 'harakiri'?",
            "this machine has no user 'nobody-of-this-name'",
            "requests at once",
            "127.0.0.1:1: HTTP, by 1 frontend process",
        ):
            self.assertIn(words, ended.stdout)
        left = [name for name in os.listdir(self.directory) if name != "__pycache__"]
        self.assertEqual(sorted(left), before)

    def test_errors(self) -> None:
        """An error is 2, for flags beside the file too."""
        ended = self.twsgi("--lint", "uwsgi.ini", "--threads=two")
        self.assertEqual(ended.returncode, 2)
        self.assertIn("errors: there is no start with them\n  command line: threads", ended.stdout)

    def test_json(self) -> None:
        """A program reads the same as JSON."""
        ended = self.twsgi("--lint", "uwsgi.ini", "--lint-format=json")
        self.assertEqual(json.loads(ended.stdout)["exit_code"], ended.returncode)

    def test_show_config(self) -> None:
        """Every setting is shown with where it came from."""
        ended = self.twsgi("--show-config", "uwsgi.ini", "--threads", "3")
        self.assertEqual(ended.returncode, 0)
        lines = [" ".join(line.split()) for line in ended.stdout.splitlines()]
        self.assertIn("uwsgi.ini:7 processes = 2", lines)
        self.assertIn("command line threads = 3", lines)

    def test_closed_pipe(self) -> None:
        """Who reads no further, as head does, is no mistake."""
        child = subprocess.Popen(
            [sys.executable, "-m", "twsgi", "--list-options"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert child.stdout is not None and child.stderr is not None
        child.stdout.close()
        errors = child.stderr.read()
        child.stderr.close()
        self.assertEqual((child.wait(), errors), (0, b""))
