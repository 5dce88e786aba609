"""A chunked body is the same in one piece and in many, and nothing but HTTPError is raised."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

import atheris

with atheris.instrument_imports():
    from twsgi.errors import HTTPError
    from twsgi.wire.chunked import ChunkedDecoder


def cut(data: bytes, size: int) -> Iterator[bytes]:
    """The same bytes in pieces of one size."""
    return (data[at : at + size] for at in range(0, len(data), size))


def decoded(pieces: Iterable[bytes]) -> tuple[object, ...]:
    """Whether it was refused; the body, the end, the rest."""
    decoder = ChunkedDecoder()
    body = rest = b""
    try:
        for piece in pieces:
            if decoder.done:
                rest += piece
            else:
                body += b"".join(decoder.feed(piece))
    except HTTPError:
        return ("refused",)
    return decoder.done, body, decoder.rest + rest


def one_input(data: bytes) -> None:
    """The first byte says how the others are cut."""
    if data:
        size, data = data[0] % 16 + 1, data[1:]
        whole, parts = decoded([data]), decoded(cut(data, size))
        if whole != parts:
            raise AssertionError(f"{data!r} whole: {whole}; in pieces of {size}: {parts}")


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
