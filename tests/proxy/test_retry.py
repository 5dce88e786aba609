"""L{twsgi.proxy.retry}: a request that was lost with its worker goes to another (http-retry)."""

from __future__ import annotations

import os
import socket

from tests.proxy.fakes import OK, FakeLink
from tests.proxy.test_dispatcher import FrontendCase
from tests.web.fakes import Client, get, post
from twsgi.control.scoreboard import FRONTEND_ACTIVE, FRONTEND_QUEUED
from twsgi.proxy.call import Call
from twsgi.proxy.retry import IDEMPOTENT, SAFE, methods
from twsgi.web.body import IN_MEMORY
from twsgi.wire import frames

LARGE = b"x" * (IN_MEMORY + 1)


def asked(method: str, path: str = "/") -> bytes:
    """A request without a body."""
    return get(path).replace(b"GET", method.encode(), 1)


class RetryCase(FrontendCase):
    """Two workers, one of which dies."""

    def setUp(self) -> None:
        super().setUp()
        self.links = {1: self.link(1), 2: self.link(2)}

    def ask(self, data: bytes) -> tuple[Client, FakeLink, FakeLink]:
        """@return: who asks, the link that has the request, and the other one."""
        client = self.frontend.client(data)
        self.frontend.turn()
        busy = next(link for link in self.links.values() if link.request() is not None)
        other = next(link for link in self.links.values() if link is not busy)
        return client, busy, other

    def die(self, link: FakeLink) -> None:
        """Its worker is gone."""
        link.close()
        self.frontend.turn()

    def call(self) -> Call:
        """The call under way."""
        calls = [link.call for link in self.frontend.dispatcher._links if link.call is not None]
        return calls[0]

    def words(self) -> tuple[int, int]:
        """Active calls and queued ones, as the scoreboard has them."""
        record = self.frontend.record
        return record[FRONTEND_ACTIVE], record[FRONTEND_QUEUED]


class MethodTests(RetryCase):
    """Which requests it is."""

    def test_methods(self) -> None:
        """The option names sets of methods, each wider than the next."""
        self.assertEqual(methods("idempotent"), IDEMPOTENT)
        self.assertEqual(methods("safe"), SAFE)
        self.assertEqual(methods("off"), frozenset())
        self.assertEqual(IDEMPOTENT - SAFE, {"PUT", "DELETE"})

    def test_by_default(self) -> None:
        """What may be done twice is; the client sees nothing of it, and its connection lives on."""
        for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE"):
            self.setUp()
            client, busy, other = self.ask(asked(method, "/a"))
            self.die(busy)
            request = other.request()
            assert request is not None, method
            self.assertEqual(request[1]["REQUEST_METHOD"], method)
            self.assertTrue(request[0] & frames.KEEP_ALIVE)
            self.assertEqual((client.sent, self.words()), (b"", (1, 0)))
            other.answer()
            self.frontend.turn()
            self.assertEqual((client.sent, client.lost, self.words()), (OK, "", (0, 0)))

    def test_others(self) -> None:
        """What may not is answered 502, at once, with a line in the log."""
        for method in ("POST", "PATCH", "TRACE", "MKCOL", "get"):
            self.setUp()
            client, busy, other = self.ask(asked(method, "/a"))
            self.die(busy)
            self.assertIsNone(other.request())
            self.assertEqual((client.statuses(), self.words()), ([502], (0, 0)))
            line = f"{method} /a: 502: worker {busy.worker} went away"
            self.assertIn(line, self.frontend.fixture.refusals[-1])

    def test_safe(self) -> None:
        """With C{http-retry = safe} only what changes nothing is."""
        for method, goes in (("GET", True), ("PUT", False)):
            self.setUp()
            self.frontend.dispatcher.retried = methods("safe")
            _, busy, other = self.ask(asked(method))
            self.die(busy)
            self.assertEqual(other.request() is not None, goes)

    def test_off(self) -> None:
        """With C{http-retry = off} nothing is."""
        self.frontend.dispatcher.retried = methods("off")
        client, busy, other = self.ask(get())
        self.die(busy)
        self.assertEqual((client.statuses(), other.request()), ([502], None))

    def test_log(self) -> None:
        """The log has a line about it, with client, request and worker."""
        _, busy, _ = self.ask(get("/a?b"))
        self.die(busy)
        line = f"192.0.2.7: GET /a?b: worker {busy.worker} went away: sent again"
        self.assertEqual(self.frontend.fixture.refusals, [line])


