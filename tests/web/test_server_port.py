"""SERVER_PORT of requests that come to one of several listening sockets."""

from __future__ import annotations

import socket

from twisted.trial.unittest import SynchronousTestCase

from tests.web.fakes import Later, SiteFixture, get
from twsgi.web.acceptor import Acceptor


class ServerPortTests(SynchronousTestCase):
    """L{Acceptor} tells of a port that applications are not told of anyway."""

    def server_port(self, usual: str | None) -> str | None:
        """SERVER_PORT of a request's own variables; C{usual}: None for the port it comes to."""
        resource = Later()
        fixture = SiteFixture(resource)
        listening = socket.create_server(("127.0.0.1", 0))
        listening.setblocking(False)
        self.port = str(listening.getsockname()[1])
        acceptor = Acceptor(
            listening,
            fixture.site,
            fixture.reactor,
            self.fail,
            usual_port=self.port if usual is None else usual,
        )
        self.addCleanup(acceptor.close, False)
        with socket.create_connection(("127.0.0.1", int(self.port))) as client:
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
