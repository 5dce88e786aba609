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

    def idle(self, place: int, link: _Link) -> None:
        """See L{IBalancer}."""
        links = self._idle.get(place)
        if links is None:
            links = self._idle[place] = []
        links.append(link)

    def remove(self, place: int, link: _Link) -> None:
        """See L{IBalancer}."""
        links = self._idle.get(place, [])
        if link in links:
            links.remove(link)
        if not links:
            # Its worker leaves: others come, in other places.
            self._idle.pop(place, None)

    def take(self, avoid: int = 0) -> _Link | None:
        """See L{IBalancer}."""
        best: list[_Link] | None = None
        most = 0
        for place, links in self._idle.items():
            if len(links) > most and place != avoid:
                best, most = links, len(links)
        return best.pop() if best is not None else None

    def returned(self, place: int) -> None:
        """See L{IBalancer}.  The only frontend is sent nothing back."""

    def take_moved(self) -> _Link | None:
        """See L{IBalancer}."""
        return self.take()


class SharedBalancer(Balancer[_Link]):
    """
    As L{Balancer}, where other frontends send to the same workers: an idle link of ours is no
    idle core then, and the scoreboard tells how many of a worker's cores the others hold.  It may
    be a moment behind, so the answer may be wrong; the worker then bounces the request.
    """

    def __init__(
        self,
        cores: Callable[[int], int],
        busy: Callable[[int], int],
        served: Callable[[int], int],
    ) -> None:
        """
        @param cores: how many cores a worker (its place) has, and how many links we have to it.
        @param busy: how many cores of a worker are busy, whoever sent to them.
        @param served: how many requests a worker has finished, ever.
        """
        super().__init__()
        self._served = served
        # What each had finished when it sent a request back.
        self._returned: dict[int, int] = {}
        self._cores = cores
        self._busy = busy

    def take(self, avoid: int = 0) -> _Link | None:
        """See L{IBalancer}."""
        return self._take(lambda place: place != avoid)

    def returned(self, place: int) -> None:
        """See L{IBalancer}."""
        self._returned[place] = self._served(place)

    def take_moved(self) -> _Link | None:
        """See L{IBalancer}."""
        return self._take(self._moved)

    def _moved(self, place: int) -> bool:
        # The count alone would miss a core that was free before the request was back.
        moved = self._served(place) != self._returned.get(place)
        return moved or self._busy(place) < self._cores(place)

    def _take(self, wanted: Callable[[int], bool]) -> _Link | None:
        best: list[_Link] | None = None
        most = 0
        for place, links in self._idle.items():
            if links and wanted(place):
                # What is busy there beyond what we have sent is the others'.
                others = self._busy(place) - (self._cores(place) - len(links))
                free = len(links) - max(0, others)
                if best is None or free > most:
                    best, most = links, free
        return best.pop() if best is not None else None
