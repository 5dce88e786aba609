"""Workers come and go with the load, and no request is lost."""

from __future__ import annotations

from tests.behaviour.harness import Http, HttpSocket
from tests.behaviour.lossless import GETS, LosslessCase
from tests.behaviour.server import SPAWNED, Server
from tests.behaviour.test_cheaper import CHEAPED
from twsgi.selftest.client import Request
from twsgi.selftest.load import Load

#: How often a worker comes, and goes.
ROUNDS = 20
#: Five times what a worker takes to go (3 s).
TURN = 15.0

SLOW = (Request(path="/sleep?0.1", answer=b"slept"),)


class Cheaper:
    """C{cheaper = 1} of two workers with one thread each, in both modes."""

    def test_up_and_down(self) -> None:
        """Twenty workers come, twenty go; what goes on all the while is never interrupted."""
        changes = {"processes": "2", "threads": "1", "cheaper-overload": "1"}
        server = self.serve_ready(changes)
        loads: list[Load] = [Load([server.port], GETS, kept=1, fresh=1, pause=0.05)]
        with loads[0] as always:
            always.wait_for(10)
            for number in range(ROUNDS):
                with self.load(server, SLOW) as heavy:
                    loads.append(heavy)
                    self.soon_told(heavy, server, SPAWNED, number + 2)
                self.soon_told(always, server, CHEAPED, number + 1)
        self.assert_none_lost(loads, races=self.option == "http-socket")
        self.assertEqual(server.find("DAMN"), [])
        self.assertEqual(server.stop(), 0)

    def soon_told(self, load: Load, server: Server, pattern: str, count: int) -> None:
        """Waits for lines of the log; where it is in vain, the load tells what it saw."""
        try:
            server.wait_for(pattern, count, TURN)
        except AssertionError as error:
            self.fail(f"{error}\n{load.summary().text()}")


class HttpCheaperTests(Cheaper, Http, LosslessCase):
    """L{Cheaper}, C{http =}."""


class HttpSocketCheaperTests(Cheaper, HttpSocket, LosslessCase):
    """L{Cheaper}, C{http-socket =}."""
