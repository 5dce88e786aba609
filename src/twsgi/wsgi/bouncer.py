"""L{Bouncer}: sends requests back that wait here while a core of another worker is free.

With one frontend an idle link is an idle core.  With several, each has links to every core, and
two may send to the same one at the same moment.  The second request then waits in its link, which
is right as long as all cores of all workers are busy: the kernel keeps such links in the order in
which they became ready, whichever frontend they belong to.  As soon as a core is free elsewhere it
is not, and the request goes back to its frontend, which places it anew.  So does one before whom
all cores are held by long requests, while those of other workers are taken by later ones.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twsgi.control.scoreboard import READY, WORKER_LINKED, WORKER_STATE, Scoreboard
from twsgi.errors import FrameError
from twsgi.interfaces import IWaitPoint
from twsgi.web.threads import hand_to_reactor
from twsgi.wsgi.link import WorkerLink

#: Seconds between two looks while all cores here are busy; there are none while one is free.
PERIOD = 0.002
#: Seconds for which the same requests hold all cores here before others pass by.
HELD = 0.05


class Bouncer:
    """The bouncer of one worker.  Reactor thread, but for L{core_taken}."""

    def __init__(
        self,
        wait_point: IWaitPoint,
        scoreboard: Scoreboard,
        place: int,
        reactor: Any,
        link_closed: Callable[[WorkerLink], None],
        report: Callable[[str], None],
    ) -> None:
        """
        @param place: the worker's on the scoreboard.
        @param link_closed: told of a link that turned out to be closed.
        """
        self._wait_point = wait_point
        self._scoreboard = scoreboard
        self._place = place
        self._cores = scoreboard.worker_cores(place)
        self._reactor = reactor
        self._link_closed = link_closed
        self._report = report
        # Set by whoever sees the need, cleared by the reactor's thread.
        self._watching = False
        # The reactor's thread's alone: two cores may see the need at the same moment.
        self._looking = False
        self._passing = Passing(scoreboard, place)

    def core_taken(self) -> None:
        """A core begins a request.  Core threads."""
        if not self._watching and self._saturated():
            self._watching = True
            hand_to_reactor(self._reactor, self._begin)

    def _saturated(self) -> bool:
        return self._scoreboard.busy_cores(self._place) == self._cores

    def _begin(self) -> None:
        if not self._looking:
            self._looking = True
            self._passing.begin(self._reactor.seconds())
            self._look()

    def _look(self) -> None:
        if not self._saturated():
            self._watching = False
            # A core that was taken just before saw us watching, and relied on it.
            if not self._saturated():
                self._looking = False
                return
            self._watching = True
        # First, so that nothing that goes wrong below is the end of it.
        self._reactor.callLater(PERIOD, self._look)
        passed = self._passing.look(self._reactor.seconds())
        for _ in range(self._free_elsewhere() or passed):
            link = self._wait_point.overdue()
            if link is None:
                break
            self._bounce(link)

    def _free_elsewhere(self) -> int:
        board = self._scoreboard
        return sum(
            board.worker_cores(place) - board.busy_cores(place)
            for place in board.used_places()
            if place != self._place and self._serves(place)
        )

    def _serves(self, place: int) -> bool:
        """Not who is ready but has to wait until others are, too (a reload): nobody sends to it."""
        record = self._scoreboard.worker(place)
        return bool(record[WORKER_STATE] == READY and record[WORKER_LINKED])

    def _bounce(self, link: WorkerLink) -> None:
        alive = False
        try:
            alive = link.bounce()
        except FrameError as error:
            self._report(f"frontend {link.frontend}: {error}")
        finally:
            if alive:
                self._wait_point.rearm(link)
            else:
                self._wait_point.forget(link)
                link.close()
                self._link_closed(link)


class Passing:
    """Counts the requests that pass by those which wait at one worker.  Reactor thread."""

    def __init__(self, scoreboard: Scoreboard, place: int) -> None:
        """
        @param place: the worker's on the scoreboard.
        """
        self._scoreboard = scoreboard
        self._place = place
        self._served = self._elsewhere = 0
        self._since = 0.0

    def begin(self, now: float) -> None:
        """All cores of the worker are busy from now on."""
        self._since = now
        self._served, self._elsewhere = self._counts()

    def look(self, now: float) -> int:
        """
        How many requests others have finished since the last look, while the same requests hold
        all cores of this worker; 0 as long as these have not done so for L{HELD} seconds.
        """
        served, elsewhere = self._counts()
        if served != self._served:
            self.begin(now)
            return 0
        if now - self._since < HELD:
            return 0
        passed, self._elsewhere = elsewhere - self._elsewhere, elsewhere
        return passed

    def _counts(self) -> tuple[int, int]:
        board = self._scoreboard
        counts = {place: board.worker_requests(place) for place in board.used_places()}
        served = counts.pop(self._place)
        return served, sum(counts.values())
