"""What the kernel is told of a listening socket; what is accepted from it inherits most of that."""

from __future__ import annotations

import socket

from twsgi.settings.listeners import HTTP
from twsgi.settings.model import Listener

#: C{IP_FREEBIND} and C{IPV6_FREEBIND} of Linux, which Python does not name.
_FREEBIND, _FREEBIND_6 = 15, 78


def tune(sock: socket.socket, listener: Listener) -> None:
    """
    Of every socket that speaks TCP, also of one that listens already: costs no system call for
    the connections.

    @raise OSError: the kernel refuses.
    """
    tuning = listener.tuning
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if tuning.defers and listener.kind != HTTP and hasattr(socket, "TCP_DEFER_ACCEPT"):
        # A worker is woken by a connection only when its request is there too.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 1)
    if tuning.keepalive:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if tuning.send_buffer:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, tuning.send_buffer)
    if tuning.receive_buffer:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, tuning.receive_buffer)
    if tuning.fast_open:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_FASTOPEN, tuning.fast_open)


def tune_bind(sock: socket.socket, listener: Listener) -> None:
    """
    Of a TCP socket that is about to be bound.

    @raise OSError: the kernel refuses.
    """
    ipv6 = listener.address.ipv6
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if ipv6:
        # As uWSGI: [::] takes IPv4 connections too, whatever the system's default is.
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    if listener.tuning.reuse_port:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    if listener.tuning.freebind and ipv6:
        sock.setsockopt(socket.IPPROTO_IPV6, _FREEBIND_6, 1)
    elif listener.tuning.freebind:
        sock.setsockopt(socket.IPPROTO_IP, _FREEBIND, 1)
