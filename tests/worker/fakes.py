"""Fakes for a child process: its reactor, its master, and cores that run when a test says so."""

from __future__ import annotations

from typing import Any

from twisted.internet.error import ReactorNotRunning
from twisted.internet.interfaces import IReactorCore
from twisted.internet.testing import StringTransport
from zope.interface import alsoProvides

from tests.web import threadserving
from tests.web.turning import TurningReactor
from twsgi.control.launch import Launch
from twsgi.settings.model import Settings
from twsgi.wsgi.core import Core, Cores
from twsgi.wsgi.link import WorkerLink


class Log:
    """An L{ILineLog} that remembers."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def line(self, text: str) -> None:
        self.lines.append(text)

    def write(self, data: bytes) -> None:
        self.lines += data.decode().splitlines()


class ProcessReactor(TurningReactor):
    """
    A whole process's reactor.

    @ivar stops: how often it was stopped.
    """

    def __init__(self) -> None:
        super().__init__()
        self.running = True
        self.stops = 0
        alsoProvides(self, IReactorCore)

    def stop(self) -> None:
        """As the real one: it is C{running} a little longer, and cannot be stopped twice."""
        if self.stops:
            raise ReactorNotRunning("Can't stop reactor that isn't running.")
        self.stops += 1


class Master:
    """
    The master's end of the control link: what the child says, and its end of file.

    @ivar said: names and arguments of the commands that came.
    """

    def __init__(self) -> None:
        self.transport = StringTransport()
        self.link: Any = None

    def connect(self, reactor: Any, link: Any) -> None:
        """In place of L{twsgi.control.child.connect}."""
        self.link = link
        link.makeConnection(self.transport)

    @property
    def said(self) -> bytes:
        """The bytes of all commands that came."""
        return self.transport.value()

    def go(self) -> None:
        """The master is gone."""
        self.link.connectionLost()


def a_launch(kind: str, **settings: Any) -> Launch:
    """What a child of a small instance is told."""
    return Launch(
        kind=kind,
        index=1,
        place=1,
        requests_before=0,
        settings=Settings(**settings),
        listeners=(),
        places=2,
        cores=2,
        frontends=1,
        directory=None,
        waits=False,
        open_files=1024,
        multiprocess=False,
        server_name="example",
        server_port=8000,
    )


def start_nothing(core: Core) -> None:
    """In place of C{Core.start}: the test is the core (L{step})."""


def ready(cores: Cores) -> bool:
    """There is something for a core to do."""
    return threadserving.ready(cores.wait_point)


def step(cores: Cores) -> bool:
    """Has the first core do the next thing there is to do.  @return: there was one."""
    work = cores.wait_point.wait() if ready(cores) else None
    if work is None:
        return False
    core = cores.threads[0]
    if type(work) is WorkerLink:
        core._turn(work)
    else:
        core._converse(work)
    return True
