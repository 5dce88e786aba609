"""A master that reloads, whose children are fake."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from twisted.internet.defer import Deferred

from tests.master.fakes import FakeProcess, House
from tests.master.test_service import MasterTestCase
from twsgi.settings.model import Plan, Settings
from twsgi.settings.plan import plan


def planned(**settings: Any) -> Plan:
    """A plan of two workers of two threads and a frontend, without a socket."""
    wanted = {"http": (":0",), "module": "app", "processes": 2, "threads": 2, **settings}
    return replace(plan(Settings(master=True, **wanted), "/"), listeners=())


class ReloadCase(MasterTestCase):
    """A house in which everybody is ready."""

    def begin(self, **settings: Any) -> House:
        """Starts it."""
        self.lives = self.house(planned(**settings))
        self.lives.start()
        self.before = list(self.lives.spawner.processes)
        return self.lives

    def begin_unready(self, **settings: Any) -> None:
        """Starts it; nobody is ready."""
        self.lives = self.house(planned(**settings))
        self.lives.start(ready=False)
        self.before = list(self.lives.spawner.processes)

    def reload(self, chain: bool = False, **settings: Any) -> Deferred[bool]:
        """Asks for a reload; C{settings}: all that is not as L{planned} has it."""
        wanted = planned(**settings) if settings else None
        return self.lives.master.reload(wanted, chain)

    def came(self) -> list[FakeProcess]:
        """Those who were started since the start."""
        return self.lives.spawner.processes[len(self.before) :]

    def names(self) -> list[str]:
        """What they are called."""
        return [process.name for process in self.came()]

    def ready(self, *processes: FakeProcess) -> None:
        """They are ready, by default all who came."""
        for process in processes or self.came():
            process.ready()

    def drained(self) -> list[int]:
        """Whom the master has asked to finish and go: process numbers."""
        everybody = self.lives.spawner.processes
        return [process.pid for process in everybody if process.control.drains]

    def killed(self) -> list[int]:
        """Whom it has killed."""
        return [process.pid for process in self.lives.spawner.processes if process.signals]

    def serving(self) -> list[int]:
        """The process numbers of the workers that count now."""
        return [child.pid for child in self.lives.master._crew.roster.serving()]

    def said(self, words: str) -> int:
        """How many lines of the log have these words."""
        return sum(words in line for line in self.lives.log.lines)
