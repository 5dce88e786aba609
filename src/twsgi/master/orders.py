"""L{Orders}: what each character means that somebody writes to C{master-fifo}."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from twsgi.interfaces import ILineLog, IOwner
from twsgi.master.staffing import Staffing

#: What uWSGI does, and we do not.
NOT_THERE = {
    "B": "there is no Emperor to ask",
    "E": "there are no vassals to look for",
    "S": "there are no subscriptions",
    "f": "the master is never forked anew: r reloads",
    "l": "the log cannot be opened again",
    "L": "the log cannot be rotated",
    "p": "there is no pause: C lets all workers go until somebody asks for something",
}


class Running(Protocol):
    """Whom the orders are for: L{Master <twsgi.master.service.Master>}."""

    @property
    def owner(self) -> IOwner | None:
        """Whose process it is."""

    @property
    def staffing(self) -> Staffing | None:
        """How many workers there are."""

    def reload(self, *, chain: bool = False) -> Any:
        """Replaces the workers."""

    def reload_configuration(self) -> Any:
        """Likewise, with the configuration as it is now."""

    def finish(self, at_once: bool = False) -> None:
        """Lets everything stop."""

    def tell_counters(self) -> None:
        """Says what everybody has done so far."""


class Orders:
    """Carries out what is there, says of the rest that it is not, and passes over all else."""

    def __init__(self, log: ILineLog, running: Running, choose: Callable[[int], None]) -> None:
        """@param choose: what is done for a digit."""
        self._log = log
        self._running = running
        self._choose = choose
        self._actions: dict[str, Callable[[], object]] = {
            "+": partial(self._change, 1),
            "-": partial(self._change, -1),
            "c": partial(running.reload, chain=True),
            "C": self._go_cheap,
            "P": self._write_pidfiles,
            "q": running.finish,
            "Q": partial(running.finish, at_once=True),
            "r": running.reload_configuration,
            # Nobody is killed here: what is under way is finished.
            "R": running.reload_configuration,
            "s": running.tell_counters,
            "w": running.reload,
            "W": running.reload,
        }

    def heard(self, character: str) -> None:
        """Somebody has written this."""
        if character in "0123456789":
            self._choose(int(character))
        elif character in self._actions:
            self._actions[character]()
        elif character in NOT_THERE:
            self._log.line(f"master-fifo: {character}: {NOT_THERE[character]}")

    def _change(self, more: int) -> None:
        if self._running.staffing is not None:
            self._running.staffing.more(more)

    def _go_cheap(self) -> None:
        if self._running.staffing is not None:
            self._running.staffing.go_cheap()

    def _write_pidfiles(self) -> None:
        if self._running.owner is not None:
            self._running.owner.write_pidfiles()
