"""L{Fifo}: C{master-fifo}: named pipes of which one is listened to, byte by byte."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Sequence

from twsgi.errors import ConfigurationError
from twsgi.interfaces import ILineLog

#: How much is read at once; who writes more is heard at the next look.
_PIECE = 4096


class Fifo:
    """
    The pipe of one of several paths, made anew: whoever has the one that was there before, an
    instance that this one takes over from, say, hears nothing by that path any more.  Reactor
    thread.
    """

    def __init__(self, paths: Sequence[str], log: ILineLog, heard: Callable[[str], None]) -> None:
        """
        @param paths: absolute; the first is listened to first.
        @param heard: told each character.
        """
        self._paths = tuple(paths)
        self._log = log
        self._heard = heard
        self._descriptor: int | None = None
        #: What was made: path -> device and inode.
        self._made: dict[str, tuple[int, int]] = {}

    @property
    def wanted(self) -> bool:
        """There is a pipe."""
        return self._descriptor is not None

    def start(self) -> None:
        """
        Makes the first one, if there is any to be made.

        @raise ConfigurationError: it cannot be made.
        """
        if not self._paths:
            return
        try:
            self._open(self._paths[0])
        except OSError as error:
            raise ConfigurationError(
                f"master-fifo = {self._paths[0]}: {error.strerror or error}"
            ) from error

    def choose(self, number: int) -> None:
        """Listens to another one; where that cannot be had, a line says so, and nothing changes."""
        if number >= len(self._paths):
            self._log.line(f"there is no master-fifo {number}")
            return
        try:
            self._open(self._paths[number])
        except OSError as error:
            self._log.line(f"master-fifo = {self._paths[number]}: {error.strerror or error}")
            return
        self._log.line(f"active master fifo is now {self._paths[number]}")

    def look(self) -> None:
        """Hears what was written since the last time."""
        while self._descriptor is not None:
            chosen = self._descriptor
            try:
                data = os.read(chosen, _PIECE)
            except OSError:
                # Nothing is there.
                return
            for character in data.decode("latin-1"):
                # The rest was meant for us too, whichever of them is listened to from now on.
                self._heard(character)
            if len(data) < _PIECE:
                return

    def stop(self, remove: bool) -> None:
        """
        Hears no more.

        @param remove: what was made is removed too (C{vacuum}), unless it has become another's.
        """
        if self._descriptor is None:
            return
        os.close(self._descriptor)
        self._descriptor = None
        if remove:
            for path, identity in self._made.items():
                _remove(path, identity)

    def _open(self, path: str) -> None:
        """@raise OSError: it cannot be made, or something else is there; all is as it was."""
        try:
            if not stat.S_ISFIFO(os.lstat(path).st_mode):
                raise OSError("a file that is no named pipe is there: remove it, or choose another")
            os.unlink(path)
        except FileNotFoundError:
            pass
        os.mkfifo(path, 0o600)
        # For writing too: the end of one writer is no end of file then.
        descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)
        found = os.fstat(descriptor)
        if not stat.S_ISFIFO(found.st_mode) or found.st_uid != os.geteuid():
            os.close(descriptor)
            raise OSError("somebody else has put a file there")
        # The umask may have taken rights away.
        os.fchmod(descriptor, 0o600)
        self.stop(False)
        self._descriptor = descriptor
        self._made[path] = _identity(found)


def _remove(path: str, identity: tuple[int, int]) -> None:
    try:
        if _identity(os.lstat(path)) == identity:
            os.unlink(path)
    except OSError:
        pass


def _identity(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino
