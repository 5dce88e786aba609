"""A verdict for every name that uWSGI has, and for a line in a file."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from fnmatch import fnmatchcase

from twsgi.settings.known import uwsgi_names
from twsgi.settings.options.table import BY_NAME, TOPICS
from twsgi.settings.verdicts.never import NEVER
from twsgi.settings.verdicts.noeffect import NO_EFFECT
from twsgi.settings.verdicts.notyet import IN_PART, NOT_YET
from twsgi.settings.verdicts.refused import REFUSED
from twsgi.settings.verdicts.values import judged
from twsgi.settings.verdicts.verdict import Standing, Verdict
from twsgi.settings.verdicts.works import WITHOUT_ROW


def verdict_of(name: str, value: str | None = None) -> Verdict | None:
    """
    What becomes of an option, and with C{value} of this line; None: nobody has such an option.
    """
    verdict = verdicts().get(name)
    return verdict if verdict is None or value is None else judged(verdict, value)


def about(verdict: Verdict) -> str:
    """What a message says of an option that does nothing here."""
    if verdict.standing is Standing.NO_EFFECT:
        return f"without effect here: {verdict.words}"
    if verdict.standing is Standing.NEVER:
        return f"and will not be twsgi's: {verdict.words}"
    return "not supported by twsgi yet" + (f" ({verdict.topic})" if verdict.topic else "")


@functools.cache
def verdicts() -> dict[str, Verdict]:
    """All of them, by name: uWSGI's names and ours, in their order."""
    return {name: _verdict(name) for name in sorted(uwsgi_names() | BY_NAME.keys())}


def _verdict(name: str) -> Verdict:
    row = BY_NAME.get(name)
    if name in IN_PART:
        topic, words = IN_PART[name]
        return Verdict(name, Standing.NOT_YET, words, topic)
    if row is not None and row.always:
        return Verdict(name, Standing.NO_EFFECT, row.always, _titles()[row.name])
    if row is not None:
        return Verdict(name, Standing.WORKS, row.help, _titles()[row.name])
    if name in WITHOUT_ROW:
        return Verdict(name, Standing.WORKS, WITHOUT_ROW[name][0], "Configuration")
    if name in NO_EFFECT:
        return Verdict(name, Standing.NO_EFFECT, NO_EFFECT[name])
    reason = REFUSED.get(name)
    instead = _first(name, NEVER)
    if instead is not None:
        words = reason or f"instead: {instead}"
        return Verdict(name, Standing.NEVER, words, refused=reason is not None)
    topic = _first(name, NOT_YET) or ""
    return Verdict(name, Standing.NOT_YET, reason or "", topic, refused=reason is not None)


def _first(name: str, table: Iterable[tuple[str, str]]) -> str | None:
    for text, patterns in table:
        if any(fnmatchcase(name, one) for one in patterns.split()):
            return text
    return None


@functools.cache
def _titles() -> dict[str, str]:
    """Topics of the rows, by the rows' names."""
    return {row.name: title for title, rows in TOPICS for row in rows}
