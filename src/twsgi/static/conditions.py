"""Validators, and what requests make depend on them (RFC 9110, 8.8 and 13).  Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from twisted.web.http import stringToDatetime

from twsgi.static.check import FoundFile

#: A file that was changed less than so many seconds ago may be changed again without a sign of it:
#: file systems count time in steps.
SETTLED = 2.0
#: The variables of conditions that a whole file's short way knows nothing of.
_CONDITIONS = frozenset(
    {
        "HTTP_RANGE",
        "HTTP_IF_NONE_MATCH",
        "HTTP_IF_MODIFIED_SINCE",
        "HTTP_IF_MATCH",
        "HTTP_IF_UNMODIFIED_SINCE",
    }
)
_TAGS = re.compile(r'(W/)?("[\x21\x23-\x7e\x80-\xff]*")')


def unconditional(environ: Mapping[str, str]) -> bool:
    """The request is for a whole file, whatever it was before."""
    return environ.keys().isdisjoint(_CONDITIONS)


def entity_tag(found: FoundFile, now: float) -> str:
    """
    The file's ETag: when it was changed, and how long it is, so that it is the same on all
    machines that have copies; weak as long as the file may change without a sign.

    @param now: Unix time.
    """
    modified = found.identity[3]
    tag = f'"{modified & (1 << 64) - 1:x}-{found.size:x}{found.coding and "-" + found.coding}"'
    return tag if found.modified < now - SETTLED else f"W/{tag}"


def failed(environ: Mapping[str, str], tag: str, modified: int) -> bool:
    """C{If-Match}, or C{If-Unmodified-Since}, does not hold: 412."""
    field = environ.get("HTTP_IF_MATCH")
    if field is not None:
        return not _named(field, tag, weak=False)
    date = read_date(environ.get("HTTP_IF_UNMODIFIED_SINCE"))
    return date is not None and modified > date


def not_modified(environ: Mapping[str, str], tag: str, modified: int) -> bool:
    """The client has it already: 304.  C{If-None-Match} goes before C{If-Modified-Since}."""
    field = environ.get("HTTP_IF_NONE_MATCH")
    if field is not None:
        return _named(field, tag, weak=True)
    date = read_date(environ.get("HTTP_IF_MODIFIED_SINCE"))
    return date is not None and modified <= date


def same_representation(validator: str, tag: str, last_modified: str) -> bool:
    """C{If-Range} holds: the client has the rest of just these bytes."""
    return validator == last_modified or (validator == tag and not tag.startswith("W/"))


def _named(field: str, tag: str, weak: bool) -> bool:
    """
    The tag, or C{*}, stands in a list.

    @param weak: two tags that differ in being weak alone are equal; else no weak one is equal
        to any.
    """
    if field.strip() == "*":
        return True
    own = tag.removeprefix("W/")
    for one_weak, one in _TAGS.findall(field):
        if one == own and (weak or not (one_weak or tag.startswith("W/"))):
            return True
    return False


def read_date(field: str | None) -> int | None:
    """Unix time; None where it is no date, or nothing."""
    if field is None:
        return None
    try:
        seconds: int = stringToDatetime(field.partition(";")[0].encode("latin-1"))
    except (ValueError, IndexError, OverflowError):
        return None
    return seconds
