"""docs/security.md promises nothing that no test shows."""

from __future__ import annotations

import re
from pathlib import Path

from twisted.python.reflect import namedAny
from twisted.trial.unittest import SynchronousTestCase

ROOT = Path(__file__).parent.parent
CORPUS = ROOT / "tests" / "corpus"
_TEST = re.compile(r"`(tests(?:\.\w+)+)`")
_CASE = re.compile(r"`([\w*-]+\.req)`")
_CLASS = re.compile(r"\bS\d+\b")
_ROW = re.compile(r"(?m)^\| (.*) \| (.*) \|$")


def missing_tests(page: str) -> list[str]:
    """Names of tests that are not there, or are no tests."""
    missing = []
    for name in sorted(set(_TEST.findall(page))):
        try:
            found = namedAny(name)
        except (AttributeError, ImportError, ValueError):
            found = None
        is_test = isinstance(found, type) or name.rpartition(".")[2].startswith("test_")
        if found is None or not is_test:
            missing.append(name)
    return missing


def missing_cases(page: str) -> list[str]:
    """Names, or patterns, of cases of the corpus that nothing is named by."""
    return sorted({one for one in _CASE.findall(page) if not list(CORPUS.glob(one))})


def classes_left_out(page: str, used: set[str]) -> set[str]:
    """Classes of cases that the page does not speak of."""
    return used - set(_CLASS.findall(page))


def promises_without_test(page: str) -> list[str]:
    """Rows among the promises whose second column names no test and no case."""
    rows = _ROW.findall(page.partition("## What is promised")[2].partition("\n## ")[0])
    return [
        promise
        for promise, shown in rows
        if promise != "promise" and not _TEST.search(shown) and not _CASE.search(shown)
    ]


class SecurityPageTests(SynchronousTestCase):
    """The page as it is."""

    page = (ROOT / "docs" / "security.md").read_text("utf-8")

    def test_tests(self) -> None:
        """Every test that it names exists."""
        self.assertEqual(missing_tests(self.page), [])

    def test_cases(self) -> None:
        """Every case that it names exists."""
        self.assertEqual(missing_cases(self.page), [])

    def test_classes(self) -> None:
        """It speaks of the class of every case."""
        used: set[str] = set()
        for path in CORPUS.glob("*.expect"):
            first = path.read_text("utf-8").partition("\n")[0]
            used.update(_CLASS.findall(first))
        self.assertGreater(len(used), 20)
        self.assertEqual(classes_left_out(self.page, used), set())

    def test_promises(self) -> None:
        """No promise stands without a test."""
        self.assertGreater(len(_CASE.findall(self.page)), 50)
        self.assertEqual(promises_without_test(self.page), [])


class LimitsPageTests(SynchronousTestCase):
    """The table of limits in docs/server-behavior.md."""

    def test_tests(self) -> None:
        """Each limit is shown by a test that exists."""
        page = (ROOT / "docs" / "server-behavior.md").read_text("utf-8")
        rows = page.partition("| limit | option |")[2].partition("\n\n")[0].splitlines()[2:]
        self.assertGreater(len(rows), 15)
        self.assertEqual([row for row in rows if not _TEST.search(row)], [])
        self.assertEqual(missing_tests(page), [])


class BrokenPageTests(SynchronousTestCase):
    """What such a page must not have is found out."""

    def test_no_such_test(self) -> None:
        """A module, a class or a method that is not there; and a name that is no test."""
        for name in (
            "tests.no_such.ThingTests.test_it",
            "tests.test_security_doc.NoTests",
            "tests.test_security_doc.BrokenPageTests.test_nothing",
            "tests.test_security_doc.missing_tests",
        ):
            self.assertEqual(missing_tests(f"see `{name}`"), [name])
        self.assertEqual(
            missing_tests("`tests.test_security_doc.SecurityPageTests.test_tests`"), []
        )

    def test_no_such_case(self) -> None:
        """A case that is not there, and a pattern that is nobody's."""
        page = "`length-twice-same.req`, `length-*.req`, `no-such-case.req`, `no-such-*.req`"
        self.assertEqual(missing_cases(page), ["no-such-*.req", "no-such-case.req"])

    def test_class_left_out(self) -> None:
        """A class that is not spoken of; S1 is not S12."""
        self.assertEqual(classes_left_out("(S12, S3)", {"S1", "S3", "S12"}), {"S1"})

    def test_promise_without_test(self) -> None:
        """A row that names nothing that shows it."""
        page = (
            "## What is promised\n| promise | shown by |\n|---|---|\n| a | `x.req` |\n| b | us |\n"
        )
        self.assertEqual(promises_without_test(page), ["b"])
