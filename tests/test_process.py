"""L{twsgi.process}, L{twsgi.signals}, L{twsgi.pidfile} and L{twsgi.control.title}."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import Any
from unittest import mock, skipUnless

from twisted.trial.unittest import SynchronousTestCase

from tests.control.test_privileges import System as FakeSystem
from tests.fakes_entry import FakeReactor, a_plan
from tests.master.fakes import FakeLog
from twsgi import pidfile as module
from twsgi import process
from twsgi.control import title
from twsgi.errors import ConfigurationError, UserError
from twsgi.pidfile import Pidfile
from twsgi.process import apply_to_process, exit_with, settle_process
from twsgi.signals import install_signals


class SignalTests(SynchronousTestCase):
    """Which signals are taken, and where they lead."""

    def setUp(self) -> None:
        self.reactor = FakeReactor()
        self.handlers: dict[int, Any] = {}
        self.received: list[tuple[str, str]] = []
        install_signals(
            self.reactor,
            lambda name: self.received.append(("end", name)),
            lambda name: self.received.append(("reload", name)),
            lambda name: self.received.append(("ignore", name)),
            self.handlers.__setitem__,
        )

    def test_each(self) -> None:
        """TERM, INT and QUIT end; HUP reloads; USR1 and USR2 do nothing, and do not kill."""
        for number in self.handlers:
            self.handlers[number](number, None)
        self.reactor.turn()
        self.assertEqual(
            sorted(self.received),
            [
                ("end", "SIGINT"),
                ("end", "SIGQUIT"),
                ("end", "SIGTERM"),
                ("ignore", "SIGUSR1"),
                ("ignore", "SIGUSR2"),
                ("reload", "SIGHUP"),
            ],
        )

    def test_reactor_thread(self) -> None:
        """A handler does nothing itself: it may run in the middle of anything."""
        self.handlers[signal.SIGTERM](signal.SIGTERM, None)
        self.assertEqual(self.received, [])


class PidfileTests(SynchronousTestCase):
    """The file with the process's number."""

    def path(self) -> str:
        """A path at which there is nothing."""
        return os.path.abspath(self.mktemp())

    def test_none(self) -> None:
        """An empty path is no file at all."""
        pidfile = Pidfile("")
        pidfile.check()
        self.assertFalse(pidfile.write())
        pidfile.remove()

    def test_write_and_remove(self) -> None:
        """The number and a newline; gone afterwards."""
        pidfile = Pidfile(self.path())
        self.assertTrue(pidfile.write())
        with open(pidfile.path) as file:
            self.assertEqual(file.read(), f"{os.getpid()}\n")
        pidfile.remove()
        self.assertFalse(os.path.exists(pidfile.path))

    def test_check_leaves_nothing(self) -> None:
        """The check of a path that is fine makes no file."""
        pidfile = Pidfile(self.path())
        pidfile.check()
        self.assertFalse(os.path.exists(pidfile.path))

    def test_not_ours(self) -> None:
        """What another process has written over it stays; so does what was there before."""
        pidfile = Pidfile(self.path())
        pidfile.write()
        with open(pidfile.path, "w") as file:
            file.write("1\n")
        pidfile.remove()
        self.assertTrue(os.path.exists(pidfile.path))
        Pidfile(pidfile.path).remove()
        self.assertTrue(os.path.exists(pidfile.path))

    def test_unreadable(self) -> None:
        """One that can no more be read is told by what it is, and by when it was written."""
        for changed in (False, True):
            pidfile = Pidfile(self.path(), "pidfile2")
            pidfile.write()
            if changed:
                os.utime(pidfile.path, ns=(1, 1))

            def closed(*arguments: Any) -> Any:
                raise PermissionError

            with mock.patch.object(module, "open", closed, create=True):
                said = pidfile.remove()
            self.assertEqual(os.path.exists(pidfile.path), changed)
            self.assertEqual(said, "" if changed else "VACUUM: pidfile2 removed.")

    def test_gone(self) -> None:
        """One that is not there any more is said to be so."""
        pidfile = Pidfile(self.path())
        pidfile.write()
        os.unlink(pidfile.path)
        self.assertEqual(pidfile.remove(), f"VACUUM: pidfile {pidfile.path} is not there")

    def test_mistakes(self) -> None:
        """A missing directory, and a directory in its place, are one line each."""
        directory = self.path()
        os.mkdir(directory)
        for path in (directory, os.path.join(directory, "missing", "pid")):
            pidfile = Pidfile(path)
            self.assertIn(path, str(self.assertRaises(UserError, pidfile.check)))
            self.assertIn(path, str(self.assertRaises(UserError, pidfile.write)))


