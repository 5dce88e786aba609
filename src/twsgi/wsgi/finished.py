"""
L{response_class}: the L{Response} of who has asked for more: fields added and removed, a limit,
clients that may go unnoticed.  Chosen once: who has asked for nothing has the plain one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from twsgi.errors import ClientDisconnected, ResponseError
from twsgi.settings.model import Settings
from twsgi.web.finishing import Finishing
from twsgi.wsgi.response import ExcInfo, OwnError, Response


class FinishedResponse(Response):
    """Its fields are the operator's, too."""

    __slots__ = ()

    finishing: ClassVar[Finishing]
    #: C{response-headers-limit}; 0: none.
    limit: ClassVar[int]

    def start_response(
        self,
        status: str,
        headers: list[tuple[str, str]],
        exc_info: ExcInfo | None = None,
    ) -> Callable[[bytes], None]:
        """See L{Response.start_response}."""
        write = super().start_response(status, headers, exc_info)
        if self.limit:
            size = sum(len(name) + len(value) + 4 for name, value in headers)
            if size > self.limit:
                self.status = None
                raise ResponseError(
                    f"{size} bytes of headers are over response-headers-limit ({self.limit})"
                )
        self.headers = self.finishing.fields(self.headers)
        return write

    def send(self, result: Iterable[bytes]) -> None:
        """See L{Response.send}."""
        if type(result) is OwnError:
            status = int((self.status or "500")[:3])
            self.headers, body = self._told(status, b"".join(result).decode())
            result = [body]
        super().send(result)

    def _error(self) -> tuple[list[tuple[str, str]], bytes]:
        return self._told(500, super()._error()[1].decode())

    def _told(self, status: int, words: str) -> tuple[list[tuple[str, str]], bytes]:
        kind, body = self.finishing.error(status, words)
        return self.finishing.fields([("Content-Type", kind)]), body


class TolerantResponse(Response):
    """Its application is told late, or never, that its client has gone."""

    __slots__ = ("_in_vain",)

    #: How many calls of C{write} may be in vain (C{write-errors-tolerance}).
    tolerance: ClassVar[float]

    def __init__(self, sink: Any, head_request: bool) -> None:
        super().__init__(sink, head_request)
        self._in_vain = 0

    def start_response(
        self,
        status: str,
        headers: list[tuple[str, str]],
        exc_info: ExcInfo | None = None,
    ) -> Callable[[bytes], None]:
        """See L{Response.start_response}."""
        super().start_response(status, headers, exc_info)
        return self._write

    def _write(self, data: bytes) -> None:
        """
        What the application has.  What it returns is sent by L{write} all the same: there is
        nobody to be told, and no more is asked for.
        """
        try:
            self.write(data)
        except ClientDisconnected:
            self._in_vain += 1
            if self._in_vain > self.tolerance:
                raise


def response_class(settings: Settings, finishing: Finishing) -> type[Response]:
    """What an application's responses are made by, as the settings have it."""
    bases: list[type[Response]] = []
    values: dict[str, Any] = {"__slots__": (), "__module__": __name__}
    if settings.disable_write_exception or settings.write_errors_tolerance:
        bases.append(TolerantResponse)
        silent = settings.disable_write_exception
        values["tolerance"] = float("inf") if silent else settings.write_errors_tolerance
    pages = settings.error_page_403 or settings.error_page_404 or settings.error_page_500
    if finishing.added or finishing.removed or settings.response_headers_limit or pages:
        bases.append(FinishedResponse)
        values.update(finishing=finishing, limit=settings.response_headers_limit)
    return type("ChosenResponse", tuple(bases), values) if bases else Response
