"""L{written}: Settings -> ini text that is read as the same Settings."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

from twsgi.settings.assignment import printable
from twsgi.settings.kinds import KINDS
from twsgi.settings.meant import meant
from twsgi.settings.model import Settings
from twsgi.settings.options.row import Option
from twsgi.settings.options.table import BY_NAME, ROWS

#: Placeholders for what would mean something else where it stands.
_SIGNS = {"%": "percent-sign", "$": "dollar-sign", "@": "at-sign", "": "no-text"}
_SPECIAL = re.compile(r"(?P<sign>[$@])(?=\()|(?P<percent>%)(?=\((?P<name>[^)]*))")
_PLAIN = re.compile(r"[^\s(]*")
_BLANK = " \t\r"


def written(settings: Settings) -> str:
    """
    An ini file that says what C{settings} say: what differs from the defaults, in the order of
    C{--help}.  What ini has no way to say (a line break in a value) stands there as a comment.
    """
    lines, used = lines_of(settings)
    signs = [f"set-placeholder = {_SIGNS[sign]}={_doubled(sign)}" for sign in sorted(used)]
    return "\n".join(["[uwsgi]", *signs, *lines]) + "\n"


def lines_of(settings: Settings) -> tuple[list[str], set[str]]:
    """The lines, and which of the signs they need."""
    lines: list[str] = []
    used: set[str] = set()
    for row, value in _differing(settings):
        repeated = KINDS[row.kind].repeated
        for one in value if repeated else (value,):
            text = value_text(row, one)
            if "\n" in text or "\0" in text or _quoted(row, text) is None:
                lines.append(f"; cannot be written here: {row.name} = {printable(text)}")
                continue
            lines.append(f"{row.name} = {_escaped(_quoted(row, text) or '', used)}".rstrip(_BLANK))
    return lines, used


def value_text(row: Option, value: Any) -> str:
    """One value of an option, as it converts back; nothing in it is escaped."""
    write = KINDS[row.kind].write
    if write is not None:
        return write(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _differing(settings: Settings) -> list[tuple[Option, Any]]:
    defaults = {field.name: field.default for field in dataclasses.fields(Settings)}
    found = []
    implied = False
    for row in ROWS:
        if not row.field or row.field == "master":
            continue
        value = getattr(settings, row.field)
        if value is not None and value != defaults[row.field]:
            found.append((row, value))
            implied = implied or row.implies_master
    if settings.master or implied:
        # The last word, behind all that implies one.
        (master,) = (row for row in ROWS if row.field == "master")
        found.append((master, settings.master))
    return found


def _quoted(row: Option, text: str) -> str | None:
    """C{text}, in quotes where it would be read otherwise without them; None: no way."""
    kind = KINDS[row.kind]
    for one in (text, f'"{text}"', f"'{text}'"):
        if meant(kind, one)[0] == text:
            return one
    return None


def _escaped(text: str, used: set[str]) -> str:
    """So that nothing in it stands for something else, and its ends are kept."""

    def replaced(found: re.Match[str]) -> str:
        if found["percent"] and not _is_replaced(found["name"]):
            return found[0]
        used.add(found[0])
        return f"\0({_SIGNS[found[0]]})"

    shown = _SPECIAL.sub(replaced, text).replace("%", "%%").replace("\0", "%")
    if not text or text == text.strip(_BLANK):
        return shown
    used.add("")
    empty = f"%({_SIGNS['']})"
    return f"{empty}{shown}{empty}"


def _is_replaced(name: str) -> bool:
    """It may be the name of a line, or a calculation; the variables of log-format are neither."""
    return name in BY_NAME or name in _SIGNS.values() or not _PLAIN.fullmatch(name)


def _doubled(sign: str) -> str:
    return sign.replace("%", "%%")
