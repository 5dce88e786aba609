"""L{Pulse}: asks every child again and again whether it is still there."""

from __future__ import annotations

from typing import Any

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from twsgi.master.child import Child, State
from twsgi.master.roster import Roster
from twsgi.settings.model import Settings

#: Seconds between two questions to the same child.
PERIOD = 10.0
#: A child that has left so many of them unanswered, one after another, will not answer any more.
MOST = 6


class Pulse:
    """
    A child whose process lives and whose reactor does not (it is stopped, or something holds the
    interpreter's lock for ever) serves nobody.  Its questions are counted, not the seconds: where
    this process itself has not run for a while, nobody is to blame for that.  Reactor thread.
    """

    def __init__(
        self,
        clock: IReactorTime,
        roster: Roster,
        period: float | None = None,
        most: int | None = None,
    ) -> None:
        """
        @param period: None: L{PERIOD}.
        @param most: None: L{MOST}.
        """
        self._clock = clock
        self._roster = roster
        self._period = PERIOD if period is None else period
        self._most = MOST if most is None else most
        self._allowed = 0.0
        self._unanswered: dict[Child, int] = {}
        self._timer: IDelayedCall | None = None

    def follow(self, settings: Settings) -> None:
        """
        From now on these settings count.  A request may hold the interpreter's lock for as long as
        C{harakiri} allows it to run: whoever is silent for no longer is C{harakiri}'s.
        """
        self._allowed = float(settings.harakiri)

    def start(self) -> None:
        """The first question is one period from now."""
        self._timer = self._clock.callLater(self._period, self._ask_all)

    def stop(self) -> None:
        """Asks no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ask_all(self) -> None:
        # First the timer: whatever goes wrong below, there is a next time.
        self.start()
        asked = [child for child in self._roster.children() if child.state is State.READY]
        before, self._unanswered = self._unanswered, {}
        for child in asked:
            unanswered = before.get(child, 0)
            if unanswered >= self._most and (unanswered - 1) * self._period > self._allowed:
                child.silent(unanswered * self._period)
            else:
                self._unanswered[child] = unanswered + 1
                self._ask(child)

    def _ask(self, child: Child) -> None:
        def answered(answer: Any) -> None:
            if child in self._unanswered:
                self._unanswered[child] = 0

        child.control.ping().addCallbacks(answered, lambda failure: None)
