"""L{Commands}: commands of the shell that the operator wants run, while the master goes on."""

from __future__ import annotations

import signal
from collections.abc import Callable, Generator, Sequence

from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.error import ProcessExitedAlready
from twisted.internet.interfaces import IProcessProtocol, IProcessTransport
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure

from twsgi.control.hooks import SHELL
from twsgi.interfaces import ILineLog

#: Starts a program: (its command line, who hears of it, it has our standard input).
SpawnProgram = Callable[[Sequence[str], IProcessProtocol, bool], IProcessTransport]


class Running(ProcessProtocol):
    """
    One program while it runs.  Reactor thread.

    @ivar pid: 0 before it runs.
    """

    def __init__(self, ended: Callable[[int], None]) -> None:
        """@param ended: told its exit code, or minus the number of the signal that ended it."""
        self.pid = 0
        self._ended = ended

    def makeConnection(self, process: IProcessTransport) -> None:
        """C{IProcessProtocol}."""
        super().makeConnection(process)
        self.pid = process.pid or 0

    def processExited(self, reason: Failure) -> None:
        """C{IProcessProtocol}."""
        number = getattr(reason.value, "signal", None)
        self._ended(-number if number else getattr(reason.value, "exitCode", 0) or 0)

    def kill(self) -> None:
        """Ends it at once."""
        try:
            if self.transport is not None:
                self.transport.signalProcess(signal.SIGKILL)
        except ProcessExitedAlready:
            pass


class Commands:
    """Runs commands; those of one list one after another.  Reactor thread."""

    def __init__(self, spawn: SpawnProgram, log: ILineLog, directory: str | None = None) -> None:
        """@param directory: where they run, None: where the master is."""
        self._spawn = spawn
        self._log = log
        self.directory = directory
        self._running: set[Running] = set()
        self._stopped = False

    @inlineCallbacks
    def run(self, commands: Sequence[str], phase: str) -> Generator[Deferred[int], int, str]:
        """
        Runs all, in order, up to the first that fails.

        @param phase: uWSGI's name of the moment, for the log.
        @return: fires with what failed, or an empty text.
        """
        for command in commands:
            if self._stopped:
                return f'command "{command}" was not run: everything stops'
            self._log.line(f'running "{command}" ({phase})...')
            try:
                code = yield self.start(command)
            except OSError as error:
                return f'command "{command}": {error.strerror}'
            if code:
                return f'command "{command}" exited with non-zero code: {code}'
        return ""

    def start(self, command: str) -> Deferred[int]:
        """
        Starts one.

        @return: fires with its exit code, or minus the number of the signal that ended it.
        @raise OSError: it cannot be started.
        """
        done: Deferred[int] = Deferred()

        def ended(code: int) -> None:
            self._running.discard(running)
            done.callback(code)

        running = Running(ended)
        self._running.add(running)
        try:
            self._spawn(self._line(command), running, False)
        except OSError:
            self._running.discard(running)
            raise
        return done

    def stop(self) -> None:
        """Kills what runs, and starts nothing more."""
        self._stopped = True
        for running in list(self._running):
            running.kill()

    def _line(self, command: str) -> list[str]:
        if self.directory is None:
            return [SHELL, "-c", command]
        # No path= for spawnProcess: the shell goes there itself.
        go = 'cd -- "$1" && shift && exec "$@"'
        return [SHELL, "-c", go, "sh", self.directory, SHELL, "-c", command]
