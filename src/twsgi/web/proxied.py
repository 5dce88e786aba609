"""L{ProxyLine}: a connection that begins with who its client is (C{enable-proxy-protocol}).

A balancer that passes bytes on knows the client's address, and says it in one line before the
first request: C{PROXY TCP4 192.0.2.1 198.51.100.1 40000 80} (the PROXY protocol, version 1).
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twsgi.web.http1 import HTTP1Channel

_BEGINS = b"PROXY "
#: The longest line that there can be, with its CRLF.
_LONGEST = 107
_LINE = re.compile(
    rb"PROXY (?:TCP([46]) ([0-9A-Fa-f:.]{2,39}) [0-9A-Fa-f:.]{2,39} ([0-9]{1,5}) [0-9]{1,5}"
    rb"|UNKNOWN[ -~]*)\Z"
)


class ProxyLine:
    """
    Reads that line, where there is one, in the place of the connection; then steps out of the
    way.  What is no such line is left to who reads requests, who refuses it with 400.  The thread
    that the connection belongs to.
    """

    __slots__ = ("_channel", "_held", "_receive")

    def __init__(self, channel: HTTP1Channel) -> None:
        """
        @param channel: nothing has been read from its connection yet.
        """
        self._channel = channel
        self._held = b""
        self._receive = channel.transport.receive
        channel.transport.receive = self

    def __call__(self, size: int) -> bytes:
        """
        As C{recv}.

        @raise BlockingIOError: there is nothing for who reads requests, yet.
        """
        data = self._receive(size)
        if not data:
            return data
        data = self._held + data
        line, end, rest = data.partition(b"\r\n")
        if data.startswith(_BEGINS[: len(data)]):
            if not end and len(data) < _LONGEST:
                self._held = data
                raise BlockingIOError
            if end and self._understood(line):
                data = rest
        self._channel.transport.receive = self._receive
        if not data:
            raise BlockingIOError
        return data

    def _understood(self, line: bytes) -> bool:
        found = _LINE.match(line)
        if found is None:
            return False
        version, address, port = found.groups()
        if version is None:
            return True  # UNKNOWN: who connected is all that is known
        try:
            named = ipaddress.ip_address(address.decode())
        except ValueError:
            return False
        if named.version != int(version) or int(port) > 65535:
            return False
        self._channel.site.admission.renamed(self._channel, (str(named), str(int(port))))
        return True
