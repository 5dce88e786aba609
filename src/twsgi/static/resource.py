"""L{StaticFiles}: the resource that stands in front of the application's."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from twsgi.static.check import StaticRoots
from twsgi.static.file import plain, respond
from twsgi.static.small import SmallFiles, send


class StaticFiles(Resource):
    """
    Answers GET and HEAD of what is a file in one of the roots; everything else, whatever it is,
    is the application's: no redirect, no listing, no error of its own.  Reactor thread.
    """

    isLeaf = True

    def __init__(
        self,
        roots: Sequence[str],
        application: Any,
        log: Callable[[str], None],
        seconds: Callable[[], float] = time.time,
    ) -> None:
        """
        @param roots: absolute directories of C{check-static}, in order.
        @param application: a leaf that has C{may_answer}.
        @param log: told, in a line, of paths that lead out of their root.
        @param seconds: Unix time.
        """
        super().__init__()
        self._roots = StaticRoots(roots, log)
        self._small = SmallFiles(seconds)
        self._application = application

    def may_answer(self, environ: dict[str, str]) -> bool:
        """
        Whether a request with these CGI variables may be for a file; or for the resource behind.
        Any thread.
        """
        asks = environ["REQUEST_METHOD"] in ("GET", "HEAD")
        found = asks and self._roots.may_find(environ["PATH_INFO"])
        return found or self._application.may_answer(environ)

    def render(self, request: Any) -> Any:
        """
        See C{IResource}.

        @param request: a L{twsgi.web.request.Request}.
        """
        environ = request.head.environ
        if environ["REQUEST_METHOD"] in ("GET", "HEAD"):
            path = environ["PATH_INFO"]
            file = self._small.get(path)
            if file is not None and plain(request):
                send(request, file)
                return NOT_DONE_YET
            found = self._roots.find(path)
            if found is not None:
                return respond(request, found, self._small)
        return self._application.render(request)
