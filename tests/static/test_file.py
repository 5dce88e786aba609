"""L{twsgi.static.file}: the response is C{static.File}'s, and right where that is wrong."""

from __future__ import annotations

import os
import re
from typing import Any

from twisted.web.http import datetimeToString
from twisted.web.resource import Resource
from twisted.web.static import File

from tests.static.serving import Answer, StaticCase, open_descriptors
from twsgi.static.file import MAX_RANGES
from twsgi.static.transfer import AT_ONCE

DATE = 1_000_000_000
#: Sizes around what one write sends, and what one read of a producer of Twisted's takes.
SIZES = [0, 1, 17, AT_ONCE - 1, AT_ONCE, AT_ONCE + 1, 3 * AT_ONCE + 5]


def date(seconds: int) -> str:
    """An HTTP date."""
    text: bytes = datetimeToString(seconds)
    return text.decode()


def content(size: int) -> bytes:
    """So many bytes that tell where they are."""
    return b"".join(b"%07x\n" % number for number in range(size // 8 + 1))[:size]


class StockFile(Resource):
    """C{static.File} as it is, on one file."""

    isLeaf = True

    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path

    def render(self, request: Any) -> Any:
        return File(self._path).render(request)


#: Fields of a request, for a file of 17 bytes of C{DATE}, that C{static.File} understands well.
UNDERSTOOD = [
    [],
    [f"If-Modified-Since: {date(DATE)}"],
    [f"If-Modified-Since: {date(DATE + 1)}"],
    [f"If-Modified-Since: {date(DATE - 1)}"],
    [f"If-Modified-Since: {date(DATE)}; length=3"],
    ["If-Modified-Since: Sunday, 09-Sep-01 01:46:40 GMT"],
    ["If-Modified-Since: Sun Sep  9 01:46:40 2001"],
    ["If-Modified-Since: yesterday"],
    [f"If-Modified-Since: {date(DATE)}", "Range: bytes=0-3"],
    ["If-Match: *"],
    ["Range: bytes=0-3"],
    ["Range: bytes=0-0"],
    ["Range: bytes=5-"],
    ["Range: bytes=16-"],
    ["Range: bytes=17-"],
    ["Range: bytes=100-200"],
    ["Range: bytes=-4"],
    ["Range: bytes=-17"],
    ["Range: bytes=-0"],
    ["Range: bytes=0-16"],
    ["Range: bytes=0-99"],
    ["Range: bytes=3-1"],
    ["Range: bytes=-"],
    ["Range: bytes=a-b"],
    ["Range: bytes"],
    ["Range: lines=0-3"],
    ["Range: bytes=0-3,5-7"],
    ["Range: bytes=0-3, -2"],
    ["Range: bytes=0-3,100-200"],
    ["Range: bytes=0-3,x"],
]


class FileCase(StaticCase):
    """Requests to one file, on a new connection each."""

    def ask(self, path: str, *fields: str, method: str = "GET", version: str = "1.1") -> Answer:
        """The answer to a request."""
        return self.client().answer(path, *fields, method=method, version=version)

    def stock(self, path: str, *fields: str, method: str = "GET") -> Answer:
        """What C{static.File} answers."""
        ours = self.site
        self.site = self.make_site(StockFile(str(self.root / path[1:])))
        try:
            return self.ask("/", *fields, method=method)
        finally:
            self.site = ours

    def assert_same(self, one: Answer, other: Answer, about: object) -> None:
        """The two responses are equal, but for the boundary, which has a clock in it."""
        texts = []
        for answer in (one, other):
            # static.File has no ETag.
            fields = sorted(one for one in answer.fields if one[0] != "etag")
            text = repr((answer.status, fields, answer.body, answer.rest))
            boundary = re.search(r'boundary="(\w+)"', text)
            texts.append(text.replace(boundary[1], "(boundary)") if boundary else text)
        self.assertEqual(texts[0], texts[1], about)


class LikeFileTests(FileCase):
    """In all that C{static.File} does well, the responses are the same."""

    def test_fields(self) -> None:
        """Conditions and ranges have the effect that they have there."""
        self.write("static/a.css", content(17))
        for method in ("GET", "HEAD"):
            for fields in UNDERSTOOD:
                ours = self.ask("/a.css", *fields, method=method)
                stock = self.stock("/a.css", *fields, method=method)
                self.assert_same(ours, stock, (method, fields))
        self.flushLoggedErrors()

    def test_statuses(self) -> None:
        """The requests of the last test are of all kinds."""
        self.write("static/a.css", content(17))
        statuses = {self.ask("/a.css", *fields).status for fields in UNDERSTOOD}
        self.assertEqual(statuses, {200, 206, 304, 416})

    def test_sizes(self) -> None:
        """A file is the same whichever way it is sent."""
        for size in SIZES:
            self.write("static/a.css", content(size))
            for method in ("GET", "HEAD"):
                ours = self.ask("/a.css", method=method)
                self.assert_same(ours, self.stock("/a.css", method=method), (method, size))
                self.assertEqual(ours.body, content(size) if method == "GET" else b"", size)

    def test_large_ranges(self) -> None:
        """So is a part of it, or several."""
        size = 5 * AT_ONCE
        self.write("static/a.css", content(size))
        for asked in (
            f"{AT_ONCE}-{4 * AT_ONCE}",
            "5-",
            f"-{2 * AT_ONCE}",
            f"0-{AT_ONCE},{2 * AT_ONCE}-{4 * AT_ONCE}",
            f"0-9,{2 * AT_ONCE}-,20-29",
        ):
            ours = self.ask("/a.css", f"Range: bytes={asked}")
            self.assertEqual(ours.status, 206)
            self.assert_same(ours, self.stock("/a.css", f"Range: bytes={asked}"), asked)

    def test_types(self) -> None:
        """The type is by the extension, in whatever case."""
        for name in ("a.css", "a.js", "a.HTML", "a.b.png", "a.svg", "a.conf", "a.xul", "\xe9.txt"):
            self.write(f"static/{name}", "x")
            encoded = name.encode().decode("latin-1")
            ours = self.ask(f"/{encoded}".replace("\xc3\xa9", "%C3%A9"))
            self.assert_same(ours, self.stock(f"/{name}"), name)
            self.assertTrue(ours.field("content-type"))

    def test_short_way(self) -> None:
        """A request without conditions is answered as by the long way, byte for byte."""
        for name in ("a.css", "none", "a.tar.gz", "a.unknown"):
            for size in SIZES:
                self.write(f"static/{name}", content(size))
                for method in ("GET", "HEAD"):
                    for version in ("1.1", "1.0"):
                        answers = []
                        for fields in ([], ["If-Modified-Since: x"], ["Range: x"]):
                            client = self.client()
                            client.get(f"/{name}", *fields, method=method, version=version)
                            answers.append(client.read())
                        short = answers[0]
                        self.assertIn(b"200 OK", short)
                        for long in answers[1:]:
                            self.assertEqual(
                                sorted(short.partition(b"\r\n\r\n")[0].split(b"\r\n")),
                                sorted(long.partition(b"\r\n\r\n")[0].split(b"\r\n")),
                            )
                            self.assertEqual(
                                short.partition(b"\r\n\r\n")[2], long.partition(b"\r\n\r\n")[2]
                            )


class BetterThanFileTests(FileCase):
    """What C{static.File} does not do well."""

    def setUp(self) -> None:
        super().setUp()
        self.write("static/a.css", content(17))

    def test_whole_file_anyway(self) -> None:
        """What a Range cannot mean is ignored: the whole file, never an error."""
        many = ",".join(f"{number}-" for number in range(MAX_RANGES + 1))
        for asked in ("bytes=,", "bytes=", f"bytes={many}", "bytes=1_0-", "bytes=+1-", "\xff"):
            answer = self.ask("/a.css", f"Range: {asked}")
            self.assertEqual((answer.status, answer.body), (200, content(17)), asked)

    def test_as_many_parts_as_allowed(self) -> None:
        """The most parts that may be asked for are given."""
        asked = ",".join("0-0" for _ in range(MAX_RANGES))
        answer = self.ask("/a.css", f"Range: bytes={asked}")
        self.assertEqual(answer.status, 206)
        self.assertEqual(answer.body.count(b"Content-range: bytes 0-0/17"), MAX_RANGES)

    def test_long_suffix(self) -> None:
        """A suffix that is longer than the file is the whole file (RFC 9110, 14.1.2)."""
        answer = self.ask("/a.css", "Range: bytes=-100")
        self.assertEqual((answer.status, answer.body), (206, content(17)))
        self.assertEqual(answer.field("content-range"), "bytes 0-16/17")

    def test_no_part_satisfiable(self) -> None:
        """Several parts, none of which there is, get 416 and the length."""
        for asked in ("100-200,300-", "17-,-0"):
            answer = self.ask("/a.css", f"Range: bytes={asked}")
            self.assertEqual((answer.status, answer.body, answer.rest), (416, b"", b""))
            self.assertEqual(answer.field("content-range"), "bytes */17")
            self.assertEqual(answer.field("content-length"), "0")

    def test_empty_file(self) -> None:
        """Of an empty file no range can be had."""
        self.write("static/empty.css", "")
        self.assertEqual(self.ask("/empty.css").status, 200)
        for asked in ("0-", "-5", "0-0", "0-,-5"):
            answer = self.ask("/empty.css", f"Range: bytes={asked}")
            self.assertEqual((answer.status, answer.body), (416, b""), asked)
            self.assertEqual(answer.field("content-range"), "bytes */0")

    def test_huge_numbers(self) -> None:
        """Numbers of any size are numbers."""
        for asked, status in (
            ("0-" + "9" * 4000, 206),
            ("9" * 4000 + "-", 416),
            ("-" + "9" * 4000, 206),
            ("0-" + "9" * 5000, 200),
        ):
            self.assertEqual(self.ask("/a.css", f"Range: bytes={asked}").status, status)

    def test_if_range(self) -> None:
        """A part is only sent of the file that the client has begun with (RFC 9110, 13.1.5)."""
        for validator, status in (
            (date(DATE), 206),
            (date(DATE - 1), 200),
            (date(DATE + 1), 200),
            ('"etag"', 200),
        ):
            answer = self.ask("/a.css", "Range: bytes=0-3", f"If-Range: {validator}")
            self.assertEqual(answer.status, status, validator)

    def test_date_that_is_none(self) -> None:
        """A condition without a date in it is ignored."""
        for text in (";", "; length=3", "Sun, 06 Nov 0000 08:49:37 GMT", "x" * 1000):
            answer = self.ask("/a.css", f"If-Modified-Since: {text}")
            self.assertEqual((answer.status, answer.body), (200, content(17)), text)

    def test_unknown_type(self) -> None:
        """No type is announced where none is known."""
        for name in ("none", "a.unknown", ".css", "a."):
            self.write(f"static/{name}", "x")
            for fields in ([], ["Range: bytes=0-0"]):
                answer = self.ask(f"/{name}", *fields)
                self.assertIsNone(answer.field("content-type"), name)
                self.assertEqual(answer.body, b"x")

    def test_type_of_what_a_link_means(self) -> None:
        """A link whose name says nothing has its target's type."""
        (self.root / "current").symlink_to("a.css")
        self.write("static/data.v2", "x")
        (self.root / "data.js").symlink_to("data.v2")
        self.assertEqual(self.ask("/current").field("content-type"), "text/css")
        self.assertIn("javascript", self.ask("/data.js").field("content-type") or "")

    def test_compressed_files(self) -> None:
        """A compressed file is a file, not the coding of another."""
        self.patch(File, "contentTypes", {**File.contentTypes, ".gz": "application/gzip"})
        self.write("static/a.tar.gz", "x")
        for fields in ([], ["Range: bytes=0-0"]):
            answer = self.ask("/a.tar.gz", *fields)
            self.assertEqual(answer.field("content-type"), "application/gzip")
            self.assertIsNone(answer.field("content-encoding"))

    def test_strange_dates(self) -> None:
        """The date of a file is rounded down, and whatever it is, it is no error."""
        path = self.root / "a.css"
        for modified, expected in (
            (DATE + 0.9, DATE),
            (0, 0),
            (-5, 0),
            (4_000_000_000_000, 253402300799),
        ):
            os.utime(path, (modified, modified))
            if os.stat(path).st_mtime != modified:
                continue
            for fields in ([], ["Range: x"]):
                answer = self.ask("/a.css", *fields)
                self.assertEqual(answer.field("last-modified"), date(expected), modified)

    def test_no_descriptor_is_left(self) -> None:
        """Whatever the answer, the file is closed."""
        for method in ("GET", "HEAD"):
            for fields in [*UNDERSTOOD, ["If-Modified-Since: ;"], ["Range: bytes=99-,98-"]]:
                client = self.client()
                before = open_descriptors()
                client.answer("/a.css", *fields, method=method)
                self.assertEqual(open_descriptors(), before, (method, fields))


class LoggedTests(FileCase):
    """What the request line is made of."""

    def test_each_request_once(self) -> None:
        """Every request is logged once, with the bytes of body it got."""
        size = 3 * AT_ONCE
        self.write("static/a.css", content(17))
        self.write("static/large", content(size))
        for path, fields, method, status, sent, via in (
            ("/a.css", [], "GET", 200, 17, ""),
            ("/a.css", [], "HEAD", 200, 0, ""),
            ("/a.css", ["Range: bytes=0-3"], "GET", 206, 4, ""),
            ("/a.css", ["Range: bytes=99-"], "GET", 416, 0, ""),
            ("/a.css", [f"If-Modified-Since: {date(DATE)}"], "GET", 304, 0, ""),
            ("/large", [], "HEAD", 200, 0, ""),
            ("/large", [], "GET", 200, size, "sendfile"),
            ("/large", ["Range: bytes=5-"], "GET", 206, size - 5, "sendfile"),
            ("/large", ["Range: bytes=0-3"], "GET", 206, 4, ""),
        ):
            self.logged.clear()
            answer = self.ask(path, *fields, method=method)
            [request] = self.logged
            self.assertEqual(
                (answer.status, request.code, request.sentLength, getattr(request, "via", "")),
                (status, status, sent, via),
                (path, fields, method),
            )
            self.assertEqual(len(answer.body), sent)
            self.assertGreater(request.head_size, 0)

    def test_several_parts(self) -> None:
        """The bytes between the parts are counted too."""
        self.write("static/large", content(5 * AT_ONCE))
        answer = self.ask("/large", f"Range: bytes=0-{AT_ONCE},{2 * AT_ONCE}-")
        self.assertEqual(self.logged[0].sentLength, len(answer.body))
        self.assertEqual(answer.field("content-length"), str(len(answer.body)))
