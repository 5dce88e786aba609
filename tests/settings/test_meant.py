"""Tests of L{twsgi.settings.meant}: what people write, and what they mean by it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from twsgi.settings.kinds import KINDS
from twsgi.settings.meant import meant

#: (kind, text, what was meant, codes of what is said)
MEANT = [
    ("time", "30", "30", []), ("time", "30s", "30", ["read-otherwise"]),
    ("time", "5m", "300", ["read-otherwise"]), ("time", "1 hour", "3600", ["read-otherwise"]),
    ("time", "3000ms", "3", ["read-otherwise"]), ("time", "30.0", "30", ["read-otherwise"]),
    ("time", "30 seconds # long", "30", ["comment", "read-otherwise"]),
    ("time", "off", "0", ["read-otherwise"]), ("time", "0", "0", []),
    ("seconds", "60 sec", "60", ["read-otherwise"]),
    ("bytes", "64k", "65536", ["read-otherwise"]), ("bytes", "64 KB", "65536", ["read-otherwise"]),
    ("bytes", "8192 # bytes", "8192", ["comment"]), ("bytes", "8192# b", "8192", ["comment"]),
    ("bytes", "8192;", "8192", ["comment"]), ("size", "1G", "1073741824", ["read-otherwise"]),
    ("megabytes", "256M", "256", ["read-otherwise"]),
    ("megabytes", "1GB", "1024", ["read-otherwise"]),
    ("count", "4", "4", []), ("count", '"4"', "4", ["read-otherwise"]),
    ("count", "4 workers", "4", ["read-otherwise"]), ("count", "+4", "4", ["read-otherwise"]),
    ("number", "'5' ; five", "'5'", ["comment"]), ("number", "007", "007", []),
    ("keepalive", "75s", "75", ["read-otherwise"]), ("keepalive", "off", "off", []),
    ("flag", "false # no", "false", ["comment"]), ("flag", "true;", "true", ["comment"]),
    ("flag", '"false"', "false", ["read-otherwise"]), ("flag", "", "", []),
    ("path", "/srv/my app", "/srv/my app", []), ("path", "/srv/#1", "/srv/#1", []),
    ("path", '"/srv/a"', "/srv/a", ["read-otherwise"]),
    ("path", "/srv/a # here", "/srv/a", ["comment"]), ("path", "/srv/a #1", "/srv/a #1", []),
    ("module", "app:app ;first", "app:app", ["comment"]),
    ("addresses", "'127.0.0.1:80'", "127.0.0.1:80", ["read-otherwise"]),
    ("text", '"a" # b', '"a" # b', []), ("variables", 'A="b" # c', 'A="b" # c', []),
    ("hooks", "exec:date ; x", "exec:date ; x", []),
]  # fmt: skip

#: (kind, text): not clear, and left as it is, to be refused.
UNCLEAR = [
    ("count", "abc"), ("count", "4k"), ("count", "4x"), ("count", "1 000"), ("count", "1,000"),
    ("count", "0x10"), ("count", "true"), ("count", "4 x"), ("time", "1.5"), ("time", "30x"),
    ("time", "5 5s"), ("bytes", "1.5k"), ("megabytes", "1k"), ("number", "-1"), ("number", ""),
    ("number", "1_000"), ("time", "1500ms"),
]  # fmt: skip


class MeantTests(SynchronousTestCase):
    """L{meant} reads what is clear, and leaves the rest."""

    def test_meant(self) -> None:
        """Each text is read as the table says, and what is odd about it is told."""
        for kind, text, expected, codes in MEANT:
            value, notes = meant(KINDS[kind], text)
            self.assertEqual((kind, text, value), (kind, text, expected))
            self.assertEqual((kind, text, [code for code, _ in notes]), (kind, text, codes))

    def test_unclear(self) -> None:
        """What is not clear stays, and its kind refuses it."""
        for kind, text in UNCLEAR:
            value, notes = meant(KINDS[kind], text)
            self.assertEqual((kind, value, notes), (kind, text, []))
            self.assertRaises(ValueError, KINDS[kind].convert, value)

    @given(st.sampled_from(sorted(KINDS)), st.text())
    def test_any(self, kind: str, text: str) -> None:
        """Any text is read; what was meant says nothing more when it is read again."""
        value, _ = meant(KINDS[kind], text)
        if not KINDS[kind].path and '"' not in value and "'" not in value:
            self.assertEqual(meant(KINDS[kind], value), (value, []))
