"""What the kernel knows of a connection: what is L{untaken} by the peer, L{unread} by us, and
whether the peer has L{hung_up}.

By the first a peer who reads slowly differs from one who does not read.  A socket may hold
megabytes.  Until a good part of them is gone it takes nothing more, so by what it takes from us a
peer that reads all the time seems to stand still.
"""

from __future__ import annotations

import fcntl
import select
import sys
import termios

# Not every system has them.
_OUT: int | None = getattr(termios, "TIOCOUTQ", None)
_IN: int | None = getattr(termios, "FIONREAD", None)
_HUNG_UP = select.POLLHUP | getattr(select, "POLLRDHUP", 0)


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


def hung_up(descriptor: int) -> bool:
    """
    The peer of a socket has closed its side, whatever has come before that and was not read; where
    the kernel does not tell (it is not Linux) only that it is gone altogether.  Any thread.
    """
    poll = select.poll()
    poll.register(descriptor, _HUNG_UP)
    return bool(poll.poll(0))


def _ask(descriptor: int, request: int | None) -> int:
    if request is None:
        return -1
    try:
        answer = fcntl.ioctl(descriptor, request, bytes(4))
    except (OSError, ValueError):
        return -1
    return int.from_bytes(answer, sys.byteorder, signed=True)
