"""L{StaticFiles}: the resource that stands in front of the application's."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from twsgi.static.check import StaticRoots
from twsgi.static.conditions import unconditional
from twsgi.static.file import respond
from twsgi.static.representation import Representations
from twsgi.static.small import SmallFiles, send


class StaticFiles(Resource):
    """
    Answers GET and HEAD of what is a file in one of the roots; everything else, whatever it is,
    is the application's: no redirect, no listing, no error of its own.  Reactor thread.
    """

    isLeaf = True

    def __init__(
        self,
        roots: StaticRoots,
        representations: Representations,
        application: Any,
        seconds: Callable[[], float] = time.time,
    ) -> None:
        """
        @param application: a leaf that has C{may_answer}.
        @param seconds: Unix time.
        """
        super().__init__()
        self._roots = roots
        self._representations = representations
        self._key = representations.key
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
            key = self._key(environ)
            file = self._small.get(key)
            if file is not None and unconditional(environ):
                send(request, file)
                return NOT_DONE_YET
            found = self._roots.find(environ["PATH_INFO"])
            if found is not None:
                found = self._representations.select(self._roots, found, environ)
                return respond(request, found, self._representations, self._small, key)
        return self._application.render(request)
