"""L{twsgi.static.check}: no path leads out of a root, and none raises."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.static.serving import open_descriptors
from twsgi.static import check
from twsgi.static.check import FoundFile, StaticRoots
from twsgi.static.place import Place

#: Names that a path may be made of: files, directories, links in and out, and what is none.
SEGMENTS = [
    "",
    ".",
    "..",
    "...",
    "sub",
    "inner.txt",
    "a.css",
    "a.css\0",
    "out",
    "out.txt",
    "secret.txt",
    "up",
    "loop",
    "pipe",
    "static",
    "static-x",
    "-x",
    "\xff",
    "\u20ac",
    "\udc80",
    "etc",
    "passwd",
    "a" * 300,
    "\n",
    "\\",
]


class Tree:
    """
    A root C{static} with something of everything, and secrets around it.

    @ivar lines: what was said.
    """

    def __init__(self, top: Path) -> None:
        self.top = top
        self.root = top / "static"
        self.lines: list[str] = []
        for name, content in {
            "secret.txt": "secret",
            "static-x/secret.txt": "secret",
            "static/a.css": "css",
            "static/sub/inner.txt": "inner",
            "static/\u00e9.txt": "accent",
        }.items():
            (top / name).parent.mkdir(parents=True, exist_ok=True)
            (top / name).write_text(content)
        with open(os.fsencode(self.root) + b"/\xff", "w") as file:
            file.write("no utf-8")
        for name, target in {
            "out.txt": "../secret.txt",
            "out": "..",
            "absolute": str(top / "secret.txt"),
            "sibling.txt": "../static-x/secret.txt",
            "within.txt": "sub/inner.txt",
            "within-absolute.txt": str(self.root / "sub" / "inner.txt"),
            "round.txt": "../static/a.css",
            "chain.txt": "out/secret.txt",
            "etc": "/etc",
            "null": "/dev/null",
            "loop": "loop",
            "dangling": "nowhere",
            "sub/up": "../..",
            "sub/root": "..",
        }.items():
            (self.root / name).symlink_to(target)
        os.mkfifo(self.root / "pipe")
        self.roots = StaticRoots([Place(str(self.root))], self.lines.append)

    def find(self, path: str) -> str | None:
        """The content of the file that is found."""
        found = self.roots.find(path)
        return None if found is None else read(found)


def read(found: FoundFile) -> str:
    """The content of a file, which is closed."""
    try:
        return os.pread(found.descriptor, 1000, 0).decode()
    finally:
        found.close()


class TreeCase(SynchronousTestCase):
    """A new L{Tree} for each test."""

    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.tree = Tree(Path(os.path.realpath(directory.name)))


class FoundTests(TreeCase):
    """What is found, and what is not."""

    def test_files(self) -> None:
        """A path that means a file inside the root finds it, also by links and ways round."""
        for path, content in {
            "/a.css": "css",
            "//a.css": "css",
            "/./a.css": "css",
            "/sub/inner.txt": "inner",
            "/sub//inner.txt": "inner",
            "/within.txt": "inner",
            "/within-absolute.txt": "inner",
            "/round.txt": "css",
            "/sub/root/a.css": "css",
            "/sub/up/static/a.css": "css",
            "/out/static/a.css": "css",
            "/\xc3\xa9.txt": "accent",
            "/\xff": "no utf-8",
        }.items():
            self.assertEqual(self.tree.find(path), content, path)
        self.assertEqual(self.tree.lines, [])

    def test_no_files(self) -> None:
        """A path that means no file finds nothing, without a word in the log."""
        for path in [
            "",
            "/",
            "//",
            "*",
            "a.css",
            "-x/secret.txt",
            "/-x/secret.txt",
            "/sub",
            "/sub/",
            "/a.css/",
            "/a.css/.",
            "/a.css/x",
            "/A.CSS",
            "/a.css\0",
            "/a.css\0.html",
            "/\0",
            "/nothing",
            "/loop",
            "/loop/x",
            "/dangling",
            "/pipe",
            "/null",
            "/out",
            "/" + "a" * 300,
            "/" + "a/" * 3000 + "b",
            "/\u20ac",
            "/\udcff",
            "/sub/../a.css",
            "/sub/..",
        ]:
            self.assertIsNone(self.tree.find(path), path)
        self.assertEqual(self.tree.lines, [])

    def test_ways_out(self) -> None:
        """A path that means a file outside finds nothing; where the file lies is said, once."""
        secret = self.tree.top / "secret.txt"
        sibling = self.tree.top / "static-x" / "secret.txt"
        for path, real in {
            "/out.txt": secret,
            "/out/secret.txt": secret,
            "/absolute": secret,
            "/chain.txt": secret,
            "/sub/up/secret.txt": secret,
            "/../secret.txt": secret,
            "/sub/../../secret.txt": secret,
            "/sibling.txt": sibling,
            "/../static-x/secret.txt": sibling,
            "/out/static-x/secret.txt": sibling,
            "/etc/passwd": "/etc/passwd",
        }.items():
            tree = self.tree
            tree.lines = []
            tree.roots = StaticRoots([Place(str(tree.root))], tree.lines.append)
            for _ in range(3):
                self.assertIsNone(tree.find(path), path)
            self.assertEqual(
                tree.lines,
                [
                    f"[uwsgi-fileserve] security error: {real} is not under {tree.root} "
                    "or a safe path"
                ],
                path,
            )

    def test_what_is_told_of_a_file(self) -> None:
        """Its size and date, its name as asked for, and where it really lies."""
        os.utime(self.tree.root / "sub" / "inner.txt", (1, 1234567890.5))
        found = self.tree.roots.find("/within.txt")
        assert found is not None
        self.addCleanup(found.close)
        self.assertEqual(
            (found.size, found.modified, found.name), (5, 1234567890.5, b"/within.txt")
        )
        self.assertEqual(found.real, os.fsencode(self.tree.root / "sub" / "inner.txt"))

    def test_closed_once(self) -> None:
        """Closing twice closes no descriptor that has got the number meanwhile."""
        found = self.tree.roots.find("/a.css")
        assert found is not None
        number = found.descriptor
        found.close()
        other = os.open("/dev/null", os.O_RDONLY)
        self.addCleanup(os.close, other)
        self.assertEqual(other, number)
        found.close()
        os.fstat(other)

    def test_not_inherited(self) -> None:
        """The descriptor of a file is not for the programs that a process starts."""
        found = self.tree.roots.find("/a.css")
        assert found is not None
        self.addCleanup(found.close)
        self.assertFalse(os.get_inheritable(found.descriptor))

    def test_a_file_that_cannot_be_opened(self) -> None:
        """It is the application's, and the log says why."""
        with mock.patch.object(check.os, "open", side_effect=PermissionError(13, "no")):
            self.assertIsNone(self.tree.find("/a.css"))
        self.assertEqual(
            self.tree.lines, [f"[uwsgi-fileserve] unable to open {self.tree.root}/a.css: no"]
        )

    def test_lines_are_lines(self) -> None:
        """A name cannot write a line of its own into the log."""
        (self.tree.top / "x\ny\x1b\u00e9").write_text("")
        (self.tree.root / "trick").symlink_to("../x\ny\x1b\u00e9")
        self.assertIsNone(self.tree.find("/trick"))
        [line] = self.tree.lines
        self.assertIn("/x\\ny\\x1b\u00e9 is not under", line)


