"""L{Client}: asks a server, one request after the other, and knows what became of each.

Two ends of a kept connection look alike to most clients: the server closed it while the request
was on its way, or it took the request and then died.  The kernel tells them apart: what a closed
socket has not read it answers with a reset.  So a request that met a reset was not read whole, and
nothing has run; one that met an orderly end was read, and is lost.  That holds for a server on
this machine (the reset is here at once) which does not itself answer requests with resets.
"""

from __future__ import annotations

import select
import socket
import time
from dataclasses import dataclass

from twsgi.selftest.fate import Fate, Outcome

#: Seconds within which the kernel's reset follows an end of the connection; on one machine it is
#: there at once, but for a busy socket.
_RESET_FOLLOWS = 0.1
#: The longest head of an answer, in bytes.
_HEAD = 1 << 16


@dataclass(frozen=True, slots=True)
class Request:
    """
    What is asked, and what answer is wanted.

    @ivar body: is sent with its length, if there is any.
    @ivar status: of the wanted answer.
    @ivar answer: the body of the wanted answer, None: any.
    """

    method: str = "GET"
    path: str = "/"
    body: bytes = b""
    status: int = 200
    answer: bytes | None = None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def head(self, kept: bool) -> bytes:
        """The bytes to send before the body."""
        lines = [f"{self.method} {self.path} HTTP/1.1", "Host: localhost"]
        if self.body or self.method in ("POST", "PUT"):
            lines.append(f"Content-Length: {len(self.body)}")
        if not kept:
            lines.append("Connection: close")
        return "\r\n".join([*lines, "", ""]).encode("ascii")


@dataclass(slots=True)
class Answer:
    """A whole answer.  C{last}: no other will come on this connection."""

    status: int
    body: bytes
    last: bool


class Client:
    """
    One client over the loopback interface.  Blocks; one thread at a time.

    @ivar closed_idle: how many kept connections were found closed before anything was sent.
    """

    def __init__(self, port: int, *, kept: bool, timeout: float = 30.0) -> None:
        """
        @param kept: the connection is kept for the next request, as long as the server likes.
        @param timeout: seconds that a request may take, from the connection to the last byte.
        """
        self.closed_idle = 0
        self._port = port
        self._kept = kept
        self._timeout = timeout
        self._socket: socket.socket | None = None

    def ask(self, request: Request) -> Outcome:
        """Sends a request, and waits for its answer or whatever else becomes of it."""
        self._drop_if_closed()
        fresh = self._socket is None
        sent = time.monotonic()
        exchange = _Exchange(request, sent + self._timeout)
        fate, detail = self._ask(exchange, fresh)
        if fate is Fate.ANSWERED:
            fate, detail = exchange.judged()
        if not self._kept or exchange.answer is None or exchange.answer.last:
            self.close()
        return Outcome(str(request), fate, fresh, sent, time.monotonic(), exchange.status, detail)

    def close(self) -> None:
        """Closes the connection, if there is one."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _ask(self, exchange: _Exchange, fresh: bool) -> tuple[Fate, str]:
        """C{Fate.ANSWERED}: the whole answer is there, whatever it says."""
        try:
            if self._socket is None:
                self._socket = socket.create_connection(("127.0.0.1", self._port), self._timeout)
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            exchange.converse(self._socket, self._kept)
        except ConnectionRefusedError:
            return Fate.REFUSED, ""
        except TimeoutError:
            return Fate.TIMEOUT, f"({exchange.received} bytes had come)"
        except (EOFError, OSError, ValueError) as error:
            if exchange.received or isinstance(error, ValueError):
                return Fate.PARTIAL, f"({error}; {exchange.received} bytes had come)"
            if not fresh and (exchange.cut or _reset(self._socket, error)):
                return Fate.RACE, ""
            return Fate.RESET, f"({error})"
        return Fate.ANSWERED, ""

    def _drop_if_closed(self) -> None:
        """A connection that was closed while nothing was under way is nobody's loss."""
        if self._socket is not None and select.select([self._socket], [], [], 0)[0]:
            self.close()
            self.closed_idle += 1


