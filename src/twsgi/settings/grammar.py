"""The ini grammar of uWSGI: text -> assignments, each of which knows its file and line.

It is not that of L{configparser}: a C{;} or C{#} starts a comment only at the start of a line,
the first C{=} splits, quotes and backslashes mean nothing, names are case-sensitive, sections of
one name are merged, and a name alone is an empty value.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from twsgi.errors import ConfigurationError

#: What is white space around names and values; other Unicode spaces belong to the value.
_BLANK = " \t\r"
_BYTE_ORDER_MARK = "\ufeff"
#: A file's name is shown in full: its end tells more than its beginning.
_PATH = 4096


@dataclass(frozen=True, slots=True)
class Origin:
    """
    Where an assignment was written.

    @ivar file: the file as it was named, or C{command line}, C{environment}, C{keyword}.
    @ivar line: from 1; 0 where there are no lines.
    """

    file: str
    line: int = 0

    def __str__(self) -> str:
        file = printable(self.file, _PATH)
        return f"{file}:{self.line}" if self.line else file


@dataclass(frozen=True, slots=True)
class Assignment:
    """
    C{name = value}, as written.

    @ivar bare: the name stood alone; C{value} is empty then.
    """

    name: str
    value: str
    origin: Origin
    bare: bool = False

    def __str__(self) -> str:
        name = printable(self.name)
        shown = name if self.bare else f"{name} = {printable(self.value)}"
        return f"{self.origin}: {shown}"


@dataclass(slots=True)
class Section:
    """What the lines of one section say, and what is odd about them (one line each)."""

    assignments: list[Assignment] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    found: bool = False


def printable(text: str, limit: int = 80) -> str:
    """C{text} as one line of a message: control characters escaped, cut at C{limit}."""
    shown = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text[:limit])
    return f"{shown}..." if len(text) > limit else shown


def decode(data: bytes, file: str) -> str:
    """
    The text in a file.

    @raise ConfigurationError: it is not UTF-8, or holds a NUL; the line is named.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigurationError(
            f"{printable(file, _PATH)}:{line}: the byte 0x{data[error.start]:02x} is not UTF-8: "
            "save the file as UTF-8"
        ) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise ConfigurationError(f"{printable(file, _PATH)}:{line}: a NUL byte: is it a text file?")
    return text


def parse(text: str, file: str, section: str = "uwsgi") -> Section:
    """
    What C{[section]} says; other sections are passed over.  Never fails: what is odd is a
    warning, and every line that is no comment and no header is an assignment.

    @param file: the name for messages.
    """
    result = Section()
    if text.startswith(_BYTE_ORDER_MARK):
        text = text[len(_BYTE_ORDER_MARK) :]
        result.warnings.append(
            f"{Origin(file, 1)}: the byte order mark is passed over (uWSGI fails on it)"
        )
    inside = False
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.strip(_BLANK)
        if not line or line[0] in ";#":
            continue
        origin = Origin(file, number)
        if line[0] == "[":
            name = _header(line, origin, result.warnings)
            inside = name == section
            result.found = result.found or inside
        elif inside:
            _assign(line, origin, result)
    return result


def _header(line: str, origin: Origin, warnings: list[str]) -> str | None:
    """The section's name; None where what follows belongs to no section (as in uWSGI)."""
    name, closed, rest = line[1:].partition("]")
    if closed and not rest and name == name.strip(_BLANK):
        return name
    warnings.append(
        f"{origin}: '{printable(line)}' is no section header, what follows it is ignored: "
        f"write [{printable(name.strip(_BLANK))}] and nothing else on the line"
    )
    return None


def _assign(line: str, origin: Origin, result: Section) -> None:
    name, equals, value = line.partition("=")
    name = name.rstrip(_BLANK)
    if name:
        value = value.strip(_BLANK)
        result.assignments.append(Assignment(name, value, origin, bare=not equals))
    else:
        result.warnings.append(f"{origin}: '{printable(line)}' names no option: ignored")
