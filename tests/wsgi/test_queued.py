"""L{twsgi.wsgi.core}: how long a request has waited before its core began with it."""

from __future__ import annotations

import time

from tests.wsgi.test_core import FLAGS, CoreCase, Frontend
from twsgi.control.scoreboard import CORE_QUEUED
from twsgi.wire import frames


class QueuedTests(CoreCase):
    """The scoreboard tells it of the request that is under way."""

    def served(self, frontend: Frontend, since: int) -> int:
        """What is told of a request that says since when it waits."""
        request = frames.encode_request(FLAGS, b"REQUEST_METHOD\0GET", b"", 0, since)
        frontend.socket.sendall(request)
        self.assertEqual(frontend.response()[1], frames.LAST)
        (queued,) = self.words(CORE_QUEUED)
        return queued

    def test_queued(self) -> None:
        """It is told in microseconds, from what the frontend says and the one clock they have."""

        def answer(environ: object, start_response: object) -> list[bytes]:
            start_response("200 OK", [])  # type: ignore[operator]
            return [b""]

        self.start(answer)
        frontend = self.link()
        second = 1_000_000
        now = time.monotonic_ns()
        self.assertIn(self.served(frontend, now - 2_000_000_000), range(2 * second, 60 * second))
        # Not known; and what would be in the future is nothing.
        self.assertEqual(self.served(frontend, 0), 0)
        self.assertEqual(self.served(frontend, now + 3600 * 1_000_000_000), 0)
