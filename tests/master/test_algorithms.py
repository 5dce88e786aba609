"""Tests of L{twsgi.master.algorithms}: which algorithm it is, and what all of them keep to."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis.strategies import (
    booleans,
    builds,
    dictionaries,
    floats,
    integers,
    lists,
    sampled_from,
    tuples,
)
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.master.seeing import Shown
from twsgi.interfaces import ICheaperAlgorithm
from twsgi.master.algorithms import algorithm_of
from twsgi.master.backlog import BacklogAlgorithm
from twsgi.master.busyness import BusynessAlgorithm
from twsgi.master.cheaper import Snapshot, WorkerSample
from twsgi.master.manual import Asked, ManualAlgorithm
from twsgi.master.rsslimits import WithinMemory
from twsgi.master.spare import SpareAlgorithm
from twsgi.settings.model import Settings
from twsgi.settings.validation import ALGORITHMS

#: Options whose value is a small number, or zero.
_NUMBERS = (
    "cheaper_overload",
    "cheaper_step",
    "cheaper_rss_limit_soft",
    "cheaper_rss_limit_hard",
    "cheaper_busyness_multiplier",
    "cheaper_busyness_penalty",
    "cheaper_busyness_backlog_alert",
    "cheaper_busyness_backlog_multiplier",
    "cheaper_busyness_backlog_step",
    "cheaper_busyness_backlog_nonzero",
)


def _settings(algorithm: str, numbers: dict[str, int], verbose: bool) -> Settings:
    return Settings(
        cheaper_algo=algorithm,
        cheaper_busyness_verbose=verbose,
        **numbers,  # type: ignore[arg-type]
    )


#: Settings of any algorithm.
SETTINGS = builds(
    _settings,
    sampled_from(ALGORITHMS),
    dictionaries(sampled_from(_NUMBERS), integers(0, 4)),
    booleans(),
)
#: A worker: is it ready, how many of its two cores are busy, and seconds that they have worked.
WORKERS = lists(tuples(booleans(), integers(0, 2), floats(0, 1e6)), max_size=5)


class ChoiceTests(SynchronousTestCase):
    """Settings name it."""

    def test_table(self) -> None:
        """Each name has its algorithm; every one is an ICheaperAlgorithm."""
        found = {}
        for name in ALGORITHMS:
            algorithm = algorithm_of(Settings(cheaper_algo=name))
            self.assertTrue(verifyObject(ICheaperAlgorithm, algorithm))
            found[name] = type(algorithm)
        self.assertEqual(
            found,
            {
                "spare": SpareAlgorithm,
                "backlog": BacklogAlgorithm,
                "manual": ManualAlgorithm,
                "busyness": BusynessAlgorithm,
            },
        )

    def test_limits(self) -> None:
        """With C{cheaper-rss-limit-soft} memory is a bound."""
        limited = algorithm_of(Settings(cheaper_rss_limit_soft=1))
        self.assertIsInstance(limited, WithinMemory)
        self.assertTrue(verifyObject(ICheaperAlgorithm, limited))
        self.assertTrue(verifyObject(ICheaperAlgorithm, Asked(limited)))

    def test_busyness(self) -> None:
        """Each of its options is its own."""
        values: dict[str, Any] = {name: 100 + number for number, name in enumerate(_NUMBERS)}
        values |= {"cheaper_busyness_max": 91, "cheaper_busyness_min": 17}
        values |= {"cheaper_rss_limit_soft": 0, "cheaper_rss_limit_hard": 0}
        algorithm = algorithm_of(Settings(cheaper_algo="busyness", **values))
        assert isinstance(algorithm, BusynessAlgorithm)
        options = algorithm._options
        self.assertEqual(
            (options.window, options.step, options.most, options.least, options.multiplier),
            (100, 101, 91, 17, 104),
        )
        self.assertEqual(
            (options.penalty, options.backlog_alert, options.backlog_multiplier),
            (105, 106, 107),
        )
        self.assertEqual((options.backlog_step, options.backlog_nonzero), (108, 109))
        self.assertFalse(options.verbose)


class AnySequenceTests(SynchronousTestCase):
    """What holds for all of them, whatever is seen and asked for."""

    @given(
        SETTINGS,
        lists(tuples(WORKERS, integers(0, 99), integers(0, 9), integers(-1, 1)), max_size=60),
        integers(0, 5),
    )
    def test_one_decision(
        self,
        settings: Settings,
        sequence: list[tuple[list[tuple[bool, int, float]], int, int, int]],
        minimum: int,
    ) -> None:
        """
        Never more than there is a place for, never both at once, never below the minimum, and
        only a ready worker without a request is retired.
        """
        algorithm = Asked(algorithm_of(settings))
        for number, (workers, waiting, memory, asked) in enumerate(sequence):
            snapshot = Snapshot(
                workers=tuple(
                    WorkerSample(place + 1, ready, busy if ready else 0, 0.0, worked)
                    for place, (ready, busy, worked) in enumerate(workers)
                ),
                threads=2,
                waiting=waiting,
                minimum=minimum,
                free=5 - len(workers),
                at=number / 4,
                memory=memory,
            )
            algorithm.ask(asked)
            decision = algorithm.sampled(snapshot)
            self.assertLessEqual(0, decision.spawn)
            self.assertLessEqual(decision.spawn, snapshot.free)
            if decision.retire is not None:
                self.assertEqual(decision.spawn, 0)
                self.assertEqual(workers[decision.retire - 1][:2], (True, 0))
                self.assertGreater(len(workers), minimum)

    @given(
        SETTINGS,
        lists(tuples(floats(0, 1), integers(0, 60), integers(0, 9), integers(-1, 1)), max_size=30),
        integers(1, 4),
    )
    def test_in_the_long_run(
        self,
        settings: Settings,
        sequence: list[tuple[float, int, int, int]],
        minimum: int,
    ) -> None:
        """However the load changes, there are never fewer than C{cheaper}, nor too many."""
        algorithm = Asked(algorithm_of(settings))
        busy = dict.fromkeys(range(1, minimum + 1), 0.0)
        world = Shown(algorithm, minimum=minimum, maximum=5, busy=busy)
        for part, waiting, memory, asked in sequence:
            world.waiting, world.memory = waiting, memory
            algorithm.ask(asked)
            for _ in range(8):
                world.all_busy(part)
                world.sample()
                self.assertTrue(minimum <= len(world.busy) <= 5, world.busy)
