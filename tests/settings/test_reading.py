"""Tests of L{twsgi.settings.reading}: files, and files in files."""

from __future__ import annotations

import os

from tests.settings.files import FilesTestCase
from tests.settings.outside import FakeOutside
from twsgi.errors import ConfigurationError
from twsgi.settings.assignment import Assignment, Origin
from twsgi.settings.finding import Findings
from twsgi.settings.reading import Reader


class ReaderTests(FilesTestCase):
    """L{Reader} puts what files say in the place where they are named."""

    def read(self, *names: str) -> list[str]:
        self.reader = Reader({"WHERE": "inner"}, self.directory)
        given = [Assignment("ini", name, Origin("command line")) for name in names]
        read = [str(one) for one in self.reader.inline(given)]
        self.reader.findings.raise_first()
        return read

    def fails(self, *names: str) -> str:
        return str(self.assertRaises(ConfigurationError, self.read, *names))

    def test_file(self) -> None:
        """A file's lines know its name as it was given, and their number."""
        self.write("conf/a.ini", "[uwsgi]\nthreads = 2\nlazy\n")
        self.assertEqual(
            self.read("conf/a.ini"), ["conf/a.ini:2: threads = 2", "conf/a.ini:3: lazy"]
        )
        self.assertEqual(self.reader.findings.warnings(), [])

    def test_in_place(self) -> None:
        """A file in a file stands where it is named, and is found from where we were started."""
        self.write("conf/a.ini", "[uwsgi]\nthreads = 1\nini = b.ini\nthreads = 3\n")
        self.write("b.ini", "[uwsgi]\nthreads = 2\nini = conf/c.ini\n")
        self.write("conf/c.ini", "[uwsgi]\nthreads = 9\n")
        self.assertEqual(
            self.read("conf/a.ini"),
            [
                "conf/a.ini:2: threads = 1",
                "b.ini:2: threads = 2",
                "conf/c.ini:2: threads = 9",
                "conf/a.ini:4: threads = 3",
            ],
        )

    def test_twice(self) -> None:
        """A file that is read twice, one after the other, is no loop."""
        self.write("a.ini", "[uwsgi]\nini = b.ini\nini = b.ini\n")
        self.write("b.ini", "[uwsgi]\npp = x\n")
        self.assertEqual(self.read("a.ini"), ["b.ini:2: pp = x"] * 2)

    def test_section(self) -> None:
        """A section is named behind a colon, of the same file where no other is named."""
        text = "[uwsgi]\nini = :base\n[dev]\nini = :base\nlazy = 1\n[base]\npp = x\n"
        self.write("a.ini", text)
        self.assertEqual(self.read("a.ini"), ["a.ini:7: pp = x"])
        self.assertEqual(self.read("a.ini:dev"), ["a.ini:7: pp = x", "a.ini:5: lazy = 1"])
        self.assertEqual(self.read("a.ini:base", ":dev")[1:], self.read("a.ini:dev"))

    def test_section_of_the_file_it_stands_in(self) -> None:
        """C{:section} is looked for in its own file, not in the one that was read last."""
        self.write("a.ini", "[uwsgi]\nini = b.ini\nini = :base\n[base]\npp = a\n")
        self.write("b.ini", "[uwsgi]\n[base]\npp = b\n")
        self.assertEqual(self.read("a.ini"), ["a.ini:5: pp = a"])

    def test_section_behind_a_file_with_files(self) -> None:
        """C{:section} on a command line is of the file named there last, not of one inside it."""
        self.write("a.ini", "[uwsgi]\nini = b.ini\n[base]\npp = a\n")
        self.write("b.ini", "[uwsgi]\n[base]\npp = b\n")
        self.assertEqual(self.read("a.ini", ":base"), ["a.ini:4: pp = a"])

    def test_colon_in_directory(self) -> None:
        """A colon in a directory's name starts no section."""
        self.write("a:b/c.ini", "[uwsgi]\npp = x\n")
        self.assertEqual(self.read("a:b/c.ini"), ["a:b/c.ini:2: pp = x"])

    def test_section_of_no_file(self) -> None:
        """C{:section} before any file is an error."""
        self.assertIn("there is no file yet", self.fails(":base"))

    def test_missing_section(self) -> None:
        """A section that is not there is told, with those that are."""
        self.write("a.ini", "threads = 2\n[uswgi]\nthreads = 2\n[b]\n")
        self.write("b.ini", "")
        self.assertEqual(self.read("a.ini", "a.ini:dev", "b.ini"), [])
        self.assertEqual(
            [str(one) for one in self.reader.sections],
            [
                "there is no section [uwsgi] in a.ini; it has [uswgi], [b]",
                "there is no section [dev] in a.ini; it has [uswgi], [b]",
                "there is no section [uwsgi] in b.ini; it has none",
            ],
        )

    def test_empty_section(self) -> None:
        """A section without lines is there."""
        self.write("a.ini", "[uwsgi]\n")
        self.read("a.ini")
        self.assertEqual(self.reader.findings.warnings(), [])

    def test_missing_file(self) -> None:
        """A missing file is one line: its name, and who named it if that was a file."""
        self.assertEqual(self.fails("no.ini"), "no.ini: No such file")
        self.write("a.ini", "[uwsgi]\n\nini = no.ini\n")
        self.assertEqual(self.fails("a.ini"), "a.ini:3: no.ini: No such file")

    def test_unreadable(self) -> None:
        """What is no file, no text or no name is one line."""
        os.mkdir(os.path.join(self.directory, "dir.ini"))
        self.assertEqual(self.fails("dir.ini"), "dir.ini: Is a directory")
        self.write("a.ini", b"[uwsgi]\npp = \xff\n")
        self.assertIn("a.ini:2: the byte 0xff is not UTF-8", self.fails("a.ini"))
        self.assertIn("needs the name of a file", self.fails(""))
        self.assertIn("ini = a\\x00.ini: not the name of a file", self.fails("a\0.ini"))
        self.assertIn("File name too long", self.fails("a" * 5000))
        self.assertIn("not URLs", self.fails("http://localhost/a.ini"))

    def test_loop(self) -> None:
        """A file that reads itself, by whatever name, is an error that shows the way."""
        self.write("a.ini", "[uwsgi]\nini = b.ini\n")
        self.write("b.ini", "[uwsgi]\nini = ./a.ini\n")
        self.assertEqual(
            self.fails("a.ini"),
            "b.ini:2: the file reads itself: a.ini:uwsgi -> b.ini:uwsgi -> ./a.ini:uwsgi",
        )
        self.write("c.ini", "[uwsgi]\nini = :uwsgi\n")
        self.assertIn("reads itself", self.fails("c.ini"))

    def test_letters(self) -> None:
        """Letters are replaced as each file is read; upper case is the file named first."""
        self.write("conf/a.ini", "[uwsgi]\npp = %d\nini = %dsub/b.ini:x\n")
        self.write("conf/sub/b.ini", "[x]\nenv = A=%n %N %x %v\n")
        path = f"{self.directory}/conf"
        read = Reader({}, self.directory).inline(
            [Assignment("ini", "conf/a.ini", Origin("command line"))]
        )
        self.assertEqual(
            [(one.origin.file, one.value) for one in read],
            [
                ("conf/a.ini", f"{path}/"),
                (f"{path}/sub/b.ini", f"A=b a x {self.directory}"),
            ],
        )

    def test_letter_without_meaning(self) -> None:
        """A letter that means nothing is a warning with file and line."""
        self.write("a.ini", "[uwsgi]\nenv = A=100%!%!\n")
        self.assertEqual(self.read("a.ini"), ["a.ini:2: env = A=100"])
        (warning,) = self.reader.findings.warnings()
        self.assertIn("a.ini:2: env = A=100%!%!: '%!' means nothing", warning)

    def test_variable(self) -> None:
        """A file's name may hold variables of the environment."""
        self.write("inner.ini", "[uwsgi]\npp = x\n")
        self.assertEqual(self.read("$(WHERE).ini"), ["inner.ini:2: pp = x"])

    def test_too_much(self) -> None:
        """What would never end is one error, and nothing more is read."""
        self.write("a.ini", "[uwsgi]\n" + "for-times = 9999\npp = %(_)\nendfor\n" * 6)
        self.assertIn("a.ini:18: pp = 5: more than 50000 lines", self.fails("a.ini"))
        # Each file reads the next one thrice.
        for n in range(20):
            self.write(f"{n}.ini", "[uwsgi]\n" + f"ini = {n + 1}.ini\n" * 3)
        self.write("20.ini", "[uwsgi]\n")
        self.assertIn("more than 1000 files", self.fails("0.ini"))
        self.assertEqual(len(self.reader.findings), 1)
        self.write("big.ini", "[uwsgi]\n" + "#" * 1024 * 1024)
        self.assertEqual(self.fails("big.ini"), "big.ini: more than 1048576 bytes")

    def test_deep(self) -> None:
        """Sections that stand in one another without end are an error, not a full stack."""
        self.write("a.ini", "".join(f"[s{n}]\nini = :s{n + 1}\n" for n in range(300)))
        self.assertIn("more than 40 files within one another", self.fails("a.ini:s0"))

    def test_outside(self) -> None:
        """Files are read by whom the reader is given."""
        outside = FakeOutside({"/etc/a.ini": "[uwsgi]\npp = %p %h\n"})
        reader = Reader({}, "/etc", outside=outside)
        (one,) = reader.inline([Assignment("ini", "a.ini", Origin("command line"))])
        self.assertEqual(one.value, "/etc/a.ini web7")


