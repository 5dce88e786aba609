"""What the tests of static files share: a directory of files, and one served connection."""

from __future__ import annotations

import gc
import os
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from tests.web.turning import TurningReactor
from twsgi.settings.model import Settings
from twsgi.static.configured import static_files
from twsgi.web.http1 import HTTP1Channel
from twsgi.web.site import Limits, Site
from twsgi.web.transport import Connection


def open_descriptors() -> int:
    """How many descriptors this process has open."""
    return len(os.listdir("/dev/fd"))


class Application(Resource):
    """Answers everything, and says that it was it."""

    isLeaf = True

    def may_answer(self, environ: dict[str, str]) -> bool:
        return environ["PATH_INFO"] == "/application's"

    def render(self, request: Any) -> Any:
        path = request.head.environ["PATH_INFO"]
        body = path.encode("latin-1")
        request.setResponseCode(404)
        request.setHeader(b"X-By", b"application")
        request.setHeader(b"Content-Length", b"%d" % len(body))
        request.write(body)
        request.finish()
        return NOT_DONE_YET


class Answer:
    """
    One response, read from bytes.

    @ivar fields: names in lower case and values, in order, without C{Date}.
    @ivar rest: what followed.
    """

    def __init__(self, data: bytes, bodiless: bool = False) -> None:
        head, _, rest = data.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        self.status = int(lines[0].split(" ")[1])
        pairs = [line.partition(": ") for line in lines[1:]]
        self.fields = [(name.lower(), value) for name, _, value in pairs if name != "Date"]
        length = int(self.field("content-length") or "0")
        if bodiless or self.status == 304:
            length = 0
        self.body, self.rest = rest[:length], rest[length:]

    def field(self, name: str) -> str | None:
        """The value of a field."""
        return dict(self.fields).get(name)

    @property
    def by_application(self) -> bool:
        """The application has answered."""
        return self.field("x-by") == "application"


class Client:
    """One connection between a test and a site, on a socketpair."""

    def __init__(self, site: Site, reactor: TurningReactor, send_buffer: int = 0) -> None:
        ours, self.socket = socket.socketpair()
        ours.setblocking(False)
        self.socket.setblocking(False)
        if send_buffer:
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
        self.reactor = reactor
        self.channel = HTTP1Channel(site, ("192.0.2.1", "4711"))
        self.transport = self.connection(ours, self.channel, reactor)
        self.channel.makeConnection(self.transport)
        self.transport.startReading()

    connection: Callable[..., Any] = staticmethod(Connection)

    def send(self, data: bytes) -> None:
        """Sends bytes to the site, and lets it turn until it has nothing to do."""
        self.socket.sendall(data)
        self.reactor.turn_until_idle()

    def get(self, path: str, *fields: str, method: str = "GET", version: str = "1.1") -> None:
        """Sends a request."""
        lines = [f"{method} {path} HTTP/{version}", "Host: test", *fields, "", ""]
        self.send("\r\n".join(lines).encode("latin-1"))

    def read_some(self) -> bytes:
        """What is there; C{b""} where there is nothing, or the site has closed."""
        try:
            return self.socket.recv(1 << 20)
        except (BlockingIOError, ConnectionResetError):
            return b""

    def read(self) -> bytes:
        """What the site sends, until it sends no more."""
        pieces = []
        while piece := self.read_some():
            pieces.append(piece)
            self.reactor.turn_until_idle()
        return b"".join(pieces)

    def answer(self, path: str, *fields: str, method: str = "GET", version: str = "1.1") -> Answer:
        """Sends a request; its answer."""
        self.get(path, *fields, method=method, version=version)
        return Answer(self.read(), method == "HEAD")


class StaticCase(SynchronousTestCase):
    """
    A root with files, a site in front of it, and as many clients as a test wants.

    @ivar logged: the requests the site has logged.
    @ivar lines: what was said of denied paths.
    """

    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.top = Path(os.path.realpath(directory.name))
        self.root = self.top / "static"
        self.root.mkdir()
        self.reactor = TurningReactor()
        self.logged: list[Any] = []
        self.lines: list[str] = []
        self.site = self.make_site(self.static(check_static=("static",)))
        self.clients: list[Client] = []
        # The garbage of other tests may hold descriptors: it is not to go meanwhile.
        gc.disable()
        self.addCleanup(gc.enable)
        self.before = open_descriptors()
        self.addCleanup(self.close_clients)

    def static(self, **options: Any) -> Any:
        """What serves files by these settings; relative paths start at C{self.top}."""
        return static_files(Settings(**options), str(self.top), Application(), self.lines.append)

    def make_site(self, resource: Any) -> Site:
        """A site whose log is C{self.logged}."""
        return Site(resource, self.reactor, Limits(), self.logged.append, self.lines.append)

    def close_clients(self) -> None:
        """Closes all connections."""
        for client in self.clients:
            client.socket.close()
            client.transport.abortConnection()

    def write(self, path: str, content: bytes | str, modified: int = 1_000_000_000) -> Path:
        """Writes a file below C{self.top}."""
        where = self.top / path
        where.parent.mkdir(parents=True, exist_ok=True)
        where.write_bytes(content.encode() if isinstance(content, str) else content)
        os.utime(where, (modified, modified))
        return where

    def client(self, send_buffer: int = 0) -> Client:
        """A new connection."""
        client = Client(self.site, self.reactor, send_buffer)
        self.clients.append(client)
        return client
