"""The values of L{twsgi.settings.options.configuration}."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ConfigurationFields:
    """See L{Settings <twsgi.settings.model.Settings>}."""

    strict: bool = False
