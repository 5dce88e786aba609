"""The values of L{twsgi.settings.options.reload}."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ReloadFields:
    """See L{Settings <twsgi.settings.model.Settings>}."""

    touch_reload: tuple[str, ...] = ()
    touch_workers_reload: tuple[str, ...] = ()
    touch_chain_reload: tuple[str, ...] = ()
    #: 0: any time.
    worker_ready_timeout: int = 60
