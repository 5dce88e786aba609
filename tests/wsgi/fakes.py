"""What the tests of L{twsgi.wsgi} stand on: a sink in memory, a reactor that a test turns."""

from __future__ import annotations

import io
import sys
import threading
from collections import deque
from collections.abc import Callable
from http.client import HTTPResponse, IncompleteRead
from typing import Any

from zope.interface import implementer

from twsgi.errors import ClientDisconnected
from twsgi.interfaces import IResponseSink
from twsgi.web.sinks import EncodedSink
from twsgi.wire.response import ResponseEncoder
from twsgi.wsgi.application import run_application
from twsgi.wsgi.environ import base_environ
from twsgi.wsgi.response import Response

DATE = "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"

#: Seconds after which a thread or a socket that should have answered never will.
SOON = 20.0


class TurnedReactor:
    """C{IReactorFromThreads}: what other threads hand over runs when the test says so."""

    def __init__(self) -> None:
        self.handed: deque[Callable[[], Any]] = deque()
        self._arrived = threading.Semaphore(0)

    def callFromThread(self, call: Callable[..., Any], *args: Any) -> None:
        self.handed.append(lambda: call(*args))
        self._arrived.release()

    def turn(self) -> int:
        """Runs what was handed over.  @return: how many calls that were."""
        count = 0
        while self._arrived.acquire(blocking=False):
            self.handed.popleft()()
            count += 1
        return count

    def turn_once(self) -> None:
        """Waits for one call, and runs it."""
        assert self._arrived.acquire(timeout=SOON), "nothing was handed over"
        self.handed.popleft()()


class MemorySink(EncodedSink):
    """
    A sink whose client is in memory.

    @ivar sent: what the client has got.
    @ivar ended: C{""} while the response goes on, then C{finish}, C{close} or C{cut}.
    @ivar gone_after: bytes after which the client is gone, None: it stays.
    """

    def __init__(self, head_request: bool = False, http11: bool = True) -> None:
        super().__init__(ResponseEncoder(http11, True, head_request), DATE)
        self.sent = b""
        self.ended = ""
        self.gone_after: int | None = None

    def _send(self, data: bytes) -> None:
        assert not self.ended
        self.sent += data
        if self.gone_after is not None and len(self.sent) > self.gone_after:
            raise ClientDisconnected("the client is gone")

    def _end(self, data: bytes, close: bool) -> None:
        self._send(data)
        self.ended = "close" if close else "finish"

    def _cut(self) -> None:
        assert not self.ended
        self.ended = "cut"

    def disconnected(self) -> bool:
        return self.gone_after is not None and len(self.sent) > self.gone_after


@implementer(IResponseSink)
class LedgerSink:
    """Writes down what it is told, and asserts that it is told so in L{IResponseSink}'s order."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.head_sent = self.finished = False
        self.head_size = self.body_size = 0

    def start(self, status: str, headers: list[tuple[str, str]], length: int | None) -> None:
        assert not self.head_sent and not self.finished
        self.calls.append(("start", status, list(headers), length))

    def write(self, data: bytes) -> None:
        assert self.calls and not self.finished
        self.head_sent = True
        self.calls.append(("write", data))

    def finish(self, data: bytes) -> None:
        assert self.calls and not self.finished
        self.head_sent = self.finished = True
        self.calls.append(("finish", data))

    def abort(self) -> None:
        if not self.finished:
            self.finished = True
            self.calls.append(("abort",))

    def close_after(self) -> None:
        assert not self.finished
        self.calls.append(("close_after",))

    def disconnected(self) -> bool:
        return False


class Iterable:
    """
    What an application returns: pieces, and a C{close} that is counted.

    @ivar closed: how often C{close} was called.
    """

    def __init__(self, pieces: Any, close_raises: BaseException | None = None) -> None:
        self._pieces = iter(pieces)
        self._close_raises = close_raises
        self.closed = 0

    def __iter__(self) -> Any:
        return self._pieces

    def close(self) -> None:
        self.closed += 1
        if self._close_raises is not None:
            raise self._close_raises


def exc_info(message: str = "boom") -> Any:
    """An exception as C{start_response} takes it."""
    try:
        raise ValueError(message)
    except ValueError:
        return sys.exc_info()


def environ(**variables: Any) -> dict[str, Any]:
    """An environ as a core makes it."""
    found = base_environ("server", 80, True, False, io.StringIO())
    found["wsgi.input"] = io.BytesIO()
    found.update(
        {
            "REQUEST_METHOD": "GET",
            "REQUEST_URI": "/p",
            "PATH_INFO": "/p",
            "QUERY_STRING": "",
            "SERVER_PROTOCOL": "HTTP/1.1",
        }
    )
    found.update(variables)
    return found


def run(
    application: Any, sink: Any, head_request: bool = False, **variables: Any
) -> tuple[bool, list[str], Response]:
    """Runs one application.  @return: what it returned, what was reported, the response."""
    reports: list[str] = []
    response = Response(sink, head_request)
    found = environ(**{"REQUEST_METHOD": "HEAD" if head_request else "GET", **variables})
    return run_application(application, found, response, reports.append), reports, response


class _Connection(io.BytesIO):
    def makefile(self, mode: str) -> io.BytesIO:
        return self

    def close(self) -> None:
        """What is left is still to be read."""


class Seen:
    """
    A response as the client sees it, by the standard library.

    @ivar headers: lower-case names, without those that only the transport means.
    @ivar body: None where it is known to be cut short.
    @ivar rest: bytes after it.
    """

    def __init__(self, data: bytes, method: str = "GET") -> None:
        connection = _Connection(data)
        response = HTTPResponse(connection, method=method)  # type: ignore[arg-type]
        response.begin()
        self.status = response.status
        self.reason = response.reason
        self.headers = sorted((name.lower(), value) for name, value in response.getheaders())
        self.body: bytes | None
        try:
            self.body = response.read()
        except IncompleteRead:
            self.body = None
        self.rest = connection.read()

    def header(self, name: str) -> str | None:
        """The value of the one field of this name, or None."""
        values = [value for one, value in self.headers if one == name]
        assert len(values) < 2, values
        return values[0] if values else None
