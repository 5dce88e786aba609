"""The values of L{twsgi.settings.options.recycling}."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RecyclingFields:
    """See L{Settings <twsgi.settings.model.Settings>}."""

    max_requests: int = 0
    #: None: each worker adds some of its own, at random.
    max_requests_delta: int | None = None
    min_worker_lifetime: int = 10
    max_worker_lifetime: int = 0
    #: See C{max_requests_delta}.
    max_worker_lifetime_delta: int | None = None
    #: This and the next three: megabytes.
    reload_on_rss: int = 0
    reload_on_as: int = 0
    evil_reload_on_rss: int = 0
    evil_reload_on_as: int = 0
    reload_on_exception: bool = False
