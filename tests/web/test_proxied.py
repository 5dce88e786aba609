"""Tests of L{twsgi.web.proxied}: connections that say who their client is."""

from __future__ import annotations

import socket
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.web.fakes import Later, SiteFixture, get
from twsgi.web.acceptor import Acceptor
from twsgi.web.admission import Admission
from twsgi.web.limits import Limits
from twsgi.web.proxied import ProxyLine

LINE = b"PROXY TCP4 192.0.2.9 198.51.100.1 40000 80\r\n"
#: What such a line may look like, and whom it tells of; None: nobody.
UNDERSTOOD = [
    (LINE, ("192.0.2.9", "40000")),
    (b"PROXY TCP6 2001:DB8::9 ::1 1 2\r\n", ("2001:db8::9", "1")),
    (b"PROXY UNKNOWN\r\n", None),
    (b"PROXY UNKNOWN ffff::1 ::2 1 2\r\n", None),
]
#: What is left to who reads requests, for them to refuse.
MALFORMED = [
    b"PROXY TCP4 192.0.2.9 198.51.100.1 40000\r\n",
    b"PROXY TCP4 192.0.2.999 198.51.100.1 40000 80\r\n",
    b"PROXY TCP4 ::1 ::1 40000 80\r\n",
    b"PROXY TCP6 192.0.2.9 198.51.100.1 40000 80\r\n",
    b"PROXY TCP4 192.0.2.9 198.51.100.1 70000 80\r\n",
    b"PROXY TCP4  192.0.2.9 198.51.100.1 4 80\r\n",
    b"PROXY \r\n",
    b"PROXY TCP4 192.0.2.9 198.51.100.1 40000 80\n",
    b"PROXY " + b"x" * 200,
]


class _Transport:
    def __init__(self, pieces: list[bytes]) -> None:
        self.pieces = pieces
        self.receive: Any = self.recv

    def recv(self, size: int) -> bytes:
        if not self.pieces:
            raise BlockingIOError
        return self.pieces.pop(0)


class _Channel:
    def __init__(self, pieces: list[bytes]) -> None:
        self.transport = _Transport(pieces)
        self.peer = ("127.0.0.1", "1")
        self.site: Any = self
        self.admission = Admission(Limits(per_peer=5))
        self.admission.entered(self)  # type: ignore[arg-type]


class ProxyLineTests(SynchronousTestCase):
    """L{ProxyLine}, in the place of a connection's C{recv}."""

    def read(self, *pieces: bytes) -> tuple[bytes, _Channel]:
        """What who reads requests gets of these pieces."""
        channel = _Channel([piece for piece in pieces if piece])
        ProxyLine(channel)  # type: ignore[arg-type]
        got = b""
        while channel.transport.pieces:
            try:
                got += channel.transport.receive(65536)
            except BlockingIOError:
                continue
        return got, channel

    def test_understood(self) -> None:
        """The line is taken out, and the client is who it names."""
        for line, peer in UNDERSTOOD:
            got, channel = self.read(line + b"GET / ")
            self.assertEqual((got, channel.peer), (b"GET / ", peer or ("127.0.0.1", "1")))
            self.assertEqual(channel.transport.receive, channel.transport.recv)

    @given(st.sampled_from(UNDERSTOOD), st.integers(0, 60), st.integers(0, 60))
    def test_any_split(self, case: tuple[bytes, Any], first: int, second: int) -> None:
        """How bytes are cut changes nothing."""
        data = case[0] + b"GET / HTTP/1.1\r\n"
        low, high = sorted((first, second))
        got, channel = self.read(data[:low], data[low:high], data[high:])
        self.assertEqual(got, b"GET / HTTP/1.1\r\n")
        self.assertEqual(channel.peer, case[1] or ("127.0.0.1", "1"))

    def test_malformed(self) -> None:
        """What is no such line stays what it is, to be refused."""
        for line in MALFORMED:
            got, channel = self.read(line)
            if len(line) > 107 or line.endswith(b"\r\n"):
                self.assertEqual(got, line)
            self.assertEqual(channel.peer, ("127.0.0.1", "1"))

    def test_plain(self) -> None:
        """Without a line nothing changes: P may begin a request, too."""
        for data in (get(), b"POST / HTTP/1.1\r\n", b"PROXYX", b"x"):
            got, channel = self.read(data[:1], data[1:])
            self.assertEqual((got, channel.peer), (data, ("127.0.0.1", "1")))

    def test_once(self) -> None:
        """A second line is no request."""
        got, channel = self.read(LINE + LINE)
        self.assertEqual((got, channel.peer[0]), (LINE, "192.0.2.9"))

    def test_end(self) -> None:
        """The end of a connection is the end."""
        channel = _Channel([b"PROXY TCP4", b""])
        ProxyLine(channel)  # type: ignore[arg-type]
        self.assertRaises(BlockingIOError, channel.transport.receive, 1)
        self.assertEqual(channel.transport.receive(1), b"")

    def test_counted(self) -> None:
        """The connection counts among those of who it is, and leaves nothing behind."""
        _, channel = self.read(LINE)
        counts = channel.admission._by_peer
        self.assertEqual(counts, {"192.0.2.9": 1})
        channel.admission.left(channel)  # type: ignore[arg-type]
        self.assertEqual(counts, {})


class AcceptorTests(SynchronousTestCase):
    """L{Acceptor}."""

    def peer(self, proxied: bool) -> list[str]:
        """REMOTE_ADDR of the requests of a connection that begins with L{LINE}."""
        resource = Later()
        fixture = SiteFixture(resource)
        listening = socket.create_server(("127.0.0.1", 0))
        acceptor = Acceptor(listening, fixture.site, fixture.reactor, self.fail, proxied=proxied)
        self.addCleanup(acceptor.close, False)
        with socket.create_connection(listening.getsockname()) as client:
            client.sendall(LINE + get())
            acceptor.doRead()
            found = [one.head.environ["REMOTE_ADDR"] for one in resource.requests]
            for channel in list(fixture.site.channels):
                channel.abort()
        return found

    def test_asked(self) -> None:
        """Who asks for it is told the client."""
        self.assertEqual(self.peer(True), ["192.0.2.9"])

    def test_not_asked(self) -> None:
        """Nobody can say who he is where it is not asked for."""
        self.assertEqual(self.peer(False), [])
