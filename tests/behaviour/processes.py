"""
Which processes a test has started, read from outside: /proc.

Every process of a test's inherits an environment variable with a value of the test's own.  A
process that has left its parent, its session and its directory still has it.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

#: The variable that marks a process as a test's.
MARK = "TWSGI_BEHAVIOUR_MARK"
#: False: this system has no /proc as Linux has; these tests cannot look.
AVAILABLE = Path("/proc/self/environ").exists()


def marked(mark: str) -> dict[int, str]:
    """The living processes that carry C{mark}: pid -> command line.  Zombies live no more."""
    found = {}
    wanted = f"{MARK}={mark}".encode()
    for entry in os.listdir("/proc"):
        if entry.isdigit() and int(entry) != os.getpid():
            try:
                if wanted in Path(f"/proc/{entry}/environ").read_bytes().split(b"\0"):
                    found[int(entry)] = command_line(int(entry))
            except OSError:
                continue
    return found


def command_line(pid: int) -> str:
    """What C{ps} shows of a process."""
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()


def parent(pid: int) -> int:
    """The process that started C{pid}."""
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("PPid:"))


def kill_marked(mark: str) -> None:
    """Kills all that carries C{mark}, also what is started meanwhile."""
    for _ in range(100):
        left = marked(mark)
        if not left:
            return
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        time.sleep(0.02)


def becomes(condition: Callable[[], object], seconds: float, look: float = 0.02) -> bool:
    """Looks until C{condition()} holds.  False: it did not for so long."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(look)
    return True
