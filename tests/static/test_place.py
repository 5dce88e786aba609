"""L{twsgi.static.place}, and what of a path L{twsgi.static.check} makes with it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from twsgi.static.check import StaticRoots
from twsgi.static.place import Kept, Mapped, Place

#: mountpoint, name, what lies there below C{/d}; with the mountpoint kept.
LOCATED = [
    ("/s", "/s/a.css", "/d/a.css", "/d/s/a.css"),
    ("/s", "/s", "/d", "/d/s"),
    ("/s", "/s/", "/d/", "/d/s/"),
    ("/s", "/s//a", "/d//a", "/d/s//a"),
    ("/s", "/sx", "", ""),
    ("/s", "/sa.css", "", ""),
    ("/s", "/S/a.css", "", ""),
    ("/s", "//s/a.css", "", ""),
    ("/s", "/", "", ""),
    ("/s", "/x/s/a.css", "", ""),
    ("/s/", "/s/a.css", "/d/a.css", "/d/s/a.css"),
    ("/s/", "/s/", "/d", "/d/s/"),
    ("/s/", "/s", "", ""),
    ("/", "/a.css", "/d/a.css", "/d/a.css"),
    ("/", "/", "/d", "/d/"),
    ("/a/b", "/a/b/c", "/d/c", "/d/a/b/c"),
    ("/a/b", "/a/c", "", ""),
]


class LocateTests(SynchronousTestCase):
    """Where a name lies."""

    def test_table(self) -> None:
        """A mountpoint is the whole first part of a name, or is not in it."""
        for mountpoint, name, cut, kept in LOCATED:
            for kind, expected in ((Mapped, cut), (Kept, kept)):
                located = kind(mountpoint, "/d").locate(name.encode())
                self.assertEqual(located, expected.encode(), (kind, mountpoint, name))

    def test_whole_disk(self) -> None:
        """The root of the disk is a place as any other."""
        self.assertEqual(Mapped("/s", "/").locate(b"/s/a"), b"/a")
        self.assertEqual(Mapped("/s", "/").locate(b"/s"), b"/")
        self.assertTrue(Place("/").holds(b"/a"))

    def test_any_name(self) -> None:
        """What is located begins with the place, and is no sibling of it."""

        @given(st.text("/s.x", max_size=8), st.text("/s.x", max_size=12))
        def check(mountpoint: str, name: str) -> None:
            for kind in (Mapped, Kept):
                path = kind(f"/{mountpoint}", "/d").locate(f"/{name}".encode())
                self.assertTrue(not path or path == b"/d" or path.startswith(b"/d/"))

        check()


class FindCase(SynchronousTestCase):
    """A directory C{root} with files, and others around it."""

    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.top = Path(os.path.realpath(directory.name))
        self.lines: list[str] = []
        for name in ("root/a.css", "root/sub/b.css", "other/a.css", "other/c.css", "secret.txt"):
            self.write(name)
        (self.top / "root" / "out.txt").symlink_to("../secret.txt")
        (self.top / "root" / "sibling.css").symlink_to("../other/c.css")

    def write(self, name: str) -> None:
        """Writes a file whose content is its name."""
        path = self.top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)

    def mapped(self, mountpoint: str, name: str) -> Place:
        """A place below the top."""
        return Mapped(mountpoint, str(self.top / name))

    def found(
        self,
        path: str,
        *places: Place,
        safe: Sequence[str] = (),
        index: Sequence[str] = (),
        skipped: Sequence[str] = (),
    ) -> str | None:
        """The content of what is found; what may be found is asked too."""
        roots = StaticRoots(
            places,
            self.lines.append,
            safe=[Place(str(self.top / one)) for one in safe],
            index=index,
            skipped=skipped,
        )
        found = roots.find(path)
        if found is None:
            return None
        self.assertTrue(roots.may_find(path), path)
        try:
            return os.pread(found.descriptor, 1000, 0).decode()
        finally:
            found.close()


class MappedTests(FindCase):
    """C{static-map}."""

    def test_directory(self) -> None:
        """What lies below the mountpoint lies below the directory; nothing else does."""
        place = self.mapped("/s", "root")
        for path, content in (
            ("/s/a.css", "root/a.css"),
            ("/s/sub/b.css", "root/sub/b.css"),
            ("/s/sub//b.css", "root/sub/b.css"),
            ("/s", None),
            ("/s/", None),
            ("/s/sub", None),
            ("/sa.css", None),
            ("/s/../secret.txt", None),
            ("/s/../s/a.css", None),
            ("/a.css", None),
        ):
            self.assertEqual(self.found(path, place), content, path)

    def test_file(self) -> None:
        """A file is its mountpoint, and nothing below it."""
        place = self.mapped("/f", "root/a.css")
        for path, content in (
            ("/f", "root/a.css"),
            ("/f/", None),
            ("/f/x", None),
            ("/fx", None),
            ("/", None),
        ):
            self.assertEqual(self.found(path, place), content, path)
        self.assertEqual(self.found("/", self.mapped("/", "root/a.css")), "root/a.css")
        self.assertIsNone(self.found("/x", self.mapped("/", "root/a.css")))
        self.assertEqual(self.lines, [])

    def test_file_by_a_link(self) -> None:
        """The operator's own link leads where it leads."""
        self.assertEqual(self.found("/f", self.mapped("/f", "root/out.txt")), "secret.txt")

    def test_ways_out(self) -> None:
        """A link in the directory, and two dots, lead nowhere."""
        place = self.mapped("/s", "root")
        for path in ("/s/out.txt", "/s/sibling.css", "/s/../secret.txt", "/s/sub/../../secret.txt"):
            self.assertIsNone(self.found(path, place), path)
        self.assertIn(f"{self.top}/secret.txt is not under {self.top}/root", self.lines[0])

    def test_first_file_counts(self) -> None:
        """Where one place has no such file the next is asked."""
        root, other = self.mapped("/s", "root"), self.mapped("/s", "other")
        self.assertEqual(self.found("/s/a.css", root, other), "root/a.css")
        self.assertEqual(self.found("/s/a.css", other, root), "other/a.css")
        self.assertEqual(self.found("/s/c.css", root, other), "other/c.css")
        self.assertEqual(self.found("/a.css", root, Place(str(self.top / "root"))), "root/a.css")

    def test_no_files(self) -> None:
        """A pipe, or a device, is no file, even if it is mapped."""
        os.mkfifo(self.top / "pipe")
        self.assertIsNone(self.found("/p", self.mapped("/p", "pipe")))
        self.assertIsNone(self.found("/n", Mapped("/n", "/dev/null")))
        self.assertIsNone(self.found("/n", self.mapped("/n", "nowhere")))


