"""Ten thousand kept connections that do nothing: what they weigh, and who asks again."""

from __future__ import annotations

import resource
import select
import socket
import time

from benchmarks import processes
from benchmarks.figures import Finding
from benchmarks.progress import Progress
from benchmarks.results import Effort, Outcome
from benchmarks.server import Server, Site

_COUNT = 10_000
_REQUEST = b"GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n"
_STATUS = b"HTTP/1.1 200 OK\r\n"
#: So many are opened at once: fewer than the kernel queues for the server.
_BATCH = 200
#: So many of them ask again, from the first to the last.
_ASKING = 200


def measure(site: Site, effort: Effort, progress: Progress) -> Outcome:
    """All of it, on one frontend."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    count = min(_COUNT, limit - 500)
    opened: list[socket.socket] = []
    with Server(site, "twsgi-http") as server:
        server.wait_ready()
        frontend = server.child("uWSGI http 1")
        try:
            # What the first ones cost belongs to the process.
            opened += _open(server.port, _BATCH)
            before = processes.pss([frontend])[frontend]
            while len(opened) < count:
                opened += _open(server.port, _BATCH)
            # A second of sweeps over all of them.
            time.sleep(1.5)
            after = processes.pss([frontend])[frontend]
            held = sum(map(_is_open, opened))
            took = [_again(one) for one in opened[:: max(1, count // _ASKING)]]
        finally:
            for one in opened:
                one.close()
    each = (after - before) / (len(opened) - _BATCH)
    name = f"{count} idle kept connections on one frontend"
    findings = [
        Finding(f"{name}: held", [100 * held / len(opened)], least=100, unit="%"),
        Finding(f"{name}: memory of the frontend, each", [each], most=5, unit="KB"),
        Finding(
            f"{name}: the next request, the slowest of {len(took)}", [max(took)], most=50, unit="ms"
        ),
    ]
    for finding in findings:
        progress.say(f"{finding.title}: {finding.words}")
    return Outcome(findings)


def _open(port: int, count: int) -> list[socket.socket]:
    """Connects, asks once on each, and reads the answers."""
    opened = []
    for _ in range(count):
        one = socket.create_connection(("127.0.0.1", port), 20)
        one.sendall(_REQUEST)
        opened.append(one)
    for one in opened:
        _read(one)
    return opened


def _read(sock: socket.socket) -> None:
    """
    An answer, whole.

    @raise AssertionError: it is another one, or none.
    """
    data = b""
    while not data.endswith(b"\r\n\r\nhello world\n"):
        more = sock.recv(4096)
        if not more:
            raise AssertionError(f"closed after {data!r}")
        data += more
    if not data.startswith(_STATUS):
        raise AssertionError(f"{data[:100]!r}")


def _is_open(sock: socket.socket) -> bool:
    """Nothing has come, not even the end."""
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return not poll.poll(0)


def _again(sock: socket.socket) -> float:
    """One more request.  @return: how many milliseconds it took."""
    began = time.perf_counter()
    sock.sendall(_REQUEST)
    _read(sock)
    return (time.perf_counter() - began) * 1000
