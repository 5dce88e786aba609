"""Fakes for what an HTTP/1 connection stands on: a transport, a reactor, resources, a client."""

from __future__ import annotations

import threading
from typing import Any

from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.python.failure import Failure
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from tests.web.turning import TurningReactor
from twsgi.web.http1 import HTTP1Channel
from twsgi.web.request import Request
from twsgi.web.site import Limits, Site

#: The reactor's seconds at the beginning of every test; a second of the calendar, as in real life.
START = 1_700_000_000.0


class FakeConnection:
    """
    What L{HTTP1Channel} and its Site ask of a L{twsgi.web.transport.Connection}, remembered.

    @ivar stalled: the client has read nothing for too long.
    @ivar pending: the client has not read all that was sent.
    @ivar sent: all that was written.
    @ivar reading: the socket is read.
    @ivar lost: how the connection was ended by us: C{close}, C{linger}, C{abort}; "" if it was not.
    """

    def __init__(self, channel: HTTP1Channel) -> None:
        self.channel = channel
        self.lock = threading.Lock()
        self.sent = b""
        self.stalled = False
        self.pending = False
        self.reading = True
        self.connected = True
        self.disconnecting = False
        self.full = False
        self.lost = ""
        self.producer: Any = None

    def doRead(self) -> None:
        """Nothing waits in the kernel."""

    def untaken(self) -> int:
        """Nor anything that the client has not taken."""
        return 0

    def unread(self) -> bool:
        """Nor anything that nobody has read."""
        return False

    def stuck(self, now: float, limit: float) -> bool:
        return self.stalled

    def write(self, data: bytes) -> None:
        assert not self.lock.locked(), "the real one takes the lock: this would never return"
        if self.connected:
            self.sent += data

    def write_from_thread(self, data: bytes, timeout: float) -> None:
        self.write(data)

    def startReading(self) -> None:
        self.reading = True

    def stopReading(self) -> None:
        self.reading = False

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        self.producer = producer

    def unregisterProducer(self) -> None:
        self.producer = None

    def loseConnection(self) -> None:
        self._end("close", ConnectionDone())

    def lose_lingering(self) -> None:
        self.lost = self.lost or "linger"

    def abortConnection(self) -> None:
        self._end("abort", ConnectionLost())

    def getPeer(self) -> str:
        return "peer"

    def getHost(self) -> str:
        return "host"

    def client_gone(self) -> None:
        """The client has closed, or reset, the connection."""
        self._end("", ConnectionLost())

    def _end(self, how: str, reason: Exception) -> None:
        if self.connected:
            self.connected = False
            self.lost = how if how != "close" or not self.lost else self.lost
            self.channel.connectionLost(Failure(reason))


class Echo(Resource):
    """Answers at once with what it was asked: method, path and body."""

    isLeaf = True

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[dict[str, str]] = []

    def render(self, request: Any) -> bytes:
        self.seen.append(dict(request.head.environ))
        body = b" ".join((request.method, request.uri, request.content.read()))
        request.setHeader(b"content-length", b"%d" % len(body))
        return body


class Later(Resource):
    """Answers when the test says so."""

    isLeaf = True

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[Request] = []

    def render(self, request: Any) -> int:
        self.requests.append(request)
        return NOT_DONE_YET

    def answer(self, body: bytes = b"later") -> None:
        """Answers the oldest request."""
        request = self.requests.pop(0)
        request.setHeader(b"Content-Length", b"%d" % len(body))
        request.write(body)
        request.finish()


class Client:
    """One connection to a L{Site}, driven by hand from the client's side."""

    def __init__(self, site: Site) -> None:
        self.channel = HTTP1Channel(site, ("192.0.2.7", "4711"))
        self.connection = FakeConnection(self.channel)
        self.channel.makeConnection(self.connection)  # type: ignore[arg-type]

    def send(self, data: bytes) -> None:
        """Bytes arrive."""
        self.channel.dataReceived(data)

    def end(self) -> None:
        """The client says that it will send no more (C{shutdown(SHUT_WR)})."""
        self.channel.read_closed()

    @property
    def sent(self) -> bytes:
        """All that came back."""
        return self.connection.sent

    @property
    def lost(self) -> str:
        """How we ended the connection."""
        return self.connection.lost

    def responses(self) -> list[tuple[int, dict[bytes, bytes], bytes]]:
        """What came back, taken apart: status, header fields, body."""
        found = []
        data = self.sent
        while data:
            head, separator, data = data.partition(b"\r\n\r\n")
            assert separator, f"half a head: {head!r}"
            line, *lines = head.split(b"\r\n")
            fields = {
                name.lower(): value for name, _, value in (one.partition(b": ") for one in lines)
            }
            size = int(fields.get(b"content-length", b"0"))
            found.append((int(line.split()[1]), fields, data[:size]))
            data = data[size:]
        return found

    def statuses(self) -> list[int]:
        """The statuses of what came back."""
        return [status for status, _, _ in self.responses()]

    def bodies(self) -> list[bytes]:
        """The bodies of what came back."""
        return [body for _, _, body in self.responses()]


class SiteFixture:
    """
    A L{Site} on a reactor that stands still.

    @ivar logged: the requests that were logged.
    @ivar refusals: what was said of requests that were refused.
    """

    def __init__(self, resource: Any, **limits: Any) -> None:
        self.reactor = TurningReactor()
        self.reactor.rightNow = START
        self.logged: list[Any] = []
        self.refusals: list[str] = []
        self.site = Site(
            resource, self.reactor, Limits(**limits), self.logged.append, self.refusals.append
        )
        self.site.start()

    def client(self) -> Client:
        """A new connection."""
        return Client(self.site)

    def pass_seconds(self, seconds: float) -> None:
        """Time goes by, in steps of half a second."""
        for _ in range(int(seconds * 2)):
            self.reactor.advance(0.5)


def get(path: str = "/", *lines: str, version: str = "1.1") -> bytes:
    """A request without a body."""
    text = f"GET {path} HTTP/{version}\r\nHost: example\r\n"
    return (text + "".join(f"{line}\r\n" for line in lines) + "\r\n").encode("latin-1")


def post(body: bytes, *lines: str, path: str = "/") -> bytes:
    """A request with a body whose length is announced."""
    text = f"POST {path} HTTP/1.1\r\nHost: example\r\nContent-Length: {len(body)}\r\n"
    return (text + "".join(f"{line}\r\n" for line in lines) + "\r\n").encode("latin-1") + body


def chunked(pieces: list[bytes], *lines: str, path: str = "/") -> bytes:
    """A request with a body in the chunked transfer coding."""
    text = f"POST {path} HTTP/1.1\r\nHost: example\r\nTransfer-Encoding: chunked\r\n"
    head = (text + "".join(f"{line}\r\n" for line in lines) + "\r\n").encode("latin-1")
    body = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces if piece)
    return head + body + b"0\r\n\r\n"
