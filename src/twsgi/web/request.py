"""L{Request}: one request; lazily a C{twisted.web} Request.

On its way to an application nobody asks a request for C{Headers}, C{args} or C{content}, so they
are made when somebody does: L{twisted.web.static.File} and any other resource render on it as
they always do.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, BinaryIO, Generic, TypeVar, overload
from urllib.parse import unquote_to_bytes

from twisted.python.failure import Failure
from twisted.web.http import parse_qs
from twisted.web.http_headers import Headers
from twisted.web.server import NOT_DONE_YET
from twisted.web.server import Request as ServerRequest

from twsgi.web.body import Body
from twsgi.wire.head import RequestHead

if TYPE_CHECKING:
    from twsgi.web.http1 import HTTP1Channel

_T = TypeVar("_T")


class _Lazy(Generic[_T]):
    """An attribute that is made when it is first asked for, and may be set."""

    def __init__(self, make: Callable[[Any], _T]) -> None:
        self._make = make
        self.__doc__ = make.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> _Lazy[_T]: ...
    @overload
    def __get__(self, instance: object, owner: type) -> _T: ...
    def __get__(self, instance: object | None, owner: type) -> _T | _Lazy[_T]:
        if instance is None:
            return self
        value = self._make(instance)
        instance.__dict__[self._name] = value
        return value


class Request(ServerRequest):
    """
    One request.  Reactor thread, but for C{head} and C{body}, which are plain values.

    @ivar head: the L{RequestHead}.
    @ivar body: the L{Body}, or None where there is none.
    @ivar keep_alive: the connection may stay open after the response.
    @ivar started: Unix time at which the head was complete.
    """

    defaultContentType = None
    queued = False
    _parsePOSTFormSubmission = False
    #: The response's head as a resource has written it: bytes and fields.
    head_size = 0
    #: By what means the body left (C{sendfile}), for the log.
    via = ""
    header_count = 0

    def __init__(
        self, channel: HTTP1Channel, head: RequestHead, body: Body | None, started: float
    ) -> None:
        # Not the inherited constructor: it makes at once what is lazy here.
        self.channel = channel  # type: ignore[assignment]
        self.head = head
        self.body = body
        self.started = started
        self.keep_alive = head.keep_alive

    # What C{twisted.web.http.Request} has as attributes, made when asked for.
    method = _Lazy(lambda self: self.head.environ["REQUEST_METHOD"].encode("latin-1"))
    uri = _Lazy(lambda self: self.head.environ["REQUEST_URI"].encode("latin-1"))
    path = _Lazy(lambda self: self.uri.partition(b"?")[0])
    clientproto = _Lazy(lambda self: self.head.environ["SERVER_PROTOCOL"].encode("latin-1"))
    notifications: Any = _Lazy(lambda self: [])
    cookies: Any = _Lazy(lambda self: [])
    responseHeaders = _Lazy(lambda self: Headers())
    client = _Lazy(lambda self: self.channel.getPeer())
    host = _Lazy(lambda self: self.channel.getHost())
    transport = _Lazy(lambda self: self.channel.transport)
    site = _Lazy(lambda self: self.channel.site)
    prepath: Any = _Lazy(lambda self: [])
    _adapterCache: Any = _Lazy(lambda self: {})
    postpath = _Lazy(lambda self: [unquote_to_bytes(one) for one in self.path[1:].split(b"/")])

    @_Lazy
    def requestHeaders(self) -> Headers:
        """The header fields, as the policy on heads left them."""
        headers = Headers()
        for key, value in self.head.environ.items():
            if key.startswith("HTTP_"):
                key = key[5:]
            elif not key.startswith("CONTENT_"):
                continue
            # As bytes: Headers would encode a str's value as UTF-8.
            name = key.replace("_", "-").encode("latin-1")
            headers.addRawHeader(name, value.encode("latin-1"))
        return headers

    @_Lazy
    def received_cookies(self) -> dict[bytes, bytes]:
        """The cookies by name."""
        pairs = (
            one.lstrip().partition(b"=") for one in (self.getHeader(b"cookie") or b"").split(b";")
        )
        return {name: value for name, equals, value in pairs if equals}

    @_Lazy
    def args(self) -> dict[bytes, list[bytes]]:
        """The query's arguments; forms in bodies are the application's to parse."""
        query = self.uri.partition(b"?")[2]
        return parse_qs(query, True) if query else {}

    @_Lazy
    def content(self) -> BinaryIO:
        """The body as a file."""
        return io.BytesIO() if self.body is None else self.body.open()

    def process(self) -> None:
        """Has the site's resource render this request."""
        resource = self.channel.site.resource  # type: ignore[attr-defined]
        try:
            if not resource.isLeaf:
                super().process()
                return
            body = resource.render(self)
            if body is not NOT_DONE_YET:
                self.write(body)
                self.finish()
        except Exception:
            failure = Failure()
            if self.channel is None:
                # The client went away within: there is nobody to tell.
                self._log.failure("", failure)
            else:
                self.processingFailed(failure)

    def encode_head(self, code: bytes, reason: bytes, headers: Headers, date: str) -> bytes:
        """
        The head of a response that a resource of C{twisted.web} writes; where it does not say how
        long its body is, the connection's end does.

        @param date: the Date field's line.
        """
        site: Any = self.channel.site  # type: ignore[attr-defined]
        fields, self.header_count = site.field_lines(headers)
        framed = self.method == b"HEAD" or code in (b"204", b"304")
        if not (framed or headers.hasHeader("content-length")):
            self.keep_alive = self.keep_alive and headers.hasHeader("transfer-encoding")
        lines = b"HTTP/1.1 %b %b\r\n%b" % (code, reason, fields)
        head = self.head_of_fields(lines, "" if headers.hasHeader("date") else date)
        self.head_size = len(head)
        return head

    def head_of_fields(self, lines: bytes, date: str) -> bytes:
        """
        The head that begins with C{lines}, with the fields that are the connection's.

        @param date: the Date field's line.
        """
        connection = b""
        if not self.keep_alive:
            connection = b"Connection: close\r\n"
        elif not self.head.http11:
            connection = b"Connection: keep-alive\r\n"
        return b"%b%b%b\r\n" % (lines, connection, date.encode("latin-1"))

    def __hash__(self) -> int:
        return id(self)
