"""What a process is called in C{ps} and C{top} (uWSGI: C{auto-procname}, C{procname-prefix})."""

from __future__ import annotations

import os

#: The kernel keeps 15 bytes of a name.
_LONGEST = 15


def set_process_title(title: str) -> None:
    """
    Gives this process its short name, as C{ps -o comm} shows it; cut to what the system keeps.

    Linux only (C{/proc/self/comm}); elsewhere, or where it is forbidden, nothing happens: a name
    is never worth a failure.
    """
    try:
        descriptor = os.open("/proc/self/comm", os.O_WRONLY | os.O_CLOEXEC)
    except OSError:
        return
    try:
        os.write(descriptor, title.encode("utf-8", "replace")[:_LONGEST])
    except OSError:
        pass
    finally:
        os.close(descriptor)
