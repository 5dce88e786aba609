"""Several listening sockets at once, of every kind; and what the kernel is told of them."""

from __future__ import annotations

import json
import re
import signal
import socket
import sys
import time
import uuid
from functools import partial
from typing import Any

from tests.behaviour.client import Connection, Response
from tests.behaviour.harness import BehaviourCase, Shared
from tests.behaviour.server import Server
from tests.behaviour.site import Site
from tests.behaviour.unprivileged import UnixConnection

#: Every kind, twice where that may differ.
MANY = """\
[uwsgi]
http = 127.0.0.1:0
http = [::1]:0
http = h.sock
shared-socket = [::]:0
shared-socket = 127.0.0.1:0
http-socket = 127.0.0.1:0
http-socket = =1
http-socket = s.sock
http11-socket = [::1]:0
protocol = http
socket = 127.0.0.1:0
pythonpath = code/
module = app
check-static = static/
"""
KINDS = """\
[uwsgi]
master = true
http = 127.0.0.1:0
http-socket = 127.0.0.1:0
http-socket = 192.0.2.77:0
http-socket = {}
pythonpath = code/
module = app
so-keepalive = true
so-send-timeout = 1
http-response-spool = 0
socket-sndbuf = 20000
tcp-nodelay = true
abstract-socket = true
freebind = true
reuse-port = true
enable-proxy-protocol = true
http-enable-proxy-protocol = true
"""
_BOUND = re.compile(
    r"(?m)^(uWSGI http|uwsgi socket \d+) bound (?:on|to \w+ address) (\S+?)(?: \(.*\))? fd \d+$"
)
_LINE = b"PROXY TCP4 192.0.2.9 198.51.100.1 40000 80\r\n"


class PlaceConnection(Connection):
    """A connection to an address as the log has it."""

    def __init__(self, place: str, receive_buffer: int = 0) -> None:
        host, _, port = place.rpartition(":")
        host = host.strip("[]")
        self.socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(30)
        self.socket.connect((host, int(port)))
        self._received = b""


def connect(place: str) -> Connection:
    """A connection to whatever listens there."""
    return PlaceConnection(place) if ":" in place else UnixConnection(place)


def told(connection: Connection) -> Any:
    """What the application is told of a request; the connection is closed."""
    with connection:
        return json.loads(connection.request("/env").text)


def keepalive_runs(server: int, client: int) -> bool:
    """At the server's end of a connection between these ports the timer of SO_KEEPALIVE runs."""
    with open("/proc/net/tcp") as file:
        lines = [line.split() for line in file]
    ends = f":{server:04X}", f":{client:04X}"
    # Local and remote address, and the kind of timer: 2 is this one.
    return [one[5][:2] for one in lines if (one[1][-5:], one[2][-5:]) == ends] == ["02"]


class ListenersCase(BehaviourCase):
    """A test of a file with several addresses."""

    def places(self, server: Server) -> list[tuple[str, str]]:
        """Kind and address of each, as the log has them."""
        server.wait_for("WSGI app 0")
        server.wait_for(r"spawned uWSGI (?:http|worker) 1")
        return [(found[1], found[2]) for found in _BOUND.finditer(server.text())]


