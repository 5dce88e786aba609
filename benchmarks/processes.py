"""Processor time and memory of a process and all below it, as C{/proc} tells (Linux)."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_MICROSECONDS_PER_TICK = 1_000_000 // os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Cpu:
    """
    Processor time, in microseconds.

    @ivar user: outside the kernel.
    @ivar system: within it.
    """

    user: int = 0
    system: int = 0

    def __add__(self, other: Cpu) -> Cpu:
        return Cpu(self.user + other.user, self.system + other.system)

    def __sub__(self, other: Cpu) -> Cpu:
        return Cpu(self.user - other.user, self.system - other.system)


def parse_stat(text: str) -> tuple[int, Cpu]:
    """
    What C{/proc/PID/stat} says.

    @return: the parent's pid; the processor time of all threads.
    """
    # The name is in brackets, and may hold brackets and spaces itself.
    words = text.rpartition(")")[2].split()
    ticks = int(words[11]), int(words[12])
    return int(words[1]), Cpu(*(count * _MICROSECONDS_PER_TICK for count in ticks))


def parse_pss(text: str) -> int:
    """The PSS that C{/proc/PID/smaps_rollup} tells, in KiB."""
    for line in text.splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0


def tree(root: int) -> list[int]:
    """A process and all below it that are there now; the root is the first."""
    children: dict[int, list[int]] = {}
    for entry in _PROC.iterdir():
        if entry.name.isdigit() and (text := _read(entry / "stat")):
            children.setdefault(parse_stat(text)[0], []).append(int(entry.name))
    found = [root]
    for pid in found:
        found += children.get(pid, [])
    return found


def cpu(pids: Iterable[int]) -> dict[int, Cpu]:
    """The processor time that each process has had; those that are gone are left out."""
    texts = {pid: _read(_PROC / str(pid) / "stat") for pid in pids}
    return {pid: parse_stat(text)[1] for pid, text in texts.items() if text}


def spent(before: dict[int, Cpu], after: dict[int, Cpu]) -> Cpu:
    """What was used between two looks; a process that was not there before began with nothing."""
    total = Cpu()
    for pid, used in after.items():
        total += used - before.get(pid, Cpu())
    return total


def pss(pids: Iterable[int]) -> dict[int, int]:
    """The proportional set size of each process, in KiB."""
    return {pid: parse_pss(_read(_PROC / str(pid) / "smaps_rollup")) for pid in pids}


def strangers(pids: Iterable[int]) -> int:
    """
    How many other processes run the same program, and so make the PSS of these smaller.

    @param pids: all processes of a server, the first first.
    """
    own = list(pids)
    program = _program(own[0])
    others = (int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit())
    return sum(pid not in own and _program(pid) == program for pid in others) if program else 0


def _program(pid: int) -> str:
    try:
        return os.readlink(_PROC / str(pid) / "exe")
    except OSError:
        return ""


def command_line(pid: int) -> list[str]:
    """The words with which a process was started; none if it is gone."""
    return _read(_PROC / str(pid) / "cmdline").split("\0")[:-1]


def _read(path: Path) -> str:
    """A file's text; nothing, where the process ends while it is looked at."""
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
