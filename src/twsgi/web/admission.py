"""L{Admission}: how many connections there are, in all and of each client, and who may come in."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from heapq import nsmallest
from typing import TYPE_CHECKING

from twsgi.web.limits import Limits

if TYPE_CHECKING:
    from twsgi.web.http1 import HTTP1Channel

#: At the limit one connection in so many, of those kept idle longest, is closed at a time.
_SHARE = 64


class Admission:
    """
    The connections of one L{Site <twsgi.web.site.Site>}.  Reactor thread; threads that accept may
    call L{admits}, L{room}, L{entered} and L{left}.

    @ivar channels: the connections there are.
    """

    def __init__(self, limits: Limits) -> None:
        self.channels: set[HTTP1Channel] = set()
        self._limits = limits
        self._by_peer: dict[str, int] = {}
        self._lock = threading.Lock()
        self._waiting: list[Callable[[], None]] = []

    def admits(self, peer: str) -> bool:
        """
        One more connection from this address may come in.

        @param peer: empty where there is no address that tells clients apart.
        """
        limit = self._limits.per_peer
        return not limit or not peer or self._by_peer.get(peer, 0) < limit

    def reconfigure(self, limits: Limits) -> None:
        """Other limits hold from now on; who is in stays."""
        self._limits = limits
        self._by_peer = dict(
            Counter(one.peer[0] for one in list(self.channels)) if limits.per_peer else ()
        )
        self.look_again()

    def room(self) -> int:
        """How many more connections there may be."""
        limit = self._limits.connections
        return limit - len(self.channels) if limit else 1 << 30

    def make_room(self) -> None:
        """Closes some of the connections that have been kept idle longest."""
        channels = list(self.channels)
        kept = [(since, id(one), one) for one in channels if (since := one.kept_since())]
        for _, _, channel in nsmallest(max(1, len(self.channels) // _SHARE), kept):
            channel.give_way()

    @property
    def awaited(self) -> bool:
        """Somebody waits for room."""
        return bool(self._waiting)

    def wait(self, resume: Callable[[], None]) -> None:
        """Calls C{resume}, once, when there is room again, or may be made."""
        with self._lock:
            if resume not in self._waiting:
                self._waiting.append(resume)

    def entered(self, channel: HTTP1Channel) -> None:
        """A connection was made."""
        self.channels.add(channel)
        if self._limits.per_peer:
            with self._lock:
                self._count(channel.peer[0], 1)

    def renamed(self, channel: HTTP1Channel, peer: tuple[str, str]) -> None:
        """
        A connection comes from somebody else than it seemed: it counts among that one's.

        @param peer: his address and port.
        """
        with self._lock:
            if self._limits.per_peer:
                self._count(channel.peer[0], -1)
                self._count(peer[0], 1)
            channel.peer = peer

    def _count(self, peer: str, change: int) -> None:
        """Holding the lock."""
        count = self._by_peer.get(peer, 0) + change
        if count > 0:
            self._by_peer[peer] = count
        else:
            self._by_peer.pop(peer, None)

    def left(self, channel: HTTP1Channel) -> None:
        """A connection is over."""
        if channel not in self.channels:
            return
        self.channels.discard(channel)
        if self._limits.per_peer:
            with self._lock:
                self._count(channel.peer[0], -1)
        if self.room() > 0:
            self.look_again()

    def look_again(self) -> None:
        """Lets those try who wait for room: connections may have become idle meanwhile."""
        if self._waiting:
            with self._lock:
                waiting, self._waiting = self._waiting, []
            for resume in waiting:
                resume()
