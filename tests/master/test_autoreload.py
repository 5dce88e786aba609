"""Tests of L{twsgi.master.autoreload}: one reload for each change, whoever tells of it."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.master.fakes import FakeLog
from twsgi.master.autoreload import AutoReload


class AutoReloadTests(SynchronousTestCase):
    """What workers say, and what comes of it."""

    def setUp(self) -> None:
        self.log = FakeLog()
        self.reloads = 0
        self.times: dict[str, int | None] = {}
        self.auto = AutoReload(self.log, self.reload, self.when)

    def reload(self) -> None:
        self.reloads += 1

    def when(self, path: str) -> int | None:
        if self.times.get(path) == -1:
            raise OSError("the file server does not answer")
        return self.times.get(path)

    def test_once(self) -> None:
        """A change that several workers tell of is one reload; another change is another."""
        for _ in range(4):
            self.auto.sources(["/a.py", "/b.py"], [1, 1], False)
        self.assertEqual(self.reloads, 1)
        self.assertEqual(
            self.log.lines, ["[uwsgi-python-reloader] module/file /a.py has been modified"]
        )
        self.auto.sources(["/b.py"], [2], False)
        self.assertEqual(self.reloads, 2)

    def test_nothing_to_look_at(self) -> None:
        """As long as nobody has failed nothing is looked at here."""
        self.auto.sources(["/a.py"], [1], False)
        self.assertFalse(self.auto.wanted)

    def fail_once(self) -> None:
        """A generation cannot be loaded."""
        self.times = {"/a.py": 1, "/b.py": 1}
        self.auto.sources(["/a.py", "/b.py"], [1, 1], True)

    def test_suspects(self) -> None:
        """The files of who has failed are looked at; one that is found twice changed reloads."""
        self.fail_once()
        self.assertTrue(self.auto.wanted)
        self.auto.look()
        self.times["/b.py"] = 2
        self.auto.look()
        self.assertEqual(self.reloads, 0)
        self.auto.look()
        self.assertEqual(self.reloads, 1)
        self.assertIn("/b.py", self.log.lines[-1])
        self.assertFalse(self.auto.wanted)

    def test_told_too(self) -> None:
        """If who still serves tells of the same change, that is the same reload."""
        self.fail_once()
        self.times["/a.py"] = 2
        self.auto.look()
        self.auto.sources(["/a.py"], [2], False)
        self.assertEqual(self.reloads, 1)
        self.auto.look()
        self.auto.look()
        self.assertEqual(self.reloads, 1)

    def test_several_fail(self) -> None:
        """What several have failed by is looked at, each file as the first has found it."""
        self.auto.sources(["/a.py"], [1], True)
        self.auto.sources(["/a.py", "/b.py"], [2, 2], True)
        self.times = {"/a.py": 2, "/b.py": 2}
        self.auto.look()
        self.auto.look()
        self.assertEqual(self.reloads, 1)
        self.assertIn("/a.py", self.log.lines[-1])

    def test_still_written(self) -> None:
        """A file that goes on changing is not heeded yet, nor one that is away, or not known."""
        self.fail_once()
        for time in (2, 3, None, -1, 1, 4):
            self.times["/a.py"] = time
            self.auto.look()
        self.assertEqual(self.reloads, 0)
        self.auto.look()
        self.assertEqual(self.reloads, 1)

    def test_forget(self) -> None:
        """At the stop nothing is looked at any more."""
        self.fail_once()
        self.auto.forget()
        self.assertFalse(self.auto.wanted)
        self.times["/a.py"] = 2
        self.auto.look()
        self.auto.look()
        self.assertEqual(self.reloads, 0)
