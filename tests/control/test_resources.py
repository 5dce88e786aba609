"""Tests of L{twsgi.control.resources} and L{twsgi.control.title}."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.master.fakes import FakeLog
from twsgi.control.resources import processors, stacks_of, take_priority, take_resources
from twsgi.control.title import title_of
from twsgi.errors import ConfigurationError
from twsgi.settings.model import Settings


class Limits:
    """C{resource}, remembered."""

    RLIM_INFINITY = -1
    RLIMIT_AS = 1
    RLIMIT_NPROC = 2

    def __init__(self, hard: int = -1, error: Exception | None = None) -> None:
        self.set: list[tuple[int, tuple[int, int]]] = []
        self.hard = hard
        self.error = error

    def getrlimit(self, which: int) -> tuple[int, int]:
        return self.hard, self.hard

    def setrlimit(self, which: int, limits: tuple[int, int]) -> None:
        if self.error is not None:
            raise self.error
        self.set.append((which, limits))


class LimitTests(SynchronousTestCase):
    """What a process may use."""

    def take(self, limits: Limits, system: Any = None, **settings: Any) -> FakeLog:
        log = FakeLog()
        take_resources(Settings(**settings), 2, log, system or SimpleNamespace(), limits)
        return log

    def test_limits(self) -> None:
        """Megabytes and numbers; never more than what is allowed."""
        limits = Limits()
        self.take(limits, limit_as=2, limit_nproc=9)
        self.assertEqual(limits.set, [(1, (2 << 20, 2 << 20)), (2, (9, 9))])
        limits = Limits(hard=4)
        self.take(limits, limit_nproc=9)
        self.assertEqual(limits.set, [(2, (4, 4))])

    def test_nothing(self) -> None:
        """Nobody asked."""
        limits = Limits()
        self.take(limits)
        self.assertEqual(limits.set, [])

    def test_refused(self) -> None:
        """The option is named."""
        limits = Limits(error=ValueError("no"))
        error = self.assertRaises(ConfigurationError, self.take, limits, limit_as=2)
        self.assertEqual(str(error), "limit-as: no")

    def test_processors(self) -> None:
        """Each worker its own, of those that are allowed, and from the first again."""
        for count, index, expected in (
            (1, 1, [4]), (1, 2, [5]), (1, 4, [4]),
            (2, 1, [4, 5]), (2, 2, [7, 4]), (9, 1, [4, 5, 7]),
        ):  # fmt: skip
            self.assertEqual(processors(count, index, [4, 5, 7]), expected)

    def test_affinity(self) -> None:
        """The worker is tied to its processors, and the log says to which."""
        tied: list[list[int]] = []
        system = SimpleNamespace(
            sched_getaffinity=lambda pid: {0, 3}, sched_setaffinity=lambda pid, to: tied.append(to)
        )
        log = self.take(Limits(), system, cpu_affinity=1)
        self.assertEqual((tied, log.lines), ([[3]], ["mapping worker 2 to CPUs: 3"]))


class PriorityTests(SynchronousTestCase):
    """C{prio}."""

    def test_priority(self) -> None:
        """It is taken where it is not so already; a refusal names it."""
        now: list[int] = [0]

        def change(which: int, pid: int, value: int) -> None:
            if value < 0:
                raise PermissionError(13, "Permission denied")
            now.append(value)

        system = SimpleNamespace(
            PRIO_PROCESS=0, getpriority=lambda which, pid: now[-1], setpriority=change
        )
        for _ in range(2):
            take_priority(Settings(prio=5), system)
        self.assertEqual(now, [0, 5])
        error = self.assertRaises(ConfigurationError, take_priority, Settings(prio=-5), system)
        self.assertEqual(str(error), "prio = -5: Permission denied")


class StackTests(SynchronousTestCase):
    """C{threads-stacksize}."""

    def test_stacks(self) -> None:
        """It holds meanwhile, in whole pages, and not below what Python can have."""
        before = threading.stack_size()
        for kilobytes, expected in ((512, 512), (1, 32), (513, 516)):
            with stacks_of(kilobytes):
                self.assertEqual(threading.stack_size(), expected << 10)
            self.assertEqual(threading.stack_size(), before)
        with stacks_of(0):
            self.assertEqual(threading.stack_size(), before)


class TitleTests(SynchronousTestCase):
    """What a process is called."""

    def test_title(self) -> None:
        """uWSGI's rules."""
        for settings, role, expected in (
            (Settings(), "master", ""),
            (Settings(auto_procname=True), "worker 1", "uWSGI worker 1"),
            (Settings(procname_prefix="p-"), "http 1", "p-uWSGI http 1"),
            (Settings(procname_prefix_spaced="p"), "master", "p uWSGI master"),
            (Settings(procname_append="!"), "master", "uWSGI master!"),
            (Settings(procname="own"), "master", "own"),
            (Settings(procname="own", procname_master="boss"), "master", "boss"),
            (Settings(procname="own", procname_master="boss"), "http 1", "own"),
        ):
            self.assertEqual((role, title_of(settings, role)), (role, expected))
