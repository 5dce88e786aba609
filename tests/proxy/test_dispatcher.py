"""L{twsgi.proxy}: a request's way through a frontend, and all that goes wrong on it."""

from __future__ import annotations

import os
import socket

from twisted.trial.unittest import SynchronousTestCase

from tests.proxy.fakes import OK, FakeLink, Frontend, reply
from tests.web.fakes import get, post
from twsgi.control.scoreboard import (
    FRONTEND_ACTIVE,
    FRONTEND_OLDEST,
    FRONTEND_QUEUED,
    FRONTEND_STATE,
    READY,
)
from twsgi.web.body import IN_MEMORY
from twsgi.wire import frames


class FrontendCase(SynchronousTestCase):
    """A frontend, to be asked."""

    def start(self, **arguments: int) -> Frontend:
        """Starts it."""
        self.frontend = Frontend(**arguments)
        self.addCleanup(self.frontend.dispatcher.stop)
        return self.frontend

    def setUp(self) -> None:
        self.start()

    def link(self, worker: int = 1) -> FakeLink:
        """A link that is closed at the end."""
        link = self.frontend.link(worker)
        self.addCleanup(link.close)
        return link


class RelayTests(FrontendCase):
    """A request to a worker and its response to the client."""

    def setUp(self) -> None:
        super().setUp()
        self.worker = self.link()

    def request(self, data: bytes) -> tuple[int, dict[str, str], bytes]:
        """What the worker gets of this request."""
        self.client = self.frontend.client(data)
        self.frontend.turn()
        request = self.worker.request()
        assert request is not None
        return request

    def test_variables(self) -> None:
        """The worker gets what the head says, and who asks."""
        _, variables, body = self.request(get("/a?b", "X-One: 1"))
        self.assertEqual(variables["REQUEST_URI"], "/a?b")
        self.assertEqual(variables["HTTP_X_ONE"], "1")
        self.assertEqual(variables["REMOTE_ADDR"], "192.0.2.7")
        self.assertEqual(body, b"")

    def test_flags(self) -> None:
        """The worker frames the response, so it is told what the client can take."""
        for data, flags in (
            (get(), frames.HTTP11 | frames.KEEP_ALIVE),
            (get("/", "Connection: close"), frames.HTTP11),
            (get("/", version="1.0"), 0),
            (get("/", "Connection: keep-alive", version="1.0"), frames.KEEP_ALIVE),
            (get().replace(b"GET", b"HEAD"), frames.HTTP11 | frames.KEEP_ALIVE | frames.HEAD),
        ):
            self.assertEqual(self.request(data)[0], flags)
            self.worker.answer()
            self.frontend.turn()

    def test_small_body(self) -> None:
        """A small body travels with its request."""
        self.assertEqual(self.request(post(b"hello"))[2], b"hello")

    def test_relayed(self) -> None:
        """What the worker says reaches the client as it comes, in any pieces of any frames."""
        self.request(get())
        stream = frames.encode_response(0, OK[:20]) + frames.encode_response(frames.LAST, OK[20:])
        for byte in stream:
            self.worker.send(bytes((byte,)))
            self.frontend.turn()
        self.assertEqual(self.client.sent, OK)
        self.assertEqual(self.client.lost, "")

    def test_last_without_bytes(self) -> None:
        """The end may be a frame of its own."""
        self.request(get())
        self.worker.answer(OK, 0)
        self.worker.answer(b"")
        self.frontend.turn()
        self.client.send(get("/next"))
        self.frontend.turn()
        self.assertEqual((self.client.sent, self.worker.uri), (OK, "/next"))

    def test_close(self) -> None:
        """The worker says when the client's connection is to be closed."""
        self.request(get())
        self.worker.answer(OK, frames.LAST | frames.CLOSE)
        self.frontend.turn()
        self.assertEqual((self.client.sent, self.client.lost), (OK, "close"))

    def test_cut(self) -> None:
        """A response that the worker cuts short ends with a reset; the link lives on."""
        self.request(get())
        self.worker.answer(OK[:-1], 0)
        self.worker.answer(b"", frames.LAST | frames.CLOSE | frames.CUT)
        self.frontend.turn()
        self.assertEqual(self.client.lost, "abort")
        self.request(get("/next"))

    def test_pipelined(self) -> None:
        """Two requests of one client go one after the other, over the same link."""
        self.request(get("/1") + get("/2"))
        self.worker.answer(reply(b"1"))
        self.frontend.turn()
        self.assertEqual(self.worker.uri, "/2")
        self.worker.answer(reply(b"2"))
        self.frontend.turn()
        self.assertEqual(self.client.bodies(), [b"1", b"2"])


