"""L{ApplicationRoot}: a worker's root resource: requests of its own listeners go to its cores."""

from __future__ import annotations

import io
from typing import Any

from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from twsgi.web.request import Request
from twsgi.web.sinks import ThreadSink
from twsgi.wire.response import ResponseEncoder
from twsgi.wsgi.core import Cores, Exchange


class ApplicationRoot(Resource):
    """The WSGI application as a leaf of C{twisted.web}.  Reactor thread."""

    isLeaf = True

    def __init__(self, cores: Cores, timeout: float) -> None:
        """
        @param timeout: seconds that a client may read nothing of its response.
        """
        super().__init__()
        self._cores = cores
        self._timeout = timeout

    def render(self, request: Any) -> Any:
        """C{IResource}."""
        assert isinstance(request, Request)
        head = request.head
        head_request = head.environ["REQUEST_METHOD"] == "HEAD"
        encoder = ResponseEncoder(head.http11, request.keep_alive, head_request)
        channel: Any = request.channel
        sink = ThreadSink(channel, encoder, channel.site.date(), self._timeout)
        # From here the body is the core's, which closes it.
        body, request.body = request.body, None
        file = io.BytesIO() if body is None else body.open()
        self._cores.submit(Exchange(head.environ, file, sink, head_request))
        return NOT_DONE_YET
