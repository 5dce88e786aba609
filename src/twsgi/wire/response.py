"""What the application says, checked and framed: the sending half of RFC 9112.

The application is not trusted: a status, name or value that could end a line is refused, and the
fields that frame the message (hop-by-hop) are the server's own.
"""

from __future__ import annotations

from email.utils import formatdate

from twsgi.errors import ResponseError
from twsgi.wire.grammar import CONTENT_LENGTH, STATUS, TOKEN, UNSAFE

#: RFC 9110, 7.6.1: fields that speak of the connection; an application's are dropped.
HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)

#: Bounds of what is remembered below.  Applications say the same again and again; what varies with
#: each response (C{Set-Cookie}) may push it out, so long values are not remembered.
_CACHED_NAMES = 1000
_CACHED_LINES = 1000
_CACHED_VALUE = 100
_lower_names: dict[str, str] = {}
#: Status and fields that were found good, and the lines they become.
_status_lines: dict[str, str] = {}
_field_lines: dict[tuple[str, str], str] = {}


def lower_name(name: str) -> str:
    """
    A field name in lower case.

    @raise ResponseError: it is no token.
    """
    lower = _lower_names.get(name)
    if lower is None:
        if TOKEN.match(name) is None:
            raise ResponseError(f"header name is not a token: {name!r}")
        lower = name.lower()
        if len(_lower_names) < _CACHED_NAMES and len(name) < _CACHED_VALUE:
            _lower_names[name] = lower
    return lower


def check_status(status: str) -> None:
    """
    @raise ResponseError: C{status} is not what PEP 3333 asks for, such as C{"200 OK"}.
    """
    if type(status) is not str:
        raise ResponseError(f"malformed status: {status!r}")
    if status in _status_lines:
        return
    if STATUS.match(status) is None:
        raise ResponseError(f"malformed status: {status!r}")
    if status[0] == "1":
        raise ResponseError(f"an interim status is the server's: {status!r}")
    if len(_status_lines) < _CACHED_LINES and len(status) < _CACHED_VALUE:
        _status_lines[status] = _status_line(status)


def _status_line(status: str) -> str:
    # A status without a reason phrase still needs its space (RFC 9112, 4).
    return f"HTTP/1.1 {status}\r\n" if " " in status else f"HTTP/1.1 {status} \r\n"


def check_headers(headers: list[tuple[str, str]]) -> int | None:
    """
    Checks an application's header fields.

    @return: the Content-Length among them, or None.
    @raise ResponseError: which field is wrong; the value is not repeated.
    """
    length = None
    if type(headers) is not list:
        raise ResponseError("headers must be a list")
    for field in headers:
        if type(field) is not tuple or len(field) != 2:
            raise ResponseError(f"a header must be a tuple of name and value: {field!r}")
        name, value = field
        if type(name) is not str:
            raise ResponseError(f"header name is not a string: {name!r}")
        if type(value) is str and field in _field_lines:
            continue
        lower = _lower_names.get(name) or lower_name(name)
        if type(value) is not str or UNSAFE.search(value) is not None:
            raise ResponseError(f"header {name}: the value is not a string of printable latin-1")
        if lower == "content-length":
            if CONTENT_LENGTH.match(value) is None or length is not None:
                raise ResponseError("header Content-Length: not one whole number")
            length = int(value)
        elif lower != "date" and lower not in HOP_BY_HOP and len(name) + len(value) < _CACHED_VALUE:
            _remember(field)
    return length


def _remember(field: tuple[str, str]) -> None:
    if len(_field_lines) >= _CACHED_LINES:
        _field_lines.clear()
    _field_lines[field] = f"{field[0]}: {field[1]}\r\n"


class Date:
    """The Date field's line, made once a second."""

    def __init__(self) -> None:
        self._second = -1
        self._line = ""

    def line(self, now: float) -> str:
        """C{Date: …} with its CRLF, for the Unix time C{now}."""
        second = int(now)
        if second != self._second:
            self._line = f"Date: {formatdate(second, usegmt=True)}\r\n"
            self._second = second
        return self._line


def bodiless(status: str) -> bool:
    """True for a status whose response never has a body (RFC 9110, 6.4.1)."""
    return status.startswith(("204", "304"))


class ResponseEncoder:
    """
    Frames one response.

    @ivar close: after this response the connection is closed.
    @ivar omits_body: body bytes are not sent (HEAD, 204, 304).
    """

    __slots__ = ("_chunked", "_head_request", "_http11", "close", "omits_body")

    def __init__(self, http11: bool, keep_alive: bool, head_request: bool) -> None:
        self._http11 = http11
        self._head_request = head_request
        self._chunked = False
        self.close = not keep_alive
        self.omits_body = head_request

    def head(
        self, status: str, headers: list[tuple[str, str]], length: int | None, date: str
    ) -> bytes:
        """
        The head of the response.

        @param headers: checked by L{check_headers}.
        @param length: how long the body will be, or None if it is not known: then it is chunked,
            or, for HTTP/1.0, ended by closing the connection.
        @param date: L{Date.line}'s.
        """
        out = [_status_lines.get(status) or _status_line(status)]
        known = _field_lines.get
        has_length = False
        for field in headers:
            line = known(field)
            if line is None:
                name, value = field
                lower = _lower_names.get(name) or lower_name(name)
                if lower in HOP_BY_HOP:
                    continue
                if lower == "date":
                    date = ""
                elif lower == "content-length":
                    has_length = True
                line = f"{name}: {value}\r\n"
            out.append(line)
        self._chunked = False
        no_body = bodiless(status)
        self.omits_body = no_body or self._head_request
        if not (no_body or has_length):
            out.append(self._frame(length))
        if self.close:
            out.append("Connection: close\r\n")
        elif not self._http11:
            out.append("Connection: keep-alive\r\n")
        out.append(date)
        out.append("\r\n")
        return "".join(out).encode("latin-1")

    def _frame(self, length: int | None) -> str:
        if length is not None:
            return f"Content-Length: {length}\r\n"
        if self._http11:
            self._chunked = not self._head_request
            return "Transfer-Encoding: chunked\r\n"
        self.close = True
        return ""

    def body(self, data: bytes) -> bytes:
        """A piece of the body, framed; the piece must not be empty."""
        if self.omits_body:
            return b""
        if self._chunked:
            return b"%x\r\n%b\r\n" % (len(data), data)
        return data

    def around(self, length: int) -> tuple[bytes, bytes]:
        """What comes before and after a piece of the body that is sent apart, for it is long."""
        return (b"%x\r\n" % length, b"\r\n") if self._chunked else (b"", b"")

    def end(self) -> bytes:
        """What follows the last piece."""
        return b"0\r\n\r\n" if self._chunked else b""