class SpooledBodyTests(FrontendCase):
    """A request body that is a file travels as the file."""

    def setUp(self) -> None:
        super().setUp()
        self.worker = self.link()
        self.body = os.urandom(IN_MEMORY + 1)
        self.client = self.frontend.client(post(self.body))
        self.frontend.turn()

    def wanted(self) -> int:
        """The descriptor that the worker gets when it asks."""
        self.worker.signal(frames.WANT_BODY)
        self.frontend.turn()
        data, descriptors, _, _ = socket.recv_fds(self.worker.socket, 10, 2)
        self.assertEqual((len(data), len(descriptors)), (1, 1))
        self.addCleanup(os.close, descriptors[0])
        return descriptors[0]

    def test_descriptor(self) -> None:
        """The worker asks, and gets the file, at its start, with one byte."""
        request = self.worker.request()
        assert request is not None
        self.assertTrue(request[0] & frames.SPOOLED)
        self.assertEqual(request[2], b"")
        self.assertEqual(request[1]["CONTENT_LENGTH"], str(len(self.body)))
        self.assertEqual(os.pread(self.wanted(), len(self.body) + 1, 0), self.body)

    def test_ours_is_closed(self) -> None:
        """After the response the frontend has the file no more; so it is with an absent client."""
        for gone in (False, True):
            if gone:
                self.client = self.frontend.client(post(self.body))
                self.frontend.turn()
            self.worker.request()
            (link,) = self.frontend.dispatcher._links
            assert link.call is not None
            body = link.call.body
            assert body is not None
            descriptor = body.descriptor
            assert descriptor is not None
            if gone:
                self.client.connection.client_gone()
            self.worker.answer()
            self.frontend.turn()
            self.assertRaises(OSError, os.fstat, descriptor)

    def test_client_gone_before(self) -> None:
        """A worker that asks for the body of a client that is gone gets it all the same."""
        self.worker.request()
        self.client.connection.client_gone()
        self.assertEqual(os.pread(self.wanted(), 10, 0), self.body[:10])

    def test_cancelled_after_the_body(self) -> None:
        """The worker hears of a client that went before only when it has the body."""
        self.worker.request()
        self.client.connection.client_gone()
        self.assertIsNone(self.worker.request())
        self.assertEqual(self.worker.cancelled, 0)
        self.worker.signal(frames.WANT_BODY)
        self.frontend.turn()
        data, descriptors, _, _ = socket.recv_fds(self.worker.socket, 1, 1)
        self.addCleanup(os.close, descriptors[0])
        self.assertEqual(data, b"\0")
        self.assertIsNone(self.worker.request())
        self.assertEqual(self.worker.cancelled, 1)

    def test_there_is_none(self) -> None:
        """A worker that asks for a body that there is not is no worker: the link is closed."""
        link = self.link(2)
        client = self.frontend.client(get())
        self.frontend.turn()
        link.request()
        link.signal(frames.WANT_BODY)
        self.frontend.turn()
        self.assertTrue(link.closed())
        self.assertEqual(client.statuses(), [502])
        self.assertIn("worker 2", self.frontend.reports[0])


