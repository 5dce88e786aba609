"""L{twsgi.web.threadchannel}: a thread and the reactor want the same connection at one moment."""

from __future__ import annotations

from typing import Any

from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from tests.web.fakes import Later, get, post
from tests.web.threadserving import ThreadCase, ThreadClient, on_both, ready
from twsgi.web.http1 import PIPELINE_LIMIT
from twsgi.web.outgoing import HIGH_WATER


class DeadlineTests(ThreadCase):
    """Deadlines."""

    def late(self, client: ThreadClient) -> None:
        """The deadline passes, and it was noticed."""
        self.reactor.rightNow = client.channel.deadline + 0.5
        client.channel.timed_out()

    def used(self) -> ThreadClient:
        """A client that was served once."""
        client = self.kept()
        client.send(get("/1"))
        self.assertIs(self.wake(), client)
        client.answer()
        client.read()
        return client

    def serve(self, client: ThreadClient) -> None:
        """A thread serves what the client sends."""
        client.send(get("/2"))
        self.assertIs(self.wake(), client)
        client.answer()
        self.assertTrue(client.read().endswith(b"/2 "))

    def test_idle(self) -> None:
        """One that is idle for too long is closed."""
        client = self.used()
        self.fixture.pass_seconds(3)
        self.assertEqual(len(self.site.channels), 1)
        self.fixture.pass_seconds(3)
        self.assertTrue(client.closed())
        self.assertEqual(self.site.channels, set())

    def test_silent(self) -> None:
        """So is one that never says anything."""
        client = self.kept()
        self.fixture.pass_seconds(12)
        self.assertTrue(client.closed())

    def test_while_served(self) -> None:
        """A thread that serves has all the time."""
        client = self.kept()
        client.send(get("/1"))
        self.assertIs(self.wake(), client)
        self.fixture.pass_seconds(100)
        client.answer()
        self.assertTrue(client.read().endswith(b"/1 "))
        self.assertTrue(client.parked)

    def test_taken_first(self) -> None:
        """It is not closed under the hands of a thread that has just taken it."""
        client = self.used()
        client.send(get("/2"))
        client.lock.before = client.channel.take
        self.late(client)
        self.assertTrue(client.look())
        client.answer()
        self.assertTrue(client.read().endswith(b"/2 "))
        self.assertTrue(client.parked)

    def test_taken_too_late(self) -> None:
        """A thread that comes when the reactor has it finds nothing, and it is closed."""
        client = self.used()
        taken: list[Any] = []
        client.lock.after = lambda: taken.append(client.channel.take())
        self.late(client)
        self.assertEqual(taken, [None])
        self.assertTrue(client.closed())

    def test_renewed(self) -> None:
        """A deadline that a thread has renewed meanwhile is not acted on."""
        client = self.used()
        client.lock.before = lambda: self.serve(client)
        self.late(client)
        self.assertTrue(client.parked)
        self.assertGreater(client.channel.deadline, self.site.seconds())
        self.serve(client)

    def test_closed_meanwhile(self) -> None:
        """Nor is one of a connection that a thread has closed meanwhile."""
        client = self.used()
        client.socket.close()
        client.lock.before = self.wake
        self.late(client)
        self.assertEqual(self.site.channels, set())

    def test_unread(self) -> None:
        """What has come while all threads were busy is served, however late."""
        client = self.used()
        client.send(get("/2"))
        self.fixture.pass_seconds(10)
        self.assertIs(self.wake(), client)
        client.answer()
        self.assertTrue(client.read().endswith(b"/2 "))


