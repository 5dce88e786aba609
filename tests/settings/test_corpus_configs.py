"""Real configurations are read as they are: those of C{tests/corpus_configs}, and a folder."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.corpus_report import Read, look_at, look_into, share
from twsgi.settings.finding import ADVICE, Finding

FOLDER = Path(__file__).parents[1] / "corpus_configs"
CONFIGS = sorted(path for path in FOLDER.iterdir() if path.suffix in (".ini", ".yaml", ".xml"))
ENVIRON = {"PORT": "8000", "VARIANT": "lms", "WORKERS": "3"}
#: What is on its way; a name is taken from here when it works.
ON_ITS_WAY = """
static-map memory-report home virtualenv if-env if-not-env for log-4xx log-5xx log-slow
cheaper-busyness-multiplier cheaper-busyness-min cheaper-busyness-max
cheaper-busyness-backlog-alert cheaper-busyness-backlog-step py-call-osafterfork
cheaper-rss-limit-soft logto log-date log-maxsize log-backupname log-reopen log-format
log-x-forwarded-for logger add-header procname mount manage-script-name ignore-sigpipe
ignore-write-errors disable-write-exception wsgi-disable-file-wrapper py-autoreload
static-expires exec-asap cheaper-algo
"""
#: A folder of others, on whoever's machine this is.
VARIABLE = "TWSGI_CORPUS"
#: How many of those have no option that is missing.
ENOUGH = 0.85


def own(path: Path) -> list[tuple[int, str]]:
    """The findings that a file is known for: line and code."""
    beside = path.with_suffix(".own")
    if not beside.exists():
        return []
    pairs = (line.split() for line in beside.read_text("utf-8").splitlines())
    return [(int(line), code) for line, code in pairs]


class ConfigsTests(SynchronousTestCase):
    """The files in C{tests/corpus_configs}."""

    def test_there(self) -> None:
        """There are thirty of them, and nothing stands beside a file that is gone."""
        self.assertGreaterEqual(len(CONFIGS), 30)
        for beside in FOLDER.glob("*.own"):
            self.assertTrue(beside.with_suffix(".ini").exists(), beside.name)

    def test_nothing_of_ours(self) -> None:
        """Each is read without a warning but for those of its own making."""
        for path in CONFIGS:
            findings = look_at(path, ENVIRON).findings
            said = [
                (one.origin.line if one.origin else 0, one.code, str(one))
                for one in findings
                if one.level is not ADVICE and not _on_its_way(one, findings)
            ]
            expected = own(path)
            strange = [text for line, code, text in said if (line, code) not in expected]
            self.assertEqual((path.name, strange), (path.name, []))
            self.assertEqual(sorted((line, code) for line, code, _ in said), sorted(expected))


def _on_its_way(finding: Finding, others: Iterable[Finding]) -> bool:
    """It says that an option does not work that is to, or comes from that."""
    if finding.code == "flag":
        return "neither a flag nor an ini file" in finding.text
    if finding.code == "missing":
        return any(one.code == "not-yet" and _on_its_way(one, ()) for one in others)
    names = re.findall("[a-z0-9-]+", finding.text)
    return finding.code == "not-yet" and bool({*ON_ITS_WAY.split()} & {*names[:4]})


class FolderTests(SynchronousTestCase):
    """The files in the folder that C{TWSGI_CORPUS} names."""

    def files(self) -> list[Read]:
        if VARIABLE not in os.environ:
            raise SkipTest(f"{VARIABLE} names no folder")
        return look_into(Path(os.environ[VARIABLE]))

    def test_most(self) -> None:
        """Of most files every option works, or may be left out."""
        self.assertGreaterEqual(share(self.files()), ENOUGH)
