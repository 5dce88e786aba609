"""L{Mending}: a link that is lost while both its ends live on is replaced."""

from __future__ import annotations

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from twsgi.control.launch import WORKER
from twsgi.interfaces import ILineLog
from twsgi.master.child import Child
from twsgi.master.links import link
from twsgi.master.roster import Roster
from twsgi.master.words import link_replaced

#: Seconds before a lost link is replaced: who died is known as dead by then, for what a frontend
#: sees first of a worker's death is the end of its links.  A link that is lost again and again
#: costs no more than so many new ones.
DELAY = 0.25


class Mending:
    """
    The links that wait to be replaced.  Without it each one that is lost, for whatever reason,
    would be a core less for a frontend, and the last one 503 for ever.  Reactor thread.
    """

    def __init__(self, roster: Roster, clock: IReactorTime, log: ILineLog) -> None:
        """Nothing is lost."""
        self._roster = roster
        self._clock = clock
        self._log = log
        self._stopped = False
        self._timers: set[IDelayedCall] = set()

    def lost(self, frontend: Child, place: int) -> None:
        """C{frontend} has lost one link to the worker in C{place}, whoever that is."""
        for worker in self._roster.linkable(WORKER):
            if worker.place == place and not self._stopped:
                self._replace_later(worker, frontend)

    def stop(self) -> None:
        """All leave: nothing is replaced any more."""
        self._stopped = True
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    def _replace_later(self, worker: Child, frontend: Child) -> None:
        def replace() -> None:
            self._timers.discard(timer)
            self._replace(worker, frontend)

        timer = self._clock.callLater(DELAY, replace)
        self._timers.add(timer)

    def _replace(self, worker: Child, frontend: Child) -> None:
        # Who has left meanwhile has, or will have, a successor that gets all its links at once.
        if not (worker.linkable and frontend.linkable):
            return
        try:
            link(worker, frontend, 1)
        except OSError as error:
            self._log.line(f"unable to link worker {worker.index}: {error.strerror}")
            self._replace_later(worker, frontend)
            return
        self._log.line(link_replaced(worker.index, frontend.index))
