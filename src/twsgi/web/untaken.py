"""What the kernel still holds for a peer: by it one who reads slowly differs from one who does not.

A socket may hold megabytes.  Until a good part of them is gone it takes nothing more, so by what it
takes from us a peer that reads all the time seems to stand still.
"""

from __future__ import annotations

import sys

try:
    import fcntl
    import termios
except ImportError:  # pragma: no cover
    _REQUEST: int | None = None
else:
    _REQUEST = getattr(termios, "TIOCOUTQ", None)


def untaken(descriptor: int) -> int:
    """
    How much of what a socket has taken its peer has not: of TCP the bytes that are not
    acknowledged, of a Unix socket the memory of what is not read.  Only changes mean something.
    Any thread.

    @return: -1 where the kernel does not say, or the socket is closed.
    """
    if _REQUEST is None:
        return -1
    try:
        answer = fcntl.ioctl(descriptor, _REQUEST, bytes(4))
    except (OSError, ValueError):
        return -1
    return int.from_bytes(answer, sys.byteorder, signed=True)
