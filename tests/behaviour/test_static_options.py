"""What static-map and its kin do, in either mode, with the same headers."""

from __future__ import annotations

import os
import signal
from email.utils import formatdate, parsedate_to_datetime

from tests.behaviour.client import Response
from tests.behaviour.harness import Http, HttpSocket, ModeCase
from tests.behaviour.server import READY, Server
from tests.behaviour.site import Site

CHANGED = 1_000_000_000
OPTIONS = """
static-map = /m=mapped
static-map = /m=second/
static-map = /robots.txt=mapped/robots
static-map2 = /kept=tree
static-index = index.html
static-index = index.txt
static-safe = safe
static-skip-ext = .py
mimefile = types
static-expires = /mapped/real[.] 100
static-expires-mtime = /mapped/real-mtime[.] 100
static-expires-path-info = ^/m/info[.] 200
static-expires-path-info-mtime = ^/m/info-mtime[.] 200
static-expires-uri = ^/m/uri.*[?]v=[0-9]+$ 300
static-expires-uri-mtime = ^/m/uri.*[?]w=[0-9]+$ 300
static-expires-type = text/x-typed=400
static-expires-type-mtime = text/x-typed-mtime=400
static-gzip-ext = .js
static-gzip-dir = mapped/zip/
static-gzip = /mapped/regex[.]
"""
FILES = {
    "mapped/a.css": "mapped",
    "second/a.css": "second",
    "second/b.css": "second b",
    "second/sub/index.txt": "index",
    "mapped/robots": "robots",
    "mapped/program.py": "program",
    "tree/kept/c.css": "kept",
    "safe/safe.css": "safe",
    "safe-not/not.css": "secret",
    "types": "text/css css\ntext/x-mine mine\ntext/x-typed typed\ntext/x-typed-mtime typed-mtime\n",
    "mapped/a.mine": "mine",
    "mapped/a.html": "no type",
    "mapped/a.js": "plain",
    "mapped/a.js.gz": "gz",
    "mapped/a.js.br": "br",
    "mapped/zip/a.css": "plain",
    "mapped/zip/a.css.gz": "gz",
    "mapped/regex.css": "plain",
    "mapped/regex.css.gz": "gz",
    "mapped/plain.css": "plain",
    "mapped/plain.css.gz": "gz",
}
TIMED = ["real", "real-mtime", "info", "info-mtime", "uri"]


def prepare(site: Site) -> None:
    """Puts the files there, and the options into both configurations."""
    for name in ("uwsgi.ini", "http-socket.ini"):
        site.write(name, (site.directory / name).read_text() + OPTIONS)
    for name, content in FILES.items():
        site.write(name, content)
    for name in TIMED:
        site.write(f"mapped/{name}.css", name)
    for name in ("typed", "typed-mtime"):
        site.write(f"mapped/a.{name}", name)
    (site.directory / "mapped" / "safe.css").symlink_to("../safe/safe.css")
    (site.directory / "mapped" / "not.css").symlink_to("../safe-not/not.css")
    os.symlink("/etc", site.directory / "mapped" / "etc")
    for path in site.directory.rglob("*"):
        if path.is_file():
            os.utime(path, (CHANGED, CHANGED))


