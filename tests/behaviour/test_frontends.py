"""Several frontends before the same workers; and clients that leave, in both modes."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.behaviour.client import Connection, EndedError, ResetError, Response
from tests.behaviour.harness import Http, HttpSocket, ModeCase
from tests.behaviour.server import READY, SPAWNED, Call, Server

FRONTENDS = r"(?m)^(?:spawned|[Rr]espawned) uWSGI http (\d+) \((?:new )?pid: (\d+)\)$"
#: Five times the second within which a frontend that died is back.
BACK = 5.0
#: Rounds in which both frontends fill the cores at the same moment.
ROUNDS = 25


def unread(port: int) -> int:
    """How many bytes that clients have sent to this port nobody has read yet."""
    with open("/proc/net/tcp") as table:
        rows = [line.split() for line in table][1:]
    connected = [row for row in rows if row[1].endswith(f":{port:04X}") and row[3] == "01"]
    return sum(int(row[4].partition(":")[2], 16) for row in connected)


class FrontendsCase(Http, ModeCase):
    """Two frontends, four workers of two threads."""

    def start_two(self, changes: dict[str, str | None] | None = None, workers: int = 4) -> Server:
        """A server of which all is ready."""
        server = self.serve({"http-processes": "2", "cheaper": None, **(changes or {})})
        server.wait_for(READY, workers)
        self.assertEqual(sorted(self.frontends(server)), [1, 2])
        return server

    def frontends(self, server: Server) -> dict[int, int]:
        """The frontends' pids, as the log told last."""
        server.wait_for(FRONTENDS, 2)
        return {int(found[1]): int(found[2]) for found in server.find(FRONTENDS)}

    @contextmanager
    def only(self, server: Server, frontend: int) -> Iterator[None]:
        """The other frontend stands still: whoever connects is this one's."""
        others = [pid for index, pid in self.frontends(server).items() if index != frontend]
        for pid in others:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in others:
                os.kill(pid, signal.SIGCONT)

    def connections(self, server: Server, frontend: int, count: int) -> list[Connection]:
        """Connections that C{frontend} has accepted: each has served a request."""
        made = []
        with self.only(server, frontend):
            for _ in range(count):
                connection = server.connect()
                self.addCleanup(connection.close)
                self.assertEqual(connection.request("/base.css").status, 200)
                made.append(connection)
        return made

    def ask(self, connections: list[Connection], path: str) -> list[Call]:
        """The same request on each of them."""

        def call(connection: Connection) -> Call:
            return Call(lambda: connection.request(path))

        return [call(connection) for connection in connections]

    def answers(self, calls: list[Call]) -> list[Response]:
        """All answers, which are good ones."""
        answers = [call.result() for call in calls]
        self.assertEqual([answer.status for answer in answers], [200] * len(calls))
        return answers


