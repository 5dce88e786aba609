"""L{Regulator}: looks at the workers four times a second, and does what the algorithm decides."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from twsgi.interfaces import ICheaperAlgorithm
from twsgi.master.cheaper import SAMPLES_PER_SECOND, Decision, Snapshot
from twsgi.master.child import Child
from twsgi.master.roster import Roster


class Regulator:
    """C{cheaper} at work: between C{start} and C{stop} one timer runs.  Reactor thread."""

    def __init__(
        self,
        algorithm: ICheaperAlgorithm,
        look: Callable[[], Snapshot],
        roster: Roster,
        retire: Callable[[Child], None],
        clock: IReactorTime,
    ) -> None:
        """
        @param look: tells what the workers do now.
        @param retire: lets a worker go.
        """
        self._algorithm = algorithm
        self._look = look
        self._roster = roster
        self._retire = retire
        self._clock = clock
        self._timer: IDelayedCall | None = None

    def start(self) -> None:
        """The first look is one period from now."""
        self._timer = self._clock.callLater(1 / SAMPLES_PER_SECOND, self._sample)

    def stop(self) -> None:
        """Looks no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _sample(self) -> None:
        # First the timer: whatever goes wrong below, there is a next time.
        self.start()
        self._carry_out(self._algorithm.sampled(self._look()))

    def _carry_out(self, decision: Decision) -> None:
        for slot in self._roster.free_workers()[: decision.spawn]:
            slot.fill()
        for child in self._roster.serving():
            if child.index == decision.retire:
                self._retire(child)