class QueueTests(FrontendCase):
    """First come, first served; and not for ever."""

    def test_first_come(self) -> None:
        """Requests that find no idle link are served in the order in which they came."""
        worker = self.link()
        clients = [self.frontend.client(get(f"/{number}")) for number in range(5)]
        for number in range(5):
            self.frontend.turn()
            self.assertEqual(worker.uri, f"/{number}")
            self.assertIsNone(worker.request())
            worker.answer(reply(b"%d" % number))
        self.frontend.turn()
        self.assertEqual(
            [client.bodies() for client in clients], [[b"%d" % number] for number in range(5)]
        )

    def test_new_link(self) -> None:
        """A new link takes the first that waits."""
        for path in ("/1", "/2"):
            self.frontend.client(get(path))
        link = self.link()
        self.frontend.turn()
        self.assertEqual(link.uri, "/1")
        self.assertEqual(self.frontend.record[FRONTEND_QUEUED], 1)

    def test_most_idle_worker(self) -> None:
        """The worker with the most idle links is given the next request."""
        one, other, third = self.link(1), self.link(2), self.link(2)
        self.frontend.client(get("/1"))
        self.frontend.turn()
        self.assertEqual([one.uri, [other.uri, third.uri].count("/1")], [None, 1])

    def test_full(self) -> None:
        """A request that finds the queue full gets 503 at once, and is told when to ask."""
        self.start(queue=2)
        for _ in range(2):
            self.frontend.client(get())
        client = self.frontend.client(post(b"x" * (IN_MEMORY + 1)))
        ((status, fields, _),) = client.responses()
        self.assertEqual((status, fields[b"retry-after"]), (503, b"1"))
        self.assertEqual(fields[b"connection"], b"close")
        self.assertIn("http-queue = 2", self.frontend.fixture.refusals[0])

    def test_full_of_the_gone(self) -> None:
        """Who has gone away holds no place in the queue."""
        self.start(queue=2)
        for _ in range(2):
            self.frontend.client(get("/gone")).connection.client_gone()
        client = self.frontend.client(get("/there"))
        self.assertEqual(client.sent, b"")
        link = self.link()
        self.frontend.turn()
        self.assertEqual(link.uri, "/there")

    def test_nobody_will_come(self) -> None:
        """At the end, when no worker is left, nobody waits in the queue for one: 503."""
        client = self.frontend.client(get())
        self.frontend.turn()
        self.frontend.dispatcher.final = True
        self.frontend.pass_seconds(2)
        self.assertEqual(client.statuses(), [503])

    def test_waited_too_long(self) -> None:
        """A request that no core takes within C{http-timeout} is answered with 503."""
        self.start(timeout=10)
        client = self.frontend.client(get())
        self.frontend.pass_seconds(10)
        self.assertEqual(client.sent, b"")
        self.frontend.pass_seconds(2)
        ((status, fields, _),) = client.responses()
        self.assertEqual((status, fields[b"retry-after"]), (503, b"1"))
        self.assertIn("http-timeout", self.frontend.fixture.refusals[0])
        link = self.link()
        self.frontend.turn()
        self.assertIsNone(link.request())

    def test_client_gone(self) -> None:
        """A client that goes away while it waits costs no core anything."""
        gone, there = self.frontend.client(get("/gone")), self.frontend.client(get("/there"))
        gone.connection.client_gone()
        link = self.link()
        self.frontend.turn()
        self.assertEqual(link.uri, "/there")
        link.answer()
        self.frontend.turn()
        self.assertEqual(there.statuses(), [200])

    def test_time_begins_again(self) -> None:
        """What a request has waited in the queue is not taken from the application's time."""
        self.start(timeout=10)
        client = self.frontend.client(get())
        self.frontend.pass_seconds(9)
        link = self.link()
        self.frontend.turn()
        self.frontend.pass_seconds(9)
        self.assertEqual(client.sent, b"")
        link.answer()
        self.frontend.turn()
        self.assertEqual(client.statuses(), [200])