class SharingTests(FrontendsCase):
    """The cores belong to both."""

    def test_all_on_one(self) -> None:
        """Eight requests that all come to one frontend are inside at once, whichever it is."""
        server = self.start_two()
        for frontend in (1, 2):
            connections = self.connections(server, frontend, 8)
            answers = self.answers(self.ask(connections, f"/meet?8&{frontend}"))
            pids = [answer.worker for answer in answers]
            self.assertEqual(sorted(pids.count(pid) for pid in set(pids)), [2, 2, 2, 2])

    def test_both_at_once(self) -> None:
        """Two that fill the cores at the same moment leave nobody waiting while a core is free."""
        server = self.start_two()
        connections = self.connections(server, 1, 4) + self.connections(server, 2, 4)
        for number in range(ROUNDS):
            # Each answers only when all eight are inside.
            self.answers(self.ask(connections, f"/meet?8&round-{number}"))

    def test_moves_to_a_free_core(self) -> None:
        """A request that waits at a busy worker goes where a core becomes free, wherever it is."""
        server = self.start_two({"threads": "1"})
        connections = self.connections(server, 1, 4)
        (waiting,) = self.connections(server, 2, 1)
        held: dict[int, tuple[str, Call]] = {}
        for number, connection in enumerate(connections):
            (call,) = self.ask([connection], f"/block?{number}")
            self.soon(lambda n=number: server.site.inside(str(n)), "it is inside")  # type: ignore[misc]
            held[server.site.inside(str(number))[0]] = str(number), call
        self.assertEqual(len(held), 4)
        for pid, (name, call) in held.items():
            (moved,) = self.ask([waiting], "/pid")
            server.site.release(name)
            self.assertEqual(call.result().worker, pid)
            self.assertEqual(moved.result().worker, pid)
            # Full again, as before.
            (call,) = self.ask([connections[int(name)]], f"/block?again-{name}")
            self.soon(lambda n=name: server.site.inside(f"again-{n}"), "it is inside")  # type: ignore[misc]
        for name in ("0", "1", "2", "3"):
            server.site.release(f"again-{name}")

    def test_not_passed_by(self) -> None:
        """Nobody waits behind a long request while later ones are served by another worker."""
        server = self.start_two({"processes": "2", "threads": "1"}, workers=2)
        ours, theirs = self.connections(server, 1, 3), self.connections(server, 2, 2)
        (held,) = self.ask(ours[:1], "/block?held")
        self.soon(lambda: server.site.inside("held"), "it is inside")
        until = time.monotonic() + 3

        def load(connection: Connection) -> float:
            longest = 0.0
            while (began := time.monotonic()) < until:
                self.assertEqual(connection.request("/sleep?0.05").status, 200)
                longest = max(longest, time.monotonic() - began)
            return longest

        calls = [Call(lambda one=one: load(one)) for one in ours[1:] + theirs]  # type: ignore[misc]
        # Four by turns at one core: 0.2 s each.
        for call in calls:
            self.assertLess(call.result(), 1.0)
        self.assertTrue(held.running)
        server.site.release("held")
        self.assertEqual(held.result().status, 200)

    def test_neither_starves(self) -> None:
        """While one frontend has more requests than there are cores the other is answered too."""
        server = self.start_two({"processes": "2"}, workers=2)
        for greedy, modest in ((1, 2), (2, 1)):
            connections = self.connections(server, greedy, 12)
            until = time.monotonic() + 2

            def load(connection: Connection, until: float = until) -> int:
                served = 0
                while time.monotonic() < until:
                    self.assertEqual(connection.request("/sleep?0.02").status, 200)
                    served += 1
                return served

            many = [Call(lambda one=one: load(one)) for one in connections]  # type: ignore[misc]
            few = [
                Call(lambda one=one: load(one))  # type: ignore[misc]
                for one in self.connections(server, modest, 2)
            ]
            # By turns each would have a fourteenth of some 400.
            for call in few + many:
                self.assertGreater(call.result(), 3)


