"""L{plan}: Settings -> what is to run.  Pure: nothing is opened, bound or looked up."""

from __future__ import annotations

import os
from dataclasses import replace

from twsgi.settings.actions import split_touch
from twsgi.settings.attached import Attached, parse_pairs, parse_smart
from twsgi.settings.listeners import HTTP as HTTP
from twsgi.settings.listeners import HTTP_SOCKET as HTTP_SOCKET
from twsgi.settings.listeners import listeners
from twsgi.settings.model import Plan, Settings
from twsgi.settings.staticvalues import static_warnings

#: Fields of options that are done by replacing a worker, or by starting it otherwise.
_BY_THE_MASTER = (
    "harakiri",
    "max_requests",
    "max_worker_lifetime",
    "reload_on_rss",
    "reload_on_as",
    "reload_on_exception",
    "optimize",
    "py_autoreload",
)


def plan(settings: Settings, cwd: str, master: bool = False) -> Plan:
    """
    What C{settings} ask for, as processes and sockets.

    @param settings: as L{twsgi.settings.resolve} made them: checked.
    @param cwd: absolute: where the master is started; C{chdir} and C{pidfile} start there.
    @param master: there is one already, which stays whatever C{settings} ask for.
    """
    # cheaper is lower than processes, so that it asks for a master too.
    master = master or settings.master or settings.processes > 1 or settings.http_processes > 1
    workers = settings.processes if master else 1
    minimum = settings.cheaper or workers
    # Inside of chroot paths start at the new root.
    directory = _absolute(settings.chdir, "/" if settings.chroot else cwd)
    chroot = _absolute(settings.chroot, cwd)
    start = directory or ("/" if chroot else cwd)

    def touched(paths: tuple[str, ...]) -> tuple[str, ...]:
        """They imply a master, who is outside of C{chroot}."""
        return tuple(_inside(chroot, start, path) for path in paths)

    return Plan(
        settings=settings if chroot == settings.chroot else replace(settings, chroot=chroot),
        master=master,
        listeners=listeners(settings, master, cwd if chroot else directory or cwd),
        workers=workers,
        initial=settings.cheaper_initial or minimum,
        minimum=minimum,
        frontends=settings.http_processes if master and settings.http else 0,
        environment=_environment(settings.env),
        directory=directory,
        pidfile=_absolute(settings.pidfile, cwd),
        pidfile2=_second_pidfile(settings, chroot if master else None, start),
        daemonize=_absolute(settings.daemonize, cwd),
        touch_reload=touched(settings.touch_reload),
        touch_workers_reload=touched(settings.touch_workers_reload),
        touch_chain_reload=touched(settings.touch_chain_reload),
        touch_exec=_touched(settings.touch_exec, start),
        hook_touch=_touched(settings.hook_touch, start),
        safe_pidfile=_absolute(settings.safe_pidfile, cwd),
        safe_pidfile2=settings.safe_pidfile2
        and _inside(chroot if master else None, start, settings.safe_pidfile2),
        attached=attached(settings, start),
        master_fifo=touched(settings.master_fifo),
        warnings=static_warnings(settings) + (() if master else _without_master(settings)),
    )


def _second_pidfile(settings: Settings, chroot: str | None, start: str) -> str | None:
    """C{chroot}: None, unless who writes it is outside of the root that its path starts at."""
    return settings.pidfile2 and _inside(chroot, start, settings.pidfile2)


def _inside(chroot: str | None, start: str, path: str) -> str:
    """Where C{path}, which starts at C{start}, is to be found by who is outside of C{chroot}."""
    absolute = os.path.normpath(os.path.join(start, path))
    return absolute if chroot is None else os.path.join(chroot, absolute.lstrip("/"))


def _without_master(settings: Settings) -> tuple[str, ...]:
    """uWSGI's one process exits for most of these, and is gone; there is no use in that."""
    untouched = Settings()
    return tuple(
        f"{field.replace('_', '-')} has no effect without a master: set master = true"
        for field in _BY_THE_MASTER
        if getattr(settings, field) != getattr(untouched, field)
    )


def _touched(texts: tuple[str, ...], start: str) -> tuple[tuple[str, str], ...]:
    pairs = [split_touch(text) for text in texts]
    return tuple((os.path.normpath(os.path.join(start, file)), what) for file, what in pairs)


def attached(settings: Settings, start: str) -> tuple[Attached, ...]:
    """The programs that run beside; C{start}: where their files start."""
    found = [Attached(command) for command in settings.attach_daemon]
    found += [Attached(command, control=True) for command in settings.attach_control_daemon]
    found += [parse_pairs(text) for text in settings.attach_daemon2]
    found += [parse_smart(text) for text in settings.smart_attach_daemon]
    found += [parse_smart(text, daemonize=True) for text in settings.smart_attach_daemon2]
    return tuple(_placed(one, settings.daemons_honour_stdin, start) for one in found)


def _placed(one: Attached, stdin: bool, start: str) -> Attached:
    directory = os.path.join(start, one.chdir)
    return replace(
        one,
        stdin=one.stdin or stdin,
        chdir=os.path.normpath(directory) if one.chdir else "",
        pidfile=os.path.normpath(os.path.join(start, one.pidfile)) if one.pidfile else "",
        touch=tuple(os.path.normpath(os.path.join(start, file)) for file in one.touch),
    )


def _environment(variables: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    named = dict(text.split("=", 1) for text in variables)
    return tuple(named.items())


def _absolute(path: str | None, cwd: str) -> str | None:
    return None if path is None else os.path.normpath(os.path.join(cwd, path))
