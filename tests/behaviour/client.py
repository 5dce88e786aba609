"""
An HTTP/1.1 client on bare sockets, that tells apart how a conversation ends.

It sends what it is told to, byte for byte, and never mends anything: paths go out as they are.
L{ResetError}, L{EndedError} and L{LateError} are three different failures.  Everything blocks, and
is bounded by the timeout of the connection.
"""

from __future__ import annotations

import select
import socket
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field

#: Seconds a client waits for the next bytes; many times what an answer takes.
PATIENCE = 30.0


class ResetError(Exception):
    """The server reset the connection."""


class EndedError(Exception):
    """The server closed the connection before the answer was complete."""


class LateError(Exception):
    """No byte came for as long as the client was willing to wait."""


@dataclass
class Response:
    """
    An answer.

    @ivar interim: the status codes of the 1xx answers that came before it.
    @ivar until_end: the body had no length: the end of the connection was its end.
    """

    version: str
    status: int
    reason: str
    headers: list[tuple[str, str]]
    body: bytes = b""
    interim: list[int] = field(default_factory=list)
    until_end: bool = False

    def header(self, name: str) -> str | None:
        """A header's value; None: it is not there; several: joined by C{, }."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return ", ".join(values) if values else None

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "backslashreplace")

    @property
    def by_application(self) -> bool:
        """True: the test's application made this answer."""
        return self.header("X-App") is not None

    @property
    def worker(self) -> int:
        """The process whose application made this answer."""
        return int(self.header("X-App") or 0)


class Connection:
    """One connection to the server, from 127.0.0.1, kept as long as both sides like."""

    def __init__(self, port: int, timeout: float = PATIENCE, receive_buffer: int = 0) -> None:
        """@param receive_buffer: bytes that the kernel holds for us; small makes a slow reader."""
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(timeout)
        self.socket.connect(("127.0.0.1", port))
        self._received = b""

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def send(
        self,
        path: str | bytes,
        method: str = "GET",
        headers: Iterable[tuple[str, str]] = (),
        body: bytes | None = None,
        chunks: Iterable[bytes] | None = None,
        version: str = "1.1",
    ) -> None:
        """Sends one request: C{body} with its length, C{chunks} chunked."""
        target = path.encode("latin-1") if isinstance(path, str) else path
        lines = [method.encode() + b" " + target + b" HTTP/" + version.encode()]
        lines += [f"{name}: {value}".encode("latin-1") for name, value in headers]
        if not any(line.lower().startswith(b"host:") for line in lines):
            lines.insert(1, b"Host: behaviour.test")
        if body is not None:
            lines.append(b"Content-Length: %d" % len(body))
        if chunks is not None:
            lines.append(b"Transfer-Encoding: chunked")
        self.send_raw(b"\r\n".join([*lines, b"", b""]) + (body or b""))
        if chunks is not None:
            for chunk in chunks:
                self.send_raw(b"%x\r\n%s\r\n" % (len(chunk), chunk))
            self.send_raw(b"0\r\n\r\n")

    def send_raw(self, data: bytes) -> None:
        """Sends bytes."""
        try:
            self.socket.sendall(data)
        except (ConnectionResetError, BrokenPipeError) as error:
            raise ResetError(str(error)) from error
        except TimeoutError as error:
            raise LateError("the server does not take what is sent") from error

    def receive(self, method: str = "GET") -> Response:
        """The next answer, which is to a request of this method."""
        response = self._head()
        interim = []
        while response.status < 200:
            interim.append(response.status)
            response = self._head()
        response.interim = interim
        if method != "HEAD" and response.status not in (204, 304):
            self._body(response)
        return response

    def request(self, path: str | bytes, method: str = "GET", **how: object) -> Response:
        """Sends a request (see L{send}) and returns its answer."""
        self.send(path, method, **how)  # type: ignore[arg-type]
        return self.receive(method)

    def ends(self) -> bool:
        """Waits for the end of the connection.  False: bytes came instead."""
        if self._received:
            return False
        try:
            return self._more() == b""
        except ResetError:
            return True

    def spoken_to(self) -> bool:
        """True: bytes are there to be read, or the end is."""
        return bool(self._received) or bool(self._events(select.POLLIN))

    def cut(self) -> bool:
        """True: the server has reset the connection.  Nothing is read for that."""
        return any(event & (select.POLLERR | select.POLLHUP) for _, event in self._events(0))

    def _events(self, asked: int) -> list[tuple[int, int]]:
        poll = select.poll()
        poll.register(self.socket, asked)
        return poll.poll(0)

    def read(self, count: int) -> bytes:
        """The next C{count} bytes."""
        pieces = [self._received]
        come = len(self._received)
        try:
            while come < count:
                data = self._more()
                if not data:
                    raise EndedError(f"the connection ended; {come} of {count} bytes came")
                pieces.append(data)
                come += len(data)
        finally:
            # Joined once: whoever reads many megabytes copies them once.
            self._received = b"".join(pieces)
        data, self._received = self._received[:count], self._received[count:]
        return data

    def reset(self) -> None:
        """Closes so that the server sees a reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def close(self) -> None:
        """Closes."""
        self.socket.close()

    def _head(self) -> Response:
        lines = []
        while (line := self._line()) or not lines:
            lines.append(line.decode("latin-1"))
        version, status, *reason = lines[0].split(" ", 2)
        headers = [line.partition(":") for line in lines[1:]]
        fields = [(name, value.strip()) for name, _, value in headers]
        return Response(version, int(status), "".join(reason), fields)

    def _body(self, response: Response) -> None:
        length = response.header("Content-Length")
        if (response.header("Transfer-Encoding") or "").lower() == "chunked":
            response.body = b"".join(self._chunks())
        elif length is not None:
            response.body = self.read(int(length))
        else:
            response.until_end = True
            while data := self._more():
                self._received += data
            response.body, self._received = self._received, b""

    def _chunks(self) -> Iterable[bytes]:
        while size := int(self._line().split(b";")[0], 16):
            yield self.read(size)
            self._line()
        while self._line():
            pass

    def _line(self) -> bytes:
        while b"\r\n" not in self._received:
            self._need_more(f"{self._received[:200]!r} came")
        line, _, self._received = self._received.partition(b"\r\n")
        return line

    def _need_more(self, so_far: str) -> None:
        data = self._more()
        if not data:
            raise EndedError(f"the connection ended; {so_far}")
        self._received += data

    def _more(self) -> bytes:
        try:
            return self.socket.recv(1 << 18)
        except ConnectionResetError as error:
            raise ResetError(str(error)) from error
        except TimeoutError as error:
            raise LateError(f"nothing came for {self.socket.gettimeout()} seconds") from error


def fetch(
    port: int, path: str | bytes, method: str = "GET", timeout: float = PATIENCE, **how: object
) -> Response:
    """One request on a connection of its own (see L{Connection.send})."""
    with Connection(port, timeout) as connection:
        return connection.request(path, method, **how)


def refused(port: int) -> bool:
    """True: nobody accepts connections on this port."""
    try:
        Connection(port, timeout=5).close()
    except (ConnectionRefusedError, ConnectionResetError):
        return True
    except TimeoutError:
        pass
    return False
