"""L{twsgi.static.small}: small files from memory, never other than they are on disk."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from tests.static.serving import Application, StaticCase
from tests.web.fakes import START
from twsgi.settings.model import Settings
from twsgi.static import small as small_module
from twsgi.static.check import StaticRoots
from twsgi.static.conditions import SETTLED
from twsgi.static.configured import static_files
from twsgi.static.place import Place
from twsgi.static.small import TRUSTED, SmallFile, SmallFiles

OLD = 1_000_000_000


class SmallCase(StaticCase):
    """Files whose last change is long ago: nobody can set the time of that, so it is told."""

    def setUp(self) -> None:
        super().setUp()
        self.now = START
        self.opened = 0
        files = static_files(
            Settings(check_static=("static", "second")),
            str(self.top),
            Application(),
            self.lines.append,
            lambda: self.now,
        )
        self.small: SmallFiles = files._small
        self.site.resource = files
        find = StaticRoots.find

        def counted(roots: StaticRoots, path_info: str) -> Any:
            found = find(roots, path_info)
            if found is not None:
                self.opened += 1
                found.changed = min(found.changed, OLD)
            return found

        self.patch(StaticRoots, "find", counted)
        self.ask = self.client()

    def body(self, path: str = "/a.css") -> bytes:
        """What a GET is answered with."""
        return self.ask.answer(path).body


class SameTests(SmallCase):
    """What comes from memory is what would come from the disk."""

    def test_same(self) -> None:
        """The second answer is the first, byte for byte, and the file is not opened for it."""
        self.write("static/a.css", "body {}")
        first, second = self.ask.answer("/a.css"), self.ask.answer("/a.css")
        self.assertEqual(self.opened, 1)
        self.assertEqual(
            (first.status, first.fields, first.body), (second.status, second.fields, second.body)
        )
        self.assertEqual(second.body, b"body {}")
        self.assertEqual(second.field("content-type"), "text/css")
        self.assertEqual([one.sentLength for one in self.logged], [7, 7])
        self.assertEqual([one.header_count for one in self.logged], [5, 5])
        self.assertEqual(self.logged[0].head_size, self.logged[1].head_size)

    def test_as_a_file(self) -> None:
        """A file that may not be kept is answered with the same fields, by the longer way."""
        self.write("static/a.css", "body {}")
        kept = self.ask.answer("/a.css")
        self.patch(SmallFiles, "add", lambda *arguments: None)
        self.now += TRUSTED + 1
        other = self.ask.answer("/a.css")
        self.assertEqual((kept.fields, kept.body), (other.fields, other.body))
        self.assertEqual(self.logged[0].head_size, self.logged[1].head_size)

    def test_head(self) -> None:
        """HEAD has the same fields, and no body."""
        self.write("static/a.css", "body {}")
        self.body()
        answer = self.ask.answer("/a.css", method="HEAD")
        self.assertEqual(answer.field("content-length"), "7")
        self.assertEqual(self.logged[1].sentLength, 0)
        self.assertEqual(self.opened, 1)
        self.assertEqual(self.body(), b"body {}")

    def test_connection(self) -> None:
        """What the connection's fields say is each request's own."""
        self.write("static/a.css", "body {}")
        self.body()
        old = self.ask.answer("/a.css", "Connection: keep-alive", version="1.0")
        self.assertEqual(old.field("connection"), "keep-alive")
        last = self.ask.answer("/a.css", "Connection: close")
        self.assertEqual(last.field("connection"), "close")
        self.assertFalse(self.ask.transport.connected)

    def test_conditions(self) -> None:
        """A range, or a condition, is looked into as ever."""
        self.write("static/a.css", "body {}", OLD)
        self.body()
        part = self.ask.answer("/a.css", "Range: bytes=0-3")
        self.assertEqual((part.status, part.body), (206, b"body"))
        date = "If-Modified-Since: Sun, 09 Sep 2001 01:46:40 GMT"
        self.assertEqual(self.ask.answer("/a.css", date).status, 304)


class ChangedTests(SmallCase):
    """What changes on disk is seen by the next request."""

    def setUp(self) -> None:
        super().setUp()
        self.file = self.write("static/a.css", "old")
        self.assertEqual((self.body(), self.body(), self.opened), (b"old", b"old", 1))

    def test_written(self) -> None:
        """New content, of the same length, too."""
        self.write("static/a.css", "new", OLD + 1)
        self.assertEqual(self.body(), b"new")

    def test_replaced(self) -> None:
        """Another file of that name, with the same length and time."""
        other = self.write("static/b.css", "new")
        other.rename(self.file)
        self.assertEqual(self.body(), b"new")

    def test_truncated(self) -> None:
        """A shorter file."""
        os.truncate(self.file, 1)
        self.assertEqual(self.body(), b"o")

    def test_removed(self) -> None:
        """No file: the application answers."""
        self.file.unlink()
        self.assertTrue(self.ask.answer("/a.css").by_application)

    def test_link_turned(self) -> None:
        """A link that is turned out of the root is not followed there."""
        secret = self.write("secret", "old")
        self.file.unlink()
        self.file.symlink_to(secret)
        self.assertTrue(self.ask.answer("/a.css").by_application)
        self.assertIn("security error", self.lines[0])

    def test_earlier_root(self) -> None:
        """A file that appears in an earlier root goes before one of a later."""
        self.write("second/b.css", "second")
        self.assertEqual((self.body("/b.css"), self.body("/b.css")), (b"second", b"second"))
        self.write("static/b.css", "first")
        self.assertEqual(self.body("/b.css"), b"first")

    def test_looked_up_anew(self) -> None:
        """After some seconds the whole path is checked again."""
        self.now += TRUSTED + 0.1
        self.body()
        self.assertEqual(self.opened, 2)


class IndexTests(SmallCase):
    """Indexes, and mapped places."""

    def setUp(self) -> None:
        super().setUp()
        settings = Settings(
            check_static=("static",),
            static_map=("/m=first", "/m=second"),
            static_index=("index.html", "index.txt"),
        )
        self.site.resource = static_files(
            settings, str(self.top), Application(), self.lines.append, lambda: self.now
        )
        self.write("static/sub/index.txt", "text")
        self.write("second/a.css", "second")
        for path, body in (("/sub/", b"text"), ("/sub", b"text"), ("/m/a.css", b"second")):
            self.assertEqual((self.body(path), self.body(path)), (body, body))
        self.assertEqual(self.opened, 3)

    def test_one_that_goes_before(self) -> None:
        """An index, or a file in a place, that goes before the one in memory is seen at once."""
        self.write("static/sub/index.html", "html")
        self.write("first/a.css", "first")
        for path, body in (("/sub/", b"html"), ("/sub", b"html"), ("/m/a.css", b"first")):
            self.assertEqual(self.body(path), body)

    def test_file_in_place_of_the_directory(self) -> None:
        """So is a file that has the directory's name."""
        (self.root / "sub").rename(self.top / "away")
        self.write("static/sub", "file")
        self.assertEqual(self.body("/sub"), b"file")
        self.assertTrue(self.ask.answer("/sub/").by_application)