class SeveralRootsTests(TreeCase):
    """More than one root."""

    def roots(self, *names: str) -> StaticRoots:
        """Roots below the top."""
        places = [Place(str(self.tree.top / name)) for name in names]
        return StaticRoots(places, self.tree.lines.append)

    def test_first_file_wins(self) -> None:
        """The first root that has the file is whose it is."""
        top = self.tree.top
        (top / "second").mkdir()
        (top / "second" / "a.css").write_text("second")
        (top / "second" / "b.css").write_text("second")
        for order, a in ((("static", "second"), "css"), (("second", "static"), "second")):
            roots = self.roots(*order)
            for path, content in (("/a.css", a), ("/b.css", "second"), ("/sub/inner.txt", "inner")):
                found = roots.find(path)
                assert found is not None
                self.assertEqual(read(found), content)

    def test_denied_in_one_and_found_in_the_next(self) -> None:
        """A directory or a way out in one root does not hide a file of the next."""
        second = self.tree.top / "second"
        (second / "out").mkdir(parents=True)
        (second / "out.txt").write_text("mine")
        (second / "sub").write_text("a file")
        for path, content in (("/out.txt", "mine"), ("/sub", "a file")):
            found = self.roots("static", "second").find(path)
            assert found is not None
            self.assertEqual(read(found), content)

    def test_inside_its_own_root(self) -> None:
        """A link from one root into another leads out of its own."""
        (self.tree.top / "second").mkdir()
        (self.tree.top / "second" / "x.css").symlink_to("../static/a.css")
        self.assertIsNone(self.roots("second").find("/x.css"))

    def test_missing_root(self) -> None:
        """A root that does not exist holds nothing, until it does."""
        roots = self.roots("later", "static")
        found = roots.find("/a.css")
        assert found is not None
        self.assertEqual(read(found), "css")
        (self.tree.top / "later").mkdir()
        (self.tree.top / "later" / "a.css").write_text("later")
        found = roots.find("/a.css")
        assert found is not None
        self.assertEqual(read(found), "later")

    def test_root_that_is_a_file(self) -> None:
        """It holds nothing."""
        self.assertIsNone(self.roots("secret.txt").find("/"))
        self.assertIsNone(self.roots("secret.txt").find("/a.css"))

    def test_whole_disk(self) -> None:
        """A root of C{/} holds every file."""
        roots = StaticRoots([Place("/")], self.tree.lines.append)
        found = roots.find(str(self.tree.top / "secret.txt"))
        assert found is not None
        self.assertEqual(read(found), "secret")

    def test_slash_at_the_end(self) -> None:
        """A slash at the end of a root's name changes nothing."""
        roots = StaticRoots([Place(f"{self.tree.root}/")], self.tree.lines.append)
        found = roots.find("/a.css")
        assert found is not None
        self.assertEqual(read(found), "css")
        self.assertIsNone(roots.find("/out.txt"))


