"""Tests of L{twsgi.master.busyness}: workers that work so much of their time, and what is done."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.master.seeing import Shown, counts
from twsgi.master.busyness import Busyness, BusynessAlgorithm


def shown(workers: int = 1, minimum: int = 1, **options: Any) -> Shown:
    """So many workers of four at most; C{cheaper-step} is 1."""
    algorithm = BusynessAlgorithm(Busyness(**{"step": 1, "verbose": True, **options}))
    busy = dict.fromkeys(range(1, workers + 1), 0.0)
    return Shown(algorithm, minimum=minimum, busy=busy)


class WordsTests(SynchronousTestCase):
    """What the log says."""

    def test_introduction(self) -> None:
        """The settings are told when it begins, in uWSGI's words."""
        self.assertEqual(
            BusynessAlgorithm(Busyness()).introduction,
            (
                "[busyness] settings: min=25%, max=50%, overload=3, multiplier=10,"
                " respawn penalty=2",
                "[busyness] backlog alert is set to 33 request(s), step is 1",
                "[busyness] backlog non-zero alert is set to 60 second(s)",
            ),
        )

    def test_silent(self) -> None:
        """Without C{cheaper-busyness-verbose} decisions are not told."""
        world = shown(verbose=False)
        world.waiting = 99
        world.run(60, 1.0)
        world.waiting = 0
        world.run(60, 0.0)
        self.assertEqual(world.said, [])


class GrowingTests(SynchronousTestCase):
    """More workers, when much of their time goes into requests."""

    def test_table(self) -> None:
        """Each row: options, how much of their time, and when there are how many workers."""
        every_3 = [(3.0, 2), (6.0, 3), (9.0, 4)]
        for options, part, expected in [
            ({}, 1.0, every_3),
            ({}, 0.6, every_3),
            ({}, 0.5, []),
            ({}, 0.3, []),
            ({"most": 70}, 0.6, []),
            ({"most": 70}, 0.8, every_3),
            ({"most": 100}, 1.0, []),
            ({"window": 1}, 1.0, [(1.0, 2), (2.0, 3), (3.0, 4)]),
            ({"window": 0}, 1.0, [(1.0, 2), (2.0, 3), (3.0, 4)]),
            ({"window": 10}, 1.0, [(10.0, 2), (20.0, 3)]),
            ({"step": 2}, 1.0, [(3.0, 3), (6.0, 4)]),
            ({"step": 9}, 1.0, [(3.0, 4)]),
        ]:
            self.assertEqual(shown(**options).run(29, part), expected, (options, part))

    def test_step_unset(self) -> None:
        """Without C{cheaper-step} as many are added as the waiting requests need."""
        for waiting, expected in ((0, 2), (3, 3), (30, 4)):
            world = shown(step=0)
            world.waiting = waiting
            self.assertEqual(world.run(3, 1.0), [(3.0, expected)], waiting)

    def test_cores_count(self) -> None:
        """A worker of two threads with one slow request is half busy."""
        world = shown(most=50)
        world.busy[1] = 1.0
        self.assertEqual(world.run(30), [])

    def test_all_workers_count(self) -> None:
        """The mean of all decides: one busy worker of three is a third."""
        world = shown(workers=3, most=40)
        world.busy[2] = 2.0
        self.assertEqual(world.run(20), [])
        world.busy[1] = 2.0
        self.assertEqual(counts(world.run(5)), [4])

    def test_words(self) -> None:
        """Each decision is told, and that there is nothing left to decide."""
        world = shown()
        world.run(12, 1.0)
        self.assertEqual(
            world.said,
            [
                (3, "[busyness] 3s average busyness is at 100%, will spawn 1 new worker(s)"),
                (6, "[busyness] 3s average busyness is at 100%, will spawn 1 new worker(s)"),
                (9, "[busyness] 3s average busyness is at 100%, will spawn 1 new worker(s)"),
                (
                    12,
                    "[busyness] 3s average busyness is at 100% but we already started maximum"
                    " number of workers available with current limits (4)",
                ),
            ],
        )


