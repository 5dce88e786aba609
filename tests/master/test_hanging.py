"""Tests of L{twsgi.master.hanging}: what becomes of a worker in which a request does not end."""

from __future__ import annotations

import signal

from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure

from tests.master.stuck import LIMIT, LOOK, HarakiriCase
from twsgi.master.child import STACKS
from twsgi.master.hanging import ANSWER
from twsgi.master.words import Leave
from twsgi.settings.model import Settings


class SentenceTests(HarakiriCase):
    """A worker that answers, and in which something hangs."""

    def sentence(self, hear: bool = True) -> None:
        """Core 0 hangs."""
        self.begin(0, LIMIT)
        self.looks()
        self.answer()
        if hear:
            self.hear()

    def test_done(self) -> None:
        """Frontends answer for it, it gets no more, and another is started at once."""
        self.sentence()
        told = (self.worker.launch.place, LIMIT, [self.arrived(0)])
        self.assertEqual(self.frontend.control.condemned, [told])
        self.assertEqual(self.worker.control.drains, [False])
        self.assertEqual(self.house.spawner.names(), ["worker 1", "http 1", "worker 1"])
        self.assertEqual(self.signals, [])

    def test_siblings(self) -> None:
        """It is killed when its siblings are done, and not before."""
        self.begin(1, 3)
        self.sentence()
        self.left(2)
        self.looks(20)
        self.assertEqual(self.signals, [])
        self.finish(1)
        self.left(1)
        self.looks()
        self.assertEqual(self.signals, [signal.SIGKILL])

    def test_half_a_request(self) -> None:
        """What is on its way to a core is a sibling, too: a link or connection more."""
        self.sentence()
        self.left(2)
        self.looks(5)
        self.assertEqual(self.signals, [])
        self.left(1)
        self.looks()
        self.assertEqual(self.signals, [signal.SIGKILL])

    def test_has_not_heard(self) -> None:
        """A worker that has not begun to drain may have been sent something."""
        self.sentence()
        self.looks(5)
        self.assertEqual(self.signals, [])

    def test_grace(self) -> None:
        """Siblings that take too long have as many seconds as C{harakiri}, and no more."""
        self.begin(1, 0)
        self.sentence()
        self.left(2)
        self.looks(int(LIMIT / LOOK) - 1)
        self.assertEqual(self.signals, [])
        self.looks()
        self.assertEqual(self.signals, [signal.SIGKILL])

    def test_no_more_grace(self) -> None:
        """One that hangs, too, gives the others no more time than they had."""
        self.begin(1, LIMIT - 2)
        self.begin(2, 0)
        self.sentence()
        self.left(3)
        self.looks(8)
        self.answer()
        self.hear()
        self.looks(int(LIMIT / LOOK) - 9)
        self.assertEqual(self.signals, [])
        self.looks()
        self.assertEqual(self.signals, [signal.SIGKILL])

    def test_graceful_timeout(self) -> None:
        """Or what C{harakiri-graceful-timeout} says."""
        self.harakiri.follow(Settings(harakiri=LIMIT, harakiri_graceful_timeout=3))
        self.begin(1, 1)
        self.sentence()
        self.looks(11)
        self.assertEqual(self.signals, [])
        self.looks()
        self.assertEqual(self.signals, [signal.SIGKILL])

    def test_next_to_hang(self) -> None:
        """A sibling that hangs, too, is another record, and the frontends are told again."""
        self.begin(1, LIMIT - 2)
        self.sentence()
        self.left(2)
        self.looks(8)
        self.assertEqual(len(self.worker.control.asked), 2)
        self.answer("uWSGI core 1: in hanging, too")
        self.assertIn("try: 2, graceful: yes", self.log.records[1])
        self.assertIn("triggered by worker 1 core 1 !!!", self.log.records[1])
        arrived = [self.arrived(0), self.arrived(1)]
        self.assertEqual(
            [told[2] for told in self.frontend.control.condemned], [arrived[:1], arrived[1:]]
        )
        # Not before the frontends have answered for that one as well.
        self.looks()
        self.assertEqual(self.signals, [])
        self.hear()
        self.assertEqual(self.signals, [signal.SIGKILL])
        self.assertEqual(len(self.house.spawner.processes), 3)

    def test_not_before_they_have_heard(self) -> None:
        """A request whose link is lost is sent again: so nobody is killed before its answer."""
        self.sentence(hear=False)
        self.left(1)
        self.wait(ANSWER / 2)
        self.harakiri.look()
        self.assertEqual(self.signals, [])
        self.hear()
        self.assertEqual(self.signals, [signal.SIGKILL])

    def test_frontend_that_does_not_hear(self) -> None:
        """But nobody waits for a frontend for ever, nor for one that is gone."""
        self.sentence(hear=False)
        self.left(1)
        self.wait(ANSWER)
        self.assertEqual(self.signals, [signal.SIGKILL])

    def test_frontend_that_is_gone(self) -> None:
        """A frontend that is gone has nothing to hear."""
        self.sentence(hear=False)
        self.left(1)
        self.frontend.control.heard[-1].errback(Failure(ConnectionDone()))
        self.assertEqual(self.signals, [signal.SIGKILL])

    def test_ends_after_all(self) -> None:
        """Where it ends after all, the worker leaves by itself, with all that it had."""
        self.sentence()
        self.left(1)
        self.finish(0)
        self.looks(2)
        self.left(0)
        self.looks(2)
        self.assertEqual(self.signals, [])
        self.worker.exit()
        self.assertTrue(self.house.log.said("worker 1 killed successfully (pid: 101)"))
        self.looks()
        self.harakiri.follow(Settings())
        self.assertFalse(self.harakiri.wanted)

    def test_death(self) -> None:
        """Its death is told in uWSGI's words, and nobody comes after it: another serves already."""
        self.sentence()
        self.left(1)
        self.looks()
        self.worker.exit(signal=signal.SIGKILL)
        self.assertTrue(
            self.house.log.said(
                "DAMN ! worker 1 (pid: 101) died, killed by signal 9 :( trying respawn ..."
            )
        )
        self.looks(200)
        self.assertEqual(len(self.house.spawner.processes), 3)

    def test_leaves_already(self) -> None:
        """One that leaves already is not replaced for that; it is killed as any other."""
        self.worker.protocol.leave(Leave.RELOAD)
        self.sentence()
        self.left(1)
        self.looks()
        self.assertEqual(len(self.house.spawner.processes), 2)
        self.assertEqual(self.signals, [signal.SIGKILL])


