"""Offload threads: hundreds of slow downloads cost one thread, and nobody else anything."""

from __future__ import annotations

import os
import signal
import socket
import time

from tests.behaviour.client import Connection, EndedError, ResetError, refused
from tests.behaviour.harness import Http, HttpSocket, ModeCase
from tests.behaviour.server import Server
from tests.behaviour.site import Site

#: More than the kernel holds between a server and a client that does not read.
SIZE = 20 << 20
DOWNLOADS = 500
ONE_CORE = {"processes": "1", "threads": "1", "cheaper": None}

#: An application that returns a wrapped file at C{/wrapped}, and is the tests' own elsewhere.
WRAPPING = """

def wrapped(environ):
    file = open(os.path.join(os.path.dirname(__file__), "..", "static", "film.bin"), "rb")
    size = os.fstat(file.fileno()).st_size
    headers = [("Content-Type", "video/mp4"), ("Content-Length", str(size))]
    return "200 OK", headers, environ["wsgi.file_wrapper"](file)


PAGES["/wrapped"] = wrapped
"""


class Offload:
    """One worker with one thread, one offload thread, and a film."""

    #: Who sends the files, in the log.
    who: str

    def server(self, **changes: str | None) -> Server:
        """A server, its C{/wrapped} a file that the application opens."""
        site: Site = self.site()
        site.edit(self.ini, {**ONE_CORE, "offload-threads": "1", **changes})
        with open(site.directory / "code" / "app.py", "a") as code:
            code.write(WRAPPING)
        with open(site.directory / "static" / "film.bin", "wb") as film:
            film.truncate(SIZE - 5)
            film.seek(0, os.SEEK_END)
            film.write(b"(end)")
        server = self.twsgi(site, self.ini)
        server.wait_ready()
        return server

    def begin(self, server: Server, path: str = "/film.bin") -> Connection:
        """A client that has read the beginning of an answer, and no more for now."""
        connection = server.connect(receive_buffer=65536)
        self.addCleanup(connection.close)
        connection.send(path)
        self.assertEqual(connection.read(12), b"HTTP/1.1 200")
        return connection

    def finish(self, connection: Connection) -> None:
        """Reads the rest of an answer, which is the whole film, as fast as it comes."""
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        while connection.read(1) != b"\r" or connection.read(3) != b"\n\r\n":
            pass
        left = SIZE - 5
        while left:
            left -= len(connection.read(min(left, 1 << 20)))
        self.assertEqual(connection.read(5), b"(end)")

    def sender(self, server: Server) -> int:
        """The process that sends the files."""
        return server.frontend if self.option == "http" else server.worker()

    def memory(self, server: Server) -> int:
        """The memory of the process that sends, in bytes."""
        with open(f"/proc/{self.sender(server)}/status") as status:
            lines = dict(line.split(":", 1) for line in status)
        return int(lines["VmRSS"].split()[0]) * 1024

    def descriptors(self, server: Server) -> int:
        """How many descriptors the process that sends has open."""
        return len(os.listdir(f"/proc/{self.sender(server)}/fd"))

    def threads(self, server: Server) -> int:
        """How many threads it has."""
        return len(os.listdir(f"/proc/{self.sender(server)}/task"))

    def test_words(self) -> None:
        """The log names the threads, and how each file was sent; a short one by none of them."""
        server = self.server()
        server.wait_for(f"spawned 1 offload threads for uWSGI {self.who}\n")
        self.assertEqual(len(server.get("/film.bin").body), SIZE)
        self.assertEqual(len(server.get("/wrapped").body), SIZE)
        server.get("/base.css")
        sent = rf"generated {SIZE} bytes in \d+ msecs via offload\(\) \(HTTP/1.1 200\)"
        server.wait_for(f"GET /film.bin => {sent}")
        server.wait_for(f"GET /wrapped => {sent}")
        server.wait_for(r"GET /base.css => generated \d+ bytes in \d+ msecs \(HTTP/1.1 200\)")

    def test_without(self) -> None:
        """Without offload threads the reactor does it, and the log says so."""
        server = self.server(**{"offload-threads": None})
        self.assertEqual(len(server.get("/film.bin").body), SIZE)
        self.assertEqual(len(server.get("/wrapped").body), SIZE)
        server.wait_for(r"GET /film.bin => .* via sendfile\(\)")
        server.wait_for(r"GET /wrapped => .* via sendfile\(\)")
        self.assertEqual(server.find("offload"), [])

    def test_500_downloads(self) -> None:
        """500 clients that read slowly: one thread, flat memory, pages and small files at once."""
        server = self.server(**{"http-timeout": "60", "socket-timeout": "60"})
        for path in ("/film.bin", "/base.css", "/"):
            server.get(path)
        memory, threads = self.memory(server), self.threads(server)
        descriptors = self.descriptors(server)
        downloads = [self.begin(server) for _ in range(DOWNLOADS)]
        for _ in range(10):
            for download in downloads[::50]:
                download.read(20000)
            self.assertEqual(server.get("/", timeout=2).status, 200)
            self.assertEqual(server.get("/base.css", timeout=2).status, 200)
        # One that watched the master while the application was loaded may have ended since.
        self.assertLessEqual(self.threads(server), threads)
        self.assertLess(self.memory(server) - memory, 16 << 20)
        self.finish(downloads[1])
        self.finish(downloads[-1])
        for download in downloads:
            download.close()
        self.soon(lambda: self.descriptors(server) <= descriptors, "all is closed")
        self.assertEqual(server.get("/film.bin", timeout=5).status, 200)
        self.assertEqual(server.stop(signal.SIGTERM), 0)
        self.assertEqual(server.find("Traceback"), [])

    def test_wrapped_file(self) -> None:
        """While clients are slow with files that the application returned its thread is free."""
        server = self.server()
        downloads = [self.begin(server, "/wrapped") for _ in range(5)]
        for _ in range(5):
            self.assertEqual(server.get("/", timeout=2).status, 200)
        for download in downloads:
            self.finish(download)
        self.assertEqual(downloads[0].request("/").status, 200)

    def test_pipelined(self) -> None:
        """What is asked for behind a file is answered behind it."""
        server = self.server()
        connection = self.begin(server)
        connection.send("/")
        connection.send("/wrapped")
        connection.send("/base.css")
        self.finish(connection)
        self.assertTrue(connection.receive().by_application)
        self.assertEqual(connection.receive().body[-5:], b"(end)")
        self.assertEqual(connection.receive().status, 200)

    def test_file_that_shrinks(self) -> None:
        """Where a file becomes shorter while it is sent its client is cut, and the log says why."""
        for path in ("/film.bin", "/wrapped"):
            server = self.server()
            connection = self.begin(server, path)
            os.truncate(server.site.directory / "static" / "film.bin", SIZE // 2)
            self.assertRaises((EndedError, ResetError), self.finish, connection)
            server.wait_for(
                rf"127.0.0.1: GET {path}: \S*/static/film.bin became shorter while it was sent: cut"
            )
            self.assertEqual(server.get("/").status, 200)
            self.assertEqual(server.stop(signal.SIGTERM), 0)

    def test_stop(self) -> None:
        """SIGTERM waits for downloads: the file is whole, then all is gone."""
        server = self.server()
        download = self.begin(server)
        port = server.port
        server.send_signal(signal.SIGTERM)
        self.soon(lambda: refused(port), "nobody listens any more")
        self.finish(download)
        self.assertEqual(server.wait_for_exit(), 0)
        server.assert_nothing_left()

    def test_stop_is_bounded(self) -> None:
        """It does not wait for longer than worker-reload-mercy."""
        server = self.server(**{"worker-reload-mercy": "1"})
        downloads = [self.begin(server) for _ in range(20)]
        began = time.monotonic()
        server.stop(signal.SIGTERM)
        self.assertLess(time.monotonic() - began, 8)
        for download in downloads:
            self.assertRaises((EndedError, ResetError), self.finish, download)


class HttpOffloadTests(Offload, Http, ModeCase):
    """L{Offload}, C{http =}: the frontend sends, also what the application wrapped."""

    who = "http 1"


class HttpSocketOffloadTests(Offload, HttpSocket, ModeCase):
    """L{Offload}, C{http-socket =}: the worker sends."""

    who = "worker 1"
