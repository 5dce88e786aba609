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


class FileTransport:
    """Sends the parts of files it was given when the test says so."""

    def __init__(self) -> None:
        self.parts: list[tuple[int, int, int, Deferred[None]]] = []
        self.sent = b""

    def send_file(self, descriptor: int, offset: int, count: int) -> Deferred[None]:
        done: Deferred[None] = Deferred()
        self.parts.append((descriptor, offset, count, done))
        return done

    def send(self) -> None:
        """The oldest part leaves."""
        descriptor, offset, count, done = self.parts.pop(0)
        self.sent += os.pread(descriptor, count, offset)
        done.callback(None)

    def lose(self) -> None:
        """The connection ends."""
        parts, self.parts = self.parts, []
        for *_, done in parts:
            done.errback(Failure(ConnectionLost()))


class SpoolTests(SynchronousTestCase):
    """One spool, or some."""

    def setUp(self) -> None:
        self.reports: list[str] = []
        self.transport = FileTransport()

    def make(self, limit: int = 10 * PIECE) -> Spool:
        """A spool on its own, of so many bytes."""
        self.spools = Spools(limit, self.reports.append)
        return Spool(self.spools)

    @given(st.lists(st.one_of(st.binary(min_size=1, max_size=50), st.none()), max_size=40))
    def test_order(self, steps: list[bytes | None]) -> None:
        """Whatever leaves when, the client gets all bytes in their order; then nothing is held."""
        spool, transport = self.make(), FileTransport()
        written = b""
        for step in steps:
            if step is None:
                if transport.parts:
                    transport.send()
            else:
                self.assertTrue(spool.write(transport, step))
                written += step
        spool.close()
        while transport.parts:
            transport.send()
        self.assertEqual(transport.sent, written)
        self.assertEqual(self.spools.left, 16 * self.spools.limit)
        self.assertIsNone(spool._file)

    def test_limit(self) -> None:
        """A response gets no more than its limit; when all has left there is room again."""
        spool = self.make(2 * PIECE)
        self.assertTrue(spool.write(self.transport, bytes(PIECE)))
        self.assertTrue(spool.write(self.transport, b"xy"))
        self.assertFalse(spool.room)
        self.assertFalse(spool.write(self.transport, b"z"))
        self.transport.send()
        self.assertFalse(spool.room)
        self.transport.send()
        self.assertTrue(spool.room)
        spool.close()
        self.assertEqual(len(self.transport.sent), PIECE + 2)

    def test_all_together(self) -> None:
        """All responses together have a bound, too."""
        self.make(PIECE)
        spools = [Spool(self.spools) for _ in range(17)]
        self.assertEqual(
            [one.write(self.transport, bytes(PIECE)) for one in spools], [True] * 16 + [False]
        )
        self.transport.send()
        self.assertTrue(spools[16].write(self.transport, b"x"))
        self.transport.lose()

    def test_off(self) -> None:
        """0: nothing is stored, and no file made."""
        spool = self.make(0)
        self.assertFalse(spool.write(self.transport, b"x"))
        self.assertIsNone(spool._file)
        spool.close()

    def test_lost(self) -> None:
        """A client that goes away leaves nothing behind."""
        spool = self.make()
        spool.write(self.transport, b"x")
        self.transport.lose()
        spool.close()
        self.assertIsNone(spool._file)
        self.assertEqual(self.spools.left, 16 * self.spools.limit)

    def test_closed_first(self) -> None:
        """What is stored still leaves when the response is complete."""
        spool = self.make()
        spool.write(self.transport, b"x")
        spool.close()
        self.transport.send()
        self.assertEqual(self.transport.sent, b"x")
        self.assertIsNone(spool._file)

    def test_disk_full(self) -> None:
        """A full disk is said once; the response is not stored, and the next one tries again."""

        def full(*arguments: Any) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

        spool = self.make()
        self.patch(spool_module.os, "pwrite", full)
        self.assertFalse(spool.write(self.transport, b"x"))
        self.assertFalse(spool.room)
        self.assertFalse(Spool(self.spools).write(self.transport, b"x"))
        self.assertEqual(
            self.reports,
            [
                "a response cannot be stored for a slow client: "
                "[Errno 28] No space left on device: its core waits"
            ],
        )
        self.patch(spool_module.os, "pwrite", lambda descriptor, data, offset: len(data))
        other = Spool(self.spools)
        self.assertTrue(other.write(self.transport, b"x"))
        self.transport.lose()
        for one in (spool, other):
            one.close()
