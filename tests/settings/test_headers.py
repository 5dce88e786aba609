"""Tests of L{twsgi.settings.headers}: what C{add-header} and C{del-header} may name."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.settings.files import FilesTestCase
from twsgi.errors import ConfigurationError
from twsgi.settings.headers import header, header_name, parted
from twsgi.settings.resolve import from_mapping, load

REFUSED = {
    "X-A": "write Name: value",
    "": "a header's name",
    ": x": "a header's name",
    "X A: x": "a header's name",
    "X-A : x\r\nSet-Cookie: y": "control characters",
    "X-A: x\ny": "control characters",
    "X-A: x\x7f": "control characters",
    "Content-Length: 3": "the server's own",
    "transfer-encoding: chunked": "the server's own",
    "Date: today": "the server's own",
    "Connection: upgrade": "close, or keep-alive",
    "Ä: x": "a header's name",
}


class HeaderTests(SynchronousTestCase):
    """L{header} and L{header_name}."""

    def test_good(self) -> None:
        """A field is kept as it is, with one blank behind its colon."""
        for text, expected in (
            ("X-A: b; mode=block", "X-A: b; mode=block"),
            ("X-A:b", "X-A: b"),
            ("X-A :  b\t", "X-A: b"),
            ("X-A:", "X-A: "),
            ("X-A: http://b:80/", "X-A: http://b:80/"),
            ("Connection: Close", "Connection: Close"),
            ("X-A: é", "X-A: é"),
        ):
            self.assertEqual(header(text), expected)
            self.assertEqual(header(expected), expected)

    def test_refused(self) -> None:
        """What is no field, ends its line, or frames a message, is refused with the reason."""
        for text, reason in REFUSED.items():
            self.assertIn(reason, str(self.assertRaises(ValueError, header, text)), text)
        for text in ("", "X A", "X:", "a\nb"):
            self.assertRaises(ValueError, header_name, text)
        self.assertEqual(header_name(" Server "), "Server")

    @given(st.text(max_size=40))
    def test_any(self, text: str) -> None:
        """Whatever is accepted is one line of bytes."""
        try:
            found = header(f"X-A: {text}")
        except ValueError:
            return
        ((name, value),), close = parted((found,))
        line = f"{name}: {value}".encode("latin-1")
        self.assertEqual(line.decode(), f"X-A: {text.strip(' ' + chr(9))}")
        self.assertFalse(set(line) & {0, 10, 13}, close)

    def test_parted(self) -> None:
        """Fields in their order, without the one that says that connections are closed."""
        self.assertEqual(parted(()), ([], False))
        told = ("A: 1", "Connection: keep-alive", "A: 2")
        self.assertEqual(parted(told), ([("A", "1"), ("A", "2")], False))
        self.assertEqual(parted((*told, "connection: CLOSE")), ([("A", "1"), ("A", "2")], True))


class OriginTests(FilesTestCase):
    """Where it stood is told."""

    def test_file(self) -> None:
        """A value that is refused is named with its file and line."""
        self.write("uwsgi.ini", "[uwsgi]\nhttp = :1\nmodule = app\nadd-header = X-A\n")
        error = self.assertRaises(ConfigurationError, load, ["uwsgi.ini"], {}, self.directory)
        self.assertEqual(str(error), "uwsgi.ini:4: add-header = X-A: write Name: value")

    def test_keyword(self) -> None:
        """A keyword, and a variable of the environment, can hold a line end: it is refused."""
        options = {"http": ":1", "module": "app", "add_header": "X-A: b\r\nX-C: d"}
        error = self.assertRaises(ConfigurationError, from_mapping, options, {})
        self.assertIn("keyword: add-header = X-A: b\\r\\nX-C: d: a value must not", str(error))
        environ = {"UWSGI_DEL_HEADER": "X-A\n"}
        error = self.assertRaises(ConfigurationError, load, [], environ, self.directory)
        self.assertIn("environment: del-header = ", str(error))
