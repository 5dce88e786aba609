"""One request whose answer must be right, so that nobody is fast by being wrong."""

from __future__ import annotations

import http.client
from dataclasses import dataclass, field


class WrongAnswer(Exception):
    """A server answered something else than it was to."""


@dataclass(frozen=True)
class Expectation:
    """
    A request, and what has to be the answer.

    @ivar headers: fields that the answer must have, with these values.
    """

    path: str = "/"
    method: str = "GET"
    sent: bytes = b""
    status: int = 200
    body: bytes = b"hello world\n"
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "text/plain"})

    def check(self, status: int, headers: dict[str, str], body: bytes) -> None:
        """
        Compares.

        @param headers: by lower-case names.
        @raise WrongAnswer: what is wrong.
        """
        wanted = {"content-length": str(len(self.body))}
        wanted.update((name.lower(), value) for name, value in self.headers.items())
        if status != self.status:
            raise WrongAnswer(f"{self.method} {self.path}: {status} instead of {self.status}")
        for name, value in wanted.items():
            if headers.get(name, "").partition(";")[0] != value:
                raise WrongAnswer(f"{self.method} {self.path}: {name}: {headers.get(name)}")
        if body != self.body:
            raise WrongAnswer(f"{self.method} {self.path}: {len(body)} bytes, not those expected")


HELLO = Expectation()


def ask(port: int, expected: Expectation, seconds: float = 20.0) -> bool:
    """
    Asks twice.

    @param port: of the loopback interface.
    @return: the connection was kept: the second request went over the first one's.
    @raise WrongAnswer: an answer was not what was expected.
    @raise OSError: nobody listens, or the connection broke.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        _once(connection, expected)
        kept = connection.sock is not None and _still_open(connection)
        if not kept:
            connection.close()
        _once(connection, expected)
        return kept
    except http.client.HTTPException as error:
        raise ConnectionError(str(error) or type(error).__name__) from error
    finally:
        connection.close()


def _once(connection: http.client.HTTPConnection, expected: Expectation) -> None:
    connection.request(expected.method, expected.path, expected.sent or None)
    response = connection.getresponse()
    headers = {name.lower(): value for name, value in response.getheaders()}
    expected.check(response.status, headers, response.read())


def _still_open(connection: http.client.HTTPConnection) -> bool:
    """Not closed within 50 ms: one that closes without saying so does it at once."""
    sock = connection.sock
    timeout = sock.gettimeout()
    sock.settimeout(0.05)
    try:
        return bool(sock.recv(1))
    except TimeoutError:
        return True
    except OSError:
        return False
    finally:
        sock.settimeout(timeout)
