"""Tests of L{twsgi.master.fifo} and L{twsgi.master.orders}: what is written to a named pipe."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.master.fakes import FakeLog, House, make_plan
from twsgi.control.scoreboard import CORE_EXCEPTIONS, CORE_REQUESTS
from twsgi.errors import ConfigurationError
from twsgi.master.fifo import Fifo
from twsgi.master.orders import NOT_THERE


def write(path: Path, text: str) -> None:
    """As C{echo -n text > path} does; somebody must listen."""
    descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


class FifoTests(SynchronousTestCase):
    """A named pipe."""

    def setUp(self) -> None:
        self.directory = Path(self.mktemp())
        self.directory.mkdir()
        self.paths = [self.directory / name for name in ("zero", "one")]
        self.log = FakeLog()
        self.heard: list[str] = []
        self.heed: Callable[[str], None] = self.heard.append
        self.fifo = Fifo(list(map(str, self.paths)), self.log, lambda one: self.heed(one))
        self.addCleanup(self.fifo.stop, True)

    def test_heard(self) -> None:
        """Each character is heard, in order, whoever writes and goes."""
        self.fifo.start()
        self.fifo.look()
        write(self.paths[0], "r+")
        write(self.paths[0], "+\n")
        self.fifo.look()
        self.assertEqual(self.heard, ["r", "+", "+", "\n"])
        self.fifo.look()
        write(self.paths[0], "q" * 10_000)
        self.fifo.look()
        self.assertEqual(len(self.heard), 10_004)

    def test_rights(self) -> None:
        """Only its owner may write to it, whatever the umask is."""
        for mask in (0o000, 0o077, 0o022):
            before = os.umask(mask)
            self.addCleanup(os.umask, before)
            self.fifo.start()
            os.umask(before)
            found = os.stat(self.paths[0])
            self.assertTrue(stat.S_ISFIFO(found.st_mode))
            self.assertEqual(stat.S_IMODE(found.st_mode), 0o600)
        self.assertFalse(self.paths[1].exists())

    def test_made_anew(self) -> None:
        """One that is there is replaced: who listens there hears no more."""
        self.fifo.start()
        later: list[str] = []
        other = Fifo([str(self.paths[0])], self.log, later.append)
        other.start()
        write(self.paths[0], "q")
        self.fifo.look()
        other.look()
        self.assertEqual((self.heard, later), ([], ["q"]))
        # And does not take it away from who has it now.
        self.fifo.stop(True)
        self.assertTrue(self.paths[0].exists())
        other.stop(True)
        self.assertFalse(self.paths[0].exists())

    def test_kept(self) -> None:
        """Without C{vacuum} it stays."""
        self.fifo.start()
        self.fifo.stop(False)
        self.assertTrue(self.paths[0].exists())
        self.assertFalse(self.fifo.wanted)

    def test_cannot_be_made(self) -> None:
        """A file that is no pipe is not replaced; a directory that is not there is told."""
        self.paths[0].write_text("precious")
        error = self.assertRaises(ConfigurationError, self.fifo.start)
        self.assertEqual(
            str(error),
            f"master-fifo = {self.paths[0]}: a file that is no named pipe is there: remove it, or"
            " choose another",
        )
        self.assertEqual(self.paths[0].read_text(), "precious")
        lost = Fifo([str(self.directory / "no" / "fifo")], self.log, self.heard.append)
        error = self.assertRaises(ConfigurationError, lost.start)
        self.assertIn("No such file or directory", str(error))

    def test_none(self) -> None:
        """Without a path there is nothing to look at."""
        fifo = Fifo([], self.log, self.heard.append)
        fifo.start()
        self.assertFalse(fifo.wanted)
        fifo.stop(True)

    def test_choose(self) -> None:
        """Another one is listened to; both are gone at the end."""
        self.fifo.start()
        self.fifo.choose(1)
        self.assertEqual(self.log.lines, [f"active master fifo is now {self.paths[1]}"])
        write(self.paths[1], "r")
        self.fifo.look()
        self.assertEqual(self.heard, ["r"])
        self.assertRaises(OSError, write, self.paths[0], "r")
        self.fifo.stop(True)
        self.assertEqual(list(self.directory.iterdir()), [])

    def test_choose_in_the_middle(self) -> None:
        """What was written behind a digit is heard too."""

        def heed(character: str) -> None:
            self.heard.append(character)
            if character == "1":
                self.fifo.choose(1)

        self.heed = heed
        self.fifo.start()
        write(self.paths[0], "1r")
        self.fifo.look()
        self.assertEqual(self.heard, ["1", "r"])

    def test_choose_none(self) -> None:
        """One that was not given, or cannot be made, is a line, and nothing changes."""
        self.fifo.start()
        self.fifo.choose(5)
        self.paths[1].write_text("")
        self.fifo.choose(1)
        self.assertEqual(self.log.lines[0], "there is no master-fifo 5")
        self.assertIn("no named pipe", self.log.lines[1])
        write(self.paths[0], "r")
        self.fifo.look()
        self.assertEqual(self.heard, ["r"])


class OrdersTests(SynchronousTestCase):
    """Each character has its own consequence."""

    def setUp(self) -> None:
        self.path = Path(self.mktemp()).absolute()

    def house(self, minimum: int | None = None) -> House:
        plan = make_plan(workers=3, minimum=minimum, frontends=0)
        plan = replace(plan, master_fifo=(str(self.path),))
        house = House(plan)
        self.addCleanup(house.tear_down)
        house.start()
        return house

    def order(self, house: House, text: str, samples: int = 1) -> list[str]:
        """Writes C{text}.  @return: what the log says until some quarters of a second later."""
        before = len(house.log.lines)
        write(self.path, text)
        house.samples(samples)
        return house.log.lines[before:]

    def test_more_and_less(self) -> None:
        """C{+} starts a worker, C{-} lets one go, within C{processes} and C{cheaper}."""
        house = self.house(minimum=1)
        self.order(house, "+", 2)
        self.assertEqual(house.spawner.names(), ["worker 1", "worker 2"])
        house.worker(2).ready()
        self.order(house, "-")
        self.assertEqual(house.worker(1).control.drains, [False])
        house.worker(1).exit()
        self.assertEqual(self.order(house, "-", 2), ["no fewer than 1 worker(s) (cheaper)"])
        self.assertEqual(len(house.spawner.processes), 2)

    def test_without_cheaper(self) -> None:
        """Without C{cheaper} the number of workers is what it is."""
        said = ["the number of workers does not change without cheaper"]
        self.assertEqual(self.order(self.house(), "+"), said)

    def test_reloads(self) -> None:
        """C{r}, C{R}, C{w} and C{W} reload, C{c} one after another."""
        begins = "reloading: 3 workers are started, and take over when all of them are ready"
        for character, expected in [
            ("r", begins), ("R", begins), ("w", begins), ("W", begins),
            ("c", "chain reload starting..."),
        ]:  # fmt: skip
            house = self.house()
            read: list[str] = []

            def read_plan(house: House = house, read: list[str] = read) -> object:
                read.append("read")
                return house.master.plan

            house.master.read_plan = read_plan  # type: ignore[assignment]
            self.assertEqual(self.order(house, character)[0], expected)
            self.assertEqual(read, ["read"] if character in "rR" else [], character)

    def test_not_while_a_reload_is_under_way(self) -> None:
        """Then the number of workers is the reload's affair."""
        house = self.house(minimum=1)
        self.order(house, "r")
        said = "not now: a reload, or a stop, is under way"
        for character in "+-C":
            self.assertEqual(self.order(house, character), [said])

    def test_cheap(self) -> None:
        """C{C} lets all workers go, in uWSGI's words."""
        house = self.house()
        self.assertEqual(
            self.order(house, "C"),
            [
                "going cheap...",
                *(f"killing worker {index} (pid: {100 + index})" for index in (1, 2, 3)),
                "cheap mode enabled: waiting for socket connection...",
            ],
        )
        self.assertEqual(self.order(house, "C"), [])

    def test_stop(self) -> None:
        """C{q} stops as SIGTERM does, C{Q} as the second one; what comes after is heard too."""
        house = self.house()
        self.order(house, "q")
        self.assertEqual(house.worker(1).control.drains, [True])
        self.assertEqual(house.worker(1).signals, [])
        self.order(house, "Q")
        self.assertEqual(house.worker(1).signals, [9])

    def test_owner(self) -> None:
        """Whose process it is is asked to stop, and to write its pidfiles."""
        asked: list[object] = []

        class Owner:
            def finish(self, at_once: bool) -> None:
                asked.append(at_once)

            def write_pidfiles(self) -> None:
                asked.append("pidfiles")

        house = self.house()
        house.master.owner = Owner()  # type: ignore[assignment]
        self.order(house, "PqQ")
        self.assertEqual(asked, ["pidfiles", False, True])

    def test_counters(self) -> None:
        """C{s} says what the workers have done."""
        house = self.house()
        assert house.master.scoreboard is not None
        for worker, requests in ((1, 5), (3, 2)):
            core = house.master.scoreboard.core(house.worker(worker).launch.place, 1)
            core[CORE_REQUESTS] = requests
            core[CORE_EXCEPTIONS] = 1
        self.assertEqual(
            self.order(house, "s"),
            [
                "\tworkers total requests: 7",
                "-----------------",
                "\tworker 1 app 0 [] requests: 5 exceptions: 1",
                "\tworker 2 app 0 [] requests: 0 exceptions: 0",
                "\tworker 3 app 0 [] requests: 2 exceptions: 1",
                "-----------------",
            ],
        )

    def test_not_there(self) -> None:
        """What uWSGI has and we have not is one line, for each."""
        house = self.house()
        for character, words in NOT_THERE.items():
            self.assertEqual(self.order(house, character), [f"master-fifo: {character}: {words}"])

    def test_unknown(self) -> None:
        """All else is passed over."""
        known = set("+-cCPqQrRswW0123456789") | set(NOT_THERE)
        others = "".join(chr(code) for code in range(256) if chr(code) not in known)
        house = self.house()
        descriptor = os.open(self.path, os.O_WRONLY | os.O_NONBLOCK)
        os.write(descriptor, others.encode("latin-1"))
        os.close(descriptor)
        before = list(house.log.lines)
        house.samples(2)
        self.assertEqual(house.log.lines, before)

    def test_slots(self) -> None:
        """A digit chooses among several pipes."""
        self.assertEqual(self.order(self.house(), "7"), ["there is no master-fifo 7"])

    def test_end(self) -> None:
        """At the end it is gone."""
        house = self.house()
        self.assertTrue(self.path.exists())
        house.tear_down()
        self.assertFalse(self.path.exists())

    def test_refused(self) -> None:
        """A pipe that cannot be made means that nothing is started."""
        self.path.mkdir()
        house = House(replace(make_plan(), master_fifo=(str(self.path),)))
        self.addCleanup(house.tear_down)
        self.assertRaises(ConfigurationError, house.master.startService)
        self.assertEqual(house.spawner.processes, [])
