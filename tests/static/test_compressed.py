"""L{twsgi.static.compressed}: a file that stands for another."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.static.serving import Answer, Application, StaticCase, open_descriptors
from twsgi.settings.model import Settings
from twsgi.static.compressed import accepted
from twsgi.static.configured import static_files

ACCEPTED = [
    ("", ""),
    ("gzip", "gzip"),
    ("br", "br"),
    ("gzip, deflate, br, zstd", "br gzip"),
    ("GZIP", "gzip"),
    ("x-gzip", "gzip"),
    ("gzip;q=0", ""),
    ("gzip;q=0.000", ""),
    ("gzip ; q=0.5", "gzip"),
    ("gzip;q=0.001,br;q=1.0", "br gzip"),
    ("br;q=0, gzip", "gzip"),
    ("*", "br gzip"),
    ("*;q=0", ""),
    ("*;q=0, gzip", "gzip"),
    ("gzip;q=0, *", "br"),
    ("identity", ""),
    ("gzipped, xbr", ""),
    ("gzip;q=x", ""),
    ("gzip;x=1", ""),
    ("deflate,,gzip", "gzip"),
]


class AcceptedTests(SynchronousTestCase):
    """L{accepted}."""

    def test_table(self) -> None:
        """What is allowed, the best first."""
        for field, codings in ACCEPTED:
            self.assertEqual(" ".join(accepted(field)), codings, field)

    def test_any_text(self) -> None:
        """No field is an error, and none allows what it does not name."""

        @given(st.text(st.sampled_from("brgzip*;q=0.,1 \t\xff"), max_size=20))
        def check(field: str) -> None:
            for coding in accepted(field):
                self.assertTrue(coding in field or "*" in field)

        check()


class CompressedCase(StaticCase):
    """C{a.css} with all that can stand beside it; a clock by which all is long ago."""

    options: dict[str, Any] = {"static_gzip_all": True}

    def setUp(self) -> None:
        super().setUp()
        self.now = 4_000_000_000.0
        self.write("static/a.css", "plain", 1_000_000_000)
        self.write("static/a.css.gz", "gz'ed", 1_000_000_001)
        self.write("static/a.css.br", "br'ed", 1_000_000_002)
        self.serve(**self.options)

    def serve(self, **options: Any) -> None:
        """Serves by these options from now on."""
        settings = Settings(check_static=("static",), **options)
        self.site.resource = static_files(
            settings, str(self.top), Application(), self.lines.append, lambda: self.now
        )

    def ask(self, coding: str | None = None, *fields: str, path: str = "/a.css") -> Answer:
        """The answer to who accepts this."""
        asked = fields if coding is None else (f"Accept-Encoding: {coding}", *fields)
        return self.client().answer(path, *asked)

    def bodies(self, path: str = "/a.css") -> str:
        """What is sent to who accepts nothing, gzip, and both."""
        codings = (None, "gzip", "gzip, br")
        return " ".join(self.ask(one, path=path).body.decode() for one in codings)


class CompressedTests(CompressedCase):
    """C{static-gzip-all}."""

    def test_chosen(self) -> None:
        """The best that is there and accepted; its fields are its own but for the type."""
        for coding, body, expected in (
            (None, b"plain", None),
            ("gzip", b"gz'ed", "gzip"),
            ("br", b"br'ed", "br"),
            ("gzip, br", b"br'ed", "br"),
            ("gzip;q=0", b"plain", None),
        ):
            answer = self.ask(coding)
            self.assertEqual((answer.status, answer.body), (200, body))
            self.assertEqual(answer.field("content-encoding"), expected)
            self.assertEqual(answer.field("content-type"), "text/css")
            self.assertEqual(answer.field("vary"), "Accept-Encoding")
            self.assertEqual(answer.field("content-length"), "5")
        self.assertEqual(self.ask("br").field("last-modified"), "Sun, 09 Sep 2001 01:46:42 GMT")
        self.assertEqual(len({self.ask(one).field("etag") for one in (None, "gzip", "br")}), 3)

    def test_from_memory(self) -> None:
        """The second answer, which is from memory, is the first."""
        for coding in (None, "gzip", "gzip, br"):
            first, second = self.ask(coding), self.ask(coding)
            self.assertEqual((first.fields, first.body), (second.fields, second.body))
        self.assertEqual(len(self.site.resource._small._files), 3)

    def test_large(self) -> None:
        """The same for what is not kept in memory."""
        self.write("static/a.css.gz", "x" * 100_000)
        answer = self.ask("gzip")
        self.assertEqual((len(answer.body), answer.field("content-encoding")), (100_000, "gzip"))
        self.assertEqual(answer.field("content-type"), "text/css")

    def test_conditions(self) -> None:
        """A tag is one representation's; a 304 says what the response depends on."""
        tag = self.ask("gzip").field("etag")
        answer = self.ask("gzip", f"If-None-Match: {tag}")
        self.assertEqual((answer.status, answer.field("vary")), (304, "Accept-Encoding"))
        self.assertIsNone(answer.field("content-encoding"))
        self.assertEqual(self.ask("br", f"If-None-Match: {tag}").status, 200)
        self.assertEqual(self.ask("gzip", "Range: bytes=0-1", f"If-Range: {tag}").body, b"gz")
        self.assertEqual(self.ask("br", "Range: bytes=0-1", f"If-Range: {tag}").body, b"br'ed")

    def test_ranges(self) -> None:
        """A part of what is sent has its coding; several parts of it cannot be had."""
        answer = self.ask("gzip", "Range: bytes=0-1")
        self.assertEqual((answer.status, answer.body), (206, b"gz"))
        self.assertEqual(answer.field("content-encoding"), "gzip")
        self.assertEqual(self.ask("gzip", "Range: bytes=0-1,3-3").status, 200)
        self.assertEqual(self.ask(None, "Range: bytes=0-1,3-3").status, 206)
        answer = self.ask("gzip", "Range: bytes=99-")
        self.assertEqual((answer.status, answer.field("content-encoding")), (416, None))

    def test_none_there(self) -> None:
        """A file without one is sent as it is, and says that it might not have been."""
        self.write("static/b.css", "b")
        answer = self.ask("gzip, br", path="/b.css")
        self.assertEqual((answer.body, answer.field("vary")), (b"b", "Accept-Encoding"))
        self.assertIsNone(answer.field("content-encoding"))

    def test_only_for_a_file(self) -> None:
        """What has no file itself is the application's."""
        self.write("static/c.css.gz", "c")
        self.assertTrue(self.ask("gzip", path="/c.css").by_application)
        answer = self.ask("gzip", path="/c.css.gz")
        self.assertEqual((answer.body, answer.field("content-encoding")), (b"c", None))

    def test_ways_out(self) -> None:
        """One that leads out, or is no regular file, is not sent."""
        secret = self.write("secret", "secret")
        for name in ("a.css.gz", "a.css.br"):
            (self.root / name).unlink()
        (self.root / "a.css.br").mkdir()
        (self.root / "a.css.gz").symlink_to(secret)
        self.assertEqual(self.bodies(), "plain plain plain")
        self.assertIn("security error", self.lines[0])

    def test_mapped_file(self) -> None:
        """A file that is mapped alone has its own as well; a link there leads nowhere."""
        settings = Settings(static_map=("/x=static/a.css",), static_gzip_all=True)
        self.site.resource = static_files(settings, str(self.top), Application(), self.lines.append)
        (self.root / "a.css.br").unlink()
        (self.root / "a.css.br").symlink_to("../secret")
        self.write("secret", "secret")
        self.assertEqual(self.bodies("/x"), "plain gz'ed gz'ed")

    def test_beside_where_it_lies(self) -> None:
        """What a link means has its own beside it."""
        self.write("static/deep/real.css", "real")
        self.write("static/deep/real.css.gz", "real gz")
        (self.root / "link.css").symlink_to("deep/real.css")
        self.write("static/link.css.gz", "stale")
        answer = self.ask("gzip", path="/link.css")
        self.assertEqual((answer.body, answer.field("content-type")), (b"real gz", "text/css"))

    def test_no_descriptor_is_left(self) -> None:
        """Whatever the answer, all files are closed."""
        for coding in (None, "gzip", "gzip, br"):
            for fields in ([], ["Range: bytes=0-1"], ["If-None-Match: *"], ['If-Match: "x"']):
                client = self.client()
                before = open_descriptors()
                client.answer("/a.css", f"Accept-Encoding: {coding}", *fields)
                self.assertEqual(open_descriptors(), before, (coding, fields))