class OnceTests(RetryCase):
    """How often, and to whom."""

    def test_once(self) -> None:
        """One that is lost a second time is answered 502: it may be what kills them."""
        self.links[3] = self.link(3)
        client, busy, _ = self.ask(get())
        self.die(busy)
        again = next(one for one in self.links.values() if one is not busy and one.request())
        self.die(again)
        self.assertEqual((client.statuses(), self.words()), ([502], (0, 0)))

    def test_begun(self) -> None:
        """One whose response has begun is cut, and not sent again."""
        client, busy, other = self.ask(get())
        busy.answer(OK[:10], 0)
        self.frontend.turn()
        self.die(busy)
        self.assertEqual((client.sent, client.lost, other.request()), (OK[:10], "abort", None))

    def test_half_a_frame(self) -> None:
        """One of whose response nothing but half a frame's head has come is sent again."""
        client, busy, other = self.ask(get())
        busy.send(frames.encode_response(frames.LAST, OK)[:5])
        self.frontend.turn()
        self.die(busy)
        other.answer()
        self.frontend.turn()
        self.assertEqual(client.sent, OK)

    def test_garbage(self) -> None:
        """One whose worker lives, and says what is no frame, is not: it may be at work on it."""
        client, busy, other = self.ask(get())
        busy.send(b"nonsense")
        self.frontend.turn()
        self.assertEqual((client.statuses(), other.request()), ([502], None))

    def test_gone(self) -> None:
        """One whose client has gone is forgotten."""
        client, busy, other = self.ask(get())
        client.connection.client_gone()
        self.die(busy)
        self.assertIsNone(other.request())
        self.assertEqual(self.words(), (0, 0))

    def test_half_closed(self) -> None:
        """One whose client has closed its half is sent again, and the worker told."""
        client, busy, other = self.ask(get())
        client.channel.read_closed()
        self.die(busy)
        self.assertEqual((other.uri, other.closings), ("/", 1))

    def test_first(self) -> None:
        """One that finds no idle link is the next, before those that have waited."""
        client, busy, other = self.ask(get("/first"))
        self.frontend.client(get("/second"))
        self.frontend.client(get("/third"))
        self.frontend.turn()
        self.assertEqual(other.uri, "/second")
        self.die(busy)
        self.assertEqual(self.words(), (1, 2))
        other.answer()
        self.frontend.turn()
        self.assertEqual(other.uri, "/first")
        other.answer()
        self.frontend.turn()
        self.assertEqual(client.sent, OK)
        self.assertEqual(other.uri, "/third")

    def test_over_the_limit(self) -> None:
        """It had been taken: a queue that is full has room for it."""
        self.start(queue=1)
        self.links = {1: self.link(1), 2: self.link(2)}
        _, busy, _ = self.ask(get("/first"))
        for path in ("/second", "/third"):
            self.frontend.client(get(path))
        self.frontend.turn()
        self.die(busy)
        self.assertEqual(self.words(), (1, 2))

    def test_waits(self) -> None:
        """It has C{http-timeout} anew: first in the queue, then for its response."""
        self.start(timeout=10)
        self.links = {1: self.link(1)}
        client = self.frontend.client(get())
        self.frontend.turn()
        self.frontend.pass_seconds(9)
        self.die(self.links[1])
        self.frontend.pass_seconds(9)
        self.assertEqual(client.statuses(), [])
        link = self.link(1)
        self.frontend.turn()
        self.assertEqual(link.uri, "/")
        self.frontend.pass_seconds(9)
        self.assertEqual(client.statuses(), [])
        self.frontend.pass_seconds(2.5)
        self.assertEqual(client.statuses(), [504])

    def test_not_to_the_same(self) -> None:
        """All links to a worker of which one has ended are given up: no call may meet them."""
        same = [self.link(1), self.link(1)]
        busy = self.links[1]
        self.links[2].close()
        self.frontend.turn()
        clients = [self.frontend.client(get(f"/{number}")) for number in range(3)]
        self.frontend.turn()
        self.assertEqual([one.uri_seen() is None for one in (*same, busy)], [False] * 3)
        # Its answer is on the way still when the end of another of its links is seen.
        same[0].answer()
        busy.close()
        self.frontend.turn()
        first = int((same[0].seen or "")[1:])
        self.assertEqual(clients[first].sent, OK)
        self.assertTrue(same[0].closed())
        self.assertFalse(same[1].closed())
        self.assertEqual(self.words(), (1, 1))
        self.assertEqual(sorted(self.frontend.lost), [1, 1, 1, 2])

    def test_idle_ones_of_the_same(self) -> None:
        """Those that are idle are closed, and the master is told of each."""
        idle = self.link(1)
        self.die(self.links[1])
        self.assertTrue(idle.closed())
        self.assertEqual(self.frontend.lost, [1, 1])
        self.frontend.client(get())
        self.frontend.turn()
        self.assertEqual(self.links[2].uri, "/")

    def test_nobody_will_come(self) -> None:
        """At the end, when the last worker is gone, nobody waits for one: 502."""
        self.frontend.dispatcher.final = True
        client, busy, other = self.ask(get())
        self.die(other)
        self.die(busy)
        self.assertEqual((client.statuses(), self.words()), ([502], (0, 0)))

    def test_somebody_is_there(self) -> None:
        """At the end, while there is one, it serves."""
        self.frontend.dispatcher.final = True
        _, busy, other = self.ask(get("/a"))
        self.die(busy)
        self.assertEqual(other.uri, "/a")


