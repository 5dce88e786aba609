"""L{twsgi.wsgi.errorstream}: lines reach the log whole and in order."""

from __future__ import annotations

import io
import os
import sys
import tempfile
import threading
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.wsgi.fakes import SOON
from twsgi.wsgi import errorstream
from twsgi.wsgi.errorstream import ErrorStream, write_whole


class Host(io.StringIO):
    """A host's stream: no descriptor; what it was given at once."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[str] = []

    def write(self, text: str) -> int:
        self.writes.append(text)
        return super().write(text)


class LineTests(SynchronousTestCase):
    """What leaves, and when."""

    def setUp(self) -> None:
        """Standard error is a host's."""
        self.host = Host()
        self.patch(sys, "stderr", self.host)
        self.stream = ErrorStream()

    def test_whole_lines(self) -> None:
        """A line leaves when it ends, in one piece, and what follows waits."""
        for text, writes in (
            ("a", []),
            ("b\nc", ["ab\n"]),
            ("d\ne\nf", ["cd\ne\n"]),
            ("", []),
            ("\n", ["f\n"]),
            ("\n", ["\n"]),
        ):
            self.assertEqual(self.stream.write(text), len(text))
            self.assertEqual(self.host.writes, writes, text)
            self.host.writes.clear()
        self.assertEqual(self.stream.begun, {})

    def test_print(self) -> None:
        """C{print} writes in pieces, which are one line."""
        print("a", 1, file=self.stream)
        self.stream.writelines(["b", "c\n"])
        self.assertEqual(self.host.writes, ["a 1\n", "bc\n"])

    def test_flush(self) -> None:
        """C{flush()} ends the line, if there is one."""
        self.stream.flush()
        self.stream.write("begun")
        self.stream.flush()
        self.stream.flush()
        self.assertEqual(self.host.writes, ["begun\n"])

    def test_close(self) -> None:
        """Closing it closes nothing."""
        self.stream.write("begun")
        self.stream.close()
        self.stream.write("on\n")
        self.assertEqual(self.host.writes, ["begun\n", "on\n"])

    def test_threads(self) -> None:
        """What a thread has begun is its own; at the end of the process all that is said."""
        self.stream.write("mine ")
        thread = threading.Thread(target=self.stream.write, args=("its own",))
        thread.start()
        thread.join(SOON)
        self.stream.write("too\n")
        self.assertEqual(self.host.writes, ["mine too\n"])
        self.stream.write("last")
        self.stream.finish()
        self.assertEqual(sorted(self.host.writes[1:]), ["its own\n", "last\n"])
        self.assertEqual(self.stream.begun, {})

    def test_forked(self) -> None:
        """A forked process does not say what its parent had begun."""
        self.stream.write("begun")
        self.stream.forked()
        self.stream.write("mine\n")
        self.assertEqual(self.host.writes, ["mine\n"])

    def test_not_text(self) -> None:
        """Bytes are refused, as by any text stream."""
        with self.assertRaises(TypeError):
            self.stream.write(b"bytes")  # type: ignore[arg-type]

    def test_stream(self) -> None:
        """It is a text stream, as far as anybody asks."""
        self.assertTrue(self.stream.writable())
        self.assertFalse(self.stream.readable() or self.stream.isatty() or self.stream.closed)
        self.assertRaises(OSError, self.stream.fileno)
        self.assertEqual((self.stream.encoding, self.stream.errors), ("utf-8", "backslashreplace"))

    def test_no_log(self) -> None:
        """Without a log nothing is raised: it is no reason to fail."""
        for none in (None, io.StringIO()):
            if none is not None:
                none.close()
            self.patch(sys, "stderr", none)
            self.stream.write("lost\n")

    @settings(max_examples=50, deadline=None)
    @given(st.lists(st.text(alphabet="ab\n", max_size=5), max_size=8))
    def test_nothing_lost(self, pieces: list[str]) -> None:
        """However it is written, all of it arrives, in whole lines."""
        self.host.writes.clear()
        for piece in pieces:
            self.stream.write(piece)
        self.stream.flush()
        text = "".join(pieces)
        self.assertEqual("".join(self.host.writes), text + "\n" * (text[-1:] not in ("", "\n")))
        self.assertTrue(all(one.endswith("\n") for one in self.host.writes))


