"""L{Companion}: a program that is the master's child, and ends with it (C{attach-daemon})."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from twsgi.control.leash import arguments
from twsgi.interfaces import ILineLog
from twsgi.master.commands import Running, SpawnProgram
from twsgi.settings.attached import Attached

#: A program that ended sooner than this (seconds) waits before it is started again.
YOUNG = 3.0
#: Seconds between two looks whether all that it has started has ended.
_LOOK = 0.1
#: The longest such pause, where C{max_throttle} says nothing.
LONGEST = 300


@dataclass(frozen=True)
class Yard:
    """
    What it takes to have programs beside the workers; the same for all.

    @ivar spawn: starts one.
    @ivar signal_group: sends a signal to a process and all that belongs to it.
    @ivar directory: where they run, if they do not say; None: where the master is.
    """

    clock: IReactorTime
    log: ILineLog
    spawn: SpawnProgram
    signal_group: Callable[[int, int], None] = os.killpg
    directory: str | None = None
    pid: int = 0

    def signal(self, pid: int, number: int) -> bool:
        """@return: somebody was there."""
        if pid <= 1:
            return False  # 0 would be our own group
        try:
            self.signal_group(pid, number)
        except OSError:
            return False
        return True

    def start(self, one: Attached, running: Running) -> None:
        """
        Starts a program.

        @raise OSError: it could not be started.
        """
        told = {
            "command": one.command,
            "chdir": one.chdir or self.directory,
            "uid": one.uid,
            "gid": one.gid,
            "pidfile": one.pidfile if one.daemonize else "",
            "parent": 0 if one.pidfile else self.pid,
        }
        given = {key: value for key, value in told.items() if value}
        self.spawn(arguments(given), running, one.stdin)


def throttle(young: int, lived: float, most: int) -> int:
    """
    Seconds to wait before a program is started again.

    @param young: how many times in a row it has been started and ended soon.
    @param lived: for how long it ran the last time.
    @param most: C{max_throttle}, 0: five minutes.
    """
    if lived > YOUNG:
        return 0
    return min(max(young - int(lived), 1), most or LONGEST)


class Companion:
    """
    Started with the master, started again when it ends, and ended with everything.  Reactor
    thread.

    @ivar attached: what was asked for.
    """

    def __init__(
        self, attached: Attached, yard: Yard, control_ended: Callable[[str], object]
    ) -> None:
        """@param control_ended: told why everything shall stop."""
        self.attached = attached
        self._yard = yard
        self._control_ended = control_ended
        self._running: Running | None = None
        self._began = 0.0
        self._times = self._young = 0
        #: What is left of it while that has its time to end.
        self._group = 0
        self._timer: IDelayedCall | None = None
        self._mercy: IDelayedCall | None = None
        self._gone: Callable[[], None] | None = None
        self._again = self._over = False

    @property
    def pid(self) -> int:
        """Its process's number, 0: there is none."""
        return 0 if self._running is None else self._running.pid

    def begin(self) -> None:
        """Starts it."""
        self._timer = None
        word = "respawning" if self._times else "spawning"
        self._yard.log.line(f'[uwsgi-daemons] {word} "{self.attached.command}"')
        self._times += 1
        self._began = self._yard.clock.seconds()
        self._running = Running(self._ended)
        try:
            self._yard.start(self.attached, self._running)
        except OSError as error:
            self._yard.log.line(
                f'[uwsgi-daemons] unable to spawn "{self.attached.command}": {error.strerror}'
            )
            # Not within this turn: who fails at once would recurse.
            self._timer = self._yard.clock.callLater(0, self._ended, 1)

    def renew(self, number: int, mercy: float) -> None:
        """Asks it to end, by signal C{number}; it is started again when it has."""
        if self._gone is None and self.pid:
            self._again = True
            self._ask(number, mercy)

    def end(self, mercy: float, gone: Callable[[], None]) -> None:
        """
        Asks it to end, and kills it after C{mercy} seconds.

        @param gone: called when it is gone; at once, if it is.
        """
        self._gone = gone
        if self.pid:
            self._ask(self.attached.stop_signal, mercy)
            return
        if self._group:
            return  # it is asked already
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._running = None
        gone()

    def kill(self) -> None:
        """Ends it at once, for good."""
        self._over = True
        if self._timer is not None and not self._group:
            self._timer.cancel()
            self._timer = None
            self._running = None
        self._slay()

    def _slay(self) -> None:
        if self._running is not None and self.pid:
            self._yard.signal(self.pid, 9)
            self._running.kill()

    def _ask(self, number: int, mercy: float) -> None:
        self._yard.log.line(
            f"[uwsgi-daemons] stopping daemon (pid: {self.pid}): {self.attached.command}"
        )
        # Before it has a group of its own there is nothing in it that would have to be asked.
        if not self._yard.signal(self.pid, number):
            self._slay()
        if self._mercy is None:
            self._mercy = self._yard.clock.callLater(mercy, self._mercy_over)

    def _mercy_over(self) -> None:
        self._mercy = None
        self._yard.log.line(
            f"[uwsgi-daemons] daemon did not die in time, killing (pid: {self.pid or self._group}):"
            f" {self.attached.command}"
        )
        self._slay()

    def _ended(self, code: int) -> None:
        running, self._running, self._timer = self._running, None, None
        pid = 0 if running is None else running.pid
        command = self.attached.command
        how = f"killed by signal {-code}" if code < 0 else f"exit code {code}"
        if self._gone is not None or self._over or self._again:
            self._await_group(pid)
            return
        if self.attached.control:
            self._control_ended(f'the control daemon "{command}" (pid: {pid}) has ended: {how}')
        else:
            self._yard.log.line(f'[uwsgi-daemons] "{command}" (pid: {pid}) has ended: {how}')
            self._come_back()

    def _await_group(self, pid: int) -> None:
        """What it has started itself was asked to end, too, and has as long as it had."""
        self._group = pid
        if self._mercy is None or self._over:
            self._yard.signal(pid, 9)
        elif self._yard.signal(pid, 0):
            self._timer = self._yard.clock.callLater(_LOOK, self._await_group, pid)
            return
        self._group, self._timer = 0, None
        if self._mercy is not None:
            self._mercy.cancel()
            self._mercy = None
        self._yard.log.line(f'daemon "{self.attached.command}" (pid: {pid}) annihilated')
        if self._gone is not None:
            self._gone()
        elif self._again and not self._over:
            self._again = False
            self._timer = self._yard.clock.callLater(0, self.begin)

    def _come_back(self) -> None:
        lived = self._yard.clock.seconds() - self._began
        self._young = self._young + 1 if lived <= YOUNG else 0
        pause = throttle(self._young, lived, self.attached.max_throttle)
        if pause:
            self._yard.log.line(
                f'[uwsgi-daemons] throttling "{self.attached.command}" for {pause} seconds'
            )
        self._timer = self._yard.clock.callLater(pause, self.begin)
