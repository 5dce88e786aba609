"""
The cases: bytes that a client sends on one connection, and what is to become of them.

A runner feeds a case's bytes in pieces (L{Case.variants}), collects an L{Outcome}, and asks
L{differences} what is wrong with it.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

DIRECTORY = Path(__file__).parent

#: Follows every case that does not wait for more.  Where the connection is kept it must be read as
#: a request; where it is closed nobody may see it.
AFTER = b"GET /after HTTP/1.1\r\nHost: after.test\r\nConnection: close\r\n\r\n"

#: Bytes up to which a case is fed byte by byte; a longer one comes in as many pieces.
_BYTE_BY_BYTE = 2000

_ENDS = ("keep", "close", "waits")


@dataclass
class Request:
    """
    A request as the application is to see it.

    @ivar variables: of CGI; all that begin with HTTP_ or CONTENT_ are here.
    @ivar sizes: variables that are too long to be written out, and their lengths.
    @ivar absent: variables that must not be there.
    @ivar body: the body; None: only C{body_size} is known.
    """

    variables: dict[str, str]
    sizes: dict[str, int] = field(default_factory=dict)
    absent: list[str] = field(default_factory=list)
    body: bytes | None = b""
    body_size: int = 0


@dataclass
class Case:
    """
    One case.

    @ivar name: the files' name, which says the rule.
    @ivar classes: the classes of attack that it belongs to, C{S1} to C{S30}, or C{none}.
    @ivar why: the rule, in words.
    @ivar data: what the client sends.
    @ivar requests: what the application sees, in order.
    @ivar status: what refuses the rest, or None.
    @ivar end: what becomes of the connection: C{keep}, C{close}; C{waits} for more bytes.
    @ivar told: how often the client is told to go on (C{100 Continue}), if it has not.
    """

    name: str
    classes: list[str]
    why: str
    data: bytes
    requests: list[Request]
    status: int | None
    end: str
    told: int = 0

    @property
    def fed(self) -> bytes:
        """What is sent: the case's bytes, and after them L{AFTER}, unless it waits for more."""
        return self.data + (b"" if self.end == "waits" else AFTER)

    @property
    def wanted(self) -> list[Request]:
        """What the application is to see of L{fed}."""
        after = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": "/after",
            "QUERY_STRING": "",
            "HTTP_HOST": "after.test",
            "HTTP_CONNECTION": "close",
        }
        return self.requests + ([Request(after)] if self.end == "keep" else [])

    def variants(self, random_cuts: int) -> Iterator[tuple[str, list[bytes]]]:
        """
        How L{fed} comes: whole, byte by byte, cut at random; and the case alone, where nothing
        has to follow for it to be judged.
        """
        if self.end == "close":
            yield "alone", [self.data]
        data = self.fed
        yield "whole", [data]
        step = max(1, len(data) // _BYTE_BY_BYTE)
        yield "byte by byte", [data[at : at + step] for at in range(0, len(data), step)]
        for number in range(random_cuts):
            chance = random.Random(f"{self.name} {number}")
            places = sorted(chance.randrange(len(data) + 1) for _ in range(chance.randint(1, 6)))
            yield f"cut at {places}", split(data, places)


@dataclass
class Seen:
    """A request as the application saw it: strings of its environ, and the body."""

    environ: dict[str, str]
    body: bytes


@dataclass
class Outcome:
    """
    What became of a case.

    @ivar seen: what the application saw.
    @ivar statuses: of the answers that came, the interim ones left out.
    @ivar interim: how often the client was told to go on.
    @ivar open: the connection still waits for bytes.
    """

    seen: list[Seen]
    statuses: list[int]
    interim: int
    open: bool


def split(data: bytes, places: Iterable[int]) -> list[bytes]:
    """C{data}, cut at these places; no piece is empty."""
    ends = sorted({0, *places, len(data)})
    return [data[one:two] for one, two in itertools.pairwise(ends)]


@cache
def load() -> tuple[Case, ...]:
    """All cases, by name."""
    return tuple(read(path) for path in sorted(DIRECTORY.glob("*.expect")))


def read(path: Path) -> Case:
    """The case whose C{.expect} file this is."""
    try:
        return parse(path.stem, path.with_suffix(".req").read_bytes(), path.read_text())
    except (ValueError, OSError) as error:
        raise ValueError(f"{path.name}: {error}") from error


def parse(name: str, data: bytes, text: str) -> Case:
    """
    @param text: an C{.expect} file's.
    @raise ValueError: it is none.
    """
    case = Case(name, [], "", data, [], None, "")
    for line in text.splitlines():
        word, _, rest = line.strip().partition(" ")
        if case.end:
            raise ValueError(f"after the end: {line}")
        if word == "class":
            case.classes = rest.split()
        elif word == "why":
            case.why = rest
        elif word == "request":
            method, _, path = rest.partition(" ")
            variables = {"REQUEST_METHOD": method, "PATH_INFO": _text(path), "QUERY_STRING": ""}
            case.requests.append(Request(variables))
        elif word == "status":
            case.status, case.end = int(rest), "close"
        elif word in _ENDS:
            case.end = word
        elif word == "continue":
            case.told += 1
        elif case.requests:
            _detail(case.requests[-1], word, rest)
        else:
            raise ValueError(f"before the first request: {line}")
    if not (case.classes and case.why and case.end):
        raise ValueError("class, why, or the end is missing")
    return case


def _detail(request: Request, word: str, rest: str) -> None:
    if word == "query":
        request.variables["QUERY_STRING"] = _text(rest)
    elif word == "body":
        request.body = _text(rest).encode("latin-1")
    elif word == "body-size":
        request.body, request.body_size = None, int(rest)
    elif word == "no":
        request.absent.append(rest)
    elif word.endswith("-size") and word[0].isupper():
        request.sizes[word[: -len("-size")]] = int(rest)
    elif word[:1].isupper():
        request.variables[word] = _text(rest)
    else:
        raise ValueError(f"not understood: {word} {rest}")


def _text(escaped: str) -> str:
    """A value: latin-1 by Python's escapes."""
    return escaped.encode("ascii").decode("unicode_escape")


def differences(case: Case, outcome: Outcome, told: int | None = None) -> list[str]:
    """
    What is not as it should be, in words.

    @param told: how often the client has to be told to go on; None: as often as the case says,
        or less, for what came with the head needs no leave to come.
    """
    found = []
    wanted = case.wanted
    if len(outcome.seen) != len(wanted):
        paths = [one.environ.get("PATH_INFO") for one in outcome.seen]
        found.append(f"the application saw {paths}, not {len(wanted)} requests")
    for number, (request, seen) in enumerate(zip(wanted, outcome.seen, strict=False), 1):
        found += [f"request {number}: {one}" for one in _request_differences(request, seen)]
    statuses = [200] * len(wanted) + ([] if case.status is None else [case.status])
    if outcome.statuses != statuses:
        found.append(f"the client got {outcome.statuses}, not {statuses}")
    if outcome.interim > case.told or told not in (None, outcome.interim):
        wanted_times = case.told if told is None else told
        found.append(f"the client was told {outcome.interim} times to go on, not {wanted_times}")
    if outcome.open != (case.end == "waits"):
        found.append("the connection was " + ("not closed" if outcome.open else "closed"))
    return found


def _request_differences(request: Request, seen: Seen) -> Iterator[str]:
    environ = seen.environ
    if request.body is None:
        if len(seen.body) != request.body_size:
            yield f"a body of {len(seen.body)} bytes, not {request.body_size}"
    elif seen.body != request.body:
        yield f"the body is {seen.body[:200]!r}, not {request.body!r}"
    for name, value in request.variables.items():
        if environ.get(name) != value:
            yield f"{name} is {environ.get(name)!r:.200}, not {value!r}"
    for name, size in request.sizes.items():
        if len(environ.get(name, "")) != size:
            yield f"{name} has {len(environ.get(name, ''))} characters, not {size}"
    for name in environ:
        known = name in request.variables or name in request.sizes
        if name in request.absent or (name.startswith(("HTTP_", "CONTENT_")) and not known):
            yield f"{name} is there: {environ[name]!r:.200}"
