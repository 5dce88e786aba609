"""Clients that are slow, or mean harm, harm nobody but themselves."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterable

from tests.behaviour import usage
from tests.behaviour.client import Connection, EndedError, ResetError, fetch
from tests.behaviour.harness import Http, HttpSocket, ModeCase
from tests.behaviour.server import READY, Call, Server

ONE_CORE = {"processes": "1", "threads": "1", "cheaper": None}
#: What a client that has to be answered at once is willing to wait.
AT_ONCE = 10.0
#: Seconds within which a client must have been cut that the server gives some seconds.
CUT = 60.0
MEGABYTE = 1 << 20
READERS = 30

#: An application that streams 300 MB at C{/film?NAME}, and is the tests' own elsewhere.
FILM = """

class Film(Endless):
    def __iter__(self):
        with open(self.closed.replace("closed-", "inside-"), "ab", buffering=0) as file:
            file.write(b"%d\\n" % os.getpid())
        for _ in range(300 * 16):
            yield os.urandom(16) * 4096


def film(environ):
    name = environ["QUERY_STRING"]
    return "200 OK", [("Content-Type", "video/mp4")], Film(os.path.join(directory(), name))


PAGES["/film"] = film
"""


class SlowClients(ModeCase):
    """What both modes have in common here."""

    def server(self, **changes: str | None) -> Server:
        """A server of one process, with L{FILM}; underscores stand for dashes."""
        site = self.site()
        options = {name.replace("_", "-"): value for name, value in changes.items()}
        site.edit(self.ini, {**ONE_CORE, **options})
        with open(site.directory / "code" / "app.py", "a") as code:
            code.write(FILM)
        server = self.twsgi(site, self.ini)
        server.wait_ready()
        return server

    def patient(self, seconds: int) -> dict[str, str]:
        """How long this mode is to wait for bodies, and for readers."""
        return {"http_timeout" if self.option == "http" else "socket_timeout": str(seconds)}

    def connect(self, server: Server, **how: int) -> Connection:
        """A client, closed after the test."""
        connection = server.connect(**how)
        self.addCleanup(connection.close)
        return connection

    def together(self, server: Server, count: int, name: str) -> None:
        """So many requests are inside the application at once: so many cores are free."""
        calls = [Call(lambda: server.get(f"/meet?{count}&{name}")) for _ in range(count)]
        self.assertEqual([call.result().status for call in calls], [200] * count)


class Readers:
    """
    Clients that do not read what they asked for.

    @ivar fits: how long a response may be that no core has to wait for.
    """

    fits: int

    def test_nobody_reads(self) -> None:
        """
        30 clients that read nothing of 300 MB each cost 100 MB at most, in all; after the deadline
        each of them is cut, the application is told, and all cores are free.
        """
        spool = {"http_response_spool": str(2 * MEGABYTE)}
        server = self.server(threads=str(READERS), **self.patient(2), **spool)
        self.together(server, READERS, "before")
        pids = list(server.alive())
        before = most = usage.memory(pids)
        clients = [self.connect(server, receive_buffer=4096) for _ in range(READERS)]
        for client in clients:
            client.send("/film?unread")
        self.soon(lambda: len(server.site.inside("unread")) == READERS, "all have begun")

        def over() -> bool:
            nonlocal most
            most = max(most, usage.memory(pids))
            return server.site.closed("unread") == READERS and all(one.cut() for one in clients)

        self.soon(over, "all are cut", CUT)
        self.assertLess(most - before, 100 * MEGABYTE)
        self.together(server, READERS, "after")
        self.assertEqual(server.find("Traceback"), [])

    def test_what_fits_holds_no_core(self) -> None:
        """
        The only core is free when a response has been made that fits in the server's buffers, and
        its slow reader gets all of it.
        """
        port = self.port_without_kernel()
        slow = self.begin(port, f"/big?{self.fits}")
        self.assertEqual(fetch(port, "/", timeout=AT_ONCE).body, b"hello from the application")
        self.finish(slow, self.fits)
        self.assertEqual(slow.request("/").status, 200)

    def begin(self, port: int, path: str) -> Connection:
        """A client that has read the beginning of the answer, and no more for now."""
        slow = Connection(port, receive_buffer=4096)
        self.addCleanup(slow.close)
        slow.send(path)
        self.assertEqual(slow.read(12), b"HTTP/1.1 200")
        return slow

    def finish(self, slow: Connection, size: int) -> None:
        """Reads the rest."""
        while slow.read(1) != b"\r" or slow.read(3) != b"\n\r\n":
            pass
        self.assertEqual(len(slow.read(size)), size)

    def port_without_kernel(self, **changes: str) -> int:
        """The port of a server of one core; the kernel holds next to nothing for its clients."""
        listening = socket.socket()
        self.addCleanup(listening.close)
        listening.bind(("127.0.0.1", 0))
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        listening.listen()
        site = self.site()
        number = listening.fileno()
        site.edit(self.ini, {**ONE_CORE, self.option: f"fd://{number}", **changes})
        self.twsgi(site, self.ini, pass_fds=[number]).wait_for(READY)
        return int(listening.getsockname()[1])

    def test_pipelines_that_nobody_reads(self) -> None:
        """
        A client that asks again and again, and reads nothing, is served no further than the
        server's buffers go: it costs little memory, however long it asks.
        """
        server = self.server(**self.patient(3), disable_logging="true")
        (server.site.directory / "static" / "page.bin").write_bytes(bytes(60000))
        pids = list(server.alive())
        for path in ("/page.bin", "/", "/big?60000"):
            before = most = usage.memory(pids)
            asking = self.connect(server, receive_buffer=4096)
            asking.socket.settimeout(0.1)
            requests = b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n" % path.encode() * 5000
            for _ in range(20):
                try:
                    asking.socket.sendall(requests)
                except OSError:  # it takes no more, or has had enough
                    pass
                most = max(most, usage.memory(pids))
            self.assertLess(most - before, 10 * MEGABYTE, path)
            asking.close()
            self.assertEqual(server.get("/", timeout=AT_ONCE).status, 200)

    def test_pipelines_that_are_read_late(self) -> None:
        """A client that reads only when it has asked for all gets all its answers, in order."""
        server = self.server(**self.patient(60))
        (server.site.directory / "static" / "page.bin").write_bytes(bytes(60000))
        paths = [f"/path/{number}" if number % 2 else "/page.bin" for number in range(300)]
        late = self.connect(server, receive_buffer=4096)
        for path in paths:
            late.send(path)
        late.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, MEGABYTE)
        for path in paths:
            expected = path.encode() if "path" in path else bytes(60000)
            self.assertEqual(late.receive().body, expected)


class Dripping(threading.Thread):
    """
    Clients that send a byte now and then, until the server says something.

    @ivar said: the status of what each was told, 0: it was cut.
    """

    def __init__(self, clients: Iterable[Connection], byte: bytes = b"") -> None:
        super().__init__(daemon=True)
        self._clients = list(clients)
        self._byte = byte
        self.said: list[int] = []
        self._ended = threading.Event()

    def run(self) -> None:
        while self._clients and not self._ended.wait(0.2):
            self._clients = [one for one in self._clients if not self._turn(one)]

    def stop(self) -> None:
        """Sends no more."""
        self._ended.set()
        self.join()

    def _turn(self, client: Connection) -> bool:
        try:
            if not client.spoken_to():
                client.send_raw(self._byte)
                return False
            self.said.append(client.receive().status)
        except (ResetError, EndedError):
            self.said.append(0)
        return True


class Senders:
    """Clients that do not send what they began."""

    def test_ordinary_clients_among_slow_ones(self) -> None:
        """
        Among 300 heads that come a byte now and then and 100 bodies that stay away, 8 clients have
        all their requests answered, all at the same time; and the slow are cut.
        """
        server = self.server(threads="8", http_headers_timeout="5", **self.patient(5))
        heads = [self.connect(server) for _ in range(300)]
        for head in heads:
            head.send_raw(b"GET / HTTP/1.1\r\nHost: a\r\nDrip: ")
        bodies = [self.connect(server) for _ in range(100)]
        for number, body in enumerate(bodies):
            framing = b"Transfer-Encoding: chunked" if number % 2 else b"Content-Length: 1000"
            body.send_raw(b"POST /echo HTTP/1.1\r\nHost: a\r\n" + framing + b"\r\n\r\n5\r\nhello")
        dripping, stalled = Dripping(heads, b"x"), Dripping(bodies)
        for slow in (dripping, stalled):
            self.addCleanup(slow.stop)
            slow.start()
        ordinary = [self.connect(server) for _ in range(8)]
        rounds, deadline = 0, time.monotonic() + CUT
        while not rounds or dripping.is_alive() or stalled.is_alive():
            paths = [f"/meet?8&{rounds}"] * 8 if rounds % 2 else ["/", "/base.css"] * 4
            for client, path in zip(ordinary, paths, strict=True):
                client.send(path)
            self.assertEqual([client.receive().status for client in ordinary], [200] * 8)
            rounds += 1
            self.assertLess(time.monotonic(), deadline, "the slow ones are not cut")
        self.assertEqual(set(dripping.said), {408})
        self.assertEqual((len(dripping.said), stalled.said), (300, [408] * 100))
        self.assertGreater(rounds, 2)

    def test_slow_uploads_hold_no_core(self) -> None:
        """While bodies come a little at a time, short and long, the only core serves others."""
        server = self.server(**self.patient(60))
        long = bytes(range(256)) * 800
        uploads = []
        for body, chunked in ((b"0123456789", False), (long, False), (long, True)):
            client = self.connect(server)
            framing = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d"
            framing = framing if chunked else framing % len(body)
            client.send_raw(b"POST /echo HTTP/1.1\r\nHost: a\r\n" + framing + b"\r\n\r\n")
            sent = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body) if chunked else body
            client.send_raw(sent[:-9])
            uploads.append((client, sent[-9:], body))
        for place in range(8):
            for client, rest, _ in uploads:
                client.send_raw(rest[place : place + 1])
            self.assertEqual(server.get("/", timeout=AT_ONCE).status, 200)
        for client, rest, body in uploads:
            client.send_raw(rest[8:])
            self.assertEqual(client.receive().body, body)

    def test_come_and_gone(self) -> None:
        """
        Clients that reset their connection, wherever they stand, leave nothing open, and nothing
        in the log but request lines.
        """
        server = self.server(threads="2", **self.patient(30))
        sender = server.frontend if self.option == "http" else server.worker()
        before = usage.descriptors(sender)
        long = b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n" + bytes(100000)
        for said in (
            b"",
            b"G",
            b"GET / HTTP/1.1\r\nHost",
            b"GET /big?400000 HTTP/1.1\r\nHost: a\r\n\r\n",
            b"GET /base.css HTTP/1.1\r\nHost: a\r\n\r\n" * 50,
            b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 50,
            long,
            long + bytes(100000),
            b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe",
        ):
            for _ in range(10):
                client = server.connect()
                client.send_raw(said)
                client.reset()
            self.assertEqual(server.get("/", timeout=AT_ONCE).status, 200)
        self.soon(lambda: usage.descriptors(sender) <= before, "all is closed")
        self.together(server, 2, "after")
        self.assertEqual(server.find("Traceback|rror"), [])


class HttpSlowClientTests(Readers, Senders, Http, SlowClients):
    """C{http =}: the frontend has to do with them, and nobody else."""

    fits = 8 * MEGABYTE

    def test_what_does_not_fit(self) -> None:
        """A response that does not fit holds its core until its slow reader reads on."""
        port = self.port_without_kernel(**{"http-response-spool": "1000000"})
        slow = self.begin(port, "/big?8000000")
        waiting = Connection(port)
        self.addCleanup(waiting.close)
        waiting.send("/")
        time.sleep(0.5)
        self.assertFalse(waiting.spoken_to())
        self.finish(slow, 8000000)
        self.assertEqual(waiting.receive().status, 200)


class HttpSocketSlowClientTests(Readers, Senders, HttpSocket, SlowClients):
    """C{http-socket =}: the worker's main thread has to do with them, and no core."""

    fits = 150_000
