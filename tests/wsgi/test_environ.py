"""L{twsgi.wsgi.environ}: what every application is told."""

from __future__ import annotations

import gzip
import io
import os
import tempfile
from typing import Any
from unittest import mock

from twisted.trial.unittest import SynchronousTestCase

from twsgi.wsgi.environ import FileWrapper, base_environ
from twsgi.wsgi.errorstream import stream


class BaseTests(SynchronousTestCase):
    """L{base_environ}."""

    def test_values(self) -> None:
        """It is PEP 3333's, with the server's name and how many there may be at once."""
        errors = io.StringIO()
        found = base_environ("name", 8000, True, False, errors)
        expected: dict[str, Any] = {
            "SCRIPT_NAME": "",
            "SERVER_NAME": "name",
            "SERVER_PORT": "8000",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.errors": errors,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            "wsgi.file_wrapper": FileWrapper,
            "wsgi.input_terminated": True,
            "uwsgi.node": os.uname().nodename.encode(),
        }
        self.assertEqual(found, expected)

    def test_errors(self) -> None:
        """Without a stream of their own, errors go to the process's."""
        self.assertIs(base_environ("name", 1, False, True)["wsgi.errors"], stream)


class FileWrapperTests(SynchronousTestCase):
    """L{FileWrapper}."""

    def test_blocks(self) -> None:
        """A file is given in blocks, from where it stands, and closed."""
        file = io.BytesIO(b"0123456789")
        file.seek(1)
        wrapper = FileWrapper(file, 4)
        self.assertEqual(list(wrapper), [b"1234", b"5678", b"9"])
        wrapper.close()
        self.assertTrue(file.closed)

    def test_limit(self) -> None:
        """Where there is a limit it is read as far as that, and not a byte further."""
        for limit, expected in (
            (0, []),
            (3, [b"012"]),
            (5, [b"0123", b"4"]),
            (99, [b"0123", b"45"]),
        ):
            file = io.BytesIO(b"012345")
            wrapper = FileWrapper(file, 4)
            wrapper.limit = limit
            self.assertEqual((list(wrapper), file.tell()), (expected, min(limit, 6)))

    def test_part(self) -> None:
        """What is left of a real file is known; of anything else it is not."""
        with tempfile.TemporaryFile() as file:
            file.write(b"0123456789")
            file.seek(4)
            self.assertEqual(FileWrapper(file).part(), (file.fileno(), 4, 6))
            file.seek(99)
            self.assertEqual(FileWrapper(file).part(), (file.fileno(), 99, 0))
        self.assertIsNone(FileWrapper(file).part())  # closed
        reading, writing = os.pipe()
        os.close(writing)
        with open(reading, "rb") as pipe:
            self.assertIsNone(FileWrapper(pipe).part())
        for other in (io.BytesIO(b"a"), object()):
            self.assertIsNone(FileWrapper(other).part())
        with open(os.devnull, "rb") as device:
            self.assertIsNone(FileWrapper(device).part())

    def test_part_of_what_is_read(self) -> None:
        """A file is one part only where its C{read} gives what is in it."""
        with tempfile.NamedTemporaryFile() as named:
            named.write(b"0123456789")
            named.seek(4)
            self.assertEqual(FileWrapper(named).part(), (named.fileno(), 4, 6))
            with open(named.name, "rb", buffering=0) as raw:
                self.assertEqual(FileWrapper(raw).part(), (raw.fileno(), 0, 10))
            passing_on = mock.Mock(read=named.file.read, fileno=named.fileno, tell=named.tell)
            self.assertEqual(FileWrapper(passing_on).part(), (named.fileno(), 4, 6))
            with gzip.open(named.name, "rb") as packed, io.BufferedReader(packed) as buffered:
                self.assertIsNone(FileWrapper(packed).part())
                self.assertIsNone(FileWrapper(buffered).part())
            with open(named.name, encoding="ascii") as text:
                self.assertIsNone(FileWrapper(text).part())

    def test_without_close(self) -> None:
        """What has no C{close} gets none."""

        class Readable:
            def read(self, size: int) -> bytes:
                return b""

        wrapper = FileWrapper(Readable())
        self.assertEqual(list(wrapper), [])
        self.assertFalse(hasattr(wrapper, "close"))
