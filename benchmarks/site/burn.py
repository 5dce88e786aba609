"""C{/burn}: five milliseconds of Python; anything else: twelve bytes at once.

C{BENCHMARKS_SWITCH_INTERVAL}, in seconds, is given to C{sys.setswitchinterval}.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import Any

_INTERVAL = os.environ.get("BENCHMARKS_SWITCH_INTERVAL")
_BURN = 0.005


def _burn(seconds: float) -> int:
    """Takes so much of this thread's processor time, not of the clock's."""
    end = time.thread_time() + seconds
    total = 0
    while time.thread_time() < end:
        for number in range(200):
            total += number * number
    return total


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    """Keeps the processor busy where it is asked to."""
    # Here and not on import: the server may set its own after that.
    if _INTERVAL and sys.getswitchinterval() != float(_INTERVAL):
        sys.setswitchinterval(float(_INTERVAL))
    if environ["PATH_INFO"] == "/burn":
        _burn(_BURN)
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "12")])
    return [b"hello world\n"]
