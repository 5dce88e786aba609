"""L{plan}: Settings -> what is to run.  Pure: nothing is opened, bound or looked up."""

from __future__ import annotations

import os

from twsgi.settings.addresses import parse_address
from twsgi.settings.model import Listener, Plan, Settings

#: The kinds of L{Listener}.
HTTP = "http"
HTTP_SOCKET = "http-socket"


def plan(settings: Settings, cwd: str) -> Plan:
    """
    What C{settings} ask for, as processes and sockets.

    @param settings: as L{twsgi.settings.resolve} made them: checked.
    @param cwd: absolute: where the master is started; C{chdir} and C{pidfile} start there.
    """
    # cheaper is lower than processes, so that it asks for a master too.
    master = settings.master or settings.processes > 1
    workers = settings.processes if master else 1
    minimum = settings.cheaper or workers
    return Plan(
        settings=settings,
        master=master,
        listeners=_listeners(settings, master),
        workers=workers,
        initial=settings.cheaper_initial or minimum,
        minimum=minimum,
        frontends=1 if master and settings.http else 0,
        environment=_environment(settings.env),
        directory=_absolute(settings.chdir, cwd),
        pidfile=_absolute(settings.pidfile, cwd),
        warnings=_notices(settings),
    )


def _listeners(settings: Settings, master: bool) -> tuple[Listener, ...]:
    # Without a master there is no frontend: whoever runs the application accepts.
    kinds = [(HTTP if master else HTTP_SOCKET, text) for text in settings.http]
    kinds += [(HTTP_SOCKET, text) for text in settings.http_socket]
    return tuple(Listener(kind, parse_address(text), settings.listen) for kind, text in kinds)


def _environment(variables: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    named = dict(text.split("=", 1) for text in variables)
    return tuple(named.items())


def _absolute(path: str | None, cwd: str) -> str | None:
    return None if path is None else os.path.normpath(os.path.join(cwd, path))


def _notices(settings: Settings) -> tuple[str, ...]:
    if not settings.offload_threads:
        return ()
    return (
        f"offload-threads = {settings.offload_threads}: accepted; large files are sent by the "
        "reactor with sendfile until offload threads arrive",
    )
