"""The values of L{twsgi.settings.options.sockets}."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SocketsFields:
    """See L{Settings <twsgi.settings.model.Settings>}."""

    http11_socket: tuple[str, ...] = ()
    socket: tuple[str, ...] = ()
    uwsgi_socket: tuple[str, ...] = ()
    #: One of L{twsgi.settings.kinds.PROTOCOLS}.
    protocol: str = "uwsgi"
    shared_socket: tuple[str, ...] = ()
    abstract_socket: bool = False
    reuse_port: bool = False
    freebind: bool = False
    so_keepalive: bool = False
    tcp_nodelay: bool = True
    no_defer_accept: bool = False
    tcp_fast_open: int = 0
    socket_sndbuf: int = 0
    socket_rcvbuf: int = 0
    so_send_timeout: int = 0
    enable_proxy_protocol: bool = False
    http_enable_proxy_protocol: bool = False
    http_auto_chunked: bool = True
    http_chunked_input: bool = True
    http_raw_body: bool = False
    http_manage_expect: int = 1
