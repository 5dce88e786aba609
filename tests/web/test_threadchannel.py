"""L{twsgi.web.threadchannel}: a connection goes from thread to thread, and to the reactor."""

from __future__ import annotations

from collections.abc import Callable

from tests.web.fakes import Later, chunked, get, post
from tests.web.threadserving import ThreadCase, ThreadClient, on_both, ready
from twsgi.web.http1 import PIPELINE_LIMIT


class TakenTests(ThreadCase):
    """By threads alone."""

    def test_first_bytes(self) -> None:
        """What has come when the connection is accepted is served without waiting for it."""
        client = self.client(get("/1"))
        self.assertTrue(client.look())
        client.answer()
        self.assertTrue(client.read().endswith(b"\r\n\r\n/1 "))
        self.assertTrue(client.parked)
        self.assertEqual(self.reactor.handed, [])

    def test_parked(self) -> None:
        """A connection is served again and again, and the reactor knows nothing of it."""
        client = self.kept()
        for number in range(3):
            self.assertFalse(ready(self.point))
            client.send(get(f"/{number}"))
            self.assertIs(self.wake(), client)
            self.assertTrue(client.channel.busy)
            self.assertFalse(client.parked)
            client.answer()
            self.assertTrue(client.read().endswith(b"\r\n\r\n/%d " % number))
            self.assertFalse(client.channel.busy)
        self.assertEqual((self.reactor.handed, self.reactor.readers), ([], []))

    def test_two_threads(self) -> None:
        """Of two threads that are woken by the same bytes one has the connection."""
        client = self.kept()
        client.send(get())
        for _ in range(2):
            winner, loser = client.channel.take(), client.channel.take()
            self.assertEqual((winner, loser), (client.channel, None))
            self.assertTrue(client.look())
            client.answer()
            self.assertTrue(client.parked)
            client.send(get())

    def test_within_taking(self) -> None:
        """However close they are: one that comes between has it, and the other has nothing."""
        client = self.kept()
        client.send(get())
        got = []
        client.lock.before = lambda: got.append(client.channel.take())
        got.append(client.channel.take())
        self.assertEqual(got, [client.channel, None])

    def test_not_parked(self) -> None:
        """A thread that is woken for what another serves has nothing to do with it."""
        client = self.client(get())
        client.look()
        self.assertIsNone(client.channel.take())
        client.answer()
        self.assertIsNotNone(client.channel.take())

    def test_woken_for_nothing(self) -> None:
        """Where there is nothing to read after all the connection is parked again."""
        client = self.kept()
        self.assertIs(client.channel.take(), client.channel)
        self.assertFalse(client.look())
        self.assertTrue(client.parked)
        self.assertFalse(client.channel.busy)
        client.send(get())
        self.assertIs(self.wake(), client)

    def test_woken_late(self) -> None:
        """Bytes that came when a thread was about to park wake the next."""
        client = self.kept()
        self.assertIs(client.channel.take(), client.channel)
        client.lock.before = lambda: client.send(get("/now"))
        self.assertFalse(client.look())
        self.assertIs(self.wake(), client)

    def test_stale_while_served(self) -> None:
        """A wake-up that comes while another thread serves does not make it deaf."""
        client = self.kept()
        client.send(get("/1"))
        self.assertIs(self.wake(), client)
        client.send(get("/2"))
        self.assertIsNone(self.wake())
        client.answer()
        self.assertIs(self.wake(), client)
        client.answer()
        self.assertTrue(client.read().endswith(b"/2 "))

    def test_body(self) -> None:
        """A body that has come with its head is the thread's too."""
        for data in (post(b"body", path="/p"), chunked([b"bo", b"dy"], path="/p")):
            client = self.client(data)
            self.assertTrue(client.look())
            client.answer()
            self.assertTrue(client.read().endswith(b"/p body"))
        self.assertEqual(self.reactor.handed, [])

    def test_connection_variables(self) -> None:
        """A request is told where it comes from."""
        client = self.client(get())
        client.look()
        environ = client.requests[0][0].environ
        self.assertEqual((environ["REMOTE_ADDR"], environ["REMOTE_PORT"]), ("192.0.2.7", "4711"))

    def test_empty_lines(self) -> None:
        """Empty lines before a request are tolerated."""
        client = self.client(b"\r\n" + get("/1"))
        self.assertTrue(client.look())
        client.answer()
        self.assertTrue(client.read().endswith(b"/1 "))


