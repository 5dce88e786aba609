"""Tests of L{twsgi.settings.finding}, and of all that L{read} has to say of a configuration."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.settings.files import FilesTestCase
from twsgi.errors import ApplicationError, BindError, ConfigurationError
from twsgi.settings.assignment import Assignment, Origin
from twsgi.settings.finding import ADVICE, ERROR, WARNING, Finding, Findings, Mistake, mistaken
from twsgi.settings.resolve import Resolved, load, read

WHERE = Origin("a.ini", 3)


class FindingTests(SynchronousTestCase):
    """L{Findings} collects what there is to say."""

    def test_line(self) -> None:
        """A finding is the line that the log has: where, if that is known, and what."""
        self.assertEqual(str(Finding(WARNING, "unknown", "what", WHERE)), "a.ini:3: what")
        self.assertEqual(str(Finding(ERROR, "missing", "what")), "what")

    def test_mistake(self) -> None:
        """An error that names an assignment shows it, and is a finding."""
        error = mistaken("value", Assignment("threads", "two", WHERE), "no number")
        self.assertIsInstance(error, ConfigurationError)
        self.assertEqual(str(error), "a.ini:3: threads = two: no number")
        self.assertEqual(error.finding, Finding(ERROR, "value", "threads = two: no number", WHERE))

    def test_collecting(self) -> None:
        """Errors are collected, and what follows goes on; the first one is kept."""
        findings = Findings()
        for error in (Mistake("value", "first"), BindError("second"), ApplicationError("third")):
            with findings.collecting():
                raise error
        self.assertEqual([one.text for one in findings], ["first", "second", "third"])
        self.assertEqual([one.level for one in findings], [ERROR] * 3)
        self.assertEqual([one.code for one in findings], ["value", "conflict", "missing"])
        self.assertEqual(str(findings.error), "first")

    def test_other_errors(self) -> None:
        """What is no mistake of a user's is not collected."""
        with self.assertRaises(ZeroDivisionError), Findings().collecting():
            raise ZeroDivisionError

    def test_raise_first(self) -> None:
        """The first error is raised with all warnings, and without advice."""
        findings = Findings()
        findings.raise_first()
        findings.warn("comment", "before")
        findings.refuse(Mistake("value", "first"))
        findings.refuse(Mistake("value", "second"))
        findings.warn_of("comment", Assignment("lazy", "", WHERE, bare=True), "behind")
        findings.advise("duplicate", "twice")
        error = self.assertRaises(Mistake, findings.raise_first)
        self.assertEqual(str(error), "first")
        self.assertEqual(error.warnings, ("before", "a.ini:3: lazy: behind"))


class ReadTests(FilesTestCase):
    """L{read} finds all that is wrong, and says where everything comes from."""

    def read(self, text: str, *arguments: str) -> Resolved:
        self.write("a.ini", f"[uwsgi]\n{text}\n")
        return read(["a.ini", *arguments], {}, self.directory)

    def test_good(self) -> None:
        """Without an error it is what L{load} says."""
        found = self.read("http = :1\nmodule = app:make\nxyzzy = 1")
        self.assertIsNone(found.error)
        self.assertEqual(
            load(["a.ini"], {}, self.directory),
            (found.settings, [str(one) for one in found.findings]),
        )

    def test_all_errors(self) -> None:
        """Each bad value is an error of its own, and so is what is missing."""
        found = self.read(
            "threads = two\nprocesses = three\nini = no.ini:x\nimmediate-uid = 1\n"
            "procname-prefix = %(procname-prefix)\nset-ph = threads=1\ncheaper = 1",
            "--xyzzy",
            "--chmod-socket=9",
        )
        self.assertEqual(
            [(one.code, str(one).split(" ")[0]) for one in found.findings],
            [
                ("flag", "command"),
                ("file", "a.ini:4:"),
                ("value", "a.ini:7:"),
                ("loop", "a.ini:6:"),
                ("value", "a.ini:2:"),
                ("value", "a.ini:3:"),
                ("never", "a.ini:5:"),
                ("value", "command"),
                ("conflict", "a.ini:8:"),
            ],
        )
        self.assertEqual({one.level for one in found.findings}, {ERROR})
        self.assertEqual(str(found.error), str(found.findings[0]))
        self.assertEqual(found.settings.threads, 1)

    def test_missing(self) -> None:
        """What is missing is told beside other errors, but not where it is only unreadable."""
        codes = [one.code for one in self.read("threads = two").findings]
        self.assertEqual(codes, ["value", "missing", "missing"])
        codes = [one.code for one in self.read("http = :x\nmodule =").findings]
        self.assertEqual(codes, ["value", "value"])
        codes = [one.code for one in self.read("ini = no.ini").findings]
        self.assertEqual(codes, ["file"])

    def test_load_raises_the_first(self) -> None:
        """L{load} raises the first of them, with the warnings."""
        found = self.read("xyzzy = 1\nthreads = two\nprocesses = three")
        error = self.assertRaises(ConfigurationError, load, ["a.ini"], {}, self.directory)
        self.assertEqual(str(error), str(found.error))
        self.assertEqual(error.warnings, ("a.ini:2: unknown option 'xyzzy'",))

    def test_written(self) -> None:
        """It says where each value comes from, those that were overruled too; no defaults."""
        found = self.read(
            "http = :1\nhttp = :2\nmodule = app\nthreads = 2\ncheaper = 1\nprocesses = x",
            "--threads=3",
        )
        shown = {field: [str(one) for one in given] for field, given in found.written.items()}
        self.assertEqual(
            shown,
            {
                "http": ["a.ini:2: http = :1", "a.ini:3: http = :2"],
                "module": ["a.ini:4: module = app"],
                "threads": ["a.ini:5: threads = 2", "command line: threads = 3"],
                "cheaper": ["a.ini:6: cheaper = 1"],
                "master": ["a.ini:6: cheaper = 1"],
                "processes": ["a.ini:7: processes = x"],
            },
        )

    def test_advice(self) -> None:
        """Levels are told apart by their constants."""
        self.assertEqual([one.value for one in (ERROR, WARNING, ADVICE)], [
            "error", "warning", "advice",
        ])  # fmt: skip
