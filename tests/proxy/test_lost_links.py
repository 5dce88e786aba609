"""L{twsgi.proxy.dispatcher}: which of the links that end are lost, and not given up."""

from __future__ import annotations

from tests.proxy.fakes import OK, FakeLink
from tests.proxy.test_dispatcher import FrontendCase
from tests.web.fakes import get
from twsgi.wire import frames


class LostLinkTests(FrontendCase):
    """The master hears of it."""

    def setUp(self) -> None:
        super().setUp()
        self.worker = self.link(2)

    def asked(self) -> FakeLink:
        """The link, with a request on it."""
        self.frontend.client(get())
        self.frontend.turn()
        self.assertIsNotNone(self.worker.request())
        return self.worker

    def test_idle(self) -> None:
        """An idle link that the worker has closed is lost, once, and the others are not."""
        self.link(3)
        self.worker.close()
        self.frontend.turn()
        self.frontend.turn()
        self.assertEqual(self.frontend.lost, [2])

    def test_busy(self) -> None:
        """So is one on which half a response has come."""
        self.asked().answer(OK[:10], 0)
        self.frontend.turn()
        self.worker.close()
        self.frontend.turn()
        self.assertEqual(self.frontend.lost, [2])

    def test_half_a_frame(self) -> None:
        """So is one that ends within a frame."""
        self.asked().send(frames.encode_response(frames.LAST, OK)[:-1])
        self.frontend.turn()
        self.worker.close()
        self.frontend.turn()
        self.assertEqual(self.frontend.lost, [2])

    def test_no_frame(self) -> None:
        """So is one that we have closed ourselves because of what came on it."""
        self.asked().send(b"nonsense")
        self.frontend.turn()
        self.assertEqual(self.frontend.lost, [2])
        self.assertTrue(self.worker.closed())

    def test_each(self) -> None:
        """Two lost links are two."""
        for link in (self.worker, self.link(2)):
            link.close()
        self.frontend.turn()
        self.assertEqual(self.frontend.lost, [2, 2])

    def test_retired(self) -> None:
        """A link that the worker wanted closed is not lost, idle or busy."""
        self.worker.signal(frames.RETIRE)
        self.frontend.turn()
        self.assertTrue(self.worker.closed())
        self.worker = self.link(2)
        self.asked().signal(frames.RETIRE)
        self.worker.answer()
        self.frontend.turn()
        self.assertTrue(self.worker.closed())
        self.assertEqual(self.frontend.lost, [])

    def test_retired_and_gone(self) -> None:
        """A worker that has asked for no more and then dies leaves nothing to be replaced."""
        self.asked().signal(frames.RETIRE)
        self.frontend.turn()
        self.worker.close()
        self.frontend.turn()
        self.assertEqual((self.frontend.lost, self.frontend.dispatcher._links), ([], set()))

    def test_stopped(self) -> None:
        """What is closed at the end is not lost."""
        self.frontend.dispatcher.stop()
        self.frontend.turn()
        self.assertTrue(self.worker.closed())
        self.assertEqual((self.frontend.lost, self.frontend.dispatcher._links), ([], set()))
