"""What the documentation quotes from the code, and where it leads."""

from __future__ import annotations

import re
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from twsgi.master.child import transitions_table
from twsgi.settings.verdicts import mostused

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)")


class QuotedTests(SynchronousTestCase):
    """Parts of pages that the code prints."""

    def test_life_of_a_child(self) -> None:
        """docs/architecture.md has the table of a child's life as it is."""
        page = (ROOT / "docs" / "architecture.md").read_text("utf-8")
        quoted = page.partition("<!-- life -->\n")[2].partition("<!-- /life -->")[0]
        self.assertEqual(quoted.strip(), transitions_table().strip())

    def test_most_used_options(self) -> None:
        """docs/migrating-from-uwsgi.md has the table of the most used options as it is."""
        page = (ROOT / "docs" / "migrating-from-uwsgi.md").read_text("utf-8")
        quoted = page.partition(mostused.BEGIN)[2].partition(mostused.END)[0]
        self.assertEqual(quoted, mostused.table())


class LinkTests(SynchronousTestCase):
    """Links from page to page, and into the code."""

    def test_lead_somewhere(self) -> None:
        """Every relative link names a file that exists."""
        dead = [
            f"{page.name}: {target}"
            for page in PAGES
            for target in LINK.findall(page.read_text("utf-8"))
            if not (page.parent / target).exists()
        ]
        self.assertEqual(dead, [])
