"""What the master logs, in uWSGI's words.  Pure: values in, lines out."""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import Enum

from twisted import __version__ as twisted_version
from twsgi._version import __version__
from twsgi.control.launch import FRONTEND, WORKER
from twsgi.errors import EXIT_NO_APP
from twsgi.settings.model import Plan


class Leave(Enum):
    """Why a child was asked to go; what happens to its place."""

    REPLACE = "another comes after it"
    RELOAD = "another serves already, or none shall"
    UNNEEDED = "who runs goes on: it does not take over"
    HARAKIRI = "it hangs and is killed; another serves already"
    CHEAP = "nobody comes after it until there is load"
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
    @ivar fault: what it was killed for without having been asked to leave, or empty.
    @ivar last_words: what it wrote as it crashed, lines; or nothing.
    """

    kind: str
    index: int
    pid: int
    leaving: Leave | None
    signal: int | None
    code: int | None
    unfit: bool
    leave_took: float
    fault: str = ""
    last_words: str = ""


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


def died(death: Death, silent: bool = False) -> list[str]:
    """What is said when a child has ended; C{silent}: by nobody but itself."""
    lines = [] if silent else _ended(death)
    if death.last_words:
        who = name(death.kind, death.index)
        lines.append(f"last words of {who} (pid: {death.pid}):\n{death.last_words}")
    return lines


def _ended(death: Death) -> list[str]:
    who = name(death.kind, death.index)
    if death.leaving is Leave.STOP:
        if death.kind == FRONTEND:
            return [f'gateway "{who}" has been buried (pid: {death.pid})']
        return [f"{who} buried after {int(death.leave_took)} seconds"]
    hung = death.leaving is Leave.HARAKIRI and death.signal is not None
    if death.leaving is not None and not hung:
        lines = [f"{who} killed successfully (pid: {death.pid})"]
        if death.leaving is Leave.CHEAP:
            lines.append(f"uWSGI {death.kind} {death.index} cheaped.")
        return lines
    if death.unfit or (death.kind == WORKER and death.code == EXIT_NO_APP):
        return [f"OOPS ! failed loading app in {who} (pid {death.pid}) :( trying again..."]
    how = f", killed by signal {death.signal}" if death.signal is not None else ""
    if death.code:
        how = f", exit code {death.code}"
    return [f"DAMN ! {who} (pid: {death.pid}) died{how} :( trying respawn ..."]


def never_took_over(death: Death | None, kind: str, index: int) -> str:
    """Why a child that was to take over has not; C{death}: None: it could not be started."""
    if death is None:
        return f"{name(kind, index)} could not be started"
    if death.fault:
        return f"{name(kind, index)} (pid: {death.pid}) {death.fault}"
    how = f"with exit code {death.code}" if death.signal is None else f"by signal {death.signal}"
    return f"{name(kind, index)} (pid: {death.pid}) ended before it could take over, {how}"


def goes_on(kind: str, index: int, pid: int, pause: float) -> str:
    """Who should have replaced a worker has failed."""
    return f"{name(kind, index)} (pid: {pid}) goes on; in {pause:g} seconds another is tried"


def reload_begins(workers: int) -> str:
    """All successors are started, and take over together."""
    return f"reloading: {workers} workers are started, and take over when all of them are ready"


#: The new workers serve, the old ones are asked to go.
RELOADED = "...gracefully killing workers..."
#: Nobody can be replaced yet.
RELOAD_WAITS = "the reload waits until a worker is ready"
BEGINS_AGAIN = "the start has failed so far: it is tried with the configuration as it is now"
#: The old ones are gone.
RELOAD_COMPLETE = "reload complete"
#: One after another.
CHAIN_BEGINS = "chain reload starting..."
CHAIN_COMPLETE = "chain reloading complete"


def chain_victim(index: int) -> str:
    """The next one's successor is started."""
    return f"chain next victim is worker {index}"


def reload_given_up(reason: str) -> str:
    """Nothing has changed."""
    return f"reload given up: {reason}: the workers that run go on"


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


def not_ready(seconds: float) -> str:
    """What a child is killed for that does not become ready."""
    return f"is not ready after {seconds:g} seconds (worker-ready-timeout)"


