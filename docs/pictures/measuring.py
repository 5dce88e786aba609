"""What the pictures show: the tutorial's example under a load, seen from outside.

The example's own ini runs, with port 0 of the loopback interface.  The load comes from threads
with one kept connection each, the answer to "how many are busy" from the shared memory in which
the server's processes note it.
"""

from __future__ import annotations

import contextlib
import csv
import http.client
import io
import itertools
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "scaling"

#: The example's C{threads}.
THREADS = 2
#: The example's C{processes}.
MOST_WORKERS = 4

#: Seconds within which a server starts, a worker is ready, or an answer comes.
PATIENCE = 20.0

#: How long one request takes while the load rises and falls.  It shares no multiple with the
#: quarter of a second at which C{cheaper} looks.
CHEAPER_SECONDS = 0.4
#: (second, clients): the load between two of them is on the line from one to the other.
LOAD = [(0, 0), (2, 0), (2, 1), (16, 12), (20, 12), (32, 1), (40, 1), (40, 0)]
LOAD += [(44, 0), (44, 12), (52, 12), (52, 0), (64, 0)]
#: How often it is looked, and over how many looks each line of the data is the mean.
LOOKS_PER_SECOND = 40
LOOKS_PER_LINE = 10

LATENCY_SECONDS = 0.05
LATENCY_WORKERS = (1, 2, 4)
LATENCY_CLIENTS = (1, 2, 3, 4, 6, 8, 10, 12, 14, 16)
#: How long all clients ask before their requests count, and how long they count then.
LATENCY_BEFORE = 0.8
LATENCY_WINDOW = 1.6


