"""SERVER_PORT of requests that come to one of several listening sockets."""

from __future__ import annotations

import socket

from twisted.trial.unittest import SynchronousTestCase

from tests.web.fakes import Later, SiteFixture, get
from twsgi.web.acceptor import Acceptor


class ServerPortTests(SynchronousTestCase):
    """L{Acceptor} tells of a port that applications are not told of anyway."""

    def server_port(self, usual: str | None, unix: bool = False) -> str | None:
        """SERVER_PORT of a request's own variables; C{usual}: None for the port it comes to."""
        resource = Later()
        fixture = SiteFixture(resource)
        if unix:
            listening = socket.socket(socket.AF_UNIX)
            listening.bind("")
            listening.listen()
        else:
            listening = socket.create_server(("127.0.0.1", 0))
        listening.setblocking(False)
        self.port = "80" if unix else str(listening.getsockname()[1])
        acceptor = Acceptor(
            listening,
            fixture.site,
            fixture.reactor,
            self.fail,
            usual_port=self.port if usual is None else usual,
        )
        self.addCleanup(acceptor.close, False)
        with socket.socket(listening.family) as client:
            client.connect(listening.getsockname())
            client.sendall(get())
            acceptor.doRead()
            (request,) = resource.requests
            request.channel.transport.abortConnection()
        port: str | None = request.head.environ.get("SERVER_PORT")
        return port

    def test_usual(self) -> None:
        """The port that applications are told is not told again."""
        self.assertIsNone(self.server_port(None))

    def test_unknown(self) -> None:
        """Where nobody says what applications are told there is nothing to compare with."""
        self.assertIsNone(self.server_port(""))

    def test_other(self) -> None:
        """Requests to another port have it among their variables."""
        self.assertEqual(self.server_port("1"), self.port)

    def test_unix(self) -> None:
        """Over a UNIX socket it is 80, whatever the port of others is."""
        self.assertEqual(self.server_port("8000", unix=True), "80")
        self.assertIsNone(self.server_port("80", unix=True))
