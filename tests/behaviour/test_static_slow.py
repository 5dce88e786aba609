"""Slow downloads never keep the application from answering."""

from __future__ import annotations

import os
import signal

from tests.behaviour.client import Connection
from tests.behaviour.harness import Http, HttpSocket, ModeCase
from tests.behaviour.server import Server

#: More than the kernel holds between a server and a client that does not read.
SIZE = 24 << 20
ONE_CORE = {"processes": "1", "threads": "1", "cheaper": None}


class SlowDownloads:
    """One worker with one thread, and clients that do not read what they asked for."""

    def server(self) -> Server:
        """A server whose C{static/film.bin} is large."""
        site = self.site()
        site.edit(self.ini, ONE_CORE)
        with open(site.directory / "static" / "film.bin", "wb") as film:
            film.truncate(SIZE - 5)
            film.seek(0, os.SEEK_END)
            film.write(b"(end)")
        server = self.twsgi(site, self.ini)
        server.wait_ready()
        return server

    def begin(self, server: Server, path: str) -> Connection:
        """A client that has read the head of an answer, and no more for now."""
        connection = server.connect(receive_buffer=4096)
        self.addCleanup(connection.close)
        connection.send(path)
        self.assertEqual(connection.read(12), b"HTTP/1.1 200")
        return connection

    def finish(self, connection: Connection) -> bytes:
        """Reads the rest.  @return: the last five bytes."""
        while connection.read(1) != b"\r" or connection.read(3) != b"\n\r\n":
            pass
        left = SIZE - 5
        while left:
            left -= len(connection.read(min(left, 1 << 20)))
        return connection.read(5)

    def test_ten_slow_downloads(self) -> None:
        """With ten downloads under way the only thread answers at once; then they go on."""
        server = self.server()
        downloads = [self.begin(server, "/film.bin") for _ in range(10)]
        for _ in range(5):
            self.assertEqual(server.get("/", timeout=2).status, 200)
        self.assertEqual(self.finish(downloads[0]), b"(end)")
        self.assertEqual(self.finish(downloads[9]), b"(end)")
        self.assertEqual(server.get("/", timeout=2).status, 200)

    def test_clients_that_go_away(self) -> None:
        """Downloads that are broken off leave nothing open, and the log no traceback."""
        server = self.server()
        descriptors = self.descriptors(server)
        downloads = [self.begin(server, "/film.bin") for _ in range(5)]
        self.assertGreater(self.descriptors(server), descriptors)
        for download in downloads[:3]:
            download.reset()
        for download in downloads[3:]:
            download.close()
        self.soon(lambda: self.descriptors(server) <= descriptors, "descriptors are closed")
        self.assertEqual(server.get("/").status, 200)
        self.assertEqual(server.stop(signal.SIGTERM), 0)
        self.assertEqual(server.find("Traceback"), [])

    def descriptors(self, server: Server) -> int:
        """How many descriptors the process that sends the files has open."""
        pid = server.frontend if self.option == "http" else server.worker()
        return len(os.listdir(f"/proc/{pid}/fd"))


class HttpSlowDownloadTests(SlowDownloads, Http, ModeCase):
    """L{SlowDownloads}, C{http =}; here files are served by another process than the pages."""

    def test_files_while_the_application_is_busy(self) -> None:
        """With the only thread inside a request, a file is served at once."""
        server = self.server()
        busy = server.connect()
        self.addCleanup(busy.close)
        busy.send("/block?busy")
        self.soon(lambda: server.site.inside("busy"), "the request is inside")
        self.assertEqual(server.get("/base.css", timeout=2).status, 200)
        server.site.release("busy")
        self.assertEqual(busy.receive().status, 200)


class HttpSocketSlowDownloadTests(SlowDownloads, HttpSocket, ModeCase):
    """L{SlowDownloads}, C{http-socket =}."""
