"""L{twsgi.worker.tracebacker}: whoever connects is told where every thread is."""

from __future__ import annotations

import os
import socket
import stat
import threading
import uuid

from twisted.trial.unittest import SynchronousTestCase

from tests.worker.fakes import Log
from twsgi.worker.tracebacker import Tracebacker


class TracebackerCase(SynchronousTestCase):
    """A socket in a directory of its own."""

    def setUp(self) -> None:
        self.log = Log()
        # The name of a UNIX socket is short.
        directory = f"/tmp/twsgi-{uuid.uuid4().hex[:8]}"
        os.mkdir(directory)
        self.addCleanup(os.rmdir, directory)
        self.path = f"{directory}/tb"

    def make(self, index: int = 1, path: str = "") -> Tracebacker:
        """One that listens."""
        made = Tracebacker(path or self.path, index, self.log)
        made.start()
        self.addCleanup(made.stop)
        return made

    def ask(self, path: str) -> str:
        """What it says."""
        name: str | bytes = b"\0" + path[1:].encode() if path.startswith("@") else path
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(10)
            client.connect(name)
            parts = []
            while data := client.recv(65536):
                parts.append(data)
        return b"".join(parts).decode()


class TellsTests(TracebackerCase):
    """What is told, and to whom."""

    def test_threads(self) -> None:
        """Every thread is there by its name, frame by frame, in uWSGI's words."""
        waits = threading.Event()
        arrived = threading.Event()

        def wait_for_the_test() -> None:
            arrived.set()
            waits.wait(10)

        thread = threading.Thread(target=wait_for_the_test, name="the core")
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(waits.set)
        self.assertTrue(arrived.wait(10))
        said = self.ask(self.make().path)
        self.assertTrue(said.startswith("*** uWSGI Python tracebacker output ***\n\n"), said)
        self.assertRegex(
            said,
            rf"(?m)^thread_id = the core filename = {__file__} lineno = \d+ "
            r"function = wait_for_the_test line = waits\.wait\(10\)$",
        )
        self.assertIn("thread_id = MainThread filename = ", said)
        self.assertTrue(said.endswith("\n\n"))

    def test_again(self) -> None:
        """It tells as often as it is asked."""
        path = self.make().path
        self.assertTrue(self.ask(path))
        self.assertTrue(self.ask(path))

    def test_name_and_rights(self) -> None:
        """The path ends in the worker's number; nobody but its owner may connect."""
        made = self.make(7)
        self.assertEqual(made.path, f"{self.path}7")
        self.assertEqual(stat.S_IMODE(os.stat(made.path).st_mode), 0o600)
        self.assertEqual(
            self.log.lines, [f"python tracebacker for worker 7 available on {made.path}"]
        )
        self.assertEqual(os.listdir(os.path.dirname(self.path)), ["tb7"])

    def test_abstract(self) -> None:
        """The name may be an abstract one."""
        name = f"@twsgi-{uuid.uuid4().hex}"
        self.assertIn("MainThread", self.ask(self.make(1, name).path))


class PathTests(TracebackerCase):
    """Whose the path is."""

    def test_removed(self) -> None:
        """At the end it is gone, and nobody listens."""
        made = self.make()
        made.stop()
        self.assertFalse(os.path.lexists(made.path))
        made.stop()

    def test_successor(self) -> None:
        """Who comes after takes the path at once, and keeps it when the first one goes."""
        first = self.make()
        before = os.stat(first.path).st_ino
        second = self.make()
        self.assertNotEqual(os.stat(second.path).st_ino, before)
        first.stop()
        self.assertIn("MainThread", self.ask(second.path))

    def test_left_behind(self) -> None:
        """What a killed worker has left is replaced."""
        for path in (f"{self.path}1", f"{self.path}1.new"):
            with socket.socket(socket.AF_UNIX) as left:
                left.bind(path)
        self.assertIn("MainThread", self.ask(self.make().path))

    def test_other_file(self) -> None:
        """A file that is no socket is left alone, and the log says so."""
        path = f"{self.path}1"
        with open(path, "w"):
            pass
        self.addCleanup(os.unlink, path)
        made = self.make()
        self.assertEqual(
            self.log.lines,
            [f"py-tracebacker = {path}: a file that is no socket is there: {path}"],
        )
        self.assertTrue(os.path.isfile(path))
        made.stop()

    def test_no_directory(self) -> None:
        """Where it cannot be, the log says why, and that is all."""
        made = self.make(1, "/no/such/directory/tb")
        self.assertEqual(
            self.log.lines,
            ["py-tracebacker = /no/such/directory/tb1: No such file or directory"],
        )
        made.stop()
