"""Which requests have run for too long (C{harakiri}), and what the log says of them.  Pure.

A request is known by its core and the moment at which it began: the scoreboard has both, however
its worker hangs.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from twsgi.control.launch import WORKER
from twsgi.control.scoreboard import (
    CORE_ARRIVED,
    CORE_BUSY_SINCE,
    CORE_THREAD,
    Scoreboard,
)
from twsgi.master.words import name

_SECOND = 1_000_000_000
#: How C{faulthandler} begins the stack of a thread.
_THREAD = re.compile(r"^(?:Current thread|Thread) 0x([0-9a-f]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Running:
    """
    A request inside a core.

    @ivar core: from 0.
    @ivar since: monotonic nanoseconds at which it began.
    @ivar arrived: monotonic nanoseconds at which its frontend had it, which knows it by that; 0:
        there is none.
    @ivar line: client, method and URI, cut; empty: they are not known.
    @ivar thread: the core's thread's number.
    """

    core: int
    since: int
    arrived: int
    line: str
    thread: int

    @property
    def key(self) -> tuple[int, int]:
        """What tells it from every other one of the same worker."""
        return self.core, self.since

    @property
    def queued(self) -> float:
        """Seconds for which it had waited for its core."""
        return max(0, self.since - self.arrived) / _SECOND if self.arrived else 0.0

    def ran(self, now: int) -> float:
        """Seconds; C{now} is monotonic nanoseconds."""
        return (now - self.since) / _SECOND


def running(board: Scoreboard, place: int) -> list[Running]:
    """The requests inside the cores of the worker in C{place}."""
    found = []
    for core in range(board.worker_cores(place)):
        record = board.core(place, core)
        since = record[CORE_BUSY_SINCE]
        if since:
            text = bytes(board.core_text(place, core)).partition(b"\0")[0].decode("latin-1")
            found.append(Running(core, since, record[CORE_ARRIVED], text, record[CORE_THREAD]))
    return found


def overdue(requests: Iterable[Running], seconds: float, now: int) -> list[Running]:
    """Those that have run for C{seconds}; C{now} is monotonic nanoseconds."""
    return [one for one in requests if one.ran(now) >= seconds]


@dataclass(frozen=True, slots=True)
class Case:
    """
    A worker in which requests hang.

    @ivar attempt: how often this worker had some, this time included.
    @ivar requests: all that are in it.
    @ivar guilty: those of them that have run for too long.
    @ivar now: monotonic nanoseconds.
    @ivar stacks: what its threads do, lines; or nothing.
    @ivar dumb: it has not answered: C{stacks} are C{faulthandler}'s.
    """

    index: int
    pid: int
    attempt: int
    requests: Sequence[Running]
    guilty: Sequence[Running]
    now: int
    stacks: str
    dumb: bool


def record(case: Case) -> str:
    """What the log says before anything is done: uWSGI's words, and what it does not know."""
    who = name(WORKER, case.index)
    graceful = "no" if case.dumb else "yes"
    lines = [
        f"{time.ctime()} - *** HARAKIRI ON WORKER {case.index} (pid: {case.pid}, try: "
        f"{case.attempt}, graceful: {graceful}) ***",
        f"HARAKIRI !!! {who} status !!!",
        *(_status(one, case.now) for one in case.requests),
        f"HARAKIRI !!! end of {who} status !!!",
        *(f"HARAKIRI triggered by {who} core {one.core} !!!" for one in case.guilty),
    ]
    if case.dumb:
        lines.append(f"HARAKIRI {who} does not answer: its interpreter is held, or does not run")
    lines.append(case.stacks or "HARAKIRI no stack: the process does nothing any more")
    return "\n".join(lines)


def _status(one: Running, now: int) -> str:
    began = int(time.time() - one.ran(now))
    return (
        f"HARAKIRI [core {one.core}] {one.line or '(not known)'} since {began} "
        f"(queued {one.queued:.3f} s, ran {one.ran(now):.3f} s)"
    )


def finished(index: int, one: Running) -> str:
    """A request has come to its end before anything was done."""
    what = f"{name(WORKER, index)} core {one.core}: {one.line}".rstrip(": ")
    return f"harakiri: {what} has finished meanwhile: nothing is killed for it"


def stacks_of(dump: str, threads: Iterable[int]) -> str:
    """
    The stacks of some threads.

    @param dump: of all of them, by C{faulthandler}.
    @param threads: their numbers.
    @return: the whole of C{dump} where none of them is found.
    """
    wanted = set(threads)
    found = [block for block in dump.split("\n\n") if _thread_of(block) in wanted]
    return "\n".join(block.strip("\n") for block in found) or dump


def _thread_of(block: str) -> int | None:
    match = _THREAD.match(block.lstrip("\n"))
    return int(match[1], 16) if match else None
