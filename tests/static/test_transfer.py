"""L{twsgi.static.transfer}: large files, slow clients, clients that go, files that shrink."""

from __future__ import annotations

import os
import socket
import threading
from typing import Any
from unittest import mock

from twisted.internet.defer import Deferred
from zope.interface import classImplementsOnly, implementedBy

from tests.static.serving import Answer, Client, StaticCase, open_descriptors
from twsgi.interfaces import ISendfileTransport
from twsgi.static import transfer
from twsgi.static.transfer import AT_ONCE
from twsgi.web.transport import Connection

#: More than a socketpair holds.
SIZE = 8 * 1024 * 1024
LINE = b"0123456789abcde\n"
PARTS = f"Range: bytes=0-{SIZE // 4},{SIZE // 2}-"


class PlainConnection(Connection):
    """A connection that cannot send files."""

    def send_file(self, descriptor: int, offset: int, count: int) -> Deferred[None]:
        raise AssertionError("this transport has no send_file")


classImplementsOnly(
    PlainConnection, *[one for one in implementedBy(Connection) if one is not ISendfileTransport]
)


class TransferCase(StaticCase):
    """A large file."""

    def setUp(self) -> None:
        super().setUp()
        self.film = self.write("static/film.bin", LINE * (SIZE // len(LINE)))
        self.write("static/a.css", "css")


class Transfers:
    """Whichever way the bytes leave."""

    reactor: Any
    film: Any
    logged: list[Any]
    lines: list[str]
    #: How many descriptors a transfer holds.
    held = 1

    def begin(self, *fields: str, path: str = "/film.bin", version: str = "1.1") -> Client:
        """A client that has asked, and reads nothing yet."""
        client: Client = self.client()  # type: ignore[attr-defined]
        client.get(path, *fields, version=version)
        return client

    def test_whole(self) -> None:
        """A slow client gets the file, byte for byte; the file is closed, the request logged."""
        before = open_descriptors()
        client = self.begin()
        self.assertEqual(open_descriptors(), before + 2 + self.held)
        self.assertEqual(self.logged, [])
        answer = Answer(client.read())
        self.assertEqual(answer.body, self.film.read_bytes())
        self.assertEqual(open_descriptors(), before + 2)
        self.assertEqual([one.sentLength for one in self.logged], [SIZE])

    def test_parts(self) -> None:
        """So does one who asks for several parts."""
        before = open_descriptors()
        client = self.begin(PARTS)
        self.assertEqual(open_descriptors(), before + 2 + self.held)
        answer = Answer(client.read())
        self.assertEqual(answer.status, 206)
        self.assertEqual(answer.body.count(LINE), SIZE // 4 // len(LINE) + SIZE // 2 // len(LINE))
        self.assertTrue(answer.body.endswith(b"--\r\n"))
        self.assertEqual(str(len(answer.body)), answer.field("content-length"))
        self.assertEqual(open_descriptors(), before + 2)

    def test_connection_goes_on(self) -> None:
        """After a file the next request is answered, also one that was there already."""
        client = self.begin()
        client.get("/a.css")
        answer = Answer(client.read())
        self.assertEqual(len(answer.body), SIZE)
        self.assertEqual(Answer(answer.rest).body, b"css")
        self.assertEqual(client.answer("/a.css").body, b"css")

    def test_last_request(self) -> None:
        """Where it was the last request the connection is closed after the last byte."""
        for fields, version in ((["Connection: close"], "1.1"), ([], "1.0")):
            client = self.begin(*fields, version=version)
            self.assertEqual(len(Answer(client.read()).body), SIZE)
            self.assertFalse(client.transport.connected)
            self.assertEqual(client.socket.recv(1), b"")

    def test_client_that_closes(self) -> None:
        """Where the client goes away the file is closed, what it got is logged, nothing spins."""
        for fields in ([], [PARTS]):
            self.logged.clear()
            before = open_descriptors()
            client = self.begin(*fields)
            client.socket.recv(1000)
            client.socket.close()
            self.reactor.turn_until_idle()
            self.assertFalse(client.transport.connected)
            self.assertEqual(open_descriptors(), before)
            self.assertEqual((self.reactor.readers, self.reactor.writers), ([], []))
            [request] = self.logged
            self.assertTrue(0 < request.sentLength < SIZE // 2, request.sentLength)

    def test_connection_that_is_aborted(self) -> None:
        """So it is where the connection is cut from our side."""
        before = open_descriptors()
        client = self.begin()
        client.transport.abortConnection()
        client.socket.close()
        self.reactor.turn_until_idle()
        self.assertEqual(open_descriptors(), before)

    def test_file_that_shrinks(self) -> None:
        """Where the file becomes shorter the connection is cut: less is sent than was announced."""
        for fields in ([], [PARTS], ["Range: bytes=5-"]):
            self.film.write_bytes(LINE * (SIZE // len(LINE)))
            before = open_descriptors()
            client = self.begin(*fields)
            os.truncate(self.film, SIZE // 2)
            data = client.read()
            self.assertLess(len(Answer(data).body), int(Answer(data).field("content-length") or 0))
            [request] = self.logged
            # What stands between parts that were not sent is counted, for it is little.
            self.assertApproximates(
                request.sentLength, len(Answer(data).body), 200 if PARTS in fields else 0
            )
            self.logged.clear()
            self.reactor.turn_until_idle()
            self.assertFalse(client.transport.connected)
            shrunk = f"GET /film.bin: {self.film} became shorter while it was sent: cut"
            self.assertEqual([line.partition(": ")[2] for line in self.lines], [shrunk])
            self.lines.clear()
            client.socket.close()
            self.assertEqual(open_descriptors(), before)

    def test_file_that_grows(self) -> None:
        """Where the file becomes longer, what was announced is sent."""
        client = self.begin()
        with open(self.film, "ab") as film:
            film.write(b"more" * 100000)
        answer = Answer(client.read())
        self.assertEqual((len(answer.body), answer.rest), (SIZE, b""))

    def test_file_that_is_replaced(self) -> None:
        """A new file under the old name does not reach those who have begun with the old one."""
        client = self.begin()
        other = self.film.with_name("new")
        other.write_bytes(b"new" * SIZE)
        os.replace(other, self.film)
        self.assertEqual(Answer(client.read()).body, LINE * (SIZE // len(LINE)))

    def test_ten_slow_clients(self) -> None:
        """Ten that read nothing cost no thread and no turn, and delay nobody."""
        threads = threading.active_count()
        slow = [self.begin() for _ in range(10)]
        self.assertEqual(self.reactor.turn_until_idle(), 0)
        self.assertEqual(self.begin(path="/a.css").read()[-3:], b"css")
        self.assertEqual(threading.active_count(), threads)
        for client in slow:
            self.assertEqual(len(Answer(client.read()).body), SIZE)


class SendfileTests(Transfers, TransferCase):
    """By C{send_file}."""

    def test_no_byte_is_read(self) -> None:
        """The file is not read into the process."""
        with mock.patch.object(transfer.os, "pread", side_effect=AssertionError):
            self.assertEqual(len(Answer(self.begin().read()).body), SIZE)
        self.assertEqual(self.logged[0].via, "sendfile")

    def test_error_after_the_file(self) -> None:
        """An error in what follows a file is logged, and the file is closed all the same."""
        before = open_descriptors()
        client = self.begin()
        self.site._log_request = mock.Mock(side_effect=ZeroDivisionError)
        client.read()
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertFalse(client.transport.connected)
        client.socket.close()
        self.assertEqual(open_descriptors(), before)

    def test_error_in_between(self) -> None:
        """Where handing over fails, no part is left that could send a number's next file."""
        before = open_descriptors()
        client = self.client()
        send_file = Connection.send_file
        queued: list[Any] = []

        def second_fails(self: Connection, *args: int) -> Any:
            queued.append(args)
            if len(queued) == 2:
                raise ZeroDivisionError
            return send_file(self, *args)

        request = f"GET /film.bin HTTP/1.1\r\nHost: test\r\n{PARTS}\r\n\r\n"
        with mock.patch.object(Connection, "send_file", second_fails):
            client.socket.sendall(request.encode())
            self.reactor.turn()
        self.assertEqual(len(queued), 2)
        secret = self.write("secret.bin", b"secret" * 100000)
        others = [os.open(secret, os.O_RDONLY) for _ in range(3)]
        self.assertIn(queued[0][0], others)
        self.assertNotIn(b"secret", client.read())
        for other in others:
            os.close(other)
        self.assertFalse(client.transport.connected)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        client.socket.close()
        self.assertEqual(open_descriptors(), before)


class ReadingTests(Transfers, TransferCase):
    """By reading, over a transport that cannot send files."""

    def setUp(self) -> None:
        super().setUp()
        self.patch(Client, "connection", staticmethod(without_sendfile))

    def test_no_marker(self) -> None:
        """The request line does not say C{sendfile}."""
        self.begin().read()
        self.assertEqual(getattr(self.logged[0], "via", ""), "")

    def test_little_waits(self) -> None:
        """Of a file that a client does not read, little is in memory."""
        client = self.begin()
        self.assertLessEqual(client.transport.queued(), AT_ONCE + 1000)

    def test_stopped_twice(self) -> None:
        """Asked for more after the end, it does nothing."""
        producers = []
        register = Connection.registerProducer

        def note(self: Connection, producer: Any, streaming: bool) -> None:
            producers.append(producer)
            register(self, producer, streaming)

        with mock.patch.object(Connection, "registerProducer", note):
            client = self.begin()
        client.read()
        producers[0].resumeProducing()
        producers[0].stopProducing()
        self.assertEqual(len(self.logged), 1)


class ShrunkBeforeTests(TransferCase):
    """A small file that has become shorter since it was found."""

    def test_cut(self) -> None:
        """Nothing is sent, and the connection is cut."""
        before = open_descriptors()
        client = self.client()
        with mock.patch.object(transfer.os, "pread", return_value=b"cs"):
            client.get("/a.css")
        self.assertEqual(client.read(), b"")
        self.assertFalse(client.transport.connected)
        self.assertIn("static/a.css became shorter while it was sent: cut", self.lines[0])
        client.socket.close()
        self.assertEqual(open_descriptors(), before)

    def test_failing_disk(self) -> None:
        """An error of the disk is a 500, and the file is closed."""
        before = open_descriptors()
        client = self.client()
        with mock.patch.object(transfer.os, "pread", side_effect=OSError(5, "disk")):
            client.get("/a.css")
        self.assertIn(b" 500 ", client.read()[:20])
        self.assertEqual(len(self.flushLoggedErrors(OSError)), 1)
        self.assertEqual(open_descriptors(), before + 2)


def without_sendfile(sock: socket.socket, protocol: Any, reactor: Any) -> Connection:
    """A connection that cannot send files."""
    return PlainConnection(sock, protocol, reactor)
