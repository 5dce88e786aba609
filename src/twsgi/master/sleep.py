"""L{Sleep}: no worker at all while nobody asks for anything: C{cheap}, C{idle}, C{die-on-idle}."""

from __future__ import annotations

import select
from collections.abc import Callable, Iterable

from twisted.internet.interfaces import IReactorTime

from twsgi.control.listening import BoundListener
from twsgi.control.scoreboard import (
    BOARD_ASLEEP,
    FRONTEND_QUEUED,
    WORKER_STATIC,
    Scoreboard,
)
from twsgi.interfaces import ILineLog
from twsgi.master.child import State
from twsgi.master.crew import Crew
from twsgi.master.words import CHEAP_BEGINS, GOING_CHEAP, NOT_NOW, inactive
from twsgi.settings.model import Settings
from twsgi.settings.plan import HTTP


class Sleep:
    """
    Knows whether there are to be workers; whoever asks for something while there are none is not
    lost: he waits in a frontend's queue, or in the kernel's, and is seen there.  Reactor thread.

    @ivar asleep: no worker is to be there.
    """

    def __init__(
        self,
        clock: IReactorTime,
        log: ILineLog,
        crew: Crew,
        scoreboard: Scoreboard,
        listeners: Iterable[BoundListener],
        end: Callable[[], None],
    ) -> None:
        """@param end: lets everything stop: C{die-on-idle}."""
        self._clock = clock
        self._log = log
        self._crew = crew
        self._scoreboard = scoreboard
        # A frontend accepts at once whatever comes, and says what waits.
        self._listeners = [one.socket for one in listeners if one.kind != HTTP]
        self._end = end
        self._settings = Settings()
        self._rests = True
        self.asleep = self._waking = False
        self._last = 0.0
        self._served = 0

    @property
    def wanted(self) -> bool:
        """There is something to look at."""
        return not self._rests and (self.asleep or self._waking or self._settings.idle > 0)

    def follow(self, settings: Settings) -> None:
        """From now on these settings count, and so does the time without a request."""
        self._settings = settings
        self._rests = False
        self._note_activity()

    def rest(self) -> None:
        """A reload decides how many workers there are, or all leave."""
        self._rests = True

    def begin(self) -> None:
        """There is no worker, and nobody has asked for one."""
        self.asleep = True
        self._tell(True)
        self._log.line(CHEAP_BEGINS)

    def go(self) -> None:
        """An operator wants all workers to go until somebody asks for something."""
        if self._rests:
            self._log.line(NOT_NOW)
        elif not self.asleep:
            self._log.line(GOING_CHEAP)
            self._go()

    def look(self) -> None:
        """Sends the workers to sleep, or wakes them."""
        workers = self._crew.roster.serving()
        if self.asleep:
            if workers:
                # A reload has brought them.
                self._awake()
            elif self._knocked():
                self._awake()
                self._crew.wake()
        elif self._waking and not any(one.state is State.BOOTING for one in workers):
            # One of them is ready, or none ever was: either way the frontends may know.
            self._waking = False
            self._tell(False)
        elif self._active():
            self._note_activity()
        elif 0 < self._settings.idle <= self._clock.seconds() - self._last:
            self._idle_for_too_long()

    def _idle_for_too_long(self) -> None:
        now, idle = self._clock.seconds(), self._settings.idle
        self._log.line(inactive(idle, int(now), int(self._last)))
        if self._settings.die_on_idle:
            self._rests = True
            self._end()
        else:
            self._go()

    def _go(self) -> None:
        self._waking = False
        self._crew.sleep()
        self.begin()

    def _awake(self) -> None:
        self.asleep, self._waking = False, True
        self._note_activity()

    def _note_activity(self) -> None:
        self._last = self._clock.seconds()
        self._served = self._requests()

    def _active(self) -> bool:
        """Somebody has asked for something since it was noted last, or is being served."""
        board = self._scoreboard
        return (
            any(one.state is State.BOOTING for one in self._crew.roster.serving())
            or any(map(board.busy_cores, board.used_places()))
            or self._queued()
            or self._requests() != self._served
        )

    def _requests(self) -> int:
        """What workers have answered."""
        board = self._scoreboard
        return sum(
            board.worker_requests(place) + board.worker(place)[WORKER_STATIC]
            for place in board.used_places()
        )

    def _queued(self) -> bool:
        board = self._scoreboard
        return any(board.frontend(place)[FRONTEND_QUEUED] for place in board.used_frontends())

    def _knocked(self) -> bool:
        """Somebody waits for a worker."""
        if self._queued():
            return True
        poll = select.poll()
        for one in self._listeners:
            poll.register(one, select.POLLIN)
        return bool(self._listeners and poll.poll(0))

    def _tell(self, asleep: bool) -> None:
        """Frontends are to know that there is no worker because none is needed."""
        self._scoreboard.board[BOARD_ASLEEP] = int(asleep)
