"""Tests of L{twsgi.control.hooks}: what is done, and what is said of it."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.master.fakes import FakeLog
from twsgi.control.hooks import PATIENCE, Hooks, run_command
from twsgi.errors import HookError


class System:
    """The system as it is, but for what would change this process."""

    def __init__(self) -> None:
        self.environ: dict[str, str] = {"HERE": "1"}
        self.went: list[str] = []
        self.owned: list[tuple[str, int, int]] = []

    def chdir(self, path: str) -> None:
        self.went.append(path)

    def chown(self, path: str, user: int, group: int) -> None:
        self.owned.append((path, user, group))

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)


class HooksTests(SynchronousTestCase):
    """One after another, in this process."""

    def setUp(self) -> None:
        self.log = FakeLog()
        self.system = System()
        self.ran: list[tuple[str, int, dict[str, str], str | None]] = []
        self.code: int | OSError = 0
        self.slept = 0.0
        self.directory = Path(self.mktemp()).absolute()
        self.directory.mkdir()
        self.hooks = Hooks(
            self.log,
            7,
            environment={"ADDED": "2"},
            directory="/d",
            run=self.run_fake,
            system=self.system,
            sleep=self.sleep,
        )

    def run_fake(
        self, command: str, log: int, environment: Mapping[str, str], directory: str | None
    ) -> int:
        self.ran.append((command, log, dict(environment), directory))
        if isinstance(self.code, OSError):
            raise self.code
        return self.code

    def sleep(self, seconds: float) -> None:
        self.slept += seconds

    def do(self, *texts: str) -> None:
        self.hooks.hooks("now", texts)

    def path(self, name: str = "file") -> Path:
        return self.directory / name

    def test_commands(self) -> None:
        """A command has the environment, the directory and the log."""
        self.hooks.commands("now", ["a", "b"])
        environment = {"HERE": "1", "ADDED": "2"}
        self.assertEqual(self.ran, [(one, 7, environment, "/d") for one in "ab"])
        self.assertEqual(self.log.lines, ['running "a" (now)...', 'running "b" (now)...'])

    def test_failing_command(self) -> None:
        """The first that fails is the last; where it does not matter all are run."""
        self.code = 3
        error = self.assertRaises(HookError, self.hooks.commands, "now", ["a", "b"])
        self.assertEqual(str(error), 'command "a" exited with non-zero code: 3')
        self.assertEqual((error.exit_code, len(self.ran)), (1, 1))
        self.hooks.commands("now", ["a", "b"], fatal=False)
        self.assertEqual(len(self.ran), 3)
        self.code = OSError(2, "No such file or directory")
        error = self.assertRaises(HookError, self.hooks.hooks, "now", ["exec:a"])
        self.assertIn('command "a": No such file', str(error))

    def test_safe(self) -> None:
        """safeexec goes on, whatever becomes of its command."""
        self.code = 3
        self.do("safeexec:a", "print:on")
        self.assertEqual(self.log.lines[-1], "on")
        self.assertTrue(self.log.said('command "a" exited with non-zero code: 3'))

    def test_files(self) -> None:
        """Files are made, written, added to, and taken away."""
        path = self.path()
        for hook, content in (
            (f"write:{path} a b", "a b"),
            (f"append:{path} c", "a bc"),
            (f"appendn:{path} d", "a bcd\n"),
            (f"writen:{path} e", "e\n"),
            (f"create:{path}", ""),
        ):
            self.do(hook)
            self.assertEqual(path.read_text(), content, hook)
        self.do(f"unlink:{path}", f"mkdir:{self.path('new')}")
        self.assertEqual([one.name for one in self.directory.iterdir()], ["new"])
        spaced = self.path("a b")
        self.do(f"creat:{spaced}")
        self.assertTrue(spaced.exists())

    def test_rights(self) -> None:
        """Rights and owners."""
        path = self.path()
        path.touch()
        self.do(
            f"chmod:{path} 640", f"sticky:{path}", f"chown2:{path} 1 2", f"chown:{path} root root"
        )
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o1640)
        self.assertEqual(self.system.owned, [(str(path), 1, 2), (str(path), 0, 0)])
        error = self.assertRaises(HookError, self.do, f"chown:{path} nobody-at-all root")
        self.assertIn("no such user", str(error))

    def test_process(self) -> None:
        """What it changes of the process."""
        self.do("cd:/a", "chdir:/b", "putenv:A=b=c")
        self.assertEqual(self.system.went, ["/a", "/b"])
        self.assertEqual(self.system.environ["A"], "b=c")

    def test_fifo(self) -> None:
        """A fifo that nobody reads is passed over."""
        path = self.path()
        os.mkfifo(path)
        self.do(f"writefifo:{path} x")
        reading = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reading)
        self.do(f"writefifo:{path} x")
        self.assertEqual(os.read(reading, 9), b"x")
        self.assertRaises(HookError, self.do, f"writefifo:{self.path('none')} x")

    def test_wait(self) -> None:
        """It waits for what is not there, and gives up in the end."""
        self.do(f"wait_for_dir:{self.directory}")
        self.assertEqual(self.slept, 0.0)
        error = self.assertRaises(HookError, self.do, f"wait_for_file:{self.directory}")
        self.assertIn("unavailable after", str(error))
        self.assertEqual(self.slept, PATIENCE)

    def test_exit(self) -> None:
        """The process is to end, with this code."""
        error = self.assertRaises(HookError, self.do, "exit:7", "print:never")
        self.assertEqual(error.exit_code, 7)
        self.assertFalse(self.log.said("never"))

    def test_private(self) -> None:
        """The log does not show what is done."""
        self.do(f"!write:{self.path()} secret")
        self.assertFalse(self.log.said("secret"))
        self.assertTrue(self.log.said("PRIVATE HOOK"))

    def test_as_it_is(self) -> None:
        """What happens anyway is not done."""
        self.do("unix_signal:15 gracefully_kill_them_all")

    def test_failing_hook(self) -> None:
        """The reason is the system's; where it does not matter the rest is done."""
        error = self.assertRaises(HookError, self.do, "unlink:/nowhere/at/all")
        self.assertIn("No such file or directory", str(error))
        self.hooks.hooks("end", ["unlink:/nowhere/at/all", "print:on"], fatal=False)
        self.assertEqual(self.log.lines[-1], "on")


class RunTests(SynchronousTestCase):
    """The real thing, once."""

    def test_run(self) -> None:
        """Output goes where it was told to, and the code is the command's."""
        path = Path(self.mktemp())
        with open(path, "wb") as file:
            code = run_command("echo $A in $PWD; exit 3", file.fileno(), {"A": "b"}, "/")
        self.assertEqual((path.read_text(), code), ("b in /\n", 3))
