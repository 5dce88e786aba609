"""Tests of L{twsgi.master.touch}: what touching a file brings about."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from twsgi.master.touch import Touch, last_change


class Files:
    """Files that are only remembered, and who is told of them."""

    def __init__(self, **times: int) -> None:
        self.times: dict[str, int] = times
        self.error: Exception | None = None
        self.told: list[str] = []
        self.touch = Touch(self.told.append, self.when)

    def looks(self) -> None:
        """It is looked twice: what is found changed is as it is."""
        self.touch.look()
        self.touch.look()

    def when(self, path: str) -> int | None:
        if self.error is not None:
            raise self.error
        return self.times.get(path)


class TouchTests(SynchronousTestCase):
    """A file that is touched, that appears, that goes."""

    def test_touched(self) -> None:
        """A file is told of once for each time it is found changed; its time may go back."""
        files = Files(a=5, b=5)
        files.touch.follow(["a", "b"])
        files.looks()
        self.assertEqual(files.told, [])
        for time, told in [(6, ["a"]), (6, ["a"]), (4, ["a", "a"])]:
            files.times["a"] = time
            files.looks()
            self.assertEqual(files.told, told)

    def test_appears(self) -> None:
        """A file that was not there is told of when it is there; when it goes nothing happens."""
        files = Files()
        files.touch.follow(["a"])
        files.looks()
        files.times["a"] = 5
        files.looks()
        self.assertEqual(files.told, ["a"])
        del files.times["a"]
        files.looks()
        self.assertEqual(files.told, ["a"])
        files.times["a"] = 5
        files.looks()
        self.assertEqual(files.told, ["a", "a"])

    def test_several_at_once(self) -> None:
        """Files that are touched between two looks are one wish."""
        files = Files(a=1, b=1, c=1)
        files.touch.follow(["a", "b", "c"])
        files.times.update(b=2, c=2)
        files.looks()
        self.assertEqual(files.told, ["b"])

    def test_nobody_can_tell(self) -> None:
        """A file server that does not answer touches nothing, and what was touched is not lost."""
        files = Files(a=1)
        files.touch.follow(["a"])
        files.error = OSError(5, "no")
        files.looks()
        files.error = ValueError("embedded null byte")
        files.looks()
        files.error = None
        files.looks()
        self.assertEqual(files.told, [])
        files.error, files.times["a"] = OSError(5, "no"), 2
        files.looks()
        files.error = None
        files.looks()
        self.assertEqual(files.told, ["a"])

    def test_other_files(self) -> None:
        """Other files may be followed from now on; of those that stay nothing is forgotten."""
        files = Files(a=1, b=1, c=1)
        self.assertFalse(files.touch.wanted)
        files.touch.follow(["a", "b"])
        self.assertTrue(files.touch.wanted)
        files.times.update(a=2, b=2, c=2)
        files.touch.follow(["b", "c"])
        files.looks()
        self.assertEqual(files.told, ["b"])
        files.touch.follow([])
        self.assertFalse(files.touch.wanted)

    def test_touched_again_meanwhile(self) -> None:
        """What is touched while the wish is carried out is another wish."""
        times = {"a": 1}
        told: list[str] = []

        def act(path: str) -> None:
            told.append(path)
            times["a"] = 3
            touch.follow(["a"])

        touch = Touch(act, times.get)
        touch.follow(["a"])
        times["a"] = 2
        for _ in range(4):
            touch.look()
        self.assertEqual(told, ["a", "a"])

    def test_being_written(self) -> None:
        """A file that changes from look to look is heeded when that is over, once."""
        files = Files(a=1)
        files.touch.follow(["a"])
        for time in (2, 3, 4):
            files.times["a"] = time
            files.touch.look()
            self.assertEqual(files.told, [])
        for _ in range(3):
            files.touch.look()
        self.assertEqual(files.told, ["a"])

    def test_goes_while_it_is_written(self) -> None:
        """One that is gone at the second look is none; nor is one that nobody follows any more."""
        files = Files(a=1, b=1)
        files.touch.follow(["a", "b"])
        files.times.update(a=2, b=2)
        files.touch.look()
        del files.times["a"]
        files.touch.follow(["a"])
        files.looks()
        files.touch.follow(["a", "b"])
        files.looks()
        self.assertEqual(files.told, [])

    @given(st.lists(st.none() | st.integers(0, 3), min_size=1))
    def test_any_history(self, history: list[int | None]) -> None:
        """It is told when the file has changed, or has come, and is as it was at the last look."""
        now: list[int | None] = [history[0]]
        told: list[str] = []
        touch = Touch(told.append, lambda path: now[0])
        touch.follow(["a"])
        expected, changed = 0, False
        for before, time in itertools.pairwise(history):
            now[0] = time
            touch.look()
            expected += changed and time is not None and time == before
            changed = time is not None and time != before
        self.assertEqual(len(told), expected)


class LastChangeTests(SynchronousTestCase):
    """Real files."""

    def test_times(self) -> None:
        """To the nanosecond; links are followed; what is not there has none."""
        path = Path(self.mktemp())
        self.assertIsNone(last_change(str(path)))
        path.touch()
        self.assertIsNone(last_change(str(path / "below")))
        for time in (10**18, 10**18 + 1):
            os.utime(path, ns=(0, time))
            self.assertEqual(last_change(str(path)), time)
        link = Path(self.mktemp())
        link.symlink_to(path.resolve())
        self.assertEqual(last_change(str(link)), 10**18 + 1)

    def test_by_itself(self) -> None:
        """That is what is asked where nothing else is said."""
        path = Path(self.mktemp())
        told: list[str] = []
        touch = Touch(told.append)
        touch.follow([str(path)])
        touch.look()
        path.touch()
        touch.look()
        touch.look()
        self.assertEqual(told, [str(path)])
