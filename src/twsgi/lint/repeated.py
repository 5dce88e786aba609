"""What is given more than once where one value counts."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from twsgi.settings.assignment import Assignment
from twsgi.settings.finding import Findings
from twsgi.settings.kinds import KINDS
from twsgi.settings.options.table import BY_FIELD, BY_NAME


def repeated(written: Mapping[str, tuple[Assignment, ...]], findings: Findings) -> None:
    """
    Adds a finding for each value that another one takes the place of: a warning where both stand
    in one file, one below the other, and differ; else advice.

    @param written: as L{twsgi.settings.resolve.Resolved} has it.
    """
    for field, given in written.items():
        option = BY_FIELD[field]
        if KINDS[option.kind].repeated:
            continue
        # Of the options that imply another one only the other is meant.
        own = [one for one in given if BY_NAME[one.name] is option]
        for before, after in pairwise(own):
            _replaced(before, after, findings)


def _replaced(before: Assignment, after: Assignment, findings: Findings) -> None:
    if before.origin == after.origin:
        return  # one line of a loop
    text = f"{before.shown}: given again by {after.shown} ({after.origin}), which counts"
    same = before.value == after.value
    below = before.origin.file == after.origin.file and before.origin.line < after.origin.line
    tell = findings.warn if below and not same else findings.advise
    tell("duplicate", text, before.origin)
