"""The pages about signals and reloads promise nothing that no test shows."""

from __future__ import annotations

import re
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.test_security_doc import missing_tests

DOCS = Path(__file__).parent.parent / "docs"
PAGES = ("reload.md", "signals.md")
_TABLE = re.compile(r"(?m)^\| .*shown by \|\n\|[-|]+\|\n((?:\|.*\n)+)")


def unshown(page: str) -> list[str]:
    """Rows of tables with a column C{shown by} that name no test."""
    rows = [row for table in _TABLE.findall(page) for row in table.splitlines()]
    return [row for row in rows if "`tests." not in row]


class PromisesTests(SynchronousTestCase):
    """The pages as they are."""

    def test_tests(self) -> None:
        """Every test that they name exists."""
        for name in PAGES:
            self.assertEqual(missing_tests((DOCS / name).read_text("utf-8")), [], name)

    def test_promises(self) -> None:
        """Every promise names one; there are some."""
        for name in PAGES:
            page = (DOCS / name).read_text("utf-8")
            self.assertEqual(unshown(page), [], name)
            self.assertTrue(_TABLE.search(page), name)

    def test_can_fail(self) -> None:
        """A promise without a test is found, and so is a test that is none."""
        table = "| promise | shown by |\n|---|---|\n| a | `tests.x` |\n| b | |\n"
        self.assertEqual(unshown(table), ["| b | |"])
        self.assertEqual(
            missing_tests("`tests.test_promises.Nobody`"), ["tests.test_promises.Nobody"]
        )
