"""L{RequestLog}: uWSGI's default line for each request, batched."""

from __future__ import annotations

import os
import re
import threading
import time
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from twsgi.log import requestline
from twsgi.log.requestline import BATCH, RequestLog, packet_size
from twsgi.wire.frames import encode_variables

#: uWSGI's default format.
LINE = re.compile(
    r"\[pid: (?P<pid>\d+)\|app: (?P<app>-?\d+)\|req: (?P<own>-?\d+)/(?P<total>\d+)\] "
    r"(?P<addr>\S*) \((?P<user>.*?)\) \{(?P<vars>\d+) vars in (?P<size>\d+) bytes\} "
    r"\[(?P<date>\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4})\] (?P<method>\S+) (?P<uri>\S+) => "
    r"generated (?P<body>\d+) bytes in (?P<msecs>\d+) msecs(?P<via> via \w+\(\))? "
    r"\((?P<protocol>HTTP/1\.[01]) (?P<status>\d{3})\) (?P<headers>\d+) headers in "
    r"(?P<head>\d+) bytes \((?P<switches>\d+) switches on core (?P<core>\d+)\)\n\Z"
)

VARIABLES = {
    "REQUEST_METHOD": "GET",
    "REQUEST_URI": "/p?q",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "REMOTE_ADDR": "127.0.0.1",
}


class Lines:
    """A log in memory."""

    def __init__(self) -> None:
        self.writes: list[bytes] = []
        self.write = self.writes.append

    def all(self) -> list[str]:
        """The lines."""
        return b"".join(self.writes).decode("latin-1").splitlines(keepends=True)


class Response:
    """What an application said."""

    def __init__(self, status: str | None = "200 OK", count: int = 1, steps: int = 1) -> None:
        self.status = status
        self.headers = [("A", "b")] * count
        self.steps = steps
        self.via = ""
        self.app = "0"


class Sent:
    """What a sink counted."""

    head_size = 45
    body_size = 5


class Static:
    """A request that a resource has answered."""

    class head:  # noqa: N801
        environ = VARIABLES

    via = ""
    started = 1000.0
    sentLength = 77
    code = 304
    header_count = 3
    head_size = 120


class RequestLogCase(SynchronousTestCase):
    """A log."""

    def setUp(self) -> None:
        """One that has written nothing."""
        self.lines = Lines()
        self.log = RequestLog(self.lines, lambda: 9, lambda: 4)  # type: ignore[arg-type]

    def application(self, variables: Any = VARIABLES, size: int = 0, **changes: Any) -> Any:
        """The parts of the line of one request."""
        self.log.application(variables, size, Response(**changes), Sent(), 2345, 1)
        return self.parts()

    def parts(self) -> Any:
        """The parts of the last line."""
        self.log.flush()
        line = self.lines.all()[-1]
        match = LINE.match(line)
        assert match is not None, line
        return match


class FormatTests(RequestLogCase):
    """The line."""

    def test_application(self) -> None:
        """Every part is what uWSGI's is."""
        parts = self.application()
        expected = {
            "pid": str(os.getpid()),
            "app": "0",
            "own": "4",
            "total": "9",
            "addr": "127.0.0.1",
            "user": "",
            "vars": "8",
            "method": "GET",
            "uri": "/p?q",
            "body": "5",
            "msecs": "2",
            "via": None,
            "protocol": "HTTP/1.1",
            "status": "200",
            "headers": "1",
            "head": "45",
            "switches": "1",
            "core": "1",
        }
        self.assertEqual({name: parts[name] for name in expected}, expected)

    def test_size(self) -> None:
        """The size is the uwsgi packet's, whether the variables' size is known or counted."""
        expected = sum(4 + len(name) + len(value) for name, value in VARIABLES.items())
        self.assertEqual(packet_size(VARIABLES), expected)
        self.assertEqual(self.application()["size"], str(expected))
        size = len(encode_variables(VARIABLES))
        self.assertEqual(self.application(size=size)["size"], str(expected))

    def test_never_answered(self) -> None:
        """An application that never said a status is 500."""
        parts = self.application(status=None, count=0, steps=0)
        self.assertEqual((parts["status"], parts["headers"], parts["switches"]), ("500", "0", "0"))

    def test_user(self) -> None:
        """REMOTE_USER stands between the parentheses; what is not known is empty."""
        self.assertEqual(self.application({**VARIABLES, "REMOTE_USER": "me"})["user"], "me")
        variables = {name: value for name, value in VARIABLES.items() if name != "REMOTE_ADDR"}
        self.assertEqual(self.application(variables)["addr"], "")

    def test_date(self) -> None:
        """The date is that of the request's beginning, in local time."""
        self.patch(requestline, "time", Time(1_700_000_000.5))
        self.log.application(VARIABLES, 0, Response(), Sent(), 700_000, 0)
        self.assertEqual(self.parts()["date"], time.asctime(time.localtime(1_699_999_999)))
        self.log.application(VARIABLES, 0, Response(), Sent(), 100_000, 0)
        self.assertEqual(self.parts()["date"], time.asctime(time.localtime(1_700_000_000)))

    def test_latin(self) -> None:
        """A line is one line of latin-1, whatever the variables hold."""
        self.application({**VARIABLES, "REMOTE_ADDR": "\xe9", "REMOTE_USER": "\u20ac"})
        self.assertIn(b"\xe9 (\\u20ac)", self.lines.writes[-1])

    def test_resource(self) -> None:
        """A file has no application, and no switches."""
        self.log.resource(Static(), 1000.0125)
        parts = self.parts()
        expected = {
            "app": "-1",
            "own": "-1",
            "total": "9",
            "body": "77",
            "msecs": "12",
            "via": None,
            "status": "304",
            "headers": "3",
            "head": "120",
            "switches": "0",
            "core": "0",
            "size": str(packet_size(VARIABLES)),
        }
        self.assertEqual({name: parts[name] for name in expected}, expected)

    def test_via(self) -> None:
        """How a file was sent is said, an application's too."""
        response = Response()
        response.via = "offload"
        self.log.application(VARIABLES, 0, response, Sent(), 0, 0)
        self.assertEqual(self.parts()["via"], " via offload()")
        static = Static()
        static.via = "sendfile"  # type: ignore[attr-defined]
        self.log.resource(static, 1000.0)
        self.assertEqual(self.parts()["via"], " via sendfile()")


