"""L{last_call}: a listening socket that lets in who is at the door, and nobody else.

To close a listening socket is to reset whoever has connected and was not accepted yet; and that is
more than a look at the queue shows: the handshake may be under way, or the kernel holds back a
connection until its first bytes come (C{TCP_DEFER_ACCEPT}).  So before the end the kernel is asked
to drop what would begin another connection.  Its sender tries again a second later, and is refused.
"""

from __future__ import annotations

import ctypes
import socket
import struct
import sys

#: Seconds that who is at the door has to come in: handshakes that are under way, first bytes.
LAST_CALL = 0.25

#: C{SO_ATTACH_FILTER}, which Python does not name; where it is another number it is refused.
_ATTACH_FILTER = 26
#: Of the flags of a TCP header.
_SYN, _ACK = 0x02, 0x10
#: Classic BPF, on the TCP header: (code, if true, if false, operand).
_PROGRAM = (
    (0x30, 0, 0, 13),  # the byte of the flags
    (0x54, 0, 0, _SYN | _ACK),
    (0x15, 0, 1, _SYN),  # the first segment of a connection?
    (0x06, 0, 0, 0),  # dropped
    (0x06, 0, 0, 0xFFFFFFFF),  # taken
)


def last_call(listening: socket.socket) -> bool:
    """
    Lets no new connection begin.  That cannot be taken back, and holds for all processes that have
    the socket: it is for one that is about to be closed by all of them.

    @return: False: not here: no TCP, or no Linux.
    """
    if sys.platform != "linux" or listening.family not in (socket.AF_INET, socket.AF_INET6):
        return False
    program = b"".join(struct.pack("=HBBI", *one) for one in _PROGRAM)
    held = ctypes.create_string_buffer(program, len(program))
    try:
        listening.setsockopt(
            socket.SOL_SOCKET,
            _ATTACH_FILTER,
            struct.pack("HP", len(_PROGRAM), ctypes.addressof(held)),
        )
    except OSError:
        return False
    return True