class IncludeTests(FilesTestCase):
    """Files in files, by whatever option."""

    def read(self, text: str, **environ: str) -> list[str]:
        self.write("a.ini", text)
        self.findings = Findings()
        reader = Reader(environ, self.directory, self.findings)
        given = [Assignment("ini", "a.ini", Origin("command line"))]
        read = [f"{one.origin.line} {one.name} {one.value}" for one in reader.inline(given)]
        self.findings.raise_first()
        return read

    def test_include(self) -> None:
        """include stands in its place, and reads what the file's name says it is."""
        self.write("b.ini", "[uwsgi]\npp = ini %n\n[x]\npp = x")
        self.write("b.yml", "uwsgi:\n  pp: yaml %n")
        self.write("b.xml", "<uwsgi><pp>xml</pp></uwsgi>")
        self.write("b.json", '{"uwsgi": {"pp": "json"}}')
        text = "[uwsgi]\npp = 1\n{}\npp = 2\n"
        for line, expected in [
            ("include = b.ini", "2 pp ini b"),
            ("include = b.ini:x", "4 pp x"),
            ("include = b.yml", "2 pp yaml b"),
            ("config = b.xml", "1 pp xml"),
            ("include = b.json", "1 pp json"),
            ("yaml = b.yml", "2 pp yaml b"),
            ("xml = b.xml", "1 pp xml"),
            ("json = b.json", "1 pp json"),
        ]:
            read = self.read(text.format(line))
            self.assertEqual((line, read), (line, ["2 pp 1", expected, "4 pp 2"]))

    def test_inherit(self) -> None:
        """inherit is read after everything else, in the order of the lines."""
        self.write("b.ini", "[uwsgi]\npp = b\ninherit = c.ini\npp = bb")
        self.write("c.ini", "[uwsgi]\npp = c")
        self.write("d.ini", "[uwsgi]\npp = d")
        text = "[uwsgi]\ninherit = b.ini\ninherit = d.ini\npp = a\n"
        self.assertEqual(self.read(text), ["4 pp a", "2 pp b", "4 pp bb", "2 pp d", "2 pp c"])

    def test_names(self) -> None:
        """The name of a file may hold what is known before it."""
        self.write("sub/b.ini", "[uwsgi]\npp = b")
        for line in ("include = %(dir)/$(WHICH).ini", "include = %dsub/b.ini"):
            text = f"[uwsgi]\nset-ph = dir=sub\n{line}\n"
            self.assertEqual(self.read(text, WHICH="b")[1:], ["2 pp b"])

    def test_not_a_format(self) -> None:
        """A file whose name does not tell what it is is refused."""
        for name in ("b.conf", "b.py", "b"):
            error = self.assertRaises(ConfigurationError, self.read, f"[uwsgi]\ninclude = {name}")
            message = f"a.ini:2: unable to load configuration from {name}: its name must end with"
            self.assertEqual(str(error)[: len(message)], message)

    def test_own_blocks(self) -> None:
        """A file that is read within a block has its own blocks, and ends them."""
        self.write("b.ini", "[uwsgi]\nif-env = A\npp = %(_)")
        text = "[uwsgi]\nif-env = B\ninclude = b.ini\npp = %(_)\nendif =\npp = c\n"
        self.assertEqual(self.read(text, A="1", B="2"), ["3 pp 1", "4 pp 2", "6 pp c"])
        (warning,) = self.findings.warnings()
        self.assertEqual(warning, "b.ini:2: if-env = A: is never ended: it ends with the file")
