"""The values of L{twsgi.settings.options.harakiri}."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class HarakiriFields:
    """See L{Settings <twsgi.settings.model.Settings>}."""

    harakiri: int = 0
    harakiri_verbose: bool = False
    #: 0: as C{harakiri}.
    harakiri_graceful_timeout: int = 0
    harakiri_no_arh: bool = False
