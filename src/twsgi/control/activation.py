"""Descriptors that listen already: systemd's C{LISTEN_FDS} (sd_listen_fds(3)), and C{fd://N}."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass

from twsgi.errors import BindError
from twsgi.settings.model import Address

#: The first descriptor that systemd passes.
_FIRST = 3


@dataclass(frozen=True, slots=True)
class Passed:
    """
    The descriptors that whoever started this process has passed to it; they stay open.

    @ivar names: number -> name (C{FileDescriptorName=}), in order.
    """

    names: dict[int, str]

    @classmethod
    def of(cls, environment: Mapping[str, str], pid: int) -> Passed:
        """What C{LISTEN_FDS}, C{LISTEN_FDNAMES} say, if C{LISTEN_PID} means this process."""
        count = environment.get("LISTEN_FDS", "")
        if environment.get("LISTEN_PID") != str(pid) or not count.isdecimal() or len(count) > 4:
            return cls({})
        names = environment.get("LISTEN_FDNAMES", "").split(":")
        names += [""] * (int(count) - len(names))
        return cls({_FIRST + place: names[place] for place in range(int(count))})

    def named(self, text: str) -> int:
        """
        The descriptor that C{fd://text} means.

        @raise BindError: there is none.
        """
        if text.isdecimal():
            return int(text)
        for number, name in self.names.items():
            if name == text:
                return number
        raise BindError(f"fd://{text}: no descriptor of that name was passed (LISTEN_FDNAMES)")

    def at(self, address: Address) -> int | None:
        """The descriptor among those of systemd that is bound to C{address}."""
        for number in self.names:
            try:
                found = adopt(number)
            except OSError:
                continue
            with found:
                if where(found) == address:
                    return number
        return None

    def forbid_inheritance(self) -> None:
        """No child of ours shall hold them."""
        for number in self.names:
            try:
                os.set_inheritable(number, False)
            except OSError:
                pass


def adopt(number: int) -> socket.socket:
    """
    A listening socket of our own on descriptor C{number}, which stays as it is.

    @raise OSError: it is none; nothing stays open.
    """
    made = socket.socket(fileno=os.dup(number))
    try:
        made.getsockname()
        if made.type != socket.SOCK_STREAM or not _listens(made):
            raise OSError("it is a socket that does not listen for connections")
        os.set_inheritable(number, False)
    except BaseException:
        made.close()
        raise
    return made


def where(bound: socket.socket) -> Address:
    """The address that a listening socket is bound to."""
    name = bound.getsockname()
    if bound.family == socket.AF_UNIX:
        if isinstance(name, bytes):
            return Address.unix("@" + os.fsdecode(name[1:]))
        return Address.unix(name)
    return Address(name[0], name[1])


def _listens(sock: socket.socket) -> bool:
    return bool(sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
