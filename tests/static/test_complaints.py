"""L{twsgi.static.complaints}: lines that clients cause are bounded."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from twsgi.static.complaints import LINES, REMEMBERED, WINDOW, Complaints, printable


class ComplaintsTests(SynchronousTestCase):
    """L{Complaints}."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.lines: list[str] = []
        self.complaints = Complaints(self.lines.append, self.clock.seconds)

    def test_once(self) -> None:
        """What was said is not repeated, however much later."""
        for _ in range(3):
            self.complaints.say("a")
            self.complaints.say("b")
            self.clock.advance(WINDOW)
        self.assertEqual(self.lines, ["a", "b"])

    def test_not_many(self) -> None:
        """A window of time has so many lines; the next has as many."""
        for number in range(LINES + 5):
            self.complaints.say(f"first {number}")
        self.assertEqual(len(self.lines), LINES)
        self.clock.advance(WINDOW)
        for number in range(LINES + 5):
            self.complaints.say(f"second {number}")
        self.assertEqual(len(self.lines), 2 * LINES)

    def test_left_out_is_not_said(self) -> None:
        """A line that was left out is written when it comes again in time."""
        for number in range(LINES + 1):
            self.complaints.say(str(number))
        self.clock.advance(WINDOW)
        self.complaints.say(str(LINES))
        self.assertEqual(self.lines[-1], str(LINES))

    def test_memory_is_bounded(self) -> None:
        """The line that is longest ago is forgotten first."""
        for number in range(REMEMBERED + 1):
            self.complaints.say(str(number))
            self.clock.advance(WINDOW)
        self.lines.clear()
        self.complaints.say(str(REMEMBERED))
        self.complaints.say("1")
        self.complaints.say("0")
        self.assertEqual(self.lines, ["0"])


class PrintableTests(SynchronousTestCase):
    """L{printable}."""

    def test_table(self) -> None:
        """Text stays as it is; what would break or colour a line, or is no text, is escaped."""
        for path, text in {
            b"/a b/c.css": "/a b/c.css",
            "/\u00e9\u20ac".encode(): "/\u00e9\u20ac",
            b"/a\nb\r\x1b[1m\x7f": "/a\\nb\\r\\x1b[1m\\x7f",
            b"/\xff": "/\\xff",
            "/\u2028".encode(): "/\\u2028",
        }.items():
            self.assertEqual(printable(path), text)

    @given(st.binary(max_size=40))
    def test_one_line(self, path: bytes) -> None:
        """Whatever the bytes, it is one line that every log can take."""
        text = printable(path)
        self.assertTrue(text.isprintable())
        text.encode("utf-8")
