"""The pieces of a request's way, each alone, in this process.

Each piece is run once and its result looked at before it is measured, so that no figure stands for
something else than its name says.
"""

from __future__ import annotations

import statistics
import threading
import timeit
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from zope.interface import implementer

from benchmarks import requests
from benchmarks.progress import Progress
from benchmarks.results import Effort, Outcome, Table
from benchmarks.server import Site
from twsgi.interfaces import ILineLog
from twsgi.log.requestline import RequestLog
from twsgi.wire import fields, frames
from twsgi.wire.head import request_head
from twsgi.wire.response import Date, ResponseEncoder, check_headers, check_status
from twsgi.wsgi.environ import base_environ
from twsgi.wsgi.waitpoint import wait_point

_HEADERS = [("Content-Type", "text/plain"), ("Content-Length", "12")]
#: What a head is read with where nobody says otherwise.
_PARSER = "ours" if fields.field_parser() is fields.parse_fields else "llhttp"
_NOW = 1_700_000_000.0


@dataclass(frozen=True)
class Piece:
    """
    One thing to measure.

    @ivar run: does it once.
    @ivar right: true of what C{run} returns.
    """

    name: str
    run: Callable[[], Any]
    right: Callable[[Any], bool]

    def check(self) -> None:
        """
        Does it once, and looks.

        @raise AssertionError: it does not do what it is called.
        """
        found = self.run()
        if not self.right(found):
            raise AssertionError(f"{self.name}: {found!r}")

    def microseconds(self, quick: bool) -> list[float]:
        """Some measurements, each the mean of many."""
        timer = timeit.Timer(self.run)
        count, took = timer.autorange()
        if quick:
            return [took / count * 1e6]
        return [one / count * 1e6 for one in timer.repeat(7, count)]


@implementer(ILineLog)
class _Lines:
    """An L{ILineLog} that forgets all but the last batch."""

    last = b""

    def line(self, text: str) -> None:
        """A line."""

    def write(self, data: bytes) -> None:
        """Some lines."""
        self.last = data


class _Said:
    """What L{RequestLog} wants to know of a response and of its sink."""

    app = "0"
    status = "200 OK"
    headers = _HEADERS
    steps = 1
    via = ""
    head_size = 108
    body_size = 12


def pieces() -> Iterable[Piece]:
    """All of them but the hand-over, which needs threads."""
    for name, data, count in (
        ("tiny", requests.TINY, requests.TINY_FIELDS),
        ("browser's", requests.BROWSER, requests.BROWSER_FIELDS),
    ):
        yield from _parsing(name, data, count)
        yield from _environ(name, data)
        yield from _frames(name, data)
    yield from _answering()
    yield from _log()


def _parsing(name: str, data: bytes, count: int) -> Iterable[Piece]:
    parsers = {"ours": fields.parse_fields, _PARSER: fields.field_parser()}
    for kind, parse in parsers.items():
        yield Piece(
            f"parse the fields, {name} request, {kind}",
            partial(parse, data),
            lambda found: len(found) == count,
        )
    parse = fields.field_parser()
    yield Piece(
        f"read the head with all checks, {name} request",
        lambda: request_head(data, parse),
        lambda head: head.keep_alive and head.environ["PATH_INFO"] == "/" and not head.length,
    )


def _environ(name: str, data: bytes) -> Iterable[Piece]:
    variables = request_head(data, fields.field_parser()).environ
    base = base_environ("www.example.com", 80, True, True)

    def make() -> dict[str, Any]:
        environ = base.copy()
        environ.update(variables)
        environ["wsgi.input"] = None
        return environ

    yield Piece(
        f"make the environ, {name} request",
        make,
        lambda found: found["HTTP_HOST"] == "www.example.com" and found["wsgi.multithread"],
    )


def _frames(name: str, data: bytes) -> Iterable[Piece]:
    variables = request_head(data, fields.field_parser()).environ

    def there() -> dict[str, str]:
        frame = frames.encode_request(5, frames.encode_variables(variables), b"", 0)
        _, size, _, _ = frames.decode_request_head(frame)
        head = frames.REQUEST_HEAD
        return frames.decode_variables(frame[head : head + size])

    yield Piece(
        f"link frame, made and read, {name} request", there, lambda found: found == variables
    )


def _answering() -> Iterable[Piece]:
    date = Date()

    def head() -> bytes:
        check_status("200 OK")
        length = check_headers(_HEADERS)
        encoder = ResponseEncoder(True, True, False)
        return encoder.head("200 OK", _HEADERS, length, date.line(_NOW))

    wanted = [b"HTTP/1.1 200 OK", b"Content-Type: text/plain", b"Content-Length: 12"]
    wanted += [b"Date: Tue, 14 Nov 2023 22:13:20 GMT", b"", b""]
    yield Piece("make the response's head with all checks", head, b"\r\n".join(wanted).__eq__)

    data = b"\r\n".join(wanted) + b"hello world\n"
    decoder = frames.ResponseDecoder()

    def back() -> list[tuple[int, int, bytes]]:
        return list(decoder.feed(frames.encode_response(frames.LAST, data)))

    yield Piece(
        "link frame, made and read, response",
        back,
        [(frames.RESPONSE, frames.LAST, data)].__eq__,
    )


def _log() -> Iterable[Piece]:
    lines, said = _Lines(), _Said()
    log = RequestLog(lines, lambda: 7, lambda: 3)
    variables = request_head(requests.BROWSER, fields.field_parser()).environ

    def write() -> None:
        log.application(variables, 700, said, said, 100, 1)

    def right(_: object) -> bool:
        log.flush()
        return b"|req: 3/7] " in lines.last and b" GET / => generated 12 bytes in 0 " in lines.last

    yield Piece("request line, made and kept", write, right)


def hand_over(count: int = 20_000) -> float:
    """
    From one thread to another that waits for it, and back.

    @return: microseconds of one way.
    @raise AssertionError: something was lost, or came twice.
    """
    there, back = wait_point(), wait_point()

    def serve() -> None:
        while (work := there.wait()) is not None:
            back.submit(work)

    thread = threading.Thread(target=serve)
    thread.start()
    numbers = iter(range(1, count + 1))
    came = []

    def once() -> None:
        there.submit(next(numbers))
        came.append(back.wait())

    try:
        took = timeit.timeit(once, number=count)
    finally:
        there.close()
        thread.join()
        back.close()
    if came != list(range(1, count + 1)):
        raise AssertionError("hand-over: not what was handed over")
    return took / count / 2 * 1e6


def measure(site: Site, effort: Effort, progress: Progress) -> Outcome:
    """All pieces; the median of some measurements each."""
    found: dict[str, float] = {}
    for piece in pieces():
        piece.check()
        found[piece.name] = statistics.median(piece.microseconds(effort.quick))
        piece.check()
    times = 1 if effort.quick else 5
    found["hand over to a thread that waits"] = statistics.median(hand_over() for _ in range(times))
    rows = [[name, f"{took:.2f}"] for name, took in found.items()]
    for row in rows:
        progress.say(f"micro: {row[0]}: {row[1]} µs")
    return Outcome(tables=[Table(["piece", "µs"], rows)])
