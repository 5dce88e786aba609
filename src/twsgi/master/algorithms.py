"""L{algorithm_of}: the C{cheaper} algorithm that settings ask for.  Pure."""

from __future__ import annotations

from collections.abc import Callable

from twsgi.interfaces import ICheaperAlgorithm
from twsgi.master.backlog import BacklogAlgorithm
from twsgi.master.busyness import Busyness, BusynessAlgorithm
from twsgi.master.manual import ManualAlgorithm
from twsgi.master.rsslimits import WithinMemory
from twsgi.master.spare import SpareAlgorithm
from twsgi.settings.model import Settings


def algorithm_of(settings: Settings) -> ICheaperAlgorithm:
    """By C{cheaper-algo} and its options, within C{cheaper-rss-limit-soft} and C{-hard}."""
    algorithm = _MAKERS[settings.cheaper_algo](settings)
    soft, hard = settings.cheaper_rss_limit_soft, settings.cheaper_rss_limit_hard
    return WithinMemory(algorithm, soft, hard) if soft else algorithm


def _spare(settings: Settings) -> ICheaperAlgorithm:
    return SpareAlgorithm(settings.cheaper_overload, settings.cheaper_step)


def _backlog(settings: Settings) -> ICheaperAlgorithm:
    return BacklogAlgorithm(settings.cheaper_overload, settings.cheaper_step)


def _busyness(settings: Settings) -> ICheaperAlgorithm:
    return BusynessAlgorithm(
        Busyness(
            window=settings.cheaper_overload,
            step=settings.cheaper_step,
            most=settings.cheaper_busyness_max,
            least=settings.cheaper_busyness_min,
            multiplier=settings.cheaper_busyness_multiplier,
            penalty=settings.cheaper_busyness_penalty,
            verbose=settings.cheaper_busyness_verbose,
            backlog_alert=settings.cheaper_busyness_backlog_alert,
            backlog_multiplier=settings.cheaper_busyness_backlog_multiplier,
            backlog_step=settings.cheaper_busyness_backlog_step,
            backlog_nonzero=settings.cheaper_busyness_backlog_nonzero,
        )
    )


def _manual(settings: Settings) -> ICheaperAlgorithm:
    return ManualAlgorithm()


#: The names are L{ALGORITHMS <twsgi.settings.validation.ALGORITHMS>}.
_MAKERS: dict[str, Callable[[Settings], ICheaperAlgorithm]] = {
    "spare": _spare,
    "backlog": _backlog,
    "manual": _manual,
    "busyness": _busyness,
}
