"""L{Listening}: the listening sockets, bound once by the master and inherited by its children."""

from __future__ import annotations

import errno
import os
import socket
from dataclasses import dataclass

from twsgi.control.activation import Passed, adopt, where
from twsgi.control.lastcall import last_call
from twsgi.control.socketfile import SocketFile, bind_abstract, bind_file
from twsgi.control.tuning import tune, tune_bind
from twsgi.errors import BindError
from twsgi.interfaces import ILineLog
from twsgi.settings.listeners import HTTP
from twsgi.settings.model import Address, Listener

#: What to do about an address that cannot be had.
_REMEDIES = {
    errno.EADDRINUSE: "stop what listens there (ss -ltnp shows it), or choose another port",
    errno.EACCES: "ports below 1024 need root or CAP_NET_BIND_SERVICE; choose a higher one",
    errno.EADDRNOTAVAIL: "no interface of this machine has that address",
    errno.EAFNOSUPPORT: "this machine has no such protocol; use an IPv4 address",
}

_UNIX_REMEDIES = {
    errno.EADDRINUSE: "stop who listens there (ss -lxp shows it), or choose another name",
    errno.ENOENT: "there is no such directory",
    errno.EACCES: "the directory is closed to this user",
    errno.EPERM: "chown-socket needs root, or the user's own groups",
    errno.EBADF: "nobody has passed that descriptor",
    errno.ENOTSOCK: "that descriptor is no socket",
}

_SOMAXCONN = "/proc/sys/net/core/somaxconn"


@dataclass(frozen=True, slots=True)
class BoundListener:
    """
    A socket that listens.

    @ivar socket: non-blocking, close-on-exec; L{Listening} closes it.
    @ivar address: where it is really bound: the port is never 0.
    @ivar file: the socket file that was made for it.
    @ivar passed: it listened already when this process was started.
    """

    listener: Listener
    socket: socket.socket
    address: Address
    file: SocketFile | None = None
    passed: bool = False

    @property
    def kind(self) -> str:
        """Who accepts on it; see L{Listener}."""
        return self.listener.kind

    @property
    def proxied(self) -> bool:
        """See L{Tuning <twsgi.settings.model.Tuning>}."""
        return self.listener.tuning.proxied


class Listening:
    """
    All listening sockets of a plan.  The master never accepts on them; it keeps them so that a
    child's successor finds the connections that waited meanwhile.
    """

    def __init__(
        self,
        listeners: tuple[Listener, ...],
        log: ILineLog,
        somaxconn: int | None = None,
        passed: Passed | None = None,
    ) -> None:
        """
        @param somaxconn: the longest queue that the kernel allows; None: ask it when binding.
        @param passed: the sockets that listen already; None: those that the environment names.
        """
        self._listeners = listeners
        self._log = log
        self._somaxconn = somaxconn
        self._passed = passed
        self.bound: tuple[BoundListener, ...] = ()

    def bind(self) -> None:
        """
        Binds what is not bound yet.

        @raise BindError: an address cannot be had; nothing stays bound.
        """
        if self.bound:
            return
        limit = self._somaxconn if self._somaxconn is not None else system_backlog()
        passed = self._passed or Passed.of(os.environ, os.getpid())
        passed.forbid_inheritance()
        bound: list[BoundListener] = []
        try:
            for listener in self._listeners:
                bound.append(_bind(listener, limit, passed))
        except BaseException:
            for one in bound:
                one.socket.close()
                if one.file is not None:
                    one.file.remove(self._log)
            raise
        self.bound = tuple(bound)
        self._announce(limit)

    def last_call(self) -> bool:
        """
        L{last_call} for all that are ours: what was passed to us others go on with.

        @return: it takes L{LAST_CALL <twsgi.control.lastcall.LAST_CALL>} until they may be closed.
        """
        called = [last_call(one.socket) for one in self.bound if not one.passed]
        return any(called)

    def close(self) -> None:
        """
        Closes the master's copies: a socket goes when its last child does, its file now, if
        C{vacuum} is on and it is ours.
        """
        for one in self.bound:
            one.socket.close()
            if one.file is not None and one.listener.vacuum:
                one.file.remove(self._log)
        self.bound = ()

    def _announce(self, limit: int | None) -> None:
        sockets = 0
        if any(one.passed for one in self.bound):
            self._log.line("- SystemD socket activation detected -")
        for one in self.bound:
            auto = " (port auto-assigned)" if one.listener.address.port == 0 else ""
            place = f"{one.address}{auto} fd {one.socket.fileno()}"
            if one.kind == HTTP:
                self._log.line(f"uWSGI http bound on {place}")
                continue
            how = "attached" if one.passed else "bound"
            self._log.line(f"uwsgi socket {sockets} {how} to {_family(one)} address {place}")
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


def _family(one: BoundListener) -> str:
    """uWSGI's word for the kind of address."""
    if one.address.path:
        return "UNIX"
    if one.passed:
        return "INET"
    return "TCP6" if one.address.ipv6 else "TCP"


def _bind(listener: Listener, limit: int | None, passed: Passed) -> BoundListener:
    """@raise BindError: the address cannot be had; nothing stays open."""
    backlog = listener.backlog if limit is None else min(listener.backlog, limit)
    address = listener.address
    try:
        given = passed.named(address.inherited) if address.inherited else passed.at(address)
        if given is not None:
            return _adopted(listener, given)
        if address.path:
            return _listen_unix(listener, backlog)
        made = _listen_tcp(listener, backlog)
    except OSError as error:
        raise BindError(_explanation(listener, error)) from error
    return BoundListener(listener, made, Address(address.host, made.getsockname()[1]))


def _adopted(listener: Listener, number: int) -> BoundListener:
    """@raise OSError: it is no socket that listens."""
    sock = adopt(number)
    sock.setblocking(False)
    if sock.family != socket.AF_UNIX:
        tune(sock, listener)
    return BoundListener(listener, sock, where(sock), passed=True)


def _listen_unix(listener: Listener, backlog: int) -> BoundListener:
    """@raise OSError: it cannot be bound; nothing stays open, and no file."""
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    file = None
    try:
        made.setblocking(False)
        if listener.address.file:
            file = bind_file(made, listener)
        else:
            bind_abstract(made, listener.address.path)
        made.listen(backlog)
    except BaseException:
        made.close()
        if file is not None:
            os.unlink(file.path)
        raise
    return BoundListener(listener, made, listener.address, file)


def _listen_tcp(listener: Listener, backlog: int) -> socket.socket:
    """@raise OSError: it cannot be bound; nothing stays open."""
    ipv6 = listener.address.ipv6
    made = socket.socket(socket.AF_INET6 if ipv6 else socket.AF_INET, socket.SOCK_STREAM)
    try:
        made.setblocking(False)
        tune_bind(made, listener)
        tune(made, listener)
        made.bind((listener.address.host, listener.address.port))
        made.listen(backlog)
    except BaseException:
        made.close()
        raise
    return made


def _explanation(listener: Listener, error: OSError) -> str:
    reason = os.strerror(error.errno) if error.errno else str(error)
    remedies = _UNIX_REMEDIES if listener.address.path else _REMEDIES
    remedy = remedies.get(error.errno or 0)
    option = listener.option or listener.kind
    return f"{option} = {listener.address}: {reason}" + (f": {remedy}" if remedy else "")
