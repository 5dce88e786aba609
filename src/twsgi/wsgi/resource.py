"""L{WSGIResource}: a drop-in for C{twisted.web.wsgi.WSGIResource}, with its faults mended.

It renders under any C{twisted.web} Site, over plain TCP, TLS or HTTP/2.  A client that does not
read makes the application wait instead of memory grow; writing does not wait for the reactor;
C{close()} is always called; status and headers are checked; the environ is PEP 3333's.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.interfaces import IReactorFromThreads
from twisted.logger import Logger
from twisted.python.threadpool import ThreadPool
from twisted.web.server import NOT_DONE_YET
from twisted.web.wsgi import WSGIResource as StockResource

from twsgi.errors import HTTPError
from twsgi.web.sinks import ReactorSink
from twsgi.wire.head import cgi_name
from twsgi.wsgi.application import Application, run_application
from twsgi.wsgi.environ import FileWrapper, error_stream
from twsgi.wsgi.response import Response

_log = Logger()


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
        self._errors = error_stream()

    def render(self, request: Any) -> Any:
        """C{IResource}.  Reactor thread."""
        try:
            environ = self._environ(request)
        except HTTPError as error:
            request.setResponseCode(error.status)
            return b""
        sink = ReactorSink(request, self._reactor, self.timeout)
        response = Response(sink, request.method == b"HEAD")
        self._threadpool.callInThread(self._serve, environ, response, sink)
        return NOT_DONE_YET

    def _serve(self, environ: dict[str, Any], response: Response, sink: ReactorSink) -> None:
        """A thread of the pool's."""
        try:
            run_application(self._application, environ, response, _report)
        finally:
            sink.abort()  # nothing, after a response that is complete

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
            "SERVER_PROTOCOL": _text(request.clientproto),
            "SERVER_NAME": _text(request.getRequestHostname()),
            "SERVER_PORT": str(getattr(host, "port", 0)),
            "REMOTE_ADDR": str(getattr(peer, "host", "")),
            "REMOTE_PORT": str(getattr(peer, "port", "")),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "https" if request.isSecure() else "http",
            "wsgi.run_once": False,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.errors": self._errors,
            "wsgi.input": request.content,
            "wsgi.input_terminated": True,
            "wsgi.file_wrapper": FileWrapper,
        }
        if request.isSecure():
            environ["HTTPS"] = "on"
        for name, values in request.requestHeaders.getAllRawHeaders():
            key = cgi_name(name)
            if key and key != "HTTP_TRANSFER_ENCODING":
                separator = b"; " if key == "HTTP_COOKIE" else b","
                environ[key] = _text(separator.join(values))
        return environ


def _paths(request: Any) -> tuple[str, str]:
    """SCRIPT_NAME and PATH_INFO: what was consumed on the way to the resource, and what was not."""
    script = b"/" + b"/".join(request.prepath) if request.prepath else b""
    path = b"/" + b"/".join(request.postpath) if request.postpath else b""
    if script == b"/":
        script = b""
    if not script and not path:
        path = b"/"  # PEP 3333: never both empty
    return _text(script), _text(path)


def _text(data: bytes) -> str:
    return data.decode("latin-1")


def _report(text: str) -> None:
    _log.error("{text}", text=text)
