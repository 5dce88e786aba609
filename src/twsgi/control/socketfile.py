"""The file of a UNIX socket: made where nobody listens, given its rights, removed at the end."""

from __future__ import annotations

import errno
import os
import socket
import stat
from dataclasses import dataclass

from twsgi.control.privileges import find_group, find_user
from twsgi.errors import BindError
from twsgi.interfaces import ILineLog
from twsgi.settings.model import Listener

#: What C{connect} says of a socket file that nobody listens on.
_NOBODY = frozenset({errno.ECONNREFUSED, errno.ENOENT})


@dataclass(frozen=True, slots=True)
class SocketFile:
    """
    A socket file that we have made.

    @ivar identity: its device and inode: another file of that name is another's.
    """

    path: str
    identity: tuple[int, int]

    @classmethod
    def at(cls, path: str) -> SocketFile:
        """The one that has just been bound."""
        found = os.lstat(path)
        return cls(path, (found.st_dev, found.st_ino))

    def remove(self, log: ILineLog) -> None:
        """Removes it (uWSGI: C{vacuum}), unless it has become another's; says how that went."""
        try:
            found = os.lstat(self.path)
            if (found.st_dev, found.st_ino) != self.identity:
                return
            os.unlink(self.path)
        except FileNotFoundError:
            # Somebody has removed it; or this process is inside of chroot, and it is not.
            log.line(f"VACUUM: unix socket {self.path} is not there")
            return
        except OSError as error:
            log.line(f"VACUUM: unix socket {self.path} stays: {error.strerror}")
            return
        log.line(f"VACUUM: unix socket {self.path} removed.")


def bind_abstract(sock: socket.socket, path: str) -> None:
    """@raise OSError: the name is taken."""
    sock.bind(b"\0" + os.fsencode(path[1:]))


def bind_file(sock: socket.socket, listener: Listener) -> SocketFile:
    """
    Binds C{sock} to the path of C{listener}.  A socket file that nobody listens on any more is
    replaced; nothing else ever is.

    @raise OSError: it cannot be bound.
    @raise BindError: what is there is no socket, or somebody listens on it.
    @raise ConfigurationError: there is no such owner.
    """
    path = listener.address.file
    uid, gid = _owner(listener.owner)
    try:
        sock.bind(path)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        _remove_stale(listener)
        sock.bind(path)
    made = SocketFile.at(path)
    try:
        # First the owner: a change of owner may take rights away.
        found = os.lstat(path)
        if uid not in (-1, found.st_uid) or gid not in (-1, found.st_gid):
            os.chown(path, uid, gid)
        if listener.mode is not None:
            os.chmod(path, listener.mode)
    except BaseException:
        os.unlink(path)
        raise
    return made


def _remove_stale(listener: Listener) -> None:
    """@raise BindError: it is not stale."""
    path = listener.address.file
    what = f"{listener.kind} = {path}"
    if not stat.S_ISSOCK(os.lstat(path).st_mode):
        raise BindError(f"{what}: a file that is no socket is there: remove it, or choose another")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        # A full queue must not make us wait: who has one listens.
        probe.setblocking(False)
        found = probe.connect_ex(path)
    if found == errno.EACCES:
        raise BindError(f"{what}: Permission denied: its socket file is another user's")
    if found not in _NOBODY:
        raise BindError(f"{what}: Address already in use: stop who listens there (ss -lxp)")
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass


def _owner(text: str) -> tuple[int, int]:
    """The numbers of C{user}, C{user:group} or C{:group}; -1: as it is."""
    user, _, group = text.partition(":")
    return (
        find_user("chown-socket", user) if user else -1,
        find_group("chown-socket", group) if group else -1,
    )