class Server:
    """
    A twsgi that serves the example.

    @ivar port: where, on the loopback interface.
    """

    def __init__(self, changes: dict[str, str | None], directory: Path) -> None:
        """
        @param changes: options of the example's ini that are different here; None: left out.
        @param directory: where it runs; empty.
        """
        site = directory / "scaling"
        shutil.copytree(EXAMPLE, site)
        ini = site / "uwsgi.ini"
        ini.write_text(_changed(ini.read_text("utf-8"), {"http": "127.0.0.1:0", **changes}))
        self._log = directory / "log"
        with open(self._log, "wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "twsgi", "uwsgi.ini"],
                cwd=site,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def __enter__(self) -> Server:
        self.port = int(self._said(r"uWSGI http bound on 127\.0\.0\.1:(\d+) ")[0])
        return self

    def __exit__(self, *exception: object) -> None:
        self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def until_ready(self, workers: int) -> None:
        """Waits until so many workers have their application."""
        self._said(r"WSGI app 0 \(mountpoint=''\) ready", workers)

    def _said(self, pattern: str, count: int = 1) -> list[str]:
        """Waits until the log has so many matches.  @return: all of them."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self.process.poll() is None:
            found = re.findall(pattern, self._log.read_text(errors="replace"))
            if len(found) >= count:
                return found
            time.sleep(0.05)
        raise SystemExit(f"twsgi did not start:\n{self._log.read_text(errors='replace')}")


@contextlib.contextmanager
def serving(**changes: str | None) -> Iterator[Server]:
    """A L{Server} while the block lasts."""
    with (
        tempfile.TemporaryDirectory() as directory,
        Server(changes, Path(directory)) as server,
    ):
        yield server


def _changed(ini: str, changes: dict[str, str | None]) -> str:
    """An ini text with other values for some of its options."""
    lines = []
    for line in ini.splitlines():
        name = line.partition("=")[0].strip()
        if name not in changes:
            lines.append(line)
        elif changes[name] is not None:
            lines.append(f"{name} = {changes[name]}")
    return "\n".join(lines) + "\n"


# -- workers against load


@dataclass(frozen=True)
class Look:
    """What the server's processes did at one moment."""

    workers: int
    busy: int
    waiting: int


def cheaper() -> str:
    """A load that rises and falls, slowly and then at once.  @return: CSV, four lines a second."""
    with serving() as server:
        server.until_ready(1)
        look = looking(server.process.pid)
        started = time.monotonic()
        crowd = [
            threading.Thread(target=_come_and_go, args=(server.port, place, started))
            for place in range(max(clients for _, clients in LOAD))
        ]
        for client in crowd:
            client.start()
        lines = list(_looks(look, started))
        for client in crowd:
            client.join(PATIENCE)
    return _csv(["seconds", "clients", "workers", "busy", "waiting"], lines)


def wanted(seconds: float) -> int:
    """How many clients there shall be."""
    for (before, fewer), (after, more) in itertools.pairwise(LOAD):
        if before <= seconds < after:
            return round(fewer + (more - fewer) * (seconds - before) / (after - before))
    return 0


def looking(master: int) -> Callable[[], Look]:
    """
    How to see what a server's workers and frontend do.

    @param master: the pid of its master, which holds the shared memory (Linux).
    """
    # Not at the top: drawing needs no twsgi.
    from twsgi.control import scoreboard

    for descriptor in Path(f"/proc/{master}/fd").iterdir():
        if "twsgi-scoreboard" in os.readlink(descriptor):
            board = scoreboard.Scoreboard(os.open(descriptor, os.O_RDWR), MOST_WORKERS, THREADS, 1)
            break
    else:
        raise SystemExit(f"process {master} has no scoreboard")
    indices = range(1, MOST_WORKERS + 1)

    def look() -> Look:
        states = [board.worker(index)[scoreboard.WORKER_STATE] for index in indices]
        return Look(
            workers=states.count(scoreboard.READY),
            busy=sum(board.busy_cores(index) for index in indices),
            waiting=board.frontend(1)[scoreboard.FRONTEND_QUEUED],
        )

    return look


def _looks(look: Callable[[], Look], started: float) -> Iterator[list[str]]:
    """Looks until the load is over.  @return: lines of the data."""
    for line in range(LOAD[-1][0] * LOOKS_PER_SECOND // LOOKS_PER_LINE):
        seen = []
        for number in range(line * LOOKS_PER_LINE, (line + 1) * LOOKS_PER_LINE):
            time.sleep(max(0.0, started + number / LOOKS_PER_SECOND - time.monotonic()))
            seen.append(look())
        seconds = (line + 0.5) * LOOKS_PER_LINE / LOOKS_PER_SECOND
        yield [
            f"{seconds:.3f}",
            str(wanted(seconds)),
            str(seen[-1].workers),
            f"{statistics.fmean(one.busy for one in seen):.1f}",
            f"{statistics.fmean(one.waiting for one in seen):.1f}",
        ]


def _come_and_go(port: int, place: int, started: float) -> None:
    """One client: asks while more clients than its place are wanted.  A thread."""
    with contextlib.closing(_connection(port)) as connection:
        while (seconds := time.monotonic() - started) < LOAD[-1][0]:
            if wanted(seconds) > place:
                _ask(connection, CHEAPER_SECONDS)
            else:
                time.sleep(0.02)


# -- latency against concurrency


def latency() -> str:
    """How long requests take with more and more clients, for some numbers of workers."""
    lines = []
    for workers in LATENCY_WORKERS:
        with serving(processes=str(workers), cheaper=None) as server:
            server.until_ready(workers)
            for clients in LATENCY_CLIENTS:
                took = _together(server.port, clients)
                lines.append([str(workers), str(clients), *_summary(took)])
    names = ["workers", "clients", "requests", "mean_ms", "p5_ms", "median_ms", "p95_ms"]
    return _csv(names, lines)


def _together(port: int, clients: int) -> list[float]:
    """Clients that each ask again as soon as they have an answer.  @return: seconds of each."""
    took: list[float] = []
    # Nobody pauses where the counting begins: the queue is as long as it will be.
    begin = time.monotonic() + LATENCY_BEFORE
    end = begin + LATENCY_WINDOW

    def ask_and_ask() -> None:
        with contextlib.closing(_connection(port)) as connection:
            while (now := time.monotonic()) < end:
                seconds = _ask(connection, LATENCY_SECONDS)
                if now >= begin:
                    took.append(seconds)

    crowd = [threading.Thread(target=ask_and_ask) for _ in range(clients)]
    for client in crowd:
        client.start()
    for client in crowd:
        client.join()
    return took


def _summary(took: list[float]) -> list[str]:
    """How many; mean, 5th, 50th and 95th percentile in milliseconds."""
    parts = statistics.quantiles(took, n=20, method="inclusive")
    figures = [statistics.fmean(took), parts[0], parts[9], parts[18]]
    return [str(len(took)), *(f"{seconds * 1000:.1f}" for seconds in figures)]


def _connection(port: int) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)


def _ask(connection: http.client.HTTPConnection, seconds: float) -> float:
    """One request for an answer that takes so long.  @return: how long it took, in seconds."""
    before = time.monotonic()
    connection.request("GET", f"/slow?{seconds}")
    response = connection.getresponse()
    response.read()
    if response.status != 200:
        raise AssertionError(f"{response.status} {response.reason}")
    return time.monotonic() - before


def _csv(names: list[str], lines: Iterable[list[str]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(lines)
    return text.getvalue()


#: What can be measured: the name of the data's file -> what makes its content.
MEASUREMENTS: dict[str, Callable[[], str]] = {"cheaper": cheaper, "latency": latency}
