"""L{StaticRoots}: which file a path means, and that it lies inside its root.

A path is a client's, so nothing is concluded from how it reads.  The file is opened first, and
then the kernel is asked where that which was opened really lies: no symbolic link, in whatever
place of the path, however often it is changed meanwhile, can make one file be checked and another
be sent.  Nothing of the answer is remembered here, so nothing of it can be outdated; it costs 4 µs
for a file, and one C{access} for a path that is none (C{realpath} would be 12 to 20 for either).

Hard links cannot be told from files, here or anywhere.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Sequence

from twsgi.static.complaints import Complaints, printable

# A file that is exchanged for a pipe between the look and the opening must not block the reactor.
_OPEN = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY


class FoundFile:
    """
    A regular file inside its root, open for reading.

    @ivar descriptor: its descriptor, which is this object's; -1 once closed.
    @ivar name: the path as it was asked for, below the root.
    @ivar real: the path without symbolic links.
    @ivar size: bytes when it was opened.
    @ivar modified: Unix time of the last modification when it was opened.
    @ivar changed: the same of the last change of any kind, a new name included.
    @ivar identity: see L{identity}.
    @ivar path: where it was found.
    @ivar earlier: where it would have been found before, had there been one.
    """

    __slots__ = (
        "changed",
        "descriptor",
        "earlier",
        "identity",
        "modified",
        "name",
        "path",
        "real",
        "size",
    )

    def __init__(
        self, descriptor: int, status: os.stat_result, name: bytes, real: bytes, path: bytes
    ) -> None:
        self.descriptor = descriptor
        self.name = name
        self.real = real
        self.path = path
        self.earlier: list[bytes] = []
        self.size = status.st_size
        self.modified = status.st_mtime
        self.changed = status.st_ctime
        self.identity = identity(status)

    def close(self) -> None:
        """Closes the file.  Does nothing the second time: the number may be another's by then."""
        if self.descriptor >= 0:
            descriptor, self.descriptor = self.descriptor, -1
            os.close(descriptor)


def _name(path_info: str) -> bytes:
    """The path below a root; empty where C{path_info} cannot be a file's."""
    # A path that does not begin with a slash would reach /x/static-evil from /x/static.
    if path_info[:1] != "/" or path_info[-1] == "/" or "\0" in path_info:
        return b""
    try:
        return path_info.encode("latin-1")
    except UnicodeEncodeError:
        return b""


def _is_regular(path: bytes) -> bool:
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except OSError:
        return False


def identity(status: os.stat_result) -> tuple[int, ...]:
    """What tells a file, and its content, from every other, and from what it was before."""
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


class StaticRoots:
    """
    The directories of C{check-static}, in order.  Reactor thread: it looks at the disk.
    """

    def __init__(
        self,
        roots: Sequence[str],
        log: Callable[[str], None],
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        @param roots: absolute paths; one that does not exist (yet) holds no files.
        @param log: told, in a line, of paths that lead out of their root.
        @param seconds: a clock, for the bound on such lines.
        """
        self._roots = [_Root(root) for root in roots]
        self._complaints = Complaints(log, seconds)

    def find(self, path_info: str) -> FoundFile | None:
        """
        The file that C{path_info} means, in the first root that has one.  Never raises: what is
        no file, or may not be one, is the application's to answer.

        @param path_info: C{PATH_INFO} of PEP 3333: decoded, each character a byte.
        @return: the file, which the caller closes.
        """
        name = _name(path_info)
        if not name:
            return None
        if b"/.." in name and b"/../" in name + b"/":
            self._dots(name)
            return None
        earlier: list[bytes] = []
        for root in self._roots:
            path = root.path + name
            # Mostly there is none, and this says so without an exception, in half the time.
            if not os.access(path, os.F_OK):
                earlier.append(path)
                continue
            if _is_regular(path):
                found = self._open(root, path, name)
                if found is not None:
                    found.earlier = earlier
                    return found
            earlier.append(path)
        return None

    def may_find(self, path_info: str) -> bool:
        """
        False where L{find} would find nothing, and say nothing of it.  Any thread.
        """
        name = _name(path_info)
        if not name:
            return False
        if b"/.." in name:
            return True
        return any(os.access(root.path + name, os.F_OK) for root in self._roots)

    def _open(self, root: _Root, path: bytes, name: bytes) -> FoundFile | None:
        try:
            descriptor = os.open(path, _OPEN)
        except OSError as error:
            self._complaints.say(
                f"[uwsgi-fileserve] unable to open {printable(path)}: {error.strerror}"
            )
            return None
        try:
            status = os.fstat(descriptor)
            real = real_path(descriptor, path)
            if stat.S_ISREG(status.st_mode) and root.holds(real):
                return FoundFile(descriptor, status, name, real, path)
            self._denied(root, real)
        except OSError:
            pass
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
        return None

    def _dots(self, name: bytes) -> None:
        """Segments C{..} that were hidden from the parser; the others it has resolved."""
        for root in self._roots:
            meant = os.path.normpath(root.path + name)
            if not (meant + b"/").startswith(root.path + b"/"):
                self._denied(root, meant)

    def _denied(self, root: _Root, real: bytes) -> None:
        self._complaints.say(
            f"[uwsgi-fileserve] security error: {printable(real)} is not under "
            f"{printable(root.path)} or a safe path"
        )


class _Root:
    """
    One directory.

    @ivar path: its absolute path, without a slash at the end.
    """

    def __init__(self, path: str) -> None:
        self.path = os.fsencode(path).rstrip(b"/")
        self._directory = self.path + b"/"
        self._identity: tuple[int, int] | None = None
        self._inside = b""

    def holds(self, real: bytes) -> bool:
        """
        True if C{real}, a path without symbolic links, is below this directory as it is now.

        @raise OSError: the directory is gone.
        """
        status = os.stat(self._directory)
        identity = status.st_dev, status.st_ino
        if identity == self._identity and real.startswith(self._inside):
            return True
        # The root may be a link that was turned to a new release, or have been moved.
        self._inside = os.path.realpath(self._directory).rstrip(b"/") + b"/"
        self._identity = identity
        return real.startswith(self._inside)


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
