"""L{WorkerLink}: a request in, its response out, over a socketpair."""

from __future__ import annotations

import os
import socket
import tempfile
import threading
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.wsgi.fakes import SOON
from twsgi.errors import ClientDisconnected, FrameError
from twsgi.wire import frames
from twsgi.wsgi.link import CANCELLED, LinkRequest, WorkerLink


class LinkCase(SynchronousTestCase):
    """What the cases below have in common."""

    def pair(self, timeout: float = SOON) -> tuple[socket.socket, WorkerLink]:
        """A frontend's end and a worker's."""
        frontend, worker = socket.socketpair()
        frontend.settimeout(SOON)
        self.addCleanup(frontend.close)
        link = WorkerLink(worker.detach(), 1, timeout)
        self.addCleanup(link.close)
        return frontend, link

    def pieces(self, link: WorkerLink, *pieces: bytes) -> list[bytes]:
        """Has the link receive these, one by one.  @return: those that it has not."""
        real, left = link._socket, list(pieces)

        class Pieces:
            """A socket that receives them."""

            sendall, shutdown, close = real.sendall, real.shutdown, real.close

            def recv(self, size: int) -> bytes:
                return left.pop(0)

        link._socket = Pieces()  # type: ignore[assignment]
        return left

    def fill(self, link: WorkerLink) -> int:
        """Sends until the frontend's buffers are full.  @return: how many bytes that took."""
        count = 0
        try:
            while True:
                count += link._socket.send(b"x" * 65536, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return count

    def drain(self, frontend: socket.socket, count: int) -> None:
        """Reads so many bytes."""
        while count:
            count -= len(frontend.recv(min(count, 65536)))


class ReceiveTests(LinkCase):
    """A request."""

    def received(self, data: bytes) -> LinkRequest:
        """The request in C{data}, which a thread sends."""
        frontend, link = self.pair()
        sender = threading.Thread(target=frontend.sendall, args=(data,), daemon=True)
        sender.start()
        request = link.receive()
        sender.join(SOON)
        assert request is not None
        self.addCleanup(request.body.close)
        return request

    def test_small(self) -> None:
        """Flags, variables and body come as they were sent."""
        flags = frames.KEEP_ALIVE | frames.HTTP11
        for body in (b"", b"abc"):
            request = self.received(frames.encode_request(flags, b"a\0b", body, len(body)))
            self.assertEqual((request.flags, request.variables), (flags, b"a\0b"))
            self.assertEqual(request.body.read(), body)

    def test_large(self) -> None:
        """So do those that are larger than any read."""
        variables = b"v" * 200_000
        body = bytes(range(256)) * 2000
        request = self.received(frames.encode_request(0, variables, body, len(body)))
        self.assertEqual(request.variables, variables)
        self.assertEqual(request.body.tell(), 0)
        self.assertEqual(request.body.read(), body)

    @settings(deadline=None, max_examples=40)
    @given(st.binary(min_size=1, max_size=50), st.binary(max_size=50), st.integers(1, 120))
    def test_pieces(self, variables: bytes, body: bytes, size: int) -> None:
        """However the bytes come, it is the same request."""
        _, link = self.pair()
        data = frames.encode_request(1, variables, body, len(body))
        left = self.pieces(link, *(data[at : at + size] for at in range(0, len(data), size)))
        request = link.receive()
        assert request is not None
        self.assertEqual((request.variables, request.body.read()), (variables, body))
        self.assertEqual(left, [])

    def test_descriptor(self) -> None:
        """A spooled body is asked for, and comes as its file's descriptor, ours alone."""
        frontend, link = self.pair()
        with tempfile.TemporaryFile() as file:
            file.write(b"spooled")
            file.flush()
            file.seek(0)
            frontend.sendall(frames.encode_request(frames.SPOOLED, b"a\0b", b"", 7))
            asked: list[bytes] = []

            def answer() -> None:
                asked.append(frontend.recv(100))
                socket.send_fds(frontend, [b"!"], [file.fileno()])

            thread = threading.Thread(target=answer, daemon=True)
            thread.start()
            request = link.receive()
            thread.join(SOON)
        assert request is not None
        self.assertEqual(asked, [frames.encode_signal(frames.WANT_BODY)])
        with request.body as body:
            self.assertFalse(os.get_inheritable(body.fileno()))
            self.assertEqual(body.read(), b"spooled")

    def test_end(self) -> None:
        """A frontend that goes away, at whatever byte of a request, is no request."""
        data = frames.encode_request(0, b"variables", b"body", 4)
        for end in range(len(data)):
            frontend, link = self.pair()
            frontend.sendall(data[:end])
            frontend.close()
            self.assertIsNone(link.receive(), end)

    def test_end_before_descriptor(self) -> None:
        """So is one that is asked for a spooled body and is gone."""
        frontend, link = self.pair()
        frontend.sendall(frames.encode_request(frames.SPOOLED, b"a\0b", b"", 7))
        frontend.shutdown(socket.SHUT_WR)
        self.assertIsNone(link.receive())
        frontend, link = self.pair()
        frontend.sendall(frames.encode_request(frames.SPOOLED, b"a\0b", b"", 7))
        frontend.close()
        self.assertIsNone(link.receive())

    def test_reset(self) -> None:
        """So is one whose connection is broken."""
        frontend, link = self.pair()
        link.send(0, b"unread")
        frontend.close()
        self.assertIsNone(link.receive())

    def test_no_request(self) -> None:
        """Bytes that are no request are a fault of the link."""
        frontend, link = self.pair()
        frontend.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        self.assertRaises(FrameError, link.receive)

    def test_too_much(self) -> None:
        """More bytes than a request says are a fault of the link, come they early or late."""
        frontend, link = self.pair()
        frontend.sendall(frames.encode_request(0, b"a\0b", b"body", 3))
        self.assertRaises(FrameError, link.receive)
        frontend, link = self.pair()
        body = b"x" * 200_000
        sender = threading.Thread(
            target=frontend.sendall,
            args=(frames.encode_request(0, b"a\0b", body, len(body) - 1),),
            daemon=True,
        )
        sender.start()
        self.assertRaises(FrameError, link.receive)
        sender.join(SOON)

    def test_no_descriptor(self) -> None:
        """A spooled body without its descriptor is a fault of the link."""
        frontend, link = self.pair()
        frontend.sendall(frames.encode_request(frames.SPOOLED, b"a\0b", b"", 7))
        # What answers WANT_BODY may be there before it is asked for; it is only read then.
        real, calls = socket.recv_fds, []

        def recv_fds(*args: Any) -> Any:
            calls.append(frontend.send(b"!"))
            return real(*args)

        self.patch(socket, "recv_fds", recv_fds)
        self.assertRaises(FrameError, link.receive)
        self.assertEqual(calls, [1])


class CancelTests(LinkCase):
    """CANCEL: nobody waits for the response any more."""

    CANCEL = frames.encode_cancel()
    CUT = frames.encode_response(frames.LAST | frames.CLOSE | frames.CUT, b"")

    def test_late(self) -> None:
        """One that comes when the response has been sent means nothing."""
        frontend, link = self.pair()
        frontend.sendall(self.CANCEL)
        self.assertIs(link.receive(), CANCELLED)
        frontend.sendall(self.CANCEL)
        self.assertTrue(link.bounce())
        frontend.close()
        self.assertIsNone(link.receive())

    def test_late_with_request(self) -> None:
        """The next request may come with it, in any pieces."""
        data = self.CANCEL + frames.encode_request(0, b"a\0b", b"body", 4)
        for cut in range(1, len(data)):
            _, link = self.pair()
            self.pieces(link, data[:cut], data[cut:])
            request = link.receive()
            if request is CANCELLED:
                self.assertEqual(cut, len(self.CANCEL))
                request = link.receive()
            assert request is not None
            self.assertEqual((request.variables, request.body.read()), (b"a\0b", b"body"), cut)

    def test_before_it_is_read(self) -> None:
        """
        A request whose client leaves before a core reads it is ended unserved, and the link has
        the next one: no client can cost a worker its links.
        """
        for body in (b"", b"body", b"x" * 200_000):
            frontend, link = self.pair()
            data = frames.encode_request(0, b"a\0b", body, len(body)) + self.CANCEL
            sender = threading.Thread(target=frontend.sendall, args=(data,), daemon=True)
            sender.start()
            self.assertIs(link.receive(), CANCELLED)
            sender.join(SOON)
            self.assertEqual(frontend.recv(100), self.CUT)
            frontend.sendall(frames.encode_request(0, b"a\0b", b"next", 4))
            request = link.receive()
            assert request is not None
            self.assertEqual(request.body.read(), b"next")

    def test_in_pieces(self) -> None:
        """So is one whose cancellation comes in pieces."""
        data = frames.encode_request(0, b"a\0b", b"body", 4) + self.CANCEL
        for act, answer in (("receive", self.CUT), ("bounce", BounceTests.BOUNCE)):
            frontend, link = self.pair()
            self.pieces(link, data[:-9], data[-9:-3], data[-3:])
            self.assertIn(getattr(link, act)(), (CANCELLED, True))
            self.assertEqual(frontend.recv(100), answer)

    def test_within(self) -> None:
        """A core can see that nobody waits any more: a cancellation, or the end of the link."""
        frontend, link = self.pair()
        self.assertFalse(link.cancelled())
        frontend.sendall(self.CANCEL)
        self.assertTrue(link.cancelled())
        self.assertTrue(link.cancelled())
        self.assertIs(link.receive(), CANCELLED)
        self.assertFalse(link.cancelled())
        frontend.close()
        self.assertTrue(link.cancelled())
        link.close()
        self.assertTrue(link.cancelled())


class ClosedTests(LinkCase):
    """CLOSED: the client will send no more, and waits for its response, or does not."""

    CLOSED = frames.encode_closed()
    CANCEL = frames.encode_cancel()

    def test_with_request(self) -> None:
        """It may come with the request, in any pieces; that is served, and the link knows."""
        data = frames.encode_request(0, b"a\0b", b"body", 4) + self.CLOSED
        for cut in range(1, len(data)):
            if cut != len(data) - len(self.CLOSED):  # then it is within
                _, link = self.pair()
                self.pieces(link, data[:cut], data[cut:])
                request = link.receive()
                assert request is not None
                found = request.variables, request.body.read(), link.closed
                self.assertEqual(found, (b"a\0b", b"body", True), cut)

    def test_then_cancelled(self) -> None:
        """A client that has closed may be gone later: with the request, or within it."""
        data = frames.encode_request(0, b"a\0b", b"body", 4) + self.CLOSED + self.CANCEL
        frontend, link = self.pair()
        frontend.sendall(data)
        self.assertIs(link.receive(), CANCELLED)
        self.assertEqual(frontend.recv(100), CancelTests.CUT)
        frontend.sendall(data[: -len(self.CANCEL)])
        self.assertIsNot(link.receive(), CANCELLED)
        self.assertFalse(link.cancelled())
        frontend.sendall(self.CANCEL)
        self.assertTrue(link.cancelled())

    def test_within(self) -> None:
        """Within a request, half of it or whole, it is no cancellation."""
        frontend, link = self.pair()
        frontend.sendall(self.CLOSED[:5])
        self.assertEqual((link.cancelled(), link.closed), (False, False))
        frontend.sendall(self.CLOSED[5:])
        self.assertEqual((link.cancelled(), link.closed), (False, True))
        frontend.sendall(self.CLOSED)
        frontend.close()
        self.assertTrue(link.cancelled())

    def test_late(self) -> None:
        """Too late it means nothing, alone or before the next request."""
        frontend, link = self.pair()
        for late in (self.CLOSED, self.CLOSED + self.CANCEL):
            frontend.sendall(late)
            self.assertIs(link.receive(), CANCELLED)
            frontend.sendall(late + frames.encode_request(0, b"a\0b", b"next", 4))
            link.closed = True  # the client of the request before
            request = link.receive()
            assert request is not None
            self.assertEqual((request.body.read(), link.closed), (b"next", False))

    def test_bounced(self) -> None:
        """It is read with the request that is sent back."""
        frontend, link = self.pair()
        frontend.sendall(frames.encode_request(0, b"a\0b", b"body", 4) + self.CLOSED)
        self.assertTrue(link.bounce())
        self.assertEqual(frontend.recv(100), BounceTests.BOUNCE)
        self.assertFalse(link.cancelled())

    def test_no_note(self) -> None:
        """What only begins like one is a fault of the link."""
        for excess in (
            self.CLOSED[:3] + b"x",
            self.CANCEL + b"x",
            self.CANCEL + self.CLOSED,
            b"\1",
        ):
            frontend, link = self.pair()
            frontend.sendall(frames.encode_request(0, b"a\0b", b"", 0) + excess)
            self.assertRaises(FrameError, link.receive)

    def test_before_the_answer(self) -> None:
        """It may come before the answer to the offer of a file."""
        frontend, link = self.pair()
        for answer in (frames.encode_want_file(), self.CANCEL):
            frontend.sendall(self.CLOSED + answer)
            with tempfile.TemporaryFile() as file:
                if answer == self.CANCEL:
                    with self.assertRaises(ClientDisconnected):
                        link.send_file(frames.LAST, file.fileno(), 0, 1)
                else:
                    link.send_file(frames.LAST, file.fileno(), 0, 1)
            self.assertTrue(link.closed)


class BounceTests(LinkCase):
    """A request that is sent back."""

    BOUNCE = frames.encode_signal(frames.BOUNCE)

    def test_whole(self) -> None:
        """It is read whole, whatever it is, and sent back; the link has the next one."""
        for flags, body in (
            (0, b""),
            (0, b"body"),
            (0, b"x" * 200_000),
            (frames.SPOOLED, b""),
        ):
            frontend, link = self.pair()
            data = frames.encode_request(flags, b"a\0b", body, len(body) or 7 * bool(flags))
            sender = threading.Thread(target=frontend.sendall, args=(data,), daemon=True)
            sender.start()
            self.assertTrue(link.bounce())
            sender.join(SOON)
            self.assertEqual(frontend.recv(100), self.BOUNCE)
            frontend.sendall(frames.encode_request(0, b"a\0b", b"next", 4))
            request = link.receive()
            assert request is not None
            self.assertEqual(request.body.read(), b"next")

    def test_cancelled(self) -> None:
        """So is one that nobody waits for any more, and its cancellation is read with it."""
        for body in (b"", b"x" * 200_000):
            frontend, link = self.pair()
            data = frames.encode_request(0, b"a\0b", body, len(body)) + frames.encode_cancel()
            sender = threading.Thread(target=frontend.sendall, args=(data,), daemon=True)
            sender.start()
            self.assertTrue(link.bounce())
            sender.join(SOON)
            self.assertEqual(frontend.recv(100), self.BOUNCE)
            self.assertFalse(link.cancelled())

    def test_end(self) -> None:
        """A link that is closed has nothing to send back."""
        data = frames.encode_request(0, b"a\0b", b"body", 4)
        for end in (0, 5, len(data) - 1):
            frontend, link = self.pair()
            frontend.sendall(data[:end])
            frontend.close()
            self.assertFalse(link.bounce())

    def test_no_request(self) -> None:
        """Bytes that are no request, or more than one, are a fault of the link."""
        for data in (
            b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
            frames.encode_request(0, b"a\0b", b"bodyx", 4),
        ):
            frontend, link = self.pair()
            frontend.sendall(data)
            self.assertRaises(FrameError, link.bounce)


class FileTests(LinkCase):
    """The rest of a response that is a part of a file."""

    def sent(self, answer: bytes) -> Any:
        """Starts to send one.  @return: the frontend's end, and how it ended, when it has."""
        frontend, link = self.pair()
        ends: list[Any] = []

        def send() -> None:
            with tempfile.TemporaryFile() as file:
                file.write(b"0123456789")
                file.flush()
                try:
                    ends.append(link.send_file(frames.LAST, file.fileno(), 2, 3))
                except ClientDisconnected as error:
                    ends.append(error)

        thread = threading.Thread(target=send, daemon=True)
        thread.start()
        (frame,) = frames.ResponseDecoder().feed(frontend.recv(100))
        kind, flags, place = frame
        self.assertEqual((kind, flags), (frames.FILE, frames.LAST))
        self.assertEqual(frames.decode_file(place), (2, 3))
        if answer:
            frontend.sendall(answer)
        else:
            frontend.shutdown(socket.SHUT_WR)
        thread.join(SOON)
        self.assertFalse(thread.is_alive())
        return frontend, ends[0]

    def test_wanted(self) -> None:
        """A frontend that wants it is given its descriptor."""
        frontend, end = self.sent(frames.encode_want_file())
        self.assertIsNone(end)
        byte, (descriptor,), _, _ = socket.recv_fds(frontend, 1, 1)
        self.addCleanup(os.close, descriptor)
        self.assertEqual((len(byte), os.pread(descriptor, 3, 2)), (1, b"234"))

    def test_cancelled(self) -> None:
        """Where the client is gone, or the frontend, the application is told."""
        for answer in (frames.encode_cancel(), b""):
            self.assertIsInstance(self.sent(answer)[1], ClientDisconnected)


class SendTests(LinkCase):
    """A response."""

    def test_frame(self) -> None:
        """Bytes leave as a frame."""
        frontend, link = self.pair()
        link.send(frames.LAST, b"abc")
        self.assertEqual(frontend.recv(100), frames.encode_response(frames.LAST, b"abc"))

    def test_large(self) -> None:
        """What the kernel does not take at once is waited for."""
        frontend, link = self.pair()
        data = bytes(range(256)) * 20_000
        sender = threading.Thread(target=link.send, args=(0, data), daemon=True)
        sender.start()
        got = b""
        while len(got) < frames.RESPONSE_HEAD + len(data):
            got += frontend.recv(1 << 20)
        sender.join(SOON)
        self.assertFalse(sender.is_alive())
        self.assertEqual(got, frames.encode_response(0, data))

    def test_gone(self) -> None:
        """To a frontend that is gone nothing can be sent."""
        frontend, link = self.pair()
        frontend.close()
        self.assertRaises(ClientDisconnected, link.send, 0, b"abc")
        link.close()
        self.assertRaises(ClientDisconnected, link.send, 0, b"abc")

    def test_not_read(self) -> None:
        """A frontend that reads nothing for the timeout is given up, with half a frame sent."""
        frontend, link = self.pair(timeout=0.05)
        self.assertRaises(ClientDisconnected, link.send, 0, b"x" * 10_000_000)
        # No other frame can follow: the link is at its end, for both.
        self.assertRaises(ClientDisconnected, link.send, frames.LAST, b"")
        self.assertIsNone(link.receive())
        while frontend.recv(1 << 20):
            pass


class RetireTests(LinkCase):
    """RETIRE."""

    FRAME = frames.encode_signal(frames.RETIRE)

    def nothing(self, frontend: socket.socket) -> None:
        """Asserts that nothing was sent."""
        frontend.setblocking(False)
        self.assertRaises(BlockingIOError, frontend.recv, 1)
        frontend.settimeout(SOON)

    def test_idle(self) -> None:
        """An idle link is told at once, once."""
        frontend, link = self.pair()
        link.retire_if_asked()
        self.nothing(frontend)
        link.retire()
        self.assertEqual(frontend.recv(100), self.FRAME)
        link.retire()
        link.retire_if_asked()
        self.nothing(frontend)

    def test_busy(self) -> None:
        """While a core sends, the reactor does not wait; the core tells it afterwards."""
        frontend, link = self.pair()
        with link._lock:
            link.retire()
        self.nothing(frontend)
        link.retire_if_asked()
        self.assertEqual(frontend.recv(100), self.FRAME)

    def test_full(self) -> None:
        """Where the frontend reads nothing now, the reactor does not wait; the core does."""
        frontend, link = self.pair()
        count = self.fill(link)
        link.retire()
        core = threading.Thread(target=link.retire_if_asked, daemon=True)
        core.start()
        self.drain(frontend, count)
        self.assertEqual(frontend.recv(100), self.FRAME)
        core.join(SOON)
        self.assertFalse(core.is_alive())

    def test_gone(self) -> None:
        """A link that is closed, at either end, need not be told."""
        frontend, link = self.pair()
        frontend.close()
        link.retire()
        link.close()
        link.retire()
        link.retire_if_asked()
        link.close()
