"""How much memory a process has, as the kernel tells (C{proc(5)}, C{statm})."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Memory:
    """
    Bytes.

    @ivar rss: what is in memory, what is shared with others included.
    @ivar address_space: what it could touch.
    """

    rss: int = 0
    address_space: int = 0


#: Nobody tells.
UNKNOWN = Memory()


def memory_of(pid: int, proc: str = "/proc") -> Memory:
    """
    What a process has now; L{UNKNOWN} where there is no such process, or no such system.

    @param proc: where the kernel tells.
    """
    try:
        with open(f"{proc}/{pid}/statm", "rb") as file:
            pages = [int(word) for word in file.read().split()[:2]]
    except (OSError, ValueError):
        return UNKNOWN
    if len(pages) < 2:
        return UNKNOWN
    size = os.sysconf("SC_PAGE_SIZE")
    return Memory(rss=pages[1] * size, address_space=pages[0] * size)