class TimeoutTests(FrontendCase):
    """Applications that take their time."""

    def setUp(self) -> None:
        self.start(timeout=10)
        self.worker = self.link()
        self.client = self.frontend.client(get())
        self.frontend.turn()
        self.worker.request()

    def test_no_response(self) -> None:
        """A response that does not begin within C{http-timeout} becomes a 504."""
        self.frontend.pass_seconds(10)
        self.assertEqual(self.client.sent, b"")
        self.frontend.pass_seconds(2)
        self.assertEqual(self.client.statuses(), [504])
        self.assertIn("http-timeout", self.frontend.fixture.refusals[0])

    def test_late_response(self) -> None:
        """What comes later is dropped; then the link is given the next request."""
        self.frontend.pass_seconds(12)
        before = self.client.sent
        self.frontend.client(get("/next"))
        self.frontend.turn()
        self.assertIsNone(self.worker.request())
        self.worker.answer(reply(b"late"), 0)
        self.worker.answer(b"more")
        self.frontend.turn()
        self.assertEqual(self.client.sent, before)
        self.assertEqual(self.worker.uri, "/next")

    def test_once(self) -> None:
        """A request is refused once, however long its worker takes."""
        self.frontend.pass_seconds(60)
        self.assertEqual(self.client.statuses(), [504])
        self.assertEqual(len(self.frontend.fixture.refusals), 1)

    def test_worker_is_told(self) -> None:
        """The worker hears that nobody waits any more, once."""
        self.frontend.pass_seconds(12)
        self.assertIsNone(self.worker.request())
        self.assertEqual(self.worker.cancelled, 1)
        self.frontend.pass_seconds(12)
        self.assertIsNone(self.worker.request())
        self.assertEqual(self.worker.cancelled, 1)

    def test_begun(self) -> None:
        """A response that has begun may take any time."""
        self.worker.answer(OK[:10], 0)
        self.frontend.turn()
        self.frontend.pass_seconds(100)
        self.worker.answer(OK[10:])
        self.frontend.turn()
        self.assertEqual(self.client.sent, OK)


class LossTests(FrontendCase):
    """Workers and clients that go away."""

    def setUp(self) -> None:
        super().setUp()
        self.worker = self.link()
        self.client = self.frontend.client(get())
        self.frontend.turn()
        self.worker.request()

    def test_worker_is_told(self) -> None:
        """When the client goes away the worker hears of it, once, and may stop."""
        self.client.connection.client_gone()
        self.frontend.turn()
        self.assertIsNone(self.worker.request())
        self.assertEqual(self.worker.cancelled, 1)
        self.worker.answer(b"", frames.LAST | frames.CUT | frames.CLOSE)
        self.frontend.turn()
        self.idle_again()

    def idle_again(self) -> None:
        """The link is given the next request, whose response arrives."""
        client = self.frontend.client(get("/next"))
        self.frontend.turn()
        self.assertEqual(self.worker.uri, "/next")
        self.worker.answer()
        self.frontend.turn()
        self.assertEqual(client.sent, OK)
        self.assertEqual(self.frontend.record[FRONTEND_ACTIVE], 0)

    def test_worker_before_first_byte(self) -> None:
        """A worker that goes away before it has said anything is answered for with 502."""
        self.frontend.dispatcher.retried = frozenset()
        self.worker.close()
        self.frontend.turn()
        self.assertEqual(self.client.statuses(), [502])
        self.assertIn("worker 1 went away", self.frontend.fixture.refusals[0])
        self.assertEqual(self.frontend.record[FRONTEND_ACTIVE], 0)

    def test_worker_after_first_byte(self) -> None:
        """One that goes away later leaves half a response, and the client can tell."""
        self.worker.answer(OK[:10], 0)
        self.frontend.turn()
        self.worker.close()
        self.frontend.turn()
        self.assertEqual((self.client.sent, self.client.lost), (OK[:10], "abort"))
        self.assertEqual(self.frontend.record[FRONTEND_ACTIVE], 0)

    def test_worker_and_client(self) -> None:
        """Both gone is no trouble either."""
        self.client.connection.client_gone()
        self.worker.close()
        self.frontend.turn()
        self.assertEqual((self.client.sent, self.frontend.dispatcher._links), (b"", set()))

    def test_idle_worker(self) -> None:
        """A link whose worker is gone is given nothing."""
        self.worker.answer()
        self.frontend.turn()
        self.worker.close()
        self.frontend.turn()
        client = self.frontend.client(get())
        self.assertEqual((client.sent, self.frontend.record[FRONTEND_QUEUED]), (b"", 1))

    def test_client(self) -> None:
        """The response to a client that is gone is read and dropped; the link is idle again."""
        self.client.connection.client_gone()
        self.worker.answer(OK, 0)
        self.worker.answer(b"more")
        self.frontend.turn()
        self.assertEqual(self.client.sent, b"")
        self.idle_again()

    def test_garbage(self) -> None:
        """A worker that says what is no frame is cut off, and the log says which."""
        self.worker.send(b"nonsense")
        self.frontend.turn()
        self.assertTrue(self.worker.closed())
        self.assertEqual(self.client.statuses(), [502])
        self.assertIn("worker 1: ", self.frontend.reports[0])

    def test_response_without_request(self) -> None:
        """So is one that answers what nobody has asked."""
        self.worker.answer()
        self.worker.answer()
        self.frontend.turn()
        self.assertTrue(self.worker.closed())
        self.assertEqual(self.client.sent, OK)


