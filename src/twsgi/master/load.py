"""What L{twsgi.master.cheaper} decides on: busy cores and waiting requests, as they are now."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Iterable

from twsgi.control.listening import BoundListener
from twsgi.control.scoreboard import (
    CORE_BUSY_SINCE,
    CORE_MICROSECONDS,
    FRONTEND_ACTIVE,
    FRONTEND_QUEUED,
    WORKER_WAITING,
    Scoreboard,
)
from twsgi.master.cheaper import Snapshot, WorkerSample
from twsgi.master.child import State
from twsgi.master.roster import Roster
from twsgi.settings.listeners import HTTP
from twsgi.settings.model import Plan

#: tcpi_unacked of C{struct tcp_info} (linux/tcp.h): eight bytes, then four words, precede it.
#: On a socket that listens it is the number of connections that nobody has accepted.
_UNACKED = struct.Struct("=24xI")


def snapshot(
    plan: Plan,
    roster: Roster,
    scoreboard: Scoreboard,
    listeners: Iterable[BoundListener],
    memory: int = 0,
) -> Snapshot:
    """What the workers do at this moment; C{memory}: see L{Snapshot}."""
    now = time.monotonic_ns()
    serving = roster.serving()
    return Snapshot(
        workers=tuple(
            WorkerSample(
                index=child.index,
                ready=child.state is State.READY,
                busy=scoreboard.busy_cores(child.place) if child.state is State.READY else 0,
                spawned=child.spawned_at,
                worked=worked(scoreboard, child.place, now),
            )
            for child in serving
        ),
        threads=plan.settings.threads,
        waiting=waiting(scoreboard, listeners),
        minimum=plan.minimum,
        free=len(roster.free_workers()),
        at=now / 1e9,
        memory=memory,
    )


def accept_queue(listening: socket.socket) -> int:
    """How many connections wait to be accepted; 0 where the system does not tell."""
    if not hasattr(socket, "TCP_INFO"):
        return 0
    try:
        info = listening.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _UNACKED.size)
        waiting: int = _UNACKED.unpack(info)[0]
    except (OSError, struct.error):
        return 0
    return waiting


def worked(scoreboard: Scoreboard, place: int, now: int) -> float:
    """
    Seconds that the cores in C{place} have spent in requests, whichever worker's they were, up to
    this moment.

    @param now: monotonic nanoseconds.
    """
    spent = 0
    for core in range(scoreboard.worker_cores(place)):
        record = scoreboard.core(place, core)
        since = record[CORE_BUSY_SINCE]
        spent += record[CORE_MICROSECONDS] * 1000
        if since and record[CORE_BUSY_SINCE] == since:
            spent += max(0, now - since)
    return spent / 1e9


def waiting(scoreboard: Scoreboard, listeners: Iterable[BoundListener]) -> int:
    """Requests that no core has taken: in frontends, in workers, in the kernel."""
    queued = sum(
        scoreboard.frontend(place)[FRONTEND_QUEUED] for place in scoreboard.used_frontends()
    )
    handed = sum(scoreboard.worker(place)[WORKER_WAITING] for place in scoreboard.used_places())
    # A frontend accepts at once whatever comes; workers only what they have a core for.
    kernel = sum(accept_queue(one.socket) for one in listeners if one.kind != HTTP)
    return queued + handed + kernel + _parked(scoreboard)


def _parked(scoreboard: Scoreboard) -> int:
    """
    Requests that frontends have sent and no core has taken: several frontends may send to the
    same core.  Of one frontend's each has its core, or will have it in a moment.
    """
    if not scoreboard.shared:
        return 0
    sent = sum(scoreboard.frontend(place)[FRONTEND_ACTIVE] for place in scoreboard.used_frontends())
    # Draining workers' too.  What came by the workers' own listeners counts against it.
    busy = sum(map(scoreboard.busy_cores, scoreboard.used_places()))
    return max(0, sent - busy)
