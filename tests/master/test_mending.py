"""Tests of L{twsgi.master.mending}, within a whole master."""

from __future__ import annotations

import errno
import os

from tests.descriptors import open_descriptors
from tests.master.fakes import House, make_plan
from tests.master.test_service import MasterTestCase
from twsgi.master import mending
from twsgi.master.mending import DELAY

LINE = "a link between worker 1 and uWSGI http 1 was lost: replaced"


class MendingTests(MasterTestCase):
    """A frontend has lost a link."""

    def setUp(self) -> None:
        self.lives = self.house()
        self.lives.start()

    def lose(self, house: House | None = None, worker: int = 1) -> None:
        """The first frontend says so."""
        (house or self.lives).frontend().protocol.said_link_lost(worker)

    def new_links(self) -> tuple[list[int], list[int]]:
        """The peers of what was handed over since the start: to worker 1, to the frontend."""
        worker, frontend = self.lives.worker(1), self.lives.frontend()
        return worker.control.peers()[2:], frontend.control.peers()[4:]

    def test_replaced(self) -> None:
        """Where both live on they get one new link, a moment later; the log says so, once."""
        self.lose()
        self.lives.clock.advance(DELAY - 0.01)
        self.assertEqual(self.new_links(), ([], []))
        self.lives.clock.advance(0.02)
        self.assertEqual(self.new_links(), ([1], [1]))
        self.lives.clock.advance(10)
        self.assertEqual(self.new_links(), ([1], [1]))
        self.assertEqual(self.lives.log.lines.count(LINE), 1)

    def test_only_these_two(self) -> None:
        """Other workers and other frontends get nothing."""
        self.lives = self.house(make_plan(workers=2, frontends=2))
        self.lives.start()
        before = [len(one.control.links) for one in self.lives.spawner.processes]
        self.lives.frontend(2).protocol.said_link_lost(1)
        self.lives.clock.advance(DELAY)
        after = [len(one.control.links) for one in self.lives.spawner.processes]
        self.assertEqual([new - old for old, new in zip(before, after, strict=True)], [1, 0, 0, 1])
        self.assertEqual(self.lives.worker(1).control.peers()[-1], 2)

    def test_each(self) -> None:
        """Each lost link is replaced."""
        self.lose()
        self.lose()
        self.lives.clock.advance(DELAY)
        self.assertEqual(self.new_links(), ([1, 1], [1, 1]))

    def test_worker_died(self) -> None:
        """The links that a death has ended are its successor's: it gets as many as ever."""
        self.lose()
        self.lives.worker(1).exit(signal=9)
        self.lives.clock.advance(0)
        successor = self.lives.worker(1)
        self.assertEqual(successor.pid, 104)
        successor.ready()
        self.lives.clock.advance(DELAY)
        self.assertEqual(successor.control.peers(), [1, 1])
        self.assertEqual(self.lives.frontend().control.peers(), [1, 1, 2, 2, 1, 1])
        self.assertFalse(self.lives.log.said("replaced"))

    def test_worker_boots(self) -> None:
        """Nor does one that is not ready yet get any before: it was its predecessor's link."""
        self.lives.worker(1).exit(signal=9)
        self.lives.clock.advance(0)
        self.lose()
        self.lives.worker(1).ready()
        self.lives.clock.advance(DELAY)
        self.assertEqual(self.lives.worker(1).control.peers(), [1, 1])

    def test_frontend_died(self) -> None:
        """A frontend's successor gets its own links, and no more."""
        self.lose()
        self.lives.frontend().exit(signal=9)
        self.lives.clock.advance(0)
        self.lives.frontend().ready()
        self.lives.clock.advance(DELAY)
        self.assertEqual(self.lives.frontend().control.peers(), [1, 1, 2, 2])
        self.assertEqual(self.lives.worker(1).control.peers(), [1, 1, 1, 1])

    def test_deaf_worker(self) -> None:
        """A worker whose control stream is at its end too is as good as dead."""
        self.lose()
        self.lives.worker(1).protocol.control_lost()
        self.lives.clock.advance(DELAY)
        self.assertEqual(self.new_links(), ([], []))

    def test_stopping(self) -> None:
        """While all leave nothing is replaced: not what was lost before, nor what is after."""
        self.lose()
        self.lives.master.stopService()
        self.lose()
        self.lives.clock.advance(DELAY)
        self.assertEqual(self.new_links(), ([], []))
        self.assertFalse(self.lives.log.said("replaced"))

    def test_leaves_no_timer(self) -> None:
        """Nothing is left on the clock when all have gone."""
        self.lose()
        self.lives.tear_down()
        self.assertEqual(self.lives.clock.getDelayedCalls(), [])

    def test_nobody(self) -> None:
        """A place that there is not, or that is empty, is nobody's."""
        before = self.lives.clock.getDelayedCalls()
        for index in (-1, 0, 3):
            self.lose(worker=index)
        self.assertEqual(self.lives.clock.getDelayedCalls(), before)

    def test_no_descriptors(self) -> None:
        """Without a descriptor for it the link is tried again, until there is one."""
        real, refusals = mending.link, [OSError(errno.EMFILE, os.strerror(errno.EMFILE))]

        def link(*arguments: object) -> object:
            if refusals:
                raise refusals.pop()
            return real(*arguments)  # type: ignore[arg-type]

        self.patch(mending, "link", link)
        before = len(open_descriptors())
        self.lose()
        self.lives.clock.advance(DELAY)
        self.assertEqual(len(open_descriptors()), before)
        self.assertEqual(
            self.lives.log.lines[-1],
            "unable to link worker 1 and uWSGI http 1: Too many open files",
        )
        self.lives.clock.advance(DELAY)
        self.assertEqual(self.new_links(), ([1], [1]))
        self.assertEqual(self.lives.log.lines[-1], LINE)
