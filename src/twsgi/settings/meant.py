"""What a value was meant to be, where uWSGI's reading of it would serve nobody.

uWSGI reads numbers by C{atoi}, which stops where the digits do: C{30s} is 30, C{64k} is 64,
C{"4"} and C{true} are 0; a comment behind a value is a part of it.  Here what is clear is done,
with a warning, and what is not clear is left to the kind, which refuses it.
"""

from __future__ import annotations

import re

from twsgi.settings.kinds import FALSE, Kind, before_comment

#: (code of a finding, what is to be said)
Note = tuple[str, str]

_QUOTED = re.compile(r"""(["'])(?P<inner>(?:(?!\1).)*)\1""", re.DOTALL)
#: For values that hold neither: numbers and flags.
_COMMENT = re.compile(r"(?P<value>[^\s;#]+)[ \t]*[;#].*", re.DOTALL)
#: For paths, which may hold both: as people write comments.
_BEHIND_PATH = re.compile(r"(?P<value>\S.*?)[ \t]+[;#](?:[ \t].*|$)", re.DOTALL)
_TAIL = re.compile(
    r"(?P<number>\+?[0-9]{1,18})(?:\.0+)?(?P<blank>[ \t]*)(?P<unit>[A-Za-z]*)(?P<rest>.*)"
)


def meant(kind: Kind, text: str) -> tuple[str, list[Note]]:
    """The value that was meant, and what is to be said about it; C{text} and nothing mostly."""
    if not (kind.spaceless or kind.path or kind.flag):
        return text, []
    notes: list[Note] = []
    quoted = _QUOTED.fullmatch(text)
    if quoted:
        text = quoted["inner"]
        notes.append(("read-otherwise", "uWSGI takes the quotes for a part of it"))
        if kind.path:
            return text, notes
    bare = _without_comment(kind, text)
    if bare is not None:
        text = bare
        notes.append(("comment", "a comment needs a line of its own"))
    if kind.numeric:
        number = _number(kind, text)
        if number is not None and number != text:
            notes.append(("read-otherwise", "no whole number as uWSGI reads it"))
            text = number
    return text, notes


def _without_comment(kind: Kind, text: str) -> str | None:
    if kind.path:
        found = _BEHIND_PATH.fullmatch(text)
    elif kind.numeric or kind.flag:
        found = _COMMENT.fullmatch(text)
        if found is None:
            return before_comment(text)
    else:
        return before_comment(text)
    return found["value"] if found else None


def _number(kind: Kind, text: str) -> str | None:
    """The digits that say what C{text} does; None where that is not clear."""
    if text.lower() in FALSE and text != "0" and not kind.optional:
        return "0"
    found = _TAIL.fullmatch(text)
    if found is None:
        return None
    number, unit = int(found["number"]), found["unit"].lower()
    if not unit and not found["rest"]:
        return (
            found["number"]
            if found["number"].isdigit() and text == found["number"]
            else str(number)
        )
    if found["rest"].strip(" \t.") and not found["blank"]:
        return None
    factor = kind.units.get(unit)
    if factor is not None and not found["rest"]:
        return _times(number, factor)
    # "4 workers", but not "4k" where nothing is counted in k, and not "1 000".
    if found["blank"] and unit and not kind.units and len(unit) > 2:
        return str(number)
    return None


def _times(number: int, factor: float) -> str | None:
    value = number * factor
    return str(int(value)) if value == int(value) else None
