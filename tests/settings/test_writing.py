"""Tests of L{twsgi.settings.writing}: what was read is written, and read again."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.settings.outside import FakeOutside
from twsgi.settings.model import Settings
from twsgi.settings.options.table import ROWS
from twsgi.settings.resolve import Resolved, read
from twsgi.settings.writing import written

BASE = "[uwsgi]\nhttp = :1\nmodule = app\n"
#: Texts that one kind or another takes.
TEXTS = [
    "0", "1", "7", "true", "false", "off", "A=b", "a.b:c", ":8000", "/run/a.sock", "660", "www:33",
    "/ready", "safe", "a # b", '"a"', "'b'", "%%(threads)", "%%d", "100%%", "$(HOME)", "%%(uri)",
    "30s", "64k", "unix_signal:15 gracefully_kill_them_all", "/srv/a b", '"/srv/ a # b"', "spare",
]  # fmt: skip
ENVIRON = {"HOME": "/root"}


def resolved(text: str) -> Resolved:
    return read(["a.ini"], ENVIRON, "/etc", FakeOutside({"/etc/a.ini": text}))


class WritingTests(SynchronousTestCase):
    """L{written} is read as what it was made of."""

    def same(self, text: str) -> str:
        """What is read of C{text} is written, read, and the same."""
        first = resolved(text)
        self.assertIsNone(first.error)
        output = written(first.settings)
        again = resolved(output)
        self.assertIsNone(again.error, output)
        self.assertEqual(again.settings, first.settings, output)
        return output

    def test_defaults(self) -> None:
        """What was not changed is not written."""
        self.assertEqual(self.same(BASE), "[uwsgi]\nhttp = :1\nmodule = app\n")

    def test_lines(self) -> None:
        """Each value is a line, and a value that repeats several."""
        text = BASE + "pp = a\npp = b c\nneed-app = no\nchmod-socket = 0660\numask = 022\nmaster=1"
        self.assertEqual(
            self.same(text),
            "[uwsgi]\nhttp = :1\nmodule = app\nneed-app = false\npythonpath = a\npythonpath = b c\n"
            "umask = 022\nchmod-socket = 660\nmaster = true\n",
        )

    def test_master(self) -> None:
        """A master that was refused, behind what implies one, stays refused."""
        text = BASE + "processes = 2\ncheaper = 1\nmaster = false"
        self.assertTrue(self.same(text).endswith("master = false\n"))

    def test_signs(self) -> None:
        """What would stand for something else is written so that it does not."""
        text = BASE + "threads = 2\nprocname-prefix = %(p)(threads) %(uri) 100%%%% %%d\np = %%"
        output = self.same(text)
        self.assertIn("\nset-placeholder = percent-sign=%%\n", output)
        self.assertIn("\nprocname-prefix = %(percent-sign)(threads) %%(uri) 100%%%% %%d\n", output)

    def test_no_ini(self) -> None:
        """What no line can hold is told in a comment."""
        settings = Settings(http=(":1",), module="app", procname_prefix="a\nb")
        output = written(settings)
        self.assertIn("; cannot be written here: procname-prefix = a\\nb\n", output)
        self.assertIsNone(resolved(output).error)

    def test_anything(self) -> None:
        """Texts that nobody would write are written and read."""
        for value in (
            " a", "a ", "\t", "$(HOME)", "@(/etc/passwd)", "%(threads)", "%", "%%", "%%(a",
            "; a", "a ; b", "$(@(%(", "\r", "", "%(no-text)", "%d%p",
        ):  # fmt: skip
            settings = Settings(
                http=(":1",), module="app", threads=2, procname_prefix=value,
                env=(f"A={value}", f"B={value}x"),
            )  # fmt: skip
            again = resolved(written(settings))
            self.assertEqual((again.error, again.settings), (None, settings), written(settings))

    @given(st.lists(st.tuples(st.sampled_from(ROWS), st.sampled_from(TEXTS) | st.text())))
    def test_round_trip(self, lines: list[tuple[Any, str]]) -> None:
        """What was read, written and read again is the same."""
        text = BASE + "".join(
            f"{row.name} = {value}\n"
            for row, value in lines
            if row.field and not set(value) & {"\n", "\0"}
        )
        first = resolved(text)
        if first.error is None:
            again = resolved(written(first.settings))
            self.assertEqual((again.error, again.settings), (None, first.settings), text)
