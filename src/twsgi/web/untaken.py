"""What the kernel still holds of a connection: L{untaken} by the peer, L{unread} by us.

By the first a peer who reads slowly differs from one who does not read.  A socket may hold
megabytes.  Until a good part of them is gone it takes nothing more, so by what it takes from us a
peer that reads all the time seems to stand still.
"""

from __future__ import annotations

import fcntl
import sys
import termios

# Not every system has them.
_OUT: int | None = getattr(termios, "TIOCOUTQ", None)
_IN: int | None = getattr(termios, "FIONREAD", None)


def untaken(descriptor: int) -> int:
    """
    How much of what a socket has taken its peer has not: of TCP the bytes that are not
    acknowledged, of a Unix socket the memory of what is not read.  Only changes mean something.
    Any thread.

    @return: -1 where the kernel does not say, or the socket is closed.
    """
    return _ask(descriptor, _OUT)


def unread(descriptor: int) -> int:
    """
    How many bytes have come that nobody has read.  Any thread.

    @return: -1 where the kernel does not say, or the socket is closed.
    """
    return _ask(descriptor, _IN)


def _ask(descriptor: int, request: int | None) -> int:
    if request is None:
        return -1
    try:
        answer = fcntl.ioctl(descriptor, request, bytes(4))
    except (OSError, ValueError):
        return -1
    return int.from_bytes(answer, sys.byteorder, signed=True)
