"""The values of L{twsgi.settings.options.daemons}."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DaemonsFields:
    """See L{Settings <twsgi.settings.model.Settings>}."""

    attach_daemon: tuple[str, ...] = ()
    attach_control_daemon: tuple[str, ...] = ()
    attach_daemon2: tuple[str, ...] = ()
    smart_attach_daemon: tuple[str, ...] = ()
    smart_attach_daemon2: tuple[str, ...] = ()
    daemons_honour_stdin: bool = False
