"""A request's head: what it means, and which heads are refused.

All policy on heads is here, once, above both parsers: request line, target, framing, Host, the
names that reach the application.  One framing or 400; never two readings of the same bytes.
"""

from __future__ import annotations

from ipaddress import IPv6Address
from urllib.parse import unquote_to_bytes

from twsgi.errors import HTTPError
from twsgi.wire.fields import FieldParser
from twsgi.wire.grammar import (
    ABSOLUTE_FORM,
    CONTENT_LENGTH,
    HOST,
    REQUEST_LINE,
    REQUEST_LINE_ANY_VERSION,
    TOKEN,
)

#: Names that never reach the application: C{Proxy} would become HTTP_PROXY (httpoxy).
_DROPPED = frozenset({"PROXY", "TRAILER"})
#: Bounds of the caches below; a client chooses what goes into them.
_CACHED_NAMES = 2000
_CACHED_HOSTS = 500
#: Longer ones are none that anybody means.
_LONGEST_CACHED = 100

_names: dict[bytes, str] = {}
_hosts: set[str] = set()


class RequestHead:
    """
    One request's head.

    @ivar environ: the CGI variables of PEP 3333 that the head alone decides, latin-1 strings.
    @ivar http11: True for HTTP/1.1, False for 1.0.
    @ivar keep_alive: the client may send another request on this connection.
    @ivar length: the body's length; 0 where there is none, or it is C{chunked}.
    @ivar chunked: the body is in the chunked transfer coding.
    @ivar expects_continue: the client waits for C{100 Continue} before its body.
    """

    __slots__ = ("chunked", "environ", "expects_continue", "http11", "keep_alive", "length")

    environ: dict[str, str]
    http11: bool
    keep_alive: bool
    length: int
    chunked: bool
    expects_continue: bool


def request_head(head: bytes, parse: FieldParser, max_vars: int = 0) -> RequestHead:
    """
    Reads a complete head (request line, fields, empty line).

    @param max_vars: how many fields it may have; 0: any number.
    @raise HTTPError: what to answer, and why.
    """
    line = REQUEST_LINE.match(head)
    if line is None:
        raise _bad_request_line(head)
    method, target, minor = line.groups()
    request = RequestHead()
    request.http11 = minor == b"1"
    uri = target.decode("latin-1")
    environ = {
        "REQUEST_METHOD": method.decode("latin-1"),
        "REQUEST_URI": uri,
        "SERVER_PROTOCOL": "HTTP/1.1" if request.http11 else "HTTP/1.0",
    }
    authority = _set_path(environ, uri)
    fields = parse(head)
    if len(fields) > max_vars > 0:
        raise HTTPError(431, f"more headers than max-vars ({max_vars})")
    _set_fields(environ, fields)
    host = environ.get("HTTP_HOST")
    if host is None:
        if request.http11:
            raise HTTPError(400, "no Host")
    elif host not in _hosts:
        _check_host(host)
    if authority is not None:
        # RFC 9112, 3.2.2: it replaces the field, which must be right all the same.
        _check_host(authority)
        environ["HTTP_HOST"] = authority
    request.environ = environ
    _set_framing(request)
    return request


def check_incomplete(data: bytes, end: int, limit: int) -> None:
    """
    Looks at what has come of a head that is not complete, or too long.

    @param end: where it ends, 3 or less: that has not come yet.
    @param limit: how many bytes a head may have (C{buffer-size}).
    @raise HTTPError: it will never be one that is served.
    """
    if end >= 4 or len(data) > limit:
        if data.find(b"\r\n", 0, limit) < 0:
            raise HTTPError(414, f"request line over buffer-size ({limit})")
        raise HTTPError(431, f"headers over buffer-size ({limit})")
    # Never a line end here (RFC 9112, 2.2).  Counted, for this is done anew for every piece.
    if data.count(b"\n") != data.count(b"\r\n"):
        raise HTTPError(400, "a line that ends in LF alone")
    if data and data[0] <= 32 and data != b"\r":
        raise HTTPError(400, "not HTTP")


def _bad_request_line(head: bytes) -> HTTPError:
    if REQUEST_LINE_ANY_VERSION.match(head):
        return HTTPError(505, "HTTP version not supported")
    line = head.partition(b"\r")[0]
    return HTTPError(400, f"malformed request line: {line[:60]!r}")


