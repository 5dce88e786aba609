"""What algorithms of C{cheaper} are shown in tests, and what comes of their decisions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from twsgi.interfaces import ICheaperAlgorithm
from twsgi.master.cheaper import (
    NOTHING,
    SAMPLES_PER_SECOND,
    Decision,
    Snapshot,
    WorkerSample,
)


def seen(
    *busy: int | None, waiting: int = 0, maximum: int = 4, minimum: int = 1, memory: int = 0
) -> Snapshot:
    """Workers of two threads, spawned one second after the other; None: it boots."""
    return Snapshot(
        workers=tuple(
            WorkerSample(place + 1, cores is not None, cores or 0, float(place))
            for place, cores in enumerate(busy)
        ),
        threads=2,
        waiting=waiting,
        minimum=minimum,
        free=maximum - len(busy),
        memory=memory,
    )


def decisions(algorithm: ICheaperAlgorithm, snapshots: Iterable[Snapshot]) -> dict[int, Decision]:
    """What is decided, by the number of the sample (from 1); nothing is left out."""
    found = {place + 1: algorithm.sampled(one) for place, one in enumerate(snapshots)}
    return {place: decision for place, decision in found.items() if decision != NOTHING}


@dataclass
class Shown:
    """
    Workers that do as the test says, and as an algorithm decides: who is retired is gone, who is
    started is ready at once.

    @ivar busy: of each worker, by its index, how many of its cores work.
    @ivar said: what the algorithm had to say, with the seconds.
    """

    algorithm: ICheaperAlgorithm
    minimum: int = 1
    maximum: int = 4
    threads: int = 2
    busy: dict[int, float] = field(default_factory=lambda: {1: 0.0})
    waiting: int = 0
    memory: int = 0
    samples: int = 0
    said: list[tuple[int, str]] = field(default_factory=list)
    _spawned: dict[int, float] = field(default_factory=dict)
    _worked: dict[int, float] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """How long it has been going on."""
        return self.samples / SAMPLES_PER_SECOND

    def snapshot(self) -> Snapshot:
        """As it is now."""
        return Snapshot(
            workers=tuple(
                WorkerSample(
                    index,
                    True,
                    -int(-cores // 1),
                    self._spawned.get(index, 0.0),
                    self._worked.get(index, 0.0),
                )
                for index, cores in sorted(self.busy.items())
            ),
            threads=self.threads,
            waiting=self.waiting,
            minimum=self.minimum,
            free=self.maximum - len(self.busy),
            at=self.seconds,
            memory=self.memory,
        )

    def sample(self) -> Decision:
        """A quarter of a second passes, and it is looked."""
        self.samples += 1
        for index, cores in self.busy.items():
            self._worked[index] = self._worked.get(index, 0.0) + cores / SAMPLES_PER_SECOND
        decision: Decision = self.algorithm.sampled(self.snapshot())
        self.said += [(int(self.seconds), line) for line in decision.words]
        if decision.retire is not None:
            del self.busy[decision.retire]
        free = [index for index in range(1, self.maximum + 1) if index not in self.busy]
        for index in free[: decision.spawn]:
            self.busy[index] = 0.0
            self._spawned[index] = self.seconds
        return decision

    def all_busy(self, part: float) -> None:
        """So much of every worker's time goes into requests from now on."""
        for index in self.busy:
            self.busy[index] = part * self.threads

    def run(self, seconds: float, part: float | None = None) -> list[tuple[float, int]]:
        """
        Time passes; C{part}: see L{all_busy}.

        @return: when the number of workers has changed, and what it is then.
        """
        changes = []
        for _ in range(round(seconds * SAMPLES_PER_SECOND)):
            if part is not None:
                self.all_busy(part)
            before = len(self.busy)
            self.sample()
            if len(self.busy) != before:
                changes.append((self.seconds, len(self.busy)))
        return changes


def counts(changes: Sequence[tuple[float, int]]) -> list[int]:
    """The numbers alone."""
    return [count for _, count in changes]
