"""More workers, more connections: what a request costs then."""

from __future__ import annotations

import statistics

from benchmarks import load, processes
from benchmarks.contenders import CONTENDERS, PROCESSES
from benchmarks.figures import Finding
from benchmarks.load import Load
from benchmarks.progress import Progress
from benchmarks.results import Curve, Effort, Outcome
from benchmarks.server import Server, Site

_WORKERS = (1, 2, 4, 8, 16)
_CONNECTIONS = (8, 16, 32, 64, 128, 256, 512)
#: As many connections as there are while the workers grow.
_FIXED = 64
#: The dearest against the cheapest.
_MOST = 1.25

#: Titles of the pictures.
BY_WORKERS = f"workers, {_FIXED} connections"
BY_CONNECTIONS = f"connections, {PROCESSES} workers"

_NOTE = (
    "In `http-socket =` one worker is dear: its two threads run on two processors and hand the"
    " interpreter's lock to and fro; a worker of one thread needs half as much, and serves nearly"
    " twice as many. With more workers than processors each finds fewer requests ready when it"
    " wakes, so that a request bears more of the sleeping and waking, and processes find the"
    " processor's caches cold; with 8 connections it is the same. In `http =` the frontend gathers"
    " what is ready, and there is one of it; with many connections it wakes less often, but finds"
    " the objects of each of them cold."
)


def measure(site: Site, effort: Effort, progress: Progress) -> Outcome:
    """Both curves, in both modes."""
    workers = (1, 16) if effort.quick else _WORKERS
    connections = (8, 512) if effort.quick else _CONNECTIONS
    rounds = 1 if effort.quick else 5
    curves: dict[str, dict[str, Curve]] = {BY_WORKERS: {}, BY_CONNECTIONS: {}}
    findings = []
    for name in ("twsgi-http",) if effort.quick else ("twsgi-http", "twsgi-socket"):
        title = CONTENDERS[name].title
        for kind, plan in (
            (BY_WORKERS, [(count, _FIXED) for count in workers]),
            (BY_CONNECTIONS, [(PROCESSES, count) for count in connections]),
        ):
            costs = _costs(site, name, plan, rounds, effort.seconds, progress)
            counts = workers if kind == BY_WORKERS else connections
            curves[kind][title] = list(zip(map(float, counts), costs, strict=True))
            findings.append(
                Finding(
                    f"{title}: CPU a request, the dearest against the cheapest of"
                    f" {counts[0]} to {counts[-1]} {kind}",
                    [max(costs) / min(costs)],
                    most=_MOST,
                    unit="x",
                )
            )
    return Outcome(findings, notes=[_NOTE], curves=curves)


def _costs(
    site: Site,
    name: str,
    plan: list[tuple[int, int]],
    rounds: int,
    seconds: int,
    progress: Progress,
) -> list[float]:
    """
    Microseconds of processor time a request; all points in each round, and medians of the rounds.

    @param plan: workers and connections of each point.
    """
    servers = {count: Server(site, name, processes=count) for count in {one for one, _ in plan}}
    try:
        for server in servers.values():
            server.wait_ready()
        found: list[list[float]] = [[] for _ in plan]
        for _ in range(rounds):
            for place, (workers, connections) in enumerate(plan):
                found[place].append(_cost(servers[workers], connections, seconds))
                progress.say(
                    f"growth: {name}, {workers} workers, {connections} connections:"
                    f" {found[place][-1]:.1f} µs"
                )
        return [round(statistics.median(one), 2) for one in found]
    finally:
        for server in servers.values():
            server.stop()


def _cost(server: Server, connections: int, seconds: int) -> float:
    before = server.cpu()
    answer = load.run(Load("tiny", connections), server.port, seconds)
    used = processes.spent(before, server.cpu())
    return (used.user + used.system) / max(1, answer.requests)