class BackPressureTests(FrontendCase):
    """Clients that read more slowly than their application writes."""

    def setUp(self) -> None:
        super().setUp()
        self.worker = self.link()
        self.client = self.frontend.client(get())
        self.frontend.turn()
        self.worker.request()

    def slow(self) -> None:
        """What waits for the client has passed the mark."""
        self.client.connection.full = True
        self.worker.answer(b"some", 0)
        self.frontend.turn()

    def fast(self) -> None:
        """The client has read most of it."""
        self.client.connection.full = False
        self.client.channel.drained()

    def test_pause(self) -> None:
        """The worker is not read while too much waits for the client, and read again afterwards."""
        self.slow()
        self.worker.answer(b"more", 0)
        self.frontend.turn()
        self.assertEqual(self.client.sent, b"some")
        self.fast()
        self.frontend.turn()
        self.assertEqual(self.client.sent, b"somemore")

    def test_only_this_link(self) -> None:
        """Other clients, of the same worker too, notice nothing."""
        other_link = self.link()
        other = self.frontend.client(get())
        self.slow()
        other_link.request()
        other_link.answer()
        self.frontend.turn()
        self.assertEqual(other.sent, OK)

    def test_client_gone(self) -> None:
        """When the client goes away meanwhile the worker can finish, and the link is idle again."""
        self.slow()
        self.client.connection.client_gone()
        self.worker.answer(b"more")
        self.frontend.turn()
        LossTests.idle_again(self)  # type: ignore[arg-type]

    def test_last_in_the_same_bytes(self) -> None:
        """A link that is paused by the bytes that end its response is idle, and read, again."""
        self.client.connection.full = True
        self.worker.send(
            frames.encode_response(0, OK[:10]) + frames.encode_response(frames.LAST, OK[10:])
        )
        self.frontend.turn()
        self.fast()
        LossTests.idle_again(self)  # type: ignore[arg-type]

    def test_worker_gone(self) -> None:
        """A worker that dies meanwhile is noticed when the client has read."""
        self.slow()
        self.worker.close()
        self.fast()
        self.frontend.turn()
        self.assertEqual(self.client.lost, "abort")


