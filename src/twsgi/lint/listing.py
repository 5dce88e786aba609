"""Every option and its verdict, a line each: C{twsgi --list-options}."""

from __future__ import annotations

from twsgi.settings.verdicts.table import verdicts
from twsgi.settings.verdicts.verdict import Standing, Verdict


def listing() -> str:
    """Name, verdict and words, with tabs between them, by name."""
    return "".join(
        f"{one.name}\t{one.standing.value}\t{_words(one)}\n" for one in verdicts().values()
    )


def _words(verdict: Verdict) -> str:
    return verdict.topic if verdict.standing is Standing.NOT_YET else verdict.words