class IndexTests(FindCase):
    """C{static-index}."""

    def test_order(self) -> None:
        """The first name that there is counts; with a slash at the end, or without."""
        place = Place(str(self.top / "root"))
        names = ["index.html", "index.htm"]
        self.assertIsNone(self.found("/sub/", place, index=names))
        self.write("root/sub/index.htm")
        for path in ("/sub", "/sub/"):
            self.assertEqual(self.found(path, place, index=names), "root/sub/index.htm")
            self.assertIsNone(self.found(path, place), path)
        self.write("root/sub/index.html")
        self.assertEqual(self.found("/sub/", place, index=names), "root/sub/index.html")

    def test_root_itself(self) -> None:
        """The root, and a mountpoint, are directories as well."""
        self.write("root/index.html")
        names = ["index.html"]
        self.assertEqual(
            self.found("/", Place(str(self.top / "root")), index=names), "root/index.html"
        )
        for path in ("/s", "/s/"):
            content = self.found(path, self.mapped("/s", "root"), index=names)
            self.assertEqual(content, "root/index.html")

    def test_no_file(self) -> None:
        """A file with a slash behind it is none; nor is an index that leads out."""
        place = Place(str(self.top / "root"))
        (self.top / "root" / "sub" / "index.html").symlink_to("../../secret.txt")
        for path in ("/a.css/", "/sub/", "/sub", "/nothing/"):
            self.assertIsNone(self.found(path, place, index=["index.html"]), path)
        self.assertEqual(len(self.lines), 2)

    def test_next_root(self) -> None:
        """A directory without an index does not hide that of the next root."""
        self.write("other/sub/index.html")
        content = self.found(
            "/sub/",
            Place(str(self.top / "root")),
            Place(str(self.top / "other")),
            index=["index.html"],
        )
        self.assertEqual(content, "other/sub/index.html")


class SafeTests(FindCase):
    """C{static-safe}."""

    def test_links(self) -> None:
        """Links may lead below a safe directory, or to a safe file; not to a sibling of it."""
        place = Place(str(self.top / "root"))
        self.write("other-one/x.css")
        (self.top / "root" / "x.css").symlink_to("../other-one/x.css")
        for path, safe, content in (
            ("/sibling.css", ["other"], "other/c.css"),
            ("/sibling.css", ["nowhere", "other"], "other/c.css"),
            ("/sibling.css", ["other/c.css"], "other/c.css"),
            ("/sibling.css", ["other/a.css"], None),
            ("/x.css", ["other"], None),
            ("/out.txt", ["other"], None),
            ("/../other/c.css", ["other"], None),
        ):
            self.assertEqual(self.found(path, place, safe=safe), content, (path, safe))


class SkippedTests(FindCase):
    """C{static-skip-ext}."""

    def test_endings(self) -> None:
        """Paths that end so are no files, in whatever place; others are."""
        place = Place(str(self.top / "root"))
        self.assertIsNone(self.found("/a.css", place, skipped=[".php", ".css"]))
        self.assertEqual(self.found("/a.css", place, skipped=[".php"]), "root/a.css")
        self.assertIsNone(self.found("/s/sub/b.css", self.mapped("/s", "root"), skipped=["css"]))

    def test_index(self) -> None:
        """Nor is such an index: it is a program, not a text."""
        self.write("root/sub/index.php")
        place = Place(str(self.top / "root"))
        self.assertIsNone(self.found("/sub/", place, index=["index.php"], skipped=[".php"]))
        self.assertIsNotNone(self.found("/sub/", place, index=["index.php"]))
