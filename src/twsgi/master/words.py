"""What the master logs, in uWSGI's words.  Pure: values in, lines out."""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import Enum

from twsgi.control.launch import FRONTEND, WORKER
from twsgi.errors import EXIT_NO_APP


class Leave(Enum):
    """Why a child was asked to go; what happens to its place."""

    REPLACE = "another takes its place"
    MOVED = "another has come to a place that was free; its own stays empty"
    CHEAP = "its place stays empty until there is load"
    STOP = "all go"


@dataclass(frozen=True, slots=True)
class Death:
    """
    The end of one child.

    @ivar leaving: why it was asked to go, None: it was not.
    @ivar signal: the number of the signal that killed it, or None.
    @ivar code: its exit code, where it ended by itself.
    @ivar unfit: it said that the application cannot be loaded.
    @ivar leave_took: seconds from the question to the end.
    """

    kind: str
    index: int
    pid: int
    leaving: Leave | None
    signal: int | None
    code: int | None
    unfit: bool
    leave_took: float


def name(kind: str, index: int) -> str:
    """uWSGI calls them C{worker 1} and C{uWSGI http 1}."""
    return f"{kind} {index}" if kind == WORKER else f"uWSGI {kind} {index}"


def spawned(kind: str, index: int, pid: int, cores: int, first: bool) -> str:
    """A child was started; C{first}: the first one in its place."""
    if kind == FRONTEND:
        return f"{'spawned' if first else 'respawned'} uWSGI {kind} {index} (pid: {pid})"
    if first:
        return f"spawned uWSGI {kind} {index} (pid: {pid}, cores: {cores})"
    return f"Respawned uWSGI {kind} {index} (new pid: {pid})"


def died(death: Death) -> list[str]:
    """What is said when a child has ended."""
    who = name(death.kind, death.index)
    if death.leaving is Leave.STOP:
        if death.kind == FRONTEND:
            return [f'gateway "{who}" has been buried (pid: {death.pid})']
        return [f"{who} buried after {int(death.leave_took)} seconds"]
    if death.leaving is not None:
        lines = [f"{who} killed successfully (pid: {death.pid})"]
        if death.leaving is Leave.CHEAP:
            lines.append(f"uWSGI {death.kind} {death.index} cheaped.")
        return lines
    if death.unfit or (death.kind == WORKER and death.code == EXIT_NO_APP):
        return [f"OOPS ! failed loading app in {who} (pid {death.pid}) :( trying again..."]
    how = "" if death.signal is None else f", killed by signal {death.signal}"
    return [f"DAMN ! {who} (pid: {death.pid}) died{how} :( trying respawn ..."]


def instance_destroyed(index: int, pid: int) -> list[str]:
    """The application cannot be loaded at the first start (C{need-app})."""
    return [
        f"OOPS ! failed loading app in worker {index} (pid {pid})",
        f"{time.ctime()} - need-app requested, destroying the instance...",
    ]


def no_mercy(kind: str, index: int, pid: int) -> str:
    """A child that was asked to leave is killed."""
    who = name(kind, index)
    return f"{time.ctime()} - {who} (pid: {pid}) is taking too much time to die...NO MERCY !!!"


def link_replaced(worker: int, frontend: int) -> str:
    """A link was lost while both its ends live on; uWSGI, which has no links, has no words."""
    ends = f"{name(WORKER, worker)} and {name(FRONTEND, frontend)}"
    return f"a link between {ends} was lost: replaced"


def too_fast(kind: str, pause: float) -> str:
    """The next child of a place where they die young has to wait."""
    return f"{kind} respawning too fast !!! i have to sleep a bit ({pause:g} seconds)..."


def operational_mode(workers: int, threads: int) -> str:
    """uWSGI's name for how requests run at the same time."""
    modes = [
        word for word, given in (("preforking", workers > 1), ("threaded", threads > 1)) if given
    ]
    return "*** Operational MODE: {} ***".format("+".join(modes) or "single process")
