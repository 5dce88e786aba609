"""L{changes}: what a reload has to do so that another Plan is in force.  Pure."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from twsgi.settings.model import Plan, Settings
from twsgi.settings.options.row import By
from twsgi.settings.options.table import ROWS


def _fields(*by: By) -> frozenset[str]:
    return frozenset(row.field for row in ROWS if row.by in by)


#: Fields of Settings that hold from the start to the end: sockets are bound, rights are given up,
#: names are taken once.
AT_THE_START = _fields(By.START)
#: Those by which workers, and by which frontends do something otherwise.
BY_WORKERS = _fields(By.WORKERS, By.BOTH)
BY_FRONTENDS = _fields(By.FRONTENDS, By.BOTH)
#: Fields of Plan that hold as long as those of L{AT_THE_START}, from which they are made.
_SINCE_THE_START = (
    "master",
    "listeners",
    "pidfile",
    "pidfile2",
    "safe_pidfile",
    "safe_pidfile2",
    "daemonize",
    "master_fifo",
)
#: Those that are found inside of C{chroot}.
_INSIDE = ("directory", "touch_reload", "touch_workers_reload", "touch_chain_reload")
_MODES = ("umask", "chmod_socket")


@dataclass(frozen=True, slots=True)
class Changes:
    """
    What is different.

    @ivar plan: what is to be in force: the new one, but for what cannot change while it runs.
    @ivar workers: workers have been told, or have loaded, something else.
    @ivar frontends: frontends have been told something else; how many there are is in C{plan}.
    @ivar refused: what stays as it was, a line each that names the option.
    """

    plan: Plan
    workers: bool
    frontends: bool
    refused: tuple[str, ...]


def changes(old: Plan, new: Plan) -> Changes:
    """
    What it takes to go from C{old}, which runs under a master, to C{new}.

    A difference that is refused makes neither C{workers} nor C{frontends} true.
    """
    settings, refused = _settings(old, new)
    kept: dict[str, Any] = {name: getattr(old, name) for name in _SINCE_THE_START}
    if settings.chroot != new.settings.chroot:
        kept.update({name: getattr(old, name) for name in _INSIDE})
    plan = dataclasses.replace(
        new,
        settings=settings,
        # Where the new one has no master it has none either.
        frontends=settings.http_processes if settings.http else 0,
        **kept,
    )
    if not refused and new.listeners != old.listeners:
        refused.append("chdir: socket files stay where they are until a restart")
    differing = _differing(old.settings, settings)
    return Changes(
        plan=plan,
        workers=bool(differing & BY_WORKERS),
        frontends=bool(differing & BY_FRONTENDS),
        refused=tuple(refused),
    )


def _settings(old: Plan, new: Plan) -> tuple[Settings, list[str]]:
    """The new ones with the old values of what cannot change, and a line for each such thing."""
    before = dataclasses.asdict(dataclasses.replace(old.settings, master=old.master))
    after = dataclasses.asdict(dataclasses.replace(new.settings, master=new.master))
    refused = [
        f"{_written(name, after[name])} needs a restart: {_value(name, before[name])} stays"
        for name in before
        if name in AT_THE_START and before[name] != after[name]
    ]
    kept = {name: getattr(old.settings, name) for name in AT_THE_START}
    return dataclasses.replace(new.settings, **kept), refused


def _differing(old: Settings, new: Settings) -> set[str]:
    names = (field.name for field in dataclasses.fields(Settings))
    return {name for name in names if getattr(old, name) != getattr(new, name)}


def _written(name: str, value: Any) -> str:
    """As it would stand in the file."""
    option = name.replace("_", "-")
    if value is None or value == ():
        return f"{option}, which is not given any more,"
    return f"{option} = {_value(name, value)}"


def _value(name: str, value: Any) -> str:
    if value is None or value == ():
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and name in _MODES:
        return f"{value:03o}"
    return ", ".join(value) if isinstance(value, tuple) else str(value)
