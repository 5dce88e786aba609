"""Real files, where there are some: C{TWSGI_CORPUS} names a folder of them."""

from __future__ import annotations

import os
from pathlib import Path

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from twsgi.settings.formats.choice import ENDINGS
from twsgi.settings.resolve import read
from twsgi.settings.writing import written

_FOLDER = os.environ.get("TWSGI_CORPUS", "")


class CorpusTests(SynchronousTestCase):
    """Whatever people have is read, or what is wrong with it is told."""

    def test_files(self) -> None:
        """Each file is Settings and findings of one line each; written and read it is the same."""
        if not _FOLDER:
            raise SkipTest("TWSGI_CORPUS names no folder")
        found = 0
        for path in sorted(Path(_FOLDER).iterdir()):
            option = ENDINGS.get(path.suffix, "ini")
            first = read([f"--{option}={path.name}"], {}, _FOLDER)
            for one in first.findings:
                self.assertEqual(len(str(one).splitlines()), 1)
            again_file = Path(self.mktemp())
            again_file.write_text(written(first.settings), "utf-8")
            again = read([f"--ini={again_file.name}"], {}, str(again_file.parent.absolute()))
            if first.error is None:
                self.assertEqual((again.error, again.settings), (None, first.settings), path)
            found += 1
        self.assertGreater(found, 0)