class ChangingTests(TreeCase):
    """Files and links that change between requests, and between the look and the opening."""

    def relink(self, name: str, target: str) -> None:
        """Turns a link, in one step."""
        new = self.tree.top / "new-link"
        new.symlink_to(target)
        os.replace(new, self.tree.root / name)

    def test_link_that_is_turned(self) -> None:
        """A link that was good is denied as soon as it leads out, and good again afterwards."""
        for target, content in (("sub", "inner"), ("../other", None), ("sub", "inner")):
            (self.tree.top / "other").mkdir(exist_ok=True)
            (self.tree.top / "other" / "inner.txt").write_text("secret")
            self.relink("turning", target)
            self.assertEqual(self.tree.find("/turning/inner.txt"), content)

    def test_link_to_a_file_that_was_inside(self) -> None:
        """A file that was served and is moved out of the root is not served by a link to it."""
        self.assertEqual(self.tree.find("/a.css"), "css")
        os.rename(self.tree.root / "a.css", self.tree.top / "moved")
        self.relink("a.css", "../moved")
        self.assertIsNone(self.tree.find("/a.css"))

    def test_hard_to_catch(self) -> None:
        """A link that is turned between the look and the opening is denied by what was opened."""
        self.relink("turning", "sub/inner.txt")
        really_open = os.open

        def turn_and_open(*args: object, **more: object) -> int:
            self.relink("turning", "../secret.txt")
            return really_open(*args, **more)  # type: ignore[arg-type]

        with mock.patch.object(check.os, "open", turn_and_open):
            self.assertIsNone(self.tree.find("/turning"))
        self.assertIn("security error", self.tree.lines[0])

    def test_pipe_in_its_place(self) -> None:
        """A file that becomes a pipe between the look and the opening is no file, and no wait."""
        really_open = os.open

        def exchange_and_open(*args: object, **more: object) -> int:
            os.replace(self.tree.root / "pipe", self.tree.root / "a.css")
            return really_open(*args, **more)  # type: ignore[arg-type]

        with mock.patch.object(check.os, "open", exchange_and_open):
            self.assertIsNone(self.tree.find("/a.css"))

    def test_root_that_is_a_link(self) -> None:
        """A root that is turned to another release serves that one, and only that one."""
        top = self.tree.top
        for release in ("one", "two"):
            (top / release).mkdir()
            (top / release / "a.txt").write_text(release)
        (top / "two" / "old.txt").symlink_to("../one/a.txt")
        (top / "current").symlink_to("one")
        roots = StaticRoots([Place(str(top / "current"))], self.tree.lines.append)
        for release in ("one", "two"):
            (top / "new").symlink_to(release)
            os.replace(top / "new", top / "current")
            found = roots.find("/a.txt")
            assert found is not None
            self.assertEqual(read(found), release)
        self.assertIsNone(roots.find("/old.txt"))

    def test_root_that_is_moved(self) -> None:
        """A root that is the same directory at another place goes on."""
        top = self.tree.top
        self.assertEqual(self.tree.find("/a.css"), "css")
        os.rename(top / "static", top / "elsewhere")
        (top / "static").symlink_to("elsewhere")
        self.assertEqual(self.tree.find("/a.css"), "css")
        self.assertIsNone(self.tree.find("/out.txt"))

    def test_file_that_is_deleted(self) -> None:
        """A file that is deleted just when it was opened is still that file."""
        really_fstat = os.fstat

        def delete_and_fstat(descriptor: int) -> os.stat_result:
            os.unlink(self.tree.root / "a.css")
            return really_fstat(descriptor)

        with mock.patch.object(check.os, "fstat", delete_and_fstat):
            self.assertEqual(self.tree.find("/a.css"), "css")


