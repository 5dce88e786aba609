"""Tests of L{twsgi.settings.verdicts}: every name has one, and what works shows a test."""

from __future__ import annotations

import ast
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.settings.files import FilesTestCase
from twsgi.settings.finding import ADVICE, ERROR, WARNING
from twsgi.settings.known import uwsgi_names
from twsgi.settings.options.table import BY_NAME, ROWS
from twsgi.settings.resolve import read
from twsgi.settings.verdicts.never import NEVER
from twsgi.settings.verdicts.noeffect import NO_EFFECT
from twsgi.settings.verdicts.notyet import IN_PART, NOT_YET
from twsgi.settings.verdicts.refused import REFUSED
from twsgi.settings.verdicts.table import verdict_of, verdicts
from twsgi.settings.verdicts.verdict import Standing
from twsgi.settings.verdicts.works import WITHOUT_ROW

ROOT = Path(__file__).parents[2]
BASE = "http = :8000\nmodule = app\n"

#: (name, value or None, what becomes of it, part of the words)
VERDICTS = [
    ("processes", None, "works", "How many worker processes"),
    ("workers", "4", "works", "How many worker processes"),
    ("enable-threads", None, "no effect", "may always start threads"),
    ("thunder-lock", "true", "no effect", ""),
    ("single-interpreter", None, "no effect", ""),
    ("post-buffering", "8192", "no effect", "before the application is called"),
    ("plugin", None, "no effect", "no plugins to load"),
    ("plugins", "python", "no effect", "no plugins to load"),
    ("plugins", "http,python3", "no effect", ""),
    ("plugins", "/usr/lib/uwsgi/python310_plugin.so", "no effect", ""),
    ("plugins", "0:python", "no effect", ""),
    ("plugins", "", "no effect", ""),
    ("plugins", "python3, router_redirect", "not yet", ""),
    ("plugins", "php", "never", "no plugin 'php'"),
    ("plugins", "python,router_http,gevent", "never", "threads = N"),
    ("need-plugin", "python39", "no effect", ""),
    ("need-plugin", "psgi", "never", ""),
    ("gevent", "100", "never", "threads = N"),
    ("async", None, "never", "threads = N"),
    ("loop", "asyncio", "never", "threads = N"),
    ("socket", ":3031", "not yet", ""),
    ("https", ":443,a,b", "not yet", ""),
    ("spooler", "dir", "not yet", ""),
    ("spooler-quiet", "false", "no effect", "it is off"),
    ("stats-http", "off", "no effect", "it is off"),
    ("harakiri-queue-threshold", None, "not yet", ""),
    ("legion-cron", None, "never", ""),
    ("cron", None, "not yet", ""),
    ("fastrouter-use-cache", None, "never", "nginx"),
    ("http-queue", None, "works", ""),
]  # fmt: skip

#: (lines, what they are refused with)
REFUSALS = [
    ("immediate-uid = 33", "write uid and gid"),
    ("http-gid = www-data", "write uid and gid"),
    ("unshare = pid", "less confined"),
    ("pivot_root = /new /old", "less confined"),
    ("ns = /var/jail", "less confined"),
    ("exit = 1", "says exit"),
    ("stop = /run/app.pid", "another server"),
    ("no-initgroups = true", "groups of the user"),
    ("route = ^/admin basicauth:Admin,admin:secret", "keeps somebody out"),
    ("route-host = ^intern break:403 Forbidden", "keeps somebody out"),
    ("route-if = isempty:${REMOTE_USER} return:401", "keeps somebody out"),
    ("final-route-run = ldapauth:realm,url=ldap://x", "keeps somebody out"),
]

#: Lines that look like those, and are only ignored.
HARMLESS = [
    ("no-initgroups = false", ADVICE),
    ("route = ^/healthz donotlog:", WARNING),
    ("route = ^/a redirect:https://b/", WARNING),
    ("route-run = addheader:X-Status: 403", WARNING),
    ("route = ^/old return:301", WARNING),
    ("gevent = 100", WARNING),
    ("https = :443,a.crt,a.key", WARNING),
]


