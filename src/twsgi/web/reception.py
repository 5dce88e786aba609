"""L{Reception}: a request's body while it comes: taken apart, stored, held to its limits."""

from __future__ import annotations

from twsgi.errors import HTTPError
from twsgi.web.body import Body
from twsgi.web.limits import Limits
from twsgi.wire.chunked import ChunkedDecoder
from twsgi.wire.head import RequestHead


class Reception:
    """
    One body.

    @ivar head: the request's.
    @ivar body: what has come so far; whoever takes it when it is whole closes it.
    @ivar rest: what came after it: the next request's bytes.
    """

    __slots__ = ("_began", "_chunks", "_limits", "_slow", "body", "head", "rest")

    def __init__(self, head: RequestHead, limits: Limits, now: float) -> None:
        """
        @raise HTTPError: 413: it would be too long.
        """
        self.head = head
        self.rest = b""
        self._limits = limits
        self._began = now
        self._slow = False
        self._check_length(head.length)
        self.body = Body(limits.body_memory)
        self._chunks = ChunkedDecoder() if head.chunked else None

    def take(self, data: bytes) -> bool:
        """
        Takes the next bytes of the connection.

        @return: the body is whole.
        @raise HTTPError: 400, 413 or 507: it is none, too long, or cannot be stored.
        """
        try:
            return self._take_plain(data) if self._chunks is None else self._take_chunks(data)
        except OSError as error:
            raise HTTPError(507, f"the body cannot be stored: {error}") from None

    def deadline(self, now: float) -> float:
        """When the next bytes must be here: after a pause at most, and not too slowly in all."""
        limits = self._limits
        pause = now + limits.body_timeout
        if not limits.body_rate:
            return pause
        slowest = self._began + limits.body_timeout + self.body.length / limits.body_rate
        self._slow = slowest < pause
        return min(pause, slowest)

    def late(self) -> HTTPError:
        """Why the request is refused now that the deadline has passed."""
        if self._slow:
            rate = f"http-min-body-rate ({self._limits.body_rate})"
            return HTTPError(408, f"the body came slower than {rate}")
        return HTTPError(408, "the body stopped coming")

    def close(self) -> None:
        """Forgets what has come."""
        self.body.close()

    def _take_plain(self, data: bytes) -> bool:
        body, length = self.body, self.head.length
        missing = length - body.length
        body.add(data[:missing])
        self.rest = data[missing:]
        return body.length == length

    def _take_chunks(self, data: bytes) -> bool:
        assert self._chunks is not None
        # In one piece: chunks may be tiny, and must not cost a write each.
        piece = b"".join(self._chunks.feed(data))
        self._check_length(self.body.length + len(piece))
        if piece:
            self.body.add(piece)
        self.rest = self._chunks.rest
        return self._chunks.done

    def _check_length(self, length: int) -> None:
        limit = self._limits.limit_post
        if limit and length > limit:
            raise HTTPError(413, f"body over limit-post ({limit})")
