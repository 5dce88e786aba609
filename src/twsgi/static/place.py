"""L{Place}: a directory, or a file, of the operator's: where names lie in it, and what is inside.

C{check-static} and C{static-safe} name one; L{Mapped} and L{Kept} are those of C{static-map} and
C{static-map2}.
"""

from __future__ import annotations

import os
from collections.abc import Callable


class Place:
    """
    One directory, or file.

    @ivar path: its absolute path, without a slash at the end.
    @ivar locate: where a name (which begins with a slash) lies in it; empty: nowhere.
    """

    def __init__(self, path: str) -> None:
        self.path = os.fsencode(path).rstrip(b"/")
        self.locate: Callable[[bytes], bytes] = self.path.__add__
        self._itself = self.path or b"/"
        self._identity: tuple[int, int] | None = None
        self._real = b""
        self._inside = b""

    def holds(self, real: bytes) -> bool:
        """
        True if C{real}, a path without symbolic links, is below this directory as it is now, or
        is this file.

        @raise OSError: it is gone.
        """
        status = os.stat(self._itself)
        identity = status.st_dev, status.st_ino
        if identity == self._identity and real.startswith(self._inside):
            return True
        # It may be a link that was turned to a new release, or have been moved.
        self._real = os.path.realpath(self._itself).rstrip(b"/")
        self._inside = self._real + b"/"
        self._identity = identity
        return real.startswith(self._inside) or real == self._real


class Mapped(Place):
    """A place whose names begin with a mountpoint; the mountpoint itself is the whole place."""

    def __init__(self, mountpoint: str, path: str) -> None:
        """
        @param mountpoint: begins with a slash.  C{/s} is the name C{/s} and all below C{/s/}, and
            never C{/sx}.
        """
        super().__init__(path)
        self._whole = os.fsencode(mountpoint)
        self._below = self._whole.rstrip(b"/") + b"/"
        self.locate = self._locate

    def _locate(self, name: bytes) -> bytes:
        if name == self._whole:
            return self._itself
        if name.startswith(self._below):
            return self.path + name[len(self._below) - 1 :]
        return b""


class Kept(Mapped):
    """The same, but the mountpoint is looked for in the place as well."""

    def _locate(self, name: bytes) -> bytes:
        if name == self._whole or name.startswith(self._below):
            return self.path + name
        return b""


def real_path(descriptor: int, path: bytes) -> bytes:
    """
    Where the file lies that C{descriptor} has open.

    @param path: what it was opened by; used where the kernel does not tell.
    @return: an absolute path without symbolic links.
    @raise OSError: it cannot be told.
    """
    try:
        return os.readlink(b"/proc/self/fd/%d" % descriptor)
    except OSError:
        # No /proc: not Linux, or a chroot without it.
        real = os.path.realpath(path)
        if not os.path.samestat(os.lstat(real), os.fstat(descriptor)):
            raise FileNotFoundError(path) from None
        return real
