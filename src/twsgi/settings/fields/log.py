"""The values of L{twsgi.settings.options.log}."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class LogFields:
    """See L{Settings <twsgi.settings.model.Settings>}."""

    disable_logging: bool = False
