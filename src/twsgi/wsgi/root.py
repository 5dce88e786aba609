"""L{ApplicationRoot}: the root resource of a worker's listeners: a core serves what reaches it."""

from __future__ import annotations

from typing import Any

from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET


class ApplicationRoot(Resource):
    """
    The WSGI application as a leaf of C{twisted.web}: for requests that a resource before it might
    have answered, and has not.  Reactor thread.
    """

    isLeaf = True

    def may_answer(self, environ: dict[str, str]) -> bool:
        """Never: it gives all to the threads."""
        return False

    def render(self, request: Any) -> Any:
        """C{IResource}."""
        request.channel.leave_to_thread()
        return NOT_DONE_YET
