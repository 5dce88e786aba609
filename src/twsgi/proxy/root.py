"""L{ProxyRoot}: a frontend's root resource: what is no static file goes to a worker."""

from __future__ import annotations

from typing import Any

from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from twsgi.proxy.call import Call
from twsgi.proxy.dispatcher import Dispatcher
from twsgi.proxy.spool import Spools


class ProxyRoot(Resource):
    """The workers as a leaf of C{twisted.web}.  Reactor thread."""

    isLeaf = True

    def __init__(self, dispatcher: Dispatcher, spools: Spools) -> None:
        super().__init__()
        self._dispatcher = dispatcher
        self._spools = spools

    def render(self, request: Any) -> Any:
        """C{IResource}."""
        dispatcher = self._dispatcher
        dispatcher.dispatch(Call(request, request.started + dispatcher.timeout, self._spools))
        return NOT_DONE_YET
