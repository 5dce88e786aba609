"""L{Outside}: all that reading a configuration asks of the machine; L{Machine}: this one."""

from __future__ import annotations

import glob
import grp
import os
import pwd
import select
import signal
import socket
import subprocess
import sys
import time
from typing import Protocol

#: Seconds that a command of C{@(exec://...)} has.
PATIENCE = 10.0
#: The most names that a C{for-glob} may find.
_NAMES = 10_000


class Outside(Protocol):
    """What is outside: the one way by which a configuration is read from somewhere."""

    #: The processes of now go on, with what is read now.
    reloading: bool

    def read(self, path: str, limit: int) -> bytes:
        """
        The first C{limit} bytes of a file.

        @raise OSError: there is none, or it cannot be read.
        """

    def run(self, command: str, limit: int) -> bytes:
        """
        The first C{limit} bytes that a shell command prints; there it is ended.

        @raise OSError: it cannot be started, fails, or takes too long; C{strerror} says which.
        """

    def glob(self, pattern: str) -> list[str]:
        """The files whose names match, sorted, as a shell has them."""

    def what(self, path: str) -> str:
        """C{file}, C{directory}, C{other}, or nothing where there is nothing."""

    def inode(self, path: str) -> int:
        """The number of a file's inode; 0 where there is none."""

    def real(self, path: str) -> str:
        """C{path} with its symbolic links resolved."""

    def hostname(self) -> str:
        """The name of this machine."""

    def user(self) -> tuple[int, str]:
        """Number and name of who runs this."""

    def group(self) -> tuple[int, str]:
        """Number and name of his group."""

    def cores(self) -> int:
        """How many the machine has."""

    def now(self) -> float:
        """Seconds since 1970."""

    def binary(self) -> str:
        """The path of the program."""


class Machine:
    """This machine."""

    def __init__(self, reloading: bool = False) -> None:
        self.reloading = reloading

    def read(self, path: str, limit: int) -> bytes:
        """See L{Outside.read}."""
        with open(path, "rb") as file:
            return file.read(limit)

    def run(self, command: str, limit: int) -> bytes:
        """See L{Outside.run}."""
        child = subprocess.Popen(
            ["/bin/sh", "-c", command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        try:
            return _printed(child, limit, time.monotonic() + PATIENCE)
        finally:
            # It may have left others behind, who are no business of ours.
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
            if child.stdout is not None:
                child.stdout.close()

    def glob(self, pattern: str) -> list[str]:
        """See L{Outside.glob}."""
        found = []
        for name in glob.iglob(pattern):
            found.append(name)
            if len(found) > _NAMES:
                break
        return sorted(found)

    def what(self, path: str) -> str:
        """See L{Outside.what}."""
        if os.path.isdir(path):
            return "directory"
        if os.path.isfile(path):
            return "file"
        return "other" if os.path.exists(path) else ""

    def inode(self, path: str) -> int:
        """See L{Outside.inode}."""
        try:
            return os.stat(path).st_ino
        except OSError:
            return 0

    def real(self, path: str) -> str:
        """See L{Outside.real}."""
        return os.path.realpath(path)

    def hostname(self) -> str:
        """See L{Outside.hostname}."""
        return socket.gethostname()

    def user(self) -> tuple[int, str]:
        """See L{Outside.user}."""
        number = os.getuid()
        try:
            return number, pwd.getpwuid(number).pw_name
        except KeyError:
            return number, str(number)

    def group(self) -> tuple[int, str]:
        """See L{Outside.group}."""
        number = os.getgid()
        try:
            return number, grp.getgrgid(number).gr_name
        except KeyError:
            return number, str(number)

    def cores(self) -> int:
        """See L{Outside.cores}."""
        return os.cpu_count() or 1

    def now(self) -> float:
        """See L{Outside.now}."""
        return time.time()

    def binary(self) -> str:
        """See L{Outside.binary}."""
        return sys.argv[0]


def _printed(child: subprocess.Popen[bytes], limit: int, deadline: float) -> bytes:
    """@raise OSError: it fails, or takes longer than that."""
    assert child.stdout is not None
    pieces: list[bytes] = []
    size = 0
    while size < limit:
        ready, _, _ = select.select([child.stdout], [], [], max(deadline - time.monotonic(), 0))
        if not ready:
            raise OSError(0, f"takes longer than {PATIENCE:.0f} seconds")
        piece = os.read(child.stdout.fileno(), limit - size)
        if not piece:
            break
        pieces.append(piece)
        size += len(piece)
    else:
        return b"".join(pieces)
    try:
        status = child.wait(max(deadline - time.monotonic(), 0.1))
    except subprocess.TimeoutExpired:
        raise OSError(0, f"takes longer than {PATIENCE:.0f} seconds") from None
    if status:
        raise OSError(0, f"failed: its status is {status}")
    return b"".join(pieces)
