"""C{http-retry}: workers die again and again, and who asked for something has it all the same."""

from __future__ import annotations

import os
import signal
import time

from tests.behaviour.harness import Http
from tests.behaviour.lossless import GETS, POST, LosslessCase, now
from tests.behaviour.server import SPAWNED, Server
from twsgi.selftest.client import Request
from twsgi.selftest.fate import Fate
from twsgi.selftest.load import Load

#: How often a worker is killed, and how many seconds are between.
KILLS, EVERY = 10, 0.5
#: A POST whose worker dies is answered within 0.02 s; many times that, for a busy machine.
AT_ONCE = 1.0

PUT = Request("PUT", "/echo", b"y" * 100_000, answer=b"y" * 100_000)


class HttpRetryTests(Http, LosslessCase):
    """C{http =}: the frontend has the request, and gives it to another worker."""

    def workers(self, server: Server) -> list[int]:
        """The workers that are there, those that were spawned first at the head."""
        alive = server.alive()
        return [int(found[2]) for found in server.find(SPAWNED) if int(found[2]) in alive]

    def test_killed_every_half_second(self) -> None:
        """Of GET and PUT none fails, on kept and fresh connections; of POST what was inside."""
        server = self.serve({"cheaper": None, "disable-logging": "true"})
        server.wait_ready()
        held, victim = self.block(server, "held", "POST")
        posts = Load([server.port], [POST], kept=1, fresh=1, pause=0.005)
        with self.load(server, (*GETS, PUT)) as load, posts:
            load.wait_for(30)
            killed = now()
            os.kill(victim, signal.SIGKILL)
            self.assertEqual(held.result().status, 502)
            self.assertLess(now() - killed, AT_ONCE)
            for _ in range(KILLS - 1):
                time.sleep(EVERY)
                # A second time the same request would not be sent again.
                load.wait_for_those_under_way()
                os.kill(self.workers(server)[0], signal.SIGKILL)
            load.wait_for(50)
        # Nobody else has killed any.
        server.wait_for(r"died, killed by signal 9", KILLS)
        self.assertEqual(len(server.find(r"died, killed by signal 9")), KILLS)
        self.assert_none_lost(load, races=False)
        summary = posts.summary()
        self.assertEqual(
            {(one.fate, one.status) for one in summary.lost} - {(Fate.STATUS, 502)}, set()
        )
        self.assertGreater(summary.count(Fate.ANSWERED), 50)
        said = server.find(r"(?m)^127\.0\.0\.1: POST /echo: 502: worker \d went away")
        self.assertEqual(len(said), len(summary.lost))
        self.assertEqual(server.stop(), 0)

    def test_once(self) -> None:
        """A request that takes its second worker down too is answered 502."""
        server = self.serve_ready()
        self.assertEqual(server.get("/exit").status, 502)
        server.wait_for(r"(?m)^DAMN ! worker \d ", 2)
        self.assertEqual(server.stop(), 0)

    def test_off(self) -> None:
        """With C{http-retry = off} a GET whose worker dies is answered 502, too."""
        server = self.serve_ready({**self.TWO, "http-retry": "off"})
        held, victim = self.block(server, "held")
        os.kill(victim, signal.SIGKILL)
        self.assertEqual(held.result().status, 502)
