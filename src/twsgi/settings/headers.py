"""What C{add-header} and C{del-header} may name: a field that can stand in any response."""

from __future__ import annotations

import re

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
#: Control characters but tab: a value that had one could end its line.
_UNSAFE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
#: Fields by which a message is framed, or its connection described: the server's own.
FRAMING = frozenset(
    {
        "content-length",
        "date",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_CONNECTION = "connection"


def header(text: str) -> str:
    """
    C{Name: value}, its blanks made one.  C{Connection} may be C{close} or C{keep-alive}.

    @raise ValueError: it is no field that an operator can add.
    """
    name, colon, value = text.partition(":")
    name, value = header_name(name), value.strip(" \t")
    if not colon:
        raise ValueError("write Name: value")
    if _UNSAFE.search(value):
        raise ValueError("a value must not hold control characters: one header is one line")
    if name.lower() in FRAMING:
        raise ValueError(f"{name} is the server's own")
    if name.lower() == _CONNECTION and value.lower() not in ("close", "keep-alive"):
        raise ValueError("Connection can be close, or keep-alive")
    return f"{name}: {value}"


def header_name(text: str) -> str:
    """
    The name of a field.

    @raise ValueError: it is none.
    """
    name = text.strip(" \t")
    if not _NAME.fullmatch(name):
        raise ValueError("a header's name has letters, digits and dashes: write Name: value")
    return name


def parted(headers: tuple[str, ...]) -> tuple[list[tuple[str, str]], bool]:
    """
    What L{header} has returned, as fields, in the order given; texts in UTF-8 as the bytes that
    they are, one character each, as heads have them.

    @return: the fields but C{Connection}, and whether that is to be closed.
    """
    fields, close = [], False
    for text in headers:
        name, _, value = text.partition(": ")
        if name.lower() == _CONNECTION:
            close = close or value.lower() == "close"
        else:
            fields.append((name, value.encode().decode("latin-1")))
    return fields, close
