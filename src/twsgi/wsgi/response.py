"""L{Response}: what an application may say, by PEP 3333, and how that reaches a sink."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any

from twsgi.interfaces import IFileSink
from twsgi.wire.response import bodiless, check_headers, check_status
from twsgi.wsgi import forks
from twsgi.wsgi.environ import FileWrapper

ExcInfo = tuple[type[BaseException], BaseException, TracebackType]

_ERROR = b"Internal Server Error\n"


class OwnError(list[bytes]):
    """The body where the server itself stands in for an application: its words, for a page."""


class Response:
    """
    One response.  The thread that runs the application.

    @ivar status: what the application said, or None as long as it has not.
    @ivar headers: likewise.
    @ivar steps: how many pieces the application's iterable gave.
    @ivar via: by what means the body was sent, if not by the application's thread; for the log.
    @ivar fault: what the application did wrong with the body, in words, or None.
    """

    #: Which application makes it, as the log has it: where there are several each says so itself.
    app = "0"

    __slots__ = (
        "_begun",
        "_generation",
        "_head_request",
        "_left",
        "_length",
        "_sink",
        "fault",
        "headers",
        "status",
        "steps",
        "via",
    )

    def __init__(self, sink: Any, head_request: bool) -> None:
        """
        @param sink: an L{IResponseSink}.
        """
        self._sink = sink
        self._generation = forks.generation
        self._head_request = head_request
        self._begun = False
        self._left: int | None = None
        self._length: int | None = None
        self.status: str | None = None
        self.headers: list[tuple[str, str]] = []
        self.steps = 0
        self.fault: str | None = None
        self.via = ""

    def start_response(
        self,
        status: str,
        headers: list[tuple[str, str]],
        exc_info: ExcInfo | None = None,
    ) -> Callable[[bytes], None]:
        """
        PEP 3333's C{start_response}.

        @raise ResponseError: status or headers cannot be sent.
        """
        if exc_info is not None:
            try:
                if self._sink.head_sent:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None
        elif self.status is not None:
            raise AssertionError("start_response was called twice without exc_info")
        check_status(status)
        self._length = check_headers(headers)
        self.status = status
        self.headers = list(headers)
        self._begun = False
        return self.write

    def write(self, data: bytes) -> None:
        """PEP 3333's C{write}."""
        if forks.generation != self._generation:
            forks.leave()
        if type(data) is not bytes:
            raise TypeError(f"the body must be bytes, not {type(data).__name__}")
        if not self._begun:
            self._begin(None)
        left = self._left
        if left is not None:
            if len(data) > left:
                self._too_long()
                data = data[:left]
            self._left = left - len(data)
        if data:
            self._sink.write(data)

    def send(self, result: Iterable[bytes]) -> None:
        """Sends all that the application returned, and ends the response."""
        if type(result) is FileWrapper:
            if not self._begun and self._send_file(result):
                return
            # PEP 3333: as far as that, which is no fault of the application's.
            result.limit = self._left if self._begun else self._length
        if isinstance(result, bytes):
            result = [result]  # uWSGI takes it so, instead of byte by byte
        if type(result) in (list, tuple) and len(result) == 1 and not self._begun:  # type: ignore[arg-type]
            self._send_whole(result[0])  # type: ignore[index]
            return
        for data in result:
            self.steps += 1
            if data:
                self.write(data)
                if self.fault is not None:
                    break
        if forks.generation != self._generation:
            forks.leave()
        if not self._begun:
            self._begin(0)
        if self._left:
            self._too_short(b"")
        else:
            self._sink.finish(b"")

    def _send_whole(self, data: bytes) -> None:
        """The usual case: all there is, in one piece."""
        self.steps = 1
        if type(data) is not bytes:
            raise TypeError(f"the body must be bytes, not {type(data).__name__}")
        self._begin(len(data))
        left = self._left
        if left is None or len(data) == left:
            self._sink.finish(data)
        elif len(data) > left:
            self._too_long()
            self._sink.finish(data[:left])
        else:
            self._left = left - len(data)
            self._too_short(data)

    def _too_long(self) -> None:
        """Nothing after this response can be trusted to begin where the client looks for it."""
        if self.fault is not None:
            return
        self.fault = f"more body than its Content-Length, {self._length}: cut there"
        self._sink.close_after()
        if not self._sink.head_sent:
            self._begin(None)  # so that the head says so

    def _too_short(self, data: bytes) -> None:
        """
        C{data}: the last there is.  The head leaves in any case: what it says may be all that is
        wanted, such as C{X-Accel-Redirect} with the length of what it names.
        """
        self.fault = f"{self._left} bytes less body than its Content-Length, {self._length}"
        if data or not self._sink.head_sent:
            self._sink.write(data)
        self._sink.abort()

    def _send_file(self, wrapper: FileWrapper) -> bool:
        """
        PEP 3333, "Optional Platform-Specific File Handling": from where the file stands now.

        @return: False where it has to be read like any other iterable.
        """
        part = wrapper.part()
        if part is None or self.status is None or not IFileSink.providedBy(self._sink):
            return False
        descriptor, offset, count = part
        if not count:
            return False  # some have no size, and something to read: those of /proc
        if self._length is not None:
            if self._length > count:
                return False  # it says what is wrong with that
            count = self._length
        self._begin(count)
        if self._head_request or bodiless(self.status) or not count:
            self._sink.finish(b"")
            return True
        self.via = self._sink.send_file(descriptor, offset, count)
        if not self.via:
            self._length = self._left = count  # that is announced by now
        return bool(self.via)

    def fail(self) -> None:
        """The application raised: 500 without a word of why, or, if it is too late, a cut."""
        sink = self._sink
        if sink.head_sent:
            sink.abort()
            return
        self.status = "500 Internal Server Error"
        self.headers, body = self._error()
        self._length = None
        self._begin(len(body))
        sink.finish(body)

    def _error(self) -> tuple[list[tuple[str, str]], bytes]:
        """Fields and body of the answer where the application raised."""
        return [("Content-Type", "text/plain")], _ERROR

    def _begin(self, length: int | None) -> None:
        """Hands the head to the sink.  C{length}: the body's, where it is known."""
        status = self.status
        if status is None:
            raise AssertionError("the body began before start_response was called")
        self._begun = True
        headers = self.headers
        no_body = bodiless(status)
        if no_body or self._head_request:
            self._left = None
            if no_body or not length:
                # What another request would have been sent: nobody knows (RFC 9110, 8.6).
                length = None
            if status.startswith("204"):
                headers = [field for field in headers if field[0].lower() != "content-length"]
        else:
            self._left = self._length
        self._sink.start(status, headers, length)
