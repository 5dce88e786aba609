"""L{twsgi.proxy}: requests that come back from a worker that was busy after all."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.proxy.fakes import OK, FakeLink, Frontend
from tests.web.fakes import get, post
from twsgi.control.scoreboard import FRONTEND_ACTIVE, FRONTEND_QUEUED
from twsgi.proxy.dispatcher import SWEEP
from twsgi.wire import frames


class BouncedTests(SynchronousTestCase):
    """A request that comes back is placed elsewhere, or is the first to be."""

    def setUp(self) -> None:
        self.frontend = Frontend(timeout=10)
        self.addCleanup(self.frontend.dispatcher.stop)

    def link(self, worker: int = 1) -> FakeLink:
        """A link that is closed at the end."""
        link = self.frontend.link(worker)
        self.addCleanup(link.close)
        return link

    def bounce(self, link: FakeLink) -> None:
        """The worker sends its request back."""
        self.frontend.turn()
        self.assertIsNotNone(link.request())
        link.signal(frames.BOUNCE)
        self.frontend.turn()

    def words(self) -> tuple[int, int]:
        """How many wait, and how many are being served."""
        record = self.frontend.record
        return record[FRONTEND_QUEUED], record[FRONTEND_ACTIVE]

    def test_elsewhere(self) -> None:
        """Another worker that has an idle link gets it at once, whole."""
        busy, other = self.link(1), self.link(2)
        client = self.frontend.client(post(b"body"))
        self.bounce(busy)
        request = other.request()
        assert request is not None
        self.assertEqual(request[2], b"body")
        self.assertEqual(self.words(), (0, 1))
        other.answer()
        self.frontend.turn()
        self.assertEqual((client.sent, self.words()), (OK, (0, 0)))

    def test_first_in_the_queue(self) -> None:
        """Where there is none it is the first to be served, before those that came after it."""
        busy, other = self.link(1), self.link(2)
        for path in ("/busy", "/other", "/later"):
            self.frontend.client(get(path))
        self.frontend.turn()
        self.assertEqual(other.uri, "/other")
        self.bounce(busy)
        self.assertEqual(self.words(), (2, 1))
        for expected in ("/busy", "/later"):
            other.answer()
            self.frontend.turn()
            self.assertEqual(other.uri, expected)

    def test_the_same_again(self) -> None:
        """The worker that sent it back is asked again after a while, if nobody else is there."""
        busy = self.link()
        client = self.frontend.client(get("/a"))
        self.bounce(busy)
        self.assertIsNone(busy.request())
        self.assertEqual(self.words(), (1, 0))
        self.frontend.pass_seconds(SWEEP)
        self.assertEqual((busy.uri, self.words()), ("/a", (0, 1)))
        busy.answer()
        self.frontend.turn()
        self.assertEqual(client.sent, OK)

    def test_not_for_ever(self) -> None:
        """A request that always comes back is answered with an error, in time."""
        busy = self.link()
        client = self.frontend.client(get())
        self.bounce(busy)
        for _ in range(60):
            self.frontend.pass_seconds(0.5)
            if busy.request() is not None:
                busy.signal(frames.BOUNCE)
                self.frontend.turn()
        self.assertEqual(client.statuses(), [503])
        self.assertEqual(self.words(), (0, 0))

    def test_client_gone(self) -> None:
        """One whose client is gone is dropped, and the links are idle."""
        busy, other = self.link(1), self.link(2)
        client = self.frontend.client(get("/gone"))
        self.frontend.turn()
        busy.request()
        client.connection.client_gone()
        busy.signal(frames.BOUNCE)
        self.frontend.turn()
        self.assertIsNone(other.request())
        self.assertEqual(self.words(), (0, 0))
        for path in ("/1", "/2"):
            self.frontend.client(get(path))
        self.frontend.turn()
        self.assertEqual({busy.uri, other.uri}, {"/1", "/2"})

    def test_retired(self) -> None:
        """A worker that wants the link closed, too, gets nothing more by it."""
        busy, other = self.link(1), self.link(2)
        self.frontend.client(get("/a"))
        self.frontend.turn()
        busy.request()
        busy.send(frames.encode_signal(frames.RETIRE) + frames.encode_signal(frames.BOUNCE))
        self.frontend.turn()
        self.assertEqual((other.uri, busy.closed()), ("/a", True))

    def test_nothing_was_sent(self) -> None:
        """A worker that sends back what it was not given is cut off."""
        link = self.link()
        link.signal(frames.BOUNCE)
        self.frontend.turn()
        self.assertTrue(link.closed())
        self.assertIn("worker 1", self.frontend.reports[0])