class ChangedTests(CompressedCase):
    """What changes on disk is seen by the next request."""

    def setUp(self) -> None:
        super().setUp()
        self.assertEqual(self.bodies(), "plain gz'ed br'ed")

    def test_replaced(self) -> None:
        """Another compressed file, of the same length and time."""
        self.write("new", "GZ'ED", 1_000_000_001).rename(self.root / "a.css.gz")
        self.assertEqual(self.bodies(), "plain GZ'ED br'ed")

    def test_removed(self) -> None:
        """None any more, and one again."""
        (self.root / "a.css.br").unlink()
        self.assertEqual(self.bodies(), "plain gz'ed gz'ed")
        (self.root / "a.css.gz").unlink()
        self.assertEqual(self.bodies(), "plain plain plain")
        self.write("static/a.css.br", "again")
        self.assertEqual(self.bodies(), "plain plain again")

    def test_original_removed(self) -> None:
        """What stands for nothing is not sent."""
        (self.root / "a.css").unlink()
        for coding in (None, "gzip", "br"):
            self.assertTrue(self.ask(coding).by_application, coding)

    def test_link_turned(self) -> None:
        """A link that means another file now has that one's."""
        (self.root / "link.css").symlink_to("a.css")
        self.assertEqual(self.bodies("/link.css"), "plain gz'ed br'ed")
        self.write("static/b.css", "b")
        self.write("static/b.css.gz", "b gz")
        (self.root / "new").symlink_to("b.css")
        (self.root / "new").rename(self.root / "link.css")
        self.assertEqual(self.bodies("/link.css"), "b b gz b gz")