class TableTests(SynchronousTestCase):
    """The tables are whole, and in nobody's way."""

    def test_every_name(self) -> None:
        """Each of uWSGI's 1,033 names, and each of ours, has a verdict."""
        self.assertEqual(len(uwsgi_names()), 1033)
        self.assertEqual(verdicts().keys(), uwsgi_names() | BY_NAME.keys())

    def test_every_reason(self) -> None:
        """Whatever has no effect, never comes, or is refused, says why."""
        for one in verdicts().values():
            if one.standing is not Standing.NOT_YET or one.refused:
                self.assertTrue(one.words, one.name)

    def test_not_beside_a_row(self) -> None:
        """What has a row works, and stands in no other table: these entries are superfluous."""
        named = {*NO_EFFECT, *REFUSED, *WITHOUT_ROW, *_exact(NEVER), *_exact(NOT_YET)}
        self.assertEqual(sorted(named & BY_NAME.keys()), [])

    def test_uwsgis(self) -> None:
        """Every name in the tables is one of uWSGI's, and every pattern is like one."""
        strange = {*NO_EFFECT, *REFUSED, *WITHOUT_ROW, *IN_PART} - uwsgi_names()
        for _, patterns in (*NEVER, *NOT_YET):
            for one in patterns.split():
                if not any(fnmatchcase(name, one) for name in uwsgi_names()):
                    strange.add(one)
        self.assertEqual(sorted(strange), [])

    def test_verdicts(self) -> None:
        """What becomes of an option, and where the value decides, of a line."""
        for name, value, standing, words in VERDICTS:
            found = verdict_of(name, value)
            assert found is not None, name
            self.assertEqual((name, value, found.standing.value), (name, value, standing))
            self.assertIn(words, found.words)
        self.assertIsNone(verdict_of("xyzzy"))

    def test_topics(self) -> None:
        """What is to come says what it belongs to."""
        for name, topic in [
            ("socket", "the uwsgi wire"), ("stats", "stats"), ("cache2", "the cache"),
            ("route-if", "routing"), ("mule", "mules"), ("emperor", "the emperor"),
            ("http-websockets", "websockets"), ("rbtimer", "signals and timers"),
        ]:  # fmt: skip
            found = verdict_of(name)
            self.assertEqual((name, found and found.topic), (name, topic))


class ShownTests(SynchronousTestCase):
    """An option works only when a test shows it."""

    def test_named(self) -> None:
        """Every option that works names its test."""
        unnamed = [row.name for row in ROWS if not row.test and not row.always]
        self.assertEqual(unnamed, [])

    def test_there(self) -> None:
        """Every test that is named exists: a module, a class, a method of it or of its bases."""
        named = {row.name: row.test for row in ROWS if row.test}
        named.update({name: test for name, (_, test) in WITHOUT_ROW.items()})
        missing = {name: test for name, test in named.items() if not exists(test)}
        self.assertEqual(missing, {})


class LineTests(FilesTestCase):
    """What is said of a line in a file."""

    def found(self, lines: str) -> list[tuple[str, str, str]]:
        self.write("a.ini", f"[uwsgi]\n{BASE}{lines}\n")
        findings = read(["a.ini"], {}, self.directory).findings
        return [(one.level.value, one.code, str(one)) for one in findings]

    def test_without_effect(self) -> None:
        """What has no effect is advice, and the log says nothing of it."""
        ((level, code, text),) = self.found("plugins = python3")
        self.assertEqual((level, code), ("advice", "no-effect"))
        self.assertIn("a.ini:4: option 'plugins' has no effect here: ", text)
        ((level, code, text),) = self.found("enable-threads = true")
        self.assertEqual((level, code), ("advice", "no-effect"))

    def test_not_yet(self) -> None:
        """What is to come is a warning with its topic."""
        expected = "a.ini:4: option 'mule' is uWSGI's, not supported by twsgi yet (mules): ignored"
        self.assertEqual(self.found("mule = x.py"), [("warning", "not-yet", expected)])

    def test_never(self) -> None:
        """What never comes is a warning that says what to use."""
        ((level, code, text),) = self.found("gevent = 100")
        self.assertEqual((level, code), ("warning", "never"))
        self.assertEqual(
            text,
            "a.ini:4: option 'gevent' is uWSGI's, and will not be twsgi's: instead: threads = N:"
            " ignored",
        )

    def test_refused(self) -> None:
        """What would leave less protection than was asked for ends the start."""
        for line, words in REFUSALS:
            ((level, _, text),) = self.found(line)
            self.assertEqual((line, level), (line, ERROR.value))
            self.assertIn(words, text)

    def test_harmless(self) -> None:
        """What only looks like that is ignored."""
        for line, expected in HARMLESS:
            ((level, _, _),) = self.found(line)
            self.assertEqual((line, level), (line, expected.value))


def _exact(table: tuple[tuple[str, str], ...]) -> set[str]:
    """The names in a table that are no patterns."""
    return {one for _, names in table for one in names.split() if not set(one) & set("*?[")}


def exists(test: str) -> bool:
    """Whether there is a test module, class or method of this name; nothing is imported."""
    names = test.split(".")
    for depth in range(len(names), 0, -1):
        path = ROOT.joinpath(*names[:depth]).with_suffix(".py")
        if path.exists():
            return depth == len(names) or _holds(path, names[depth:])
    return False


def _holds(path: Path, names: list[str]) -> bool:
    classes = _classes(path)
    if names[0] not in classes or len(names) > 2:
        return False
    return len(names) == 1 or any(
        isinstance(item, ast.FunctionDef) and item.name == names[1]
        for one in _with_bases(names[0], classes)
        for item in one.body
    )


def _with_bases(name: str, classes: dict[str, ast.ClassDef]) -> list[ast.ClassDef]:
    """A class and those of its bases that stand in the same file."""
    if name not in classes:
        return []
    bases = [ast.unparse(base) for base in classes[name].bases]
    return [classes[name], *(one for base in bases for one in _with_bases(base, classes))]


@cache
def _classes(path: Path) -> dict[str, ast.ClassDef]:
    tree = ast.parse(path.read_text("utf-8"))
    return {one.name: one for one in tree.body if isinstance(one, ast.ClassDef)}
