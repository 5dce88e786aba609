"""C{:8000}, C{127.0.0.1:8000}, C{[::]:8000} -> L{Address}: the addresses a server listens on."""

from __future__ import annotations

import ipaddress

from twsgi.settings.model import Address

#: What C{:8000} means in uWSGI: every IPv4 address of the machine.
ANY = "0.0.0.0"
_NAMES = {"": ANY, "localhost": "127.0.0.1"}


def parse_address(text: str) -> Address:
    """
    The address that C{text} names.

    @raise ValueError: it names none; the message says why and what to write.
    """
    if text.startswith("@"):
        raise ValueError("an abstract UNIX socket is not yet supported: write :8000")
    if "/" in text:
        raise ValueError("a UNIX socket is not yet supported: write :8000")
    host, colon, port = text.rpartition(":")
    if not colon:
        hint = f"write :{text}" if text.isdecimal() else "write :8000 or 127.0.0.1:8000"
        raise ValueError(f"not an address: {hint}")
    return Address(_host(host), _port(port))


def _host(text: str) -> str:
    if text in _NAMES:
        return _NAMES[text]
    bracketed = text.startswith("[") and text.endswith("]")
    try:
        address = ipaddress.ip_address(text[1:-1] if bracketed else text)
    except ValueError:
        raise ValueError(f"the host '{text}' is neither a numeric address nor localhost") from None
    if (address.version == 6) != bracketed:
        raise ValueError("an IPv6 address, and no other, stands in brackets: [::]:8000")
    return str(address)


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 5 or int(text) > 65535:
        raise ValueError(f"the port '{text}' is not a number from 0 to 65535")
    return int(text)
