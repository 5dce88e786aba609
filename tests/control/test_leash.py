"""Tests of L{twsgi.control.leash}: what a program is started through."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from twsgi.control import leash
from twsgi.control.leash import arguments, is_simple, prepare


class System:
    """Remembers what it was asked to do."""

    def __init__(self, child: bool = True) -> None:
        self.did: list[tuple[Any, ...]] = []
        self._child = child

    def geteuid(self) -> int:
        return 0

    def fork(self) -> int:
        return 0 if self._child else 5

    def getpid(self) -> int:
        return 77

    def __getattr__(self, name: str) -> Any:
        return lambda *told: self.did.append((name, *told))


class PrepareTests(SynchronousTestCase):
    """What is done before the program begins."""

    def setUp(self) -> None:
        for number in (signal.SIGPIPE, signal.SIGXFSZ):
            self.addCleanup(signal.signal, number, signal.getsignal(number))

    def test_session(self) -> None:
        """It has a session of its own, and the signals that Python ignores."""
        system = System()
        prepare({"command": "a"}, system)
        self.assertEqual(system.did, [("setsid",)])
        self.assertEqual(signal.getsignal(signal.SIGPIPE), signal.SIG_DFL)

    def test_whom(self) -> None:
        """Groups are left behind; the group before the user."""
        system = System()
        prepare({"command": "a", "uid": 5, "gid": 6, "chdir": "/x"}, system)
        expected = [("chdir", "/x"), ("setgroups", []), ("setgid", 6), ("setuid", 5), ("setsid",)]
        self.assertEqual(system.did, expected)

    def test_background(self) -> None:
        """Who goes on writes its number into the pidfile."""
        path = Path(self.mktemp())
        prepare({"command": "a", "pidfile": str(path)}, System())
        self.assertEqual(path.read_text(), "77\n")


class SimpleTests(SynchronousTestCase):
    """Which commands are one program."""

    def test_simple(self) -> None:
        """One program and its arguments, quotes and redirections included."""
        for command in ("sleep 1", "sh -c 'a; b & c'", "sleep 1 > /dev/null", '/bin/echo "a;b"'):
            self.assertTrue(is_simple(command), command)
        for command in (
            "sleep 1; sleep 2", "sleep 1 && a", "sleep 1 &", "a | b", "cd / ", "A=b sleep 1",
            "(sleep 1)", "nosuch-program-at-all", "'open", "exec sleep 1", "sleep 1\nsleep 2", "",
        ):  # fmt: skip
            self.assertFalse(is_simple(command), command)


class RealTests(SynchronousTestCase):
    """The process itself."""

    def start(self, **told: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.run(arguments(told), capture_output=True, text=True, timeout=30)

    def test_command_line(self) -> None:
        """It needs nothing but Python."""
        words = arguments({"command": "a"})
        self.assertEqual(words[:3], [sys.executable, "-I", "-S"])
        self.assertEqual(words[3:], [leash.__file__, json.dumps({"command": "a"})])

    def test_code(self) -> None:
        """The exit code is the command's, of one program or of several."""
        for command in ("sh -c 'exit 3'", "true; exit 3"):
            self.assertEqual(self.start(command=command, parent=os.getpid()).returncode, 3)

    def test_refused(self) -> None:
        """What cannot be is one line, and exit code 1."""
        found = self.start(command="true", chdir="/nowhere/at/all")
        self.assertEqual(found.returncode, 1)
        self.assertEqual(
            found.stderr,
            '[uwsgi-daemons] unable to spawn "true": No such file or directory: /nowhere/at/all\n',
        )

    def test_late(self) -> None:
        """Whose parent is another already does not begin."""
        found = self.start(command="echo here", parent=1)
        self.assertEqual((found.returncode, found.stdout), (1, ""))
