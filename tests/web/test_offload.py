"""L{twsgi.web.offload}: threads that send files; each transfer has one end, and leaves nothing."""

from __future__ import annotations

import errno
import os
import select
import socket
import tempfile
import threading
from collections.abc import Callable
from typing import Any
from unittest import mock

from twisted.trial.unittest import SynchronousTestCase

from tests.descriptors import open_descriptors
from tests.web.offloading import SOON, HandedReactor
from twsgi.web import offload as module
from twsgi.web.offload import Offload, Transfer, offload_threads, offloads

#: More than a socketpair holds.
SIZE = 2 << 20
CONTENT = b"".join(b"%07x\n" % number for number in range(SIZE // 8))
NO_MORE = OSError(errno.EMFILE, "Too many open files")


class OffloadCase(SynchronousTestCase):
    """A file, and pairs of sockets."""

    if not hasattr(select, "epoll"):
        skip = "needs epoll"

    def setUp(self) -> None:
        self.reactor = HandedReactor()
        self.file = tempfile.TemporaryFile()  # noqa: SIM115
        self.addCleanup(self.file.close)
        self.file.write(CONTENT)
        self.file.flush()
        self.before = open_descriptors()
        #: The transfers whose end was told, in order.
        self.over: list[int] = []

    def pair(self) -> tuple[socket.socket, socket.socket]:
        """Ours and the client's, which waits for what it reads."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        theirs.settimeout(SOON)
        for one in (ours, theirs):
            self.addCleanup(one.close)
        return ours, theirs

    def read(self, sock: socket.socket, count: int) -> bytes:
        """The next C{count} bytes."""
        data = bytearray()
        while len(data) < count:
            piece = sock.recv(count - len(data))
            assert piece, f"{len(data)} of {count} bytes came"
            data += piece
        return bytes(data)

    def offload(self, count: int = 1, timeout: float = 3600) -> Offload:
        """Threads, stopped after the test."""
        made = Offload(count, self.reactor, timeout)
        made.start()
        self.addCleanup(self.stop, made)
        return made

    def stop(self, offload: Offload) -> None:
        """Stops the threads, and waits for that."""
        offload.stop()
        for thread in offload._threads:
            thread.join(SOON)
            self.assertFalse(thread.is_alive())

    def send(
        self, offload: Offload, ours: socket.socket, offset: int = 0, count: int = SIZE
    ) -> Transfer:
        """Begins a transfer."""
        number = len(self.begun)
        self.begun.append(
            offload.send(
                ours.fileno(), self.file.fileno(), offset, count, lambda: self.over.append(number)
            )
        )
        return self.begun[-1]

    @property
    def begun(self) -> list[Transfer]:
        """The transfers."""
        return self.__dict__.setdefault("_begun", [])

    def await_ends(self, count: int) -> None:
        """Waits until the reactor was told so many ends."""
        while len(self.over) < count:
            self.reactor.await_thread()
        self.assertEqual(len(self.over), count)


class SentTests(OffloadCase):
    """What arrives."""

    def test_part(self) -> None:
        """A part of a file arrives as its client reads; its end is told once, by the reactor."""
        offload = self.offload()
        ours, theirs = self.pair()
        transfer = self.send(offload, ours, 8, SIZE - 16)
        self.assertEqual(self.read(theirs, SIZE - 16), CONTENT[8:-8])
        self.assertEqual(self.over, [])
        self.await_ends(1)
        self.assertEqual((transfer.unsent, transfer.shrunk), (0, False))
        theirs.setblocking(False)
        self.assertRaises(BlockingIOError, theirs.recv, 1)

    def test_one_thread(self) -> None:
        """One thread holds many that read nothing, and delays nobody who reads."""
        threads = threading.active_count()
        offload = self.offload()
        pairs = [self.pair() for _ in range(40)]
        for ours, _ in pairs:
            self.send(offload, ours)
        self.assertEqual(threading.active_count(), threads + 1)
        for _, theirs in reversed(pairs):
            self.assertTrue(self.read(theirs, SIZE) == CONTENT)
        self.await_ends(40)
        self.assertEqual(sorted(self.over), list(range(40)))

    def test_several_threads(self) -> None:
        """Several threads have their turns."""
        offload = self.offload(3)
        pairs = [self.pair() for _ in range(6)]
        for ours, _ in pairs:
            self.send(offload, ours)
        for _, theirs in pairs:
            self.assertTrue(self.read(theirs, SIZE) == CONTENT)
        self.await_ends(6)

    def test_descriptors_of_its_own(self) -> None:
        """The caller's descriptors may be closed at once, and their numbers be another's."""
        offload = self.offload()
        ours, theirs = self.pair()
        other, stranger = self.pair()
        with tempfile.TemporaryFile() as secret:
            secret.write(b"secret" * SIZE)
            secret.flush()
            numbers = ours.fileno(), self.file.fileno()
            self.send(offload, ours)
            os.dup2(other.fileno(), numbers[0])
            os.dup2(secret.fileno(), numbers[1])
            self.assertTrue(self.read(theirs, SIZE) == CONTENT)
        self.await_ends(1)
        stranger.setblocking(False)
        self.assertRaises(BlockingIOError, stranger.recv, 1)

    def test_not_inheritable(self) -> None:
        """What a transfer owns is inherited by nobody, and neither is what a thread waits on."""
        before = set(open_descriptors())
        offload = self.offload()
        ours, _ = self.pair()
        self.send(offload, ours)
        own = [int(one) for one in set(open_descriptors()) - before]
        inheritable = []
        for one in own:
            try:
                inheritable.append(os.get_inheritable(one))
            except OSError:
                pass  # what the list was read by
        # An epoll, a pipe, a socket pair, and a transfer's two; one may have the number by which
        # the first list was read.
        self.assertGreaterEqual(len(inheritable), 6)
        self.assertEqual(set(inheritable), {False})

    def test_little_in_the_kernel(self) -> None:
        """The kernel is told to hold little for a slow client, and the client gets all the same."""
        with socket.create_server(("127.0.0.1", 0)) as listening:
            theirs = socket.create_connection(listening.getsockname())
            ours, _ = listening.accept()
        ours.setblocking(False)
        theirs.settimeout(SOON)
        for one in (ours, theirs):
            self.addCleanup(one.close)
        self.send(self.offload(), ours)
        option = getattr(socket, "TCP_NOTSENT_LOWAT", None)
        if option is not None:
            self.assertEqual(ours.getsockopt(socket.IPPROTO_TCP, option), module._UNSENT)
        self.assertTrue(self.read(theirs, SIZE) == CONTENT)
        self.await_ends(1)

    def test_full_pipe(self) -> None:
        """A thread that has been woken often enough takes what comes all the same."""
        thread = module._Thread(0, self.reactor, 3600)
        with self.assertRaises(BlockingIOError):
            while True:
                os.write(thread._wake_write, b"!" * 4096)
        ours, theirs = self.pair()
        thread.add(Transfer(ours.fileno(), self.file.fileno(), 0, 8, lambda: self.over.append(0)))
        thread.start()
        self.addCleanup(thread.join, SOON)
        self.addCleanup(thread.stop)
        self.assertEqual(self.read(theirs, 8), CONTENT[:8])
        self.await_ends(1)


class BrokenTests(OffloadCase):
    """Transfers that end before all is sent."""

    def test_client_gone(self) -> None:
        """Where the client goes, that is told, with what has not left; nothing stays open."""
        offload = self.offload()
        before = open_descriptors()
        ours, theirs = self.pair()
        transfer = self.send(offload, ours)
        self.read(theirs, 1000)
        theirs.close()
        self.await_ends(1)
        self.assertTrue(0 < transfer.unsent < SIZE, transfer.unsent)
        self.assertFalse(transfer.shrunk)
        ours.close()
        self.assertEqual(open_descriptors(), before)

    def test_cut(self) -> None:
        """C{shutdown} of the socket, from this side, ends a transfer that waits."""
        offload = self.offload()
        ours, theirs = self.pair()
        transfer = self.send(offload, ours)
        self.read(theirs, 1000)
        ours.shutdown(socket.SHUT_RDWR)
        self.await_ends(1)
        self.assertGreater(transfer.unsent, 0)

    def test_shrunk(self) -> None:
        """Where the file becomes shorter, that is told, and what was there has arrived."""
        offload = self.offload()
        ours, theirs = self.pair()
        transfer = self.send(offload, ours)
        self.file.truncate(SIZE - 1000)
        self.assertTrue(self.read(theirs, SIZE - 1000) == CONTENT[:-1000])
        self.await_ends(1)
        self.assertEqual((transfer.unsent, transfer.shrunk), (1000, True))

    def test_timeout(self) -> None:
        """A client that reads nothing for the timeout is given up."""
        self.patch(module, "_SWEEP", 0.01)
        ours, _ = self.pair()
        transfer = self.send(self.offload(timeout=0.05), ours)
        self.await_ends(1)
        self.assertTrue(0 < transfer.unsent < SIZE)

    def test_no_descriptors(self) -> None:
        """Where there are no descriptors left nothing begins, and nothing stays open."""
        offload = self.offload()
        ours, _ = self.pair()
        before = open_descriptors()
        dup = os.dup
        for effects in ([NO_MORE], [dup(self.file.fileno()), NO_MORE]):
            with mock.patch.object(module.os, "dup", side_effect=effects):
                self.assertRaises(
                    OSError, offload.send, ours.fileno(), self.file.fileno(), 0, 1, self.fail
                )
        self.assertEqual(open_descriptors(), before)

    def test_kernel_watches_no_more(self) -> None:
        """A transfer that cannot be watched ends at once."""
        thread = module._Thread(0, self.reactor, 3600)
        self.addCleanup(os.close, thread._wake_read)
        self.addCleanup(thread.stop)
        thread._epoll.close()
        thread._epoll = mock.Mock()
        thread._epoll.register.side_effect = OSError(errno.ENOSPC, "No space left on device")
        ours, _ = self.pair()
        before = open_descriptors()
        thread.add(Transfer(ours.fileno(), self.file.fileno(), 0, 8, lambda: self.over.append(0)))
        thread._arrive()
        self.reactor.turn()
        self.assertEqual((self.over, open_descriptors()), ([0], before))


class TurnTests(OffloadCase):
    """One transfer's turn."""

    def turn(self, count: int, *sent: int | Exception) -> tuple[bool, list[int]]:
        """A turn whose C{sendfile} does this.  @return: it goes on; how much was asked for."""
        ours, _ = self.pair()
        transfer = Transfer(ours.fileno(), self.file.fileno(), 0, count, lambda: None)
        with mock.patch.object(module.os, "sendfile", side_effect=sent) as sendfile:
            goes_on = transfer.turn()
        transfer.end(self.reactor)
        return goes_on, [call.args[3] for call in sendfile.mock_calls]

    def test_slice(self) -> None:
        """However fast the client, it ends after a slice: others wait."""
        slice_ = module._SLICE
        self.assertEqual(self.turn(2 * slice_, slice_), (True, [slice_]))
        self.assertEqual(
            self.turn(2 * slice_, 1000, slice_ - 1000), (True, [slice_, slice_ - 1000])
        )

    def test_end(self) -> None:
        """It is over with the last byte, which is not asked for twice."""
        self.assertEqual(self.turn(10, 10), (False, [10]))
        self.assertEqual(self.turn(10, 4, 6), (False, [10, 6]))

    def test_socket_full(self) -> None:
        """It goes on where the socket takes no more."""
        self.assertEqual(self.turn(10, 4, BlockingIOError()), (True, [10, 6]))

    def test_errors(self) -> None:
        """It is over where socket or disk fail."""
        for error in (BrokenPipeError(), ConnectionResetError(), OSError(errno.EIO, "disk")):
            self.assertEqual(self.turn(10, 4, error), (False, [10, 6]))


class StopTests(OffloadCase):
    """The end of the threads."""

    def test_under_way(self) -> None:
        """Transfers under way are given up, each told once, and nothing stays open."""
        offload = Offload(2, self.reactor, 3600)
        offload.start()
        pairs = [self.pair() for _ in range(10)]
        for ours, _ in pairs:
            self.send(offload, ours)
        for _, theirs in pairs[:5]:
            self.read(theirs, 1000)
        self.stop(offload)
        offload.stop()
        self.await_ends(10)
        self.assertTrue(all(transfer.unsent for transfer in self.begun))
        for one in (one for pair in pairs for one in pair):
            one.close()
        self.assertEqual(open_descriptors(), self.before)

    def test_before_arrival(self) -> None:
        """So is one that the thread has not seen yet."""
        thread = module._Thread(0, self.reactor, 3600)
        ours, theirs = self.pair()
        thread.add(Transfer(ours.fileno(), self.file.fileno(), 0, 8, lambda: self.over.append(0)))
        thread.stop()
        thread.start()
        thread.join(SOON)
        self.await_ends(1)
        ours.close()
        theirs.close()
        self.assertEqual(open_descriptors(), self.before)

    def test_afterwards(self) -> None:
        """A transfer that comes later is over at once, nothing sent."""
        offload = self.offload()
        self.stop(offload)
        ours, _ = self.pair()
        before = open_descriptors()
        transfer = self.send(offload, ours)
        self.assertEqual(self.over, [])
        self.await_ends(1)
        self.assertEqual((transfer.unsent, open_descriptors()), (SIZE, before))

    def test_idle(self) -> None:
        """Threads without transfers wait without looking at the clock, and end."""
        thread = module._Thread(0, self.reactor, 3600)
        real, asked = thread._epoll, []
        thread._epoll = mock.Mock()
        thread._epoll.close = real.close

        def poll(timeout: float, most: int) -> Any:
            asked.append(timeout)
            return real.poll(timeout, most)

        thread._epoll.poll = poll
        thread.start()
        thread.stop()
        thread.join(SOON)
        self.assertFalse(thread.is_alive())
        self.assertEqual(set(asked), {-1} if asked else set())
        self.assertEqual(open_descriptors(), self.before)


class MakingTests(OffloadCase):
    """Whether there are any."""

    def made(self, count: int, log: Callable[[str], None]) -> Offload | None:
        return offload_threads(count, self.reactor, 4, "worker 1", log)

    def test_none(self) -> None:
        """None were asked for, none are there, and nothing is said."""
        self.assertIsNone(self.made(0, self.fail))

    def test_some(self) -> None:
        """The log has uWSGI's words."""
        lines: list[str] = []
        offload = self.made(2, lines.append)
        assert offload is not None
        self.addCleanup(self.stop, offload)
        self.assertEqual(lines, ["spawned 2 offload threads for uWSGI worker 1"])
        self.assertTrue(offloads(2))

    def test_without_epoll(self) -> None:
        """Where there is no epoll there are no threads."""
        with mock.patch.object(module, "select", object()):
            self.assertIsNone(self.made(2, self.fail))
            self.assertFalse(offloads(2))
