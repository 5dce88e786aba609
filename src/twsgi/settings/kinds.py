"""What an option's value may be, and how its text becomes the value in Settings.

A converter raises C{ValueError} with what is wrong and what to write; whoever calls it knows
where the text stood.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from twsgi.settings.actions import parse_hook, split_touch
from twsgi.settings.addresses import parse_address
from twsgi.settings.attached import parse_pairs, parse_smart
from twsgi.settings.headers import header, header_name
from twsgi.settings.staticvalues import mapping, pattern, pattern_lifetime, type_lifetime

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
#: What C{protocol} may be; the first alone is spoken here.
PROTOCOLS = (
    *("http", "http11", "uwsgi", "https", "fastcgi", "fastcgi-nph", "scgi", "scgi-nph", "raw"),
    *("suwsgi", "puwsgi"),
)
_SHARED = re.compile(r"=[0-9]{1,6}")
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
    @ivar numeric: a whole number; what people write for one is read as that.
    @ivar units: what may stand behind a number, in lower case, and what it multiplies by.
    @ivar path: a file's name, which may hold blanks; quotes around it are none of it.
    @ivar flag: true or false.
    @ivar write: value -> text that converts to it; None: C{str}, or true and false.
    @ivar alone: what such a flag means on a command line, if that is more than "given".
    """

    convert: Callable[[str], Any]
    metavar: str = ""
    repeated: bool = False
    optional: bool = False
    spaceless: bool = False
    types: tuple[type, ...] = ()
    alone: str | None = None
    numeric: bool = False
    units: Mapping[str, float] = field(default_factory=dict)
    path: bool = False
    flag: bool = False
    write: Callable[[Any], str] | None = None


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
    """0: off; 1: on; more: on, with so many seconds."""
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


def mount(text: str) -> str:
    """C{/path=file.py}, C{/path=package.module}, each with C{:callable} or without."""
    path, equals, what = text.partition("=")
    if not equals or not what or (path and not path.startswith("/")):
        raise ValueError("write /path=file.py or /path=package.module:callable")
    return text


def env_behaviour(text: str) -> str:
    """C{cheat} or C{holy}."""
    if text not in ("cheat", "holy"):
        raise ValueError("write cheat or holy")
    return text


def alias(text: str) -> str:
    """C{name=package.module} or C{name=file.py}."""
    name, _, what = text.partition("=")
    if not name or not what:
        raise ValueError("write NAME=package.module or NAME=file.py")
    return text


def address(text: str) -> str:
    """An address to listen on, or the place of one in C{shared-socket}, kept as written."""
    if not _SHARED.fullmatch(text):
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


def octal(value: int) -> str:
    """Rights of a file, as L{mode} reads them."""
    return f"{value:03o}"


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


def protocol(text: str) -> str:
    """One of L{PROTOCOLS}."""
    if text not in PROTOCOLS:
        raise ValueError("write http")
    return text


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


def kept(check: Callable[[str], object]) -> Callable[[str], str]:
    """A converter that leaves the text as it is, once C{check} has read it."""

    def convert(text: str) -> str:
        check(text)
        return text

    return convert


def integer(text: str) -> int:
    """A whole number, which may be below 0."""
    return -number(text[1:]) if text[:1] == "-" and text[1:2] != "-" else number(text)


def touch_hook(text: str) -> None:
    """C{FILE ACTION:ARGUMENT}; what waits would hold up the master."""
    found = parse_hook(split_touch(text)[1])
    if found.action.startswith("wait_for_"):
        raise ValueError(f"the hook action '{found.action}' would hold up the master")


#: What people write behind numbers.
BYTES: Mapping[str, float] = {
    "b": 1, "byte": 1, "bytes": 1,
    "k": 1024, "kb": 1024, "kib": 1024,
    "m": 1024**2, "mb": 1024**2, "mib": 1024**2,
    "g": 1024**3, "gb": 1024**3, "gib": 1024**3,
}  # fmt: skip
KILOBYTES: Mapping[str, float] = {name: factor / 1024 for name, factor in BYTES.items()}
MEGABYTES: Mapping[str, float] = {name: factor / 1024**2 for name, factor in BYTES.items()}
SECONDS: Mapping[str, float] = {
    "s": 1, "sec": 1, "secs": 1, "second": 1, "seconds": 1, "ms": 0.001,
    "m": 60, "min": 60, "mins": 60, "minute": 60, "minutes": 60,
    "h": 3600, "hour": 3600, "hours": 3600, "d": 86400, "day": 86400, "days": 86400,
}  # fmt: skip

