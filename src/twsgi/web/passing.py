"""L{receive_descriptor}: a descriptor that another process has passed, and no child inherits."""

from __future__ import annotations

import os
import socket

#: Linux and the BSDs set it as they receive: no thread can fork in between.
_CLOEXEC: int = getattr(socket, "MSG_CMSG_CLOEXEC", 0)


def receive_descriptor(sock: socket.socket) -> tuple[bytes, list[int]]:
    """
    One byte, and the descriptor that came with it, which is the caller's.

    @return: C{b""} at the end of file; no descriptor where this process can have no more.
    @raise OSError: the socket's.
    """
    byte, descriptors, _, _ = socket.recv_fds(sock, 1, 1, _CLOEXEC)
    for descriptor in descriptors:
        os.set_inheritable(descriptor, False)
    return byte, descriptors
