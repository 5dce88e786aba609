"""L{twsgi.proxy}: requests that come back from a worker that was busy after all."""

from __future__ import annotations

import os
import socket
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.proxy.fakes import OK, FakeLink, reply
from tests.proxy.test_dispatcher import FrontendCase
from tests.web.fakes import Client, get, post
from twsgi.control.scoreboard import FRONTEND_ACTIVE, FRONTEND_QUEUED
from twsgi.proxy.dispatcher import RETRY
from twsgi.web.body import IN_MEMORY
from twsgi.wire import frames


class BouncedTests(FrontendCase):
    """Requests that come back: their worker was busy after all."""

    def setUp(self) -> None:
        self.start(frontends=2)

    def words(self) -> tuple[int, int]:
        """How many wait, and how many are being served."""
        record = self.frontend.record
        return record[FRONTEND_QUEUED], record[FRONTEND_ACTIVE]

    def bounce(self, link: FakeLink) -> str | None:
        """A worker sends back what it has got.  @return: what that was."""
        uri = link.uri
        link.signal(frames.BOUNCE)
        self.frontend.turn()
        return uri

    def retry(self, moved: bool = True) -> None:
        """The moment passes after which the same worker is asked again, if it has moved."""
        if moved:
            self.frontend.moves(1)
        self.frontend.reactor.advance(RETRY)
        self.frontend.turn()

    def finish(self, link: FakeLink, body: bytes = b"") -> str | None:
        """A worker answers what it has got.  @return: what that was."""
        uri = link.uri
        link.answer(reply(body or (uri or "").encode()))
        self.frontend.turn()
        return uri

    def test_elsewhere(self) -> None:
        """It goes to another worker at once, as it was."""
        one, other = self.link(1), self.link(2)
        client = self.frontend.client(post(b"body"))
        self.frontend.turn()
        self.bounce(one)
        self.assertEqual(self.words(), (0, 1))
        request = other.request()
        assert request is not None
        self.assertEqual(request[2], b"body")
        other.answer()
        self.frontend.turn()
        self.assertEqual(client.sent, OK)
        self.assertEqual(self.words(), (0, 0))

    def test_spooled(self) -> None:
        """So does one whose body is a file: nobody has asked for it."""
        one, other = self.link(1), self.link(2)
        body = os.urandom(IN_MEMORY + 1)
        self.frontend.client(post(body))
        self.frontend.turn()
        self.bounce(one)
        self.assertIsNotNone(other.request())
        other.signal(frames.WANT_BODY)
        self.frontend.turn()
        _, (descriptor,), _, _ = socket.recv_fds(other.socket, 1, 1)
        self.addCleanup(os.close, descriptor)
        self.assertEqual(os.pread(descriptor, len(body), 0), body)

    def test_most_free(self) -> None:
        """Of several others it goes where the board says that most is free."""
        links = {worker: [self.link(worker), self.link(worker)] for worker in (1, 2, 3)}
        self.frontend.client(get())
        self.frontend.turn()
        self.frontend.busy(2, 2)
        self.frontend.busy(3, 1)
        (sent,) = [link for link in links[1] if link.request()]
        sent.signal(frames.BOUNCE)
        self.frontend.turn()
        self.assertEqual(len([link for link in links[3] if link.request()]), 1)

    def test_link_is_idle(self) -> None:
        """The link it came back by has the next request, when the worker is free."""
        one, other = self.link(1), self.link(2)
        self.frontend.client(get("/1"))
        self.frontend.turn()
        self.bounce(one)
        self.frontend.client(get("/2"))
        self.frontend.turn()
        self.assertEqual((other.uri, one.uri), ("/1", "/2"))

    def test_head_of_queue(self) -> None:
        """Where all other links are busy it is the next of all: the first that is idle has it."""
        one, other = self.link(1), self.link(2)
        for path in ("/1", "/2", "/3"):
            self.frontend.client(get(path))
        self.frontend.turn()
        self.bounce(one)
        self.assertEqual(self.words(), (2, 1))
        self.assertEqual([self.finish(other) for _ in range(3)], ["/2", "/1", "/3"])
        self.assertEqual(self.words(), (0, 0))
        self.retry()
        self.assertEqual(one.request(), None)

    def test_order_is_kept(self) -> None:
        """Those that come meanwhile stand behind it, though a link is idle."""
        one, other = self.link(1), self.link(2)
        for path in ("/1", "/2"):
            self.frontend.client(get(path))
        self.frontend.turn()
        self.bounce(one)
        for path in ("/3", "/4"):
            self.frontend.client(get(path))
        self.frontend.turn()
        self.assertIsNone(one.request())
        self.retry()
        self.assertEqual(one.uri, "/1")
        self.assertEqual([self.finish(other) for _ in range(3)], ["/2", "/3", "/4"])

    def test_only_worker(self) -> None:
        """Where there is no other link it goes to the same worker when that has moved."""
        one = self.link()
        client = self.frontend.client(get("/1"))
        for _ in range(5):
            self.frontend.turn()
            self.assertEqual(self.bounce(one), "/1")
            self.assertIsNone(one.request())
            for _ in range(3):
                self.retry(moved=False)
                self.assertEqual(self.words(), (1, 0))
            self.retry()
        self.assertEqual(self.finish(one, b"served"), "/1")
        self.assertEqual(client.bodies(), [b"served"])

    def test_core_was_free_already(self) -> None:
        """Also when that worker has a free core that it counted before the request was back."""
        one = self.link()
        self.frontend.client(get("/1"))
        self.frontend.turn()
        self.bounce(one)
        self.frontend.busy(1, 1)
        self.retry(moved=False)
        self.assertEqual(one.uri, "/1")

    def test_all_idle_links_are_used(self) -> None:
        """After that moment nobody waits while a link is idle: all of them are given one."""
        ones = [self.link(1), self.link(1)]
        for path in ("/1", "/2", "/3"):
            self.frontend.client(get(path))
        self.frontend.turn()
        for link in ones:
            self.assertIsNotNone(link.request())
            link.signal(frames.BOUNCE)
        self.frontend.turn()
        self.assertEqual(self.words(), (3, 0))
        self.retry()
        self.assertEqual(sorted(str(link.uri) for link in ones), ["/1", "/2"])
        self.assertEqual(self.words(), (1, 2))

    def test_new_worker(self) -> None:
        """A worker that is new in that moment has it."""
        one = self.link(1)
        self.frontend.client(get("/1"))
        self.frontend.turn()
        self.bounce(one)
        other = self.link(2)
        self.frontend.turn()
        self.assertEqual(other.uri, "/1")
        self.retry()
        self.assertIsNone(one.request())

    def test_worker_dies(self) -> None:
        """If its worker dies in that moment, the next that comes has it."""
        one = self.link(1)
        self.frontend.client(get("/1"))
        self.frontend.turn()
        self.bounce(one)
        one.close()
        self.frontend.turn()
        self.retry()
        self.assertEqual(self.words(), (1, 0))
        other = self.link(2)
        self.frontend.turn()
        self.assertEqual(other.uri, "/1")

    def test_retired(self) -> None:
        """A worker that leaves sends back and has its link closed, in either order."""
        for wish_first in (True, False):
            one, other = self.link(1), self.link(2)
            self.frontend.client(get("/1"))
            self.frontend.turn()
            self.assertIsNotNone(one.request())
            signals = [frames.encode_signal(kind) for kind in (frames.RETIRE, frames.BOUNCE)]
            one.send(b"".join(signals if wish_first else signals[::-1]))
            self.frontend.turn()
            self.assertTrue(one.closed())
            self.assertEqual(self.finish(other), "/1")
            other.close()
            self.frontend.turn()
            self.assertEqual((self.words(), self.frontend.dispatcher._links), ((0, 0), set()))

    def test_gone(self) -> None:
        """One whose client has gone is dropped; the links are idle."""
        one, other = self.link(1), self.link(2)
        client = self.frontend.client(post(b"x" * (IN_MEMORY + 1)))
        self.frontend.turn()
        link = next(link for link in self.frontend.dispatcher._links if link.call)
        call = link.call
        assert call is not None and call.body is not None
        descriptor = call.body.descriptor
        assert descriptor is not None
        client.connection.client_gone()
        self.bounce(one)
        self.assertRaises(OSError, os.fstat, descriptor)
        self.assertEqual((one.request(), other.request(), self.words()), (None, None, (0, 0)))
        for path in ("/1", "/2"):
            self.frontend.client(get(path))
        self.frontend.turn()
        self.assertEqual(sorted([str(one.uri), str(other.uri)]), ["/1", "/2"])

    def test_gone_and_others_wait(self) -> None:
        """One that is dropped holds up nobody behind it."""
        one = self.link(1)
        client = self.frontend.client(get("/gone"))
        self.frontend.turn()
        self.assertEqual(one.uri, "/gone")
        self.frontend.client(get("/there"))
        client.connection.client_gone()
        one.signal(frames.BOUNCE)
        self.frontend.turn()
        self.retry()
        self.assertEqual(self.finish(one), "/there")

    def test_nothing_to_bounce(self) -> None:
        """What comes back without having been sent is a fault of the worker's."""
        one = self.link(1)
        one.signal(frames.BOUNCE)
        self.frontend.turn()
        self.assertTrue(one.closed())
        self.assertIn("worker 1: ", self.frontend.reports[0])

    def test_waits_too_long(self) -> None:
        """However often it comes back, there is an answer within C{http-timeout}, others first."""
        self.start(frontends=2, timeout=10)
        one = self.link(1)
        client = self.frontend.client(get("/1"))
        self.frontend.turn()
        self.frontend.pass_seconds(6)
        other = self.frontend.client(get("/2"))
        self.bounce(one)
        self.retry()
        # It has a core's time anew from here; so has nobody else.
        self.assertEqual(self.bounce(one), "/1")
        one.close()
        self.frontend.turn()
        self.frontend.pass_seconds(9)
        self.assertEqual((client.statuses(), other.statuses()), ([], []))
        self.frontend.pass_seconds(2.5)
        self.assertEqual((client.statuses(), other.statuses()), ([503], [503]))

    def test_not_for_ever(self) -> None:
        """One that always comes back is answered with an error, in time."""
        self.start(frontends=2, timeout=10)
        one = self.link()
        client = self.frontend.client(get())
        self.frontend.turn()
        for _ in range(30):
            if one.request() is not None:
                one.signal(frames.BOUNCE)
                self.frontend.turn()
            self.frontend.moves(1)
            self.frontend.pass_seconds(0.5)
        self.assertEqual(client.statuses(), [503])
        self.assertEqual(self.words(), (0, 0))

    def test_stop(self) -> None:
        """A dispatcher that stops waits for no such moment."""
        one = self.link(1)
        self.frontend.client(get())
        self.frontend.turn()
        self.bounce(one)
        self.frontend.dispatcher.stop()
        self.frontend.fixture.site.drain(lambda: None)
        delayed = [call.func for call in self.frontend.reactor.getDelayedCalls()]
        self.assertNotIn(self.frontend.dispatcher._retry, delayed)

    def die(self, one: FakeLink, links: list[FakeLink]) -> list[FakeLink]:
        """The worker of C{one} dies, and has a successor.  @return: the links there are then."""
        dead = [link for link in links if link.worker == one.worker]
        for link in dead:
            link.close()
        self.frontend.turn()
        return [self.link(link.worker) if link in dead else link for link in links]

    @given(st.data())
    def test_never_stuck(self, data: st.DataObject) -> None:
        """Whatever workers do, nobody waits while a link is idle, but for that one moment."""
        self.start(frontends=2, queue=1000)
        links = [self.link(worker) for worker in (1, 1, 2, 3)]
        dispatcher = self.frontend.dispatcher
        balancer: Any = dispatcher._balancer
        clients: list[Client] = []
        for step in data.draw(st.lists(st.sampled_from("rrbbfgtd"), max_size=40)):
            inside = [link for link in links if link.uri_seen()]
            if step == "r":
                clients.append(self.frontend.client(get(f"/{len(clients)}")))
            elif step == "t":
                self.frontend.moves(data.draw(st.integers(1, 3)))
                self.frontend.reactor.advance(RETRY)
            elif step == "g" and clients:
                data.draw(st.sampled_from(clients)).connection.client_gone()
            elif step in "bfd" and inside:
                link = data.draw(st.sampled_from(inside))
                if step == "d":
                    links = self.die(link, links)
                else:
                    link.seen = None
                    self.bounce(link) if step == "b" else self.finish(link, b"f")
            self.frontend.turn()
            if dispatcher._queue and any(balancer._idle.values()):
                self.assertIsNotNone(dispatcher._retry_call)
        for _ in range(len(clients) + 1):
            for worker in (2, 3):
                self.frontend.moves(worker)
            self.retry()
            for link in links:
                if link.uri_seen():
                    link.seen = None
                    self.finish(link, b"f")
        self.assertEqual(self.words(), (0, 0))
        for client in clients:
            if client.connection.connected:
                self.assertIn(client.statuses(), [[200], [502]])
        dispatcher.stop()
        for link in self.frontend.links:
            link.close()
