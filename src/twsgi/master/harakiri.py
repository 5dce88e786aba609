"""L{Harakiri}: looks for requests that do not end, and has their workers killed (C{harakiri})."""

from __future__ import annotations

import time
from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime

from twsgi.control.launch import WORKER
from twsgi.control.scoreboard import Scoreboard
from twsgi.interfaces import ILineLog
from twsgi.master.child import Child, State
from twsgi.master.hanging import Hanging, Replace
from twsgi.master.overdue import overdue, running
from twsgi.master.roster import Roster
from twsgi.settings.model import Settings

#: A worker in another state has no requests, or is about to have none.
_AT_WORK = (State.READY, State.DRAINING, State.DEAF)


class Harakiri:
    """
    Looks at the scoreboard, so that a worker is seen that cannot say anything any more.  Reactor
    thread.
    """

    def __init__(
        self,
        clock: IReactorTime,
        log: ILineLog,
        roster: Roster,
        scoreboard: Scoreboard,
        replace: Replace,
        now: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        """
        @param replace: see L{Hanging}.
        @param now: see L{Hanging}.
        """
        self._clock = clock
        self._log = log
        self._roster = roster
        self._board = scoreboard
        self._replace = replace
        self._now = now
        self._settings = Settings()
        self._hanging: dict[Child, Hanging] = {}

    def follow(self, settings: Settings) -> None:
        """From now on these settings count; for who hangs already those before do."""
        self._settings = settings

    @property
    def wanted(self) -> bool:
        """There is a reason to look."""
        return bool(self._settings.harakiri or self._hanging)

    def look(self) -> None:
        """Looks at every worker."""
        now = self._now()
        for child in self._roster.children(WORKER):
            if child.state in _AT_WORK:
                self._look_at(child, now)
        for child, hanging in list(self._hanging.items()):
            if hanging.over:
                self._hanging.pop(child).end()

    def stop(self) -> None:
        """Waits for nothing any more."""
        for hanging in self._hanging.values():
            hanging.end()
        self._hanging.clear()

    def _look_at(self, child: Child, now: int) -> None:
        seconds = self._settings.harakiri
        requests = running(self._board, child.place) if seconds else []
        found = overdue(requests, seconds, now)
        hanging = self._hanging.get(child)
        if hanging is None and found:
            hanging = self._hanging[child] = Hanging(
                child,
                self._settings,
                self._roster,
                self._board,
                self._clock,
                self._log,
                self._replace,
                self._now,
            )
        if hanging is not None:
            hanging.look(found)
