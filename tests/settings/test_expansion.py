"""Tests of L{twsgi.settings.expansion}: what stands for something else in a value."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.settings.outside import FakeOutside
from twsgi.errors import ConfigurationError
from twsgi.settings.assignment import Assignment, Origin
from twsgi.settings.expansion import Texts, expand, unset
from twsgi.settings.finding import Findings

#: (what it shows, assignments, the last one's value)
VALUES = [
    ("a placeholder is replaced", {"base": "/srv", "x": "%(base)/a"}, "/srv/a"),
    ("and an option", {"threads": "2", "x": "%(threads)%(threads)"}, "22"),
    ("and what uses others", {"a": "%(b)-", "b": "%(c)+", "c": "1", "x": "%(a)"}, "1+-"),
    ("what is not defined stays", {"x": "%(uri) %(a b) %() %( )"}, "%(uri) %(a b) %() %( )"),
    ("an empty value is a value", {"a": "", "x": "<%(a)>"}, "<>"),
    ("a variable is replaced", {"x": ":$(PORT)"}, ":8000"),
    ("what is not set stays", {"x": "$(NOPE) $( $"}, "$(NOPE) $( $"),
    ("a dollar before it is a dollar", {"x": "$$(PORT)"}, "$8000"),
    ("a variable may name a placeholder", {"a": "1", "x": "$(NAMED)"}, "1"),
    ("but no file", {"x": "$(FILE)"}, "@(/f)"),
    ("blanks within mean nothing", {"a": "1", "x": "%( a )"}, "1"),
    ("without an operator all are put together", {"a": "b", "c": "d", "x": "%(a c)"}, "bd"),
    ("sums are from left to right", {"x": "%(1 + 2 * 3)"}, "9"),
    ("with placeholders", {"a": "2", "x": "%(a * 4 - 1)"}, "7"),
    ("division drops the rest", {"x": "%(7 / 2)"}, "3"),
    ("below zero", {"x": "%(7 - 9)"}, "-2"),
    ("one more", {"a": "3", "x": "%(a ++)"}, "4"),
    ("one less", {"a": "3", "x": "%(a --)"}, "2"),
    ("large numbers", {"x": "%(2 * 1024 * 1024 * 1024)"}, "2147483648"),
    ("no sum without blanks", {"x": "%(2+1)"}, "%(2+1)"),
    ("nothing is divided by zero", {"x": "%(1 / 0)"}, "%(1 / 0)"),
    ("nor beyond all numbers", {"x": "%(9999999999 * 9999999999)"},
     "%(9999999999 * 9999999999)"),
    ("a sum half written", {"x": "%(1 +)"}, "1"),
    ("a file's text", {"x": "<@(/f)>"}, "<four>"),
    ("from where we were started", {"x": "@(sub/g)@(file:///f)"}, "a\nbfour"),
    ("named by others", {"d": "/", "x": "@(%(d)f)@($(ROOT)f)"}, "fourfour"),
    ("a placeholder may be a file's text", {"a": "@(/f)", "x": "%(a)%(a)"}, "fourfour"),
    ("a file's text may name a placeholder", {"a": "1", "x": "@(/named)"}, "1$(PORT)"),
    ("a command's output", {"x": "/log-@(exec://date +%Y (now)).log"}, "/log-2026.log"),
    ("brackets that nobody closes", {"x": "@(/f %(a $(b"}, "@(/f %(a $(b"),
]  # fmt: skip

#: (assignments, the last one's value, what is said)
NOTES = [
    ({"x": "%(a + 1)"}, "1", "'a' is not given: it counts 0"),
    ({"a": "b", "x": "%(a + 1)"}, "1", "'a' is no number: it counts 0"),
    ({"x": "%((6 * 2) + 1)"}, "13", "brackets within %(...)"),
    ({"x": "%(2 * (1 + 2))"}, "6", "brackets within %(...)"),
]

#: (value, part of the error)
ERRORS = [
    ("@(/nope)", "f.ini:1: x = @(/nope): @(/nope): No such file"),
    ("@(exec://nope)", "@(exec://nope): failed: its status is 127"),
    ("@(http://x/y)", "@(http://x/y): twsgi reads files and exec:// alone"),
    ("@(sym://x)", "twsgi reads files and exec:// alone"),
    ("@()", "needs the name of a file"),
    ("@(/big)", "more than 65536 bytes"),
    ("@(/latin)", "no UTF-8 text"),
    ("@(/f\0)", "needs the name of a file"),
]

ENVIRON = {"PORT": "8000", "NAMED": "%(a)", "FILE": "@(/f)", "ROOT": "/"}
ORIGIN = Origin("f.ini", 1)


def texts() -> Texts:
    outside = FakeOutside({
        "/f": "four\n", "/cwd/sub/g": "a\nb\n", "/named": "%(a)$(PORT)", "/big": "x" * 65537,
        "/latin": b"\xe4",
    })  # fmt: skip
    outside.commands["date +%Y (now)"] = b"2026\n"
    return Texts(ENVIRON, "/cwd", outside)


def assignments(values: dict[str, str]) -> list[Assignment]:
    return [Assignment(name, value, ORIGIN) for name, value in values.items()]


class ExpandTests(SynchronousTestCase):
    """L{expand} replaces names, variables and files."""

    def expand(self, values: dict[str, str]) -> str:
        self.findings = Findings()
        expanded, _, self.used = expand(assignments(values), texts(), self.findings)
        self.findings.raise_first()
        return expanded[-1].value

    def fails(self, values: dict[str, str]) -> str:
        return str(self.assertRaises(ConfigurationError, self.expand, values))

    def test_values(self) -> None:
        """Each value becomes the other, and nothing is said about it."""
        for shows, given_, expected in VALUES:
            self.assertEqual((shows, self.expand(given_)), (shows, expected))
            self.assertEqual((shows, self.findings), (shows, []))

    def test_notes(self) -> None:
        """What uWSGI makes nothing, or nonsense, of is told."""
        for given_, expected, note in NOTES:
            self.assertEqual((given_, self.expand(given_)), (given_, expected))
            (said,) = self.findings.warnings()
            self.assertIn(note, said)

    def test_errors(self) -> None:
        """What cannot be read is an error of one line, with its place."""
        for value, message in ERRORS:
            error = self.fails({"x": value})
            self.assertIn(message, error)
            self.assertTrue(error.startswith("f.ini:1: x = "))

    def test_later_definition(self) -> None:
        """A name may be used before it is given; of several values the first counts."""
        given_ = [*assignments({"x": "%(a)", "a": "1"}), *assignments({"a": "2"})]
        expanded, *_ = expand(given_, texts(), Findings())
        self.assertEqual([one.value for one in expanded], ["1", "1", "2"])

    def test_used(self) -> None:
        """The names that were used are told from those that were only given."""
        self.expand({"a": "1", "c": "3", "x": "%(a) %(b)"})
        self.assertEqual(self.used, {"a"})

    def test_one_by_one(self) -> None:
        """An error leaves the others as they are."""
        findings = Findings()
        given_ = assignments({"a": "%(a)", "b": "2", "c": "@(/nope)", "d": "%(b)"})
        expanded, broken, _ = expand(given_, texts(), findings)
        self.assertEqual([one.name for one in expanded], ["b", "d"])
        self.assertEqual([one.name for one in broken], ["a", "c"])
        self.assertEqual([one.code for one in findings], ["loop", "expansion"])

    def test_unset(self) -> None:
        """The first variable that is not set is found."""
        self.assertEqual(unset("a $(B) $(C)"), "B")
        self.assertIsNone(unset("a $B"))

    def test_needs_itself(self) -> None:
        """A placeholder that needs itself is an error that says where."""
        for values in [
            {"a": "%(a)"}, {"a": "%(b)", "b": "%(a)"}, {"a": "%(a + 1)"}, {"a": "@(%(a))"},
        ]:  # fmt: skip
            error = self.fails(values)
            self.assertIn("f.ini:1: ", error)
            self.assertIn("needs itself", error)

    def test_explosion(self) -> None:
        """A few lines cannot grow to fill the memory, nor take for ever to be nothing."""
        for last in ("x", ""):
            values = {f"a{n}": f"%(a{n + 1})" * 20 for n in range(20)}
            values["a20"] = last
            if last:
                self.assertIn("grows to more than", self.fails(values))
            else:
                self.assertEqual(self.expand(values), "")

    @given(st.dictionaries(st.text("ab%( )$@+1"), st.text("ab%( )$@+1/-*")))
    def test_nothing_else(self, values: dict[str, str]) -> None:
        """Any values are expanded, or are errors of one line."""
        findings = Findings()
        outside = FakeOutside({"/cwd/a": "%(b)"})
        expand(assignments(values), Texts({"a": "%(b)", "b": "$(a)"}, "/cwd", outside), findings)
        for one in findings:
            self.assertEqual(len(str(one).splitlines()), 1)

    @given(
        st.text().filter(
            lambda text: not {"%(", "$(", "@("} & {*map("".join, itertools.pairwise(text))}
        )
    )
    def test_plain(self, value: str) -> None:
        """A value without placeholders is what it was."""
        self.assertEqual((self.expand({"x": value}), self.used), (value, set()))
