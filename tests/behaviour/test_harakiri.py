"""A request that does not end costs itself, not its siblings (harakiri)."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping

from tests.behaviour.client import EndedError, ResetError
from tests.behaviour.harness import Http, HttpSocket, ModeCase
from tests.behaviour.processes import becomes
from tests.behaviour.server import READY, Call, Server

#: What a record of the log begins with; from there to what comes after it.
HARAKIRI = (
    r"(?m)^.* - \*\*\* HARAKIRI ON WORKER 1 \(pid: (\d+), try: 1, graceful: (yes|no)\) \*\*\*$"
)
DAMN = r"(?m)^DAMN ! worker \d \(pid: (\d+)\) died, killed by signal 9 :\( trying respawn \.\.\.$"
ONE: Mapping[str, str | None] = {"processes": "1", "cheaper": None, "threads": "2"}
#: Seconds that a request may take here, and how much later its sibling begins.
LIMIT = 4
LATER = 2.0


class Hanging:
    """One worker with two cores, in both modes."""

    def ready(self, **changes: str) -> Server:
        """A server that has answered."""
        server = self.serve({**ONE, "harakiri": str(LIMIT), **changes})
        server.wait_ready()
        return server

    def hang(self, server: Server, method: str = "GET") -> Call:
        """A request that waits inside the application for another one, which never comes."""
        call = Call(lambda: server.get("/meet?2&stuck", method))
        self.soon((server.site.meetings / "meet-stuck").exists, "the request is inside")
        return call

    def block(self, server: Server, name: str) -> Call:
        """A request that is inside until the test releases it."""
        call = Call(lambda: server.get(f"/block?{name}"))
        self.soon(lambda: server.site.inside(name), "the request is inside")
        return call

    def given_up(self, call: Call) -> str:
        """How it ended."""
        try:
            return str(call.result().status)
        except (EndedError, ResetError):
            return "end"

    @property
    def expected(self) -> str:
        """How a request ends that hangs."""
        return {"http": "504", "http-socket": "end"}[self.option]

    def record(self, server: Server, end: str) -> str:
        """What the log says from HARAKIRI on, up to C{end}."""
        start = server.wait_for(HARAKIRI).start()
        # Not what matches before: a server's log begins with who was spawned.
        self.soon(lambda: re.search(end, server.text()[start:]), f"in the log: {end}")
        record, *_ = re.split(end, server.text()[start:], maxsplit=1)
        return record

    def test_sibling(self) -> None:
        """
        A request hangs: it alone is given up, its sibling is answered before the worker is killed,
        and a new worker serves long before that.
        """
        server = self.ready()
        old = server.worker()
        stuck = self.hang(server)
        begun = time.monotonic()
        self.soon(lambda: time.monotonic() > begun + LATER, "its sibling begins later")
        sibling = self.block(server, "sibling")
        self.assertEqual(int(server.wait_for(HARAKIRI)[1]), old)
        server.wait_for(READY, 2)
        self.soon(lambda: server.get("/pid").worker != old, "a new worker serves")
        self.assertEqual(server.find(DAMN), [])
        self.assertEqual(stuck.running, self.option == "http-socket")
        server.site.release("sibling")
        answer = sibling.result()
        self.assertEqual((answer.status, answer.worker), (200, old))
        self.assertEqual(int(server.wait_for(DAMN)[1]), old)
        self.assertEqual(self.given_up(stuck), self.expected)
        self.assertEqual(server.get("/pid").worker, server.worker())
        self.assertEqual(len(server.find(HARAKIRI)), 1)
        self.assertEqual(server.stop(), 0)

    def test_record(self) -> None:
        """The log tells which request, how long it took, and where its thread is; no other's."""
        server = self.ready()
        self.hang(server)
        begun = time.monotonic()
        self.soon(lambda: time.monotonic() > begun + LATER, "its sibling begins later")
        self.block(server, "sibling")
        record = self.record(server, "(?m)^spawned|^Respawned")
        for words in (
            r"HARAKIRI !!! worker 1 status !!!\n",
            r"HARAKIRI \[core \d\] 127\.0\.0\.1 - GET /meet\?2&stuck since \d+ "
            r"\(queued \d+\.\d{3} s, ran [45]\.\d{3} s\)\n",
            r"HARAKIRI \[core \d\] 127\.0\.0\.1 - GET /block\?sibling since \d+ ",
            r"HARAKIRI !!! end of worker 1 status !!!\nHARAKIRI triggered by worker 1 core \d !!!\n"
            r"uWSGI core \d \(most recent call last\):\n",
            r"app\.py\", line \d+, in meet\n",
        ):
            self.assertRegex(record, words)
        self.assertNotIn("in block\n", record)
        server.site.release("sibling")
        server.wait_for(DAMN)

    def test_verbose(self) -> None:
        """With C{harakiri-verbose} the log tells where all threads are."""
        server = self.ready(**{"harakiri-verbose": "true"})
        self.hang(server)
        begun = time.monotonic()
        self.soon(lambda: time.monotonic() > begun + LATER, "its sibling begins later")
        self.block(server, "sibling")
        record = self.record(server, "(?m)^spawned|^Respawned")
        for words in ("in meet\n", "in block\n", "MainThread (most recent call last)"):
            self.assertIn(words, record)
        server.site.release("sibling")
        server.wait_for(DAMN)

    def test_grace(self) -> None:
        """A sibling that takes its time has harakiri-graceful-timeout, and then no more."""
        server = self.ready(**{"harakiri-graceful-timeout": "1"})
        stuck = self.hang(server)
        begun = time.monotonic()
        self.soon(lambda: time.monotonic() > begun + LATER, "its sibling begins later")
        sibling = self.block(server, "sibling")
        server.wait_for(DAMN)
        self.assertEqual(self.given_up(stuck), self.expected)
        # It was killed in a sibling's GET: over http that is sent to the new worker.
        server.site.release("sibling")
        self.assertEqual(self.given_up(sibling), {"http": "200", "http-socket": "end"}[self.option])

    def test_held_interpreter(self) -> None:
        """
        A request that never lets go of the interpreter's lock is seen as well: the log has the
        stack all the same, and the worker is killed at once.
        """
        server = self.ready()
        old = server.worker()
        call = Call(lambda: server.get("/spin?turn"))
        self.soon(lambda: server.site.inside("turn"), "the request is inside")
        server.site.release("turn")
        found = server.wait_for(HARAKIRI)
        self.assertEqual((int(found[1]), found[2]), (old, "no"))
        self.assertEqual(self.given_up(call), self.expected)
        self.assertEqual(int(server.wait_for(DAMN)[1]), old)
        record = self.record(server, "(?m)^spawned|^Respawned")
        for words in (
            r"127\.0\.0\.1 - GET /spin\?turn since \d+ \(queued \S+ s, ran [4-8]\.\d{3} s\)\n",
            r"worker 1 does not answer: ",
            r"hread 0x[0-9a-f]+ (\[.*\] )?\(most recent call first\):\n",
            r"app\.py\", line \d+ in spin\n",
        ):
            self.assertRegex(record, words)
        self.assertNotIn(" in run_until_current\n", record)
        self.assertEqual(len(re.findall(r"most recent call", record)), 1)
        self.assertNotEqual(server.get("/pid").worker, old)
        self.assertEqual(server.stop(), 0)

    def test_never_again(self) -> None:
        """A request that hangs is begun once: it is no other worker's to hang as well."""
        server = self.ready(processes="2")
        self.hang(server)
        server.wait_for(DAMN)
        self.assertEqual((server.site.meetings / "meet-stuck").stat().st_size, 1)
        self.assertEqual(server.get("/pid").status, 200)

    def test_in_time(self) -> None:
        """Requests that end in time, however many, are no reason for anything."""
        server = self.ready(harakiri="1")
        old = server.worker()
        for _ in range(10):
            self.assertEqual(server.get("/sleep?0.3").worker, old)
        self.assertEqual(server.find("(?i)harakiri"), [])
        self.assertEqual(server.stop(), 0)

    def test_stop(self) -> None:
        """A stop need not wait for mercy to be over where a request hangs."""
        server = self.ready()
        stuck = self.hang(server)
        begun = time.monotonic()
        self.assertEqual(server.stop(), 0)
        self.assertLess(time.monotonic() - begun, 15)
        self.assertEqual(self.given_up(stuck), self.expected)
        self.assertEqual(len(server.find(HARAKIRI)), 1)


class HttpHarakiriTests(Hanging, Http, ModeCase):
    """L{Hanging}, C{http =}."""

    def test_not_the_waiting(self) -> None:
        """
        With several frontends requests may wait at a worker whose interpreter is held: they are
        not what hangs, however long that takes, and the next worker answers them.
        """
        server = self.ready(**{"http-processes": "2", "harakiri": "2"})
        call = Call(lambda: server.get("/spin?turn"))
        self.soon(lambda: server.site.inside("turn"), "the request is inside")
        server.site.release("turn")
        waiting: list[Call] = []

        def held() -> bool:
            waiting.append(Call(lambda: server.get("/pid")))
            return not becomes(lambda: not waiting[-1].running, 0.3)

        self.soon(held, "nothing in the worker goes on")
        waiting += [Call(lambda: server.get("/pid")) for _ in range(6)]
        self.assertEqual(self.given_up(call), "504")
        self.assertEqual({self.given_up(one) for one in waiting}, {"200"})
        self.assertEqual(server.stop(), 0)


class HttpSocketHarakiriTests(Hanging, HttpSocket, ModeCase):
    """L{Hanging}, C{http-socket =}."""