class HandedTests(ThreadCase):
    """To the reactor, and back."""

    def served(self, *pieces: bytes) -> bytes:
        """What a client gets that sends these pieces, one after the other."""
        client = self.kept()
        for piece in pieces:
            client.send(piece)
            self.settle()
        self.assertTrue(client.parked)
        self.assertFalse(client.with_reactor)
        return client.read()

    def test_half_a_head(self) -> None:
        """Half a head is the reactor's to complete; the request is a thread's."""
        client = self.kept()
        data = get("/1")
        client.send(data[:9])
        self.assertIsNone(self.wake())
        self.reactor.turn()
        self.assertTrue(client.with_reactor)
        client.send(data[9:])
        self.assertFalse(ready(self.point))
        self.reactor.turn()
        self.assertFalse(client.with_reactor)
        self.assertIs(self.wake(), client)
        client.answer()
        self.assertTrue(client.read().endswith(b"/1 "))
        self.assertTrue(client.parked)

    def test_any_piece(self) -> None:
        """Wherever a request is divided it is served, once."""
        for data in (get("/1"), post(b"body", path="/1"), chunked([b"bo", b"dy"], path="/1")):
            for length in range(1, len(data)):
                got = self.served(data[:length], data[length:])
                self.assertEqual(got.count(b"HTTP/1.1 200"), 1, data[:length])
                self.assertIn(b"\r\n\r\n/1 ", got)

    def test_late_head(self) -> None:
        """A head that does not come to its end is refused by the reactor, with 408."""
        client = self.client(get()[:9])
        client.look()
        self.reactor.turn()
        self.fixture.pass_seconds(12)
        self.assertTrue(client.read().startswith(b"HTTP/1.1 408 "))
        self.assertIsNone(client.channel.take())

    def test_late_body(self) -> None:
        """So is a body."""
        client = self.client(post(b"body")[:-1])
        client.look()
        self.reactor.turn()
        self.fixture.pass_seconds(12)
        self.assertTrue(client.read().startswith(b"HTTP/1.1 408 "))

    def test_slow_head(self) -> None:
        """The time that a head has begins with its first byte, whoever has read that."""
        client = self.kept()
        self.fixture.pass_seconds(3)
        client.send(get()[:9])
        self.wake()
        self.reactor.turn()
        self.fixture.pass_seconds(9)
        self.assertEqual(client.read(), b"")
        self.fixture.pass_seconds(3)
        self.assertTrue(client.read().startswith(b"HTTP/1.1 408 "))

    def test_expect(self) -> None:
        """Who waits for word that the body may come gets it from the thread."""
        client = self.client(post(b"body", "Expect: 100-continue", path="/p")[:-4])
        self.assertFalse(client.look())
        self.assertEqual(client.read(), b"HTTP/1.1 100 Continue\r\n\r\n")
        client.send(b"body")
        self.settle()
        self.assertTrue(client.read().endswith(b"/p body"))

    def test_expect_in_pieces(self) -> None:
        """Or from the reactor, where that has read the end of the head; once."""
        data = post(b"body", "Expect: 100-continue", path="/p")
        got = self.served(data[:9], data[9:-4], data[-4:])
        self.assertEqual(got.count(b"100 Continue"), 1)
        self.assertTrue(got.endswith(b"/p body"))

    def test_body_is_there(self) -> None:
        """Who does not wait gets no such word."""
        got = self.served(post(b"body", "Expect: 100-continue", path="/p"))
        self.assertNotIn(b"100 Continue", got)

    def test_expect_gone(self) -> None:
        """A client that is gone by then does no harm."""
        for known in (False, True):
            client = self.client(post(b"body", "Expect: 100-continue")[:-4])
            client.connection.receive = self.gone_after(client, known)
            client.look()
            self.reactor.turn_until_idle()
            self.assertEqual(self.site.channels, set())

    def gone_after(self, client: ThreadClient, known: bool) -> Callable[[int], bytes]:
        """Reads, and then the client leaves; C{known}: to the reactor too."""
        receive = client.connection.receive

        def read(size: int) -> bytes:
            data = receive(size)
            client.socket.close()
            if known:
                client.channel.abort()
            return data

        return read

    def test_refused(self) -> None:
        """What is no request is refused, by the reactor, which lingers."""
        client = self.client(b"GET / HTTP/1.1\r\nHost\r\n\r\nmore")
        self.assertFalse(client.look())
        self.assertEqual(client.read(), b"")
        self.reactor.turn()
        self.assertTrue(client.read().startswith(b"HTTP/1.1 400 "))
        self.assertEqual(len(self.fixture.refusals), 1)
        client.send(b"and more")
        self.reactor.turn_until_idle()
        self.assertTrue(client.closed())
        self.assertFalse(client.parked)
        client.socket.close()
        self.reactor.turn_until_idle()
        self.assertEqual(self.site.channels, set())

    def test_static(self) -> None:
        """A request that is the reactor's is rendered there; the next is a thread's again."""
        client = self.kept()
        client.send(get("/static/a"))
        self.assertIsNone(self.wake())
        self.assertEqual(self.resource.seen, [])
        self.settle()
        self.assertTrue(client.read().endswith(b"GET /static/a "))
        self.assertEqual(len(self.fixture.logged), 1)
        self.assertTrue(client.parked)
        client.send(get("/1"))
        self.assertIs(self.wake(), client)

    def test_static_later(self) -> None:
        """While the reactor has a request no thread reads, and it is not closed."""
        self.resource = later = Later()
        self.begin()
        client = self.kept()
        client.send(get("/static/a"))
        self.settle()
        self.assertIsNone(client.channel.take())
        client.send(get("/1"))
        self.settle()
        self.fixture.pass_seconds(10)
        self.assertEqual(client.read(), b"")
        later.answer(b"later")
        self.settle()
        got = client.read()
        self.assertLess(got.index(b"later"), got.index(b"/1 "))

    def test_static_body(self) -> None:
        """Its body goes with it, whole or not."""
        data = post(b"body", path="/static/p")
        for length in range(1, len(data) + 1):
            got = self.served(data[:length], *[data[length:]] * (length < len(data)))
            self.assertTrue(got.endswith(b"POST /static/p body"))


