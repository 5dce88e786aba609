"""The probes of L{tests.wsgi.conformance} over sockets: both modes, and a stock Site."""

from __future__ import annotations

import shutil
import socket
import sys
from pathlib import Path
from typing import Any

from tests.behaviour.client import Connection, EndedError, ResetError
from tests.behaviour.harness import BehaviourCase, Http, HttpSocket, ModeCase, Shared
from tests.behaviour.server import Server
from tests.behaviour.site import APPLICATIONS, Site
from tests.wsgi.conformance import HIDDEN, TABLE, Expected

SERVING = r"serving (\d+)"


def with_probes(site: Site) -> None:
    """The site's application is the probes."""
    shutil.copy(APPLICATIONS / "probes.py", site.directory / "code" / "app.py")


def notes(server: Server, name: str) -> list[str]:
    """What a probe has told."""
    path = server.site.meetings / f"probe-{name}"
    return path.read_text().splitlines() if path.exists() else []


class Probes:
    """The tests; mixed with what serves."""

    def running(self) -> tuple[Server, int]:
        """The server, and its port."""
        raise NotImplementedError

    def test_table(self: Any) -> None:
        """Each probe is answered for as the table says, and the log says why."""
        server, port = self.running()
        for row in TABLE:
            for left in server.site.meetings.iterdir():
                left.unlink()
            self.probe(server, port, row)

    def probe(self: Any, server: Server, port: int, row: Expected) -> None:
        """One of them."""
        what = f"{row.method} {row.name}"
        before = len(server.text())
        with Connection(port, timeout=10) as connection:
            sent = row.sent if row.method == "POST" else None
            connection.send(f"/{row.name}", row.method, body=sent)
            if row.end == "cut":
                self.assertRaises((EndedError, ResetError), connection.receive, row.method)
            else:
                answer = connection.receive(row.method)
                self.assertEqual((answer.status, answer.body), (row.status, row.body), what)
                for name, value in row.headers.items():
                    # The framing is the server's.
                    if name != "transfer-encoding" or row.status in (204, 304):
                        self.assertEqual(answer.header(name), value, (what, name))
                said = repr(answer.headers).encode().lower() + answer.body + answer.reason.encode()
                for hidden in HIDDEN:
                    self.assertNotIn(hidden, said, what)
                if row.end == "closed":
                    self.assertTrue(connection.ends(), what)
                else:
                    self.assertEqual(connection.request("/again").body, b"again", what)
        for words in row.log:
            self.soon(lambda words=words: words in server.text()[before:], f"{what}: {words}")
        wanted = ["closed"] * (row.closed or 0)
        self.soon(lambda: notes(server, row.name) == wanted, f"{what}: {wanted}")

    def test_connected(self: Any) -> None:
        """A client that is there is not told to be gone."""
        _, port = self.running()
        with Connection(port) as connection:
            for _ in range(3):
                self.assertEqual(connection.request("/connected").body, b"False False")

    def test_client_leaves(self: Any) -> None:
        """
        A client that leaves, before the response or in the middle of it, by a reset or by closing,
        is told to be gone; the next write raises, and C{close()} is called once.
        """
        server, port = self.running()
        for number, (page, leave) in enumerate(
            (page, leave)
            for page in ("awaits", "awaits-later", "leaves")
            for leave in ("reset", "close")
        ):
            name = f"leave-{number}"
            connection = Connection(port)
            connection.send(f"/{page}?{name}")
            self.soon(lambda name=name: notes(server, name) == ["inside"], name)
            getattr(connection, leave)()
            last = "raised ClientDisconnected" if page == "leaves" else "closed"
            expected = ["inside", "disconnected True", last]
            self.soon(lambda: notes(server, name) == expected, f"{page}, {leave}: {expected}")  # noqa: B023

    def test_server_log(self: Any) -> None:
        """What is written to C{wsgi.errors} without a newline is a line when the request ends."""
        server, port = self.running()
        with Connection(port) as connection:
            connection.request("/says?errors")
        server.wait_for(r"(?m)^one\ntwo$")
        server.wait_for(r"(?m)^three of errors$")


class HalfClosed:
    """What our own servers do better than a stock Site, which resets, and ends with a half."""

    def test_half_closed(self: Any) -> None:
        """It is told to have closed its side, and gets its response all the same."""
        server, port = self.running()
        for number, (page, size, expected) in enumerate(
            (
                ("awaits", 3, b"answered "),
                ("awaits", 200_000, b"answered "),
                ("awaits-later", 0, b"first second"),
            )
        ):
            name, body = f"half-{number}", b"x" * size
            with Connection(port) as connection:
                connection.send(f"/{page}?{name}", "POST", body=body)
                self.soon(lambda name=name: notes(server, name) == ["inside"], name)
                connection.socket.shutdown(socket.SHUT_WR)
                self.assertEqual(connection.receive().body, expected + body)
                self.assertTrue(connection.ends())
            # close() comes after the response.
            told = ["inside", "disconnected True", "closed"]
            self.soon(lambda name=name, told=told: notes(server, name) == told, f"{name}: {told}")

    def test_head_alone(self: Any) -> None:
        """A head whose body is missing arrives: a proxy may want no more (C{X-Accel-Redirect})."""
        _, port = self.running()
        with Connection(port) as connection:
            connection.send("/short-empty")
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += connection.read(1)
            self.assertIn(b"X-Accel-Redirect: /x\r\n", head)
            self.assertTrue(connection.ends())

    def test_half_closed_at_once(self: Any) -> None:
        """So is one that closed it before the application was called."""
        server, port = self.running()
        for size in (0, 200_000):
            body = b"x" * size
            with Connection(port) as connection:
                connection.send(f"/awaits?once-{size}", "POST", body=body)
                connection.socket.shutdown(socket.SHUT_WR)
                self.assertEqual(connection.receive().body, b"answered " + body)
            self.assertIn("disconnected True", notes(server, f"once-{size}"))


class ModeProbes(Probes, HalfClosed):
    """In a mode of ours."""

    def running(self: Any) -> tuple[Server, int]:
        server = self.shared(with_probes)
        return server, server.port


class HttpProbeTests(ModeProbes, Http, ModeCase):
    """C{http =}."""


class HttpSocketProbeTests(ModeProbes, HttpSocket, ModeCase):
    """C{http-socket =}."""


class StockSiteProbeTests(Probes, BehaviourCase):
    """L{WSGIResource} under a stock Site, which takes a half that is closed for the end."""

    def running(self) -> tuple[Server, int]:
        script: Path = APPLICATIONS / "probes_site.py"
        server = Shared.server(type(self), lambda: Server(Site(), [sys.executable, script]))
        if server not in self._servers:
            self._servers.append(server)
        return server, int(server.wait_for(SERVING)[1])
