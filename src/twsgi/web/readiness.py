"""L{ReadyPath}: tells a load balancer whether requests are welcome here (C{ready-path})."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

#: The answer where a stop has begun, and where no worker takes requests.
STOPPING, NO_WORKER = "stopping", "no worker is ready"


class ReadyPath(Resource):
    """
    Answers GET and HEAD of one path; everything else is given on.  No application sees these
    requests, nothing counts them, and no log has a line about them.  Reactor thread.
    """

    isLeaf = True

    def __init__(self, path: str, obstacle: Callable[[], str], rest: Any) -> None:
        """
        @param path: PATH_INFO that it answers.
        @param obstacle: why requests are not welcome, in words; nothing: they are.
        @param rest: a leaf that has C{may_answer}.
        """
        super().__init__()
        self._path = path
        self._obstacle = obstacle
        self._rest = rest

    def may_answer(self, environ: dict[str, str]) -> bool:
        """
        Whether a request with these CGI variables is for this resource, or the rest.  Any thread.
        """
        return self._answers(environ) or self._rest.may_answer(environ)

    def _answers(self, environ: dict[str, str]) -> bool:
        return environ["PATH_INFO"] == self._path and environ["REQUEST_METHOD"] in ("GET", "HEAD")

    def render(self, request: Any) -> Any:
        """
        See C{IResource}.

        @param request: a L{twsgi.web.request.Request}.
        """
        environ = request.head.environ
        if not self._answers(environ):
            return self._rest.render(request)
        if request.body is not None:
            request.body.close()
        obstacle = self._obstacle()
        status = "503 Service Unavailable" if obstacle else "200 OK"
        text = f"{obstacle or 'ready'}\n"
        lines = (
            f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {len(text)}\r\n"
            "Cache-Control: no-store\r\n"
        )
        channel = request.channel
        head = request.head_of_fields(lines.encode(), channel.site.date())
        body = b"" if environ["REQUEST_METHOD"] == "HEAD" else text.encode()
        channel.relay(head + body)
        channel.finish(not request.keep_alive)
        return NOT_DONE_YET
