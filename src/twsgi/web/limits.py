"""L{Limits}: what a client may ask for, and how long it may take; made from the Settings."""

from __future__ import annotations

from dataclasses import dataclass

from twsgi.settings.headers import parted
from twsgi.settings.model import Settings
from twsgi.web.body import IN_MEMORY


@dataclass(frozen=True)
class Limits:
    """
    Sizes in bytes, times in seconds; 0: no limit, unless it says otherwise.

    @ivar buffer_size: a head's size (C{buffer-size}).
    @ivar max_vars: how many header fields a request may have (C{max-vars}).
    @ivar headers_timeout: from a head's first byte to its last (C{http-headers-timeout}).
    @ivar limit_post: a body's length (C{limit-post}).
    @ivar body_memory: how much of a body stays in memory (C{post-buffering-bufsize}).
    @ivar body_timeout: how long a body may stop coming; and how long no client is too slow.
    @ivar send_timeout: how long a client may take nothing of its response (C{so-send-timeout});
        0: C{body_timeout}, as who asks will find.
    @ivar body_rate: bytes a second that a body must come with after that, on average
        (C{http-min-body-rate}).
    @ivar idle_timeout: how long a kept connection may be idle; 0: connections are not kept.
    @ivar requests: how many requests one connection may bring (C{http-keepalive-requests}).
    @ivar connections: how many connections there may be (C{http-connections}).
    @ivar per_peer: how many of them may come from one address (C{http-connections-per-peer}).
    """

    buffer_size: int = 65536
    max_vars: int = 128
    headers_timeout: float = 10
    limit_post: int = 0
    body_memory: int = IN_MEMORY
    body_timeout: float = 4
    body_rate: int = 240
    idle_timeout: float = 4
    requests: int = 0
    connections: int = 0
    per_peer: int = 0
    send_timeout: float = 0

    def __post_init__(self) -> None:
        # Once, and not whenever a request asks.
        if not self.send_timeout:
            object.__setattr__(self, "send_timeout", self.body_timeout)


def limits(settings: Settings, pause: float, idle: float, connections: int) -> Limits:
    """
    The limits that the operator has set.

    @param pause: L{Limits.body_timeout}, which is another option's for each kind of listener.
    @param idle: L{Limits.idle_timeout}, likewise.
    @param connections: how many this process can have, where the operator does not say.
    """
    return Limits(
        buffer_size=settings.buffer_size,
        max_vars=settings.max_vars,
        headers_timeout=settings.http_headers_timeout,
        limit_post=settings.limit_post,
        body_memory=settings.post_buffering_bufsize,
        body_timeout=pause,
        body_rate=settings.http_min_body_rate,
        # The operator's field says that they are closed, and so they are.
        idle_timeout=0 if parted(settings.add_header)[1] else idle,
        requests=settings.http_keepalive_requests,
        connections=settings.http_connections or connections,
        per_peer=settings.http_connections_per_peer,
        send_timeout=settings.so_send_timeout,
    )
