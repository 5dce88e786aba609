"""L{twsgi.web.body}."""

from __future__ import annotations

import os

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from twsgi.web import body as body_module
from twsgi.web.body import IN_MEMORY, Body


class BodyTests(SynchronousTestCase):
    """A body, as it comes and as it is read."""

    def full(self, *pieces: bytes) -> Body:
        """A body of these pieces."""
        body = Body()
        for piece in pieces:
            body.add(piece)
        return body

    @given(st.lists(st.binary(max_size=20)), st.integers(0, 60))
    def test_any_pieces(self, pieces: list[bytes], limit: int) -> None:
        """What is read is what was added, whatever went to a file."""
        self.patch(body_module, "IN_MEMORY", limit)
        body = self.full(*pieces)
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
