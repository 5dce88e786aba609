"""L{twsgi.proxy.dispatcher}: a worker that is about to be killed; and other settings meanwhile."""

from __future__ import annotations

from tests.proxy.fakes import LAST_OK, OK, FakeLink
from tests.proxy.test_dispatcher import FrontendCase
from tests.web.fakes import Client, get
from twsgi.control.scoreboard import FRONTEND_ACTIVE, FRONTEND_QUEUED
from twsgi.proxy.balancer import Balancer
from twsgi.proxy.link import FrontendLink
from twsgi.proxy.retry import SAFE
from twsgi.wire import frames


class CondemnTests(FrontendCase):
    """A worker that has a request that takes too long (C{harakiri})."""

    def condemn(self, *stuck: FakeLink) -> None:
        """Worker 1 is about to be killed for the requests on these links."""
        self.frontend.dispatcher.condemn(1, 5, [link.since for link in stuck])

    def ask(self, link: FakeLink, path: str = "/") -> Client:
        """A client whose request C{link} has got."""
        client = self.frontend.client(get(path))
        self.frontend.turn()
        self.assertEqual(link.uri, path)
        return client

    def test_long_ones(self) -> None:
        """They are answered 504 at once; what runs beside them goes on."""
        # Taken in this order: the last that was idle first.
        links = [self.link() for _ in range(3)][::-1]
        stuck = self.ask(links[0], "/stuck")
        sibling = self.ask(links[1])
        self.condemn(links[0])
        self.frontend.turn()
        self.assertEqual((stuck.statuses(), sibling.sent), ([504], b""))
        self.assertIn(
            "GET /stuck: 504: no response within 5 s (harakiri)", self.frontend.fixture.refusals[0]
        )
        links[0].request()
        self.assertEqual(links[0].cancelled, 1)
        links[1].answer()
        self.frontend.turn()
        self.assertEqual(sibling.sent, OK)

    def test_no_more(self) -> None:
        """It gets no more: idle links are closed at once, the others when they are."""
        idle, busy = self.link(), self.link()
        client = self.ask(busy)
        self.condemn()
        self.frontend.turn()
        self.assertEqual((idle.closed(), busy.closed()), (True, False))
        self.frontend.client(get("/waits"))
        self.frontend.turn()
        self.assertEqual(self.frontend.record[FRONTEND_QUEUED], 1)
        busy.answer()
        self.frontend.turn()
        self.assertEqual((client.sent, busy.closed()), (OK, True))
        # Not lost: the master knows.
        self.assertEqual(self.frontend.lost, [])
        self.assertFalse(self.frontend.dispatcher.linked)

    def test_others(self) -> None:
        """Other workers, and a successor of this one, are as good as before."""
        self.link(1)
        other = self.link(2)
        self.condemn()
        self.frontend.turn()
        self.ask(other, "/a")
        self.ask(self.link(1), "/b")

    def test_not_sent_again(self) -> None:
        """When it is killed, the one that was stuck is sent to nobody; its siblings are."""
        stuck, sibling = self.link(), self.link()
        if self.frontend.dispatcher._balancer._idle[1][-1].place == 1:
            stuck, sibling = sibling, stuck
        client = self.ask(stuck, "/stuck")
        other_client = self.ask(sibling, "/sibling")
        self.condemn(stuck)
        good = self.link(2)
        for link in (stuck, sibling):
            link.close()
        self.frontend.turn()
        self.assertEqual(good.uri, "/sibling")
        good.answer()
        self.frontend.turn()
        self.assertEqual((client.statuses(), other_client.sent), ([504], OK))
        self.assertEqual(self.frontend.record[FRONTEND_ACTIVE], 0)
        self.assertIsNone(good.request())

    def test_begun(self) -> None:
        """A response that has begun cannot become another one: it goes on, to its end or a cut."""
        link = self.link()
        client = self.ask(link)
        link.answer(OK[:10], 0)
        self.frontend.turn()
        self.condemn(link)
        self.frontend.turn()
        self.assertEqual((client.sent, client.lost), (OK[:10], ""))
        link.close()
        self.frontend.turn()
        self.assertEqual((client.sent, client.lost), (OK[:10], "abort"))


