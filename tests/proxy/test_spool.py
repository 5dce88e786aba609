"""L{twsgi.proxy.spool}: what slow clients have not read yet waits on disk, within bounds."""

from __future__ import annotations

import errno
import os
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionLost
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from twsgi.proxy import spool as spool_module
from twsgi.proxy.spool import Spool, Spools

PIECE = 65536

#: A part of a file: descriptor, offset, count, and what fires when it has left.
Part = tuple[int, int, int, "Deferred[None]"]


class FileTransport:
    """Sends what it was given, in order, when the test says so."""

    def __init__(self) -> None:
        self.queue: list[bytes | Part] = []
        self.sent = b""

    def write(self, data: bytes) -> None:
        if data:
            self.queue.append(data)

    def send_file(self, descriptor: int, offset: int, count: int) -> Deferred[None]:
        done: Deferred[None] = Deferred()
        self.queue.append((descriptor, offset, count, done))
        return done

    def send(self) -> None:
        """The oldest leaves."""
        first = self.queue.pop(0)
        if isinstance(first, bytes):
            self.sent += first
            return
        descriptor, offset, count, done = first
        self.sent += os.pread(descriptor, count, offset)
        done.callback(None)

    def send_all(self) -> None:
        """All leaves."""
        while self.queue:
            self.send()

    def lose(self) -> None:
        """The connection ends."""
        queue, self.queue = self.queue, []
        for one in queue:
            if not isinstance(one, bytes):
                one[-1].errback(Failure(ConnectionLost()))


class SpoolTests(SynchronousTestCase):
    """One spool, or some."""

    def setUp(self) -> None:
        self.reports: list[str] = []
        self.events: list[str] = []
        self.transport = FileTransport()
        self.spools = Spools(10 * PIECE, self.reports.append)

    def make(self, limit: int | None = None, transport: FileTransport | None = None) -> Spool:
        """A spool; C{limit}: on its own, of so many bytes."""
        if limit is not None:
            self.spools = Spools(limit, self.reports.append)
        return Spool(
            self.spools, transport or self.transport, lambda: self.events.append("drained")
        )

    def full_disk(self, *arguments: Any) -> None:
        """C{write_all} where there is no room."""
        raise OSError(errno.ENOSPC, "No space left on device")

    def assertGivenBack(self, spool: Spool) -> None:
        """Nothing is held any more, and no file is open."""
        self.assertFalse(spool.holds)
        self.assertEqual(self.spools.left, 16 * self.spools.limit)
        self.assertIsNone(spool._file)

    @given(
        st.lists(
            st.one_of(st.binary(min_size=1, max_size=50), st.none(), st.just(b"")), max_size=40
        )
    )
    def test_order(self, steps: list[bytes | None]) -> None:
        """
        Whatever leaves when, and whenever the disk is full, the client gets all bytes in their
        order, and then the end; nothing is held after it.
        """
        transport = FileTransport()
        spool = self.make(10 * PIECE, transport)
        written = b""
        for step in steps:
            if step is None:
                if transport.queue:
                    transport.send()
            elif not step:
                spool._failed = not spool._failed
            elif not spool.write(step):
                transport.write(step)
            written += step or b""
        spool.end(lambda: transport.write(b"!"))
        transport.send_all()
        self.assertEqual(transport.sent, written + b"!")
        self.assertGivenBack(spool)

    def test_one_part(self) -> None:
        """However small the pieces, they leave as one part, and what came meanwhile as one more."""
        spool = self.make()
        for _ in range(1000):
            spool.write(b"x")
        self.assertEqual(len(self.transport.queue), 1)
        self.transport.send()
        self.assertEqual(self.transport.sent, b"x")
        self.assertEqual(len(self.transport.queue), 1)
        self.transport.send()
        self.assertEqual(self.transport.sent, b"x" * 1000)
        self.assertEqual((self.transport.queue, self.events), ([], ["drained"]))

    def test_limit(self) -> None:
        """A response gets no more than its limit; when all has left there is room again."""
        spool = self.make(2 * PIECE)
        self.assertTrue(spool.write(bytes(PIECE)))
        self.assertTrue(spool.write(b"xy"))
        self.assertFalse(spool.room)
        self.transport.send()
        self.assertFalse(spool.room)
        self.transport.send()
        self.assertTrue(spool.room)
        self.assertEqual(len(self.transport.sent), PIECE + 2)
        self.assertGivenBack(spool)

    def test_beyond(self) -> None:
        """What comes all the same, beyond the limit, follows what is stored."""
        spool = self.make(PIECE)
        self.assertTrue(spool.write(b"first"))
        self.assertTrue(spool.write(b"second"))
        self.transport.send_all()
        self.assertEqual(self.transport.sent, b"firstsecond")

    def test_all_together(self) -> None:
        """All responses together have a bound, too."""
        self.make(PIECE)
        spools = [self.make() for _ in range(17)]
        self.assertEqual([one.write(bytes(PIECE)) for one in spools], [True] * 16 + [False])
        self.transport.send()
        self.assertTrue(spools[16].write(b"x"))
        self.transport.lose()

    def test_off(self) -> None:
        """0: nothing is stored, and no file made."""
        spool = self.make(0)
        self.assertFalse(spool.write(b"x"))
        self.assertGivenBack(spool)

    def test_lost(self) -> None:
        """A client that goes away leaves nothing behind, and nobody is told that all has left."""
        spool = self.make()
        spool.write(b"x")
        spool.write(b"y")
        spool.end(lambda: self.events.append("end"))
        self.transport.lose()
        self.assertGivenBack(spool)
        self.assertEqual(self.events, [])

    def test_dropped(self) -> None:
        """What is dropped before the connection ends is given back once."""
        spool = self.make()
        spool.write(b"x")
        spool.drop()
        self.transport.lose()
        self.assertGivenBack(spool)

    def test_end(self) -> None:
        """The end comes when all has left; at once, where nothing is stored."""
        spool = self.make()
        spool.write(b"x")
        spool.end(lambda: self.events.append("end"))
        self.assertEqual(self.events, [])
        self.transport.send()
        self.assertEqual(self.events, ["end"])
        self.make().end(lambda: self.events.append("at once"))
        self.assertEqual(self.events, ["end", "at once"])

    def test_disk_full(self) -> None:
        """A full disk is said once; the response is not stored, and the next one tries again."""
        spool = self.make()
        patch = self.patch(spool_module, "write_all", self.full_disk)
        self.assertFalse(spool.write(b"x"))
        self.assertFalse(spool.room)
        self.assertFalse(self.make().write(b"x"))
        self.assertEqual(
            self.reports,
            [
                "a response cannot be stored for a slow client: "
                "[Errno 28] No space left on device: its core waits"
            ],
        )
        patch.restore()
        self.assertTrue(self.make().write(b"x"))
        self.transport.lose()
