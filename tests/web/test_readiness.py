"""L{twsgi.web.readiness}: one path that the server answers itself."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource

from tests.web.fakes import Client, SiteFixture, get, post
from twsgi.web.body import IN_MEMORY
from twsgi.web.readiness import ReadyPath


class Rest(Resource):
    """Everything else."""

    isLeaf = True

    def render(self, request: Any) -> bytes:
        request.setHeader(b"Content-Length", b"4")
        return b"rest"


class ReadyPathTests(SynchronousTestCase):
    """Who is answered by whom, and how."""

    def setUp(self) -> None:
        self.obstacle = ""
        self.fixture = SiteFixture(ReadyPath("/ready", lambda: self.obstacle, Rest()))

    def ask(self, data: bytes) -> Client:
        """A client that has been answered."""
        client = self.fixture.client()
        client.send(data)
        return client

    def test_ready(self) -> None:
        """Where requests are welcome it says 200, with a length, and not to be kept."""
        client = self.ask(get("/ready"))
        head, _, body = client.sent.partition(b"\r\n\r\n")
        self.assertEqual((client.statuses(), body, client.lost), ([200], b"ready\n", ""))
        for line in (b"Content-Length: 6", b"Cache-Control: no-store", b"Date: "):
            self.assertIn(b"\r\n" + line, head)

    def test_obstacle(self) -> None:
        """Where they are not it says 503 and why; the connection is kept as ever."""
        self.obstacle = "stopping"
        client = self.ask(get("/ready"))
        self.assertEqual((client.statuses(), client.lost), ([503], ""))
        self.assertTrue(client.sent.endswith(b"\r\n\r\nstopping\n"))
        self.obstacle = ""
        client.send(get("/ready"))
        self.assertEqual(client.statuses(), [503, 200])

    def test_head(self) -> None:
        """HEAD gets the same head, and no body."""
        client = self.ask(get("/ready").replace(b"GET", b"HEAD", 1))
        self.assertIn(b"\r\nContent-Length: 6\r\n", client.sent)
        self.assertTrue(client.sent.endswith(b"\r\n\r\n"))

    def test_query(self) -> None:
        """A query makes no difference, nor does how the path is spelled."""
        for uri in ("/ready?a=b", "/%72eady", "/x/../ready"):
            self.assertTrue(self.ask(get(uri)).sent.endswith(b"ready\n"), uri)

    def test_others(self) -> None:
        """Any other path, and any other method, is everybody else's."""
        for uri in ("/", "/ready/", "/readyness", "//ready", "/Ready"):
            self.assertTrue(self.ask(get(uri)).sent.endswith(b"rest"), uri)
        for method in (b"POST", b"OPTIONS", b"DELETE", b"get"):
            asked = get("/ready").replace(b"GET", method, 1)
            self.assertTrue(self.ask(asked).sent.endswith(b"rest"), method)

    def test_close(self) -> None:
        """A client that wants the connection closed is obeyed."""
        client = self.ask(get("/ready", "Connection: close"))
        self.assertIn(b"\r\nConnection: close\r\n", client.sent)
        self.assertEqual(client.lost, "close")

    def test_body(self) -> None:
        """A body is taken and dropped, however long, and the connection goes on."""
        data = post(b"x" * (IN_MEMORY + 1), path="/ready").replace(b"POST", b"GET", 1)
        client = self.ask(data + get("/other"))
        self.assertEqual(client.statuses(), [200, 200])
        self.assertTrue(client.sent.endswith(b"rest"))

    def test_no_log(self) -> None:
        """No line is written, whatever the answer."""
        self.ask(get("/ready"))
        self.obstacle = "stopping"
        self.ask(get("/ready"))
        self.assertEqual((self.fixture.logged, self.fixture.refusals), ([], []))
        self.ask(get("/"))
        self.assertEqual(len(self.fixture.logged), 1)
