"""The values of L{twsgi.settings.options.life}."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class LifeFields:
    """See L{Settings <twsgi.settings.model.Settings>}."""

    worker_reload_mercy: int = 60
    #: 0: as C{worker_reload_mercy}.
    reload_mercy: int = 0
    shutdown_delay: int = 0
    die_on_term: bool = False
    vacuum: bool = True
    pidfile: str | None = None
    pidfile2: str | None = None
    safe_pidfile: str | None = None
    safe_pidfile2: str | None = None
    no_orphans: bool = True
