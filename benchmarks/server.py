"""One contender, started in a directory of its own, asked whether it is right, and stopped."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType

from benchmarks import probe, processes
from benchmarks.contenders import CONTENDERS, PROCESSES, THREADS, Contender

_SITE = Path(__file__).with_name("site")

#: Seconds within which a server starts, or ends.
PATIENCE = 20.0

#: The static files, and what is in them.
SMALL = b"body { margin: 0; color: black }\n"[:32]
LARGE_SIZE = 20_000_000
#: Sizes of the static files that belong to no request.
_CHUNK = bytes(range(250))


class Site:
    """
    The directory in which servers run: applications, static files, logs.

    @ivar directory: where it is, until L{close}.
    """

    def __init__(self) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="benchmarks-")
        self.directory = Path(self._temporary.name)
        for source in _SITE.glob("*.py"):
            shutil.copy(source, self.directory)
        static = self.directory / "static"
        static.mkdir()
        (static / "small.css").write_bytes(SMALL)
        (static / "large.bin").write_bytes(large())

    def close(self) -> None:
        """Removes it."""
        self._temporary.cleanup()


def large() -> bytes:
    """What is in C{large.bin}."""
    return _CHUNK * (LARGE_SIZE // len(_CHUNK))


class Server:
    """
    A contender that runs.

    @ivar port: where it listens, on the loopback interface.
    @ivar process: the first of its processes.
    @ivar keeps: it kept the connection when it was asked twice (L{check}).
    """

    def __init__(
        self,
        site: Site,
        contender: str | Contender,
        application: str = "hello",
        processes: int = PROCESSES,
        threads: int = THREADS,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.contender = CONTENDERS[contender] if isinstance(contender, str) else contender
        self.port = _free_port()
        self.keeps = False
        self.log = site.directory / f"{self.contender.name}-{self.port}.log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                self.contender.command(self.port, application, processes, threads),
                cwd=site.directory,
                env={**os.environ, "PYTHONPATH": ".", **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def wait_ready(self, expected: probe.Expectation = probe.HELLO) -> None:
        """
        Waits until it answers, and then until no process of it is busy with its start any more.

        @raise SystemExit: it ended, or did not answer as it was to.
        """
        self._until(lambda: self._answers(expected))
        used = self.cpu()
        quiet = 0

        def is_quiet() -> bool:
            nonlocal used, quiet
            time.sleep(0.1)
            now = self.cpu()
            spent = processes.spent(used, now)
            used = now
            quiet = quiet + 1 if spent.user + spent.system <= 10_000 else 0
            return quiet >= 3

        self._until(is_quiet)

    def check(self, expected: probe.Expectation = probe.HELLO) -> None:
        """
        Asks, and compares.

        @raise SystemExit: the answer was wrong; nothing of it could be compared.
        """
        try:
            self.keeps = probe.ask(self.port, expected)
        except (OSError, probe.WrongAnswer) as error:
            raise SystemExit(f"{self.contender.name}: {error}\n{self.story()}") from error

    def tree(self) -> list[int]:
        """Its processes that are there now."""
        return processes.tree(self.process.pid)

    def cpu(self) -> dict[int, processes.Cpu]:
        """The processor time that each of its processes has had."""
        return processes.cpu(self.tree())

    def pss(self) -> dict[int, int]:
        """The memory of each of its processes, in KiB."""
        return processes.pss(self.tree())

    def child(self, words: str) -> int:
        """
        The process whose command line ends with a word, as twsgi's do.

        @raise LookupError: there is none.
        """
        for pid in self.tree():
            if processes.command_line(pid)[-1:] == [words]:
                return pid
        raise LookupError(words)

    def said(self, pattern: str) -> bool:
        """True if its log has this text."""
        return pattern in self.log.read_text(errors="replace")

    def story(self) -> str:
        """The end of its log."""
        return self.log.read_text(errors="replace")[-2000:]

    def stop(self) -> None:
        """Ends it, and whatever it has left."""
        pids = self.tree() if self.process.poll() is None else []
        self.process.terminate()
        try:
            self.process.wait(PATIENCE / 4)
        except subprocess.TimeoutExpired:
            pids += self.tree()
        for pid in pids:
            # Of a session of its own: no other process can have taken the number for that.
            if _session(pid) == self.process.pid:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
        self.process.wait()

    def _answers(self, expected: probe.Expectation) -> bool:
        try:
            self.keeps = probe.ask(self.port, expected, 5.0)
        except OSError:
            time.sleep(0.02)
            return False
        except probe.WrongAnswer as error:
            raise SystemExit(f"{self.contender.name}: {error}\n{self.story()}") from error
        return True

    def _until(self, happened: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not happened():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{self.contender.name} did not start:\n{self.story()}")


def _free_port() -> int:
    """A port that nobody listens on at the moment."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def _session(pid: int) -> int:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return 0
