"""A file that an application wraps travels as its descriptor: whatever crosses it on the way."""

from __future__ import annotations

import gzip
import os
import socket
import tempfile
import threading
from typing import Any
from unittest import mock

from twisted.trial.unittest import SynchronousTestCase

from tests.descriptors import open_descriptors
from tests.proxy.fakes import FakeLink, Frontend
from tests.proxy.test_both_ends import BothEndsCase
from tests.web.fakes import get
from tests.web.offloading import SOON, SteppedOffload
from twsgi.control.scoreboard import FRONTEND_ACTIVE
from twsgi.errors import ClientDisconnected
from twsgi.web import passing
from twsgi.web.http1 import HTTP1Channel
from twsgi.web.transport import Connection
from twsgi.wire import frames
from twsgi.wsgi.environ import FileWrapper
from twsgi.wsgi.link import WorkerLink

#: More than a socketpair holds.
SIZE = 2 << 20
CONTENT = b"".join(b"%07x\n" % number for number in range(SIZE // 8))
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % SIZE


class Reader:
    """A client on a real socket, and its connection, whose files leave by an offload thread."""

    def __init__(self, frontend: Frontend) -> None:
        self._turn = frontend.turn
        ours, self.socket = socket.socketpair()
        ours.setblocking(False)
        self.socket.setblocking(False)
        site = frontend.fixture.site
        channel = HTTP1Channel(site, ("192.0.2.7", "4711"))
        offload: Any = SteppedOffload(frontend.reactor)
        self.connection = Connection(ours, channel, frontend.reactor, offload)
        channel.makeConnection(self.connection)
        self.connection.startReading()

    def read(self) -> bytes:
        """All that comes until nothing does."""
        data = bytearray()
        while True:
            self._turn()
            try:
                piece = self.socket.recv(1 << 20)
            except BlockingIOError:
                return bytes(data)
            if not piece:
                return bytes(data)
            data += piece

    def close(self) -> None:
        """Closes both ends."""
        self.connection.abortConnection()
        self.socket.close()
        self._turn()


class CrossingCase(SynchronousTestCase):
    """A frontend, a worker's link in the test's hand, and a client that has asked."""

    def setUp(self) -> None:
        self.file = tempfile.TemporaryFile()  # noqa: SIM115
        self.addCleanup(self.file.close)
        self.file.write(CONTENT)
        self.file.flush()
        self.frontend = Frontend()
        self.worker = self.frontend.link()
        self.addCleanup(self.worker.close)
        self.before = open_descriptors()
        self.reader = self.asked()

    def asked(self) -> Reader:
        """A client whose request has reached the worker."""
        reader = Reader(self.frontend)
        self.addCleanup(reader.close)
        reader.socket.sendall(get())
        self.frontend.turn()
        self.assertEqual(self.worker.uri, "/")
        return reader

    def offer(self, flags: int = frames.LAST, before: bytes = b"") -> None:
        """The worker sends a head, and offers a file."""
        self.worker.answer(HEAD, 0)
        self.worker.send(before + frames.encode_file(flags, 0, SIZE))
        self.frontend.turn()

    def heard(self) -> list[int]:
        """The kinds of the frames that have come to the worker."""
        try:
            data = self.worker.socket.recv(65536)
        except BlockingIOError:
            return []
        size = frames.REQUEST_HEAD
        return [data[at] for at in range(0, len(data), size)]

    def give(self, *descriptors: int) -> None:
        """The worker gives the descriptor, or what else is given."""
        socket.send_fds(self.worker.socket, [b"\0"], descriptors or [self.file.fileno()])
        self.frontend.turn()

    def serves_on(self) -> None:
        """Asserts that the link serves the next request, and that nothing is left of the last."""
        self.assertEqual(self.frontend.record[FRONTEND_ACTIVE], 0)
        client = self.frontend.client(get("/next"))
        self.frontend.turn()
        self.assertEqual(self.worker.uri, "/next")
        self.worker.answer()
        self.frontend.turn()
        self.assertEqual(client.bodies(), [b"ok"])
        client.connection.client_gone()
        self.frontend.turn()

    def nothing_open(self) -> None:
        """Asserts that the file's descriptors, and the client's, are closed."""
        self.reader.close()
        self.assertEqual(open_descriptors(), self.before)
        self.assertEqual(self.frontend.record[FRONTEND_ACTIVE], 0)


class CrossingTests(CrossingCase):
    """FILE, CANCEL and RETIRE, in every order."""

    def test_sent(self) -> None:
        """The file is asked for, comes, and is the client's; the link is idle before it is read."""
        self.offer()
        self.assertEqual(self.heard(), [frames.WANT_FILE])
        self.give()
        self.serves_on()
        self.assertTrue(self.reader.read() == HEAD + CONTENT)
        self.reader.socket.sendall(get("/again"))
        self.frontend.turn()
        self.assertEqual(self.worker.uri, "/again")
        self.worker.answer()
        self.assertTrue(self.reader.read().endswith(b"ok"))
        self.nothing_open()

    def test_close(self) -> None:
        """Where it was the last response the connection is closed behind the file."""
        self.offer(frames.LAST | frames.CLOSE)
        self.give()
        self.assertTrue(self.reader.read() == HEAD + CONTENT)
        self.assertFalse(self.reader.connection.connected)
        self.heard()
        self.nothing_open()

    def test_close_after(self) -> None:
        """Where all connections are to be closed its head says so, and it is."""
        self.frontend.dispatcher.close_after()
        self.offer()
        self.give()
        head, _, body = self.reader.read().partition(b"\r\n\r\n")
        self.assertTrue(head.endswith(b"\r\nConnection: close"))
        self.assertTrue(body == CONTENT)
        self.assertFalse(self.reader.connection.connected)

    def test_not_inheritable(self) -> None:
        """What came is inherited by nobody."""
        self.offer()
        self.give()
        found = os.fstat(self.file.fileno())
        same = []
        for number in map(int, open_descriptors()):
            try:
                if os.path.samestat(os.fstat(number), found):
                    same.append(os.get_inheritable(number))
            except OSError:
                pass
        # Ours, the frontend's, and the transfer's.
        self.assertEqual(same, [False] * 3)

    def test_cancel_before(self) -> None:
        """The client is gone before the offer: the worker hears that once, and its end is taken."""
        self.reader.close()
        self.offer()
        self.assertEqual(self.heard(), [frames.CANCEL])
        self.worker.answer(b"", frames.LAST | frames.CLOSE | frames.CUT)
        self.frontend.turn()
        self.serves_on()
        self.nothing_open()

    def test_cancel_between(self) -> None:
        """The client is gone before the descriptor is there: that is closed."""
        self.offer()
        self.reader.close()
        self.assertEqual(self.heard(), [frames.WANT_FILE, frames.CANCEL])
        self.give()
        self.serves_on()
        self.nothing_open()

    def test_cancel_after(self) -> None:
        """The client is gone while its file is sent: the worker hears nothing any more."""
        self.offer()
        self.heard()
        self.give()
        self.reader.close()
        self.assertEqual(self.heard(), [])
        self.serves_on()
        self.nothing_open()

    def test_retire_at_any_time(self) -> None:
        """RETIRE before the offer, or behind the descriptor: the file is sent, the link closed."""
        retire = frames.encode_signal(frames.RETIRE)
        self.offer(before=retire)
        self.assertEqual(self.heard(), [frames.WANT_FILE])
        self.assertFalse(self.worker.closed())
        self.give()
        self.assertTrue(self.worker.closed())
        self.assertTrue(self.reader.read() == HEAD + CONTENT)
        self.worker.close()
        self.worker = self.frontend.link()
        reader = self.asked()
        self.offer()
        self.heard()
        socket.send_fds(self.worker.socket, [b"\0"], [self.file.fileno()])
        self.worker.send(retire)
        self.frontend.turn()
        self.assertTrue(self.worker.closed())
        self.assertTrue(reader.read() == HEAD + CONTENT)

    def test_retire_and_cancel(self) -> None:
        """Both at once: the link is closed when the descriptor has come."""
        self.offer(before=frames.encode_signal(frames.RETIRE))
        self.reader.close()
        self.heard()
        self.give()
        self.assertTrue(self.worker.closed())

    def test_worker_gone(self) -> None:
        """The worker is gone before the descriptor is there: the client is cut."""
        self.offer()
        self.worker.close()
        self.assertEqual(self.reader.read(), HEAD)
        self.assertFalse(self.reader.connection.connected)
        self.reader.close()
        self.assertEqual(self.frontend.record[FRONTEND_ACTIVE], 0)

    def test_worker_gone_later(self) -> None:
        """The worker is gone afterwards: the file is the frontend's, and arrives."""
        self.offer()
        self.give()
        self.worker.close()
        self.assertTrue(self.reader.read() == HEAD + CONTENT)

    def test_no_descriptor(self) -> None:
        """Where the frontend can have no more descriptors its client is cut; the link serves on."""
        self.offer()
        self.heard()
        real = socket.recv_fds
        with mock.patch.object(
            passing.socket, "recv_fds", lambda sock, *args: (real(sock, 1, 0)[0], [], 0, None)
        ):
            self.worker.send(b"\0")
            self.frontend.turn()
        self.assertEqual(self.reader.read(), HEAD)
        self.assertFalse(self.reader.connection.connected)
        self.assertIn("there is no descriptor left", self.frontend.reports[0])
        self.serves_on()
        self.nothing_open()

    def test_shrunk(self) -> None:
        """Where the file becomes shorter the client is cut, and the log names the file."""
        self.offer()
        self.give()
        os.ftruncate(self.file.fileno(), SIZE // 2)
        self.assertTrue(self.reader.read() == HEAD + CONTENT[: SIZE // 2])
        self.assertFalse(self.reader.connection.connected)
        [line] = self.frontend.fixture.refusals
        name = os.readlink(f"/proc/self/fd/{self.file.fileno()}")
        self.assertEqual(line, f"192.0.2.7: GET /: {name} became shorter while it was sent: cut")
        self.heard()
        self.nothing_open()


class WorkersEndTests(SynchronousTestCase):
    """What a worker's core does."""

    def sent(self, answer: bytes, *, before: bool = False) -> tuple[FakeLink, WorkerLink, Any]:
        """A core offers a file and hears C{answer}, b"": the end.  @return: how that ended."""
        ours, theirs = socket.socketpair()
        link, frontend = WorkerLink(ours.detach(), 1, SOON), FakeLink(theirs)
        self.addCleanup(link.close)
        self.addCleanup(theirs.close)
        if before:
            frontend.send(answer)
        ends: list[Any] = []

        def send() -> None:
            with tempfile.TemporaryFile() as file:
                try:
                    ends.append(link.send_file(frames.LAST, file.fileno(), 0, 10))
                except ClientDisconnected as error:
                    ends.append(error)

        core = threading.Thread(target=send, daemon=True)
        core.start()
        if not before:
            theirs.setblocking(True)
            theirs.settimeout(SOON)
            theirs.recv(100)
            # It holds the lock meanwhile: the wish is left to it.
            link.retire()
            if answer:
                frontend.send(answer)
            else:
                theirs.shutdown(socket.SHUT_WR)
        core.join(SOON)
        self.assertFalse(core.is_alive())
        theirs.setblocking(False)
        return frontend, link, ends[0]

    def test_cancelled_before(self) -> None:
        """A cancellation that was there before is the answer, and is not met again."""
        _, link, end = self.sent(frames.encode_cancel(), before=True)
        self.assertIsInstance(end, ClientDisconnected)
        self.assertFalse(link.cancelled())

    def test_cancelled_behind(self) -> None:
        """One that follows the demand is left for later, and dropped before the next request."""
        frontend, link, end = self.sent(frames.encode_want_file() + frames.encode_cancel())
        self.assertIsNone(end)
        frontend.send(frames.encode_request(0, b"a\0b", b"", 0))
        request = link.receive()
        assert request is not None
        self.assertEqual(request.variables, b"a\0b")

    def test_retired_meanwhile(self) -> None:
        """A wish to retire, made while the offer stands, follows the descriptor."""
        frontend, link, _ = self.sent(frames.encode_want_file())
        byte, descriptors, _, _ = socket.recv_fds(frontend.socket, 1, 1)
        self.addCleanup(os.close, descriptors[0])
        self.assertEqual(byte, b"\0")
        link.retire_if_asked()
        self.assertEqual(frontend.socket.recv(100), frames.encode_signal(frames.RETIRE))

    def test_frontend_gone(self) -> None:
        """Where the frontend is gone the core knows, and the link is at its end."""
        _, link, end = self.sent(b"")
        self.assertIsInstance(end, ClientDisconnected)
        self.assertIsNone(link.receive())


class WrappedTests(BothEndsCase):
    """From the application to the client."""

    def setUp(self) -> None:
        super().setUp()
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.path = os.path.join(directory.name, "film.bin")
        with open(self.path, "wb") as file:
            file.write(CONTENT)
        self.opened: list[Any] = []
        self.application = self.wrapped
        self.before = open_descriptors()

    def wrapped(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Returns the file."""
        self.opened.append(open(self.path, "rb"))  # noqa: SIM115
        start_response("200 OK", [("X-App", "1")])
        return FileWrapper(self.opened[-1])

    def test_core_is_free(self) -> None:
        """The core serves others while the client reads nothing; its file arrives whole."""
        reader = Reader(self.frontend)
        self.addCleanup(reader.close)
        reader.socket.sendall(get())
        self.serve()
        self.assertTrue(self.opened[0].closed)
        other = self.ask(get("/", "Connection: close").replace(b"GET", b"HEAD"))
        self.assertEqual(len(other.sent.split(b"\r\n\r\n")), 2)
        head, _, body = reader.read().partition(b"\r\n\r\n")
        self.assertIn(b"Content-Length: %d" % SIZE, head)
        self.assertTrue(body == CONTENT)
        reader.close()
        self.assertEqual(open_descriptors(), self.before)

    def test_compressed(self) -> None:
        """A file whose C{read} is not the file's is read: the client gets what that gives."""
        with gzip.open(self.path, "wb") as file:
            file.write(b"unpacked")

        def application(environ: dict[str, Any], start_response: Any) -> Any:
            start_response("200 OK", [])
            return FileWrapper(gzip.open(self.path))

        self.application = application
        self.assertIn(b"unpacked", self.ask(get()).sent)
