"""L{plan}: Settings -> what is to run.  Pure: nothing is opened, bound or looked up."""

from __future__ import annotations

import os
from dataclasses import replace

from twsgi.settings.addresses import parse_address
from twsgi.settings.model import Address, Listener, Plan, Settings

#: The kinds of L{Listener}.
HTTP = "http"
HTTP_SOCKET = "http-socket"
#: Fields of options that are done by replacing a worker.
_BY_THE_MASTER = (
    "harakiri",
    "max_requests",
    "max_worker_lifetime",
    "reload_on_rss",
    "reload_on_as",
    "reload_on_exception",
)


def plan(settings: Settings, cwd: str) -> Plan:
    """
    What C{settings} ask for, as processes and sockets.

    @param settings: as L{twsgi.settings.resolve} made them: checked.
    @param cwd: absolute: where the master is started; C{chdir} and C{pidfile} start there.
    """
    # cheaper is lower than processes, so that it asks for a master too.
    master = settings.master or settings.processes > 1 or settings.http_processes > 1
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
        listeners=_listeners(settings, master, cwd if chroot else directory or cwd),
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
        warnings=() if master else _without_master(settings),
    )


def _listeners(settings: Settings, master: bool, start: str) -> tuple[Listener, ...]:
    """C{start}: where the paths of socket files start; they are bound outside of C{chroot}."""
    # Without a master there is no frontend: whoever runs the application accepts.
    kinds = [(HTTP if master else HTTP_SOCKET, HTTP, text) for text in settings.http]
    kinds += [(HTTP_SOCKET, HTTP_SOCKET, text) for text in settings.http_socket]
    return tuple(
        Listener(
            kind,
            _located(parse_address(text), start),
            settings.listen,
            settings.chmod_socket,
            settings.chown_socket or _owner(settings),
            settings.vacuum,
            "" if option == kind else option,
        )
        for kind, option, text in kinds
    )


def _located(address: Address, start: str) -> Address:
    if not address.file:
        return address
    return Address.unix(os.path.normpath(os.path.join(start, address.file)))


def _owner(settings: Settings) -> str:
    """As in uWSGI, where sockets are made by whom C{uid} and C{gid} name."""
    return f"{settings.uid or ''}{':' + settings.gid if settings.gid else ''}"


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


def _environment(variables: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    named = dict(text.split("=", 1) for text in variables)
    return tuple(named.items())


def _absolute(path: str | None, cwd: str) -> str | None:
    return None if path is None else os.path.normpath(os.path.join(cwd, path))
