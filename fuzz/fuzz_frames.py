"""Frames of a link: the same in one piece and in many, and nothing but FrameError is raised."""

from __future__ import annotations

import sys
from collections.abc import Iterable

import atheris

with atheris.instrument_imports():
    from twsgi.errors import FrameError
    from twsgi.wire import frames


def decoded(pieces: Iterable[bytes]) -> tuple[object, ...]:
    """Bytes for the client, the kinds and flags of frames, and whether it was refused."""
    decoder = frames.ResponseDecoder()
    data, signs, refused = b"", [], False
    try:
        for piece in pieces:
            for kind, flags, body in decoder.feed(piece):
                data += body
                if flags or kind != frames.RESPONSE:
                    signs.append((kind, flags, len(data)))
    except FrameError:
        refused = True
    return data, signs, refused


def check_responses(data: bytes, size: int) -> None:
    """A worker's half of a link."""
    whole = decoded([data])
    parts = decoded(data[at : at + size] for at in range(0, len(data), size))
    if whole != parts:
        raise AssertionError(f"{data!r} whole: {whole}; in pieces of {size}: {parts}")


def check_requests(data: bytes) -> None:
    """A frontend's half: a head, and variables, which come back as they were."""
    if len(data) >= frames.REQUEST_HEAD:
        try:
            frames.decode_request_head(data)
        except FrameError:
            pass
    try:
        variables = frames.decode_variables(data)
    except FrameError:
        return
    again = frames.decode_variables(frames.encode_variables(variables))
    if again != variables:
        raise AssertionError(f"{data!r}: {variables} became {again}")


def one_input(data: bytes) -> None:
    """The first byte says how the others are cut."""
    if data:
        check_responses(data[1:], data[0] % 16 + 1)
        check_requests(data[1:])


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
