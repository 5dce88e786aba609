"""The values of L{twsgi.settings.options.processes}."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ProcessesFields:
    """See L{Settings <twsgi.settings.model.Settings>}."""

    master: bool = False
    processes: int = 1
    threads: int = 1
    enable_threads: bool = True
    thunder_lock: bool = False
