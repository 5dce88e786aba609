"""L{twsgi.selftest.client}: every fate, from a server that brings it about on purpose."""

from __future__ import annotations

import socket
import struct
import threading

from twisted.trial.unittest import SynchronousTestCase

from tests.selftest.fakes import (
    OK,
    PATIENCE,
    FakeServer,
    Script,
    answer,
    arrived,
    read_request,
)
from twsgi.selftest.client import Client, Request
from twsgi.selftest.fate import Fate, Outcome

WANTED = Request(answer=b"ok")


class ClientCase(SynchronousTestCase):
    """A client and a server with a script."""

    def client(self, *scripts: Script, kept: bool = True, timeout: float = PATIENCE) -> Client:
        """A client of a server with these scripts."""
        server = FakeServer(*scripts)
        client = Client(server.port, kept=kept, timeout=timeout)
        self.addCleanup(server.close)
        self.addCleanup(client.close)
        return client

    def assert_fate(self, outcome: Outcome, fate: Fate, fresh: bool) -> None:
        """C{outcome} is this one."""
        self.assertEqual((outcome.fate, outcome.fresh), (fate, fresh), str(outcome))
        self.assertGreaterEqual(outcome.ended, outcome.sent)


class AnswerTests(ClientCase):
    """What a whole answer is, and where it ends."""

    def answered(self, data: bytes, request: Request = WANTED) -> Outcome:
        """The outcome of a request that is answered so."""
        return self.client(answer(data)).ask(request)

    def test_length(self) -> None:
        """An answer with a length is whole when so much has come."""
        outcome = self.answered(OK)
        self.assert_fate(outcome, Fate.ANSWERED, True)
        self.assertEqual((outcome.status, outcome.request, outcome.lost), (200, "GET /", False))

    def test_chunks(self) -> None:
        """A chunked answer is put together, trailers and extensions left out."""
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        outcome = self.answered(head + b"1;x=y\r\no\r\n1\r\nk\r\n0\r\nTrailer: x\r\n\r\n")
        self.assert_fate(outcome, Fate.ANSWERED, True)

    def test_to_the_end(self) -> None:
        """An answer without a length goes on to the end of the connection."""
        self.assert_fate(self.answered(b"HTTP/1.0 200 OK\r\n\r\nok"), Fate.ANSWERED, True)

    def test_interim(self) -> None:
        """An interim answer is not the answer."""
        outcome = self.answered(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK)
        self.assert_fate(outcome, Fate.ANSWERED, True)

    def test_no_body(self) -> None:
        """The answer to HEAD has no body, whatever its length."""
        head = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
        outcome = self.answered(head, Request("HEAD", answer=b""))
        self.assert_fate(outcome, Fate.ANSWERED, True)

    def test_other_status(self) -> None:
        """A whole answer with another status than was wanted is lost, and named by it."""
        outcome = self.answered(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
        self.assert_fate(outcome, Fate.STATUS, True)
        self.assertEqual((outcome.status, outcome.lost), (502, True))
        wanted = Request(status=404)
        outcome = self.answered(b"HTTP/1.1 404 x\r\nContent-Length: 0\r\n\r\n", wanted)
        self.assert_fate(outcome, Fate.ANSWERED, True)

    def test_wrong_body(self) -> None:
        """Somebody else's answer is found out."""
        outcome = self.answered(OK, Request(answer=b"no"))
        self.assert_fate(outcome, Fate.WRONG, True)
        self.assert_fate(self.answered(OK, Request()), Fate.ANSWERED, True)

    def test_body_of_a_request(self) -> None:
        """A body is sent with its length, and nothing else after it."""
        seen = []

        def script(connected: socket.socket) -> None:
            seen.append(read_request(connected))
            connected.sendall(OK)

        client = self.client(script, kept=False)
        self.assert_fate(client.ask(Request("POST", "/a", b"12345")), Fate.ANSWERED, True)
        self.assertEqual(
            seen,
            [
                b"POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
                b"Connection: close\r\n\r\n12345"
            ],
        )


class PartialTests(ClientCase):
    """Answers that end too early."""

    def assert_partial(self, data: bytes) -> None:
        """A connection that ends after these bytes is an answer in part."""
        outcome = self.client(answer(data)).ask(WANTED)
        self.assert_fate(outcome, Fate.PARTIAL, True)

    def test_pieces(self) -> None:
        """Part of a head, of a body and of chunks are no answer; nor is what is none at all."""
        chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        for data in (OK[:1], OK[:20], OK[:-1], chunked, chunked + b"2\r\nok\r\n", b"\0" * 99):
            self.assert_partial(data)
        self.assert_partial(b"220 mail ready\r\n\r\n")
        self.assert_partial(OK + b"x")

    def test_reset(self) -> None:
        """An answer without a length that ends with a reset is not whole."""

        def script(connected: socket.socket) -> None:
            read_request(connected)
            connected.sendall(b"HTTP/1.0 200 OK\r\n\r\nok")
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

        # The client has to have begun to read, or the reset destroys what was sent.
        outcome = self.client(script).ask(WANTED)
        self.assertIn(outcome.fate, (Fate.PARTIAL, Fate.RESET))


class FreshTests(ClientCase):
    """Connections that end before a byte of the answer to their first request."""

    def test_refused(self) -> None:
        """Nobody listens."""
        server = FakeServer()
        server.close()
        outcome = Client(server.port, kept=True).ask(WANTED)
        self.assert_fate(outcome, Fate.REFUSED, True)

    def test_read_and_closed(self) -> None:
        """The server reads the request and closes."""
        self.assert_fate(self.client(answer(b"")).ask(WANTED), Fate.RESET, True)

    def test_not_read(self) -> None:
        """The server closes over a request that it has not read."""
        self.assert_fate(self.client(arrived).ask(WANTED), Fate.RESET, True)

    def test_timeout(self) -> None:
        """No byte comes in time, or not the last one; the connection is not used again."""
        released = threading.Event()

        def silent(connected: socket.socket) -> None:
            released.wait(PATIENCE)

        def slow(connected: socket.socket) -> None:
            connected.sendall(OK[:-1])
            released.wait(PATIENCE)

        for script in (silent, slow):
            released.clear()
            client = self.client(script, answer(OK), timeout=0.2)
            self.assert_fate(client.ask(WANTED), Fate.TIMEOUT, True)
            released.set()
            self.assert_fate(client.ask(WANTED), Fate.ANSWERED, True)


class KeptTests(ClientCase):
    """Kept connections, and how they end."""

    def second(self, then: Script) -> Outcome:
        """The second request of a connection with which the server does this after the first."""

        def script(connected: socket.socket) -> None:
            answer(OK)(connected)
            then(connected)

        client = self.client(script)
        self.assert_fate(client.ask(WANTED), Fate.ANSWERED, True)
        return client.ask(WANTED)

    def test_kept(self) -> None:
        """One connection brings several requests, if it is to be kept."""
        self.assert_fate(self.second(answer(OK)), Fate.ANSWERED, False)
        client = self.client(answer(OK), answer(OK), kept=False)
        for _ in range(2):
            self.assert_fate(client.ask(WANTED), Fate.ANSWERED, True)

    def test_last(self) -> None:
        """After an answer that says so, another connection is taken."""
        last = OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
        client = self.client(answer(last), answer(OK))
        for _ in range(2):
            self.assert_fate(client.ask(WANTED), Fate.ANSWERED, True)
        self.assertEqual(client.closed_idle, 0)

    def test_closed_between(self) -> None:
        """A connection that was closed before the next request is not used for it."""
        client = self.client(answer(OK), answer(OK))
        self.assert_fate(client.ask(WANTED), Fate.ANSWERED, True)
        assert client._socket is not None
        arrived(client._socket)
        self.assert_fate(client.ask(WANTED), Fate.ANSWERED, True)
        self.assertEqual(client.closed_idle, 1)

    def test_race(self) -> None:
        """A request that the server had not read when it closed is a race, and no loss."""
        outcome = self.second(arrived)
        self.assert_fate(outcome, Fate.RACE, False)
        self.assertFalse(outcome.lost)

    def test_race_with_an_orderly_end(self) -> None:
        """The same where the end of the connection is seen before the reset."""

        def script(connected: socket.socket) -> None:
            arrived(connected)
            connected.shutdown(socket.SHUT_WR)

        self.assert_fate(self.second(script), Fate.RACE, False)

    def test_race_while_it_is_sent(self) -> None:
        """The same where the request is too long to be sent at once."""

        def script(connected: socket.socket) -> None:
            answer(OK)(connected)
            arrived(connected)

        client = self.client(script)
        self.assert_fate(client.ask(WANTED), Fate.ANSWERED, True)
        self.assert_fate(client.ask(Request("POST", body=b"x" * 30_000_000)), Fate.RACE, False)

    def test_read_and_closed(self) -> None:
        """A request that the server had read is lost: it may have run."""
        outcome = self.second(answer(b""))
        self.assert_fate(outcome, Fate.RESET, False)
        self.assertTrue(outcome.lost)

    def test_partial(self) -> None:
        """A byte of the answer is no race."""
        self.assert_fate(self.second(answer(OK[:1])), Fate.PARTIAL, False)
