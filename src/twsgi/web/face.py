"""L{ResourceFace}: what C{twisted.web}'s Request sees of the connection that it answers on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from twsgi.web.request import Request
    from twsgi.web.site import Site
    from twsgi.web.transport import Connection
    from twsgi.wire.head import RequestHead


class ResourceFace:
    """
    The half of a channel that C{twisted.web} calls.  Reactor thread.

    @ivar transport: the L{Connection}.
    @ivar site: what the connection shares with others.
    @ivar request: the request under way, as a resource has it; None where a thread serves it.
    @ivar head: the head of the request under way, whoever serves it.
    """

    __slots__ = ("_held", "head", "request", "site", "transport")

    transport: Connection

    def __init__(self, site: Site) -> None:
        self.site = site
        self.request: Request | None = None
        self.head: RequestHead | None = None
        self._held = b""

    def writeHeaders(self, version: bytes, code: bytes, reason: bytes, headers: Any) -> None:
        """C{twisted.web}: the response's head; it leaves with what is written next."""
        assert self.request is not None
        self._held = self.request.encode_head(code, reason, headers, self.site.date())

    def write(self, data: bytes) -> None:
        """C{twisted.web}: bytes of the body."""
        if self._held:
            data, self._held = self._held + data, b""
        self.transport.write(data)

    def writeSequence(self, data: Any) -> None:
        """C{twisted.web}: bytes of the body."""
        self.write(b"".join(data))

    def requestDone(self, request: Request) -> None:
        """C{twisted.web}: the response is complete."""
        self.write(b"")
        self.finish(not request.keep_alive)

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """C{twisted.web}."""
        self.write(b"")
        self.transport.registerProducer(producer, streaming)

    def unregisterProducer(self) -> None:
        """C{twisted.web}."""
        self.transport.unregisterProducer()

    def loseConnection(self) -> None:
        """C{twisted.web}."""
        self.give_way()

    def isSecure(self) -> bool:
        """C{twisted.web}: our own transports are plain."""
        return False

    def getPeer(self) -> Any:
        """C{twisted.web}: the client's C{IAddress}."""
        return self.transport.getPeer()

    def getHost(self) -> Any:
        """C{twisted.web}: our C{IAddress}."""
        return self.transport.getHost()

    def finish(self, close: bool) -> None:
        """The response is complete.  C{close}: it was the last on this connection."""
        raise AssertionError("a channel ends its responses")

    def give_way(self) -> None:
        """Closes the connection."""
        raise AssertionError("a channel closes")
