"""Tests of L{twsgi.settings.logic}: which lines count, and how often."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.settings.outside import FakeOutside
from twsgi.errors import ConfigurationError
from twsgi.settings.assignment import Assignment, Origin
from twsgi.settings.finding import Findings
from twsgi.settings.logic import OPENERS, within
from twsgi.settings.options.logic import ROWS
from twsgi.settings.reading import Reader

#: (the line that opens the block, the text of C{%(_)} where the condition holds, else None)
CONDITIONS = [
    ("if-env = PORT", "8000"), ("if-env = NOPE", None), ("ifenv = PORT", "8000"),
    ("if-env = PORT=8000", "8000"), ("if-env = PORT=80", None), ("if-env = EMPTY", ""),
    ("if-not-env = PORT", None), ("if-not-env = NOPE", "%(_)"), ("if-not-env = PORT=80", "8000"),
    ("if-opt = base", "/srv"), ("if-opt = base=/srv", "/srv"), ("if-opt = base=/x", None),
    ("if-opt = nope", None), ("if-not-opt = nope", "%(_)"), ("if-not-opt = base=/x", "/srv"),
    ("if-opt = master", ""),
    ("if-exists = /srv/a", "/srv/a"), ("if-exists = /srv", "/srv"), ("ifexists = /nope", None),
    ("if-exists = %(base)/a", "/srv/a"), ("if-exists = $(DIR)/a", "/srv/a"),
    ("if-exists = %d../srv/a", None), ("if-not-exists = /nope", "/nope"),
    ("if-file = /srv/a", "/srv/a"), ("if-file = /srv", None), ("if-not-file = /srv", "/srv"),
    ("if-dir = /srv", "/srv"), ("ifdir = /srv", "/srv"), ("if-directory = /srv/a", None),
    ("if-not-dir = /srv/a", "/srv/a"), ("if-file = b", "b"),
    ("if-hostname = web7", "web7"), ("if-hostname = web", None), ("if-not-hostname = web", "web"),
    ("if-hostname-match = ^web[0-9]", "%(_)"), ("if-hostname-match = ^db", None),
    ("if-not-hostname-match = ^db", "%(_)"),
    ("if-plugin = python", "python"), ("if-plugin = python3", "python3"),
    ("ifplugin = http", "http"),
    ("if-plugin = lua", None), ("if-not-plugin = lua", "lua"),
    ("if-reload =", None), ("if-not-reload", "%(_)"),
]  # fmt: skip

#: (the line that opens the block, what C{%(_)} becomes in turn)
LOOPS = [
    ("for = a  b c,d", ["a", "b", "c,d"]),
    ("for =", []),
    ("for = $(PORT) %(base)", ["8000", "/srv"]),
    ("for-times = 3", ["1", "2", "3"]),
    ("for-times = 0", []),
    ("for-glob = /srv/*", ["/srv/a", "/srv/b"]),
    ("for-glob = /nope*", ["/nope*"]),
    ("for-readline = /lines", ["l1", "", "l 3"]),
    ("for-readline = /empty", []),
]

#: (lines, part of the error)
ERRORS = [
    ("for-times = abc", "a.ini:2: for-times = abc: write how many times, a whole number"),
    ("for-times = 99999999999", "more than 10000 rounds"),
    ("for-times = 10001", "more than 10000 rounds"),
    ("for = " + "a " * 10001, "more than 10000 rounds"),
    ("for-readline = /nope", "No such file"),
    ("for-readline = /latin", "no UTF-8 text"),
    ("if-hostname-match = (", "not a regular expression"),
    ("if-env = A\nif-opt = B", "a.ini:3: if-opt = B: stands within 'if-env = A' of line 2: blocks"),
    ("for = a\nfor = b", "blocks do not nest"),
]


class LogicTestCase(SynchronousTestCase):
    """A test that reads one file on a machine that is made up."""

    def read(self, text: str, reloading: bool = False) -> list[tuple[str, str]]:
        outside = FakeOutside({
            "/etc/a.ini": f"[uwsgi]\n{text}\n", "/srv/a": "", "/srv/b": "", "/etc/b": "",
            "/lines": "l1\n\nl 3\n", "/empty": "", "/latin": b"\xe4",
        })  # fmt: skip
        outside.reloading = reloading
        environ = {"PORT": "8000", "EMPTY": "", "DIR": "/srv"}
        reader = Reader(environ, "/etc", outside=outside)
        given_ = [
            Assignment("base", "/srv", Origin("command line")),
            Assignment("master", "", Origin("command line"), bare=True),
            Assignment("ini", "a.ini", Origin("command line")),
        ]
        self.findings: Findings = reader.findings
        read = [(one.name, one.value) for one in reader.inline(given_)][2:]
        reader.findings.raise_first()
        return read


class ConditionTests(LogicTestCase):
    """C{if-...}"""

    def test_conditions(self) -> None:
        """Each condition lets its lines through, or not; lines behind the end count."""
        for line, context in CONDITIONS:
            read = self.read(f"{line}\npp = <%(_)>\nlazy = 1\nendif =\npp = 2")
            within_it = [] if context is None else [("pp", f"<{context}>"), ("lazy", "1")]
            self.assertEqual((line, read), (line, [*within_it, ("pp", "2")]))
            self.assertEqual((line, self.findings), (line, []))

    def test_reload(self) -> None:
        """C{if-reload} holds when the file is read again."""
        text = "if-reload =\npp = 1\nend-if\nif-not-reload =\npp = 2\nend-if"
        self.assertEqual(self.read(text, reloading=True), [("pp", "1")])
        self.assertEqual(self.read(text), [("pp", "2")])

    def test_asked_once(self) -> None:
        """A line of the block does not make the next one be left out."""
        text = "if-not-opt = threads\nthreads = 2\nprocesses = 3\nendif"
        self.assertEqual(self.read(text), [("threads", "2"), ("processes", "3")])


class LoopTests(LogicTestCase):
    """C{for-...}"""

    def test_loops(self) -> None:
        """Each line counts once for each item, and then the next line."""
        for line, items in LOOPS:
            read = self.read(f"{line}\npp = <%(_)>\nenv = A=%(_)%(_)\nendfor =\npp = 2")
            expected = [("pp", f"<{item}>") for item in items]
            expected += [("env", f"A={item}{item}") for item in items]
            self.assertEqual((line, read), (line, [*expected, ("pp", "2")]))

    def test_within(self) -> None:
        """The item may be calculated with; other placeholders are left for later."""
        for text, expected in [
            ("%(_)", "7"), ("%(_ + 1)", "%(7 + 1)"), ("%(a) %(_x) %(a _)", "%(a) %(_x) %(a 7)"),
            ("_ (_) %(", "_ (_) %("),
        ]:  # fmt: skip
            self.assertEqual((text, within(text, "7")), (text, expected))
            self.assertEqual(within(text, None), text)


class BlockTests(LogicTestCase):
    """Where blocks begin and end."""

    def test_ends(self) -> None:
        """Any of the words ends any block."""
        for word in ("endif", "end-if", "endfor", "end-for", "end"):
            self.assertEqual(self.read(f"if-env = NOPE\npp = 1\n{word}\npp = 2"), [("pp", "2")])

    def test_ends_nothing(self) -> None:
        """An end without a beginning is told; so is a block without an end."""
        self.read("endif =\npp = 1")
        (warning,) = self.findings.warnings()
        self.assertEqual(warning, "a.ini:2: endif = : ends nothing")
        self.assertEqual(self.read("if-env = PORT\npp = 1"), [("pp", "1")])
        (warning,) = self.findings.warnings()
        self.assertEqual(warning, "a.ini:2: if-env = PORT: is never ended: it ends with the file")

    def test_errors(self) -> None:
        """What cannot be answered is one error with its line."""
        for text, message in ERRORS:
            error = self.assertRaises(ConfigurationError, self.read, f"{text}\npp = 1\nendif")
            self.assertIn(message, str(error))
            self.assertEqual(len(str(error).splitlines()), 1)

    def test_rows(self) -> None:
        """Each name that opens a block has a row, and each row opens or ends one."""
        names = {name for row in ROWS for name in row.names}
        self.assertEqual(names - OPENERS, {"endif", "end-if", "endfor", "end-for"})
        self.assertEqual(OPENERS - names, set())

    @given(st.lists(st.sampled_from([
        "if-env = PORT", "if-opt = a", "for = a b", "for-times = 2", "endif", "endfor =",
        "a = %(_)", "pp = %(a)%(_)", "include = %(_).ini", "ini = :uwsgi", "for-glob = %(a)",
        "if-hostname-match = %(a)", "set = a=%(_)", "set-ph = b=%(a + _)",
    ])))  # fmt: skip
    def test_nothing_else(self, lines: list[str]) -> None:
        """Any lines are read, or are errors of one line."""
        try:
            self.read("\n".join(lines))
        except ConfigurationError as error:
            self.assertEqual(len(str(error).splitlines()), 1)
        self.assertFalse([one for one in self.findings if re.search(r"[\n\r]", str(one))])
