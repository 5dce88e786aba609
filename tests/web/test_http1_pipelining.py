"""L{twsgi.web.http1}: requests that come before the response to the one before has been sent."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.web.fakes import Echo, Later, SiteFixture, get
from twsgi.web.http1 import PIPELINE_LIMIT


class PipeliningTests(SynchronousTestCase):
    """Requests that come before the last was answered."""

    def setUp(self) -> None:
        self.later = Later()
        self.fixture = SiteFixture(self.later)
        self.client = self.fixture.client()

    def test_in_order(self) -> None:
        """One request is under way at a time; responses come in the order of the requests."""
        self.client.send(get("/1") + get("/2") + get("/3"))
        for number in (b"1", b"2", b"3"):
            (request,) = self.later.requests
            self.assertEqual(request.uri, b"/" + number)
            self.later.answer(number)
        self.assertEqual(self.client.bodies(), [b"1", b"2", b"3"])
        self.assertEqual(self.later.requests, [])

    def test_at_once(self) -> None:
        """Any number of requests that are answered at once needs no depth of stack."""
        client = SiteFixture(Echo()).client()
        client.send(get("/") * 5000)
        self.assertEqual(len(client.responses()), 5000)

    def test_after_close(self) -> None:
        """What follows a request that asked for the connection to be closed is dropped."""
        client = SiteFixture(Echo()).client()
        client.send(get("/1", "Connection: close") + get("/2"))
        self.assertEqual(client.bodies(), [b"GET /1 "])
        self.assertEqual(client.lost, "linger")
        client.send(get("/3"))
        self.assertEqual(len(client.responses()), 1)

    def test_limit(self) -> None:
        """A client that sends on and on while a request is under way is not read any more."""
        self.client.send(get("/1"))
        filler = get("/2", "X: " + "x" * 8000)
        sent = 0
        while self.client.connection.reading:
            self.client.send(filler)
            sent += len(filler)
            self.assertLess(sent, PIPELINE_LIMIT + len(filler))
        self.assertGreaterEqual(sent, PIPELINE_LIMIT)

    def test_limit_lifted(self) -> None:
        """It is read again when the request has been answered."""
        self.client.send(get("/1"))
        self.client.send(get("/2", "X: " + "x" * 40000) * 2)
        self.assertFalse(self.client.connection.reading)
        self.later.answer()
        self.assertTrue(self.client.connection.reading)
        self.assertEqual([one.uri for one in self.later.requests], [b"/2"])

    def test_bad_second(self) -> None:
        """The first of two is answered; the second, that is none, is refused after it."""
        self.client.send(get("/1") + b"nonsense\r\n\r\n" + get("/3"))
        self.later.answer()
        self.assertEqual(self.client.statuses(), [200, 400])
        self.assertEqual(self.later.requests, [])
        self.assertEqual(self.client.lost, "linger")

    def test_full(self) -> None:
        """A client that does not read its responses gets no more, and is read no further."""
        client = SiteFixture(Echo()).client()
        client.connection.full = True
        client.send(get("/1"))
        self.assertEqual(client.sent, b"")
        client.send(get("/2") * 3000)
        self.assertFalse(client.connection.reading)
        client.connection.full = False
        client.channel.drained()
        self.assertEqual(len(client.bodies()), 3001)
        self.assertTrue(client.connection.reading)

    def test_still_long(self) -> None:
        """While too many requests wait no more are read, response for response."""
        later = Later()
        client = SiteFixture(later).client()
        client.send(get() * 3000)
        client.send(get())
        self.assertFalse(client.connection.reading)
        for _ in range(10):
            later.answer()
        self.assertFalse(client.connection.reading)
        while later.requests:
            later.answer()
        self.assertEqual(len(client.bodies()), 3001)
        self.assertTrue(client.connection.reading)

    def test_closed_while_full(self) -> None:
        """Who has asked, and sends no more, is answered when it has read; then the end comes."""
        client = SiteFixture(Echo()).client()
        client.connection.full = True
        client.send(get("/1"))
        client.end()
        self.assertEqual((client.sent, client.lost), (b"", ""))
        client.connection.full = False
        client.channel.drained()
        self.assertEqual((client.bodies(), client.lost), ([b"GET /1 "], "close"))
