"""A stop under load: what was begun is answered, and then connections are refused."""

from __future__ import annotations

import contextlib
import signal
import time

from tests.behaviour.client import ResetError
from tests.behaviour.harness import Http, HttpSocket
from tests.behaviour.lossless import LosslessCase, now
from twsgi.selftest.fate import Fate

#: A stop with two seconds to wait for; five times that.
STOPPED = 10.0
#: Seconds after the signal in which a request is surely in time; the sockets close after 0.25.
MOMENT = 0.2


class Stop:
    """SIGTERM, in both modes."""

    def test_long_request(self) -> None:
        """A request of two seconds that is under way is answered; nothing else is lost either."""
        server = self.serve_ready()
        port = server.port
        with server.connect() as kept, self.load(server) as load:
            kept.request("/path/first")
            load.wait_for(50)
            kept.send("/sleep?2")
            # Whatever is behind it has been read by now.
            load.wait_for(20)
            told = now()
            server.send_signal(signal.SIGTERM)
            answer = kept.receive()
            self.assertEqual((answer.status, answer.text), (200, "slept"))
            self.assertEqual(answer.header("Connection"), "close")
            self.assertTrue(kept.ends())
            self.assertEqual(server.wait_for_exit(STOPPED), 0)
            self.soon(lambda: load.summary().count(Fate.REFUSED) > 3, "connections are refused")
        server.assert_nothing_left(ports=[port])
        summary = load.summary()
        self.assertEqual({one.fate for one in summary.lost}, {Fate.REFUSED}, summary.text())
        first = min(one.sent for one in summary.lost)
        self.assertGreater(first, told)
        # Who is refused once is refused for good.
        after = [one for one in summary.outcomes if one.sent > first + 0.05 and one.fresh]
        self.assertEqual({one.fate for one in after}, {Fate.REFUSED}, summary.text())

    def test_many_connections(self) -> None:
        """Of clients who come and go as fast as they can nobody is cut off at a stop."""
        server = self.serve_ready()
        with self.load(server, kept=0, fresh=12, pause=0.0) as load:
            load.wait_for(100)
            self.assertEqual(server.stop(), 0)
        summary = load.summary()
        self.assertEqual(summary.count(Fate.REFUSED), len(summary.lost), summary.text())
        self.assertGreater(len(summary.lost), 0)

    def test_connections_that_have_not_spoken(self) -> None:
        """Who has connected before a stop is served if his request comes within a moment."""
        server = self.serve_ready()
        waiting = [server.connect() for _ in range(10)]
        told = now()
        server.send_signal(signal.SIGTERM)
        in_time = []
        for number, connection in enumerate(waiting):
            self.addCleanup(connection.close)
            time.sleep(0.01)
            with contextlib.suppress(ResetError):
                connection.send(f"/path/{number}")
            if now() - told < MOMENT:
                in_time.append((number, connection))
        for number, connection in in_time:
            self.assertEqual(connection.receive().text, f"/path/{number}")
        self.assertEqual(server.wait_for_exit(STOPPED), 0)


class HttpStopTests(Stop, Http, LosslessCase):
    """L{Stop}, C{http =}."""


class HttpSocketStopTests(Stop, HttpSocket, LosslessCase):
    """L{Stop}, C{http-socket =}."""
