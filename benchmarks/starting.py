"""How soon a worker serves, and what the processes weigh."""

from __future__ import annotations

import contextlib
import os
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

from benchmarks import clients, imports, load, processes
from benchmarks.contenders import CONTENDERS, PROCESSES, installed
from benchmarks.figures import Finding, number
from benchmarks.progress import Progress
from benchmarks.results import Effort, Outcome, Table
from benchmarks.server import Server, Site

_OURS = "twsgi-http"
_WORKER = "uWSGI worker 1"
_STEPS = (
    ("Python", "pass"),
    ("Python and the reactor", "from twisted.internet import reactor"),
    (
        "Python, the reactor and `twsgi.worker.main`",
        "import twsgi.worker.main; from twisted.internet import reactor",
    ),
)


# -- how soon a worker serves


def start(site: Site, effort: Effort, progress: Progress) -> Outcome:
    """A worker is killed, and a request waits for the next one."""
    took: list[float] = []
    steps: list[list[float]] = []
    # In turns: a machine that is busy for a while must not make one line look dearer than the next.
    for _ in range(2 if effort.quick else 7):
        took.append(_respawn(site))
        steps.append([_imported(code) for _, code in _STEPS])
    finding = Finding("A worker, from its spawn to its first response", took, most=0.5, unit="s")
    progress.say(f"{finding.title}: {finding.words}")
    rows = [
        [title, f"{statistics.median(row[place] for row in steps) * 1000:.0f}"]
        for place, (title, _) in enumerate(_STEPS)
    ]
    rows.append(["a worker, to its first response", f"{finding.summary.median * 1000:.0f}"])
    note = (
        "What it is made of, each line with what is in the lines before it. Each is a process of"
        " its own, so on a busy machine one may come out dearer than the next."
    )
    return Outcome([finding], [Table(["from its spawn", "ms"], rows)], [note])


def _respawn(site: Site) -> float:
    """Seconds from a worker's spawn to the response to a request that has waited for it."""
    with (
        Server(site, _OURS, processes=1, threads=1) as server,
        contextlib.closing(clients.connection(server.port)) as connection,
    ):
        server.wait_ready()
        old = server.child(_WORKER)
        os.kill(old, signal.SIGKILL)
        while old in server.tree():
            time.sleep(0.001)
        # The frontend may still learn that the worker is gone: 502 then, and we ask again.
        while True:
            connection.request("GET", "/")
            response = connection.getresponse()
            response.read()
            if response.status == 200:
                break
        answered = time.clock_gettime(time.CLOCK_BOOTTIME)
        return answered - _began(server.child(_WORKER))


def _began(pid: int) -> float:
    """When a process was made, in seconds of CLOCK_BOOTTIME; exact to 10 ms."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(words[19]) / os.sysconf("SC_CLK_TCK")


def _imported(code: str) -> float:
    """Seconds from the spawn of a Python until it has run some code; its end does not count."""
    words = [sys.executable, "-c", f"{code}\nprint(flush=True)\ninput()"]
    began = time.monotonic()
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        took = time.monotonic() - began
        process.communicate(b"\n")
    return took


# -- memory


def memory(site: Site, effort: Effort, progress: Progress) -> Outcome:
    """Of all contenders, after a second of load; of ours by process, too."""
    quick = [_OURS, "uwsgi-http-keep"]
    names = installed(quick if effort.quick else [n for n in CONTENDERS if "log" not in n])
    weights: dict[str, dict[str, int]] = {}
    strangers: dict[str, int] = {}
    for name in names:
        weights[name], strangers[name] = _weigh(site, name)
        progress.say(f"memory: {name}: {number(_megabytes(weights[name]))} MB")
    bare = imports.bare(imports.record(site, CONTENDERS[_OURS]))
    ours = weights[_OURS]
    above = {name: (ours[name] - bare.get(name, 0)) * 1.024 / 1000 for name in ours}
    findings = [
        Finding(
            f"Memory of {PROCESSES} workers, frontend and master, PSS",
            [_megabytes(ours)],
            most=200,
            unit="MB",
        ),
        Finding(
            "Memory of a process above its bare imports, the heaviest",
            [max(above.values())],
            most=10,
            unit="MB",
        ),
    ]
    for one in findings:
        progress.say(f"{one.title}: {one.words}")
    return Outcome(findings, [_all(weights, strangers), _by_process(ours, bare)])


def _weigh(site: Site, name: str) -> tuple[dict[str, int], int]:
    """
    PSS of each process, in KiB; the processes of others than us have numbers for names.  And how
    many foreign processes share their pages.
    """
    with Server(site, name) as server:
        server.wait_ready()
        load.run(load.Load(), server.port, 1)
        ours = name.startswith("twsgi")
        sizes = {
            imports.title(server, pid) if ours else str(pid): size
            for pid, size in server.pss().items()
        }
        return sizes, processes.strangers(server.tree())


def _megabytes(weights: dict[str, int]) -> float:
    return sum(weights.values()) * 1024 / 1_000_000


def _all(weights: dict[str, dict[str, int]], strangers: dict[str, int]) -> Table:
    base = weights.get("uwsgi-http-keep")
    rows = []
    for name, sizes in weights.items():
        total = _megabytes(sizes)
        against = f"{total / _megabytes(base):.2f}" if base else ""
        rows.append([CONTENDERS[name].title, str(len(sizes)), number(total), against])
        rows[-1].append(str(strangers[name]))
    return Table(["", "processes", "PSS, MB", "to uWSGI's `http`", "strangers"], rows)


def _by_process(ours: dict[str, int], bare: dict[str, int]) -> Table:
    rows = [
        [name, f"{size * 1.024 / 1000:.1f}", f"{bare.get(name, 0) * 1.024 / 1000:.1f}"]
        for name, size in ours.items()
    ]
    return Table(["process", "PSS, MB", "with its imports alone, MB"], rows)
