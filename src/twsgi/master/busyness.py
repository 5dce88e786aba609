"""L{BusynessAlgorithm}: C{cheaper-algo = busyness}: how much of their time cores work.  Pure."""

from __future__ import annotations

from dataclasses import dataclass

from zope.interface import implementer

from twsgi.interfaces import ICheaperAlgorithm
from twsgi.master.cheaper import NOTHING, Decision, Seconds, Snapshot, WorkerSample

#: A wish for fewer workers is put off by as many windows of neither much nor little to do; one
#: more, and the waiting begins anew.
_PUT_OFF = 2


@dataclass(frozen=True, slots=True)
class Busyness:
    """
    uWSGI's C{cheaper-busyness-} options, but for C{window} and C{step}, which are
    C{cheaper-overload} (seconds) and C{cheaper-step} (0: as many as the waiting requests need).
    """

    window: int = 3
    step: int = 0
    most: int = 50
    least: int = 25
    multiplier: int = 10
    penalty: int = 2
    verbose: bool = False
    backlog_alert: int = 33
    backlog_multiplier: int = 3
    backlog_step: int = 1
    backlog_nonzero: int = 60


@implementer(ICheaperAlgorithm)
class BusynessAlgorithm:
    """
    Each C{window} seconds: which part of the time of all cores was spent in requests?  More than
    C{most} of 100: workers are added.  Less than C{least}: one leaves, if C{multiplier} windows
    have passed since that was last begun to be counted.  A worker that has to be added less than
    C{multiplier} windows after one has left makes the multiplier grow by C{penalty}, any other
    makes it shrink by one, but not below what it was at first.

    And once a second: where more than C{backlog_alert} requests wait for whom no worker boots, or
    any have for C{backlog_nonzero} seconds, C{backlog_step} emergency workers are added; while
    there are such, C{backlog_multiplier} stands for the multiplier.
    """

    def __init__(self, options: Busyness) -> None:
        self._options = options
        self.introduction = _introduction(options)
        self._seconds = Seconds()
        self._meter = _Meter()
        self._passed = 0
        self._waited = 0
        self._multiplier = options.multiplier
        self._emergencies = 0
        self._between = 0
        #: When a worker left last; None: long ago.
        self._retired: float | None = None
        #: Before that none leaves.
        self._next: float | None = None

    def sampled(self, snapshot: Snapshot) -> Decision:
        """See L{ICheaperAlgorithm}."""
        self._meter.note(snapshot)
        if self._next is None:
            self._put_off(snapshot)
        if not self._seconds.over():
            return NOTHING
        self._passed += 1
        self._waited = self._waited + 1 if snapshot.waiting else 0
        emergency = self._emergency(snapshot)
        if self._passed < max(self._options.window, 1):
            return emergency
        self._passed = 0
        busy = self._meter.read(snapshot)
        return self._window_over(snapshot, busy) if emergency is NOTHING else emergency

    def _window_over(self, snapshot: Snapshot, busy: int) -> Decision:
        options = self._options
        if not snapshot.workers:
            return NOTHING
        said = f"{options.window}s average busyness is at {busy}%"
        if options.least <= busy <= options.most:
            return self._neither(snapshot, said)
        self._between = 0
        if busy > options.most:
            return self._added(snapshot, said)
        return self._removed(snapshot, said)

    def _neither(self, snapshot: Snapshot, said: str) -> Decision:
        self._between += 1
        if self._between <= _PUT_OFF:
            self._next = (self._next or snapshot.at) + self._options.window
            what = "adjusting"
        else:
            self._put_off(snapshot)
            what = "resetting"
        return self._tell(f"{said}, {self._between} non-idle cycle(s), {what} cheaper timer")

    def _added(self, snapshot: Snapshot, said: str) -> Decision:
        options, count = self._options, len(snapshot.workers)
        if not snapshot.free:
            return self._tell(
                f"{said} but we already started maximum number of workers available with current"
                f" limits ({count})"
            )
        soon = self._multiplier * max(options.window, 1)
        if self._retired is not None and snapshot.at - self._retired <= soon:
            self._multiplier += options.penalty
        else:
            self._multiplier = max(self._multiplier - 1, options.multiplier)
        self._retired = None
        self._put_off(snapshot)
        room = snapshot.room(options.step)
        return self._tell(f"{said}, will spawn {room} new worker(s)", spawn=room)

    def _removed(self, snapshot: Snapshot, said: str) -> Decision:
        spare = snapshot.spare_worker()
        if spare is None or (self._next is not None and snapshot.at < self._next):
            return NOTHING
        self._put_off(snapshot)
        self._emergencies = max(0, self._emergencies - 1)
        self._retired = snapshot.at
        count = len(snapshot.workers)
        return self._tell(f"{said}, cheap one of {count} running workers", retire=spare)

    def _emergency(self, snapshot: Snapshot) -> Decision:
        options = self._options
        step = min(options.backlog_step, snapshot.free)
        if not step or not snapshot.workers:
            return NOTHING
        alarm = snapshot.unclaimed > options.backlog_alert
        if not alarm and (not snapshot.unclaimed or self._waited < max(options.backlog_nonzero, 1)):
            return NOTHING
        waited, self._waited = self._waited, 0
        self._emergencies += step
        self._multiplier = options.multiplier
        self._put_off(snapshot)
        if alarm:
            said = (
                f"{snapshot.waiting} requests in listen queue, spawning {step} emergency worker(s)"
                f" ({self._emergencies})!"
            )
        else:
            said = f"backlog was non-zero for {waited} second(s), spawning new worker(s)"
        return self._tell(said, spawn=step)

    def _put_off(self, snapshot: Snapshot) -> None:
        """Nobody leaves for some windows from now."""
        options = self._options
        windows = options.backlog_multiplier if self._emergencies else self._multiplier
        self._next = snapshot.at + max(options.window, 1) * windows

    def _tell(self, said: str, spawn: int = 0, retire: int | None = None) -> Decision:
        words = (f"[busyness] {said}",) if self._options.verbose else ()
        return Decision(spawn, retire, words)


