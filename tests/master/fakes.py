"""Children, control streams and a log that exist in memory alone."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import ProcessDone, ProcessTerminated
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from zope.interface import implementer

from twsgi.control.launch import FRONTEND, WORKER, Launch
from twsgi.control.scoreboard import CORE_BUSY_SINCE
from twsgi.interfaces import ILineLog, ISpawner
from twsgi.master.service import Master
from twsgi.settings.model import Address, Listener, Plan, Settings


@implementer(ILineLog)
class FakeLog:
    """Keeps the lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def line(self, text: str) -> None:
        self.lines.extend(text.split("\n"))

    def write(self, data: bytes) -> None:
        self.line(data.decode())

    def said(self, words: str) -> bool:
        """Some line has these words."""
        return any(words in line for line in self.lines)


class FakeControl:
    """What the master says to a child: C{links} are (peer, descriptor, the answer to give)."""

    def __init__(self, answers: bool = False) -> None:
        """C{answers}: at once, what it is told."""
        self.answers = answers
        self.configured: list[Launch] = []
        self.drains: list[bool] = []
        self.links: list[tuple[int, int, Deferred[Any]]] = []
        self.places: list[int] = []
        self.closed = False
        self.accepted: list[Deferred[Any]] = []
        self.stops_begun = 0
        self.condemned: list[tuple[int, float, list[int]]] = []
        self.heard: list[Deferred[Any]] = []
        self.pings: list[Deferred[Any]] = []
        self.pongs = True
        self.asked: list[tuple[list[int], list[int], bool]] = []
        self.descriptions: list[Deferred[str]] = []

    def ping(self) -> Deferred[Any]:
        self.pings.append(Deferred())
        if self.pongs:
            self.pings[-1].callback({})
        return self.pings[-1]

    def describe(
        self, cores: Sequence[int], since: Sequence[int], everything: bool
    ) -> Deferred[str]:
        self.asked.append((list(cores), list(since), everything))
        self.descriptions.append(Deferred())
        return self.descriptions[-1]

    def accept(self) -> Deferred[Any]:
        self.accepted.append(Deferred())
        if self.answers:
            self.accepted[-1].callback({})
        return self.accepted[-1]

    def stop_begins(self) -> Deferred[Any]:
        self.stops_begun += 1
        return Deferred()

    def condemn(self, place: int, seconds: float, requests: Sequence[int]) -> Deferred[Any]:
        self.condemned.append((place, seconds, list(requests)))
        self.heard.append(Deferred())
        return self.heard[-1]

    def drain(self, final: bool) -> Deferred[Any]:
        self.drains.append(final)
        return Deferred()

    def add_link(self, peer: int, place: int, descriptor: int) -> Deferred[Any]:
        answer: Deferred[Any] = Deferred()
        self.places.append(place)
        self.links.append((peer, descriptor, answer))
        if self.answers:
            answer.callback({})
        return answer

    def reconfigure(self, launch: int) -> Deferred[Any]:
        self.configured.append(Launch.read(os.dup(launch)))
        return succeed({})

    def close(self) -> None:
        self.closed = True

    def peers(self) -> list[int]:
        """To whom links were handed over."""
        return [peer for peer, _, _ in self.links]


@dataclass
class FakeProcess:
    """One child process, driven by the test."""

    pid: int
    launch: Launch
    protocol: Any
    descriptors: dict[int, int]
    control: FakeControl
    signals: list[int] = field(default_factory=list)

    @property
    def name(self) -> str:
        """C{worker 1}."""
        return f"{self.launch.kind} {self.launch.index}"

    def signalProcess(self, number: int) -> None:
        self.signals.append(number)

    def ready(self) -> None:
        """It says that it is ready."""
        self.protocol.said_ready(0.1)

    def exit(self, code: int = 0, signal: int | None = None) -> None:
        """Its process ends."""
        clean = code == 0 and signal is None
        reason = ProcessDone(0) if clean else ProcessTerminated(None if signal else code, signal, 0)
        self.protocol.processExited(Failure(reason))


