"""Servers under load, while something happens to them; and what each client knows of it after."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence

from tests.behaviour.harness import ModeCase
from tests.behaviour.server import READY, Call, Server
from twsgi.selftest.client import Request
from twsgi.selftest.fate import Fate, Outcome, Summary
from twsgi.selftest.load import Load

#: Quick and slow ones, each with the only right answer.
GETS = (
    Request(path="/path/quick", answer=b"/path/quick"),
    Request(path="/sleep?0.03", answer=b"slept"),
    Request(path="/path/another", answer=b"/path/another"),
)
POST = Request("POST", "/echo", b"x" * 5000, answer=b"x" * 5000)
MIX = (*GETS, POST)

#: Seconds that the moment may be off at which something was done to a process: from the signal to
#: the last socket that the kernel has closed for it, on a busy machine.
MOMENT = 1.0


class LosslessCase(ModeCase):
    """A test with a load: mixed with L{Http <tests.behaviour.harness.Http>} or its sibling."""

    #: Two workers of two threads, and no cheaper.
    TWO: Mapping[str, str | None] = {"processes": "2", "cheaper": None, "disable-logging": "true"}

    def serve_ready(self, changes: Mapping[str, str | None] | None = None) -> Server:
        """A server all of whose workers are ready; by default two of two threads."""
        server = self.serve(self.TWO if changes is None else changes)
        server.wait_ready()
        if changes is None:
            server.wait_for(READY, 2)
        return server

    def load(
        self,
        server: Server,
        requests: Sequence[Request] = MIX,
        *,
        kept: int = 3,
        fresh: int = 3,
        pause: float = 0.005,
    ) -> Load:
        """Clients for this server, whom two cores can stand."""
        return Load([server.port], requests, kept=kept, fresh=fresh, pause=pause)

    def block(self, server: Server, name: str, method: str = "GET") -> tuple[Call, int]:
        """A request that is inside until the test releases it.  @return: it; its worker's pid."""
        before = len(server.site.inside(name))
        call = Call(lambda: server.get(f"/block?{name}", method))
        self.soon(lambda: len(server.site.inside(name)) > before, "the request is inside")
        return call, server.site.inside(name)[-1]

    def assert_none_lost(self, loads: Load | Iterable[Load], *, races: bool = True) -> Summary:
        """
        Every request was answered.

        @param races: kept connections may have been closed over a request that was not read yet.
        @return: all there is to know.
        """
        several = [loads] if isinstance(loads, Load) else loads
        summary = Summary(one for load in several for one in load.outcomes)
        if summary.lost or (summary.count(Fate.RACE) and not races):
            self.fail(summary.text())
        self.assertGreater(summary.count(Fate.ANSWERED), 50, summary.text())
        return summary

    def assert_lost_at(self, summary: Summary, moments: Sequence[float], *fates: Fate) -> None:
        """What was lost came to one of these ends, and was under way at one of these moments."""
        for one in summary.lost:
            in_time = any(one.sent <= at + MOMENT and at <= one.ended + 0.01 for at in moments)
            if one.fate not in fates or not in_time or self._long_after(one, moments):
                self.fail(f"{one} at {one.sent:.3f}, {moments}\n{summary.text()}")

    def _long_after(self, one: Outcome, moments: Sequence[float]) -> bool:
        """It took longer to know than a signal takes."""
        last = max(at for at in [one.sent, *moments] if at <= one.ended)
        return one.ended - last > MOMENT


def now() -> float:
    """The clock of outcomes."""
    return time.monotonic()
