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
from twsgi.static.place import Place, real_path

# A file that is exchanged for a pipe between the look and the opening must not block the reactor.
_OPEN = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY


class FoundFile:
    """
    A regular file inside its root, open for reading.

    @ivar descriptor: its descriptor, which is this object's; -1 once closed.
    @ivar name: the path as it was asked for, below the root; or that of a directory's index.
    @ivar real: the path without symbolic links.
    @ivar size: bytes when it was opened.
    @ivar modified: Unix time of the last modification when it was opened.
    @ivar changed: the same of the last change of any kind, a new name included.
    @ivar identity: see L{identity}.
    @ivar path: where it was found.
    @ivar root: the place it is inside of.
    @ivar earlier: where it would have been found before, had there been one.
    @ivar coding: the content coding that it has, where it stands for another file.
    @ivar original: that file, closed.
    """

    __slots__ = (
        "changed",
        "coding",
        "descriptor",
        "earlier",
        "identity",
        "modified",
        "name",
        "original",
        "path",
        "real",
        "root",
        "size",
    )

    def __init__(
        self,
        descriptor: int,
        status: os.stat_result,
        name: bytes,
        real: bytes,
        path: bytes,
        root: Place,
    ) -> None:
        self.descriptor = descriptor
        self.name = name
        self.real = real
        self.path = path
        self.root = root
        self.earlier: list[bytes] = []
        self.size = status.st_size
        self.modified = status.st_mtime
        self.changed = status.st_ctime
        self.identity = identity(status)
        self.coding = ""
        self.original: FoundFile | None = None

    def close(self) -> None:
        """Closes the file.  Does nothing the second time: the number may be another's by then."""
        if self.descriptor >= 0:
            descriptor, self.descriptor = self.descriptor, -1
            os.close(descriptor)


def _mode(path: bytes) -> int:
    """Of what kind it is, and its rights; 0 where it is nothing."""
    try:
        return os.stat(path).st_mode
    except OSError:
        return 0


def _is_regular(path: bytes) -> bool:
    return os.access(path, os.F_OK) and stat.S_ISREG(_mode(path))


def identity(status: os.stat_result) -> tuple[int, ...]:
    """What tells a file, and its content, from every other, and from what it was before."""
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


class StaticRoots:
    """
    The places of C{check-static}, C{static-map} and C{static-map2}, in order.  Reactor thread: it
    looks at the disk.
    """

    def __init__(
        self,
        roots: Sequence[Place],
        log: Callable[[str], None],
        seconds: Callable[[], float] = time.monotonic,
        *,
        safe: Sequence[Place] = (),
        index: Sequence[str] = (),
        skipped: Sequence[str] = (),
    ) -> None:
        """
        @param roots: one that does not exist (yet) holds no files.
        @param log: told, in a line, of paths that lead out of their root.
        @param seconds: a clock, for the bound on such lines.
        @param safe: where symbolic links may lead besides.
        @param index: the names of the files that stand for their directory, in order.
        @param skipped: paths that end so are no files.
        """
        self._roots = roots
        self._safe = safe
        self._index = [b"/" + os.fsencode(one) for one in index if not one.endswith(tuple(skipped))]
        # Directories are of use where they have an index, or are mapped by a name that ends so.
        by_slash = any(one.locate(b"/") == (one.path or b"/") for one in roots)
        last = () if index or by_slash else ("/",)
        self._no_files = *(os.fsencode(one).decode("latin-1") for one in skipped), *last
        self._complaints = Complaints(log, seconds)

    def find(self, path_info: str) -> FoundFile | None:
        """
        The file that C{path_info} means, in the first root that has one.  Never raises: what is
        no file, or may not be one, is the application's to answer.

        @param path_info: C{PATH_INFO} of PEP 3333: decoded, each character a byte.
        @return: the file, which the caller closes.
        """
        name = self._name(path_info)
        if not name:
            return None
        if b"/.." in name and b"/../" in name + b"/":
            self._dots(name)
            return None
        earlier: list[bytes] = []
        for root in self._roots:
            path = root.locate(name)
            if not path:
                continue
            # Mostly there is none, and this says so without an exception, in half the time.
            if os.access(path, os.F_OK):
                file = self._file(path, earlier)
                found = self._open(root, file, name if file == path else file) if file else None
                if found is not None:
                    found.earlier = earlier
                    return found
            earlier.append(path)
        return None

    def may_find(self, path_info: str) -> bool:
        """
        False where L{find} would find nothing, and say nothing of it.  Any thread.
        """
        name = self._name(path_info)
        if not name:
            return False
        if b"/.." in name:
            return True
        for root in self._roots:
            path = root.locate(name)
            if path and os.access(path, os.F_OK) and self._file(path, []):
                return True
        return False

    def beside(self, found: FoundFile, ending: str) -> FoundFile | None:
        """
        The file beside another (as that really lies) whose name has an C{ending} more.  If it is
        a link it must lead to what is inside as well.
        """
        path = found.real + ending.encode("ascii")
        return self._open(found.root, path, found.name, path) if _is_regular(path) else None

    def _name(self, path_info: str) -> bytes:
        """The path below a root; empty where C{path_info} cannot be a file's."""
        # A path that does not begin with a slash would reach /x/static-evil from /x/static.
        if path_info[:1] != "/" or path_info.endswith(self._no_files) or "\0" in path_info:
            return b""
        try:
            return path_info.encode("latin-1")
        except UnicodeEncodeError:
            return b""

    def _file(self, path: bytes, earlier: list[bytes]) -> bytes:
        """The regular file that this is, or that is a directory's index; else empty."""
        mode = _mode(path)
        if stat.S_ISREG(mode):
            return path
        if stat.S_ISDIR(mode):
            for index in self._index:
                file = path.rstrip(b"/") + index
                if _is_regular(file):
                    return file
                earlier.append(file)
        return b""

    def _open(
        self, root: Place, path: bytes, name: bytes, allowed: bytes = b""
    ) -> FoundFile | None:
        """C{allowed}: a real path that is good wherever it is."""
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
            inside = real == allowed or root.holds(real) or self._is_safe(real)
            if stat.S_ISREG(status.st_mode) and inside:
                return FoundFile(descriptor, status, name, real, path, root)
            self._denied(root, real)
        except OSError:
            pass
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
        return None

    def _is_safe(self, real: bytes) -> bool:
        for place in self._safe:
            try:
                if place.holds(real):
                    return True
            except OSError:
                continue
        return False

    def _dots(self, name: bytes) -> None:
        """Segments C{..} that were hidden from the parser; the others it has resolved."""
        for root in self._roots:
            path = root.locate(name)
            meant = os.path.normpath(path) if path else b""
            if path and not (meant + b"/").startswith(root.path + b"/"):
                self._denied(root, meant)

    def _denied(self, root: Place, real: bytes) -> None:
        self._complaints.say(
            f"[uwsgi-fileserve] security error: {printable(real)} is not under "
            f"{printable(root.path)} or a safe path"
        )