class ReconfigureTests(FrontendCase):
    """Other settings hold from one moment to the next."""

    def reconfigure(self, queue: int = 10, timeout: float = 60) -> Balancer[FrontendLink]:
        """Other values.  @return: the new balancer."""
        balancer: Balancer[FrontendLink] = Balancer()
        self.frontend.dispatcher.reconfigure(balancer, queue, timeout, SAFE)
        return balancer

    def test_queue(self) -> None:
        """The queue may be longer, or shorter: then those that wait already stay."""
        self.start(queue=2)
        for _ in range(2):
            self.frontend.client(get())
        self.assertEqual(self.frontend.client(get()).statuses(), [503])
        self.reconfigure(queue=3)
        self.assertEqual(self.frontend.client(get()).statuses(), [])
        self.reconfigure(queue=1)
        self.assertEqual(self.frontend.record[FRONTEND_QUEUED], 3)
        self.assertEqual(self.frontend.client(get()).statuses(), [503])

    def test_timeout(self) -> None:
        """Another C{http-timeout} holds for what runs and waits already, too."""
        for before, after in ((60, 5), (5, 60)):
            self.start(timeout=before)
            link = self.link()
            runs, waits = self.frontend.client(get()), self.frontend.client(get())
            self.frontend.turn()
            self.frontend.pass_seconds(3)
            self.reconfigure(timeout=after)
            self.frontend.pass_seconds(4)
            statuses = [[504], [503]] if after == 5 else [[], []]
            self.assertEqual([runs.statuses(), waits.statuses()], statuses)
            self.assertIsNotNone(link.request())

    def test_begun(self) -> None:
        """A response that has begun has no such time, before and after."""
        for before, after in ((60, 5), (5, 60)):
            self.start(timeout=before)
            link = self.link()
            client = self.frontend.client(get())
            self.frontend.turn()
            link.request()
            link.answer(OK[:10], 0)
            self.frontend.turn()
            self.reconfigure(timeout=after)
            self.frontend.pass_seconds(9)
            link.answer(OK[10:])
            self.frontend.turn()
            self.assertEqual(client.sent, OK)

    def test_links(self) -> None:
        """The other balancer has the idle links, and no others."""
        idle, busy = self.link(1), self.link(2)
        self.frontend.client(get("/1"))
        self.frontend.turn()
        if busy.uri_seen() is None:
            idle, busy = busy, idle
        balancer = self.reconfigure()
        self.assertEqual(sum(map(len, balancer._idle.values())), 1)
        self.frontend.client(get("/2"))
        self.frontend.turn()
        self.assertEqual(idle.uri, "/2")

    def test_retried(self) -> None:
        """Another C{http-retry} holds at once."""
        self.reconfigure()
        self.assertEqual(self.frontend.dispatcher.retried, SAFE)


class LastTests(FrontendCase):
    """All connections are to be closed: what has not begun says so."""

    def setUp(self) -> None:
        super().setUp()
        self.worker = self.link()

    def ask(self, data: bytes) -> Client:
        """A client whose request the worker has."""
        client = self.frontend.client(data)
        self.frontend.turn()
        self.assertIsNotNone(self.worker.request())
        return client

    def test_running(self) -> None:
        """The response of a request that runs says so, and then its connection is closed."""
        client = self.ask(get())
        self.frontend.dispatcher.close_after()
        self.worker.answer(OK[:-1], 0)
        self.worker.answer(OK[-1:])
        self.frontend.turn()
        self.assertEqual((client.sent, client.lost), (LAST_OK, "close"))

    def test_waiting(self) -> None:
        """So does one of a request that still waits."""
        self.ask(get())
        client = self.frontend.client(get())
        self.frontend.dispatcher.close_after()
        for _ in range(2):
            self.worker.answer()
            self.frontend.turn()
        self.assertEqual((client.sent, client.lost), (LAST_OK, "close"))

    def test_http10(self) -> None:
        """To HTTP/1.0 it does not say the opposite."""
        client = self.ask(get("/", "Connection: keep-alive", version="1.0"))
        self.frontend.dispatcher.close_after()
        kept = OK.replace(b"\r\n\r\n", b"\r\nConnection: keep-alive\r\nX: y\r\n\r\n")
        self.worker.answer(kept)
        self.frontend.turn()
        self.assertEqual(client.sent, kept.replace(b"keep-alive", b"close"))
        self.assertEqual(client.lost, "close")

    def test_http10_closed_anyway(self) -> None:
        """Where it says so already, it is as it is, whatever its body has."""
        client = self.ask(get("/", "Connection: keep-alive", version="1.0"))
        self.frontend.dispatcher.close_after()
        answer = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n\r\nConnection: keep-alive\r\n\r\n"
        self.worker.answer(answer, frames.LAST | frames.CLOSE)
        self.frontend.turn()
        self.assertEqual((client.sent, client.lost), (answer, "close"))

    def test_begun(self) -> None:
        """One that has begun had promised the connection, and keeps its word."""
        client = self.ask(get())
        self.worker.answer(OK[:-1], 0)
        self.frontend.turn()
        self.frontend.dispatcher.close_after()
        self.worker.answer(OK[-1:])
        self.frontend.turn()
        self.assertEqual((client.sent, client.lost), (OK, ""))

    def test_half_a_head(self) -> None:
        """One whose head comes in pieces is passed on as it is; the connection is kept so long."""
        client = self.ask(get())
        self.frontend.dispatcher.close_after()
        self.worker.answer(OK[:9], 0)
        self.worker.answer(OK[9:])
        self.frontend.turn()
        self.assertEqual((client.sent, client.lost), (OK, ""))

    def test_gone(self) -> None:
        """A client that has gone is told nothing."""
        client = self.ask(get())
        client.connection.client_gone()
        self.frontend.dispatcher.close_after()
        self.worker.answer()
        self.frontend.turn()
        self.assertEqual(client.sent, b"")

    def test_sent_again(self) -> None:
        """One that is sent to another worker meanwhile says so all the same."""
        client = self.ask(get())
        self.frontend.dispatcher.close_after()
        other = self.link(2)
        self.worker.close()
        self.frontend.turn()
        other.answer()
        self.frontend.turn()
        self.assertEqual((client.sent, client.lost), (LAST_OK, "close"))
