"""Large files by offload threads: all that L{twsgi.static.transfer} promises holds there too."""

from __future__ import annotations

import socket
from typing import Any

from tests.static import test_transfer
from tests.static.serving import Answer, Client, open_descriptors
from tests.static.test_transfer import LINE, PARTS, SIZE, TransferCase
from tests.web.offloading import SteppedOffload
from twsgi.web.transport import Connection


class OffloadTests(test_transfer.Transfers, TransferCase):
    """By an offload thread, which the reactor's turns play."""

    held = 3

    def setUp(self) -> None:
        super().setUp()
        self.offload = SteppedOffload(self.reactor)
        offload: Any = self.offload

        def connection(sock: socket.socket, protocol: Any, reactor: Any) -> Connection:
            return Connection(sock, protocol, reactor, offload)

        self.patch(Client, "connection", staticmethod(connection))

    def test_marker(self) -> None:
        """The request line says so, as uWSGI's does."""
        self.begin().read()
        self.assertEqual((self.logged[0].via, self.offload.sends), ("offload", 1))

    def test_each_part(self) -> None:
        """Each long part of several is a transfer; short ones are the reactor's."""
        client = self.begin(f"Range: bytes=0-999,2000-{SIZE // 4},{SIZE // 2}-")
        answer = Answer(client.read())
        whole = LINE * (SIZE // len(LINE))
        for part in (whole[:1000], whole[2000 : SIZE // 4 + 1], whole[SIZE // 2 :]):
            self.assertTrue(part in answer.body)
        self.assertEqual((self.logged[0].via, self.offload.sends), ("offload", 2))

    def test_short_range(self) -> None:
        """A short part of a long file is the reactor's."""
        client = self.begin("Range: bytes=0-69999")
        self.assertEqual(Answer(client.read()).body, (LINE * 5000)[:70000])
        self.assertEqual((self.logged[0].via, self.offload.sends), ("sendfile", 0))

    def test_head(self) -> None:
        """HEAD sends no file, and the connection goes on."""
        client = self.client()
        answer = client.answer("/film.bin", method="HEAD")
        self.assertEqual((answer.field("content-length"), answer.rest), (str(SIZE), b""))
        self.assertEqual(client.answer("/a.css").body, b"css")
        self.assertEqual(self.offload.sends, 0)

    def test_pipelined(self) -> None:
        """Requests behind a file wait for its end and are answered in order, files too."""
        client = self.begin()
        for path in ("/a.css", "/film.bin", "/nothing", "/film.bin"):
            client.get(path)
        self.assertEqual(self.logged, [])
        data, bodies = client.read(), []
        while data:
            answer = Answer(data)
            bodies.append(len(answer.body))
            data = answer.rest
        self.assertEqual(bodies, [SIZE, 3, SIZE, len("/nothing"), SIZE])

    def test_client_gone_between_parts(self) -> None:
        """Where the client goes after the first of several parts, nothing is left of the others."""
        before = open_descriptors()
        client = self.begin(PARTS)
        left = SIZE // 4 + 10000
        while left > 0:
            left -= len(client.read_some())
            self.reactor.turn_until_idle()
        self.assertEqual(self.offload.sends, 2)
        client.socket.close()
        self.reactor.turn_until_idle()
        self.assertEqual(open_descriptors(), before)
        [request] = self.logged
        self.assertTrue(SIZE // 4 < request.sentLength < SIZE // 4 + SIZE // 2)

    def test_drain(self) -> None:
        """A site that drains waits for the file's end, and closes the connection then."""
        drained: list[bool] = []
        client = self.begin()
        self.site.drain(lambda: drained.append(True))
        self.reactor.turn_until_idle()
        self.assertEqual(drained, [])
        self.assertEqual(len(Answer(client.read()).body), SIZE)
        self.reactor.pump([0.1] * 5)
        self.assertEqual((drained, client.transport.connected), ([True], False))

    def test_stop(self) -> None:
        """A site that stops waits for no file."""
        before = open_descriptors()
        client = self.begin()
        self.site.stop()
        self.assertFalse(client.transport.connected)
        client.socket.close()
        self.reactor.turn_until_idle()
        self.assertEqual(open_descriptors(), before)
        self.assertEqual(len(self.logged), 1)
