"""What is said while it runs: which step, what came of it, how much is left."""

from __future__ import annotations

import sys
import time
from typing import TextIO


class Progress:
    """
    Lines on standard error.

    @ivar total: the seconds that all will take, as far as is known.
    """

    def __init__(self, total: float, stream: TextIO = sys.stderr) -> None:
        self.total = total
        self._stream = stream
        self._began = time.monotonic()

    def say(self, text: str) -> None:
        """One line, with the time so far and the time that it may take."""
        took = time.monotonic() - self._began
        print(
            f"[{_clock(took)} of about {_clock(max(took, self.total))}] {text}",
            file=self._stream,
            flush=True,
        )


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
