"""The ini grammar of uWSGI: text -> assignments, each of which knows its file and line.

It is not that of L{configparser}: a C{;} or C{#} starts a comment only at the start of a line,
the first C{=} splits, quotes and backslashes mean nothing, names are case-sensitive, sections of
one name are merged, and a name alone is an empty value.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from twsgi.settings.assignment import Assignment, Origin, printable
from twsgi.settings.finding import Findings, Mistake

#: What is white space around names and values; other Unicode spaces belong to the value.
_BLANK = " \t\r"
_BYTE_ORDER_MARK = "\ufeff"


@dataclass(slots=True)
class Section:
    """
    What the lines of one section say.

    @ivar findings: what is odd about them.
    @ivar found: the section is there.
    @ivar others: the names of the other sections, in their order.
    """

    assignments: list[Assignment] = field(default_factory=list)
    findings: Findings = field(default_factory=Findings)
    found: bool = False
    others: list[str] = field(default_factory=list)


def decode(data: bytes, file: str) -> str:
    """
    The text in a file.

    @raise ConfigurationError: it is not UTF-8, or holds a NUL; the line is named.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Mistake(
            "file",
            f"the byte 0x{data[error.start]:02x} is not UTF-8: save the file as UTF-8",
            Origin(file, line),
        ) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise Mistake("file", "a NUL byte: is it a text file?", Origin(file, line))
    return text


def parse(text: str, file: str, section: str = "uwsgi") -> Section:
    """
    What C{[section]} says; other sections are passed over.  Never fails: what is odd is a
    finding, and every line that is no comment and no header is an assignment.

    @param file: the name for messages.
    """
    result = Section()
    if text.startswith(_BYTE_ORDER_MARK):
        text = text[len(_BYTE_ORDER_MARK) :]
        result.findings.warn(
            "syntax", "the byte order mark is passed over (uWSGI fails on it)", Origin(file, 1)
        )
    inside = False
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.strip(_BLANK)
        if not line or line[0] in ";#":
            continue
        origin = Origin(file, number)
        if line[0] == "[":
            name = _header(line, origin, result.findings)
            inside = name == section
            result.found = result.found or inside
            if name is not None and not inside and name not in result.others:
                result.others.append(name)
        elif inside:
            _assign(line, origin, result)
    return result


def _header(line: str, origin: Origin, findings: Findings) -> str | None:
    """The section's name; None where what follows belongs to no section (as in uWSGI)."""
    name, closed, rest = line[1:].partition("]")
    if closed and not rest and name == name.strip(_BLANK):
        return name
    findings.warn(
        "section",
        f"'{printable(line)}' is no section header, what follows it is ignored: "
        f"write [{printable(name.strip(_BLANK))}] and nothing else on the line",
        origin,
    )
    return None


def _assign(line: str, origin: Origin, result: Section) -> None:
    name, equals, value = line.partition("=")
    name = name.rstrip(_BLANK)
    if name:
        value = value.strip(_BLANK)
        result.assignments.append(Assignment(name, value, origin, bare=not equals))
    else:
        result.findings.warn("syntax", f"'{printable(line)}' names no option: ignored", origin)
