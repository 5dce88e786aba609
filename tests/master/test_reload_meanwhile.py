"""Tests of L{twsgi.master.renewal}: what happens while a reload is under way; chain reloads."""

from __future__ import annotations

from tests.master.reloading import ReloadCase


class MeanwhileTests(ReloadCase):
    """Whatever else happens while a reload is under way."""

    def test_second(self) -> None:
        """What is asked for meanwhile is one more, with the last plan; it begins afterwards."""
        self.begin()
        first = self.reload(threads=3)
        later = [self.reload(threads=4), self.reload(), self.reload(threads=5), self.reload()]
        self.assertEqual(len(self.came()), 2)
        self.ready()
        self.assertTrue(self.successResultOf(first))
        self.assertNoResult(later[0])
        self.assertEqual([one.launch.settings.threads for one in self.came()], [3, 3, 5, 5])
        self.ready(*self.came()[2:])
        for done in later:
            self.assertTrue(self.successResultOf(done))
        self.assertEqual(self.drained(), [101, 102, 104, 105])
        self.assertEqual(len(self.came()), 4)

    def test_second_mends_the_first(self) -> None:
        """One that is given up makes room for the next, which may be a better one."""
        self.begin()
        first, second = self.reload(module="broken"), self.reload(module="mended")
        self.came()[0].protocol.said_unfit("no module named broken")
        self.assertFalse(self.successResultOf(first))
        self.assertEqual([one.launch.settings.module for one in self.came()[2:]], ["mended"] * 2)
        for process in self.came()[:2]:
            process.exit(signal=9)
        self.ready(*self.came()[2:])
        self.assertTrue(self.successResultOf(second))
        self.assertEqual(self.serving(), [106, 107])

    def test_old_one_crashes(self) -> None:
        """It is replaced, by one that goes as it would have; the reload does not mind."""
        self.begin()
        done = self.reload()
        self.before[0].exit(signal=9)
        self.lives.clock.advance(0)
        refilled = self.came()[2]
        refilled.ready()
        self.assertEqual(self.serving(), [106, 102])
        self.ready(*self.came()[:2])
        self.assertTrue(self.successResultOf(done))
        self.assertEqual(self.drained(), [102, 106])
        self.assertEqual(self.serving(), [104, 105])

    def test_old_one_waits_to_be_replaced(self) -> None:
        """One whose place had to stay empty for a while is there with the new generation."""
        self.begin()
        for _ in range(2):
            self.lives.worker(1).exit(signal=9)
            self.lives.clock.advance(0)
        self.assertEqual(self.said("sleep a bit (1 seconds)"), 1)
        came = len(self.came())
        self.reload()
        self.ready(*self.came()[came:])
        self.lives.clock.advance(60)
        self.assertEqual(len(self.came()), came + 2)
        self.assertEqual(len(self.serving()), 2)

    def test_all_old_ones_crash_and_it_is_given_up(self) -> None:
        """Then they are replaced as ever."""
        self.begin()
        self.reload()
        for process in self.before[:2]:
            process.exit(signal=9)
        self.came()[0].exit(signal=9)
        self.lives.clock.advance(0)
        self.ready(*self.came()[2:])
        self.assertEqual(self.serving(), [106, 107])

    def test_stop(self) -> None:
        """Successors are no longer of use: all leave, and nobody is told of a reload."""
        self.begin()
        first, second = self.reload(), self.reload()
        self.came()[0].ready()
        done = self.lives.master.stopService()
        for waiter in (first, second):
            self.assertFalse(self.successResultOf(waiter))
        self.assertEqual(self.killed(), [105])
        self.assertEqual(self.lives.frontend().control.drains, [True])
        self.lives.frontend().exit()
        self.assertEqual(self.drained(), [101, 102, 103, 104])
        for process in (*self.before[:2], *self.came()):
            process.exit()
        self.successResultOf(done)
        self.assertEqual(self.said("given up"), 0)
        self.assertEqual(self.lives.clock.getDelayedCalls(), [])

    def test_stop_while_the_old_finish(self) -> None:
        """Who is still finishing is waited for, and killed with the rest when mercy is over."""
        self.begin()
        self.reload()
        self.ready()
        done = self.lives.master.stopService()
        self.lives.frontend().exit()
        for process in self.came():
            process.exit()
        self.assertNoResult(done)
        self.lives.clock.advance(61)
        self.assertEqual(self.killed(), [101, 102])
        for process in self.before[:2]:
            process.exit(signal=9)
        self.successResultOf(done)
        self.assertEqual(self.said("reload complete"), 0)
        self.assertEqual(self.lives.clock.getDelayedCalls(), [])

    def test_new_ones_crash(self) -> None:
        """A new worker that dies is replaced while the old ones still finish."""
        self.begin()
        self.reload()
        self.ready()
        self.came()[0].exit(signal=9)
        self.lives.clock.advance(0)
        self.lives.worker(1).ready()
        self.assertEqual(self.serving(), [106, 105])

    def test_frontend_crashes(self) -> None:
        """A new frontend has links to who serves, not to who waits; to these when they do."""
        self.begin()
        self.reload()
        self.came()[0].ready()
        self.before[2].exit(signal=9)
        self.lives.clock.advance(0)
        self.lives.frontend().ready()
        self.assertEqual(self.lives.frontend().control.places, [1, 1, 2, 2])
        self.came()[1].ready()
        self.assertEqual(self.lives.frontend().control.places, [1, 1, 2, 2, 3, 3, 4, 4])


