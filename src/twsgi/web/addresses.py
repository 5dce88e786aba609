"""What C{twisted.web} calls the ends of a connection."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress


def address(name: Callable[[], Any]) -> IPv4Address | IPv6Address | UNIXAddress:
    """
    The C{IAddress} of one end.

    @param name: the socket's C{getpeername} or C{getsockname}.
    """
    try:
        found = name()
    except OSError:
        found = None  # it is gone already
    if not isinstance(found, tuple):
        return UNIXAddress(found or None)
    if len(found) == 4:
        return IPv6Address("TCP", *found)
    return IPv4Address("TCP", *found)