class HeldTests(HarakiriCase):
    """A worker that does not answer: something holds its interpreter's lock."""

    DUMP = (
        "Thread 0x00000000000000a1 (most recent call first):\n  File a.py in sibling\n\n"
        "Thread 0x00000000000000a0 (most recent call first):\n  File a.py in holds\n\n"
        "Current thread 0x00000000000000ff (most recent call first):\n  File a.py in main\n"
    )

    def held(self) -> None:
        """Core 0 holds it; core 1 wants it."""
        self.begin(0, LIMIT)
        self.begin(1, 3)
        self.write("what it wrote before")
        self.looks()
        self.wait(ANSWER)

    def test_stacks(self) -> None:
        """A signal has it write its stacks; of them the log tells that of the request."""
        self.held()
        self.assertEqual((self.signals, self.log.records), ([signal.SIGUSR2], []))
        self.write(self.DUMP)
        self.wait(STACKS)
        (record,) = self.log.records
        self.assertIn("try: 1, graceful: no", record)
        self.assertIn("HARAKIRI worker 1 does not answer: ", record)
        self.assertIn("  File a.py in holds", record)
        for words in ("in sibling", "in main", "what it wrote before"):
            self.assertNotIn(words, record)

    def test_verbose(self) -> None:
        """Or all of them, with C{harakiri-verbose}."""
        self.harakiri.follow(Settings(harakiri=LIMIT, harakiri_verbose=True))
        self.held()
        self.write(self.DUMP)
        self.wait(STACKS)
        for words in ("in sibling", "in main", "in holds"):
            self.assertIn(words, self.log.records[0])

    def test_killed_at_once(self) -> None:
        """Nothing in it goes on: it is killed as soon as the frontends have heard."""
        self.held()
        self.wait(STACKS)
        self.assertEqual(self.signals, [signal.SIGUSR2])
        self.hear()
        self.assertEqual(self.signals, [signal.SIGUSR2, signal.SIGKILL])
        self.assertEqual(self.house.spawner.names(), ["worker 1", "http 1", "worker 1"])

    def test_no_stack(self) -> None:
        """One that is stopped writes nothing, which the log tells."""
        self.held()
        self.wait(STACKS)
        self.assertIn("HARAKIRI no stack: the process does nothing any more", self.log.records[0])

    def test_answers_late(self) -> None:
        """One that answers after all is not held: its siblings have their time."""
        self.held()
        self.answer("uWSGI core 0: in slow")
        self.wait(STACKS)
        (record,) = self.log.records
        self.assertIn("graceful: yes", record)
        self.assertIn("in slow", record)
        self.hear()
        self.looks()
        self.assertEqual(self.signals, [signal.SIGUSR2])

    def test_deaf(self) -> None:
        """One that has closed its control stream is not waited for."""
        self.begin(0, LIMIT)
        self.worker.protocol.control_lost()
        self.looks()
        self.worker.control.descriptions[-1].errback(Failure(ConnectionDone()))
        self.assertEqual(self.signals, [signal.SIGUSR2])

    def test_last_words(self) -> None:
        """What was told is not told again with its death."""
        self.held()
        self.write(self.DUMP)
        self.wait(STACKS)
        self.hear()
        self.worker.exit(signal=signal.SIGKILL)
        self.assertFalse(self.house.log.said("last words"))
