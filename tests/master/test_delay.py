"""L{twsgi.master.service}: what a stop waits for: shutdown-delay, and who is at the door."""

from __future__ import annotations

import signal
from typing import Any

from twisted.internet.defer import Deferred

from tests.master.fakes import House, loopback, make_plan
from tests.master.test_service import MasterTestCase
from twsgi.control.lastcall import LAST_CALL
from twsgi.settings.model import Settings

LINE = "a stop has begun: serving for 5 more seconds (shutdown-delay)"


class DelayTests(MasterTestCase):
    """What happens meanwhile, and after."""

    def serving(self, ready: bool = True, **settings: Any) -> House:
        """A master whose children are ready."""
        plan = make_plan(listeners=(loopback("http"),), **{"shutdown_delay": 5, **settings})
        house = self.house(plan)
        house.start(ready)
        return house

    def test_all_are_told(self) -> None:
        """All are told at once; for so long nobody is asked to leave, and the sockets listen."""
        house = self.serving()
        held = house.master.listening.bound[0].socket
        done = house.master.stopService()
        self.assertIn(LINE, house.log.lines)
        for process in house.spawner.processes:
            self.assertEqual((process.control.stops_begun, process.control.drains), (1, []))
        house.clock.advance(4.9)
        self.assertNotEqual(held.fileno(), -1)
        self.assertEqual(house.frontend().control.drains, [])
        house.clock.advance(0.2)
        self.assertEqual(held.fileno(), -1)
        self.assertEqual(house.frontend().control.drains, [True])
        for process in (house.frontend(), house.worker(1), house.worker(2)):
            self.assertNoResult(done)
            process.exit()
        self.successResultOf(done)
        self.assertEqual(house.clock.getDelayedCalls(), [])

    def test_normal_service(self) -> None:
        """Who dies meanwhile is replaced; who comes is told when it is ready."""
        house = self.serving()
        house.master.stopService()
        first = house.worker(1)
        first.exit(signal=9)
        house.clock.advance(0)
        self.assertIsNot(house.worker(1), first)
        house.worker(1).ready()
        self.assertEqual(house.worker(1).control.stops_begun, 1)
        self.assertEqual(house.worker(1).control.drains, [])
        house.clock.advance(5.1)
        house.frontend().exit()
        self.assertEqual(house.worker(1).control.drains, [True])

    def test_mercy_begins_after_it(self) -> None:
        """C{worker-reload-mercy} is there in full when the delay is over."""
        house = self.serving(worker_reload_mercy=3)
        house.master.stopService()
        house.clock.advance(5.1)
        house.clock.advance(2.8)
        self.assertEqual(house.frontend().signals, [])
        house.clock.advance(0.3)
        self.assertEqual(house.frontend().signals, [signal.SIGKILL])

    def test_reload_mercy(self) -> None:
        """C{reload-mercy}, where it is given, is what all have together."""
        house = self.serving(shutdown_delay=0, worker_reload_mercy=30, reload_mercy=3)
        house.master.stopService()
        house.clock.advance(2.9)
        self.assertEqual(house.worker(1).signals, [])
        house.clock.advance(0.2)
        for process in house.spawner.processes:
            self.assertEqual(process.signals, [signal.SIGKILL])

    def test_now(self) -> None:
        """A second signal ends it at once."""
        house = self.serving()
        done = house.master.stopService()
        house.clock.advance(1)
        house.master.stop_now()
        for process in house.spawner.processes:
            self.assertEqual(process.signals, [signal.SIGKILL])
            process.exit(signal=9)
        self.successResultOf(done)
        self.assertEqual(house.clock.getDelayedCalls(), [])

    def test_none(self) -> None:
        """Without the option nobody waits, but all are told."""
        self.assertEqual(Settings().shutdown_delay, 0)
        house = self.serving(shutdown_delay=0)
        house.master.stopService()
        self.assertEqual(house.frontend().control.drains, [True])
        self.assertEqual(house.worker(1).control.stops_begun, 1)

    def test_nothing_to_wait_for(self) -> None:
        """Where no worker was ever ready nobody counts on this service: it ends."""
        house = self.serving(ready=False)
        house.master.stopService()
        self.assertEqual(house.frontend().signals, [signal.SIGKILL])
        self.assertFalse(house.log.said("shutdown-delay"))


class LastCallTests(MasterTestCase):
    """Before the sockets are closed who is at the door comes in."""

    def stopping(self, **settings: Any) -> tuple[House, Deferred[None]]:
        """A master that is asked to stop, and what fires when it has."""
        house = self.house(make_plan(listeners=(loopback("http"),), **settings))
        house.last_call = True
        house.start()
        return house, house.master.stopService()

    def test_moment(self) -> None:
        """There is a moment in which all go on, and nobody new comes in; then all leave."""
        house, done = self.stopping()
        self.assertEqual(house.frontend().control.stops_begun, 1)
        house.clock.advance(LAST_CALL - 0.01)
        self.assertNotEqual(house.master.listening.bound, ())
        self.assertEqual(house.frontend().control.drains, [])
        house.clock.advance(0.02)
        self.assertEqual(house.master.listening.bound, ())
        self.assertEqual(house.frontend().control.drains, [True])
        for process in (house.frontend(), house.worker(1), house.worker(2)):
            process.exit()
        self.successResultOf(done)

    def test_after_the_delay(self) -> None:
        """It is at the end of C{shutdown-delay}: until then everybody may come."""
        house, _ = self.stopping(shutdown_delay=5)
        house.last_call = False
        house.clock.advance(4.9)
        house.last_call = True
        house.clock.advance(0.1)
        self.assertEqual(house.frontend().control.drains, [])
        house.clock.advance(LAST_CALL)
        self.assertEqual(house.frontend().control.drains, [True])

    def test_now(self) -> None:
        """A second signal ends it at once."""
        house, done = self.stopping()
        house.master.stop_now()
        for process in house.spawner.processes:
            self.assertEqual(process.signals, [signal.SIGKILL])
            process.exit(signal=9)
        self.successResultOf(done)
        self.assertEqual(house.clock.getDelayedCalls(), [])

    def test_before_ready(self) -> None:
        """A worker that accepts may serve before it is heard that it is ready: also then."""
        house = self.house(make_plan(listeners=(loopback("http-socket"),), frontends=0))
        house.last_call = True
        house.start(ready=False)
        house.master.stopService()
        self.assertEqual(house.worker().signals, [])
        house.worker().ready()
        house.clock.advance(LAST_CALL)
        self.assertEqual((house.worker().signals, house.worker().control.drains), ([], [True]))

    def test_given_up(self) -> None:
        """Where the application cannot be loaded there is nobody to come in to."""
        house = self.house(make_plan(listeners=(loopback("http"),)))
        house.last_call = True
        house.start(ready=False)
        house.worker().protocol.said_unfit("no application")
        house.master.stopService()
        self.assertEqual(house.frontend().signals, [signal.SIGKILL])