class LifeTests(FrontendsCase):
    """Their beginning, their death and their end."""

    def test_log(self) -> None:
        """Each says that it was spawned; uWSGI's other name for the option does as well."""
        server = self.serve({"http-workers": "2", "processes": "1", "cheaper": None})
        server.wait_for(READY)
        pids = {
            int(found[1]): int(found[2])
            for found in server.find(r"(?m)^spawned uWSGI http (\d+) \(pid: (\d+)\)$")
        }
        self.assertEqual(sorted(pids), [1, 2])
        self.assertLess(set(pids.values()), set(server.alive()))
        self.assertEqual(len(set(pids.values())), 2)
        for frontend in (1, 2):
            self.connections(server, frontend, 1)

    def test_killed(self) -> None:
        """One that is killed takes with it what it had accepted, and is back soon."""
        server = self.start_two({"processes": "2"}, workers=2)
        (first,), (second,) = (self.connections(server, index, 1) for index in (1, 2))
        lost, kept = self.ask([first], "/block?lost") + self.ask([second], "/block?kept")
        for name in ("lost", "kept"):
            self.soon(lambda n=name: server.site.inside(n), "it is inside")  # type: ignore[misc]
        pid = self.frontends(server)[1]
        began = time.monotonic()
        os.kill(pid, signal.SIGKILL)
        self.assertRaises((EndedError, ResetError), lost.result)
        server.wait_for(r"(?m)^[Rr]espawned uWSGI http 1 \((?:new )?pid: (\d+)\)", 1, BACK)
        # Nobody noticed who does not belong to it; and who connects now is served, by it too.
        for _ in range(5):
            self.assertEqual(server.get("/pid").status, 200)
        (again,) = self.connections(server, 1, 1)
        self.assertEqual(again.request("/pid").status, 200)
        self.assertLess(time.monotonic() - began, BACK)
        for name in ("lost", "kept"):
            server.site.release(name)
        self.assertEqual(kept.result().status, 200)
        self.assertEqual(len(server.find(SPAWNED)), 2)
        # The core of the lost request serves again: all four at once.
        connections = [again, second, *self.connections(server, 1, 1)]
        connections += self.connections(server, 2, 1)
        self.answers(self.ask(connections, "/meet?4"))
        self.assertEqual(server.stop(), 0)

    def test_term(self) -> None:
        """What is in flight or waits, at either frontend, is answered; nothing is left behind."""
        server = self.start_two({"processes": "2", "threads": "1"}, workers=2)
        connections = self.connections(server, 1, 3) + self.connections(server, 2, 3)
        for connection in connections:
            connection.send("/block?flight")
        calls = [Call(connection.receive) for connection in connections]
        self.soon(lambda: len(server.site.inside("flight")) == 2, "the cores are full")
        self.soon(lambda: unread(server.port) == 0, "the frontends have all requests")
        server.send_signal(signal.SIGTERM)
        server.wait_for("SIGINT/SIGTERM received...killing workers...")
        server.site.release("flight")
        self.answers(calls)
        self.assertEqual(server.wait_for_exit(), 0)
        server.assert_nothing_left()

    def test_cheaper(self) -> None:
        """Workers come for requests that wait at either frontend, and leave again."""
        server = self.start_two({"cheaper": "1"}, workers=1)
        calls = []
        for frontend in (1, 2):
            calls += self.ask(self.connections(server, frontend, 4), "/block?load")
        self.soon(lambda: len(server.site.inside("load")) == 8, "eight are inside")
        spawned = [int(found[1]) for found in server.find(SPAWNED)]
        self.assertEqual(sorted(spawned), [1, 2, 3, 4])
        server.site.release("load")
        self.answers(calls)
        server.wait_for(r"(?m)^uWSGI worker \d+ cheaped\.$")
        for frontend in (1, 2):
            (connection,) = self.connections(server, frontend, 1)
            self.assertEqual(connection.request("/pid").status, 200)
        self.assertEqual(server.stop(), 0)


class Leaving:
    """Clients that leave."""

    def test_leaves_a_stream(self) -> None:
        """A client that leaves a stream ends it: C{close()} is called, once; the core is free."""
        server = self.serve({"processes": "1", "cheaper": None, "threads": "1"})
        server.wait_ready()
        for number, leave in enumerate((Connection.close, Connection.reset)):
            connection = server.connect()
            connection.send(f"/endless?{number}")
            connection.read(5000)
            self.assertEqual(server.site.closed(str(number)), 0)
            leave(connection)
            # There is one core: who is answered has it.
            self.assertEqual(server.get("/pid").status, 200)
            self.assertEqual(server.site.closed(str(number)), 1)
        self.assertEqual(server.find("Traceback"), [])


class HttpLeavingTests(Leaving, Http, ModeCase):
    """L{Leaving}, C{http =}."""


class HttpSocketLeavingTests(Leaving, HttpSocket, ModeCase):
    """L{Leaving}, C{http-socket =}."""
