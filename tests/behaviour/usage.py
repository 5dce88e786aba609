"""What processes use, read from outside: memory, time of the CPU, descriptors."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path


def memory(pids: Iterable[int]) -> int:
    """Bytes of memory that these processes have, what they share counted once."""
    total = 0
    for pid in pids:
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue  # it has ended
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total * 1024


def cpu(pids: Iterable[int]) -> float:
    """Seconds that these processes have been running on a CPU."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def descriptors(pid: int) -> int:
    """How many descriptors a process has open."""
    return len(os.listdir(f"/proc/{pid}/fd"))
