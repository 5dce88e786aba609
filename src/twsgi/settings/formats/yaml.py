"""YAML: C{option: value} below the name of the section; a list is an option that repeats.

What is flat, as uWSGI itself reads it, needs nothing but this module.  For all else there is
PyYAML, of which only the tree of nodes is used: no value is made into anything but its text.
"""

from __future__ import annotations

import re
from typing import Any

from twsgi.settings.assignment import Assignment, Origin, printable
from twsgi.settings.finding import Mistake
from twsgi.settings.grammar import Section

_HEADER = re.compile(r"([^\s:#\"'&*!|>\[\]{}?%-][^:#\"']*?)[ \t]*:[ \t\r]*(?:#.*)?")
_LINE = re.compile(
    r"(?P<indent>[ \t]+)(?P<name>[^\s:#\"'&*!|>\[\]{}?-][^:#\"']*?)[ \t]*:"
    r"(?:[ \t]+(?P<value>.*))?"
)
#: At the top, outside of any section.
_ELSEWHERE = re.compile(r"([\w-]+)[ \t]*:[ \t]+[\w./:-]+")
_COMMENT = re.compile(r"(?:^|[ \t])#.*")
#: What a value begins with that is more than the text that is there.
_MORE = tuple("\"'|>&*[{!")
_NULL = "tag:yaml.org,2002:null"


def parse(text: str, file: str, section: str) -> Section:
    """
    What C{section:} says.

    @raise ConfigurationError: it is no YAML, or needs PyYAML, which is not there.
    """
    return _flat(text, file, section) or _full(text, file, section)


def _flat(text: str, file: str, section: str) -> Section | None:
    """None where there is more to it."""
    result = Section()
    inside: str | None = None
    indent = ""
    for number, raw in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        line = raw.rstrip(" \t\r")
        if not line or line.lstrip(" \t").startswith("#") or (line == "---" and inside is None):
            continue
        header = _HEADER.fullmatch(line)
        if header:
            inside, indent = header[1], ""
            _open(result, inside, section)
            continue
        elsewhere = _ELSEWHERE.fullmatch(line)
        if elsewhere and elsewhere[1] != section:
            inside = ""
            continue
        found = _LINE.fullmatch(line)
        if found is None or inside is None or found["indent"] != (indent or found["indent"]):
            return None
        indent = found["indent"]
        value = found["value"] or ""
        if value.startswith(_MORE):
            return None
        value = _COMMENT.sub("", value).strip(" \t")
        if inside == section:
            origin = Origin(file, number)
            result.assignments.append(Assignment(found["name"], value, origin, bare=not value))
    return result


def _open(result: Section, name: str, section: str) -> None:
    if name == section:
        result.found = True
    elif name not in result.others:
        result.others.append(name)


def _full(text: str, file: str, section: str) -> Section:
    root = _tree(text, file)
    result = Section()
    if root is None:
        return result
    for key, value in _pairs(root, file):
        name = str(key.value)
        _open(result, name, section)
        if name == section:
            for name_node, node in _pairs(value, file):
                with result.findings.collecting():
                    _assign(str(name_node.value), node, file, result)
    return result


def _tree(text: str, file: str) -> Any:
    """The root node; None for an empty file."""
    try:
        import yaml
    except ImportError:
        raise Mistake(
            "file",
            "YAML of this kind needs PyYAML: install twsgi[yaml], "
            "or write each option as one line 'name: value', without quotes and lists",
            Origin(file),
        ) from None
    try:
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        reason = printable(error.problem or "cannot be read")
        raise Mistake("syntax", f"no YAML: {reason}", Origin(file, line)) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = "too deep" if isinstance(error, RecursionError) else printable(str(error), 200)
        raise Mistake("syntax", f"no YAML: {reason}", Origin(file)) from None


def _pairs(node: Any, file: str) -> list[tuple[Any, Any]]:
    origin = Origin(file, node.start_mark.line + 1)
    if node.id == "scalar" and node.tag == _NULL:
        return []
    if node.id != "mapping":
        raise Mistake("syntax", "write 'name: value' lines below the section's name", origin)
    for key, _ in node.value:
        if key.id != "scalar":
            raise Mistake("syntax", "a name is plain text", origin)
    return list(node.value)


def _assign(name: str, node: Any, file: str, result: Section) -> None:
    for one in node.value if node.id == "sequence" else [node]:
        origin = Origin(file, one.start_mark.line + 1)
        if one.id != "scalar":
            raise Mistake(
                "syntax", f"{printable(name)}: write a value, or a list of values", origin
            )
        bare = one.tag == _NULL
        value = "" if bare else str(one.value).strip(" \t\r\n")
        result.assignments.append(Assignment(name, value, origin, bare=bare))
