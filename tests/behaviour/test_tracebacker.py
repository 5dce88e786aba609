"""C{py-tracebacker}: a socket for each worker, that says where its threads are."""

from __future__ import annotations

import signal
import socket
import stat
from pathlib import Path
from typing import Any

from tests.behaviour.harness import Http, HttpSocket, ModeCase
from tests.behaviour.server import Call, Server

AVAILABLE = r"python tracebacker for worker \d available on "


def told(path: Path) -> str:
    """What whoever connects is told."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(10)
        client.connect(str(path))
        parts = []
        while data := client.recv(65536):
            parts.append(data)
    return b"".join(parts).decode()


class Told:
    """The sockets, from the start to the end."""

    def serving(self: Any) -> tuple[Server, Path]:
        """Two workers, and what their sockets' names begin with."""
        server = self.serve({"processes": "2", "cheaper": None, "py-tracebacker": "tb"})
        server.wait_for(AVAILABLE, 2)
        server.wait_ready()
        return server, server.site.directory

    def test_request(self: Any) -> None:
        """A request that is inside the application is found there; nobody else may ask."""
        server, directory = self.serving()
        call = Call(lambda: server.get("/block?one"))
        self.soon(lambda: server.site.inside("one"), "the request is inside")
        said = told(directory / "tb1") + told(directory / "tb2")
        self.assertEqual(said.count("*** uWSGI Python tracebacker output ***"), 2)
        self.assertRegex(said, r"thread_id = uWSGI core \d filename = .*/app\.py .*= block ")
        for index in "12":
            mode = (directory / f"tb{index}").stat().st_mode
            self.assertEqual(stat.S_IMODE(mode), 0o600)
        server.site.release("one")
        call.result()

    def test_reload_and_stop(self: Any) -> None:
        """After a reload the new workers answer; after the stop there is no file left."""
        server, directory = self.serving()
        server.send_signal(signal.SIGHUP)
        server.wait_for(AVAILABLE, 4)
        server.wait_for("reload complete")
        for index in "12":
            self.assertIn("MainThread", told(directory / f"tb{index}"))
        server.stop()
        self.assertEqual(list(directory.glob("tb*")), [])


class HttpTracebackerTests(Told, Http, ModeCase):
    """C{http =}."""


class HttpSocketTracebackerTests(Told, HttpSocket, ModeCase):
    """C{http-socket =}."""
