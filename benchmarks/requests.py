"""The requests that wrk sends, as bytes: C{wrk.lua} says what a browser's is, and nobody else."""

from __future__ import annotations

import re
from pathlib import Path

_LUA = Path(__file__).with_name("wrk.lua")
_TABLE = re.compile(r"local browser = \{(.*?)\n\}", re.DOTALL)
_FIELD = re.compile(r"\[\"(.+?)\"\] = (.+?),\n(?=\s+\[|\Z)", re.DOTALL)
_STRING = re.compile(r"\"([^\"]*)\"|'([^']*)'")


def browser_fields(lua: str) -> list[tuple[str, str]]:
    """
    Names and values of the table C{browser}.

    @param lua: the script.
    @raise ValueError: there is no such table.
    """
    found = _TABLE.search(lua)
    if found is None:
        raise ValueError("no table named browser")
    return [
        # Long values are strings joined by "..".
        (name, "".join(double or single for double, single in _STRING.findall(value)))
        for name, value in _FIELD.findall(found[1] + "\n")
    ]


def head(fields: list[tuple[str, str]]) -> bytes:
    """A GET of C{/} with some fields."""
    lines = ["GET / HTTP/1.1", *(f"{name}: {value}" for name, value in fields), "", ""]
    return "\r\n".join(lines).encode("latin-1")


_FIELDS = browser_fields(_LUA.read_text("utf-8"))

TINY = head([("Host", "www.example.com")])
TINY_FIELDS = 1
BROWSER = head(_FIELDS)
BROWSER_FIELDS = len(_FIELDS)
