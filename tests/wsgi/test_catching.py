"""L{twsgi.wsgi.catching}: the client is told what was raised."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.wsgi.fakes import MemorySink
from twsgi.wsgi.application import run_application
from twsgi.wsgi.catching import tell, telling
from twsgi.wsgi.response import Response


def raises(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """An application that fails."""
    raise ValueError("boom \udcff")


def raises_late(environ: dict[str, Any], start_response: Any) -> Any:
    """One that fails when its head has left."""
    start_response("200 OK", [])
    yield b"first"
    raise ValueError("too late")


class TellTests(SynchronousTestCase):
    """L{tell}."""

    def run_one(self, application: Any) -> MemorySink:
        """One request."""
        sink = MemorySink()
        self.reported: list[str] = []
        environ = {"REQUEST_METHOD": "GET", "REQUEST_URI": "/a?b", "odd": "\udcff"}
        done = run_application(
            application, environ, telling(Response)(sink, False), self.reported.append, tell
        )
        self.assertFalse(done)
        return sink

    def test_told(self) -> None:
        """The answer is a 500 with the request, the traceback and the environ; the log has it."""
        sink = self.run_one(raises)
        head, _, body = sink.sent.partition(b"\r\n\r\n")
        self.assertIn(b"500 Internal Server Error\r\n", head)
        self.assertIn(b"Content-Type: text/plain", head)
        for words in (
            b'uWSGI exceptions catcher for "GET /a?b"',
            b"in raises",
            b"ValueError: boom \\udcff",
            b"REQUEST_URI = /a?b",
        ):
            self.assertIn(words, body)
        self.assertEqual(sink.ended, "finish")
        self.assertIn("ValueError: boom", self.reported[0])

    def test_too_late(self) -> None:
        """Once the head has left it is a cut."""
        sink = self.run_one(raises_late)
        self.assertNotIn(b"too late", sink.sent)
        self.assertEqual(sink.ended, "cut")
        self.assertIn("too late", self.reported[0])
