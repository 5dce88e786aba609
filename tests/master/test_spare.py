"""Tests of L{twsgi.master.spare}: tables of what was seen and what is decided."""

from __future__ import annotations

from hypothesis import given
from hypothesis.strategies import booleans, integers, lists, tuples
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.master.seeing import decisions, seen
from twsgi.interfaces import ICheaperAlgorithm
from twsgi.master.cheaper import NOTHING, Decision, Snapshot, WorkerSample
from twsgi.master.spare import SpareAlgorithm


class GrowingTests(SynchronousTestCase):
    """More workers, when no core is free."""

    def test_interface(self) -> None:
        """It is an ICheaperAlgorithm."""
        self.assertTrue(verifyObject(ICheaperAlgorithm, SpareAlgorithm(3, 0)))

    def test_table(self) -> None:
        """More than C{overload} saturated samples in a row call for workers."""
        for name, overload, step, samples, expected in [
            ("patience", 3, 1, [seen(2)] * 3, {}),
            ("step 1", 3, 1, [seen(2)] * 4, {4: Decision(1)}),
            ("again", 3, 1, [seen(2)] * 8, {4: Decision(1), 8: Decision(1)}),
            ("no patience", 0, 1, [seen(2)] * 2, {1: Decision(1), 2: Decision(1)}),
            ("a row is broken", 3, 1, [seen(2)] * 3 + [seen(1)] + [seen(2)] * 3, {}),
            ("a free core", 3, 1, [seen(2, 1)] * 9, {}),
            ("one boots", 3, 1, [seen(2, None)] * 9, {}),
            ("boots alone", 3, 1, [seen(None)] * 9, {}),
            ("nobody", 3, 1, [seen()] * 9, {}),
            ("unset, nobody waits", 3, 0, [seen(2)] * 4, {4: Decision(1)}),
            ("unset, one worker's worth", 3, 0, [seen(2, waiting=2)] * 4, {4: Decision(1)}),
            ("unset, a bit more", 3, 0, [seen(2, waiting=3)] * 4, {4: Decision(2)}),
            ("unset, a crowd", 3, 0, [seen(2, waiting=99)] * 4, {4: Decision(3)}),
            ("step is fixed", 3, 2, [seen(2, waiting=99)] * 4, {4: Decision(2)}),
            ("step over the maximum", 3, 9, [seen(2, 2, 2)] * 4, {4: Decision(1)}),
            ("full", 3, 0, [seen(2, 2, 2, 2, waiting=9)] * 40, {}),
        ]:
            self.assertEqual(decisions(SpareAlgorithm(overload, step), samples), expected, name)

    def test_one_to_four_one_by_one(self) -> None:
        """Sustained overload takes one worker to four within twelve samples and three boots."""
        algorithm = SpareAlgorithm(3, 1)
        workers: list[int | None] = [2]
        saturated = boots = 0
        while len(workers) < 4 or None in workers:
            if None in workers:
                boots += 1
                self.assertEqual(algorithm.sampled(seen(*workers)), NOTHING)
                workers = [2] * len(workers)
                continue
            saturated += 1
            workers += [None] * algorithm.sampled(seen(*workers)).spawn
        self.assertEqual((saturated, boots), (12, 3))

    def test_one_to_four_at_once(self) -> None:
        """With requests waiting, the first decision starts all that they need."""
        found = decisions(SpareAlgorithm(3, 0), [seen(2, waiting=6)] * 4)
        self.assertEqual(found, {4: Decision(3)})


class ShrinkingTests(SynchronousTestCase):
    """Fewer workers, when more than one worker's cores are free."""

    def test_table(self) -> None:
        """Every C{overload}-th second with too many idle cores retires one."""
        for name, overload, samples, expected in [
            ("idle", 3, [seen(0, 0)] * 12, {12: Decision(retire=1)}),
            ("eager", 1, [seen(0, 0)] * 8, {4: Decision(retire=1), 8: Decision(retire=1)}),
            ("overload 0", 0, [seen(0, 0)] * 4, {4: Decision(retire=1)}),
            ("one spare", 1, [seen(2, 0)] * 12, {}),
            ("cores count", 1, [seen(1, 1)] * 12, {}),
            ("three free", 1, [seen(1, 0)] * 4, {4: Decision(retire=2)}),
            ("the oldest idle one", 1, [seen(1, 0, 0, 1)] * 4, {4: Decision(retire=2)}),
            ("nobody fully idle", 1, [seen(1, 1, 1, 1)] * 12, {}),
            ("booting ones are no victims", 1, [seen(None, 0, 1)] * 4, {4: Decision(retire=2)}),
            ("the minimum", 1, [seen(0, 0, minimum=2)] * 12, {}),
            ("load resets", 3, [seen(0, 0)] * 8 + [seen(2, 2)] + [seen(0, 0)] * 7, {}),
        ]:
            self.assertEqual(decisions(SpareAlgorithm(overload, 0), samples), expected, name)

    def test_four_to_one(self) -> None:
        """Idle, four workers become one in nine seconds, the oldest first; then nothing happens."""
        algorithm = SpareAlgorithm(3, 0)
        left = [1, 2, 3, 4]
        retired: list[tuple[int, int]] = []
        for sample in range(1, 100):
            workers = tuple(WorkerSample(index, True, 0, float(index)) for index in left)
            decision = algorithm.sampled(Snapshot(workers, 2, 0, 1, 4 - len(left)))
            self.assertEqual(decision.spawn, 0)
            if decision.retire is not None:
                left.remove(decision.retire)
                retired.append((sample, decision.retire))
        self.assertEqual(retired, [(12, 1), (24, 2), (36, 3)])

    def test_ties(self) -> None:
        """Of workers that were spawned at the same moment the lowest index goes."""
        workers = tuple(WorkerSample(index, True, 0, 5.0) for index in (3, 2, 4))
        snapshot = Snapshot(workers, 2, 0, 1, 1)
        found = decisions(SpareAlgorithm(1, 0), [snapshot] * 4)
        self.assertEqual(found, {4: Decision(retire=2)})


class AnySequenceTests(SynchronousTestCase):
    """What holds whatever is seen."""

    @given(
        integers(0, 4),
        integers(0, 5),
        lists(
            tuples(lists(tuples(booleans(), integers(0, 2)), max_size=4), integers(0, 20)),
            max_size=40,
        ),
    )
    def test_never_too_many_never_busy(
        self,
        overload: int,
        step: int,
        sequence: list[tuple[list[tuple[bool, int]], int]],
    ) -> None:
        """
        Never more than there is a place for, never both at once, never below the minimum, and
        only a ready worker without a request is retired.
        """
        algorithm = SpareAlgorithm(overload, step)
        for found, waiting in sequence:
            busy = [cores if ready else None for ready, cores in found]
            snapshot = seen(*busy, waiting=waiting)
            decision = algorithm.sampled(snapshot)
            self.assertLessEqual(decision.spawn, snapshot.free)
            if decision.retire is not None:
                self.assertEqual(decision.spawn, 0)
                self.assertEqual(busy[decision.retire - 1], 0)
                self.assertGreater(len(busy), snapshot.minimum)