class _Meter:
    """How much of their time cores have worked since it was read last."""

    def __init__(self) -> None:
        #: Of each worker (its index, when it was spawned): when it was seen first since then, and
        #: what it had worked.
        self._seen: dict[tuple[int, float], tuple[float, float]] = {}

    def note(self, snapshot: Snapshot) -> None:
        """Who is new counts from now on, who is gone no more."""
        self._seen = {
            _who(worker): self._seen.get(_who(worker), (snapshot.at, worker.worked))
            for worker in snapshot.workers
        }

    def read(self, snapshot: Snapshot) -> int:
        """The mean of all workers, of 100; begins anew."""
        parts = [self._part(worker, snapshot) for worker in snapshot.workers]
        self._seen = {}
        self.note(snapshot)
        return int(100 * sum(parts) / len(parts)) if parts else 0

    def _part(self, worker: WorkerSample, snapshot: Snapshot) -> float:
        """
        Of one worker, 0 to 1.  One that was seen but this moment has no time to be measured by.
        """
        began, before = self._seen[_who(worker)]
        there = (snapshot.at - began) * snapshot.threads
        part = (worker.worked - before) / there if there > 0 else worker.busy / snapshot.threads
        return min(max(part, 0.0), 1.0)


def _who(worker: WorkerSample) -> tuple[int, float]:
    return worker.index, worker.spawned


def _introduction(options: Busyness) -> tuple[str, ...]:
    return (
        f"[busyness] settings: min={options.least}%, max={options.most}%,"
        f" overload={options.window}, multiplier={options.multiplier},"
        f" respawn penalty={options.penalty}",
        f"[busyness] backlog alert is set to {options.backlog_alert} request(s), step is"
        f" {options.backlog_step}",
        f"[busyness] backlog non-zero alert is set to {options.backlog_nonzero} second(s)",
    )
