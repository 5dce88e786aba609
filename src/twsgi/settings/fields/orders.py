"""The values of L{twsgi.settings.options.orders}."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class OrdersFields:
    """See L{Settings <twsgi.settings.model.Settings>}."""

    master_fifo: tuple[str, ...] = ()
