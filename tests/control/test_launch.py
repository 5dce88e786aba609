"""L{twsgi.control.launch}: what a child is told, and how."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.worker.fakes import a_launch
from twsgi.control import launch as launch_module
from twsgi.control.launch import (
    FRONTEND,
    WORKER,
    InheritedListener,
    Launch,
    anonymous_file,
    forbid_inheritance,
)


class LaunchTests(SynchronousTestCase):
    """A launch travels whole."""

    def a_launch(self) -> Launch:
        """One with something of everything."""
        return replace(
            a_launch(WORKER, pythonpath=("a", "b c"), module="app:é", env=("A=1",)),
            listeners=(InheritedListener(6, "http-socket", "[::]:8000"),),
            directory="/tmp/é",
        )

    def test_json(self) -> None:
        """What is read is equal to what was written, tuples and all."""
        made = self.a_launch()
        again = Launch.from_json(made.to_json())
        self.assertEqual(again, made)
        self.assertEqual(hash(again), hash(made))

    @given(st.text(), st.lists(st.text()), st.none() | st.text())
    def test_any_words(self, prefix: str, path: list[str], directory: str | None) -> None:
        """Any text arrives as it is."""
        made = replace(
            a_launch(WORKER, procname_prefix=prefix, pythonpath=tuple(path)), directory=directory
        )
        self.assertEqual(Launch.from_json(made.to_json()), made)

    def test_file(self) -> None:
        """It is written to a file that has no name, and that the reader closes."""
        made = self.a_launch()
        descriptor = made.write()
        self.assertEqual(os.fstat(descriptor).st_nlink, 0)
        self.assertFalse(os.get_inheritable(descriptor))
        self.assertEqual(Launch.read(descriptor), made)
        self.assertRaises(OSError, os.fstat, descriptor)

    def test_title(self) -> None:
        """A process calls itself as uWSGI's does."""
        made = replace(self.a_launch(), index=3)
        self.assertEqual(made.title, "uWSGI worker 3")
        self.assertEqual(a_launch(FRONTEND, procname_prefix="my-").title, "my-uWSGI http 1")

    def test_arguments(self) -> None:
        """Each kind is started by its own main, and C{ps} shows who it is."""
        for kind, package in ((WORKER, "worker"), (FRONTEND, "frontend")):
            program, option, code, title = a_launch(kind).arguments()
            self.assertEqual((program, option), (sys.executable, "-c"))
            self.assertIn(f"from twsgi.{package}.main import main", code)
            self.assertEqual(title, f"uWSGI {kind} 1")
            compile(code, "", "exec")

    def test_optimize(self) -> None:
        """A worker's Python is told C{optimize}; a frontend, which runs no application, is not."""
        for level, flags in ((0, []), (1, ["-O"]), (2, ["-OO"]), (7, ["-OO"])):
            found = a_launch(WORKER, optimize=level).arguments()
            self.assertEqual(found[1:-2], [*flags, "-c"])
            self.assertEqual(a_launch(FRONTEND, optimize=level).arguments()[1], "-c")

    def test_nothing_is_shadowed(self) -> None:
        """A file in the working directory does not take a standard module's place."""
        directory = self.mktemp()
        os.mkdir(directory)
        for name in ("socket", "asyncio", "twisted"):
            with open(os.path.join(directory, f"{name}.py"), "w") as file:
                file.write("raise SystemExit('shadowed')")
        self.assertEqual(self.boot("print('imported')", directory), (0, b"imported\n", b""))

    def test_signals(self) -> None:
        """From its first moment a child leaves signals to the master."""
        numbers = (1, 2, 3, 15, signal.SIGUSR1.value, signal.SIGUSR2.value)
        main = f"import os; [os.kill(os.getpid(), one) for one in {numbers}]; print('alive')"
        self.assertEqual(self.boot(main, "."), (0, b"alive\n", b""))

    def boot(self, main: str, directory: str) -> tuple[int, bytes, bytes]:
        """A child's exit code and what it says, when it does C{main} instead of its own."""
        _, option, code, _ = a_launch(WORKER).arguments()
        done = subprocess.run(
            [sys.executable, option, code.replace("main()", main)],
            cwd=directory,
            capture_output=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(os.path.isabs, sys.path))},
        )
        return done.returncode, done.stdout, done.stderr


class DescriptorTests(SynchronousTestCase):
    """Descriptors, and who inherits them."""

    def test_anonymous_file(self) -> None:
        """A file without a name: by memfd, and where there is none by a file that is deleted."""
        for memfd in (True, False):
            if not memfd:
                self.patch(os, "memfd_create", None)
                del os.memfd_create
            descriptor = anonymous_file("name")
            self.assertEqual(os.fstat(descriptor).st_nlink, 0)
            self.assertEqual(os.fstat(descriptor).st_size, 0)
            self.assertFalse(os.get_inheritable(descriptor))
            os.pwrite(descriptor, b"x", 0)
            os.close(descriptor)

    def test_forbid_inheritance(self) -> None:
        """What was inherited is not inherited further; holes among the numbers are no end."""
        self.patch(launch_module, "FIRST_LISTENER_FD", 500)
        null = os.open(os.devnull, os.O_RDONLY)
        self.addCleanup(os.close, null)
        numbers = [fcntl.fcntl(null, fcntl.F_DUPFD, start) for start in (500, 510)]
        for number in numbers:
            self.addCleanup(os.close, number)
            os.set_inheritable(number, True)
        forbid_inheritance(500, 520)
        self.assertEqual([os.get_inheritable(number) for number in numbers], [False, False])

    def test_first_listener_is_last(self) -> None:
        """The fixed descriptors are different ones, and the listeners' come after them."""
        numbers = [
            launch_module.CONTROL_FD,
            launch_module.LAUNCH_FD,
            launch_module.SCOREBOARD_FD,
            launch_module.FIRST_LISTENER_FD,
        ]
        self.assertEqual(numbers, sorted(set(numbers)))
        self.assertGreater(numbers[0], 2)
