"""
A client of L{WSGIResource} under a stock Site, in memory: over TCP, over TLS, over HTTP/2.

Both ends are turned by hand: bytes that one end has written are given to the other, calls that a
thread handed to the reactor are made, and time passes, all in L{Wire.turn}.
"""

from __future__ import annotations

import datetime
from collections import deque
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SkipTest
from twisted.web import http
from twisted.web.server import Site

try:
    import h2.config
    import h2.connection
    import h2.events
    import h2.settings
    from OpenSSL import SSL, crypto
    from twisted.internet.ssl import CertificateOptions
    from twisted.protocols.tls import TLSMemoryBIOFactory
except ImportError:
    MISSING: str | None = "needs twisted[tls,http2]"
else:
    MISSING = None

HERE = IPv4Address("TCP", "10.0.0.1", 443)
PEER = IPv4Address("TCP", "10.0.0.9", 1234)


class TurnedClock(Clock):
    """A clock that another thread may hand calls to; they, and what is due, run in C{turn}."""

    def __init__(self) -> None:
        super().__init__()
        self.handed: deque[Callable[[], Any]] = deque()

    def callFromThread(self, call: Callable[..., Any], *args: Any) -> None:
        self.handed.append(lambda: call(*args))

    def turn(self) -> bool:
        """What was handed over, and what is due now.  False: nothing was."""
        handed = len(self.handed)
        for _ in range(handed):
            self.handed.popleft()()
        # Not C{advance}, which goes on for as long as a call due at once makes another.
        due = [call for call in self.getDelayedCalls() if call.getTime() <= self.seconds()]
        for call in due:
            if call.active():
                self.calls.remove(call)
                call.called = 1
                call.func(*call.args, **call.kw)
        return bool(handed or due)


class Transport(StringTransport):
    """
    A connection in memory, with a transport's limit: a producer is paused while C{full}.

    @ivar aborted: it was cut.
    """

    def __init__(self) -> None:
        super().__init__(HERE, PEER)
        self.aborted = self.full = False

    def write(self, data: bytes) -> None:
        super().write(data)
        if self.full and self.producer is not None:
            self.producer.pauseProducing()

    def writeSequence(self, data: Any) -> None:
        self.write(b"".join(data))

    def setTcpNoDelay(self, enabled: bool) -> None:
        """C{ITCPTransport}: a channel over TLS asks for it."""

    def taken(self) -> bytes:
        """What was written since the last time."""
        data: bytes = self.value()
        self.clear()
        return data

    def abortConnection(self) -> None:
        self.aborted = True

    def loseConnection(self) -> None:
        self.disconnecting = True


class Wire:
    """
    A Site, a connection to it, and a client's end of it that is bytes.

    @ivar received: what the client got, undone of TLS.
    @ivar reading: False: the client reads nothing.
    """

    def __init__(self, root: Any, clock: TurnedClock, alpn: bytes | None) -> None:
        """
        @param alpn: the protocol that the client asks for over TLS, None: without TLS.
        """
        self.clock = clock
        self.received = b""
        self.reading = True
        self.gone = False
        site: Any = Site(root, timeout=None, reactor=clock)
        self._client: Any = None
        if alpn is not None:
            site.acceptableProtocols()
            site = TLSMemoryBIOFactory(_options(), False, site, clock)
            self._client = _client_side(alpn)
        self.server = site.buildProtocol(PEER)
        self.transport = Transport()
        self.server.makeConnection(self.transport)
        self.turn()

    def send(self, data: bytes) -> None:
        """The client writes."""
        if self._client is None:
            self.server.dataReceived(data)
        else:
            self._client.send(data)
        self.turn()

    def turn(self, most: int = 2000) -> int:
        """
        Until nothing moves any more, or C{most} times.

        @return: how often something moved.
        """
        for times in range(most):
            moved = self.clock.turn()
            data = self.transport.taken() if self.reading else b""
            if self._client is None or self.gone:
                self.received += data
            else:
                if data:
                    self._client.bio_write(data)
                moved |= self._read_tls()
            if not (moved or data):
                return times
        return most

    def lose(self) -> None:
        """The client is gone."""
        from twisted.internet.error import ConnectionLost
        from twisted.python.failure import Failure

        self.gone = True
        self.server.connectionLost(Failure(ConnectionLost()))
        self.turn()

    def _read_tls(self) -> bool:
        try:
            while True:
                self.received += self._client.recv(65536)
        except (SSL.WantReadError, SSL.ZeroReturnError):
            pass
        try:
            self._client.do_handshake()
        except SSL.WantReadError:
            pass
        try:
            data = self._client.bio_read(1 << 20)
        except SSL.WantReadError:
            return False
        self.server.dataReceived(data)
        return True