class ChainTests(ReloadCase):
    """One after another."""

    def test_order(self) -> None:
        """The next is started when who was before the last one has gone."""
        self.begin()
        told = len(self.lives.log.lines)
        done = self.reload(chain=True)
        self.assertEqual(self.names(), ["worker 1"])
        self.lives.worker(1).ready()
        self.assertEqual(self.drained(), [101])
        self.assertEqual(self.names(), ["worker 1"])
        self.before[0].exit()
        self.assertEqual(self.names(), ["worker 1", "worker 2"])
        self.assertEqual(self.serving(), [104, 102])
        self.lives.worker(2).ready()
        self.assertNoResult(done)
        self.before[1].exit()
        self.assertTrue(self.successResultOf(done))
        self.assertEqual(self.serving(), [104, 105])
        self.assertEqual(
            self.lives.log.lines[told:],
            [
                "chain reload starting...",
                "chain next victim is worker 1",
                "Respawned uWSGI worker 1 (new pid: 104)",
                "worker 1 killed successfully (pid: 101)",
                "chain next victim is worker 2",
                "Respawned uWSGI worker 2 (new pid: 105)",
                "worker 2 killed successfully (pid: 102)",
                "chain reloading complete",
            ],
        )

    def test_given_up(self) -> None:
        """When one fails the rest goes on as it is; those that came before stay."""
        self.begin()
        done = self.reload(chain=True)
        self.lives.worker(1).ready()
        self.before[0].exit()
        self.lives.worker(2).exit(signal=9)
        self.assertFalse(self.successResultOf(done))
        self.assertEqual(self.said("reload given up: worker 2 (pid: 105) ended before"), 1)
        self.lives.clock.advance(60)
        self.assertEqual(self.serving(), [104, 102])
        self.assertEqual((self.drained(), len(self.came())), ([101], 2))

    def test_old_one_crashes(self) -> None:
        """One that dies before its turn is replaced at once, and again in its turn."""
        self.begin()
        done = self.reload(chain=True)
        self.before[1].exit(signal=9)
        self.lives.clock.advance(0)
        self.assertEqual(self.names(), ["worker 1", "worker 2"])
        self.ready()
        self.before[0].exit()
        self.assertEqual(self.names(), ["worker 1", "worker 2", "worker 2"])
        self.lives.worker(2).ready()
        self.came()[1].exit()
        self.assertTrue(self.successResultOf(done))
        self.assertEqual(self.serving(), [104, 106])

    def test_victim_crashes(self) -> None:
        """One that dies while its successor starts is replaced for the time being."""
        self.begin()
        self.reload(chain=True)
        self.before[0].exit(signal=9)
        self.lives.clock.advance(0)
        self.assertEqual(self.names(), ["worker 1", "worker 1"])
        self.came()[0].ready()
        self.assertEqual(self.killed(), [105])
        self.came()[1].exit(signal=9)
        self.assertEqual(self.names()[2:], ["worker 2"])

    def test_stop(self) -> None:
        """The end is the end of it."""
        self.begin()
        done = self.reload(chain=True)
        self.lives.master.stopService()
        self.assertFalse(self.successResultOf(done))
        self.assertEqual(self.killed(), [104])
        self.lives.frontend().exit()
        self.lives.clock.advance(1)
        self.assertEqual(len(self.came()), 1)

    def test_of_two_wishes(self) -> None:
        """Whoever wants all at once gets it, if somebody else would have it one by one."""
        self.begin()
        self.reload()
        self.reload(chain=True)
        self.reload()
        self.ready()
        self.assertEqual(self.names(), ["worker 1", "worker 2"] * 2)
