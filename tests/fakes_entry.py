"""Fakes for what the entry points collaborate with: a reactor, and what executes a Plan."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import ReactorNotRunning

from twsgi.settings.model import Address, Listener, Plan, Settings


def a_plan(*, master: bool = True, directory: str | None = None, **settings: Any) -> Plan:
    """A small Plan."""
    return Plan(
        settings=Settings(master=master, **settings),
        master=master,
        listeners=(Listener("http", Address("127.0.0.1", 0), 10),),
        workers=1,
        initial=1,
        minimum=1,
        frontends=1 if master else 0,
        environment=(),
        directory=directory,
    )


class FakeExecution:
    """Executes a Plan by remembering what it was told."""

    def __init__(self, events: list[str], bind_error: Exception | None = None) -> None:
        self.failed: Deferred[Any] = Deferred()
        self.events = events
        self.bind_error = bind_error
        self.stopped: Deferred[Any] = Deferred()
        self.reloads: list[tuple[Plan | None, bool]] = []
        self.reloaded = True
        self.read_plan: Any = None
        self.owner: Any = None

    def bind(self) -> None:
        if self.bind_error is not None:
            raise self.bind_error
        self.events.append("bind")

    def startService(self) -> None:
        self.events.append("start")

    def stopService(self) -> Deferred[Any]:
        self.events.append("stop")
        return self.stopped

    def stop_now(self) -> None:
        self.events.append("stop_now")

    def reload(self, plan: Plan | None = None, chain: bool = False) -> Deferred[bool]:
        self.reloads.append((plan, chain))
        return succeed(self.reloaded)

    def reload_configuration(self) -> Deferred[bool]:
        return self.reload(self.read_plan())


class FakeReactor:
    """The part of a reactor that an entry point uses, run by hand."""

    def __init__(self) -> None:
        self.running = False
        self.events: list[str] = []
        self._hooks: list[tuple[Any, tuple[Any, ...]]] = []
        self._triggers: list[Any] = []
        self._calls: list[tuple[Any, tuple[Any, ...]]] = []

    def callWhenRunning(self, call: Any, *arguments: Any) -> None:
        if self.running:
            call(*arguments)
        else:
            self._hooks.append((call, arguments))

    def callFromThread(self, call: Any, *arguments: Any) -> None:
        self._calls.append((call, arguments))

    def addSystemEventTrigger(self, phase: str, event: str, call: Any) -> None:
        assert (phase, event) == ("before", "shutdown")
        self._triggers.append(call)

    def turn(self) -> None:
        """Calls what C{callFromThread} left."""
        calls, self._calls = self._calls, []
        for call, arguments in calls:
            call(*arguments)

    def run(self) -> None:
        self.running = True
        self.events.append("run")
        for call, arguments in self._hooks:
            call(*arguments)

    def stop(self) -> None:
        if not self.running:
            raise ReactorNotRunning
        self.running = False
        self.events.append("stop")
        for call in self._triggers:
            call()