class ApplyToProcessTests(SynchronousTestCase):
    """What an entry point does to its own process."""

    def setUp(self) -> None:
        self.titles: list[str] = []
        self.patch(process, "set_process_title", self.titles.append)
        self.addCleanup(os.chdir, os.getcwd())
        self.patch(os, "environ", dict(os.environ))
        self.patch(sys, "path", list(sys.path))

    def test_master(self) -> None:
        """A master keeps its directory and environment: they are the children's."""
        before = os.getcwd()
        apply_to_process(a_plan(directory="/"), FakeLog())
        settle_process(a_plan(directory="/"), FakeLog())
        self.assertEqual((os.getcwd(), self.titles), (before, []))

    def test_title(self) -> None:
        """C{auto-procname} and C{procname-prefix} name the process as uWSGI does."""
        apply_to_process(a_plan(auto_procname=True), FakeLog())
        apply_to_process(a_plan(procname_prefix="my-"), FakeLog())
        apply_to_process(a_plan(auto_procname=True, master=False), FakeLog())
        self.assertEqual(self.titles, ["uWSGI master", "my-uWSGI master", "uWSGI worker 1"])

    def test_alone(self) -> None:
        """Without a master this process works in C{chdir}."""
        directory = os.path.realpath(self.mktemp())
        os.mkdir(directory)
        settle_process(a_plan(master=False, directory=directory), FakeLog())
        self.assertEqual(os.getcwd(), directory)

    def test_missing_directory(self) -> None:
        """A directory that is not there is one line."""
        plan = a_plan(master=False, directory="/nowhere/at/all")
        error = self.assertRaises(ConfigurationError, settle_process, plan, FakeLog())
        self.assertIn("/nowhere/at/all", str(error))

    def test_umask(self) -> None:
        """C{umask} is the process's own, master or not."""
        masks: list[int] = []
        self.patch(os, "umask", masks.append)
        apply_to_process(a_plan(umask=0o27), FakeLog())
        apply_to_process(a_plan(umask=0o77, master=False), FakeLog())
        self.assertEqual(masks, [0o27, 0o77])

    def test_master_drops(self) -> None:
        """A master becomes the user, who must be able to run Python for the others."""
        for runs in (True, False):
            system, log = FakeSystem(), FakeLog()
            system.access = lambda path, mode, runs=runs: runs  # type: ignore[attr-defined]
            plan = a_plan(uid="54321", gid="54322")
            if runs:
                settle_process(plan, log, system)
            else:
                error = self.assertRaises(ConfigurationError, settle_process, plan, log, system)
                self.assertIn("may not run", str(error))
            self.assertEqual((system.uid, system.gid), (54321, 54322))

    def test_master_of_a_jail(self) -> None:
        """With C{chroot} a master changes nothing of itself, and says so in one line."""
        system, log = FakeSystem(), FakeLog()
        settle_process(a_plan(uid="54321", chroot="/jail"), log, system)
        self.assertEqual(system.done, [])
        self.assertEqual(len(log.lines), 1)
        self.assertIn("chroot = /jail: the master stays outside, as user 0", log.lines[0])


class TitleTests(SynchronousTestCase):
    """The name of a process."""

    @skipUnless(os.path.exists("/proc/self/comm"), "only Linux has /proc/self/comm")
    def test_linux(self) -> None:
        """The name is what C{ps -o comm} shows, cut to fifteen bytes."""
        code = (
            "from twsgi.control.title import set_process_title as s; s('uWSGI worker 12 and more');"
            "print(open('/proc/self/comm').read())"
        )
        shown = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
        self.assertEqual(shown.stdout.strip(), b"uWSGI worker 12")

    def test_elsewhere(self) -> None:
        """A system without such a file is no error."""

        def missing(*arguments: Any) -> int:
            raise FileNotFoundError

        self.patch(os, "open", missing)
        title.set_process_title("x")


class ExitTests(SynchronousTestCase):
    """The exit code under a runner that has its own idea of it."""

    def leave(self, code: int) -> list[int]:
        """The exit codes that are forced when the code is C{code}."""
        registered: list[Any] = []
        left: list[int] = []
        self.patch(os, "_exit", left.append)
        exit_with(lambda: code, registered.append)
        registered[0]()
        return left

    def test_failure(self) -> None:
        """A code that is not 0 becomes the process's."""
        self.assertEqual(self.leave(22), [22])

    def test_success(self) -> None:
        """With 0 the end stays the runner's."""
        self.assertEqual(self.leave(0), [])

    def test_output_is_not_lost(self) -> None:
        """What was printed before the end is written."""
        code = "from twsgi.process import exit_with; exit_with(lambda: 22); print('last', end='')"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True)
        self.assertEqual((done.returncode, done.stdout), (22, b"last"))


class StandardStreamTests(SynchronousTestCase):
    """What twistd does to the standard streams is undone."""

    def run_code(self, code: str) -> tuple[bytes, bytes, bytes]:
        """stdout, stderr and log of a process that runs C{code}."""
        path = self.mktemp()
        head = (
            "import os, sys; from twsgi.process import StandardStreams; before = StandardStreams();"
            "sys.stdout = sys.stderr = open(os.devnull, 'w');"
            f"log = os.open({path!r}, os.O_CREAT | os.O_WRONLY | os.O_APPEND);"
        )
        done = subprocess.run([sys.executable, "-c", head + code], capture_output=True, check=True)
        with open(path, "rb") as file:
            return done.stdout, done.stderr, file.read()

    def test_foreground(self) -> None:
        """C{sys.stdout} and C{sys.stderr} are what they were."""
        streams = self.run_code("before.restore(None); print('out'); print('err', file=sys.stderr)")
        self.assertEqual(streams, (b"out\n", b"err\n", b""))

    def test_log_file(self) -> None:
        """Where the log is a file, all that is written goes there, in its order."""
        streams = self.run_code(
            "before.restore(log); print('out'); os.write(2, b'raw\\n'); print('end')"
        )
        self.assertEqual(streams, (b"", b"", b"out\nraw\nend\n"))
