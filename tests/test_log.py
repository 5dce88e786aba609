"""L{twsgi.log}: raw lines, and what is said through C{twisted.logger}."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.logger import ILogObserver, Logger, LogPublisher
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from twsgi.interfaces import ILineLog
from twsgi.log import sink as sink_module
from twsgi.log.embedded import LoggerLog
from twsgi.log.observer import SinkObserver
from twsgi.log.sink import LogSink, _piece


class SinkTests(SynchronousTestCase):
    """The descriptor that all processes write to."""

    def file(self) -> tuple[str, LogSink]:
        """A sink and its file."""
        path = self.mktemp()
        sink = LogSink.file(path)
        self.addCleanup(sink.close)
        return path, sink

    def pipe(self) -> tuple[int, LogSink]:
        """A sink and what reads it, neither of which blocks."""
        reading, writing = os.pipe()
        for descriptor in (reading, writing):
            os.set_blocking(descriptor, False)
            self.addCleanup(os.close, descriptor)
        return reading, LogSink(writing)

    def test_interface(self) -> None:
        """It is what the processes write lines to."""
        self.assertTrue(verifyObject(ILineLog, LogSink()))

    def test_lines(self) -> None:
        """Lines are written raw, what is no character as an escape."""
        path, sink = self.file()
        sink.line("spawned uWSGI worker 1 (pid: 7, cores: 2)")
        sink.line("caf\u00e9 \udcff")
        sink.write(b"one\ntwo\n")
        with open(path, "rb") as file:
            self.assertEqual(
                file.read(),
                b"spawned uWSGI worker 1 (pid: 7, cores: 2)\ncaf\xc3\xa9 \\udcff\none\ntwo\n",
            )

    def test_append(self) -> None:
        """A file that is there is appended to, and two sinks never overwrite each other."""
        path, sink = self.file()
        other = LogSink.file(path)
        self.addCleanup(other.close)
        sink.line("one")
        other.line("two")
        sink.line("three")
        with open(path) as file:
            self.assertEqual(file.read(), "one\ntwo\nthree\n")

    def test_standard_error(self) -> None:
        """The foreground's log appends to where descriptor 2 leads, and is not inherited."""
        path = self.mktemp()
        code = (
            "import fcntl, os; from twsgi.log.sink import LogSink; sink = LogSink.standard_error();"
            "flags = fcntl.fcntl(sink.descriptor, fcntl.F_GETFL); sink.line('line');"
            "print(bool(flags & os.O_APPEND), os.get_inheritable(sink.descriptor))"
        )
        with open(path, "w") as file:
            done = subprocess.run(
                [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=file, check=True
            )
        self.assertEqual(done.stdout.split(), [b"True", b"False"])
        with open(path) as file:
            self.assertEqual(file.read(), "line\n")

    def test_borrowed_descriptor_stays(self) -> None:
        """C{close} closes only what is the sink's own."""
        reading, sink = self.pipe()
        sink.close()
        sink.line("x")
        self.assertEqual(os.read(reading, 10), b"x\n")

    def test_owned_descriptor_closes_once(self) -> None:
        """A second C{close} does not close whoever has the number then."""
        path = self.mktemp()
        sink = LogSink.file(path)
        sink.close()
        again = os.open(path, os.O_RDONLY)
        self.addCleanup(os.close, again)
        self.assertEqual(again, sink.descriptor)
        sink.close()
        os.fstat(again)

    def test_nobody_reads(self) -> None:
        """A pipe that nobody reads costs lines, not time: one short wait, then none."""
        self.patch(sink_module, "_PATIENCE", 1)
        reading, sink = self.pipe()
        for _ in range(100):
            sink.write(b"x" * 2047 + b"\n")
        self.assertGreater(sink.lost, 0)
        lost = sink.lost
        os.read(reading, 1 << 20)
        sink.line("read again")
        left = os.read(reading, 1 << 20).decode()
        self.assertEqual(
            left.splitlines(),
            [f"*** the log was not read: {lost} bytes of it are lost ***", "read again"],
        )

    def test_reader_is_gone(self) -> None:
        """A log that cannot be written at all is no error."""
        reading, writing = os.pipe()
        self.addCleanup(os.close, writing)
        sink = LogSink(writing)
        os.close(reading)
        sink.line("x")

    def test_flags_of_a_borrowed_descriptor(self) -> None:
        """A descriptor that is somebody else's keeps its flags."""
        sink = self.pipe()[1]
        flags = fcntl.fcntl(sink.descriptor, fcntl.F_GETFL)
        sink.line("x")
        self.assertEqual(fcntl.fcntl(sink.descriptor, fcntl.F_GETFL), flags)

    @settings(max_examples=50, deadline=None)
    @given(st.lists(st.integers(0, 9000), min_size=1, max_size=30))
    def test_pieces(self, lengths: list[int]) -> None:
        """Pieces add up to the whole; none is cut inside a line that would have fitted."""
        data = b"".join(b"x" * length + b"\n" for length in lengths)
        view = memoryview(data)
        limit = sink_module._PIECE
        position = 0
        while view:
            size = _piece(view)
            self.assertTrue(0 < size <= limit)
            end = position + size
            if data[end - 1 : end] != b"\n":
                self.assertNotIn(b"\n", data[position:end])
            view = view[size:]
            position = end
        self.assertEqual(position, len(data))


class ObserverTests(SynchronousTestCase):
    """Twisted's events as lines."""

    def setUp(self) -> None:
        self.lines: list[str] = []
        self.writes = 0
        self.publisher = LogPublisher(SinkObserver(self))  # type: ignore[arg-type]
        self.log = Logger(namespace="someone", observer=self.publisher)
        self.printed = Logger(namespace="stdout", observer=self.publisher)

    def line(self, text: str) -> None:
        self.writes += 1
        self.lines.extend(text.split("\n"))

    def test_interface(self) -> None:
        """It is an observer."""
        self.assertTrue(verifyObject(ILogObserver, SinkObserver(LogSink())))

    def test_format(self) -> None:
        """An event has time, who and level before it."""
        self.log.info("hello {name}", name="world")
        self.assertRegex(
            self.lines[0], r"^\d{4}-\d\d-\d\dT[\d:]+[+-]\d{4} \[someone#info\] hello world$"
        )

    def test_debug(self) -> None:
        """Debugging is left out."""
        self.log.debug("noise")
        self.assertEqual(self.lines, [])

    def test_chatter(self) -> None:
        """Of Twisted's own words only warnings and worse are passed on."""
        twisted = Logger(namespace="twisted.protocols.amp", observer=self.publisher)
        twisted.info("connection established")
        twisted.warn("this is odd")
        self.assertEqual(len(self.lines), 1)
        self.assertIn("this is odd", self.lines[0])

    def test_traceback(self) -> None:
        """A failure's traceback is there as a whole, in one write."""
        try:
            raise ZeroDivisionError("by hand")
        except ZeroDivisionError:
            self.log.failure("it failed")
        text = "\n".join(self.lines)
        self.assertEqual(self.writes, 1)
        self.assertIn("it failed", text)
        self.assertIn("Traceback (most recent call last)", text)
        self.assertIn('raise ZeroDivisionError("by hand")', text)
        self.assertTrue(self.lines[-1].strip(), "no empty line at the end")

    def test_printed(self) -> None:
        """What an application prints is passed on as it is."""
        self.printed.info("{log_io}", log_io="[x] a line of mine")
        self.assertEqual(self.lines, ["[x] a line of mine"])


class LoggerLogTests(SynchronousTestCase):
    """The container's lines in a host's log."""

    def test_lines(self) -> None:
        """Each line is an event, its braces are its own."""
        events: list[Any] = []
        log = LoggerLog(Logger(namespace="twsgi", observer=LogPublisher(events.append)))
        self.assertTrue(verifyObject(ILineLog, log))
        log.line("a {b} c")
        log.write(b"one\ntwo\n")
        self.assertEqual([one["line"] for one in events], ["a {b} c", "one", "two"])
        self.assertEqual({one["log_namespace"] for one in events}, {"twsgi"})


class StartLoggingTests(SynchronousTestCase):
    """A process that has no runner."""

    def test_streams_stay(self) -> None:
        """Events go to the sink, what is printed still goes where it went."""
        code = (
            "import sys; from twisted.logger import Logger; before = sys.stdout, sys.stderr;"
            "from twsgi.log.observer import start_logging; from twsgi.log.sink import LogSink;"
            "start_logging(LogSink(2)); Logger(namespace='me').info('event'); print('printed');"
            "assert before == (sys.stdout, sys.stderr)"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
        self.assertEqual(done.stdout, b"printed\n")
        self.assertRegex(done.stderr, rb"^\S+ \[me#info\] event\n$")
