"""L{ProxyRoot}: a frontend's root resource: what is no static file goes to a worker."""

from __future__ import annotations

from typing import Any

from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from twsgi.proxy.call import Call
from twsgi.proxy.dispatcher import Dispatcher
from twsgi.proxy.spool import Spools
from twsgi.web.body import Body
from twsgi.web.http1 import HTTP1Channel
from twsgi.wire.head import RequestHead


class ProxyRoot(Resource):
    """The workers as a leaf of C{twisted.web}.  Reactor thread."""

    isLeaf = True

    def __init__(self, dispatcher: Dispatcher, spools: Spools) -> None:
        super().__init__()
        self._dispatcher = dispatcher
        self._spools = spools

    def may_answer(self, environ: dict[str, str]) -> bool:
        """Never: it gives all to the workers (L{take})."""
        return False

    def take(self, channel: HTTP1Channel, head: RequestHead, body: Body | None) -> None:
        """Gives a request to a worker; C{body} is this object's from now on."""
        dispatcher = self._dispatcher
        deadline = dispatcher.seconds() + dispatcher.timeout
        dispatcher.dispatch(Call(channel, head, body, deadline, self._spools))

    def render(self, request: Any) -> Any:
        """C{IResource}: what a resource before this one might have answered, and has not."""
        body, request.body = request.body, None
        self.take(request.channel, request.head, body)
        return NOT_DONE_YET
