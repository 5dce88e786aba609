"""L{twsgi.web.body}."""

from __future__ import annotations

import errno
import io
import os
import tempfile
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from twsgi.web import body as body_module
from twsgi.web.body import IN_MEMORY, Body


class BodyTests(SynchronousTestCase):
    """A body, as it comes and as it is read."""

    def full(self, *pieces: bytes, memory: int = IN_MEMORY) -> Body:
        """A body of these pieces."""
        body = Body(memory)
        for piece in pieces:
            body.add(piece)
        return body

    @given(st.lists(st.binary(max_size=20)), st.integers(0, 60))
    def test_any_pieces(self, pieces: list[bytes], limit: int) -> None:
        """What is read is what was added, whatever went to a file."""
        body = self.full(*pieces, memory=limit)
        data = b"".join(pieces)
        self.assertEqual(body.length, len(data))
        descriptor = body.descriptor
        self.assertEqual(descriptor is None, len(data) <= limit)
        if descriptor is None:
            self.assertEqual(body.in_memory(), data)
        else:
            self.assertEqual(os.read(descriptor, len(data) + 1), data)
        with body.open() as file:
            self.assertEqual(file.read(), data)

    def test_nothing_on_disk_for_long(self) -> None:
        """The file has no name: nothing is left, whatever happens to the process."""
        body = self.full(b"x" * (IN_MEMORY + 1))
        descriptor = body.descriptor
        assert descriptor is not None
        self.assertEqual(os.fstat(descriptor).st_nlink, 0)
        body.close()

    def test_descriptor_from_the_start(self) -> None:
        """The descriptor is at offset 0 each time it is asked for."""
        body = self.full(b"x" * IN_MEMORY, b"yz")
        for _ in range(2):
            descriptor = body.descriptor
            assert descriptor is not None
            self.assertEqual(len(os.read(descriptor, IN_MEMORY * 2)), IN_MEMORY + 2)
        body.close()

    def test_close(self) -> None:
        """A body that is closed holds no descriptor; closing again is nothing."""
        body = self.full(b"x" * (IN_MEMORY + 1))
        descriptor = body.descriptor
        assert descriptor is not None
        body.close()
        self.assertRaises(OSError, os.fstat, descriptor)
        body.close()
        self.full(b"x").close()

    def test_one_file(self) -> None:
        """It is read by lines, as often as it is opened."""
        body = self.full(b"x" * IN_MEMORY, b"y\nz")
        for _ in range(2):
            file = body.open()
            self.assertEqual(len(file.readline()), IN_MEMORY + 2)
            self.assertEqual(file.read(), b"z")
        file.close()
        body.close()


class FakeDisk(io.FileIO):
    """A file on a disk with room for C{room} bytes, that takes C{step} at most at once."""

    room = step = 0

    def write(self, data: Any) -> int:
        """Writes some."""
        taken = min(len(data), self.step, self.room)
        if not taken:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.room -= taken
        return super().write(data[:taken])

    def close(self) -> None:
        """Closes, and says that something is wrong."""
        was_open = not self.closed
        super().close()
        if was_open:
            raise OSError(errno.ENOSPC, "No space left on device")


class FullDiskTests(SynchronousTestCase):
    """A disk that has no room."""

    def disk(self, room: int, step: int) -> None:
        """Bodies go to such a disk."""
        self.made: list[FakeDisk] = []

        def make(prefix: str, buffering: int = -1) -> FakeDisk:
            self.assertEqual(buffering, 0)
            descriptor, path = tempfile.mkstemp()
            os.unlink(path)
            file = FakeDisk(descriptor, "w+b")
            file.room, file.step = room, step
            self.made.append(file)
            return file

        self.patch(body_module.tempfile, "TemporaryFile", make)

    def test_full(self) -> None:
        """The piece that has no room raises, at once, though it be one byte; closing does not."""
        self.disk(IN_MEMORY + 10, IN_MEMORY)
        body = Body()
        body.add(b"x" * IN_MEMORY)
        body.add(b"y" * 10)
        error = self.assertRaises(OSError, body.add, b"z")
        self.assertEqual(error.errno, errno.ENOSPC)
        self.assertIsNotNone(body.descriptor)
        body.close()
        self.assertTrue(self.made[0].closed)

    def test_full_from_the_start(self) -> None:
        """So does the piece with which the body becomes a file."""
        self.disk(100, 7)
        body = Body()
        body.add(b"x" * IN_MEMORY)
        self.assertRaises(OSError, body.add, b"y")
        body.close()

    def test_short_writes(self) -> None:
        """A disk that takes little at a time gets all."""
        self.disk(2 * IN_MEMORY, 1000)
        body = Body()
        data = bytes(range(256)) * (IN_MEMORY // 256) + b"end"
        body.add(data)
        body.add(data[:5000])
        file = body.open()
        self.assertTrue(file.read() == data + data[:5000])
        body.close()

    def test_nothing_written(self) -> None:
        """A disk that takes nothing, and says nothing, is full."""
        self.disk(0, 0)
        self.patch(FakeDisk, "write", lambda file, data: 0)
        self.assertRaises(OSError, Body().add, bytes(IN_MEMORY + 1))