def silent_for(seconds: float) -> str:
    """What a child is killed for that does not answer its master."""
    return f"has not answered the master for {seconds:g} seconds"


def faulty(kind: str, index: int, pid: int, fault: str) -> str:
    """A child is killed for C{fault}."""
    return f"{time.ctime()} - {name(kind, index)} (pid: {pid}) {fault}: it is killed"


def work_done(index: int, pid: int, how: str) -> str:
    """A worker has served enough, or has become too big; C{how} much, which uWSGI does not say."""
    return f"...The work of process {pid} is done. Seeya! ({name(WORKER, index)}: {how})"


def lifetime_reached(index: int, age: float) -> str:
    """A worker is old."""
    return f"worker {index} lifetime reached, it was running for {int(age)} second(s)"


def grown_evil(index: int, pid: int, what: str, size: int) -> str:
    """A worker is too big for C{evil-reload-on-rss} or its like; C{size}: bytes."""
    return f"{time.ctime()} - *** EVIL RELOAD ON WORKER {index} {what}: {size} (pid: {pid}) ***"


def exception_detected(index: int, pid: int) -> str:
    """The application has raised, and C{reload-on-exception} is on."""
    return f"... monitored exception detected, respawning worker {index} (pid: {pid})..."


def modified(path: str) -> str:
    """The source of a module has changed (C{py-autoreload})."""
    return f"[uwsgi-python-reloader] module/file {path} has been modified"


def touched(path: str, what: str) -> str:
    """A file was touched; C{what} comes of it: C{grace them all}, for instance."""
    return f"{time.ctime()} - *** {path} has been touched... {what} !!! ***"


def not_linked(worker: int, frontend: int, reason: str) -> str:
    """The master has no descriptors for the links between them; it tries again."""
    return f"unable to link worker {worker} and uWSGI http {frontend}: {reason}"


def link_replaced(worker: int, frontend: int) -> str:
    """A link was lost while both its ends live on; uWSGI, which has no links, has no words."""
    ends = f"{name(WORKER, worker)} and {name(FRONTEND, frontend)}"
    return f"a link between {ends} was lost: replaced"


def stop_delayed(seconds: int) -> str:
    """A stop has begun, and all goes on for a while; uWSGI does nothing of the kind."""
    return f"a stop has begun: serving for {seconds} more seconds (shutdown-delay)"


def too_fast(kind: str, pause: float) -> str:
    """The next child of a place where they die young has to wait."""
    return f"{kind} respawning too fast !!! i have to sleep a bit ({pause:g} seconds)..."


#: There is no worker, and nobody has asked for one.
CHEAP_BEGINS = "cheap mode enabled: waiting for socket connection..."
#: All workers are asked to go.
GOING_CHEAP = "going cheap..."
#: The number of workers cannot change now; uWSGI has no words.
NOT_NOW = "not now: a reload, or a stop, is under way"


def killing(index: int, pid: int) -> str:
    """A worker is asked to go because nobody asks for anything."""
    return f"killing worker {index} (pid: {pid})"


def inactive(idle: int, now: int, last: int) -> str:
    """C{idle} seconds have passed without a request; C{last}: when there was one."""
    return f"workers have been inactive for more than {idle} seconds ({now}-{last})"


def operational_mode(workers: int, threads: int) -> str:
    """uWSGI's name for how requests run at the same time."""
    modes = [
        word for word, given in (("preforking", workers > 1), ("threaded", threads > 1)) if given
    ]
    return "*** Operational MODE: {} ***".format("+".join(modes) or "single process")


def begins(plan: Plan, pid: int) -> tuple[str, ...]:
    """A master starts; C{pid}: its own."""
    versions = f"twsgi {__version__.public()} on Twisted {twisted_version}"
    mercy = plan.settings.worker_reload_mercy
    return (
        f"your mercy for graceful operations on workers is {mercy} seconds",
        operational_mode(plan.workers, plan.settings.threads),
        f"*** {versions} is running in multiple process mode ***",
        f"spawned uWSGI master process (pid: {pid})",
    )
