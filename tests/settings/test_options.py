"""Tests of the tables: every row is whole, and no two rows are in each other's way."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from twsgi.settings.commandline import usage
from twsgi.settings.documentation import options_page
from twsgi.settings.kinds import KINDS
from twsgi.settings.known import (
    SHORT_ALONE,
    SHORT_WITH_VALUE,
    nearest,
    uwsgi_names,
)
from twsgi.settings.model import Settings
from twsgi.settings.options.table import BY_LETTER, BY_NAME, ROWS

FIELDS = {field.name: field for field in dataclasses.fields(Settings)}
#: The options that uWSGI does not have.
OURS = {
    "error-page-502",
    "error-page-503",
    "error-page-504",
    "http-queue",
    "http-min-body-rate",
    "http-keepalive-requests",
    "http-connections",
    "http-connections-per-peer",
    "http-response-spool",
    "http-retry",
    "ready-path",
    "shutdown-delay",
    "worker-ready-timeout",
}
PAGE = Path(__file__).parents[2] / "docs" / "options.md"


class TableTests(SynchronousTestCase):
    """The rows and Settings say the same."""

    def test_fields(self) -> None:
        """Each field of Settings has exactly one row."""
        fields = [row.field for row in ROWS if row.field]
        self.assertEqual(sorted(fields), sorted(FIELDS))

    def test_kinds(self) -> None:
        """Each kind exists, and repeats exactly where the field is a tuple."""
        for row in ROWS:
            kind = KINDS[row.kind]
            if row.field:
                self.assertEqual(kind.repeated, FIELDS[row.field].default == (), row.name)

    def test_defaults(self) -> None:
        """A default that is written out converts to itself."""
        for row in ROWS:
            default = FIELDS[row.field].default if row.field else None
            if default not in (None, "", ()):
                text = str(default).lower() if isinstance(default, bool) else str(default)
                self.assertEqual(KINDS[row.kind].convert(text), default, row.name)

    def test_names_are_unique(self) -> None:
        """No name and no letter belongs to two rows."""
        self.assertEqual(len(BY_NAME), sum(len(row.names) for row in ROWS))
        self.assertEqual(len(BY_LETTER), sum(1 for row in ROWS if row.short))
        self.assertEqual(set(BY_LETTER) & {*SHORT_ALONE, *SHORT_WITH_VALUE}, set())

    def test_names_are_uwsgis(self) -> None:
        """Every name but our own is one of uWSGI's."""
        self.assertEqual(set(BY_NAME) - uwsgi_names(), OURS)
        for names in (SHORT_ALONE.values(), SHORT_WITH_VALUE.values()):
            self.assertEqual(set(names) - uwsgi_names(), set())
            self.assertEqual(set(names) & set(BY_NAME), set())

    def test_letters(self) -> None:
        """The letters are uWSGI's."""
        letters = {letter: row.name for letter, row in BY_LETTER.items()}
        expected = {
            "S": "set", "l": "listen", "b": "buffer-size", "z": "socket-timeout", "w": "module",
            "i": "single-interpreter", "M": "master", "p": "processes", "T": "enable-threads",
            "L": "disable-logging", "C": "chmod-socket", "d": "daemonize", "v": "max-vars",
            "R": "max-requests", "t": "harakiri", "H": "virtualenv", "O": "optimize",
            "s": "socket", "a": "abstract-socket", "x": "xml", "y": "yaml", "j": "json",
        }  # fmt: skip
        self.assertEqual(letters, expected)

    def test_help(self) -> None:
        """Each row says what it does, in one line that ends like a sentence."""
        for row in ROWS:
            for text in (row.help, row.difference or "None."):
                self.assertTrue(text.endswith("."), row.name)
                self.assertNotIn("\n", text)
                self.assertNotIn("|", text)

    def test_usage(self) -> None:
        """C{--help} names every flag, in lines a terminal can hold."""
        text = usage()
        for name in BY_NAME:
            self.assertIn(f"--{name}", text)
        self.assertIn("-p, --processes, --workers N\n", text)
        self.assertIn("--http-keepalive[=N]\n", text)
        self.assertLessEqual(max(map(len, text.splitlines())), 100)

    def test_page(self) -> None:
        """docs/options.md is what the generator prints."""
        self.assertEqual(PAGE.read_text("utf-8"), options_page())

    def test_page_rows(self) -> None:
        """Every option has its row in the page, with as many cells as the others."""
        page = options_page().splitlines()
        for row in ROWS:
            (line,) = [line for line in page if line.startswith(f"| `{row.name}` |")]
            self.assertEqual(line.count(" |"), 6, row.name)


class KnownTests(SynchronousTestCase):
    """What a name may have meant."""

    def test_nearest(self) -> None:
        """A misspelt name finds the one that was meant; what is like nothing finds nothing."""
        for name, meant in [
            ("processe", "processes"),
            ("process", "processes"),
            ("chmod-sock", "chmod-socket"),
            ("vaccum", "vacuum"),
            ("harakari", "harakiri"),
            ("max_requests", "max-requests"),
            ("log_date", "log-date"),
            ("HTTP", "http"),
            ("env DJANGO_SETTINGS_MODULE", "env"),
            ("zuid", "uid"),
            ("xyzzy", None),
            ("", None),
            (" ", None),
            ("x" * 100_000, None),
        ]:
            self.assertEqual((name, nearest(name)), (name, meant))
