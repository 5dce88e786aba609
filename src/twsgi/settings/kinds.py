"""What an option's value may be, and how its text becomes the value in Settings.

A converter raises C{ValueError} with what is wrong and what to write; whoever calls it knows
where the text stood.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from twsgi.settings.addresses import parse_address

#: uWSGI's words for false; every other word is true there.
FALSE = frozenset({"false", "off", "no", "0"})
TRUE = frozenset({"", "true", "on", "yes", "1"})
#: The largest number uWSGI's C{int} options hold.
LARGEST = 2**31 - 1

_MODE = re.compile(r"[0-7]{3,4}")
_URL_PATH = re.compile(r"/[!-\"$->@-~]*")
_NUMBER = re.compile(r"-?[0-9]+")
#: What C{http-retry} may be.
RETRIES = ("idempotent", "safe", "off")
_COMMENT = re.compile(r"(?P<value>\S.*?)[ \t]+[;#]")


@dataclass(frozen=True, slots=True)
class Kind:
    """
    @ivar convert: text -> value of Settings (of one element, where the option repeats).
    @ivar metavar: how usage writes the value; empty: a flag that needs none.
    @ivar repeated: each assignment adds to a tuple; otherwise the last one wins.
    @ivar optional: on a command line the flag may stand alone.
    @ivar spaceless: no value holds a blank, so what comes behind one can only be a comment.
    @ivar types: what a keyword may hold, beside text.
    @ivar alone: what such a flag means on a command line, if that is more than "given".
    """

    convert: Callable[[str], Any]
    metavar: str = ""
    repeated: bool = False
    optional: bool = False
    spaceless: bool = False
    types: tuple[type, ...] = ()
    alone: str | None = None


def boolean(text: str) -> bool:
    """uWSGI's rule: false, off, no and 0 are false, in any case; all else is true."""
    return text.lower() not in FALSE


def number(text: str) -> int:
    """A whole number, 0 or more."""
    if not text:
        raise ValueError("needs a whole number")
    if not _NUMBER.fullmatch(text):
        raise ValueError("not a whole number")
    if text.startswith("-"):
        raise ValueError("must not be negative")
    if len(text) > 10 or int(text) > LARGEST:
        raise ValueError(f"must not be more than {LARGEST}")
    return int(text)


def size(text: str) -> int:
    """Bytes: a whole number, 0 or more, of any size that a file may have."""
    if not re.fullmatch("[0-9]{1,18}", text):
        raise ValueError("write a number of bytes, 0 or more")
    return int(text)


def count(text: str) -> int:
    """A whole number, 1 or more."""
    value = number(text)
    if value < 1:
        raise ValueError("must be at least 1")
    return value


def keepalive(text: str) -> int:
    """0: off; 1: on; more: on, with an idle limit of so many seconds."""
    word = text.lower()
    if word in FALSE:
        return 0
    return 1 if word in TRUE else number(text)


def filled(text: str) -> str:
    """Any text but an empty one."""
    if not text:
        raise ValueError("needs a value")
    return text


def module(text: str) -> str:
    """C{package.module} or C{package.module:callable}."""
    name, colon, called = filled(text).partition(":")
    if not name or (colon and not called) or len(text.split()) > 1:
        raise ValueError("write package.module or package.module:callable")
    return text


def address(text: str) -> str:
    """An address to listen on, kept as written."""
    parse_address(filled(text))
    return text


def mode(text: str) -> int:
    """Rights of a file as C{chmod} writes them: three octal digits, or four."""
    if not _MODE.fullmatch(text):
        raise ValueError("write three octal digits, such as 660")
    return int(text, 8)


def socket_mode(text: str) -> int:
    """As L{mode}; uWSGI's words for what is none."""
    if not _MODE.fullmatch(text):
        raise ValueError(f"invalid chmod value: {text}: write three octal digits, such as 660")
    return int(text, 8)


def owner(text: str) -> str:
    """C{user} or C{user:group}, by names or numbers."""
    user, colon, group = filled(text).partition(":")
    if not user or (colon and not group) or ":" in group:
        raise ValueError("write user or user:group")
    return text


def retry(text: str) -> str:
    """One of L{RETRIES}; uWSGI's words for false are C{off}."""
    word = "off" if text.lower() in FALSE else text.lower()
    if word not in RETRIES:
        raise ValueError(f"write {', '.join(RETRIES[:-1])} or {RETRIES[-1]}")
    return word


def url_path(text: str) -> str:
    """The path of a URL: visible ASCII, without a query."""
    if not _URL_PATH.fullmatch(text):
        raise ValueError("write a path such as /ready, without a query")
    return text


def variable(text: str) -> str:
    """C{NAME=value}, a variable of the environment."""
    if not text.partition("=")[0] or "=" not in text:
        raise ValueError("write NAME=value")
    return text


KINDS: dict[str, Kind] = {
    "flag": Kind(boolean, optional=True, types=(bool,)),
    "number": Kind(number, "N", spaceless=True, types=(int,)),
    "count": Kind(count, "N", spaceless=True, types=(int,)),
    "size": Kind(size, "BYTES", spaceless=True, types=(int,)),
    "megabytes": Kind(number, "MB", spaceless=True, types=(int,)),
    "seconds": Kind(count, "SECONDS", spaceless=True, types=(int,)),
    "keepalive": Kind(keepalive, "N", optional=True, spaceless=True, types=(int, bool)),
    "text": Kind(str, "TEXT"),
    "name": Kind(filled, "NAME", spaceless=True, types=(int,)),
    "names": Kind(filled, "NAME", repeated=True, spaceless=True, types=(int,)),
    "path": Kind(filled, "PATH"),
    "paths": Kind(filled, "PATH", repeated=True),
    "hooks": Kind(filled, "HOOK", repeated=True),
    "methods": Kind(retry, "METHODS", spaceless=True),
    "url path": Kind(url_path, "PATH", spaceless=True),
    "module": Kind(module, "MODULE[:CALLABLE]", spaceless=True),
    "addresses": Kind(address, "ADDRESS", repeated=True, spaceless=True),
    "mode": Kind(mode, "MODE", spaceless=True),
    "socket mode": Kind(socket_mode, "MODE", optional=True, spaceless=True, alone="666"),
    "owner": Kind(owner, "USER[:GROUP]", spaceless=True),
    "variables": Kind(variable, "NAME=VALUE", repeated=True),
    # What is used up while reading, and leaves nothing in Settings.
    "file": Kind(filled, "FILE[:SECTION]", repeated=True),
    "assignment": Kind(variable, "NAME=VALUE", repeated=True),
}


def before_comment(text: str) -> str | None:
    """What stands before a C{;} or C{#} on the same line; None where there is none."""
    found = _COMMENT.match(text)
    return found["value"] if found else None
