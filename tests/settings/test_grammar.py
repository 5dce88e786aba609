"""Tests of L{twsgi.settings.grammar}: lines of text, and what they assign."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from twsgi.errors import ConfigurationError
from twsgi.settings.assignment import Assignment, Origin, printable
from twsgi.settings.grammar import decode, parse

#: (what it shows, text, [(name, value, line)])
TEXTS = [
    (
        "blanks around name and value vanish",
        "[uwsgi]\n\tthreads\t = \t 2 \t\n",
        [("threads", "2", 2)],
    ),
    ("no blanks are needed", "[uwsgi]\nthreads=2", [("threads", "2", 2)]),
    ("the first = splits", "[uwsgi]\nenv = A=b=c\n", [("env", "A=b=c", 2)]),
    ("a name alone is empty", "[uwsgi]\nlazy-apps\n", [("lazy-apps", "", 2)]),
    ("a value may be empty", "[uwsgi]\nmodule =\n", [("module", "", 2)]),
    ("; and # start comments", "[uwsgi]\n; a = 1\n  # b = 2\n\nc = 3\n", [("c", "3", 5)]),
    ("a comment has its own line", "[uwsgi]\nenv = A=b ; c\n", [("env", "A=b ; c", 2)]),
    ("quotes are kept", '[uwsgi]\nmodule = "app"\n', [("module", '"app"', 2)]),
    ("backslashes are kept", "[uwsgi]\nenv = A=b\\\nc\n", [("env", "A=b\\", 2), ("c", "", 3)]),
    ("CRLF is a line end", "[uwsgi]\r\nthreads = 2\r\n", [("threads", "2", 2)]),
    ("what precedes a section is nobody's", "a = 1\n[uwsgi]\nb = 2\n", [("b", "2", 3)]),
    ("other sections are passed over", "[x]\na = 1\n[uwsgi]\nb = 2\n[y]\nc = 3", [("b", "2", 4)]),
    ("sections merge", "[uwsgi]\na = 1\n[x]\n[uwsgi]\nb = 2", [("a", "1", 2), ("b", "2", 5)]),
    ("section names keep their case", "[uWSGI]\na = 1\n", []),
    ("option names keep their case", "[uwsgi]\nHTTP = :1\n", [("HTTP", ":1", 2)]),
    ("repeats stay", "[uwsgi]\npp = a\npp = b\n", [("pp", "a", 2), ("pp", "b", 3)]),
    ("Unicode blanks belong to the value", "[uwsgi]\na = \u00a0b\n", [("a", "\u00a0b", 2)]),
]

#: (text, part of the one warning, names assigned)
ODD = [
    ("\ufeff[uwsgi]\na = 1\n", "f.ini:1: the byte order mark", ["a"]),
    ("[uwsgi]\n = 1\nb = 2\n", "f.ini:2: '= 1' names no option", ["b"]),
    ("[uwsgi]\na = 1\n[uwsgi] ; again\nb = 2\n", "f.ini:3: '[uwsgi] ; again' is no", ["a"]),
    ("[uwsgi]\na = 1\n[uwsgi\nb = 2\n", "f.ini:3: '[uwsgi' is no", ["a"]),
    ("[ uwsgi ]\na = 1\n", "write [uwsgi] and nothing else", []),
]

_BLANK = " \t\r"
names = st.text(st.characters(codec="utf-8", exclude_characters="\n=\0"), min_size=1).filter(
    lambda text: text == text.strip(_BLANK) and text[0] not in ";#[\ufeff"
)
values = st.text(st.characters(codec="utf-8", exclude_characters="\n\0")).filter(
    lambda text: text == text.strip(_BLANK)
)


class ParseTests(SynchronousTestCase):
    """L{parse} reads what uWSGI reads."""

    def test_texts(self) -> None:
        """Each text assigns what the table says, with the line it stands in, without a warning."""
        for shows, text, expected in TEXTS:
            section = parse(text, "f.ini")
            got = [(one.name, one.value, one.origin.line) for one in section.assignments]
            self.assertEqual((shows, got), (shows, expected))
            self.assertEqual((shows, section.findings), (shows, []))

    def test_odd(self) -> None:
        """What is odd is one warning with file and line, and the rest is read."""
        for text, warning, expected in ODD:
            section = parse(text, "f.ini")
            self.assertEqual([one.name for one in section.assignments], expected)
            self.assertEqual(len(section.findings), 1, text)
            self.assertIn(warning, str(section.findings[0]))

    def test_bare(self) -> None:
        """A name without C{=} is marked as bare, one with an empty value is not."""
        bare, empty = parse("[uwsgi]\na\na =\n", "f").assignments
        self.assertEqual((bare.bare, empty.bare), (True, False))
        self.assertEqual((str(bare), str(empty)), ("f:2: a", "f:3: a = "))

    def test_section(self) -> None:
        """Another section is read when it is asked for, and a missing one is told."""
        text = "[uwsgi]\na = 1\n[base]\nb = 2\n"
        section = parse(text, "f", "base")
        self.assertEqual([one.name for one in section.assignments], ["b"])
        self.assertTrue(section.found)
        self.assertFalse(parse(text, "f", "none").found)

    @given(st.text())
    def test_never_fails(self, text: str) -> None:
        """Any text is read; its warnings are single lines."""
        section = parse(f"[uwsgi]\n{text}", "f.ini")
        for line in map(str, [*section.findings, *section.assignments]):
            self.assertEqual(len(line.splitlines()), 1)

    @given(st.lists(st.tuples(names, values)))
    def test_round_trip(self, pairs: list[tuple[str, str]]) -> None:
        """What is written as C{name = value} is read back as it was."""
        text = "[uwsgi]\n" + "".join(f"{name} = {value}\n" for name, value in pairs)
        expected = [
            Assignment(name, value, Origin("f", line))
            for line, (name, value) in enumerate(pairs, 2)
        ]
        self.assertEqual(parse(text, "f").assignments, expected)


class DecodeTests(SynchronousTestCase):
    """L{decode} takes text, and says where there is none."""

    def test_text(self) -> None:
        """UTF-8 is text."""
        self.assertEqual(decode("ä = ö\n".encode(), "f"), "ä = ö\n")

    def test_not_text(self) -> None:
        """Other bytes and NUL are errors that name the line."""
        for data, message in [
            (b"[uwsgi]\na = \xe4\n", "f:2: the byte 0xe4 is not UTF-8"),
            (b"[uwsgi]\n\na\0b", "f:3: a NUL byte"),
        ]:
            error = self.assertRaises(ConfigurationError, decode, data, "f")
            self.assertIn(message, str(error))

    @given(st.binary())
    def test_nothing_else(self, data: bytes) -> None:
        """Bytes are text, or a ConfigurationError of one line."""
        try:
            parse(decode(data, "f"), "f")
        except ConfigurationError as error:
            self.assertEqual(len(str(error).splitlines()), 1)


class PrintableTests(SynchronousTestCase):
    """L{printable} makes one line of anything."""

    def test_controls(self) -> None:
        """Control characters are escaped, letters of any language are not."""
        self.assertEqual(printable("ä\n\x0b\u2028"), "ä\\n\\x0b\\u2028")

    def test_long(self) -> None:
        """What is too long is cut."""
        self.assertEqual(printable("abcdef", 3), "abc...")
