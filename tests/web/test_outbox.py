"""L{twsgi.web.outbox}: bytes and parts of files leave in their order, each once."""

from __future__ import annotations

import os
import socket
import tempfile
from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from twsgi.web import outbox
from twsgi.web.outbox import FILE_SLICE, FilePart, Outbox

CONTENT = b"".join(b"%07x\n" % number for number in range(1 << 16))


class OutboxCase(SynchronousTestCase):
    """An outbox, the two ends of a socket, and a file."""

    def setUp(self) -> None:
        self.ours, self.theirs = socket.socketpair()
        for one in (self.ours, self.theirs):
            one.setblocking(False)
            self.addCleanup(one.close)
        self.file = tempfile.TemporaryFile()  # noqa: SIM115
        self.addCleanup(self.file.close)
        self.file.write(CONTENT)
        self.file.flush()
        self.outbox = Outbox()

    def part(self, offset: int, count: int) -> FilePart:
        """A part of the file, added to the outbox."""
        part = FilePart(self.file.fileno(), offset, count)
        self.outbox.add_file(part)
        return part

    def read(self) -> bytes:
        """What has arrived."""
        pieces = []
        try:
            while piece := self.theirs.recv(1 << 20):
                pieces.append(piece)
        except BlockingIOError:
            pass
        return b"".join(pieces)

    def empty(self) -> tuple[bytes, list[FilePart]]:
        """Sends all of it.  @return: what arrived, and the parts that were reported."""
        arrived, parts = [], []
        while self.outbox:
            try:
                part = self.outbox.send(self.ours)
            except BlockingIOError:
                arrived.append(self.read())
                continue
            if part is not None:
                parts.append(part)
        return b"".join([*arrived, self.read()]), parts


class OrderTests(OutboxCase):
    """What leaves."""

    def test_nothing_is_no_piece(self) -> None:
        """An empty piece is none: it would wait for ever, and never leave."""
        for pieces in ((b"",), (b"a", b""), (b"", b"a"), (b"a", b"", b"b")):
            for piece in pieces:
                self.outbox.add(piece)
            for _ in pieces:
                if self.outbox:
                    self.outbox.send(self.ours)
            self.assertFalse(self.outbox)
            self.assertEqual(self.read(), b"".join(pieces))

    def test_order(self) -> None:
        """Bytes and parts leave in the order in which they were added."""
        self.outbox.add(b"head,")
        first = self.part(0, 8)
        self.outbox.add(b",between,")
        self.outbox.add(b"two,")
        second = self.part(len(CONTENT) - 8, 8)
        self.outbox.add(b",end")
        data, parts = self.empty()
        self.assertEqual(data, b"head,0000000\n,between,two,000ffff\n,end")
        self.assertEqual(parts, [first, second])

    def test_part_is_reported_once_it_has_left(self) -> None:
        """A part is returned by the call that sent the last of it, by no other."""
        part = self.part(0, len(CONTENT))
        self.assertIsNone(self.outbox.send(self.ours))
        data, parts = self.empty()
        self.assertEqual((len(data), parts), (len(CONTENT), [part]))

    def test_empty_part(self) -> None:
        """A part without bytes takes its turn all the same."""
        self.outbox.add(b"a")
        part = self.part(0, 0)
        self.assertIsNone(self.outbox.send(self.ours))
        self.assertIs(self.outbox.send(self.ours), part)
        self.assertFalse(self.outbox)

    def test_position_of_the_file(self) -> None:
        """Where the descriptor stands does not matter, and does not change."""
        os.lseek(self.file.fileno(), 100, os.SEEK_SET)
        self.part(0, 8)
        self.assertEqual(self.empty()[0], b"0000000\n")
        self.assertEqual(os.lseek(self.file.fileno(), 0, os.SEEK_CUR), 100)

    def test_many_pieces(self) -> None:
        """More pieces than one system call takes all leave."""
        pieces = [b"%d," % number for number in range(3000)]
        for piece in pieces:
            self.outbox.add(piece)
        self.assertEqual(self.empty()[0], b"".join(pieces))

    def test_any_sequence(self) -> None:
        """Whatever is added, and however little the socket takes, it arrives as it was added."""
        piece = st.one_of(
            st.binary(min_size=1, max_size=300),
            st.integers(1, 300000).map(lambda size: bytes(size)),
            st.tuples(st.integers(0, len(CONTENT) - 300000), st.integers(0, 300000)),
        )

        @settings(max_examples=40, deadline=None)
        @given(st.lists(piece, max_size=8))
        def check(pieces: list[bytes | tuple[int, int]]) -> None:
            expected, added = [], []
            for one in pieces:
                if isinstance(one, bytes):
                    self.outbox.add(one)
                    expected.append(one)
                else:
                    added.append(self.part(*one))
                    expected.append(CONTENT[one[0] : one[0] + one[1]])
            data, parts = self.empty()
            self.assertTrue(data == b"".join(expected))
            self.assertEqual(parts, added)
            self.assertEqual(self.outbox.size, 0)

        check()