class ShrinkingTests(SynchronousTestCase):
    """Fewer workers, when little of their time does, and has for long."""

    def test_table(self) -> None:
        """Each row: options, how much of their time, when there are how many workers."""
        for options, part, expected in [
            ({}, 0.0, [(33.0, 3), (63.0, 2), (93.0, 1)]),
            ({"multiplier": 2}, 0.0, [(9.0, 3), (15.0, 2), (21.0, 1)]),
            ({"multiplier": 2, "window": 1}, 0.0, [(3.0, 3), (5.0, 2), (7.0, 1)]),
            ({"multiplier": 0, "window": 1}, 0.0, [(1.0, 3), (2.0, 2), (3.0, 1)]),
            ({"multiplier": 2, "minimum": 3}, 0.0, [(9.0, 3)]),
            ({"multiplier": 2}, 0.3, []),
            # Nobody is ever without a request.
            ({"multiplier": 2, "least": 30}, 0.2, []),
        ]:
            world = shown(workers=4, **options)
            self.assertEqual(world.run(100, part), expected, (options, part))

    def test_never_a_busy_one(self) -> None:
        """A worker with a request stays, the oldest of the others goes."""
        world = shown(workers=4, multiplier=1, window=1)
        world.busy[1] = 0.5
        world.run(20)
        self.assertEqual(list(world.busy), [1])

    def test_neither_much_nor_little(self) -> None:
        """Two such windows put it off by a window each, more of them begin anew."""
        for windows, expected in ((0, 15.0), (1, 18.0), (2, 21.0), (3, 21.0), (6, 30.0)):
            world = shown(workers=4, multiplier=4)
            changes = world.run(3 * windows, 0.4) + world.run(60, 0.0)
            self.assertEqual((windows, changes[0]), (windows, (expected, 3)))

    def test_penalty(self) -> None:
        """Who has to come back soon after one has left makes the next wait longer, for a while."""
        for penalty, expected in ((0, 66.0), (2, 72.0), (5, 81.0)):
            world = shown(workers=4, penalty=penalty, minimum=3)
            self.assertEqual(world.run(33, 0.0), [(33.0, 3)])
            self.assertEqual(world.run(3, 1.0), [(36.0, 4)])
            self.assertEqual((penalty, world.run(60, 0.0)), (penalty, [(expected, 3)]))
        # After 96 seconds, and so long after the last one left, the multiplier is 14.
        self.assertEqual(world.run(3, 1.0), [(99.0, 4)])

    def test_penalty_shrinks(self) -> None:
        """Who comes back late makes the next wait less again, but not less than at first."""
        world = shown(workers=4, minimum=3)
        world.run(33, 0.0)
        world.run(3, 1.0)
        self.assertEqual(world.run(96, 0.0), [(72.0, 3)])
        self.assertEqual(world.run(3, 1.0), [(135.0, 4)])
        self.assertEqual(world.run(105, 0.0), [(168.0, 3)])
        self.assertEqual(world.run(3, 1.0), [(243.0, 4)])
        self.assertEqual(world.run(97, 0.0), [(273.0, 3)])
        self.assertEqual(world.run(5, 1.0), [(342.0, 4)])
        self.assertEqual(world.run(60, 0.0), [(372.0, 3)])

    def test_emergency_workers_leave_sooner(self) -> None:
        """While there are emergency workers C{backlog_multiplier} counts."""
        for multiplier, expected in ((3, [12.0, 21.0, 30.0]), (1, [6.0, 9.0, 12.0])):
            world = shown(backlog_multiplier=multiplier)
            world.waiting = 34
            self.assertEqual(counts(world.run(3, 0.0)), [2, 3, 4])
            world.waiting = 0
            changes = world.run(60, 0.0)
            self.assertEqual([seconds for seconds, _ in changes][:3], expected)


class EmergencyTests(SynchronousTestCase):
    """More workers without delay, when too many wait."""

    def test_alert(self) -> None:
        """Each row: how many wait, options; when there are how many workers."""
        for waiting, options, expected in [
            (33, {}, []),
            (34, {}, [(1.0, 2), (2.0, 3), (3.0, 4)]),
            (34, {"backlog_alert": 34}, []),
            (1, {"backlog_alert": 0}, [(1.0, 2), (2.0, 3), (3.0, 4)]),
            (34, {"backlog_step": 2}, [(1.0, 3), (2.0, 4)]),
            (34, {"backlog_step": 0}, []),
        ]:
            world = shown(**options)
            world.waiting = waiting
            self.assertEqual(world.run(20, 0.3), expected, (waiting, options))

    def test_nonzero(self) -> None:
        """Any that wait for too long are enough; a moment without one begins anew."""
        for seconds in (60, 5):
            world = shown(backlog_nonzero=seconds)
            world.waiting = 1
            self.assertEqual(world.run(seconds - 1, 0.3), [])
            world.waiting = 0
            world.run(1, 0.3)
            world.waiting = 1
            self.assertEqual(world.run(seconds, 0.3), [(2.0 * seconds, 2)])
            self.assertIn(
                f"[busyness] backlog was non-zero for {seconds} second(s), spawning new worker(s)",
                [line for _, line in world.said],
            )

    def test_words(self) -> None:
        """Each is told, and how many there are."""
        world = shown(backlog_alert=3, backlog_step=2)
        world.waiting = 4
        world.run(2, 0.3)
        self.assertEqual(
            world.said,
            [
                (1, "[busyness] 4 requests in listen queue, spawning 2 emergency worker(s) (2)!"),
                (2, "[busyness] 4 requests in listen queue, spawning 1 emergency worker(s) (3)!"),
            ],
        )
