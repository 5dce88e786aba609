"""Which descriptors this process has."""

from __future__ import annotations

import gc
import os


def open_descriptors() -> list[str]:
    """Their numbers; those of objects that nobody has any more are closed before."""
    gc.collect()
    return sorted(os.listdir("/dev/fd"))
