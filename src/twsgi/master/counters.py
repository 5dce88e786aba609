"""L{counters}: what the workers have done so far, as lines of the log."""

from __future__ import annotations

from twsgi.control.scoreboard import CORE_EXCEPTIONS, Scoreboard
from twsgi.master.roster import Roster

_RULE = "-----------------"


def counters(roster: Roster, scoreboard: Scoreboard) -> list[str]:
    """uWSGI's words, a line for each worker; what those have done who are gone is in the sum."""
    total, lines = 0, []
    for place in scoreboard.used_places():
        total += scoreboard.worker_requests(place)
    for child in roster.serving():
        cores = range(scoreboard.worker_cores(child.place))
        exceptions = sum(scoreboard.core(child.place, core)[CORE_EXCEPTIONS] for core in cores)
        lines.append(
            f"\tworker {child.index} app 0 [] requests: {scoreboard.worker_requests(child.place)}"
            f" exceptions: {exceptions}"
        )
    return [f"\tworkers total requests: {total}", _RULE, *lines, _RULE]
