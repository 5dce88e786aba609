"""L{Stacks}: where the threads of a worker are, for the log of its master (C{harakiri})."""

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Iterable, Sequence
from types import FrameType

from twsgi.control.scoreboard import CORE_BUSY_SINCE, CORE_THREAD, Scoreboard
from twsgi.wsgi.core import Core

#: The innermost frames of a stack that are shown.
FRAMES = 100
#: The most bytes that are told: a value of AMP's has 65,535.
LONGEST = 60000


class Stacks:
    """Reactor thread."""

    def __init__(self, threads: Sequence[Core], board: Scoreboard, place: int, lines: bool) -> None:
        """
        @param threads: the cores', which do not run yet.
        @param place: the worker's on the scoreboard.
        @param lines: what they work on shall be seen there too.
        """
        self._threads = threads
        self._records = [board.core(place, thread.index) for thread in threads]
        if lines:
            for thread in threads:
                thread.note_requests(board.core_text(place, thread.index))

    def started(self) -> None:
        """They run: their numbers are seen on the scoreboard."""
        for thread, record in zip(self._threads, self._records, strict=True):
            record[CORE_THREAD] = thread.ident or 0

    def describe(self, cores: Iterable[int], since: Iterable[int], everything: bool) -> str:
        """See L{Describe <twsgi.control.commands.Describe>}."""
        frames = sys._current_frames()
        there = [core for core, began in zip(cores, since, strict=True) if self._in(core, began)]
        asked: list[threading.Thread] = [self._threads[core] for core in there]
        if asked and everything:
            asked += [thread for thread in threading.enumerate() if thread not in asked]
        stacks = [_stack(thread, frames) for thread in asked]
        return "".join(stacks).rstrip("\n").encode()[:LONGEST].decode(errors="ignore")

    def _in(self, core: int, since: int) -> bool:
        """That core is still in the request that it began then."""
        return core < len(self._records) and self._records[core][CORE_BUSY_SINCE] == since


def _stack(thread: threading.Thread, frames: dict[int, FrameType]) -> str:
    frame = frames.get(thread.ident or 0)
    if frame is None:
        return ""
    # The thread goes on meanwhile: what is shown is a moment later, at most.
    lines = "".join(traceback.format_stack(frame, FRAMES))
    return f"{thread.name} (most recent call last):\n{lines}"