class AccountTests(OutboxCase):
    """What is said of what waits."""

    def test_size(self) -> None:
        """The size is that of the bytes in memory; files do not count."""
        self.outbox.add(b"12345")
        self.part(0, 1000)
        self.outbox.add(memoryview(b"678"))
        self.assertEqual(self.outbox.size, 8)
        self.outbox.send(self.ours)
        self.assertEqual(self.outbox.size, 3)

    def test_true_while_something_waits(self) -> None:
        """An outbox is true while it has bytes or files."""
        self.assertFalse(self.outbox)
        self.part(0, 1)
        self.assertTrue(self.outbox)
        self.empty()
        self.assertFalse(self.outbox)

    def test_clear(self) -> None:
        """Cleared, it has nothing, and returns the parts that will not leave."""
        self.outbox.add(b"a")
        parts = [self.part(0, 1), self.part(1, 1)]
        self.assertEqual(self.outbox.clear(), parts)
        self.assertFalse(self.outbox)
        self.assertEqual((self.outbox.size, self.outbox.clear()), (0, []))


class LimitTests(OutboxCase):
    """What stops it."""

    def test_slices(self) -> None:
        """One call sends no more of a file than a slice, however fast the reader."""
        part = self.part(5, FILE_SLICE + 10)
        with mock.patch.object(outbox.os, "sendfile", side_effect=[FILE_SLICE, 10]) as sendfile:
            self.assertIsNone(self.outbox.send(self.ours))
            self.assertIs(self.outbox.send(self.ours), part)
        ours, file = self.ours.fileno(), self.file.fileno()
        self.assertEqual(
            sendfile.mock_calls,
            [mock.call(ours, file, 5, FILE_SLICE), mock.call(ours, file, 5 + FILE_SLICE, 10)],
        )

    def test_full_socket(self) -> None:
        """A socket that takes nothing changes nothing."""
        for add in (lambda: self.outbox.add(bytes(1 << 20)), lambda: self.part(0, len(CONTENT))):
            self.outbox.clear()
            add()
            with self.assertRaises(BlockingIOError):
                while True:
                    self.outbox.send(self.ours)
            size = self.outbox.size
            self.assertRaises(BlockingIOError, self.outbox.send, self.ours)
            self.assertEqual(self.outbox.size, size)
            self.read()

    def test_shorter_file(self) -> None:
        """A file that has become shorter is an error once its end is reached."""
        self.part(len(CONTENT) - 10, 20)
        self.assertIsNone(self.outbox.send(self.ours))
        self.assertRaises(EOFError, self.outbox.send, self.ours)
        self.assertEqual(self.read(), CONTENT[-10:])

    def test_closed_reader(self) -> None:
        """A reader that is gone is an error."""
        self.theirs.close()
        self.outbox.add(b"a")
        self.assertRaises(BrokenPipeError, self.outbox.send, self.ours)
        self.outbox.clear()
        self.part(0, 10)
        self.assertRaises(BrokenPipeError, self.outbox.send, self.ours)