class GiveWayTests(ThreadCase):
    """Connections that others shall have the room of."""

    limits = {"connections": 1, "idle_timeout": 1000}

    def setUp(self) -> None:
        super().setUp()
        self.client_ = client = self.kept()
        client.send(get("/1"))
        self.assertIs(self.wake(), client)
        client.answer()
        client.read()

    def test_idle(self) -> None:
        """The one that is idle is closed."""
        self.site.admission.make_room()
        self.assertTrue(self.client_.closed())
        self.assertEqual(self.site.admission.room(), 1)

    def test_taken_first(self) -> None:
        """One that a thread has just taken is not."""
        client = self.client_
        client.send(get("/2"))
        client.lock.before = client.channel.take
        self.site.admission.make_room()
        self.assertTrue(client.look())
        self.assertFalse(ready(self.point))
        client.answer()
        self.assertTrue(client.read().endswith(b"/2 "))

    def test_served(self) -> None:
        """Nor is one that a thread serves by then, which was idle when it was chosen."""
        client = self.client_
        client.send(get("/2"))
        self.assertIs(self.wake(), client)
        client.channel.give_way()
        client.answer()
        self.assertTrue(client.read().endswith(b"/2 "))
        self.assertTrue(client.parked)

    def test_read_meanwhile(self) -> None:
        """Nor is the request that the thread has just found given to another thread as well."""
        client = self.client_
        client.send(get("/2"))
        submitted: list[Any] = []
        self.point.submit = submitted.append

        def step() -> None:
            client.channel.take()
            # As far as next_request() has come when it is about to return.
            self.assertTrue(client.channel._read(self.parse))

        client.lock.before = step
        self.site.admission.make_room()
        self.assertEqual(submitted, [])
        self.assertTrue(client.look())
        client.answer()
        self.assertTrue(client.read().endswith(b"/2 "))

    def test_taken_too_late(self) -> None:
        """A thread that comes after that has nothing."""
        taken: list[Any] = []
        self.client_.lock.after = lambda: taken.append(self.client_.channel.take())
        self.site.admission.make_room()
        self.assertEqual(taken, [None])
        self.assertTrue(self.client_.closed())

    def test_unread(self) -> None:
        """One that has asked for something is not idle, though no thread has looked yet."""
        self.client_.send(get("/2"))
        self.site.admission.make_room()
        self.assertIs(self.wake(), self.client_)


class Declines(Resource):
    """Might answer, and leaves it to a thread."""

    isLeaf = True

    def render(self, request: Any) -> int:
        request.channel.leave_to_thread()
        return NOT_DONE_YET


class LeftTests(ThreadCase):
    """Requests that a resource leaves to a thread."""

    def setUp(self) -> None:
        self.resource = Declines()
        self.begin()

    def test_served(self) -> None:
        """They are served there, body and all, whole or in pieces, and the connection goes on."""
        data = post(b"body", path="/static/p")
        for pieces in ((data,), (data[:9], data[9:]), (data[:-1], data[-1:])):
            client = self.kept()
            for piece in pieces:
                client.send(piece)
                self.settle()
            self.assertTrue(client.read().endswith(b"/static/p body"))
            self.assertTrue(client.parked)
            self.assertIsNone(client.channel.request)

    def test_pipelined(self) -> None:
        """In order, among others."""
        client = self.kept()
        client.send(b"".join(get(path) for path in ("/static/1", "/2", "/static/3", "/4")))
        self.settle()
        got = client.read()
        order = (b"/static/1", b"/2", b"/static/3", b"/4")
        places = [got.index(b"\r\n\r\n" + one) for one in order]
        self.assertEqual(places, sorted(places))

    def test_once(self) -> None:
        """One thread has it, though it takes it before the reactor is through with it."""
        for data, more in ((get("/static/1"), b""), (get("/static/1")[:9], get("/static/1")[9:])):
            client = self.kept()
            taken: list[Any] = []

            def submit(channel: Any, taken: list[Any] = taken) -> None:
                taken.append(channel.take())

            self.point.submit, submit_ = submit, self.point.submit
            client.send(data)
            self.assertIsNone(self.wake())
            self.reactor.turn()
            if more:
                client.send(more)
                self.reactor.turn()
            self.point.submit = submit_
            self.assertEqual(taken, [client.channel])
            self.assertTrue(client.look())
            self.assertFalse(client.with_reactor)
            client.answer()
            self.assertTrue(client.read().endswith(b"/static/1 "))
            self.assertTrue(client.parked)

    def test_client_gone(self) -> None:
        """A client that has gone by then does no harm."""
        client = self.kept()
        client.send(get("/static/1"))
        self.assertIsNone(self.wake())
        self.reactor.turn()
        client.socket.close()
        self.settle()
        self.assertEqual(self.site.channels, set())


class SlowReaderTests(ThreadCase):
    """A client that does not read what the reactor has answered."""

    def test_next(self) -> None:
        """What it asks for meanwhile is a thread's when it has read, and no more is read before."""
        self.resource = later = Later()
        self.begin()
        client = self.kept()
        client.send(get("/static/a"))
        self.settle()
        later.answer(bytes(4 * HIGH_WATER))
        self.assertTrue(client.connection.full)
        for number in range(3):
            client.send(get(f"/{number}", "X: " + "x" * (PIPELINE_LIMIT // 2)))
            self.settle()
        self.assertFalse(client.with_reactor)
        got = b""
        for _ in range(100):
            got += client.read()
            self.settle()
        self.assertEqual(got.count(b"HTTP/1.1 200"), 4)
        self.assertTrue(got.endswith(b"/2 "))
        self.assertTrue(client.parked)


PortableDeadlineTests = on_both(DeadlineTests)
PortableGiveWayTests = on_both(GiveWayTests)
PortableSlowReaderTests = on_both(SlowReaderTests)
PortableLeftTests = on_both(LeftTests)
