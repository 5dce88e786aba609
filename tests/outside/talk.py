"""
One connection: bytes are sent, the sending half is closed, and all answers are read.

A server that waits for the rest of a request closes when that half is closed, so nothing here
waits for a time to pass.
"""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.behaviour.client import Connection, EndedError, ResetError, Response

#: Seconds to wait for the next byte.
PATIENCE = 10.0
_REQUEST_LINE = re.compile(rb"(?m)^[!-~]+[ \t]+\S+[ \t]+HTTP/1\.([01])[ \t]*\r\n")
_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *([0-9]{1,9})[ \t]*\r\n")


@dataclass
class Conversation:
    """
    What came back.

    @ivar accepted: the requests that the application was given, see L{tests.outside.echo}.
    @ivar refused: the status of the error that came last, or None.
    @ivar cut: the connection ended within an answer, or was reset.
    """

    accepted: list[dict[str, Any]] = field(default_factory=list)
    refused: int | None = None
    cut: bool = False

    def __str__(self) -> str:
        parts = []
        if self.accepted:
            what = ", ".join(f"{one['REQUEST_METHOD']} {one['PATH_INFO']}" for one in self.accepted)
            parts.append(f"accepts {len(self.accepted)} ({what[:80]})")
        if self.refused:
            parts.append(f"answers {self.refused}")
        return " and ".join(parts) or "closes without an answer"


def converse(port: int, pieces: Iterable[bytes]) -> Conversation:
    """Sends C{pieces}, each in a packet of its own, and reads to the end."""
    found = Conversation()
    with Connection(port, timeout=PATIENCE) as connection:
        connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        method = "GET"
        try:
            for piece in pieces:
                connection.socket.sendall(piece)
                method = "HEAD" if piece[:4] == b"HEAD" else method
            connection.socket.shutdown(socket.SHUT_WR)
        except OSError:
            # It answered before all was sent; the answer is there all the same.
            pass
        try:
            while connection._received or connection.socket.recv(1, socket.MSG_PEEK):
                _take(found, connection.receive(method))
        except (EndedError, ResetError, ConnectionError):
            found.cut = True
    return found


def _take(found: Conversation, response: Response) -> None:
    if response.status == 200:
        found.accepted.append(json.loads(response.body or response.header("X-Echo") or ""))
    else:
        found.refused = response.status


def with_host(data: bytes) -> bytes:
    """
    Each HTTP/1.1 request with a C{Host} field, the last of its head, if it has none.

    For cases that are about something else: all of them end in one 400 without it.
    """
    position = 0
    while (line := _REQUEST_LINE.search(data, position)) is not None:
        end = data.find(b"\r\n\r\n", line.end() - 2)
        if end < 0:
            break
        if line[1] == b"1" and b"\r\nhost:" not in data[line.end() - 2 : end].lower():
            data = data[: end + 2] + b"Host: twsgi.test\r\n" + data[end + 2 :]
        end = data.find(b"\r\n\r\n", end)
        # A body may look like a request, too.
        length = _LENGTH.search(data, line.end() - 2, end + 2)
        position = end + 4 + (int(length[1]) if length else 0)
    return data