def _reset(connected: socket.socket | None, error: Exception) -> bool:
    """The connection has ended so that the server cannot have read all that was sent."""
    if connected is None or not isinstance(error, EOFError):
        return True
    poll = select.poll()
    poll.register(connected, 0)
    return any(event & select.POLLERR for _, event in poll.poll(_RESET_FOLLOWS * 1000))


class _Exchange:
    """
    One request on a connection, and its answer.

    @ivar received: how many bytes have come.
    @ivar cut: the request could not be sent whole.
    @ivar status: of the answer, once its head is there; else 0.
    """

    def __init__(self, request: Request, deadline: float) -> None:
        self.request = request
        self.received = 0
        self.cut = False
        self.status = 0
        self.answer: Answer | None = None
        self._deadline = deadline
        self._rest = b""

    def judged(self) -> tuple[Fate, str]:
        """What the whole answer comes to."""
        request, answer = self.request, self.answer
        assert answer is not None
        if answer.status != request.status:
            return Fate.STATUS, f"({answer.body[:80]!r})"
        if request.answer is not None and request.answer != answer.body:
            return Fate.WRONG, f"({answer.body[:80]!r} instead of {request.answer[:80]!r})"
        return Fate.ANSWERED, ""

    def converse(self, connected: socket.socket, kept: bool) -> None:
        """
        Sends, and receives the whole answer.

        @raise TimeoutError: the time is over.
        @raise EOFError: the connection ended.
        @raise ValueError: what came is no answer.
        """
        try:
            connected.settimeout(self._left())
            connected.sendall(self.request.head(kept) + self.request.body)
        except (BrokenPipeError, ConnectionResetError):
            self.cut = True  # it may have been answered all the same: 413 and the like
        self._receive(connected)

    def _receive(self, connected: socket.socket) -> None:
        status, fields = self._head(connected)
        while status < 200:
            status, fields = self._head(connected)
        self.status = status
        until_end = False
        if self.request.method == "HEAD" or status in (204, 304):
            body = b""
        elif fields.get("transfer-encoding", "").lower() == "chunked":
            body = self._chunks(connected)
        elif "content-length" in fields:
            body = self._exactly(connected, int(fields["content-length"]))
        else:
            until_end = True
            body = self._to_the_end(connected)
        if self._rest:
            raise ValueError("more came than the answer")
        last = until_end or "close" in fields.get("connection", "").lower()
        self.answer = Answer(status, body, last)

    def _head(self, connected: socket.socket) -> tuple[int, dict[str, str]]:
        first, *lines = self._until(connected, b"\r\n\r\n").decode("latin-1").split("\r\n")
        version, _, rest = first.partition(" ")
        if not version.startswith("HTTP/1.") or not rest[:3].isdigit():
            raise ValueError(f"no answer: {first[:80]!r}")
        named = (line.partition(":") for line in lines)
        return int(rest[:3]), {name.lower(): value.strip() for name, _, value in named}

    def _chunks(self, connected: socket.socket) -> bytes:
        pieces = []
        while size := int(self._until(connected, b"\r\n").partition(b";")[0], 16):
            pieces.append(self._exactly(connected, size))
            self._until(connected, b"\r\n")
        while self._until(connected, b"\r\n"):
            pass
        return b"".join(pieces)

    def _until(self, connected: socket.socket, end: bytes) -> bytes:
        while end not in self._rest:
            if len(self._rest) > _HEAD:
                raise ValueError("a head without an end")
            self._more(connected)
        found, _, self._rest = self._rest.partition(end)
        return found

    def _exactly(self, connected: socket.socket, size: int) -> bytes:
        while len(self._rest) < size:
            self._more(connected)
        found, self._rest = self._rest[:size], self._rest[size:]
        return found

    def _to_the_end(self, connected: socket.socket) -> bytes:
        try:
            while True:
                self._more(connected)
        except EOFError:
            found, self._rest = self._rest, b""
            return found

    def _more(self, connected: socket.socket) -> None:
        connected.settimeout(self._left())
        data = connected.recv(1 << 16)
        if not data:
            raise EOFError("the server closed the connection")
        self._rest += data
        self.received += len(data)

    def _left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left
