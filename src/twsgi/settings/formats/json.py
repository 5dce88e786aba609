"""JSON: C{{"uwsgi": {"http": ":8000", "master": true, "env": ["A=1", "B=2"]}}}."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from twsgi.settings.assignment import Assignment, Origin, printable
from twsgi.settings.finding import Mistake
from twsgi.settings.grammar import Section

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[][{}]|[^][{}\s",:]+|\n', re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Token:
    """One string, number, word or bracket, and the line it is in."""

    text: str
    line: int

    @property
    def opens(self) -> bool:
        return self.text in ("{", "[")

    @property
    def value(self) -> str:
        return str(json.loads(self.text)) if self.text.startswith('"') else self.text


def parse(text: str, file: str, section: str) -> Section:
    """
    What the object named C{section} says.

    @raise ConfigurationError: it is no JSON, or another kind of it.
    """
    text = text.removeprefix("\ufeff")
    _check(text, file)
    tokens = _tokens(text)
    if next(tokens).text != "{":
        raise Mistake("syntax", f'write {{"{printable(section)}": {{...}}}}', Origin(file, 1))
    result = Section()
    for name, value in _members(tokens):
        inside = name.value == section
        if inside:
            result.found = True
        elif name.value not in result.others:
            result.others.append(name.value)
        if inside and value.text == "{":
            _assign(tokens, file, result)
        elif inside:
            raise Mistake("syntax", "a section is an object: {...}", Origin(file, value.line))
        else:
            _skip(value, tokens)
    return result


def _check(text: str, file: str) -> None:
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        raise Mistake("syntax", f"no JSON: {error.msg}", Origin(file, error.lineno)) from None
    except (ValueError, RecursionError):
        # A number of more digits than Python takes, or brackets without end.
        raise Mistake("syntax", "no JSON that anybody would write", Origin(file)) from None


def _tokens(text: str) -> Iterator[_Token]:
    """Of what is JSON; without commas and colons, which say nothing more then."""
    line = 1
    for found in _TOKEN.finditer(text):
        if found[0] == "\n":
            line += 1
        else:
            yield _Token(found[0], line)


def _members(tokens: Iterator[_Token]) -> Iterator[tuple[_Token, _Token]]:
    """Name and (the first token of the) value of each member, up to the end of the object."""
    for name in tokens:
        if name.text == "}":
            return
        yield name, next(tokens)


def _skip(first: _Token, tokens: Iterator[_Token]) -> None:
    """To the end of a value that begins with this."""
    depth = int(first.opens)
    while depth:
        one = next(tokens)
        depth += one.opens - (one.text in ("}", "]"))


def _assign(tokens: Iterator[_Token], file: str, result: Section) -> None:
    for name, value in _members(tokens):
        if value.text == "[":
            values = []
            for one in tokens:
                if one.text == "]":
                    break
                values.append(one)
                _skip(one, tokens)
        else:
            values = [value]
            _skip(value, tokens)
        for one in values:
            origin = Origin(file, one.line)
            if one.opens:
                what = f"{printable(name.value)}: write a value, or a list of values"
                result.findings.refuse(Mistake("syntax", what, origin))
                continue
            bare = one.text == "null"
            text = "" if bare else one.value.strip(" \t\r\n")
            result.assignments.append(Assignment(name.value, text, origin, bare=bare))