class BodyTests(RetryCase):
    """Requests with a body."""

    def put(self, body: bytes) -> bytes:
        """A PUT."""
        return post(body).replace(b"POST", b"PUT", 1)

    def fetch(self, link: FakeLink) -> int:
        """The worker asks for the body.  @return: the descriptor that it is given."""
        link.signal(frames.WANT_BODY)
        self.frontend.turn()
        byte, descriptors, _, _ = socket.recv_fds(link.socket, 1, 1)
        self.assertEqual((byte, len(descriptors)), (b"\0", 1))
        self.addCleanup(os.close, descriptors[0])
        return descriptors[0]

    def test_in_memory(self) -> None:
        """A small body goes with it."""
        _, busy, other = self.ask(self.put(b"hello"))
        self.die(busy)
        request = other.request()
        assert request is not None
        self.assertEqual(request[2], b"hello")

    def test_in_a_file(self) -> None:
        """One in a file is there whole, though the first worker has read of it."""
        client, busy, other = self.ask(self.put(LARGE))
        self.assertEqual(len(os.read(self.fetch(busy), 1000)), 1000)
        self.die(busy)
        self.assertIsNotNone(other.request())
        self.assertEqual(os.read(self.fetch(other), 2 * len(LARGE)), LARGE)
        other.answer()
        self.frontend.turn()
        self.assertEqual(client.sent, OK)

    def test_not_asked_for(self) -> None:
        """One that the first worker has not asked for is there, too."""
        _, busy, other = self.ask(self.put(LARGE))
        self.die(busy)
        self.assertIsNotNone(other.request())
        self.assertEqual(len(os.read(self.fetch(other), 2 * len(LARGE))), len(LARGE))

    def test_kept_until_the_response(self) -> None:
        """The file is closed when the response begins."""
        _, busy, _ = self.ask(self.put(LARGE))
        self.fetch(busy)
        body = self.call().body
        assert body is not None and body.descriptor is not None
        busy.answer(OK[:10], 0)
        self.frontend.turn()
        self.assertIsNone(self.call().body)
        self.assertRaises(ValueError, lambda: body.descriptor)

    def test_not_kept(self) -> None:
        """The file of a request that is not sent again is closed when the worker has it."""
        client, busy, other = self.ask(post(LARGE))
        self.fetch(busy)
        self.assertIsNone(self.call().body)
        self.die(busy)
        self.assertEqual((client.statuses(), other.request()), ([502], None))

    def test_not_kept_twice(self) -> None:
        """So is that of one that was sent again."""
        _, busy, other = self.ask(self.put(LARGE))
        self.fetch(busy)
        self.die(busy)
        other.request()
        self.fetch(other)
        self.assertIsNone(self.call().body)

    def test_client_gone(self) -> None:
        """When its client goes, the worker is told, and the file closed."""
        client, busy, _ = self.ask(self.put(LARGE))
        self.fetch(busy)
        client.connection.client_gone()
        self.frontend.turn()
        self.assertIsNone(self.call().body)
        busy.request()
        self.assertEqual(busy.cancelled, 1)

    def test_client_closed(self) -> None:
        """That the client sends no more is told when the worker has the body."""
        client, busy, _ = self.ask(self.put(LARGE))
        client.channel.read_closed()
        self.frontend.turn()
        busy.request()
        self.assertEqual(busy.closings, 0)
        self.fetch(busy)
        busy.request()
        self.assertEqual(busy.closings, 1)
