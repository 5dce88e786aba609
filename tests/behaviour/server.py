"""A server that a test has started: its log, its processes, its end."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
import uuid
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from tests.behaviour import client, processes
from tests.behaviour.processes import becomes
from tests.behaviour.site import Site

#: Seconds in which anything must have happened that is waited for.
PATIENCE = 20.0

# What the log says, in uWSGI's words.
BOUND = r"(?:uWSGI http bound on|uwsgi socket 0 bound to TCP address) \S*:(\d+)\b.* fd \d+"
MASTER = r"spawned uWSGI master process \(pid: (\d+)\)"
SPAWNED = r"(?:spawned|Respawned) uWSGI worker (\d+) \((?:new )?pid: (\d+)"
SPAWNED_HTTP = r"(?:spawned|[Rr]espawned) uWSGI http 1 \((?:new )?pid: (\d+)"
READY = r"WSGI app 0 \(mountpoint=''\) ready in [\d.]+ seconds"


class Server:
    """
    A command, started in a site's directory.

    @ivar process: the command itself; the server, unless it is a daemon.
    @ivar log: the file in which the log is; standard error, unless the command has a log file.
    """

    def __init__(
        self,
        site: Site,
        command: Iterable[str | Path],
        environment: Mapping[str, str] | None = None,
        log: str | None = None,
        pass_fds: Iterable[int] = (),
    ) -> None:
        self.site = site
        self.command = [str(word) for word in command]
        self.mark = uuid.uuid4().hex
        number = len(list(site.directory.glob("stderr-*")))
        self.stderr = site.directory / f"stderr-{number}"
        self.stdout = site.directory / f"stdout-{number}"
        self.log = site.directory / log if log else self.stderr
        self.is_daemon = log is not None
        with open(self.stderr, "wb") as stderr, open(self.stdout, "wb") as stdout:
            self.process = subprocess.Popen(
                self.command,
                cwd=site.directory,
                env={
                    **os.environ,
                    "MEET_DIRECTORY": str(site.meetings),
                    processes.MARK: self.mark,
                    **(environment or {}),
                },
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
                pass_fds=tuple(pass_fds),
            )

    # -- the log

    def text(self) -> str:
        """The log so far, what was said on standard output first."""
        return "".join(
            path.read_text(errors="backslashreplace")
            for path in (self.stdout, self.log)
            if path.exists()
        )

    def find(self, pattern: str) -> list[re.Match[str]]:
        """All that matches in the log so far, in order."""
        return list(re.finditer(pattern, self.text()))

    def wait_for(self, pattern: str, count: int = 1, seconds: float = PATIENCE) -> re.Match[str]:
        """Waits until the log has C{count} matches.  @return: the last of them."""

        def stop_looking() -> bool:
            return len(self.find(pattern)) >= count or (
                not self.is_daemon and self.process.poll() is not None
            )

        becomes(stop_looking, seconds)
        found = self.find(pattern)
        if len(found) < count:
            raise AssertionError(f"{len(found)} of {count} times in the log: {pattern}")
        return found[count - 1]

    def story(self) -> str:
        """All that can be told of this server, for a test that failed."""
        parts = [f"$ {' '.join(self.command)}   (exit code: {self.process.poll()})"]
        for path in dict.fromkeys([self.stdout, self.stderr, self.log]):
            if path.exists() and (content := path.read_text(errors="backslashreplace").strip()):
                parts.append(f"--- {path.name}\n{content[-4000:]}")
        alive = processes.marked(self.mark)
        parts += [f"--- alive: {pid} {line}" for pid, line in alive.items()]
        return "\n".join(parts)

    # -- what runs

    @property
    def port(self) -> int:
        """The port it serves, as the log tells."""
        return int(self.wait_for(BOUND)[1])

    @property
    def master(self) -> int:
        """The master's pid."""
        return int(self.wait_for(MASTER)[1])

    @property
    def frontend(self) -> int:
        """The frontend's pid, as the log told last."""
        self.wait_for(SPAWNED_HTTP)
        return int(self.find(SPAWNED_HTTP)[-1][1])

    def worker(self, index: int = 1) -> int:
        """A worker's pid, as the log told last."""
        self.wait_for(SPAWNED)
        return {int(m[1]): int(m[2]) for m in self.find(SPAWNED)}[index]

    def alive(self) -> dict[int, str]:
        """All processes that run because of this command: pid -> command line."""
        return processes.marked(self.mark)

    # -- talking to it

    def get(self, path: str | bytes, method: str = "GET", **how: Any) -> client.Response:
        """One request on a connection of its own."""
        return client.fetch(self.port, path, method, **how)

    def connect(self, **how: Any) -> client.Connection:
        """A connection."""
        return client.Connection(self.port, **how)

    def wait_ready(self) -> None:
        """Waits until a worker has loaded the application, and answers."""
        self.wait_for(READY)
        self.get("/pid")

    # -- the end of it

    def send_signal(self, number: int) -> None:
        """Sends a signal to the command's process alone."""
        os.kill(self.master if self.is_daemon else self.process.pid, number)

    def wait_for_exit(self, seconds: float = PATIENCE) -> int:
        """Waits for the end of the command.  @return: its exit code."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired as error:
            raise AssertionError(f"still running after {seconds} seconds") from error

    def assert_nothing_left(self, seconds: float = 2.0, ports: Iterable[int] | None = None) -> None:
        """Fails if a process of this command is still there, or its port still open."""
        becomes(lambda: not self.alive(), seconds)
        left = self.alive()
        if left:
            raise AssertionError(f"left running: {left}")
        for port in self._ports() if ports is None else ports:
            # A process that has no environment any more may not have closed everything yet.
            if not becomes(partial(client.refused, port), seconds):
                raise AssertionError(f"port {port} is still open")

    def stop(self, number: int = signal.SIGTERM, seconds: float = PATIENCE) -> int:
        """Sends a signal, waits for the end, and looks that nothing is left."""
        self.send_signal(number)
        code = self.wait_for_exit(seconds)
        self.assert_nothing_left()
        return code

    def kill(self) -> None:
        """Makes an end of it, whatever state it is in."""
        processes.kill_marked(self.mark)
        self.process.wait(PATIENCE)

    def _ports(self) -> list[int]:
        return [int(found[1]) for found in self.find(BOUND)]


class Call:
    """A function running in a thread of its own, which cannot keep the tests from ending."""

    def __init__(self, function: Callable[[], Any]) -> None:
        self._function = function
        self._outcome: list[Any] = []
        self._error: list[BaseException] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._outcome.append(self._function())
        except BaseException as error:
            self._error.append(error)

    @property
    def running(self) -> bool:
        """True until it has returned or raised."""
        return self._thread.is_alive()

    def result(self, seconds: float = PATIENCE) -> Any:
        """What the function returned; raises what it raised."""
        self._thread.join(seconds)
        if self._thread.is_alive():
            raise AssertionError(f"no result after {seconds} seconds")
        if self._error:
            raise self._error[0]
        return self._outcome[0]
