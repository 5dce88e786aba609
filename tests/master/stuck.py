"""What tests of C{harakiri} are made with: a worker whose cores the test keeps busy."""

from __future__ import annotations

import os

from twisted.trial.unittest import SynchronousTestCase

from tests.master.fakes import FakeLog, House, make_plan
from twsgi.control.scoreboard import (
    CORE_ARRIVED,
    CORE_BUSY_SINCE,
    CORE_THREAD,
    DRAINING,
    WORKER_OPEN,
    WORKER_STATE,
)
from twsgi.master.harakiri import Harakiri
from twsgi.settings.model import Settings

#: Seconds that a request may take here.
LIMIT = 10
SECOND = 1_000_000_000
LOOK = 0.25


class Records(FakeLog):
    """Keeps what was said in one go together."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[str] = []

    def line(self, text: str) -> None:
        self.records.append(text)
        super().line(text)


class HarakiriCase(SynchronousTestCase):
    """One worker of three cores and one frontend; nobody looks but the test."""

    settings = Settings(harakiri=LIMIT)

    def setUp(self) -> None:
        self.house = House(make_plan(workers=1, threads=3))
        self.addCleanup(self.house.tear_down)
        self.house.start()
        board = self.house.master.scoreboard
        assert board is not None
        self.board = board
        self.worker = self.house.worker()
        self.frontend = self.house.frontend()
        self.now = 1000 * SECOND
        self.log = Records()
        crew = self.house.master._crew
        self.harakiri = Harakiri(
            self.house.clock,
            self.log,
            crew.roster,
            board,
            crew.replace_at_once,
            lambda: self.now,
        )
        self.harakiri.follow(self.settings)
        self.addCleanup(self.harakiri.stop)

    def begin(self, core: int, ran: float, line: str = "GET /x") -> int:
        """A core of the worker is in a request, since so many seconds."""
        since = self.now - int(ran * SECOND)
        place = self.worker.launch.place
        text = self.board.core_text(place, core)
        text[:] = f"127.0.0.1 - {line}".encode().ljust(len(text), b"\0")
        self.board.core(place, core)[CORE_BUSY_SINCE] = since
        self.board.core(place, core)[CORE_THREAD] = 0xA0 + core
        self.board.core(place, core)[CORE_ARRIVED] = since - core - 1
        return since

    def arrived(self, core: int) -> int:
        """By what the frontend knows the request of this core."""
        return self.board.core(self.worker.launch.place, core)[CORE_ARRIVED]

    def finish(self, core: int) -> None:
        """It has finished that."""
        self.board.core(self.worker.launch.place, core)[CORE_BUSY_SINCE] = 0

    def looks(self, count: int = 1) -> None:
        """So many times it is looked, four times a second."""
        for _ in range(count):
            self.house.clock.advance(LOOK)
            self.now += int(LOOK * SECOND)
            self.harakiri.look()

    def wait(self, seconds: float) -> None:
        """Time passes, and nobody looks."""
        self.house.clock.advance(seconds)
        self.now += int(seconds * SECOND)

    def answer(self, stacks: str = "uWSGI core 0: in hanging") -> None:
        """The worker tells where it is."""
        self.worker.control.descriptions[-1].callback(stacks)

    def hear(self) -> None:
        """The frontend has answered the requests that hang."""
        self.frontend.control.heard[-1].callback({})

    def left(self, count: int) -> None:
        """The worker drains, and has so many links or connections left."""
        record = self.board.worker(self.worker.launch.place)
        record[WORKER_OPEN] = count
        record[WORKER_STATE] = DRAINING

    def write(self, words: str) -> None:
        """The worker writes to its last words."""
        os.write(self.words(), words.encode())

    def words(self) -> int:
        found = self.worker.protocol.last_words
        assert found is not None
        return int(found.descriptor)

    @property
    def signals(self) -> list[int]:
        """What the worker was sent."""
        return self.worker.signals