KINDS: dict[str, Kind] = {
    "flag": Kind(boolean, optional=True, types=(bool,), flag=True),
    "number": Kind(number, "N", spaceless=True, types=(int,), numeric=True),
    "count": Kind(count, "N", spaceless=True, types=(int,), numeric=True),
    "size": Kind(size, "BYTES", spaceless=True, types=(int,), numeric=True, units=BYTES),
    "bytes": Kind(count, "BYTES", spaceless=True, types=(int,), numeric=True, units=BYTES),
    "megabytes": Kind(number, "MB", spaceless=True, types=(int,), numeric=True, units=MEGABYTES),
    "kilobytes": Kind(number, "KIB", spaceless=True, types=(int,), numeric=True, units=KILOBYTES),
    "integer": Kind(integer, "N", spaceless=True, types=(int,)),
    "interval": Kind(
        keepalive, "SECONDS", spaceless=True, types=(int, bool), numeric=True, units=SECONDS
    ),
    "seconds": Kind(count, "SECONDS", spaceless=True, types=(int,), numeric=True, units=SECONDS),
    "time": Kind(number, "SECONDS", spaceless=True, types=(int,), numeric=True, units=SECONDS),
    "keepalive": Kind(
        keepalive,
        "N",
        optional=True,
        spaceless=True,
        types=(int, bool),
        numeric=True,
        units=SECONDS,
    ),
    "text": Kind(str, "TEXT"),
    "name": Kind(filled, "NAME", spaceless=True, types=(int,)),
    "names": Kind(filled, "NAME", repeated=True, spaceless=True, types=(int,)),
    "path": Kind(filled, "PATH", path=True),
    "paths": Kind(filled, "PATH", repeated=True, path=True),
    "hooks": Kind(kept(parse_hook), "ACTION:ARGUMENT", repeated=True),
    "commands": Kind(filled, "COMMAND", repeated=True),
    "touch commands": Kind(kept(split_touch), "FILE COMMAND", repeated=True),
    "touch hooks": Kind(kept(touch_hook), "FILE ACTION:ARGUMENT", repeated=True),
    "daemons": Kind(kept(parse_pairs), "KEY=VALUE,...", repeated=True),
    "smart daemons": Kind(kept(parse_smart), "PIDFILE[,FREQ] COMMAND", repeated=True),
    "mappings": Kind(kept(mapping), "/MOUNTPOINT=PATH", repeated=True),
    "lifetimes": Kind(kept(pattern_lifetime), "REGEX SECONDS", repeated=True),
    "type lifetimes": Kind(kept(type_lifetime), "TYPE=SECONDS", repeated=True),
    "patterns": Kind(pattern, "REGEX", repeated=True),
    "methods": Kind(retry, "METHODS", spaceless=True),
    "url path": Kind(url_path, "PATH", spaceless=True),
    "module": Kind(module, "MODULE[:CALLABLE]", spaceless=True),
    "mounts": Kind(mount, "PATH=APPLICATION", repeated=True),
    "aliases": Kind(alias, "NAME=MODULE", repeated=True, spaceless=True),
    "env behaviour": Kind(env_behaviour, "BEHAVIOUR", spaceless=True),
    "modules": Kind(filled, "MODULE", repeated=True, spaceless=True),
    "addresses": Kind(address, "ADDRESS", repeated=True, spaceless=True),
    # Not taken apart: what is not served may be any name.
    "wire addresses": Kind(filled, "ADDRESS", repeated=True, spaceless=True),
    "protocol": Kind(protocol, "PROTOCOL", spaceless=True),
    "headers": Kind(header, "NAME: VALUE", repeated=True),
    "header names": Kind(header_name, "NAME", repeated=True, spaceless=True),
    "mode": Kind(mode, "MODE", spaceless=True, write=octal),
    "socket mode": Kind(
        socket_mode, "MODE", optional=True, spaceless=True, alone="666", write=octal
    ),
    "owner": Kind(owner, "USER[:GROUP]", spaceless=True),
    "variables": Kind(variable, "NAME=VALUE", repeated=True),
    # What is used up while reading, and leaves nothing in Settings.
    "file": Kind(filled, "FILE[:SECTION]", repeated=True),
    "condition": Kind(str, "VALUE", repeated=True),
    "assignment": Kind(variable, "NAME=VALUE", repeated=True),
}


def before_comment(text: str) -> str | None:
    """What stands before a C{;} or C{#} on the same line; None where there is none."""
    found = _COMMENT.match(text)
    return found["value"] if found else None
