"""A frontend in a nutshell: its site, its dispatcher, and workers that do what the test says."""

from __future__ import annotations

import socket
from typing import Any

from tests.web.fakes import Client, SiteFixture
from twsgi.control.scoreboard import CORE_BUSY_SINCE, CORE_REQUESTS, Scoreboard
from twsgi.proxy.balancer import Balancer, SharedBalancer
from twsgi.proxy.dispatcher import Dispatcher
from twsgi.proxy.link import FrontendLink
from twsgi.proxy.root import ProxyRoot
from twsgi.proxy.spool import Spools
from twsgi.wire import frames

#: What a worker answers where it does not matter what: bytes for the client, ready as they are.
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#: The same as the frontend has it where it is the last response of its connection.
LAST_OK = OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")


def reply(body: bytes) -> bytes:
    """A response with this body."""
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


class FakeLink:
    """The worker's end of a link, in the test's hand."""

    def __init__(self, sock: socket.socket, worker: int = 1) -> None:
        self.socket = sock
        self.worker = worker
        sock.setblocking(False)
        self.data = b""
        self.cancelled = self.closings = self.since = 0
        self.seen: str | None = None

    def request(self) -> tuple[int, dict[str, str], bytes] | None:
        """The request that has come: flags, variables, body; None where none has."""
        self._receive()
        self._take_notes()
        if not self.data:
            return None
        flags, size, length, self.since = frames.decode_request_head(self.data)
        if flags & frames.SPOOLED:
            length = 0
        start = frames.REQUEST_HEAD + size
        variables = frames.decode_variables(self.data[frames.REQUEST_HEAD : start])
        body = self.data[start : start + length]
        self.data = self.data[start + length :]
        self._take_notes()
        assert len(body) == length and not self.data, "more, or less, than one request"
        return flags, variables, body

    def _take_notes(self) -> None:
        while self.data[:1] in (bytes([frames.CANCEL]), bytes([frames.CLOSED])):
            self.cancelled += self.data[0] == frames.CANCEL
            self.closings += self.data[0] == frames.CLOSED
            self.data = self.data[frames.REQUEST_HEAD :]

    @property
    def uri(self) -> str | None:
        """What the request that has come asks for."""
        request = self.request()
        return None if request is None else request[1]["REQUEST_URI"]

    def uri_seen(self) -> str | None:
        """As L{uri}, and again until C{seen} is None."""
        if self.seen is None:
            self.seen = self.uri
        return self.seen

    def answer(self, data: bytes = OK, flags: int = frames.LAST) -> None:
        """Sends a frame of the response."""
        self.send(frames.encode_response(flags, data))

    def signal(self, kind: int) -> None:
        """Sends a frame that says nothing but its kind."""
        self.send(frames.encode_signal(kind))

    def send(self, data: bytes) -> None:
        """Sends these bytes."""
        self.socket.sendall(data)

    def closed(self) -> bool:
        """The frontend has closed the link."""
        try:
            return not self.socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except ConnectionError:
            return True

    def close(self) -> None:
        """The worker closes the link, or is gone."""
        self.socket.close()

    def _receive(self) -> None:
        try:
            while data := self.socket.recv(65536):
                self.data += data
        except BlockingIOError:
            pass


class Frontend:
    """
    What a frontend process is made of.

    @ivar record: its record on the scoreboard.
    @ivar links: the workers' ends of all its links.
    @ivar reports: what the operator was told.
    @ivar lost: the workers to whom links were lost, one for each link.
    """

    def __init__(
        self,
        *,
        queue: int = 10,
        timeout: float = 60,
        frontends: int = 1,
        spool: int = 0,
        **limits: Any,
    ) -> None:
        self.fixture = SiteFixture(None, **limits)
        self.reactor = self.fixture.reactor
        self.scoreboard = Scoreboard.create(4, 2, frontends)
        for place in range(1, 5):
            self.scoreboard.give_worker(place, place, 2)
        self.record = self.scoreboard.frontend(1)
        self.reports: list[str] = []
        self.lost: list[int] = []
        self.links: list[FakeLink] = []
        balancer: Balancer[FrontendLink] = Balancer()
        if frontends > 1:
            board = self.scoreboard
            balancer = SharedBalancer(board.worker_cores, board.busy_cores, board.worker_requests)
            for worker in range(1, 5):
                self.busy(worker, 2)
        self.dispatcher = Dispatcher(
            self.reactor,
            self.record,
            balancer,
            queue,
            timeout,
            self.reports.append,
            self.lost.append,
        )
        self.dispatcher.start()
        self.fixture.site.resource = ProxyRoot(self.dispatcher, Spools(spool, self.reports.append))

    def link(self, worker: int = 1) -> FakeLink:
        """A new link to C{worker}."""
        ours, theirs = socket.socketpair()
        self.dispatcher.add_link(ours.detach(), worker, worker)
        self.links.append(FakeLink(theirs, worker))
        return self.links[-1]

    def client(self, data: bytes = b"") -> Client:
        """A new client, that has sent C{data}."""
        client = self.fixture.client()
        if data:
            client.send(data)
        return client

    def turn(self) -> None:
        """Lets the reactor do all there is to do."""
        self.reactor.turn_until_idle()

    def busy(self, worker: int, cores: int) -> None:
        """So many cores of C{worker} are busy, as the scoreboard has it."""
        for core in range(2):
            self.scoreboard.core(worker, core)[CORE_BUSY_SINCE] = int(core < cores)

    def moves(self, worker: int) -> None:
        """A core of C{worker} has finished a request, whoever sent it."""
        self.scoreboard.core(worker, 0)[CORE_REQUESTS] += 1

    def pass_seconds(self, seconds: float) -> None:
        """Time goes by."""
        self.fixture.pass_seconds(seconds)
        self.turn()