class RetireTests(FrontendCase):
    """Workers that want their links closed."""

    def setUp(self) -> None:
        super().setUp()
        self.worker = self.link()

    def test_idle(self) -> None:
        """An idle link is closed at once."""
        self.worker.signal(frames.RETIRE)
        self.frontend.turn()
        self.assertTrue(self.worker.closed())
        self.frontend.client(get())
        self.assertEqual(self.frontend.record[FRONTEND_QUEUED], 1)

    def test_busy(self) -> None:
        """A busy one when its response is complete, wherever in it the wish has come."""
        for before in (True, False):
            self.worker = self.link()
            client = self.frontend.client(get())
            self.frontend.turn()
            self.worker.request()
            if before:
                self.worker.signal(frames.RETIRE)
            self.worker.answer(OK[:10], 0)
            if not before:
                self.worker.signal(frames.RETIRE)
            self.frontend.turn()
            self.assertFalse(self.worker.closed())
            self.worker.answer(OK[10:])
            self.frontend.turn()
            self.assertTrue(self.worker.closed())
            self.assertEqual(client.sent, OK)
            self.setUp()

    def test_behind_the_response(self) -> None:
        """The wish right behind the response is heard, too."""
        client = self.frontend.client(get())
        self.frontend.turn()
        self.worker.request()
        self.worker.send(
            frames.encode_response(frames.LAST, OK) + frames.encode_signal(frames.RETIRE)
        )
        self.frontend.turn()
        self.assertTrue(self.worker.closed())
        self.assertEqual(client.sent, OK)

    def test_crossed(self) -> None:
        """A request that was sent before the wish was read is still served."""
        self.worker.signal(frames.RETIRE)
        client = self.frontend.client(get())
        self.frontend.turn()
        self.assertFalse(self.worker.data)
        self.assertIsNotNone(self.worker.request())
        self.worker.answer()
        self.frontend.turn()
        self.assertEqual(client.sent, OK)
        self.assertTrue(self.worker.closed())

    def test_queue_goes_elsewhere(self) -> None:
        """A link that is to be closed takes nothing from the queue."""
        self.frontend.client(get("/1"))
        self.frontend.client(get("/2"))
        self.worker.signal(frames.RETIRE)
        self.frontend.turn()
        self.worker.request()
        self.worker.answer()
        self.frontend.turn()
        self.assertEqual(self.frontend.record[FRONTEND_QUEUED], 1)
        other = self.link(2)
        self.frontend.turn()
        self.assertEqual(other.uri, "/2")


class ScoreboardTests(FrontendCase):
    """What others see of a frontend."""

    def words(self) -> tuple[int, int]:
        """How many wait, and how many are being served."""
        record = self.frontend.record
        return record[FRONTEND_QUEUED], record[FRONTEND_ACTIVE]

    def test_ready(self) -> None:
        """A dispatcher that is there is ready."""
        self.assertEqual(self.frontend.record[FRONTEND_STATE], READY)

    def test_counts(self) -> None:
        """The words follow a request from the queue to its end."""
        self.assertEqual(self.words(), (0, 0))
        self.frontend.client(get())
        self.frontend.client(get())
        self.assertEqual(self.words(), (2, 0))
        link = self.link()
        self.assertEqual(self.words(), (1, 1))
        for expected in ((0, 1), (0, 0)):
            self.frontend.turn()
            link.request()
            link.answer()
            self.frontend.turn()
            self.assertEqual(self.words(), expected)

    def test_oldest(self) -> None:
        """The word for the oldest says since when it waits, by the machine's own clock."""
        self.patch(
            __import__("twsgi.proxy.dispatcher", fromlist=["time"]).time,
            "monotonic_ns",
            lambda: 50_000_000_000,
        )
        self.frontend.client(get())
        self.frontend.pass_seconds(3)
        self.assertEqual(self.frontend.record[FRONTEND_OLDEST], 47_000_000_000)
        self.link()
        self.assertEqual(self.frontend.record[FRONTEND_OLDEST], 0)


class StopTests(FrontendCase):
    """The end of a frontend."""

    def test_stop(self) -> None:
        """All links are closed, and no timer is left; a second time is nothing."""
        links = [self.link(), self.link(2)]
        for _ in range(2):
            self.frontend.dispatcher.stop()
        self.assertEqual([link.closed() for link in links], [True, True])
        self.frontend.fixture.site.drain(lambda: None)
        self.assertEqual(self.frontend.reactor.getDelayedCalls(), [])
        self.assertEqual(self.frontend.reactor.readers, [])