class BoundTests(SmallCase):
    """What is kept, and how much."""

    def files(self, *sizes: int) -> list[Path]:
        """Files of these sizes: C{/0}, C{/1}, ..."""
        return [self.write(f"static/{number}", bytes(size)) for number, size in enumerate(sizes)]

    def test_bytes(self) -> None:
        """The oldest go when there are too many bytes."""
        self.patch(small_module, "LIMIT_BYTES", 25)
        self.files(10, 10, 10)
        for path in ("/0", "/1", "/2"):
            self.body(path)
        self.assertEqual((sorted(self.small._files), self.small.size), (["/1", "/2"], 20))

    def test_count(self) -> None:
        """And when there are too many files."""
        self.patch(small_module, "LIMIT_FILES", 2)
        self.files(1, 1, 1)
        for path in ("/0", "/1", "/2"):
            self.body(path)
        self.assertEqual(sorted(self.small._files), ["/1", "/2"])

    def test_large(self) -> None:
        """A file that is not sent in one write is not kept."""
        self.files(65537)
        self.assertEqual(len(self.body("/0")), 65537)
        self.assertEqual(self.small.size, 0)

    def test_just_changed(self) -> None:
        """A file that may be changing is not kept: its time may not tell the next change."""
        self.write("static/a.css", "x", int(START))
        self.body()
        self.assertEqual(self.small.size, 0)
        self.now += SETTLED + 1
        self.body()
        self.assertEqual(self.small.size, 1)

    def test_grew_meanwhile(self) -> None:
        """A file that is longer, or shorter, than when it was opened is not kept."""
        for content in (b"longer", b""):
            file = self.write("static/a.css", "x")
            found = StaticRoots([Place(str(self.root))], self.lines.append).find("/a.css")
            assert found is not None
            file.write_bytes(content)
            self.assertIsNone(self.small.add("/a.css", found))
            found.close()

    def test_again(self) -> None:
        """A file that is read again takes the place of what it was."""
        self.write("static/a.css", "x")
        self.body()
        self.write("static/a.css", "longer", OLD + 1)
        self.body()
        self.assertEqual(self.small.size, 6)
        self.assertIsInstance(self.small.get("/a.css"), SmallFile)