class Descriptor:
    """Standard error on a descriptor."""

    def __init__(self, descriptor: int) -> None:
        self.fileno = lambda: descriptor


class DescriptorTests(SynchronousTestCase):
    """Onto a descriptor."""

    def pipe(self) -> tuple[int, int]:
        """The two ends of a pipe, as standard error."""
        reading, writing = os.pipe()
        for end in (reading, writing):
            self.addCleanup(os.close, end)
        self.patch(sys, "stderr", Descriptor(writing))
        return reading, writing

    def test_encoded(self) -> None:
        """It is UTF-8; what cannot be written is an escape."""
        reading, _ = self.pipe()
        ErrorStream().write("caf\xe9 \udcff\n")
        self.assertEqual(os.read(reading, 100), b"caf\xc3\xa9 \\udcff\n")

    def test_file(self) -> None:
        """In a file a write is one, however long."""
        writes: list[int] = []
        real = os.write

        def write(descriptor: int, data: Any) -> int:
            writes.append(len(data))
            return real(descriptor, data)

        with tempfile.TemporaryFile() as file:
            self.patch(sys, "stderr", Descriptor(file.fileno()))
            self.patch(os, "write", write)
            ErrorStream().write("x" * 200_000 + "\n")
        self.assertEqual(writes, [200_001])

    def test_closed(self) -> None:
        """A descriptor that is none, or whose reader has gone, is nothing to raise for."""
        reading, writing = os.pipe()
        os.close(reading)
        self.patch(sys, "stderr", Descriptor(writing))
        ErrorStream().write("lost\n")
        os.close(writing)
        ErrorStream().write("lost\n")

    def test_threads(self) -> None:
        """Many threads that write long lines to a pipe at once, never mix; each keeps its order."""
        for blocking in (True, False):
            reading, writing = self.pipe()
            os.set_blocking(writing, blocking)
            stream = ErrorStream()

            def write(word: str, stream: ErrorStream = stream) -> None:
                for number in range(20):
                    print(word, number, word * 20_000, file=stream)

            threads = [threading.Thread(target=write, args=(one,), daemon=True) for one in "abcd"]
            for thread in threads:
                thread.start()
            data = b""
            while data.count(b"\n") < 80:
                data += os.read(reading, 65536)
            for thread in threads:
                thread.join(SOON)
            seen: dict[str, int] = dict.fromkeys("abcd", 0)
            for line in data.decode().splitlines():
                word, number, rest = line.split(" ")
                self.assertEqual((int(number), rest), (seen[word], word * 20_000))
                seen[word] += 1

    def test_with_the_server(self) -> None:
        """A line of the server's own does not come into an application's that is on its way."""
        from twsgi.log.sink import LogSink

        reading, writing = self.pipe()
        sink = LogSink(writing)
        thread = threading.Thread(target=write_whole, args=(writing, b"x" * 200_000 + b"\n"))
        thread.start()
        self.assertEqual(os.read(reading, 1), b"x")
        other = threading.Thread(target=sink.line, args=("of the server",))
        other.start()
        data = b"x"
        while data.count(b"\n") < 2:
            data += os.read(reading, 65536)
        for one in (thread, other):
            one.join(SOON)
        self.assertIn(data, (b"x" * 200_000 + b"\nof the server\n",))

    def test_processes(self) -> None:
        """So it is with other processes."""
        reading, writing = self.pipe()
        children = []
        for word in (b"a", b"b"):
            child = os.fork()
            if not child:
                try:
                    for _ in range(20):
                        write_whole(writing, word * 100_000 + b"\n")
                finally:
                    os._exit(0)
            children.append(child)
        data = b""
        while data.count(b"\n") < 40:
            data += os.read(reading, 65536)
        for child in children:
            os.waitpid(child, 0)
        self.assertEqual(set(data.splitlines()), {b"a" * 100_000, b"b" * 100_000})

    def test_of_the_process(self) -> None:
        """There is one of the process's, which ends what was begun with it."""
        self.assertIsInstance(errorstream.stream, ErrorStream)
