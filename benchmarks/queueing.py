"""Fairness and overload: what the others notice of a core that is stuck, and of too many clients.

An application that waits 50 ms, on 4 processes of 2 threads: 8 requests at once, 160 a second.
"""

from __future__ import annotations

import contextlib
import threading

from benchmarks import clients
from benchmarks.clients import Exchange
from benchmarks.contenders import installed
from benchmarks.figures import Finding
from benchmarks.progress import Progress
from benchmarks.results import Effort, Outcome
from benchmarks.server import Server, Site

_CORES = 8
_WAIT = 0.05
_PATH = f"/?{_WAIT}"
_CLIENTS = 64
#: How long a request is stuck.
_STUCK = 5
_OURS = "twsgi-http"


def measure(site: Site, effort: Effort, progress: Progress) -> Outcome:
    """Both, for our frontend with targets, for uWSGI's without."""
    seconds = 2.0 if effort.quick else 4.0
    findings: list[Finding] = []
    for name in installed([_OURS] if effort.quick else [_OURS, "uwsgi-http-keep"]):
        with Server(site, name, "slow") as server:
            server.wait_ready()
            found = [
                *_fairness(server, min(seconds, _STUCK - 1.5)),
                *_overload(server, seconds),
            ]
        if name != _OURS:
            found = [_without_target(one) for one in found]
        for one in found:
            progress.say(f"{one.title}: {one.words}")
        findings += found
    return Outcome(findings)


def _fairness(server: Server, seconds: float) -> list[Finding]:
    """One client whose request takes 5 s, and seven others."""
    with contextlib.closing(clients.connection(server.port)) as stuck:
        thread = threading.Thread(target=clients.ask, args=(stuck, f"/?{_STUCK}"))
        thread.start()
        found = clients.crowd(server.port, _CORES - 1, _PATH, 0.5, seconds)
        thread.join()
    return _findings(
        f"{server.contender.title}: one core stuck, 7 clients",
        found,
        seconds,
        (_CORES - 1) / _WAIT,
        _WAIT * 1000,
    )


def _overload(server: Server, seconds: float) -> list[Finding]:
    """Eight times as many clients as cores."""
    found = clients.crowd(server.port, _CLIENTS, _PATH, 1.0, seconds)
    name = f"{server.contender.title}: {_CLIENTS} clients on {_CORES} cores"
    overtaken = Finding(
        f"{name}, overtaken by later requests, the worst",
        [float(clients.most_overtaken(found))],
        # Those that are in the cores together may end in any order, and so may the next ones.
        most=2 * _CORES,
    )
    ideal = _WAIT * 1000 * _CLIENTS / _CORES
    return [*_findings(name, found, seconds, _CORES / _WAIT, ideal), overtaken]


def _findings(
    name: str, found: list[Exchange], seconds: float, ideal_rate: float, ideal_time: float
) -> list[Finding]:
    """
    @param ideal_rate: requests a second, if nothing were lost.
    @param ideal_time: milliseconds a request, likewise.
    """
    rate = len(found) / seconds
    longest = clients.percentile(found, 99)
    return [
        Finding(
            f"{name}, requests/s of the ideal {ideal_rate:.0f}",
            [100 * rate / ideal_rate],
            least=95,
            unit="%",
        ),
        Finding(
            f"{name}, p99 against the ideal {ideal_time:.0f} ms",
            [longest / ideal_time],
            most=1.3,
            unit="x",
        ),
    ]


def _without_target(one: Finding) -> Finding:
    return Finding(one.title, one.values, unit=one.unit)
