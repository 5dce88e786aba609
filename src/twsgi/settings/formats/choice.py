"""Which of the formats a file is."""

from __future__ import annotations

from collections.abc import Callable

from twsgi.settings import grammar
from twsgi.settings.formats import json, xml, yaml
from twsgi.settings.grammar import Section

#: text, name of the file, section -> what it says.
Parse = Callable[[str, str, str], Section]

#: By the option that names the file.
BY_OPTION: dict[str, Parse] = {
    "ini": grammar.parse,
    "xml": xml.parse,
    "yaml": yaml.parse,
    "json": json.parse,
}
#: By what the file's name ends with.
ENDINGS: dict[str, str] = {
    ".ini": "ini",
    ".xml": "xml",
    ".yaml": "yaml",
    ".yml": "yaml",
    ".json": "json",
    ".js": "json",
}


def option_for(name: str) -> str | None:
    """The option that reads a file of this name (without its section); None: there is none."""
    for ending, option in ENDINGS.items():
        if name.endswith(ending):
            return option
    return None


def split(text: str) -> tuple[str, str]:
    """
    C{file:section} -> both; a colon before a slash belongs to the file.  Either may be empty.
    """
    file, colon, section = text.rpartition(":")
    if not colon or "/" in section:
        return text, ""
    return file, section
