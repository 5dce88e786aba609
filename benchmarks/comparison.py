"""The cases: contender after contender, round after round."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType

from benchmarks import load, processes
from benchmarks.cases import Case
from benchmarks.figures import Run, number
from benchmarks.progress import Progress
from benchmarks.server import Server, Site


class Fleet:
    """The servers of a case, kept for the next one if it needs them, too."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._servers: dict[tuple[str, str], Server] = {}

    def __enter__(self) -> Fleet:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for server in self._servers.values():
            server.stop()

    def serving(self, case: Case) -> dict[str, Server]:
        """
        The servers of a case, ready, and warmed up for a second when they are fresh; those that it
        does not need are stopped.
        """
        wanted = [(name, case.application) for name in case.contenders]
        for key in [key for key in self._servers if key not in wanted]:
            self._servers.pop(key).stop()
        fresh = [key for key in wanted if key not in self._servers]
        for key in fresh:
            self._servers[key] = Server(self._site, *key)
        for key in wanted:
            self._servers[key].wait_ready(case.expected)
        for key in fresh:
            load.run(case.load, self._servers[key].port, 1)
        return {name: self._servers[name, case.application] for name in case.contenders}


def compare(
    case: Case, fleet: Fleet, rounds: int, seconds: int, progress: Progress
) -> tuple[dict[str, list[Run]], dict[str, bool]]:
    """
    Runs a case.

    Every second round goes backwards, so that nobody always comes after the same one.

    @param rounds: of a case that has no more of them than others.
    @param seconds: of each run.
    @return: the runs of each contender, in the order of the rounds; whether it keeps connections.
    """
    servers = fleet.serving(case)
    runs: dict[str, list[Run]] = {name: [] for name in servers}
    names: Sequence[str] = list(servers)
    rounds *= case.times
    for turn in range(rounds):
        for name in names if turn % 2 == 0 else list(reversed(names)):
            one = measure(case, servers[name], seconds)
            runs[name].append(one)
            progress.say(
                f"{case.name}, round {turn + 1} of {rounds}: {name}: {number(one.rate)} requests/s,"
                f" {number(one.cpu)} µs{_complaint(servers[name], one)}"
            )
    return runs, {name: server.keeps for name, server in servers.items()}


def measure(case: Case, server: Server, seconds: int) -> Run:
    """
    One run, after a look that the answer is right.

    @raise SystemExit: it is not, or bytes of the answers were missing.
    """
    server.check(case.expected)
    before = server.cpu()
    answer = load.run(case.load, server.port, seconds)
    used = processes.spent(before, server.cpu())
    if answer.size < answer.requests * len(case.expected.body):
        raise SystemExit(f"{server.contender.name}: {answer.size} bytes are too few")
    return Run(
        requests=answer.requests,
        seconds=answer.seconds,
        size=answer.size,
        p50=answer.p50,
        p99=answer.p99,
        user=used.user,
        system=used.system,
        errors=expected_removed(answer, server.contender.closes),
    )


def expected_removed(answer: load.Answer, closes: bool) -> dict[str, int]:
    """The errors, but for one for each answer of a server that closes without saying so."""
    errors = dict(answer.errors)
    if closes and errors.get("read", 0) <= answer.requests:
        errors.pop("read", None)
    return errors


def _complaint(server: Server, run: Run) -> str:
    said = ", ".join(f"{count} {load.ERRORS[name]}" for name, count in run.errors.items())
    return f" ({said}!)" if said else ""
