"""What a process that runs the application may use of the machine: memory, processors, stacks."""

from __future__ import annotations

import os
import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from twsgi.errors import ConfigurationError
from twsgi.interfaces import ILineLog
from twsgi.settings.model import Settings

#: Python's smallest stack, in KiB, and of what all are multiples.
_LEAST_STACK = 32
_PAGE = 4


def take_resources(
    settings: Settings, index: int, log: ILineLog, system: Any = os, limits: Any = resource
) -> None:
    """
    Takes C{limit-as}, C{limit-nproc} and C{cpu-affinity}, for good.  Before privileges are given
    up, and before any thread is started: they inherit it.

    @param index: the worker's, from 1: which processors are its own.
    @raise ConfigurationError: the system refuses.
    """
    for option, number, name in (
        ("limit-as", settings.limit_as << 20, "RLIMIT_AS"),
        ("limit-nproc", settings.limit_nproc, "RLIMIT_NPROC"),
    ):
        if number:
            _limit(option, number, getattr(limits, name, None), limits)
    if settings.cpu_affinity and hasattr(system, "sched_setaffinity"):
        mine = processors(settings.cpu_affinity, index, sorted(system.sched_getaffinity(0)))
        system.sched_setaffinity(0, mine)
        log.line(f"mapping worker {index} to CPUs: {' '.join(map(str, mine))}")


def _limit(option: str, number: int, which: int | None, limits: Any) -> None:
    if which is None:
        raise ConfigurationError(f"{option}: this system knows no such limit")
    hard = limits.getrlimit(which)[1]
    least = number if hard == limits.RLIM_INFINITY else min(number, hard)
    try:
        limits.setrlimit(which, (least, least))
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{option}: {error}") from error


def processors(count: int, index: int, allowed: list[int]) -> list[int]:
    """
    Which processors worker C{index} runs on: C{count} of those that are C{allowed}, beginning
    after those of the worker before it, and from the first again after the last.
    """
    first = (index - 1) * count
    return [allowed[(first + number) % len(allowed)] for number in range(min(count, len(allowed)))]


def take_priority(settings: Settings, system: Any = os) -> None:
    """
    Takes C{prio}, the "nice" value.

    @raise ConfigurationError: the system refuses: below 0 it takes root.
    """
    if settings.prio and system.getpriority(system.PRIO_PROCESS, 0) != settings.prio:
        try:
            system.setpriority(system.PRIO_PROCESS, 0, settings.prio)
        except OSError as error:
            raise ConfigurationError(f"prio = {settings.prio}: {error.strerror}") from error


@contextmanager
def stacks_of(kilobytes: int) -> Iterator[None]:
    """Threads that are started meanwhile have stacks of this size; 0: as always."""
    if not kilobytes:
        yield
        return
    pages = -(-max(kilobytes, _LEAST_STACK) // _PAGE)
    before = threading.stack_size(pages * _PAGE * 1024)
    try:
        yield
    finally:
        threading.stack_size(before)