class Static:
    """The options."""

    def get(self, path: str, *headers: tuple[str, str], method: str = "GET") -> Response:
        """An answer of the server that is shared."""
        server: Server = self.shared(prepare)
        return server.get(path, method, headers=headers)

    def assert_file(self, content: str, path: str, *headers: tuple[str, str]) -> Response:
        """It is a file's."""
        answer = self.get(path, *headers)
        self.assertEqual((answer.status, answer.text), (200, content), path)
        self.assertFalse(answer.by_application, path)
        return answer

    def assert_application(self, *paths: str) -> None:
        """These are the application's to answer."""
        for path in paths:
            self.assertTrue(self.get(path).by_application, path)

    def test_map(self) -> None:
        """The first directory that has it; a file; all else falls through to the application."""
        self.assert_file("mapped", "/m/a.css")
        self.assert_file("second b", "/m/b.css")
        self.assert_file("mapped", "/m/x/..//a.css")
        self.assert_file("robots", "/robots.txt")
        self.assert_application(
            "/ma.css",
            "/mx/a.css",
            "/m",
            "/m/",
            "/m/nothing",
            "/m/a.css/",
            "/robots.txt/",
            "/robots.txtx",
            "/robots.txt/x",
        )

    def test_map2(self) -> None:
        """The mountpoint is looked for in the directory."""
        self.assert_file("kept", "/kept/c.css")
        self.assert_application("/keptc.css", "/c.css", "/kept/kept/c.css")

    def test_index(self) -> None:
        """A directory's index is served for its name, with a slash or without."""
        for path in ("/m/sub", "/m/sub/", "/m/sub?x"):
            self.assert_file("index", path)
        self.assert_application("/m/zip/", "/m/zip")

    def test_safe(self) -> None:
        """Links lead into the safe directory, and not to its sibling."""
        self.assert_file("safe", "/m/safe.css")
        self.assert_application(
            "/m/not.css", "/m/etc/passwd", "/m/..%2fsafe/safe.css", "/m/%2e%2e/safe/safe.css"
        )
        server = self.shared(prepare)
        server.wait_for(r"\[uwsgi-fileserve\] security error: \S*/safe-not/not\.css is not under ")

    def test_skipped(self) -> None:
        """What ends so is the application's."""
        self.assert_application("/m/program.py")

    def test_types(self) -> None:
        """Types are of the operator's table alone."""
        for path, kind in (
            ("/m/a.mine", "text/x-mine"),
            ("/m/a.css", "text/css"),
            ("/m/a.html", None),
        ):
            self.assertEqual(self.get(path).header("Content-Type"), kind, path)

    def test_expires(self) -> None:
        """Each rule by its own subject, from now or from the change; on a 304 as well."""
        for path, seconds, since_change in (
            ("/m/real.css", 100, False),
            ("/m/real-mtime.css", 100, True),
            ("/m/info.css", 200, False),
            ("/m/info-mtime.css", 200, True),
            ("/m/uri.css?v=3", 300, False),
            ("/m/uri.css?w=3", 300, True),
            ("/m/a.typed", 400, False),
            ("/m/a.typed-mtime", 400, True),
        ):
            answer = self.get(path)
            known = self.get(path, ("If-None-Match", answer.header("ETag") or ""))
            self.assertEqual((answer.status, known.status), (200, 304), path)
            for one in (answer, known):
                expires = one.header("Expires") or ""
                if since_change:
                    self.assertEqual(expires, formatdate(CHANGED + seconds, usegmt=True), path)
                else:
                    left = parsedate_to_datetime(expires) - parsedate_to_datetime(
                        one.header("Date") or ""
                    )
                    self.assertLessEqual(abs(left.total_seconds() - seconds), 2, path)
        for path in ("/m/a.css", "/m/uri.css"):
            self.assertIsNone(self.get(path).header("Expires"), path)

    def test_which_are_compressed(self) -> None:
        """By the name's end, by the directory, by an expression; nothing else is looked for."""
        both = ("Accept-Encoding", "gzip, br")
        self.assert_file("br", "/m/a.js", both)
        for path in ("/m/zip/a.css", "/m/regex.css"):
            answer = self.assert_file("gz", path, both)
            self.assertEqual(answer.header("Content-Encoding"), "gzip")
            self.assertEqual(answer.header("Content-Type"), "text/css")
            for one in (answer, self.assert_file("plain", path)):
                self.assertEqual(one.header("Vary"), "Accept-Encoding")
            self.assert_file("plain", path, ("Accept-Encoding", "gzip;q=0"))
        self.assertIsNone(self.assert_file("plain", "/m/plain.css", both).header("Vary"))

    def test_conditions(self) -> None:
        """ETag, If-None-Match, If-Range, If-Match and Range agree with one another."""
        tag = self.get("/m/a.css").header("ETag") or ""
        for headers, status in (
            ([("If-None-Match", tag)], 304),
            ([("If-None-Match", '"x"'), ("If-Modified-Since", formatdate(CHANGED))], 200),
            ([("If-Modified-Since", formatdate(CHANGED, usegmt=True))], 304),
            ([("If-Match", '"x"')], 412),
            ([("Range", "bytes=0-1"), ("If-Range", tag)], 206),
            ([("Range", "bytes=0-1"), ("If-Range", '"x"')], 200),
            ([("Range", "bytes=99-")], 416),
        ):
            answer = self.get("/m/a.css", *headers)
            self.assertEqual(answer.status, status, headers)
            self.assertEqual(answer.header("ETag"), None if status == 412 else tag, headers)

    def test_same_headers(self) -> None:
        """The fields, and their order, are the same in either mode, and with HEAD."""
        names = "Accept-Ranges Last-Modified ETag Expires Vary Content-Length Content-Type Date"
        server = self.shared(prepare)
        (server.site.directory / "mapped" / "zip" / "real.css").write_text("x")
        expected = [name for name in names.lower().split() if name != "expires"]
        for method in ("GET", "HEAD"):
            answer = self.get("/m/zip/real.css", method=method)
            self.assertEqual([name.lower() for name, _ in answer.headers], expected, method)

    def test_compressed(self) -> None:
        """Changed at a reload: static-gzip-all, and another directory behind the mountpoint."""
        site = self.site()
        prepare(site)
        server = self.twsgi(site, self.ini)
        gzip = [("Accept-Encoding", "gzip")]
        answer = server.get("/m/plain.css", headers=gzip)
        self.assertEqual((answer.text, answer.header("Vary")), ("plain", None))
        text = (site.directory / self.ini).read_text().replace("/m=mapped\n", "/m=mapped/zip\n")
        site.write(self.ini, f"{text}static-gzip-all = true\nstatic-map = /n=mapped\n")
        server.wait_ready()
        server.send_signal(signal.SIGHUP)
        server.wait_for(READY, 2)
        self.soon(
            lambda: server.get("/n/plain.css", headers=gzip).text == "gz", "the new settings hold"
        )
        answer = server.get("/m/a.css", headers=gzip)
        self.assertEqual((answer.text, answer.header("Vary")), ("gz", "Accept-Encoding"))
        self.assertEqual(server.stop(), 0)


class HttpStaticTests(Static, Http, ModeCase):
    """L{Static}, C{http =}."""


class HttpSocketStaticTests(Static, HttpSocket, ModeCase):
    """L{Static}, C{http-socket =}."""
