"""Clients that close their sending half: the worker is told, and the response goes on."""

from __future__ import annotations

import os
import socket

from tests.proxy.fakes import OK, FakeLink
from tests.proxy.test_dispatcher import FrontendCase
from tests.web.fakes import get, post
from twsgi.web.body import IN_MEMORY
from twsgi.wire import frames


class ClosedTests(FrontendCase):
    """L{frames.CLOSED}."""

    def told(self, link: FakeLink) -> tuple[int, int]:
        """How often a worker was told that the client has closed, and that it is gone."""
        self.frontend.turn()
        self.assertIsNone(link.request())
        return link.closings, link.cancelled

    def test_within(self) -> None:
        """The worker is told once; the response arrives, and the connection ends."""
        worker = self.link()
        client = self.frontend.client(get())
        self.frontend.turn()
        self.assertEqual((worker.uri, worker.closings), ("/", 0))
        client.end()
        self.assertEqual(self.told(worker), (1, 0))
        worker.answer()
        self.frontend.turn()
        self.assertEqual((client.sent, client.lost), (OK, "close"))
        self.assertEqual(self.told(worker), (1, 0))

    def test_then_gone(self) -> None:
        """When it is gone after all, the worker is told that too."""
        worker = self.link()
        client = self.frontend.client(get())
        client.end()
        client.connection.client_gone()
        self.frontend.turn()
        self.assertEqual((worker.uri, worker.closings, worker.cancelled), ("/", 1, 1))

    def test_in_the_queue(self) -> None:
        """A client that closed while its request waited: it goes with the request."""
        worker = self.link()
        first, second = self.frontend.client(get("/1")), self.frontend.client(get("/2"))
        second.end()
        self.frontend.turn()
        self.assertEqual((worker.uri, worker.closings), ("/1", 0))
        worker.answer()
        self.frontend.turn()
        self.assertEqual((worker.uri, worker.closings), ("/2", 1))
        worker.answer()
        self.frontend.turn()
        self.assertEqual((first.sent, second.sent), (OK, OK))

    def test_pipelined(self) -> None:
        """So it is with a request that came before the end, and waited for its turn."""
        worker = self.link()
        client = self.frontend.client(get("/1") + get("/2"))
        self.frontend.turn()
        self.assertEqual(worker.uri, "/1")
        client.end()
        self.assertEqual(self.told(worker), (1, 0))
        worker.answer()
        self.frontend.turn()
        self.assertEqual((worker.uri, worker.closings), ("/2", 2))

    def test_bounced(self) -> None:
        """A request that comes back tells it to the next worker."""
        worker, other = self.link(1), self.link(2)
        client = self.frontend.client(get())
        self.frontend.turn()
        self.assertEqual(worker.uri, "/")
        client.end()
        self.assertEqual(self.told(worker), (1, 0))
        worker.signal(frames.BOUNCE)
        self.frontend.turn()
        self.assertEqual((other.uri, other.closings), ("/", 1))

    def test_spooled(self) -> None:
        """A worker that awaits a descriptor is told behind it: nothing else may come before."""
        worker = self.link()
        client = self.frontend.client(post(os.urandom(IN_MEMORY + 1)))
        client.end()
        self.frontend.turn()
        self.assertEqual((worker.uri, worker.closings), ("/", 0))
        worker.signal(frames.WANT_BODY)
        self.frontend.turn()
        _, (descriptor,), _, _ = socket.recv_fds(worker.socket, 1, 1)
        os.close(descriptor)
        self.assertEqual(self.told(worker), (1, 0))
