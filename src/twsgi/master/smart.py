"""L{Smart}: a program that has a pidfile and outlives the master (C{smart-attach-daemon})."""

from __future__ import annotations

import os
from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall

from twsgi.interfaces import ILineLog
from twsgi.master.commands import Running
from twsgi.master.companion import Yard
from twsgi.settings.attached import Attached

#: Seconds between two looks at a pidfile.
PERIOD = 1.0
_SIGHUP = 1


def alive(path: str) -> int:
    """The number in a pidfile, if such a process runs; else 0."""
    try:
        with open(path, "rb") as file:
            pid = int(file.read(64).split()[0])
        if pid <= 0:
            return 0
        os.kill(pid, 0)
    except PermissionError as error:
        # Somebody else's: it runs.
        return 0 if error.filename else pid
    except (OSError, ValueError, IndexError):
        return 0
    return pid


class Smart:
    """
    Whoever is named by its pidfile is it, and is left alone; where nobody is, it is started.
    Reactor thread.

    @ivar attached: what was asked for.
    @ivar pid: who it is, 0: nobody.
    """

    def __init__(self, attached: Attached, yard: Yard, alive: Callable[[str], int] = alive) -> None:
        self.attached = attached
        self.pid = 0
        self._yard = yard
        self._log: ILineLog = yard.log
        self._alive = alive
        self._seen = False
        self._checks = self._times = 0
        self._starter: Running | None = None
        self._timer: IDelayedCall | None = None

    def begin(self) -> None:
        """Starts it where it does not run, and looks after it from now on."""
        self.pid = self._alive(self.attached.pidfile)
        if self.pid:
            self._log.line(
                "[uwsgi-daemons] found valid/active pidfile for"
                f' "{self.attached.command}" (pid: {self.pid})'
            )
        else:
            self._start()
        self._wait()

    def notify(self, reload: bool) -> None:
        """Tells it that everything is reloaded, or stops, if it wants to know."""
        if not self.attached.notify or not self.pid:
            return
        if reload:
            self._yard.signal(self.pid, self.attached.reload_signal or _SIGHUP)
        else:
            self._yard.signal(self.pid, self.attached.stop_signal)

    def renew(self, number: int, mercy: float) -> None:
        """One of its files was touched: it is asked to end, and is missed when it has."""
        if self.pid:
            self._yard.signal(self.pid, number)

    def forget(self) -> None:
        """Looks after it no more; it goes on."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _wait(self) -> None:
        self._timer = self._yard.clock.callLater(PERIOD, self._look)

    def _look(self) -> None:
        self._wait()
        pid = self._alive(self.attached.pidfile)
        if not pid:
            self._missed()
        elif pid != self.pid:
            if self.pid:
                self._log.line(f"{self._changed()} (old_pid: {self.pid} new_pid: {pid})")
            self.pid, self._seen, self._checks = pid, True, 0
        else:
            self._seen, self._checks = True, 0

    def _changed(self) -> str:
        return f'[uwsgi-daemons] found changed pid for "{self.attached.command}"'

    def _missed(self) -> None:
        self._checks += 1
        if not self._seen and self._checks < self.attached.freq:
            return
        if self._starter is not None:
            self._checks = 0
            self._log.line(
                f'[uwsgi-daemons] "{self.attached.command}" (pid: {self._starter.pid}) did not'
                " daemonize !!!"
            )
            return
        self.pid = 0
        self._start()

    def _start(self) -> None:
        word = "respawning" if self._times else "spawning"
        self._log.line(f'[uwsgi-daemons] {word} "{self.attached.command}"')
        self._times += 1
        self._seen, self._checks = False, 0
        self._starter = Running(self._started)
        try:
            self._yard.start(self.attached, self._starter)
        except OSError as error:
            self._starter = None
            self._log.line(
                f'[uwsgi-daemons] unable to spawn "{self.attached.command}": {error.strerror}'
            )

    def _started(self, code: int) -> None:
        """Who started it has ended, as a daemon's does."""
        self._starter = None
        if code:
            self._log.line(
                f'[uwsgi-daemons] "{self.attached.command}" has ended instead of going into the'
                f" background: {code}"
            )
