"""Which of the idle links gets the next request: L{Balancer}, and L{SharedBalancer}."""

from __future__ import annotations

from collections.abc import Callable
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

    def take(self, avoid: int = 0) -> _Link | None:
        """See L{IBalancer}."""
        best: list[_Link] | None = None
        most = 0
        for worker, links in self._idle.items():
            if len(links) > most and worker != avoid:
                best, most = links, len(links)
        return best.pop() if best is not None else None


class SharedBalancer(Balancer[_Link]):
    """
    As L{Balancer}, where other frontends send to the same workers: an idle link of ours is no
    idle core then, and the scoreboard tells how many of a worker's cores the others hold.  It may
    be a moment behind, so the answer may be wrong; the worker then bounces the request.
    """

    def __init__(self, threads: int, busy: Callable[[int], int]) -> None:
        """
        @param threads: how many cores a worker has, and how many links we have to it.
        @param busy: how many cores of a worker are busy, whoever sent to them.
        """
        super().__init__()
        self._threads = threads
        self._busy = busy

    def take(self, avoid: int = 0) -> _Link | None:
        """See L{IBalancer}."""
        best: list[_Link] | None = None
        most = -self._threads
        for worker, links in self._idle.items():
            if links and worker != avoid:
                # What is busy there beyond what we have sent is the others'.
                others = self._busy(worker) - (self._threads - len(links))
                free = len(links) - max(0, others)
                if free > most:
                    best, most = links, free
        return best.pop() if best is not None else None
