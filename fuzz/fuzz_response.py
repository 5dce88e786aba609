"""Whatever an application says is refused, or what is written of it parses back as it was said."""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports():
    from twsgi.errors import ResponseError
    from twsgi.wire.chunked import ChunkedDecoder
    from twsgi.wire.response import HOP_BY_HOP, ResponseEncoder, check_headers, check_status

DATE = "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
#: Words that mean something, so that they need not be found letter by letter.
NAMES = ["Content-Length", "Connection", "Transfer-Encoding", "Date", "X-A", "Upgrade", "Trailer"]
STATUSES = ["200 OK", "204 No Content", "304 Not Modified", "404 ", "500", "200 caf\xe9"]


class Said:
    """A response of an application's, made of the fuzzer's bytes."""

    def __init__(self, data: bytes) -> None:
        made = atheris.FuzzedDataProvider(data)
        self.http11 = made.ConsumeBool()
        self.keep_alive = made.ConsumeBool()
        self.head_request = made.ConsumeBool()
        self.status = self._word(made, STATUSES)
        self.headers = [
            (self._word(made, NAMES), self._word(made, ["", "3", "a\tb"]))
            for _ in range(made.ConsumeIntInRange(0, 5))
        ]
        self.pieces = [made.ConsumeBytes(20) for _ in range(made.ConsumeIntInRange(0, 4))]
        self.pieces = [piece for piece in self.pieces if piece]
        self.knows_length = made.ConsumeBool()

    @staticmethod
    def _word(made: atheris.FuzzedDataProvider, known: list[str]) -> str:
        number = made.ConsumeIntInRange(0, 2 * len(known))
        return known[number] if number < len(known) else made.ConsumeUnicode(12)


def check_head(said: Said, head: bytes) -> dict[bytes, bytes]:
    """The head has the status, the fields in their order, and the server's; these are returned."""
    line, *lines = head.split(b"\r\n")
    if line.rstrip(b" ") != f"HTTP/1.1 {said.status}".rstrip(" ").encode("latin-1"):
        raise AssertionError(f"{said.status!r} became {line!r}")
    kept = [one for one in said.headers if one[0].lower() not in HOP_BY_HOP]
    wanted = [f"{name}: {value}".encode("latin-1") for name, value in kept]
    if lines[: len(wanted)] != wanted:
        raise AssertionError(f"{wanted} became {lines}")
    if any(byte in head.replace(b"\r\n", b"") for byte in b"\0\r\n"):
        raise AssertionError(f"a line ends within a line: {head!r}")
    fields = [one.partition(b": ") for one in lines]
    return {name.lower(): value for name, _, value in fields}


def check_body(said: Said, fields: dict[bytes, bytes], sent: bytes, omitted: bool) -> None:
    """The body is what was said, ended as the head says."""
    body = b"".join(said.pieces)
    if omitted:
        if sent:
            raise AssertionError(f"a body where there is none: {sent!r}")
    elif fields.get(b"transfer-encoding") == b"chunked":
        decoder = ChunkedDecoder()
        found = b"".join(decoder.feed(sent + b"next"))
        if not decoder.done or (found, decoder.rest) != (body, b"next"):
            raise AssertionError(f"{body!r} was sent as {sent!r}")
    elif sent != body:
        raise AssertionError(f"{body!r} was sent as {sent!r}")


def one_input(data: bytes) -> None:
    """The bytes are a response."""
    said = Said(data)
    try:
        check_status(said.status)
        length = check_headers(said.headers)
    except ResponseError:
        return
    if length is None and said.knows_length:
        length = sum(map(len, said.pieces))
    encoder = ResponseEncoder(said.http11, said.keep_alive, said.head_request)
    head = encoder.head(said.status, said.headers, length, DATE)
    if not head.endswith(b"\r\n\r\n") or head.count(b"\r\n\r\n") != 1:
        raise AssertionError(f"not one head: {head!r}")
    sent = b"".join(map(encoder.body, said.pieces)) + encoder.end()
    fields = check_head(said, head[:-4])
    check_body(said, fields, sent, encoder.omits_body)
    framed = b"content-length" in fields or b"transfer-encoding" in fields
    if not (framed or encoder.omits_body or encoder.close):
        raise AssertionError(f"nobody knows where this ends: {head!r}")


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