@implementer(ISpawner)
class FakeSpawner:
    """Spawns L{FakeProcess}es, numbered from 101."""

    def __init__(self) -> None:
        self.processes: list[FakeProcess] = []
        self.controls: list[FakeControl] = []
        self.error: OSError | None = None

    def open_control(self, kind: str, events: Any) -> tuple[FakeControl, int]:
        """An L{OpenControl <twsgi.master.slot.OpenControl>}; its descriptor is of no use."""
        self.controls.append(FakeControl(answers=True))
        return self.controls[-1], os.open(os.devnull, os.O_RDONLY)

    def spawn(self, launch: Launch, protocol: Any, descriptors: dict[int, int]) -> FakeProcess:
        if self.error is not None:
            raise self.error
        pid = 101 + len(self.processes)
        process = FakeProcess(pid, launch, protocol, descriptors, self.controls[-1])
        self.processes.append(process)
        protocol.makeConnection(process)
        return process

    def last(self, name: str) -> FakeProcess:
        """The latest process called C{name}."""
        return [process for process in self.processes if process.name == name][-1]

    def names(self) -> list[str]:
        """Whom it has spawned, in order."""
        return [process.name for process in self.processes]


def make_plan(
    workers: int = 2,
    frontends: int = 1,
    listeners: tuple[Listener, ...] = (),
    minimum: int | None = None,
    **settings: Any,
) -> Plan:
    """A plan without a listening socket, if none is given."""
    least = workers if minimum is None else minimum
    return Plan(
        settings=Settings(**{"threads": 2, "worker_reload_mercy": 60, **settings}),
        master=True,
        listeners=listeners,
        workers=workers,
        initial=least,
        minimum=least,
        frontends=frontends,
        environment=(),
        directory=None,
    )


def loopback(kind: str, backlog: int = 16) -> Listener:
    """A listener whose port the kernel chooses."""
    return Listener(kind, Address("127.0.0.1", 0), backlog)


class House:
    """A master whose children are fake."""

    def __init__(self, plan: Plan, log: FakeLog | None = None) -> None:
        self.clock = Clock()
        self.log = log or FakeLog()
        self.spawner = FakeSpawner()
        self.failures: list[Failure] = []
        self.master = Master(
            plan,
            reactor=self.clock,
            log=self.log,
            spawner=self.spawner,
            environment={},
            log_descriptor=2,
            control=self.spawner.open_control,
        )
        self.master.failed.addErrback(self.failures.append)
        #: Whether there are sockets that have to be closed with care; else a stop begins at once.
        self.last_call = False
        self.master.listening.last_call = lambda: self.last_call  # type: ignore[method-assign]

    def worker(self, index: int = 1) -> FakeProcess:
        """The latest process of a worker."""
        return self.spawner.last(f"{WORKER} {index}")

    def frontend(self, index: int = 1) -> FakeProcess:
        """The latest process of a frontend."""
        return self.spawner.last(f"{FRONTEND} {index}")

    def start(self, ready: bool = True) -> None:
        """Starts; lets everybody be ready."""
        self.master.startService()
        if ready:
            for process in list(self.spawner.processes):
                process.ready()

    def busy(self, worker: int, cores: int) -> None:
        """Lets that many cores of a worker be inside a request."""
        assert self.master.scoreboard is not None
        for core in range(2):
            self.master.scoreboard.core(self.worker(worker).launch.place, core)[CORE_BUSY_SINCE] = (
                int(core < cores)
            )

    def samples(self, count: int, then: Callable[[], None] = lambda: None) -> None:
        """Lets that many periods of the regulator pass."""
        for _ in range(count):
            self.clock.advance(0.25)
            then()

    def tear_down(self) -> None:
        """Ends whatever is still there."""
        self.master.stop_now()
        gone: set[int] = set()
        while left := [one for one in self.spawner.processes if one.pid not in gone]:
            for process in left:
                gone.add(process.pid)
                process.exit(signal=9)
