"""Applications that keep the processor busy: who else of their process gets a turn, and when.

Two clients ask a worker of four cores for 5 ms of Python, again and again; one asks it for the
tiny response, one for a static file: with C{http =} the frontend sends that, with C{http-socket =}
the worker's main thread.
"""

from __future__ import annotations

import statistics

from benchmarks import load
from benchmarks.load import Answer, Load
from benchmarks.progress import Progress
from benchmarks.results import Effort, Outcome, Table
from benchmarks.server import Server, Site

#: Seconds, for C{sys.setswitchinterval}; nothing: what the server has set itself.
_INTERVALS = ("", "0.005", "0.002", "0.001", "0.0005", "0.0002")
_LOADS = (
    Load("tiny", 2, "/burn"),
    Load("tiny", 1, "/"),
    Load("tiny", 1, "/small.css"),
)
_COLUMNS = [
    "mode",
    "switch interval",
    "5 ms of Python, requests/s",
    "beside it: p50, ms",
    "p99, ms",
    "static file: p50, ms",
    "p99, ms",
]


def measure(site: Site, effort: Effort, progress: Progress) -> Outcome:
    """Both modes with each interval; medians of some rounds."""
    rounds = 1 if effort.quick else 3
    intervals = ("", "0.0005") if effort.quick else _INTERVALS
    rows = []
    for name in ("twsgi-http", "twsgi-socket"):
        found: dict[str, list[list[Answer]]] = {one: [] for one in intervals}
        for _ in range(rounds):
            for one in intervals:
                found[one].append(_together(site, name, one, effort.seconds))
        for one in intervals:
            rows.append([name.removeprefix("twsgi-"), _interval(one), *_medians(found[one])])
            progress.say(f"switch interval: {' | '.join(rows[-1])}")
    return Outcome(tables=[Table(_COLUMNS, rows)])


def _together(site: Site, name: str, interval: str, seconds: int) -> list[Answer]:
    """All the loads at once, on a fresh server."""
    environment = {"BENCHMARKS_SWITCH_INTERVAL": interval} if interval else {}
    with Server(site, name, "burn", 1, 4, environment) as server:
        server.wait_ready()
        started = [load.start(one, server.port, seconds) for one in _LOADS]
        return [load.finish(one) for one in started]


def _medians(rounds: list[list[Answer]]) -> list[str]:
    burned, beside, static = zip(*rounds, strict=True)
    figures = [statistics.median(one.requests / one.seconds for one in burned)]
    for answers in (beside, static):
        figures.append(statistics.median(one.p50 for one in answers))
        figures.append(statistics.median(one.p99 for one in answers))
    return [f"{figures[0]:.0f}", *(f"{one:.2f}" for one in figures[1:])]


def _interval(text: str) -> str:
    return f"{float(text) * 1000:g} ms" if text else "the server's own"
