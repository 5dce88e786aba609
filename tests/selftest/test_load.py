"""L{twsgi.selftest.load}: clients at work."""

from __future__ import annotations

import socket
import threading

from twisted.trial.unittest import SynchronousTestCase

from tests.selftest.fakes import OK, PATIENCE, FakeServer, answer, read_request
from twsgi.selftest.client import Request
from twsgi.selftest.fate import Fate
from twsgi.selftest.load import Load


def kept_for_ever(connected: socket.socket) -> None:
    """Answers all requests of a connection."""
    while True:
        answer(OK)(connected)


class LoadTests(SynchronousTestCase):
    """Threads of clients against servers that misbehave now and then."""

    def server(self, *scripts: object) -> int:
        """The port of a server."""
        server = FakeServer(*scripts)  # type: ignore[arg-type]
        self.addCleanup(server.close)
        return server.port

    def test_every_fate_is_counted(self) -> None:
        """What two clients were done to is in the summary, each thing once."""
        fresh = self.server(
            answer(OK), answer(b""), answer(OK[:5]), answer(OK), *[answer(OK)] * 999
        )
        with Load([self.server(kept_for_ever), fresh], [Request()], kept=1, fresh=1) as load:
            load.wait_for(20)
        summary = load.summary()
        self.assertEqual(summary.count(Fate.RESET), 1)
        self.assertEqual(summary.count(Fate.PARTIAL), 1)
        self.assertEqual(len(summary.lost), 2)
        self.assertEqual(summary.count(Fate.ANSWERED), len(summary.outcomes) - 2)
        # One connection was kept for all of its client's requests.
        kept = [one for one in summary.outcomes if not one.fresh]
        self.assertGreater(len(kept), 0)

    def test_requests_take_turns(self) -> None:
        """Each client asks all there is to ask, in order."""
        seen = []

        def script(connected: socket.socket) -> None:
            while True:
                seen.append(read_request(connected).split()[1])
                connected.sendall(OK)

        asked = [Request(path="/a"), Request(path="/b"), Request("POST", "/c", b"x")]
        with Load([self.server(script)], asked, kept=1, pause=0.001) as load:
            load.wait_for(7)
        self.assertEqual(seen[:7], [b"/a", b"/b", b"/c", b"/a", b"/b", b"/c", b"/a"])
        self.assertEqual(load.outcomes[2].request, "POST /c")

    def test_waits_for_what_is_begun(self) -> None:
        """At the end of the load every request has a fate."""
        seen = []

        def script(connected: socket.socket) -> None:
            seen.append(read_request(connected))
            connected.sendall(OK)

        with Load([self.server(*[script] * 9999)], [Request()], fresh=2) as load:
            load.wait_for(5)
        self.assertEqual(len(seen), len(load.outcomes))
        self.assertEqual(load.summary().lost, [])

    def test_under_way(self) -> None:
        """Who waits for what is under way waits for the slowest, and for nothing else."""
        arrived, released = threading.Event(), threading.Event()

        def slow(connected: socket.socket) -> None:
            arrived.set()
            released.wait(PATIENCE)
            answer(OK)(connected)

        ports = [self.server(kept_for_ever), self.server(slow, kept_for_ever)]
        with Load(ports, [Request()], kept=2, pause=0.001) as load:
            arrived.wait(PATIENCE)
            self.assertRaises(TimeoutError, load.wait_for_those_under_way, 0.05)
            before = len(load.outcomes)
            released.set()
            load.wait_for_those_under_way()
            self.assertGreater(len(load.outcomes), before)

    def test_answers_that_do_not_come(self) -> None:
        """Who waits for answers is told that they do not come; only new ones count."""
        server = FakeServer()
        server.close()
        with Load([server.port], [Request()], fresh=1) as load:
            self.assertRaises(TimeoutError, load.wait_for, 1, 0.05)
        self.assertEqual({one.fate for one in load.outcomes}, {Fate.REFUSED})
