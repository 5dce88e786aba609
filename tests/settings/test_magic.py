"""Tests of L{twsgi.settings.magic}: letters that know where the file is, and on which machine."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.settings.outside import FakeOutside
from twsgi._version import __version__
from twsgi.settings.magic import Letters, Place, djb33x, expand_letters

PLACE = Place("conf/site.tar.ini", "/srv/conf/site.tar.ini", "base")
FIRST = Place("main.ini", "/etc/twsgi/main.ini", "uwsgi")
TEXTS = [
    ("%d", "/srv/conf/"), ("%p", "/srv/conf/site.tar.ini"), ("%s", "site.tar.ini"),
    ("%n", "site.tar"), ("%e", "ini"), ("%c", "conf"), ("%o", "conf/site.tar.ini"), ("%x", "base"),
    ("%v", "/home"), ("%k", "6"), ("%D", "/etc/twsgi/"), ("%i", "77"), ("%I", "0"),
    ("%P", "/etc/twsgi/main.ini"), ("%S", "main.ini"), ("%N", "main"), ("%C", "twsgi"),
    ("%X", "uwsgi"), ("%O", "main.ini"), ("%E", "ini"), ("%h", "web7"), ("%u/%U", "33/www"),
    ("%g/%G", "34/web"), ("%t", "12"), ("%T", "12500000"), ("%b", "/usr/bin/twsgi"),
    ("%0:%1:%2", "srv:conf:"), ("%9", ""), ("%[[31m", "\033[31m"), ("%V", __version__.short()),
    ("%%", "%"), ("%%d", "%d"), ("%%%d", "%/srv/conf/"), ("100%", "100%"), ("%(name)", "%(name)"),
    ("%(%k + 1)", "%(6 + 1)"), ("%dapp/%n", "/srv/conf/app/site.tar"), ("", ""),
]  # fmt: skip


class LetterTests(SynchronousTestCase):
    """L{expand_letters} knows where the file is."""

    def setUp(self) -> None:
        outside = FakeOutside({PLACE.path: ""})
        self.letters = Letters(PLACE, FIRST, "/home", outside)

    def test_letters(self) -> None:
        """Each text becomes the other, and nothing is said about it."""
        for text, expected in TEXTS:
            self.assertEqual((text, expand_letters(text, self.letters)), (text, (expected, [])))

    def test_hash(self) -> None:
        """C{%j} is what uWSGI makes of a path, and the upper case of the first file's."""
        self.assertEqual(djb33x("/tmp/ux/a1.ini"), "5EDC1969")
        text, _ = expand_letters("%j %J", self.letters)
        self.assertEqual(text, f"{djb33x(PLACE.path)} {djb33x(FIRST.path)}")

    def test_meaningless(self) -> None:
        """A letter that means nothing vanishes, as in uWSGI, and is told."""
        value, (note,) = expand_letters("a%zb", self.letters)
        self.assertEqual(value, "ab")
        self.assertIn("write %% for a percent sign", note)

    def test_asked_once(self) -> None:
        """The machine is asked only for what a text names."""
        self.assertEqual(len(self.letters), len(list(self.letters)))
        self.assertNotIn("z", self.letters)

    @given(st.text("%dpz(0[ "))
    def test_doubled(self, text: str) -> None:
        """What has its percent signs doubled is what it was."""
        letters = Letters(PLACE, FIRST, "/home", FakeOutside())
        self.assertEqual(expand_letters(text.replace("%", "%%"), letters), (text, []))
