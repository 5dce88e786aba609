"""C{harakiri} under load: the request that hangs is lost, and nothing else."""

from __future__ import annotations

import time

from tests.behaviour.client import EndedError, ResetError
from tests.behaviour.harness import Http, HttpSocket
from tests.behaviour.lossless import GETS, LosslessCase
from tests.behaviour.server import SPAWNED, Call, Server

HARAKIRI = r"HARAKIRI ON WORKER 1 "
#: One worker, so that who hangs and who does not are siblings; and time for those that do not.
ONE = {
    "processes": "1",
    "cheaper": None,
    "threads": "4",
    "harakiri": "4",
    "harakiri-graceful-timeout": "15",
    "disable-logging": "true",
}
#: Seconds that a sibling begins later: when the other one is given up, it is not.
LATER = 2.5


class Harakiri:
    """Requests that do not end, in both modes."""

    #: How the request ends that hangs.
    LOST: str

    def ending(self, call: Call) -> str:
        """How a request ended: its status, or C{end}."""
        try:
            return str(call.result().status)
        except (EndedError, ResetError):
            return "end"

    def assert_told(self, server: Server, path: str, function: str) -> None:
        """The log says which request it was, and where it hung, before the worker died."""
        text = server.text()
        told = text[text.index("HARAKIRI ON WORKER") :]
        self.assertIn(path, told)
        self.assertIn(f"in {function}", told)

    def test_siblings(self) -> None:
        """The siblings of a request that hangs are answered; a successor serves meanwhile."""
        server = self.serve_ready(ONE)
        with self.load(server) as load:
            stuck, pid = self.block(server, "stuck")
            time.sleep(LATER)
            sibling, same = self.block(server, "sibling")
            self.assertEqual(same, pid)
            server.wait_for(HARAKIRI)
            self.assertTrue(sibling.running)
            server.site.release("sibling")
            self.assertEqual((sibling.result().status, sibling.result().worker), (200, pid))
            server.wait_for(SPAWNED, 2)
            load.wait_for(30)
            self.soon(lambda: server.get("/pid").worker != pid, "the successor serves")
            self.assertEqual(self.ending(stuck), self.LOST)
            self.soon(lambda: pid not in server.alive(), "the old worker is gone")
        self.assert_none_lost(load, races=self.option == "http-socket")
        self.assert_told(server, "GET /block?stuck", "block")
        self.assertEqual(len(server.find(HARAKIRI)), 1)
        self.assertEqual(server.stop(), 0)

    def test_interpreter_that_is_stuck(self) -> None:
        """A request that never lets go of the interpreter's lock is found, and told, too."""
        server = self.serve_ready(ONE)
        with self.load(server, GETS) as load:
            load.wait_for(20)
            stuck = Call(lambda: server.get("/spin?turn"))
            self.soon(lambda: server.site.inside("turn"), "the request is inside")
            server.site.release("turn")
            self.assertEqual(self.ending(stuck), self.LOST)
            server.wait_for(SPAWNED, 2)
            load.wait_for(50)
        # Those that began with it cannot go on either: they too have taken too long.
        summary = load.summary()
        self.assertLessEqual(len(summary.lost), 6)
        self.assertTrue(all(one.ended - one.sent > 4 for one in summary.lost), summary.text())
        if self.option == "http":
            self.assertLessEqual({one.status for one in summary.lost}, {504}, summary.text())
        self.assert_told(server, "GET /spin?turn", "spin")
        self.assertEqual(server.stop(), 0)


class HttpHarakiriTests(Harakiri, Http, LosslessCase):
    """L{Harakiri}, C{http =}."""

    LOST = "504"


class HttpSocketHarakiriTests(Harakiri, HttpSocket, LosslessCase):
    """L{Harakiri}, C{http-socket =}."""

    LOST = "end"
