"""A connection's bytes are the same requests with the same bodies, whole and cut anywhere."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import atheris

# What a channel stands on is faked as the tests fake it.
sys.path.insert(0, str(Path(__file__).parents[1]))

with atheris.instrument_imports(include=["twsgi"]):
    from tests.web.fakes import SiteFixture
    from twisted.web.resource import Resource

    from twsgi.wire.fields import parse_fields


class Recorder(Resource):
    """Remembers what it was asked."""

    isLeaf = True

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[dict[str, str], bytes]] = []

    def render(self, request: Any) -> bytes:
        self.seen.append((dict(request.head.environ), request.content.read()))
        request.setHeader(b"content-length", b"0")
        return b""


_recorder = Recorder()
_fixture = SiteFixture(_recorder)
_fixture.site.parse = parse_fields


def outcome(pieces: list[bytes]) -> tuple[object, ...]:
    """What the application saw; whether the rest was refused; whether the connection was closed."""
    _recorder.seen = []
    client = _fixture.client()
    for piece in pieces:
        client.send(piece)
    refused = [status for status in client.statuses() if status not in (100, 200)]
    closed = client.lost
    client.connection.client_gone()
    # Which of two faults is found first may depend on the cuts; that one is, never.
    return _recorder.seen, bool(refused), closed


def check(data: bytes, cuts: bytes) -> None:
    """C{cuts} are the lengths of the pieces, again and again."""
    pieces = []
    at = 0
    while at < len(data):
        size = cuts[len(pieces) % len(cuts)] % 31 + 1
        pieces.append(data[at : at + size])
        at += size
    whole, parts = outcome([data]), outcome(pieces)
    if whole != parts:
        raise AssertionError(f"{data!r} whole: {whole}; in pieces {pieces}: {parts}")


def one_input(data: bytes) -> None:
    """The last bytes say how the others are cut: so a case of the corpus is an input, too."""
    check(data, data[-4:] or b"\0")
    # Most mutations of a head are refused at once: the same as a body.
    for framing in (b"Transfer-Encoding: chunked", b"Content-Length: %d" % (len(data) // 2)):
        head = b"POST / HTTP/1.1\r\nHost: a\r\n" + framing + b"\r\n\r\n"
        check(head + data, data[-4:] or b"\0")


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
