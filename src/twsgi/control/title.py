"""What a process is called in C{ps} and C{top} (uWSGI: C{auto-procname}, C{procname-...})."""

from __future__ import annotations

import os

from twsgi.settings.model import Settings

#: The kernel keeps 15 bytes of a name.
_LONGEST = 15
#: Where C{/proc/self/stat} says from where to where the command line is, after the name (proc(5)).
_BEGINS, _ENDS = 45, 46


def title_of(settings: Settings, role: str) -> str:
    """
    What a process is to be called, empty: nobody asked.

    @param role: C{master}, C{worker 1}, C{http 1}.
    """
    own = (settings.procname_master if role == "master" else "") or settings.procname
    before = settings.procname_prefix
    if settings.procname_prefix_spaced:
        before = f"{settings.procname_prefix_spaced} {before}"
    if not (settings.auto_procname or own or before or settings.procname_append):
        return ""
    return f"{before}{own or f'uWSGI {role}'}{settings.procname_append}"


def set_process_title(title: str) -> None:
    """
    Gives this process its short name, as C{ps -o comm} shows it, cut to what the system keeps, and
    its command line, as C{ps -o args} shows it, cut to the length of the one that it had.

    Linux only; elsewhere, or where it is forbidden, nothing happens: a name is never worth a
    failure.
    """
    try:
        descriptor = os.open("/proc/self/comm", os.O_WRONLY | os.O_CLOEXEC)
    except OSError:
        return
    try:
        os.write(descriptor, title.encode("utf-8", "replace")[:_LONGEST])
        _set_command_line(title.encode("utf-8", "replace"))
    except (OSError, ValueError, IndexError):
        pass
    finally:
        os.close(descriptor)


def _set_command_line(title: bytes) -> None:
    """
    Writes it where the kernel looks for the arguments.  A last byte that is not NUL tells it that
    there is a title now, which ends at its first NUL.  Before privileges are given up: who has
    changed its user may not know where that is.

    @raise OSError: there is no C{/proc}.
    """
    with open("/proc/self/stat", "rb") as file:
        words = file.read().rpartition(b")")[2].split()
    with open("/proc/self/cmdline", "rb") as file:
        before = file.read()
    begins, ends = int(words[_BEGINS]), int(words[_ENDS])
    room = ends - begins
    if begins <= 0 or room < 2 or room != len(before):
        return  # it has a title already, or nobody may know
    import ctypes

    shown = title[: room - 2]
    ctypes.memmove(begins, shown + b"\0" * (room - 1 - len(shown)) + b".", room)
