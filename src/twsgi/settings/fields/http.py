"""The values of L{twsgi.settings.options.http}."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class HttpFields:
    """See L{Settings <twsgi.settings.model.Settings>}."""

    http: tuple[str, ...] = ()
    http_socket: tuple[str, ...] = ()
    listen: int = 1024
    buffer_size: int = 65536
    max_vars: int = 128
    limit_post: int = 0
    post_buffering_bufsize: int = 65536
    http_timeout: int = 60
    #: 0: off; 1: on, idle for C{http-timeout} at most; N: on, idle for N seconds at most.
    http_keepalive: int = 1
    http_headers_timeout: int = 10
    http_processes: int = 1
    #: 0: as long as C{listen}.
    http_queue: int = 0
    socket_timeout: int = 4
    http_min_body_rate: int = 240
    http_keepalive_requests: int = 0
    #: 0: as many as there are descriptors for.
    http_connections: int = 0
    http_connections_per_peer: int = 0
    http_response_spool: int = 64 * 1024 * 1024
    #: One of L{twsgi.settings.kinds.RETRIES}.
    http_retry: str = "idempotent"
    ready_path: str | None = None