class WhichTests(CompressedCase):
    """C{static-gzip-dir}, C{-ext} and C{static-gzip} itself."""

    def test_which(self) -> None:
        """The real path begins, or ends, so, or matches; else nothing is looked for, or said."""
        self.write("static/js/a.js", "plain")
        self.write("static/js/a.js.gz", "gz'ed")
        (self.top / "link").symlink_to("static")
        for options, css, js in (
            ({}, False, False),
            ({"static_gzip_dir": (f"{self.top}/static/js",)}, False, True),
            ({"static_gzip_dir": (f"{self.top}/static/js/",)}, False, True),
            ({"static_gzip_dir": (f"{self.top}/static/jsx/",)}, False, False),
            ({"static_gzip_dir": ("static/",)}, True, True),
            ({"static_gzip_dir": ("static/a.c",)}, True, False),
            ({"static_gzip_ext": (".css",)}, True, False),
            ({"static_gzip_ext": ("css", "js")}, True, True),
            ({"static_gzip": (r"/js/.*\.js$",)}, False, True),
            ({"static_gzip": ("a[.]c",)}, True, False),
            ({"static_gzip": ("a[.]c",), "static_gzip_ext": (".js",)}, True, True),
        ):
            self.serve(**options)
            for path, chosen in (("/a.css", css), ("/js/a.js", js)):
                answer = self.ask("gzip", path=path)
                self.assertEqual(answer.body, b"gz'ed" if chosen else b"plain", (options, path))
                self.assertEqual(answer.field("vary") is not None, chosen, (options, path))

    def test_directory_by_a_link(self) -> None:
        """The path that the operator has written counts as well as what it really is."""
        (self.top / "current").symlink_to("static")
        settings = Settings(check_static=("current",), static_gzip_dir=("current/",))
        self.site.resource = static_files(settings, str(self.top), Application(), print)
        self.assertEqual(self.ask("gzip").body, b"gz'ed")