class Time:
    """The module C{time} at one moment."""

    localtime = staticmethod(time.localtime)
    asctime = staticmethod(time.asctime)

    def __init__(self, now: float) -> None:
        self._now = now

    def time(self) -> float:
        return self._now


class BatchTests(RequestLogCase):
    """Many lines in one write."""

    def add(self, count: int) -> None:
        """So many requests."""
        for number in range(count):
            variables = {**VARIABLES, "REQUEST_URI": f"/{number}"}
            self.log.application(variables, 0, Response(), Sent(), 0, 0)

    def numbers(self) -> list[int]:
        """Which requests were written, in order."""
        return [int(LINE.match(line)["uri"][1:]) for line in self.lines.all()]  # type: ignore[index]

    def test_waits(self) -> None:
        """Lines wait for a flush, which writes them at once; without any it writes nothing."""
        self.log.flush()
        self.assertEqual(self.lines.writes, [])
        self.add(3)
        self.assertEqual(self.lines.writes, [])
        self.log.flush()
        self.assertEqual(len(self.lines.writes), 1)
        self.assertEqual(self.numbers(), [0, 1, 2])
        self.log.flush()
        self.assertEqual(len(self.lines.writes), 1)

    def test_full(self) -> None:
        """A batch that is full is written by whoever fills it."""
        self.add(1000)
        self.assertGreater(len(self.lines.writes), 1)
        for write in self.lines.writes:
            self.assertGreaterEqual(len(write), BATCH)
            self.assertLess(len(write), BATCH + 1000)
        self.log.flush()
        self.assertEqual(self.numbers(), list(range(1000)))

    def test_threads(self) -> None:
        """Two threads that add and flush lose nothing, and write nothing twice."""
        each = 3000
        start = threading.Barrier(3)

        def add(first: int) -> None:
            start.wait(20)
            for number in range(first, first + each):
                variables = {**VARIABLES, "REQUEST_URI": f"/{number}"}
                self.log.application(variables, 0, Response(), Sent(), 0, 0)
                if number % 7 == 0:
                    self.log.flush()

        threads = [threading.Thread(target=add, args=(one * each,), daemon=True) for one in (0, 1)]
        for thread in threads:
            thread.start()
        start.wait(20)
        for _ in range(200):
            self.log.flush()
        for thread in threads:
            thread.join(20)
            self.assertFalse(thread.is_alive())
        self.log.flush()
        self.assertEqual(sorted(self.numbers()), list(range(2 * each)))

    def test_added_while_taken(self) -> None:
        """A line that is added while others are taken is neither lost nor written twice."""

        class Growing(list[str]):
            """Another thread appends as soon as the lines have been looked at."""

            def __getitem__(self, key: Any) -> Any:
                found = super().__getitem__(key)
                add, self.add = self.add, lambda: None
                add()
                return found

        lines = self.log._lines = Growing()
        lines.add = lambda: None
        self.add(2)
        lines.add = lambda: self.add(1)
        self.log.flush()
        self.assertEqual(self.numbers(), [0, 1])
        self.log.flush()
        self.assertEqual(self.numbers(), [0, 1, 0])

    def test_flush_while_adding(self) -> None:
        """A line that is added while others are written waits for the next flush."""
        write = self.lines.write

        def adding(data: bytes) -> None:
            write(data)
            if len(self.lines.writes) == 1:
                self.add(1)

        self.lines.write = adding
        self.add(2)
        self.log.flush()
        self.assertEqual(self.numbers(), [0, 1])
        self.log.flush()
        self.assertEqual(self.numbers(), [0, 1, 0])
