"""The values of L{twsgi.settings.options.cheaper}."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CheaperFields:
    """See L{Settings <twsgi.settings.model.Settings>}."""

    cheaper: int = 0
    cheaper_initial: int = 0
    cheaper_step: int = 0
    cheaper_overload: int = 3
    #: One of L{twsgi.settings.validation.ALGORITHMS}.
    cheaper_algo: str = "spare"
    cheaper_algos_list: bool = False
    #: This and the next: bytes, 0: any.
    cheaper_rss_limit_soft: int = 0
    cheaper_rss_limit_hard: int = 0
    #: This and the next: of 100.
    cheaper_busyness_max: int = 50
    cheaper_busyness_min: int = 25
    cheaper_busyness_multiplier: int = 10
    cheaper_busyness_penalty: int = 2
    cheaper_busyness_verbose: bool = False
    cheaper_busyness_backlog_alert: int = 33
    cheaper_busyness_backlog_multiplier: int = 3
    cheaper_busyness_backlog_step: int = 1
    cheaper_busyness_backlog_nonzero: int = 60
    cheap: bool = False
    #: Seconds, 0: never.
    idle: int = 0
    die_on_idle: bool = False
