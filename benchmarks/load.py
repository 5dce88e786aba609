"""One run of wrk against one server."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

_SCRIPT = Path(__file__).with_name("wrk.lua")
_RESULT = re.compile(r"^result (.*)$", re.MULTILINE)

#: What can go wrong, in wrk's words, and in ours.
ERRORS = {
    "connect": "not connected",
    "read": "read errors",
    "write": "write errors",
    "status": "no 2xx",
    "timeout": "timeouts",
}


@dataclass(frozen=True)
class Load:
    """
    What is asked, by how many at once.

    @ivar request: C{tiny} (Host alone), C{browser} (16 fields, 700 bytes), C{close} (tiny, with
        C{Connection: close}), or C{post}.
    @ivar connections: each has one request under way, always.
    @ivar size: bytes that C{post} sends.
    """

    request: str = "tiny"
    connections: int = 8
    path: str = "/"
    size: int = 0


@dataclass(frozen=True)
class Answer:
    """
    What wrk saw.

    @ivar seconds: how long it took.
    @ivar size: bytes received, heads included.
    @ivar p50, p99: milliseconds.
    @ivar errors: how often, by the names of L{ERRORS}; only what happened.
    """

    requests: int
    seconds: float
    size: int
    p50: float
    p99: float
    errors: dict[str, int]


def parse(output: str) -> Answer:
    """
    Reads what C{wrk.lua} wrote.

    @raise ValueError: there is no result in it.
    """
    found = _RESULT.search(output)
    if found is None:
        raise ValueError(f"no result from wrk: {output.strip()[-500:]}")
    values = {name: int(value) for name, value in re.findall(r"(\w+)=(\d+)", found[1])}
    return Answer(
        requests=values["requests"],
        seconds=values["microseconds"] / 1_000_000,
        size=values["bytes"],
        p50=values["p50"] / 1000,
        p99=values["p99"] / 1000,
        errors={name: values[name] for name in ERRORS if values[name]},
    )


def command(load: Load, port: int, seconds: int) -> list[str]:
    """The words that start wrk: one thread, which is enough for two cores of anybody's."""
    return [
        "wrk",
        "-t1",
        f"-c{load.connections}",
        f"-d{seconds}s",
        "--timeout=10s",
        "-s",
        str(_SCRIPT),
        f"http://127.0.0.1:{port}{load.path}",
        "--",
        load.request,
        str(load.size),
    ]


def start(load: Load, port: int, seconds: int) -> subprocess.Popen[str]:
    """Begins a run; L{finish} ends it."""
    return subprocess.Popen(
        command(load, port, seconds), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def finish(process: subprocess.Popen[str]) -> Answer:
    """Waits for the end of a run."""
    output, _ = process.communicate(timeout=120)
    return parse(output)


def run(load: Load, port: int, seconds: int) -> Answer:
    """A whole run."""
    return finish(start(load, port, seconds))


def version() -> str:
    """wrk's own word, or nothing where it is not installed."""
    if shutil.which("wrk") is None:
        return ""
    output = subprocess.run(["wrk", "-v"], capture_output=True, text=True).stdout
    found = re.match(r"wrk (\S+)", output)
    return found[1] if found else "?"
