"""L{twsgi.worker.autoreload}: the files of what has been imported, and their changes."""

from __future__ import annotations

import os
import sys
import types
from pathlib import Path

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from twsgi.worker import autoreload
from twsgi.worker.autoreload import MOST, SETTLE, ModuleWatch, bounded, module_files, suspects


def a_module(name: str, file: str | None) -> types.ModuleType:
    """A module that says it comes from there."""
    made = types.ModuleType(name)
    made.__file__ = file
    return made


class FilesTests(SynchronousTestCase):
    """L{module_files}."""

    def test_files(self) -> None:
        """Sources by their absolute paths; what has no file is passed over."""
        modules = {
            "one": a_module("one", "/a/one.py"),
            "two": a_module("two", "/a/two.pyc"),
            "three": a_module("three", "three.py"),
            "built_in": a_module("built_in", None),
            "odd": 3,
        }
        found = module_files(("four",), modules)  # type: ignore[arg-type]
        here = os.getcwd()
        self.assertEqual(
            found, {"/a/one.py": "one", "/a/two.py": "two", f"{here}/three.py": "three"}
        )

    def test_all(self) -> None:
        """By default they are those that this process has imported."""
        self.assertEqual(module_files()[os.path.abspath(__file__)], __name__)


class WatchCase(SynchronousTestCase):
    """A watch over modules whose files are numbers in a table."""

    ignored: tuple[str, ...] = ()

    def setUp(self) -> None:
        self.clock = Clock()
        self.times: dict[str, int | None] = {"/a/one.py": 1, "/a/two.py": 1}
        self.told: list[tuple[list[str], list[int]]] = []
        modules = {name: a_module(name, f"/a/{name}.py") for name in ("one", "two")}
        self.modules: dict[str, types.ModuleType] = modules
        self.patch(
            autoreload,
            "module_files",
            lambda ignored: module_files(ignored, self.modules),
        )
        self.watch = ModuleWatch(
            self.clock, 3, self.ignored, lambda *told: self.told.append(told), self.times.get
        )
        self.watch.start()
        self.addCleanup(self.watch.stop)

    def change(self, name: str, time: int | None) -> None:
        """The file is another from now on."""
        self.times[f"/a/{name}.py"] = time


class WatchTests(WatchCase):
    """L{ModuleWatch}."""

    def test_changed(self) -> None:
        """A change is told when it is found twice as it is: once, with its time."""
        self.clock.advance(3)
        self.change("one", 2)
        self.clock.advance(3)
        self.assertEqual(self.told, [])
        self.clock.advance(SETTLE)
        self.assertEqual(self.told, [(["/a/one.py"], [2])])
        self.clock.pump([3, 3, 3])
        self.assertEqual(len(self.told), 1)

    def test_still_written(self) -> None:
        """As long as a file goes on changing it is not told."""
        for time in (2, 3, 4):
            self.change("one", time)
            self.clock.advance(3 if time == 2 else SETTLE)
            self.assertEqual(self.told, [])
        self.clock.advance(SETTLE)
        self.assertEqual(self.told, [(["/a/one.py"], [4])])

    def test_together(self) -> None:
        """Files that change together are told together."""
        self.change("one", 2)
        self.change("two", 5)
        self.clock.pump([3, SETTLE])
        self.assertEqual(self.told, [(["/a/one.py", "/a/two.py"], [2, 5])])

    def test_replaced(self) -> None:
        """A file that is away for a while has changed when it is back, and another."""
        self.change("one", None)
        self.clock.pump([3, 3])
        self.change("one", 1)
        self.clock.pump([3, SETTLE])
        self.assertEqual(self.told, [])
        self.change("one", None)
        self.clock.advance(3)
        self.change("one", 2)
        self.clock.pump([3, SETTLE])
        self.assertEqual(self.told, [(["/a/one.py"], [2])])

    def test_imported_later(self) -> None:
        """What is imported later is as it was when it was first seen."""
        self.times["/a/three.py"] = 7
        self.modules["three"] = a_module("three", "/a/three.py")
        self.clock.pump([3, 3])
        self.assertEqual(self.told, [])
        self.change("three", 8)
        self.clock.pump([3, SETTLE])
        self.assertEqual(self.told, [(["/a/three.py"], [8])])

    def test_stopped(self) -> None:
        """After its end it looks no more."""
        self.watch.stop()
        self.assertEqual(self.clock.getDelayedCalls(), [])


class IgnoredTests(WatchCase):
    """C{py-auto-reload-ignore}."""

    ignored = ("one",)

    def test_ignored(self) -> None:
        """A module that is named there may change; the others may not."""
        self.change("one", 2)
        self.clock.pump([3, SETTLE, 3])
        self.assertEqual(self.told, [])
        self.change("two", 2)
        self.clock.pump([3, SETTLE])
        self.assertEqual(self.told, [(["/a/two.py"], [2])])


class BoundedTests(SynchronousTestCase):
    """L{bounded}."""

    def test_bounds(self) -> None:
        """Not more than can be told of, neither files nor bytes; what is no text is left out."""
        self.assertEqual(bounded(["/a", "/\udcff", "/b"]), ["/a", "/b"])
        many = [f"/{number}" for number in range(MOST + 5)]
        self.assertEqual(bounded(many), many[:MOST])
        long = ["/" + "x" * 4000 for _ in range(50)]
        self.assertEqual(len(bounded(long)), 9)


class SuspectsTests(SynchronousTestCase):
    """L{suspects}: what to look at where the application could not be loaded."""

    def setUp(self) -> None:
        self.directory = Path(self.mktemp()).resolve()
        self.directory.mkdir()

    def blamed(self, text: str) -> list[str]:
        """The files that are suspected first, for a module with this text."""
        path = self.directory / "broken.py"
        path.write_text(text)
        try:
            try:
                exec(compile(text, str(path), "exec"), {})
            except BaseException as error:
                raise ValueError("as the loader says it") from error
        except ValueError as error:
            paths, times = suspects(error)
        self.assertEqual(len(paths), len(times))
        return paths

    def test_traceback(self) -> None:
        """The files of the traceback come first, wherever in the chain of errors they are."""
        paths = self.blamed("def fail():\n    1 / 0\nfail()\n")
        self.assertIn(str(self.directory / "broken.py"), paths[:3])

    def test_syntax(self) -> None:
        """A file that cannot even be read is one."""
        self.assertIn(str(self.directory / "broken.py"), self.blamed("def (:\n")[:3])

    def test_modules(self) -> None:
        """Those that were imported are, those changed last first, as many as can be told of."""
        recent = self.directory / "recent.py"
        recent.touch()
        os.utime(recent, (2**31, 2**31))
        self.patch(sys, "modules", {**sys.modules, "recent": a_module("recent", str(recent))})
        paths, times = suspects(None)
        self.assertEqual((paths[0], times[0]), (str(recent), 2**31 * 10**9))
        self.assertEqual(times, sorted(times, reverse=True))
        self.assertLessEqual(len(paths), MOST)
