"""L{Listening}: the listening sockets, bound once by the master and inherited by its children."""

from __future__ import annotations

import errno
import os
import socket
from dataclasses import dataclass

from twsgi.errors import BindError
from twsgi.interfaces import ILineLog
from twsgi.settings.model import Address, Listener
from twsgi.settings.plan import HTTP

#: What to do about an address that cannot be had.
_REMEDIES = {
    errno.EADDRINUSE: "stop what listens there (ss -ltnp shows it), or choose another port",
    errno.EACCES: "ports below 1024 need root or CAP_NET_BIND_SERVICE; choose a higher one",
    errno.EADDRNOTAVAIL: "no interface of this machine has that address",
    errno.EAFNOSUPPORT: "this machine has no such protocol; use an IPv4 address",
}

_SOMAXCONN = "/proc/sys/net/core/somaxconn"


@dataclass(frozen=True, slots=True)
class BoundListener:
    """
    A socket that listens.

    @ivar socket: non-blocking, close-on-exec; L{Listening} closes it.
    @ivar address: where it is really bound: the port is never 0.
    """

    listener: Listener
    socket: socket.socket
    address: Address

    @property
    def kind(self) -> str:
        """Who accepts on it; see L{Listener}."""
        return self.listener.kind


class Listening:
    """
    All listening sockets of a plan.  The master never accepts on them; it keeps them so that a
    child's successor finds the connections that waited meanwhile.
    """

    def __init__(
        self, listeners: tuple[Listener, ...], log: ILineLog, somaxconn: int | None = None
    ) -> None:
        """C{somaxconn}: the longest queue that the kernel allows; None: ask it when binding."""
        self._listeners = listeners
        self._log = log
        self._somaxconn = somaxconn
        self.bound: tuple[BoundListener, ...] = ()

    def bind(self) -> None:
        """
        Binds what is not bound yet.

        @raise BindError: an address cannot be had; nothing stays bound.
        """
        if self.bound:
            return
        limit = self._somaxconn if self._somaxconn is not None else system_backlog()
        bound: list[BoundListener] = []
        try:
            for listener in self._listeners:
                bound.append(self._bind(listener, limit))
        except BaseException:
            for one in bound:
                one.socket.close()
            raise
        self.bound = tuple(bound)
        self._announce(limit)

    def close(self) -> None:
        """Closes the master's copies: a socket goes when its last child does."""
        for one in self.bound:
            one.socket.close()
        self.bound = ()

    def _bind(self, listener: Listener, limit: int | None) -> BoundListener:
        backlog = listener.backlog if limit is None else min(listener.backlog, limit)
        try:
            bound = _listen(listener, backlog)
        except OSError as error:
            raise BindError(_explanation(listener, error)) from error
        return BoundListener(
            listener, bound, Address(listener.address.host, bound.getsockname()[1])
        )

    def _announce(self, limit: int | None) -> None:
        sockets = 0
        for one in self.bound:
            auto = " (port auto-assigned)" if one.listener.address.port == 0 else ""
            where = f"{one.address}{auto} fd {one.socket.fileno()}"
            if one.kind == HTTP:
                self._log.line(f"uWSGI http bound on {where}")
                continue
            family = "TCP6" if one.address.ipv6 else "TCP"
            self._log.line(f"uwsgi socket {sockets} bound to {family} address {where}")
            sockets += 1
        for asked in sorted({listener.backlog for listener in self._listeners}):
            self._announce_backlog(asked, limit)

    def _announce_backlog(self, asked: int, limit: int | None) -> None:
        if limit is not None and asked > limit:
            self._log.line(
                f"listen = {asked} is more than the kernel allows, using {limit}:"
                " raise net.core.somaxconn to have more"
            )
            asked = limit
        self._log.line(f"your server socket listen backlog is limited to {asked} connections")


def system_backlog() -> int | None:
    """The longest queue of a listening socket that the kernel allows, None if it does not say."""
    try:
        with open(_SOMAXCONN) as file:
            return int(file.read())
    except (OSError, ValueError):
        return None


def _listen(listener: Listener, backlog: int) -> socket.socket:
    """@raise OSError: it cannot be bound; nothing stays open."""
    ipv6 = listener.address.ipv6
    made = socket.socket(socket.AF_INET6 if ipv6 else socket.AF_INET, socket.SOCK_STREAM)
    try:
        made.setblocking(False)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if ipv6:
            # As uWSGI: [::] takes IPv4 connections too, whatever the system's default is.
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        # Accepted sockets inherit it: one system call less for each connection.
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if listener.kind != HTTP and hasattr(socket, "TCP_DEFER_ACCEPT"):
            # A worker is woken by a connection only when its request is there too.
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 1)
        made.bind((listener.address.host, listener.address.port))
        made.listen(backlog)
    except BaseException:
        made.close()
        raise
    return made


def _explanation(listener: Listener, error: OSError) -> str:
    reason = os.strerror(error.errno) if error.errno else str(error)
    remedy = _REMEDIES.get(error.errno or 0)
    return f"{listener.kind} = {listener.address}: {reason}" + (f": {remedy}" if remedy else "")
