"""
llhttp's C{test/request/*.md}: each case has bytes, and the events that its parser reports.

A case passes if as many requests reach the application as are complete in its events, with these
methods and targets, and none after an error in its events.  Cases for a lenient flag are asked of
llhttp itself, without the flag (C{httptools}): what comes after its refusal may not be accepted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.outside.report import Report
from tests.outside.talk import Conversation, converse, with_host

#: Between the bytes and the log some cases have a note.
_BLOCK = re.compile(
    r"<!--\s*meta=(\{.*?\})\s*-->\s*^```http\n(.*?)^```\n(?:(?!<!--).)*?^```log\n(.*?)^```",
    re.DOTALL | re.MULTILINE,
)
_SPAN = re.compile(r"span\[(method|url)\]=\"(.*)\"$", re.MULTILINE)
_ERROR = re.compile(r"error code=(\d+) reason=\"(.*)\"")
#: Errors that are none: a pause that the case asked for, and one at CONNECT or Upgrade.
_PAUSED, _UPGRADE = 21, 22


@dataclass
class Case:
    """
    One case.

    @ivar meta: what the file says of it.
    @ivar kind: C{request}, or the lenient flag.
    @ivar events: the log of llhttp.
    """

    name: str
    meta: str
    data: bytes
    events: str

    @property
    def kind(self) -> str:
        found = re.search(r'"type"\s*:\s*"([^"]*)"', self.meta)
        return found[1] if found else ""

    @property
    def error(self) -> tuple[int, str] | None:
        """The error that llhttp reports: its code and its words."""
        found = _ERROR.search(self.events)
        return None if found is None else (int(found[1]), found[2])

    @property
    def refused(self) -> bool:
        """llhttp refuses these bytes, or what comes after a complete request."""
        return self.error is not None and self.error[0] not in (_PAUSED, _UPGRADE)

    @property
    def complete(self) -> int:
        """How many requests llhttp has seen to their end."""
        return self.events.count("message complete")

    def spans(self, name: str) -> list[str]:
        """All methods, or all targets."""
        return [text for kind, text in _SPAN.findall(self.events) if kind == name]


def cases(source: Path) -> Iterator[Case]:
    """All cases of all files."""
    for path in sorted((source / "test" / "request").glob("*.md")):
        text = path.read_text()
        for block in _BLOCK.finditer(text):
            line = text.count("\n", 0, block.start()) + 1
            heading = re.findall(r"(?m)^#+ (.*)$", text[: block.start()])[-1]
            name = f"{path.stem}: {heading.replace('`', '')}"
            yield Case(f"{name} ({line})", block[1], decoded(block[2]), block[3])


def decoded(text: str) -> bytes:
    """The bytes of a case: lines end in CRLF, a backslash begins what cannot be written."""
    text = re.sub(r"\\(\r\n|\r|\n)", "", text.removesuffix("\n"))
    text = re.sub(r"\r\n|\r|\n", "\r\n", text)
    for written, meant in (("\\r", "\r"), ("\\n", "\n"), ("\\t", "\t"), ("\\f", "\f")):
        text = text.replace(written, meant)
    text = re.sub(r"\\x([0-9a-fA-F]+)", lambda found: chr(int(found[1], 16)), text)
    text = re.sub(r"\\([0-7]{1,3})", lambda found: chr(int(found[1], 8)), text)
    return text.encode("utf-8")


def run(source: Path, port: int) -> list[Report]:
    """All files, against the echo that listens at C{port}."""
    strict, lenient = Report("llhttp strict"), Report("llhttp lenient")
    for case in cases(source):
        hosted = with_host(case.data)
        if b"${" in case.data:
            strict.skipped[case.name] = "its bytes are an expression of JavaScript"
        elif "skipBody" in case.meta:
            strict.skipped[case.name] = "its reader is told that there are no bodies"
        elif case.kind in ("request", "request-finish"):
            strict.hosted += hosted != case.data
            found = converse(port, [hosted])
            if case.refused and found.refused is None:
                # It may have been waiting for the rest, so that its silence shows nothing.
                found = converse(port, [with_host(case.data + b"\r\n\r\n")])
            strict.add(case.name, difference(case, found))
        elif (complete := before_refusal(case.data)) is not None:
            lenient.hosted += hosted != case.data
            found = converse(port, [hosted])
            said = f"expected {complete} accepted; twsgi {found}"
            lenient.add(case.name, said if len(found.accepted) > complete else "")
        else:
            lenient.skipped[case.name] = "without its flag llhttp accepts it, too"
    return [strict, lenient]


def difference(case: Case, found: Conversation) -> str:
    """What llhttp does and what twsgi does; C{""}: the same."""
    error = case.error
    accepted = len(found.accepted)
    if error is not None and error[0] == _UPGRADE:
        # From here the bytes are another protocol's for llhttp, and HTTP/1.1's for us.
        if not accepted:
            return f"expected an upgrade; twsgi {found}"
    elif error is not None and case.refused:
        if accepted > case.complete:
            return f"expected {error[1]!r}; twsgi {found}"
    elif found.refused or accepted < case.complete:
        return f"expected {case.complete} accepted; twsgi {found}"
    for name, key in (("method", "REQUEST_METHOD"), ("url", "REQUEST_URI")):
        wanted = case.spans(name)[:accepted]
        got = [one[key] for one in found.accepted[: len(wanted)]]
        if got != wanted:
            return f"expected {name} {wanted}; twsgi has {got}"
    return ""


def before_refusal(data: bytes) -> int | None:
    """How many requests llhttp accepts before it refuses these bytes; None: it refuses nothing."""
    import httptools

    heard = _Heard()
    parser = httptools.HttpRequestParser(heard)
    try:
        parser.feed_data(data)
    except httptools.HttpParserUpgrade:
        return None
    except httptools.HttpParserError:
        return heard.complete
    return None


class _Heard:
    """Counts the requests that are complete."""

    complete = 0

    def on_message_complete(self) -> None:
        """httptools: one more."""
        self.complete += 1
