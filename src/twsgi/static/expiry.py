"""L{Expiry}: until when a response may be kept (uWSGI's C{static-expires} and its kin)."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from twsgi.settings.staticvalues import Lifetime
from twsgi.static.check import FoundFile


class _Rule(NamedTuple):
    """
    @ivar matches: tells it of a request's variables, a file and its type.
    @ivar since_change: the time is counted from the file's last change, not from now.
    """

    matches: Callable[[Mapping[str, str], FoundFile, str], object]
    seconds: int
    since_change: bool


class Expiry:
    """
    The rules, in order: the first that matches counts.

    Regular expressions are the operator's, and so is what they cost: Python bounds none.  They
    are asked of files that are there alone, and of what a client wrote only in C{by_uri}.
    """

    def __init__(self) -> None:
        self.rules: list[_Rule] = []
        #: A rule looks at the query, so that responses for one path may differ.
        self.by_uri = False

    def by_file(self, lifetimes: Sequence[Lifetime], since_change: bool) -> None:
        """Rules on the real path."""
        for one in lifetimes:
            search = re.compile(one.what).search
            self._add(lambda _, found, kind, s=search: s(_real(found)), one, since_change)

    def by_variable(self, name: str, lifetimes: Sequence[Lifetime], since_change: bool) -> None:
        """Rules on a CGI variable: PATH_INFO, REQUEST_URI."""
        for one in lifetimes:
            search = re.compile(one.what).search
            self._add(lambda environ, *_, s=search: s(_text(environ[name])), one, since_change)
            self.by_uri = self.by_uri or name == "REQUEST_URI"

    def by_type(self, lifetimes: Sequence[Lifetime], since_change: bool) -> None:
        """Rules on the type."""
        for one in lifetimes:
            self._add(lambda _, found, kind, w=one.what: kind.lower() == w, one, since_change)

    def _add(self, matches: Callable[..., object], one: Lifetime, since_change: bool) -> None:
        self.rules.append(_Rule(matches, one.seconds, since_change))

    def of(
        self, environ: Mapping[str, str], found: FoundFile, kind: str
    ) -> tuple[int, bool] | None:
        """
        How long a response may be kept.

        @param kind: the file's type.
        @return: seconds, and whether they count from the file's last change; None: nothing is
            said of it.
        """
        for rule in self.rules:
            if rule.matches(environ, found, kind):
                return rule.seconds, rule.since_change
        return None


def _real(found: FoundFile) -> str:
    return os.fsdecode((found.original or found).real)


def _text(value: str) -> str:
    """A CGI variable, of which each character is a byte, as a person writes it."""
    return os.fsdecode(value.encode("latin-1"))
