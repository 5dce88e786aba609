"""How many connections a process has descriptors for."""

from __future__ import annotations

import os
import resource

#: Descriptors kept back for files and bodies, beside those that are open: so many, or a quarter
#: where there are few.
_RESERVE = 256


def connections_possible(links: int, opened: int | None = None) -> int:
    """
    How many connections the process can have at once; 0: as many as you like.

    @param links: how many links it will have beside.
    @param opened: how many descriptors are open for other things; by default all that are now.
    """
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return 0
    left = soft - (open_descriptors() if opened is None else opened) - links
    return max(1, left - min(_RESERVE, left // 4))


def open_descriptors() -> int:
    """How many descriptors are open now, as far as anybody knows."""
    try:
        return len(os.listdir("/proc/self/fd"))
    except OSError:
        return 16  # not Linux
