"""Tests of L{twsgi.settings.expansion}: what stands for something else in a value."""

from __future__ import annotations

import os

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from twsgi.errors import ConfigurationError
from twsgi.settings.expansion import Place, expand, expand_letters, magic_letters, unset
from twsgi.settings.grammar import Assignment, Origin

PLACE = Place("conf/site.tar.ini", "/srv/conf/site.tar.ini", "base")
FIRST = Place("main.ini", "/etc/twsgi/main.ini", "uwsgi")
LETTERS = [
    ("%d", "/srv/conf/"), ("%p", "/srv/conf/site.tar.ini"), ("%s", "site.tar.ini"),
    ("%n", "site.tar"), ("%e", "ini"), ("%c", "conf"), ("%o", "conf/site.tar.ini"), ("%x", "base"),
    ("%v", "/home"), ("%k", str(os.cpu_count())), ("%D", "/etc/twsgi/"),
    ("%P", "/etc/twsgi/main.ini"), ("%S", "main.ini"), ("%N", "main"), ("%C", "twsgi"),
    ("%X", "uwsgi"), ("%O", "main.ini"), ("%E", "ini"),
    ("%%", "%"), ("%%d", "%d"), ("%%%d", "%/srv/conf/"), ("100%", "100%"), ("%(name)", "%(name)"),
    ("%(%k + 1)", f"%({os.cpu_count()} + 1)"), ("%dapp/%n", "/srv/conf/app/site.tar"), ("", ""),
]  # fmt: skip

#: (what it shows, assignments, the last one's value)
VALUES = [
    ("a placeholder is replaced", {"base": "/srv", "x": "%(base)/a"}, "/srv/a"),
    ("and an option", {"threads": "2", "x": "%(threads)%(threads)"}, "22"),
    ("and what uses others", {"a": "%(b)-", "b": "%(c)+", "c": "1", "x": "%(a)"}, "1+-"),
    ("what is not defined stays", {"x": "%(uri) %(a b)"}, "%(uri) %(a b)"),
    ("an empty value is a value", {"a": "", "x": "<%(a)>"}, "<>"),
    ("a variable is replaced", {"x": ":$(PORT)"}, ":8000"),
    ("what is not set stays", {"x": "$(NOPE) $( $"}, "$(NOPE) $( $"),
    ("a dollar before it is a dollar", {"x": "$$(PORT)"}, "$8000"),
    ("a variable may name a placeholder", {"a": "1", "x": "$(NAMED)"}, "1"),
    ("sums are from left to right", {"x": "%(1 + 2 * 3)"}, "9"),
    ("with placeholders", {"a": "2", "x": "%(a * 4 - 1)"}, "7"),
    ("division drops the rest", {"x": "%(7 / 2)"}, "3"),
    ("below zero", {"x": "%(7 - 9)"}, "-2"),
    ("no sum without blanks", {"x": "%(2+1)"}, "%(2+1)"),
    ("nothing is divided by zero", {"x": "%(1 / 0)"}, "%(1 / 0)"),
    ("nor a sum half written", {"x": "%(1 +)"}, "%(1 +)"),
    ("nor of words", {"a": "b", "x": "%(a + 1)"}, "%(a + 1)"),
    ("nor by another sign", {"x": "%(2 ^ 3)"}, "%(2 ^ 3)"),
]

ENVIRON = {"PORT": "8000", "NAMED": "%(a)"}
ORIGIN = Origin("f.ini", 1)


def assignments(values: dict[str, str]) -> list[Assignment]:
    return [Assignment(name, value, ORIGIN) for name, value in values.items()]


class LetterTests(SynchronousTestCase):
    """L{expand_letters} knows where the file is."""

    letters = magic_letters(PLACE, FIRST, "/home")

    def test_letters(self) -> None:
        """Each text becomes the other, and nothing is said about it."""
        for text, expected in LETTERS:
            self.assertEqual((text, expand_letters(text, self.letters)), (text, (expected, [])))

    def test_not_yet(self) -> None:
        """A letter of uWSGI's that we do not know yet stays, and is told."""
        value, (note,) = expand_letters("%t.log", self.letters)
        self.assertEqual(value, "%t.log")
        self.assertIn("'%t' is uWSGI's, not supported by twsgi yet", note)

    def test_meaningless(self) -> None:
        """A letter that means nothing vanishes, as in uWSGI, and is told."""
        value, (note,) = expand_letters("a%zb", self.letters)
        self.assertEqual(value, "ab")
        self.assertIn("write %% for a percent sign", note)


class ExpandTests(SynchronousTestCase):
    """L{expand} replaces names."""

    def test_values(self) -> None:
        """Each value becomes the other."""
        for shows, given_, expected in VALUES:
            expanded, _ = expand(assignments(given_), ENVIRON)
            self.assertEqual((shows, expanded[-1].value), (shows, expected))

    def test_later_definition(self) -> None:
        """A name may be used before it is given; of several values the first counts."""
        expanded, _ = expand([*assignments({"x": "%(a)", "a": "1"}), *assignments({"a": "2"})], {})
        self.assertEqual([one.value for one in expanded], ["1", "1", "2"])

    def test_used(self) -> None:
        """The names that were used are told from those that were only given."""
        _, used = expand(assignments({"x": "%(a) %(b)", "a": "1", "c": "3"}), {})
        self.assertEqual(used, {"a"})

    def test_unset(self) -> None:
        """The first variable that is not set is found."""
        self.assertEqual(unset("a $(B) $(C)"), "B")
        self.assertIsNone(unset("a $B"))

    def test_needs_itself(self) -> None:
        """A placeholder that needs itself is an error that says where."""
        for values in [{"a": "%(a)"}, {"a": "%(b)", "b": "%(a)"}, {"a": "%(a + 1)"}]:
            error = self.assertRaises(ConfigurationError, expand, assignments(values), {})
            self.assertIn("f.ini:1: ", str(error))
            self.assertIn("needs itself", str(error))

    def test_explosion(self) -> None:
        """A few lines cannot grow to fill the memory, nor take for ever to be nothing."""
        for last in ("x", ""):
            values = {f"a{n}": f"%(a{n + 1})" * 20 for n in range(20)}
            values["a20"] = last
            if last:
                error = self.assertRaises(ConfigurationError, expand, assignments(values), {})
                self.assertIn("grows to more than", str(error))
            else:
                self.assertEqual(expand(assignments(values), {})[0][0].value, "")

    @given(st.dictionaries(st.text("ab%( )$+1"), st.text("ab%( )$+1/-*")))
    def test_nothing_else(self, values: dict[str, str]) -> None:
        """Any values are expanded, or are a ConfigurationError of one line."""
        try:
            expand(assignments(values), {"a": "%(b)", "b": "$(a)"})
        except ConfigurationError as error:
            self.assertEqual(len(str(error).splitlines()), 1)

    @given(st.text().filter(lambda text: "%(" not in text and "$(" not in text))
    def test_plain(self, value: str) -> None:
        """A value without placeholders is what it was."""
        expanded, used = expand(assignments({"x": value}), ENVIRON)
        self.assertEqual((expanded[0].value, used), (value, set()))
