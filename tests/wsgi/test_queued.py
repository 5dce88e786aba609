"""L{twsgi.wsgi.core}: by what the request that is under way is known."""

from __future__ import annotations

from tests.wsgi.test_core import FLAGS, CoreCase
from twsgi.control.scoreboard import CORE_ARRIVED
from twsgi.wire import frames


class QueuedTests(CoreCase):
    """The scoreboard tells it of the request that is under way."""

    def test_arrived(self) -> None:
        """When its frontend had it, as the frontend says, which knows it by that."""

        def answer(environ: object, start_response: object) -> list[bytes]:
            start_response("200 OK", [])  # type: ignore[operator]
            return [b""]

        self.start(answer)
        frontend = self.link()
        for since in (2_000_000_000, 2**62, 0):
            request = frames.encode_request(FLAGS, b"REQUEST_METHOD\0GET", b"", 0, since)
            frontend.socket.sendall(request)
            self.assertEqual(frontend.response()[1], frames.LAST)
            self.assertEqual(self.words(CORE_ARRIVED), [since])