class PipelinedTests(ThreadCase):
    """Requests that come before the response to the one before."""

    #: What belongs to threads and what to the reactor, in all orders.
    PATHS = (("/1", "/2", "/3"), ("/1", "/static/2", "/3"), ("/static/1", "/2", "/static/3"))

    def in_order(self, got: bytes, paths: tuple[str, ...]) -> None:
        """Each was answered, in order."""
        self.assertEqual(got.count(b"HTTP/1.1 200"), len(paths))
        places = [got.index(f"{path} ".encode()) for path in paths]
        self.assertEqual(places, sorted(places))

    def test_at_once(self) -> None:
        """Those that come together are answered in order, whoever answers each."""
        for paths in self.PATHS:
            client = self.kept()
            client.send(b"".join(get(path) for path in paths))
            self.settle()
            self.in_order(client.read(), paths)
            self.assertTrue(client.parked)

    def test_any_piece(self) -> None:
        """Wherever the second is divided."""
        for paths in self.PATHS:
            data = b"".join(get(path) for path in paths)
            for length in range(1, len(data)):
                client = self.kept()
                client.send(data[:length])
                self.settle()
                client.send(data[length:])
                self.settle()
                self.in_order(client.read(), paths)

    def test_one_at_a_time(self) -> None:
        """The next is nobody's until the one before has its response."""
        client = self.kept()
        client.send(get("/1") + get("/2"))
        self.assertIs(self.wake(), client)
        self.assertIsNone(self.wake())
        self.assertFalse(self.reactor.turn())
        client.answer()
        self.assertIsNone(self.wake())
        self.reactor.turn()
        self.assertIs(self.wake(), client)

    def test_while_served(self) -> None:
        """What comes while a thread serves is left in the kernel, and read afterwards."""
        client = self.kept()
        client.send(get("/1"))
        self.assertIs(self.wake(), client)
        client.send(get("/2"))
        self.settle()
        self.assertEqual(client.read(), b"")
        client.answer()
        self.settle()
        self.in_order(client.read(), ("/1", "/2"))

    def test_many(self) -> None:
        """Any number of them, and however long."""
        client = self.kept()
        client.send(get("/") * 40)
        for _ in range(3):
            self.settle()
        self.assertEqual(client.read().count(b"200 OK"), 40)
        client.send(get("/", "X: " + "x" * 30000) * 4)
        for _ in range(3):
            self.settle()
        self.assertEqual(client.read().count(b"200 OK"), 4)
        self.assertTrue(client.parked)

    def test_paused(self) -> None:
        """Where too much waits the reactor reads on when there is room again."""
        self.resource = later = Later()
        self.begin()
        client = self.kept()
        client.send(get("/static/0"))
        self.settle()
        client.send(get("/1", "X: " + "x" * (PIPELINE_LIMIT // 2)) * 3)
        self.settle()
        self.assertFalse(client.with_reactor)
        later.answer()
        for _ in range(3):
            self.settle()
        self.assertEqual(client.read().count(b"/1 "), 3)
        self.assertTrue(client.parked)

    def test_after_close(self) -> None:
        """What follows a request that asked for the connection to be closed is dropped."""
        client = self.kept()
        client.send(get("/1", "Connection: close") + get("/2"))
        self.settle()
        got = client.read()
        self.assertEqual(got.count(b"200 OK"), 1)
        self.assertIn(b"Connection: close", got)
        self.assertFalse(client.parked)


PortableTakenTests = on_both(TakenTests)
PortableHandedTests = on_both(HandedTests)
PortablePipelinedTests = on_both(PipelinedTests)
