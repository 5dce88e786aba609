"""What kill -9 costs: exactly what was in the process that was killed."""

from __future__ import annotations

import os
import signal

from tests.behaviour.client import EndedError, ResetError
from tests.behaviour.harness import Http, HttpSocket
from tests.behaviour.lossless import LosslessCase, now
from tests.behaviour.server import Call, Server
from twsgi.selftest.fate import Fate
from twsgi.selftest.load import Load

#: A process that is killed is there again within 0.5 s; five times that.
BACK = 2.5
#: Idle children leave within 2 seconds of their master's death; five times that.
ORPHANS = 10.0


def ending(call: Call) -> str:
    """How a request ended: its status, or C{end}."""
    try:
        return str(call.result().status)
    except (EndedError, ResetError):
        return "end"


class Crash:
    """Deaths of a worker and of the master, in both modes."""

    #: How a POST ends whose worker dies.
    LOST: str

    def blocked(self, server: Server) -> dict[int, list[Call]]:
        """Three of four cores are inside a request: the calls, by worker."""
        found: dict[int, list[Call]] = {}
        for number in range(3):
            call, pid = self.block(server, f"held-{number}", "POST")
            found.setdefault(pid, []).append(call)
        self.assertEqual(len(found), 2)
        return found

    def test_killed_worker(self) -> None:
        """Only the requests inside a worker die with it; those of its siblings are answered."""
        server = self.serve_ready()
        held = self.blocked(server)
        victim = max(held, key=lambda pid: len(held[pid]))
        with self.load(server) as load:
            load.wait_for(30)
            killed = now()
            os.kill(victim, signal.SIGKILL)
            load.wait_for(30)
        self.assertEqual([ending(call) for call in held[victim]], [self.LOST] * 2)
        for number in range(3):
            server.site.release(f"held-{number}")
        others = [call for pid, calls in held.items() for call in calls if pid != victim]
        self.assertEqual([ending(call) for call in others], ["200"])
        # Both cores of the victim were taken: nobody else can have been inside.
        self.assert_load(load, killed)
        self.assertEqual(server.stop(), 0)

    def assert_load(self, load: Load, killed: float) -> None:
        """What a load lost whose requests were not inside the worker that was killed."""
        raise NotImplementedError

    def test_killed_master(self) -> None:
        """What is in flight when the master is killed is answered; then nothing is left."""
        server = self.serve_ready()
        port = server.port
        held, _ = self.block(server, "held")
        with self.load(server) as load:
            load.wait_for(50)
            killed = now()
            os.kill(server.master, signal.SIGKILL)
            server.wait_for_exit()
            self.soon(lambda: load.summary().count(Fate.REFUSED), "connections are refused")
        server.site.release("held")
        self.assertEqual(ending(held), "200")
        server.assert_nothing_left(ORPHANS, [port])
        summary = load.summary()
        # Who comes after the master's death finds nobody, or a socket that is being closed.
        self.assertEqual([one for one in summary.lost if one.sent < killed], [], summary.text())
        self.assertLessEqual({one.fate for one in summary.lost}, {Fate.REFUSED, Fate.RESET})


class HttpCrashTests(Crash, Http, LosslessCase):
    """L{Crash}, C{http =}; and the frontend's death."""

    LOST = "502"

    def assert_load(self, load: Load, killed: float) -> None:
        """Nothing: a worker without a free core holds nobody else's request."""
        self.assert_none_lost(load, races=False)

    def test_killed_frontend(self) -> None:
        """What a frontend had accepted dies with it; all that comes later the next one serves."""
        server = self.serve_ready()
        held, _ = self.block(server, "held")
        frontend = server.frontend
        with self.load(server) as load:
            load.wait_for(50)
            killed = now()
            os.kill(frontend, signal.SIGKILL)
            self.assertEqual(ending(held), "end")
            died = now()
            load.wait_for(50)
        summary = load.summary()
        self.assert_lost_at(summary, [killed], Fate.RESET, Fate.PARTIAL)
        # Nobody had more than one request under way.
        self.assertLessEqual(len(summary.lost), 6)
        after = [one.ended for one in summary.outcomes if one.sent > died and not one.lost]
        self.assertLess(min(after) - died, BACK)
        server.site.release("held")
        self.assertEqual(server.stop(), 0)

    def test_connections_that_wait_for_a_frontend(self) -> None:
        """What waits in the listening socket when the frontend dies is served by the next."""
        server = self.serve_ready()
        frontend = server.frontend
        os.kill(frontend, signal.SIGSTOP)
        waiting = [server.connect() for _ in range(20)]
        for number, connection in enumerate(waiting):
            self.addCleanup(connection.close)
            connection.send(f"/path/{number}")
        os.kill(frontend, signal.SIGKILL)
        answers = [connection.receive() for connection in waiting]
        self.assertEqual([one.text for one in answers], [f"/path/{n}" for n in range(20)])
        self.assertEqual(server.stop(), 0)


class HttpSocketCrashTests(Crash, HttpSocket, LosslessCase):
    """L{Crash}, C{http-socket =}; and a worker that has connections."""

    LOST = "end"

    def assert_load(self, load: Load, killed: float) -> None:
        """Nothing again: a worker without a free core accepts nothing."""
        self.assert_none_lost(load)

    def test_killed_worker_that_accepts(self) -> None:
        """A worker that dies takes along what is under way on its connections, no more."""
        server = self.serve_ready()
        held, victim = self.block(server, "held")
        with self.load(server) as load:
            load.wait_for(50)
            killed = now()
            os.kill(victim, signal.SIGKILL)
            self.assertEqual(ending(held), "end")
            load.wait_for(100)
        summary = load.summary()
        self.assert_lost_at(summary, [killed], Fate.RESET, Fate.PARTIAL)
        # Nobody had more than one request under way.
        self.assertLessEqual(len(summary.lost), 6)
        self.assertEqual(server.stop(), 0)