def _set_path(environ: dict[str, str], uri: str) -> str | None:
    """RFC 9112, 3.2: PATH_INFO and QUERY_STRING; the authority if the target has one."""
    authority = None
    if uri[0] != "/":
        absolute = ABSOLUTE_FORM.match(uri)
        if absolute is not None:
            authority, uri = absolute.groups()
            if uri[:1] != "/":
                uri = "/" + uri
        elif uri != "*" or environ["REQUEST_METHOD"] != "OPTIONS":
            raise HTTPError(400, f"malformed request target: {uri[:60]!r}")
    if "#" in uri:
        raise HTTPError(400, "fragment in the request target")
    path, _, environ["QUERY_STRING"] = uri.partition("?")
    if "/." in path:
        path = _without_dot_segments(path)
    if "%" in path:
        path = unquote_to_bytes(path).decode("latin-1")
        if "\0" in path:
            raise HTTPError(400, "NUL in the path")
    environ["PATH_INFO"] = path
    return authority


def _without_dot_segments(path: str) -> str:
    """RFC 3986, 5.2.4, before percent-decoding, as uWSGI does."""
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            if kept:
                kept.pop()
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)


def _set_fields(environ: dict[str, str], fields: list[tuple[bytes, bytes]]) -> None:
    known = _names.get
    for name, raw in fields:
        key = known(name)
        if key is None:
            key = cgi_name(name)
        if not key:
            continue
        value = raw.decode("latin-1")
        if key in environ:
            # RFC 9110, 5.3; a cookie's parts are divided by "; " (RFC 9113, 8.2.3).
            value = environ[key] + ("; " if key == "HTTP_COOKIE" else ",") + value
        environ[key] = value


def cgi_name(name: bytes) -> str:
    """
    The CGI variable of a field name, or "" where it must not reach the application.

    @raise HTTPError: 400: a framing field's name, disguised.
    """
    upper = name.decode("latin-1").upper()
    if upper in ("CONTENT_LENGTH", "TRANSFER_ENCODING"):
        raise HTTPError(400, f"header {upper} with an underscore")
    key = upper.replace("-", "_")
    if "_" in upper or key in _DROPPED:
        key = ""
    elif key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        key = "HTTP_" + key
    if len(_names) < _CACHED_NAMES and len(name) <= _LONGEST_CACHED:
        _names[name] = key
    return key


def _check_host(host: str) -> None:
    found = HOST.match(host)
    if found is None or not (found[1] is None or _is_ipv6(found[1])):
        raise HTTPError(400, f"malformed or repeated Host: {host[:60]!r}")
    if len(_hosts) < _CACHED_HOSTS and len(host) <= _LONGEST_CACHED:
        _hosts.add(host)


def _is_ipv6(text: str) -> bool:
    try:
        IPv6Address(text)
    except ValueError:
        return False
    return True


def _set_framing(request: RequestHead) -> None:
    """RFC 9112, 6.3 and 9.3."""
    environ = request.environ
    request.length = 0
    request.chunked = request.expects_continue = False
    coding = environ.pop("HTTP_TRANSFER_ENCODING", None)
    length = environ.get("CONTENT_LENGTH")
    if coding is not None:
        if length is not None:
            raise HTTPError(400, "Content-Length with Transfer-Encoding")
        if not request.http11:
            raise HTTPError(400, "Transfer-Encoding in HTTP/1.0")
        if coding.lower() != "chunked":
            # RFC 9112, 6.1: one that we do not know; anything else is none, or more than one.
            status = 400 if TOKEN.match(coding) is None else 501
            raise HTTPError(status, f"Transfer-Encoding: {coding[:60]!r}")
        request.chunked = True
    elif length is not None:
        if CONTENT_LENGTH.match(length) is None:
            raise HTTPError(400, f"Content-Length: {length[:60]!r}")
        request.length = int(length)
    connection = environ.get("HTTP_CONNECTION")
    if connection is None:
        request.keep_alive = request.http11
    else:
        options = {option.strip() for option in connection.lower().split(",")}
        request.keep_alive = "close" not in options and (request.http11 or "keep-alive" in options)
    expect = environ.get("HTTP_EXPECT")
    if expect is not None and request.http11:
        if expect.lower() != "100-continue":
            raise HTTPError(417, f"Expect: {expect[:60]!r}")
        request.expects_continue = request.chunked or request.length > 0