class ManyTests(ListenersCase):
    """Several at once."""

    def served(self, master: bool) -> None:
        site = self.site()
        site.write("many.ini", MANY + f"master = {str(master).lower()}\n")
        server = self.twsgi(site, "many.ini")
        places = self.places(server)
        kinds = ["uWSGI http"] * 3 if master else [f"uwsgi socket {n}" for n in range(3)]
        first = 0 if master else 3
        kinds += [f"uwsgi socket {first + n}" for n in range(5)]
        self.assertEqual([kind for kind, _ in places], kinds)
        for kind, place in places:
            environ = told(connect(place))
            host, _, port = place.rpartition(":")
            self.assertEqual(environ["SERVER_PORT"], port if host else "80", (kind, place))
            self.assertEqual(environ["SERVER_NAME"], socket.gethostname())
            address = {"[::1]": "::1", "127.0.0.1": "127.0.0.1"}.get(host, "0.0.0.0")
            self.assertEqual(environ["REMOTE_ADDR"], address)
            with connect(place) as client:
                for path in ("/base.css", "/pid", "/pid"):
                    self.assertEqual(client.request(path).status, 200)
                # Nobody can say who he is where that is not asked for.
            with connect(place) as client:
                client.send_raw(_LINE + b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                self.assertEqual(client.receive().status, 400)
        self.assertEqual(server.stop(), 0)
        self.assertEqual(list(site.directory.glob("*.sock")), [])

    def test_all(self) -> None:
        """Each serves, keeps connections, and tells its own port; a stop ends all."""
        self.served(master=True)

    def test_alone(self) -> None:
        """The same in one process."""
        self.served(master=False)

    def test_shared(self) -> None:
        """C{=0} is the first address of shared-socket, and has its port."""
        site = self.site()
        site.write(
            "a.ini",
            "[uwsgi]\nmaster = true\nshared-socket = 127.0.0.1:0\nshared-socket = b.sock\n"
            "http = =0\nhttp-socket = =1\npythonpath = code\nmodule = app\n",
        )
        server = self.twsgi(site, "a.ini")
        (_, first), (_, second) = self.places(server)
        self.assertEqual(told(connect(first))["SERVER_PORT"], first.rpartition(":")[2])
        self.assertEqual(told(connect(second))["SERVER_PORT"], "80")

    def test_reload(self) -> None:
        """A reload keeps all of them, and what they tell."""
        site = self.site()
        site.write("many.ini", MANY + "master = true\n")
        server = self.twsgi(site, "many.ini")
        places = self.places(server)
        before = server.worker()
        server.send_signal(signal.SIGHUP)
        self.soon(lambda: server.worker() != before, "another worker")
        for _, place in places:

            def replaced(place: str = place) -> bool:
                with connect(place) as client:
                    return int(client.request("/pid").text) != before

            self.soon(replaced, "it serves here")
            port = place.rpartition(":")[2] if ":" in place else "80"
            self.assertEqual(told(connect(place))["SERVER_PORT"], port)

    def test_wire(self) -> None:
        """A file for nginx's uwsgi_pass alone is refused: its line, and what to write instead."""
        site = self.site()
        site.write("a.ini", "[uwsgi]\nmaster = true\nsocket = 127.0.0.1:3031\nmodule = app\n")
        server = self.twsgi(site, "a.ini")
        self.assertEqual(server.wait_for_exit(), 1)
        (found,) = server.find(r"(?m)^twsgi: a\.ini:3: socket = 127\.0\.0\.1:3031: .*$")
        for words in ("uwsgi protocol", "write http-socket = 127.0.0.1:3031", "proxy_pass"):
            self.assertIn(words, found[0])


class KindsCase(ListenersCase):
    """A test of the server that L{KINDS} makes."""

    #: The name of its abstract socket.
    name = f"twsgi-{uuid.uuid4().hex}.sock"

    def setUp(self) -> None:
        super().setUp()

        def start() -> Server:
            site = Site()
            site.write("kinds.ini", KINDS.format(self.name))
            return Server(site, [sys.executable, "-m", "twsgi", "kinds.ini"])

        self.server = Shared.server(KindsCase, start)
        self._servers.append(self.server)
        self.kinds = dict(self.places(self.server))


class KindTests(KindsCase):
    """What the sockets of one server are."""

    def both(self) -> list[str]:
        """The places of the frontend and of the workers."""
        return [self.kinds["uWSGI http"], self.kinds["uwsgi socket 0"]]

    def test_freebind(self) -> None:
        """An address that this machine does not have is bound."""
        self.assertTrue(self.kinds["uwsgi socket 1"].startswith("192.0.2.77:"))

    def test_abstract(self) -> None:
        """A UNIX socket has no file, and serves."""
        place = self.kinds["uwsgi socket 2"]
        self.assertEqual(place, f"@{self.name}")
        self.assertEqual(told(UnixConnection(place))["SERVER_PORT"], "80")

    def test_accepted(self) -> None:
        """The kernel asks after silent clients, in both modes."""
        for place in self.both():
            with connect(place) as client:
                self.assertEqual(client.request("/pid").status, 200)
                mine = client.socket.getsockname()[1]
                # Before, another timer may run: what was sent is not acknowledged yet.
                runs = partial(keepalive_runs, client.socket.getpeername()[1], mine)
                self.soon(runs, "the timer of SO_KEEPALIVE")

    def test_send_timeout(self) -> None:
        """A client that takes nothing of its response is cut after C{so-send-timeout}."""
        for place in self.both():
            with PlaceConnection(place, 4096) as client:
                began = time.monotonic()
                client.send("/big?90000000")
                self.soon(client.cut, "it is cut")
                self.assertLess(time.monotonic() - began, 15.0)

    def test_reuse_port(self) -> None:
        """A second instance serves at the same port, and goes on when the first has gone."""
        with socket.socket() as chosen:
            chosen.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            chosen.bind(("127.0.0.1", 0))
            port = chosen.getsockname()[1]
            site = self.site()
            site.write(
                "a.ini",
                f"[uwsgi]\nhttp-socket = 127.0.0.1:{port}\nreuse-port = true\n"
                "pythonpath = code\nmodule = app\n",
            )
            first, second = self.twsgi(site, "a.ini"), self.twsgi(site, "a.ini")
            for server in (first, second):
                server.wait_for(r"spawned uWSGI worker 1 \(and the only\)")
            seen: set[int] = set()
            pids = {first.process.pid, second.process.pid}

            def both() -> bool:
                with Connection(port) as client:
                    seen.add(int(client.request("/pid").text))
                return seen == pids

            self.soon(both, "both serve")
            first.send_signal(signal.SIGTERM)
            self.assertEqual(first.wait_for_exit(), 0)
            for _ in range(5):
                with Connection(port) as client:
                    self.assertEqual(int(client.request("/pid").text), second.process.pid)


class ProxyTests(KindsCase):
    """The PROXY protocol."""

    def asked(self, client: Connection, before: bytes) -> dict[str, Any]:
        client.send_raw(before)
        found: dict[str, Any] = json.loads(client.request("/env").text)
        return found

    def look(self, kind: str) -> None:
        """The line may come in pieces, or not at all; it holds for all requests that follow."""
        place = self.kinds[kind]
        with connect(place) as client:
            for piece in (_LINE[:1], _LINE[1:20], _LINE[20:]):
                client.send_raw(piece)
                time.sleep(0.05)
            for _ in range(2):
                environ = self.asked(client, b"")
                self.assertEqual(
                    (environ["REMOTE_ADDR"], environ["REMOTE_PORT"]), ("192.0.2.9", "40000")
                )
        with connect(place) as client:
            self.assertEqual(self.asked(client, _LINE)["REMOTE_ADDR"], "192.0.2.9")
        with connect(place) as client:
            self.assertEqual(self.asked(client, b"")["REMOTE_ADDR"], "127.0.0.1")
        with connect(place) as client:
            client.send_raw(b"PROXY TCP4 nonsense\r\n\r\n")
            answer: Response = client.receive()
            self.assertEqual(answer.status, 400)

    def test_frontend(self) -> None:
        """C{http-enable-proxy-protocol}: applications are told the client, and the log too."""
        self.look("uWSGI http")
        self.server.wait_for(r"192\.0\.2\.9 \(\) .* GET /env")

    def test_worker(self) -> None:
        """C{enable-proxy-protocol}, for http-socket."""
        self.look("uwsgi socket 0")
