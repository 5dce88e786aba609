"""C{:8000}, C{[::]:8000}, C{/run/app.sock}, C{@app} -> L{Address}: what a server listens on."""

from __future__ import annotations

import ipaddress
import os

from twsgi.settings.model import INHERITED, Address

#: What C{:8000} means in uWSGI: every IPv4 address of the machine.
ANY = "0.0.0.0"
#: What a name of a UNIX socket without any slash ends with; else a mistyped port would be a file.
_SOCKET_FILES = (".sock", ".socket")
#: Bytes that the kernel keeps of a UNIX socket's name.
_LONGEST = 107
_NAMES = {"": ANY, "localhost": "127.0.0.1"}


def parse_address(text: str) -> Address:
    """
    The address that C{text} names.

    @raise ValueError: it names none; the message says why and what to write.
    """
    if text.startswith(INHERITED):
        return _descriptor(text)
    if text.startswith("@") or "/" in text or (":" not in text and text.endswith(_SOCKET_FILES)):
        return _unix(text)
    host, colon, port = text.rpartition(":")
    if not colon:
        hint = f"write :{text}" if text.isdecimal() else "write :8000, 127.0.0.1:8000 or ./app.sock"
        raise ValueError(f"not an address: {hint}")
    return Address(_host(host), _port(port))


def _unix(text: str) -> Address:
    if text == "@" or text.endswith("/"):
        raise ValueError("a UNIX socket needs a name: write /run/app.sock or @app")
    # A file's whole path is known only when it is bound.
    if text.startswith("@") and len(os.fsencode(text)) > _LONGEST:
        raise ValueError(f"the name of a UNIX socket has at most {_LONGEST} bytes")
    return Address.unix(text)


def _descriptor(text: str) -> Address:
    number = text[len(INHERITED) :]
    if not number:
        raise ValueError("write fd://3, or fd:// and the name that systemd has for it")
    if number.isascii() and number.isdigit() and (len(number) > 6 or int(number) < 3):
        raise ValueError("the descriptors 0 to 2 are no sockets: write fd://3")
    return Address.unix(text)


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
