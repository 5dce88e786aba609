"""Both parsers of a head's fields agree, whatever a client sends, head after head."""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports():
    from twsgi.errors import HTTPError
    from twsgi.wire.fields import FieldParser, LlhttpParser, parse_fields
    from twsgi.wire.head import request_head

_llhttp = LlhttpParser()


def outcome(parse: FieldParser, head: bytes) -> object:
    """What the policy on heads makes of it: a status, or all that a head says."""
    try:
        found = request_head(head, parse)
    except HTTPError as error:
        return error.status
    return {name: getattr(found, name) for name in type(found).__slots__}


def one_input(data: bytes) -> None:
    """The input is heads, one after another on the one parser."""
    for part in data.split(b"\r\n\r\n"):
        # Once as it is, once as fields: most mutations of a request line are refused at once.
        for head in (part, b"POST /a HTTP/1.1\r\nHost: a\r\n" + part):
            # As a channel cuts it, which skips empty lines before a head.
            head = head.lstrip(b"\r\n") + b"\r\n\r\n"
            whole = head[: head.index(b"\r\n\r\n") + 4]
            ours, theirs = outcome(parse_fields, whole), outcome(_llhttp, whole)
            if ours != theirs:
                raise AssertionError(f"{whole!r}: ours says {ours}, llhttp {theirs}")


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
