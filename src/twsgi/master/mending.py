"""L{Mending}: links that are missing while both their ends live on come all the same."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from twsgi.control.launch import WORKER
from twsgi.interfaces import ILineLog
from twsgi.master.child import Child
from twsgi.master.links import link
from twsgi.master.roster import Roster
from twsgi.master.words import link_replaced, not_linked

#: Seconds before a lost link is replaced: who died is known as dead by then, for what a frontend
#: sees first of a worker's death is the end of its links.  A link that is lost again and again
#: costs no more than so many new ones.
DELAY = 0.25
#: Seconds before links are tried again for which no descriptors were left.
AGAIN = 1.0


class Mending:
    """
    The links that wait to be made.  Without it each one that is lost, for whatever reason,
    would be a core less for a frontend, and the last one 503 for ever.  Reactor thread.
    """

    def __init__(
        self, roster: Roster, clock: IReactorTime, log: ILineLog, linked: Callable[[], None]
    ) -> None:
        """
        @param linked: called when a worker has got links to a frontend.
        """
        self._linked = linked
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

    def link(self, worker: Child, frontend: Child) -> None:
        """Makes all their links, now or when there are descriptors for them."""
        self._link(worker, frontend, worker.cores)

    def _link(self, worker: Child, frontend: Child, missing: int) -> None:
        if not (worker.linkable and frontend.linkable):
            return
        made = self._as_many(worker, frontend, missing)
        if made:
            self._roster.scoreboard.link_worker(worker.place)
            self._linked()
        if made < missing and not self._stopped:
            self._later(AGAIN, lambda: self._link(worker, frontend, missing - made))

    def _as_many(self, worker: Child, frontend: Child, missing: int) -> int:
        """@return: how many were made: once those are handed over, others can be."""
        portion = missing
        while portion:
            try:
                link(worker, frontend, portion)
            except OSError as error:
                if portion == missing:
                    self._report(worker, frontend, error)
                portion //= 2
            else:
                break
        return portion

    def stop(self) -> None:
        """All leave: nothing is replaced any more."""
        self._stopped = True
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    def _replace_later(self, worker: Child, frontend: Child) -> None:
        self._later(DELAY, lambda: self._replace(worker, frontend))

    def _later(self, seconds: float, action: Callable[[], None]) -> None:
        def act() -> None:
            self._timers.discard(timer)
            action()

        timer = self._clock.callLater(seconds, act)
        self._timers.add(timer)

    def _report(self, worker: Child, frontend: Child, error: OSError) -> None:
        self._log.line(not_linked(worker.index, frontend.index, str(error.strerror)))

    def _replace(self, worker: Child, frontend: Child) -> None:
        # Who has left meanwhile has, or will have, a successor that gets all its links at once.
        if not (worker.linkable and frontend.linkable):
            return
        try:
            link(worker, frontend, 1)
        except OSError as error:
            self._report(worker, frontend, error)
            self._replace_later(worker, frontend)
            return
        self._log.line(link_replaced(worker.index, frontend.index))
