"""L{WSGIResource}: a drop-in for C{twisted.web.wsgi.WSGIResource}, with its faults mended.

It renders under any C{twisted.web} Site, over plain TCP, TLS or HTTP/2.  A client that does not
read makes the application wait instead of memory grow; writing does not wait for the reactor;
C{close()} is always called; status and headers are checked; the environ is PEP 3333's.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote_to_bytes

from twisted.internet.interfaces import IReactorFromThreads
from twisted.logger import Logger
from twisted.python.threadpool import ThreadPool
from twisted.web.server import NOT_DONE_YET
from twisted.web.wsgi import WSGIResource as StockResource

from twsgi.errors import HTTPError
from twsgi.web.reactorsink import ReactorSink
from twsgi.wire.grammar import ABSOLUTE_FORM
from twsgi.wire.head import cgi_name
from twsgi.wsgi.application import Application, run_application
from twsgi.wsgi.environ import FileWrapper
from twsgi.wsgi.errorstream import stream
from twsgi.wsgi.response import Response

_log = Logger()

#: RFC 3875, 4.1.16: it has a minor version.
_PROTOCOLS = {b"HTTP/2": "HTTP/2.0"}


class WSGIResource(StockResource):
    """
    Serves a WSGI application on the threads of a pool.

    The constructor is the stock resource's: C{WSGIResource(reactor, threadpool, application)}.
    """

    #: Seconds that a client may read nothing of its response.
    timeout = 60.0

    def __init__(
        self, reactor: IReactorFromThreads, threadpool: ThreadPool, application: Application
    ) -> None:
        super().__init__(reactor, threadpool, application)
        self._application: Application = application

    def render(self, request: Any) -> Any:
        """C{IResource}.  Reactor thread."""
        try:
            environ = self._environ(request)
        except HTTPError as error:
            request.setResponseCode(error.status)
            return b""
        sink = ReactorSink(request, self._reactor, self.timeout)
        response = Response(sink, request.method == b"HEAD")
        # From here the body is the application's thread's: twisted.web would close it under its
        # hands when the client goes away.
        request.content = None
        environ["twsgi.client_disconnected"] = sink.disconnected
        self._threadpool.callInThread(self._serve, environ, response, sink)
        return NOT_DONE_YET

    def _serve(self, environ: dict[str, Any], response: Response, sink: ReactorSink) -> None:
        """A thread of the pool's."""
        body = environ["wsgi.input"]  # the application may take it out
        try:
            run_application(self._application, environ, response, _report)
        finally:
            sink.abort()  # nothing, after a response that is complete
            body.close()
            if stream.begun:
                stream.flush()

    def _environ(self, request: Any) -> dict[str, Any]:
        """
        @raise HTTPError: 400.
        """
        host = request.getHost()
        peer = request.getClientAddress()
        script, path = _paths(request)
        environ: dict[str, Any] = {
            "REQUEST_METHOD": _text(request.method),
            "REQUEST_URI": _text(request.uri),
            "SCRIPT_NAME": script,
            "PATH_INFO": path,
            "QUERY_STRING": _text(request.uri.partition(b"?")[2]),
            "SERVER_PROTOCOL": _PROTOCOLS.get(request.clientproto) or _text(request.clientproto),
            "SERVER_NAME": _server_name(request, host),
            "SERVER_PORT": str(getattr(host, "port", 0)),
            "REMOTE_ADDR": str(getattr(peer, "host", "")),
            "REMOTE_PORT": str(getattr(peer, "port", "")),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "https" if request.isSecure() else "http",
            "wsgi.run_once": False,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.errors": stream,
            "wsgi.input": request.content,
            "wsgi.input_terminated": True,
            "wsgi.file_wrapper": FileWrapper,
        }
        if request.isSecure():
            environ["HTTPS"] = "on"
        _set_fields(environ, request.requestHeaders.getAllRawHeaders())
        if "CONTENT_LENGTH" not in environ:
            size = request.content.seek(0, io.SEEK_END)
            request.content.seek(0)
            if size:  # it came in chunks, or in frames of HTTP/2
                environ["CONTENT_LENGTH"] = str(size)
        return environ


def _set_fields(environ: dict[str, Any], fields: Iterable[tuple[bytes, list[bytes]]]) -> None:
    for name, values in fields:
        key = cgi_name(name)
        if key == "HTTP_HOST" and len(set(values)) > 1:
            raise HTTPError(400, "more than one Host")
        if key == "HTTP_HOST" or key == "CONTENT_LENGTH":
            environ[key] = _text(values[0])
        elif key and key != "HTTP_TRANSFER_ENCODING":
            separator = b"; " if key == "HTTP_COOKIE" else b","
            environ[key] = _text(separator.join(values))


def _server_name(request: Any, host: Any) -> str:
    """PEP 3333: never empty."""
    named = request.getHeader(b"host")
    return _text(request.getRequestHostname()) if named else str(getattr(host, "host", "localhost"))


def _paths(request: Any) -> tuple[str, str]:
    """
    SCRIPT_NAME and PATH_INFO: what was consumed on the way to the resource, and what was not.

    @raise HTTPError: 400.
    """
    script = b"/" + b"/".join(request.prepath) if request.prepath else b""
    path = b"/" + b"/".join(request.postpath) if request.postpath else b""
    if not script and request.uri[:1] != b"/":
        absolute = ABSOLUTE_FORM.match(_text(request.uri))
        if absolute is not None:  # twisted.web has cut its first letter off
            path = unquote_to_bytes(absolute[2].partition("?")[0])
    if b"\0" in script + path:
        raise HTTPError(400, "NUL in the path")
    if script == b"/":
        script = b""
    if not script and not path:
        path = b"/"  # PEP 3333: never both empty
    return _text(script), _text(path)


def _text(data: bytes) -> str:
    return data.decode("latin-1")


def _report(text: str) -> None:
    _log.error("{text}", text=text)
