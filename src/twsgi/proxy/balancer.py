"""L{Balancer}: which of the idle links gets the next request."""

from __future__ import annotations

from typing import Generic, TypeVar

from zope.interface import implementer

from twsgi.interfaces import IBalancer

_Link = TypeVar("_Link")


@implementer(IBalancer)
class Balancer(Generic[_Link]):
    """
    Gives the worker with the most idle links the next request; of equals, the first, always in the
    same order: a worker that has just run is warm.  A link that is idle is a core that is: there
    is nothing else to know about a worker.
    """

    def __init__(self) -> None:
        self._idle: dict[int, list[_Link]] = {}

    def idle(self, worker: int, link: _Link) -> None:
        """See L{IBalancer}."""
        self._idle.setdefault(worker, []).append(link)

    def remove(self, worker: int, link: _Link) -> None:
        """See L{IBalancer}."""
        links = self._idle.get(worker, [])
        if link in links:
            links.remove(link)

    def take(self) -> _Link | None:
        """See L{IBalancer}."""
        best: list[_Link] | None = None
        most = 0
        for links in self._idle.values():
            if len(links) > most:
                best, most = links, len(links)
        return best.pop() if best is not None else None