class WithoutProcTests(TreeCase):
    """Where there is no C{/proc}."""

    def setUp(self) -> None:
        super().setUp()
        self.patch(check.os, "readlink", self.readlink)

    def readlink(self, path: bytes, *args: object, **more: object) -> bytes:
        """As everywhere, but not in C{/proc}."""
        if isinstance(path, bytes) and path.startswith(b"/proc/self/fd/"):
            raise FileNotFoundError(path)
        return really_readlink(path)

    def test_the_same(self) -> None:
        """What is inside is found, what is outside denied."""
        for path in ("/a.css", "/within.txt", "/within-absolute.txt", "/out/static/a.css"):
            self.assertIsNotNone(self.tree.find(path), path)
        for path in ("/out.txt", "/sub/up/secret.txt", "/sibling.txt", "/etc/passwd", "/loop"):
            self.assertIsNone(self.tree.find(path), path)

    def test_exchanged(self) -> None:
        """A name that means another file by the time it is looked at is denied."""
        really_open = os.open

        def open_and_exchange(*args: object, **more: object) -> int:
            descriptor = really_open(*args, **more)  # type: ignore[arg-type]
            os.unlink(self.tree.root / "turning")
            (self.tree.root / "turning").symlink_to("a.css")
            return descriptor

        (self.tree.root / "turning").symlink_to("../secret.txt")
        with mock.patch.object(check.os, "open", open_and_exchange):
            self.assertIsNone(self.tree.find("/turning"))


really_readlink = os.readlink


class AnyPathTests(SynchronousTestCase):
    """Paths that nobody thought of."""

    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.tree = Tree(Path(os.path.realpath(directory.name)))

    def check_path(self, path: str) -> None:
        """Finds, and fails where it shall not."""
        before = open_descriptors()
        found = self.tree.roots.find(path)
        if found is not None:
            inside = os.path.realpath(os.fsencode(self.tree.root) + path.encode("latin-1"))
            self.assertTrue(inside.startswith(os.fsencode(self.tree.root) + b"/"))
            self.assertTrue(os.path.samestat(os.fstat(found.descriptor), os.stat(inside)))
            self.assertNotEqual(read(found), "secret")
        self.assertEqual(open_descriptors(), before)

    def test_segments(self) -> None:
        """No path made of telling segments leads out, raises, or leaves something open."""

        @settings(max_examples=300, deadline=None)
        @given(st.lists(st.sampled_from(SEGMENTS), max_size=6))
        def check_segments(segments: list[str]) -> None:
            self.check_path("/" + "/".join(segments))

        check_segments()

    def test_any_text(self) -> None:
        """No text at all raises."""

        @settings(max_examples=200, deadline=None)
        @given(st.text(st.characters(codec=None, exclude_categories=()), max_size=30))
        def check_text(text: str) -> None:
            self.check_path(text)
            self.check_path("/" + text)

        check_text()
