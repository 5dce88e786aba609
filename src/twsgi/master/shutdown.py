"""L{Shutdown}: the order in which everybody leaves."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime

from twsgi.control.launch import FRONTEND, WORKER
from twsgi.master.roster import Roster
from twsgi.master.words import Leave


class Shutdown:
    """
    First the frontends, for what waits in them needs the workers; then the workers; and whoever
    is left when C{reload-mercy} is over is killed, whatever it does.  Reactor thread.
    """

    def __init__(
        self, roster: Roster, clock: IReactorTime, mercy: float, finished: Callable[[], None]
    ) -> None:
        """
        @param mercy: seconds for all of it.
        @param finished: called once, when no child is left.
        """
        self._roster = roster
        self._clock = clock
        self._mercy = mercy
        self._finished = finished
        self._over = False

    def begin(self) -> None:
        """Asks the first ones to leave; where there is nobody, it is finished at once."""
        self._timer = self._clock.callLater(self._mercy, self._mercy_over)
        self.progress()

    def progress(self) -> None:
        """Goes on as far as one can; to be called whenever a child has exited."""
        if self._over:
            return
        for kind in (FRONTEND, WORKER):
            children = self._roster.children(kind)
            for child in children:
                child.leave(Leave.STOP)
            if children:
                return
        self._over = True
        if self._timer.active():
            self._timer.cancel()
        self._finished()

    def kill(self) -> None:
        """Ends everybody at once."""
        for child in self._roster.children():
            child.leave(Leave.STOP)
            child.kill()

    def _mercy_over(self) -> None:
        for child in self._roster.children():
            child.leave(Leave.STOP)
            child.mercy_over()