@lru_cache
def _keys() -> Any:
    """A key, and a certificate that it has signed itself."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.timezone.utc)
    day = datetime.timedelta(days=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .sign(key, hashes.SHA256())
    )
    return crypto.PKey.from_cryptography_key(key), crypto.X509.from_cryptography(certificate)


def pem() -> bytes:
    """The key and the certificate as a file holds them."""
    key, certificate = _keys()
    found: bytes = crypto.dump_privatekey(crypto.FILETYPE_PEM, key)
    return found + crypto.dump_certificate(crypto.FILETYPE_PEM, certificate)


def _options() -> Any:
    key, certificate = _keys()
    return CertificateOptions(
        privateKey=key, certificate=certificate, acceptableProtocols=[b"h2", b"http/1.1"]
    )


def _client_side(alpn: bytes) -> Any:
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_alpn_protos([alpn])
    connection = SSL.Connection(context, None)
    connection.set_connect_state()
    try:
        connection.do_handshake()
    except SSL.WantReadError:
        pass
    return connection


class H2Client:
    """
    A client of HTTP/2 over a L{Wire}.

    @ivar streams: stream -> what came on it.
    """

    def __init__(self, case: Any, root: Any, clock: TurnedClock, window: int = 65535) -> None:
        """
        @param window: bytes that the client takes before it says that it would take more.
        """
        try:
            from twisted.web._http2 import H2Connection
        except ImportError as error:
            raise SkipTest(f"twisted[http2] is not installed: {error}") from None

        case.patch(http, "H2Connection", partial(H2Connection, clock))
        self.wire = Wire(root, clock, b"h2")
        #: It says of what it got that it would take as much again.
        self.acknowledges = True
        self.streams: dict[int, H2Response] = {}
        self.connection = h2.connection.H2Connection(
            h2.config.H2Configuration(client_side=True, header_encoding="latin-1")
        )
        self.connection.initiate_connection()
        if window != 65535:
            settings = {h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: window}
            self.connection.update_settings(settings)
            self.connection.increment_flow_control_window(window - 65535)
        self.turn()

    def ask(
        self,
        path: str = "/p",
        method: str = "GET",
        headers: Any = (),
        body: bytes | None = None,
    ) -> H2Response:
        """Sends a request."""
        stream = self.connection.get_next_available_stream_id()
        found = self.streams[stream] = H2Response(stream)
        fields = [
            (":method", method),
            (":scheme", "https"),
            (":authority", "h:81"),
            (":path", path),
            *headers,
        ]
        self.connection.send_headers(stream, fields, end_stream=body is None)
        if body is not None:
            self.connection.send_data(stream, body, end_stream=True)
        self.turn()
        return found

    def reset(self, stream: int) -> None:
        """Has enough of a response."""
        self.connection.reset_stream(stream)
        self.turn()

    def turn(self, most: int = 2000) -> int:
        """Until nothing moves.  @return: how often something did."""
        total = 0
        while True:
            data = self.connection.data_to_send()
            if data:
                self.wire.send(data)
            total += self.wire.turn(most)
            received, self.wire.received = self.wire.received, b""
            if not (received or data) or total >= most:
                return total
            for event in self.connection.receive_data(received):
                self._event(event)

    def acknowledge(self, stream: int, count: int) -> None:
        """Takes bytes, after which the server may send as many more."""
        self.connection.acknowledge_received_data(count, stream)
        self.turn()

    def _event(self, event: Any) -> None:
        found = self.streams.get(getattr(event, "stream_id", None))
        if found is None:
            return
        if isinstance(event, h2.events.ResponseReceived):
            found.headers = [(str(name), str(value)) for name, value in event.headers]
        elif isinstance(event, h2.events.DataReceived):
            found.body += event.data
            if self.acknowledges and event.flow_controlled_length:
                self.connection.acknowledge_received_data(
                    event.flow_controlled_length, event.stream_id
                )
        elif isinstance(event, h2.events.StreamEnded):
            found.ended = True
        elif isinstance(event, h2.events.StreamReset):
            found.reset = int(event.error_code)


class H2Response:
    """
    What came on a stream.

    @ivar reset: the code it was reset with, None: it was not.
    """

    def __init__(self, stream: int) -> None:
        self.stream = stream
        self.headers: list[tuple[str, str]] = []
        self.body = b""
        self.ended = False
        self.reset: int | None = None

    @property
    def status(self) -> int:
        """The status."""
        return int(dict(self.headers)[":status"])

    def header(self, name: str) -> str | None:
        """The value of the one field of this name, or None."""
        values = [value for one, value in self.headers if one == name]
        assert len(values) < 2, values
        return values[0] if values else None
