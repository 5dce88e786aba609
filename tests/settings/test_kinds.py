"""Tests of L{twsgi.settings.kinds} and L{twsgi.settings.addresses}: text -> value."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from twsgi.settings.addresses import parse_address
from twsgi.settings.kinds import KINDS, before_comment
from twsgi.settings.model import Address

VALUES = [
    ("flag", "true", True), ("flag", "", True), ("flag", "1", True), ("flag", "-1", True),
    ("flag", "yes", True), ("flag", "anything", True), ("flag", "00", True),
    ("flag", "false", False), ("flag", "FALSE", False), ("flag", "Off", False),
    ("flag", "no", False), ("flag", "0", False),
    ("number", "0", 0), ("number", "007", 7), ("number", "2147483647", 2**31 - 1),
    ("count", "1", 1), ("seconds", "3600000", 3600000),
    ("keepalive", "", 1), ("keepalive", "true", 1), ("keepalive", "1", 1), ("keepalive", "on", 1),
    ("keepalive", "0", 0), ("keepalive", "False", 0), ("keepalive", "off", 0),
    ("keepalive", "no", 0), ("keepalive", "75", 75),
    ("interval", "true", 1), ("interval", "2", 2), ("interval", "off", 0),
    ("mounts", "/a=b.py", "/a=b.py"), ("mounts", "=b:app", "=b:app"), ("mounts", "/=b", "/=b"),
    ("aliases", "a=b.c", "a=b.c"), ("env behaviour", "holy", "holy"),
    ("text", "", ""), ("name", "spare", "spare"), ("module", "a.b", "a.b"),
    ("module", "a.b:c", "a.b:c"), ("variables", "A=b=c", "A=b=c"), ("variables", "A=", "A="),
    ("addresses", ":8000", ":8000"), ("mode", "022", 0o022), ("mode", "1777", 0o1777),
    ("socket mode", "660", 0o660), ("owner", "www", "www"), ("owner", "www:33", "www:33"),
    ("names", "www", "www"),
]  # fmt: skip

ERRORS = [
    ("number", "two", "not a whole number"), ("number", "", "needs a whole number"),
    ("number", "1.5", "not a whole number"), ("number", "0x10", "not a whole number"),
    ("number", "\u0663", "not a whole number"), ("number", "1_000", "not a whole number"),
    ("number", "-1", "must not be negative"), ("number", "2147483648", "must not be more"),
    ("number", "9" * 5000, "must not be more"), ("count", "0", "must be at least 1"),
    ("seconds", "0", "must be at least 1"), ("keepalive", "two", "not a whole number"),
    ("mounts", "a=b", "/path=file.py"), ("mounts", "/a", "/path=file.py"),
    ("mounts", "/a=", "/path=file.py"), ("aliases", "a", "NAME="), ("aliases", "=b", "NAME="),
    ("env behaviour", "copy", "cheat or holy"),
    ("keepalive", "-1", "must not be negative"), ("name", "", "needs a value"),
    ("path", "", "needs a value"), ("paths", "", "needs a value"), ("module", "", "needs a value"),
    ("module", ":app", "package.module:callable"), ("module", "app:", "package.module:callable"),
    ("module", "a b", "package.module:callable"), ("variables", "A", "NAME=value"),
    ("variables", "=b", "NAME=value"), ("variables", "", "NAME=value"),
    ("addresses", "", "needs a value"), ("mode", "", "three octal digits"),
    ("mode", "22", "three octal digits"), ("mode", "800", "three octal digits"),
    ("socket mode", "", "invalid chmod value: :"), ("socket mode", "9", "invalid chmod value: 9"),
    ("owner", "", "needs a value"), ("owner", ":www", "user:group"),
    ("owner", "www:", "user:group"),
    ("methods", "often", "write idempotent, safe or off"), ("methods", "", "write idempotent"),
    ("url path", "ready", "write a path"), ("url path", "", "write a path"),
    ("url path", "/a?b", "without a query"), ("url path", "/a b", "write a path"),
    ("url path", "/é", "write a path"), ("megabytes", "1G", "not a whole number"),
    ("owner", "a:b:c", "user:group"), ("names", "", "needs a value"),
]  # fmt: skip

ADDRESSES = [
    (":8000", Address("0.0.0.0", 8000)), ("127.0.0.1:80", Address("127.0.0.1", 80)),
    ("localhost:1", Address("127.0.0.1", 1)), ("[::]:8000", Address("::", 8000)),
    ("[::1]:65535", Address("::1", 65535)), ("0.0.0.0:0", Address("0.0.0.0", 0)),
    ("[0:0::1]:5", Address("::1", 5)), ("/run/app.sock", Address("", 80, "/run/app.sock")),
    ("app.sock", Address("", 80, "app.sock")), ("./app", Address("", 80, "./app")),
    ("/run/a:80", Address("", 80, "/run/a:80")), ("@app", Address("", 80, "@app")),
    ("fd://3", Address("", 80, "fd://3")), ("fd://web", Address("", 80, "fd://web")),
]  # fmt: skip

NO_ADDRESSES = [
    ("8000", "not an address: write :8000"), ("app", "127.0.0.1:8000 or ./app.sock"),
    ("@", "needs a name"), ("run/", "needs a name"), ("@" + "a" * 107, "at most 107 bytes"),
    ("fd://", "write fd://3"), ("fd://2", "are no sockets"), ("fd://12345678", "no sockets"),
    (":", "the port '' is not a number"),
    (":eighty", "the port 'eighty'"), (":65536", "from 0 to 65535"), (":-1", "from 0 to 65535"),
    (":\u0668", "from 0 to 65535"), (":" + "1" * 5000, "from 0 to 65535"),
    ("example.com:80", "'example.com' is neither"), ("::1:80", "in brackets"),
    ("[127.0.0.1]:80", "in brackets"), ("256.0.0.1:80", "is neither"), ("[::1:80", "is neither"),
    ("[]:80", "is neither"),
]  # fmt: skip


class KindTests(SynchronousTestCase):
    """Each kind takes what it should, and says what is wrong with the rest."""

    def test_values(self) -> None:
        """Each text becomes the value of the table."""
        for kind, text, expected in VALUES:
            got = KINDS[kind].convert(text)
            self.assertEqual((kind, text, got), (kind, text, expected))
            self.assertIs(type(got), type(expected))

    def test_errors(self) -> None:
        """Each text is refused for the reason of the table."""
        for kind, text, reason in ERRORS:
            error = self.assertRaises(ValueError, KINDS[kind].convert, text)
            self.assertIn(reason, str(error), (kind, text))

    @given(st.sampled_from(sorted(KINDS)), st.text())
    def test_nothing_else(self, kind: str, text: str) -> None:
        """Any text is a value or a ValueError."""
        try:
            KINDS[kind].convert(text)
        except ValueError as error:
            self.assertTrue(str(error))

    def test_before_comment(self) -> None:
        """A comment is told by the blank before it."""
        for text, expected in [
            ("4 ; c", "4"), ("4\t#c", "4"), ("4 5 # c ; d", "4 5"), ("4", None), ("4;c", None),
            ("; c", None), ("", None),
        ]:  # fmt: skip
            self.assertEqual((text, before_comment(text)), (text, expected))


class AddressTests(SynchronousTestCase):
    """L{parse_address} reads what a socket can be bound to."""

    def test_addresses(self) -> None:
        """Each text is the address of the table."""
        for text, expected in ADDRESSES:
            self.assertEqual(parse_address(text), expected)

    def test_no_addresses(self) -> None:
        """Each text is refused for the reason of the table."""
        for text, reason in NO_ADDRESSES:
            error = self.assertRaises(ValueError, parse_address, text)
            self.assertIn(reason, str(error))

    @given(st.ip_addresses(), st.integers(0, 65535))
    def test_round_trip(self, host: object, port: int) -> None:
        """An address is what it was after it was written and read."""
        address = Address(str(host), port)
        self.assertEqual(parse_address(str(address)), address)
