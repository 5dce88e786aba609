"""L{WSGIResource} under a stock Site, in a process of its own, by clients on real sockets."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path
from unittest import skipIf

from tests.behaviour.client import Connection
from tests.behaviour.harness import BehaviourCase
from tests.behaviour.server import PATIENCE, Server
from tests.behaviour.site import APPLICATIONS
from tests.wsgi.clients import MISSING, pem

SERVING = r"serving (\d+)"
#: Megabytes by which a process may grow for a client that does not read.
GROWTH = 30


def curl_speaks_http2() -> bool:
    """True: there is a curl, and it has HTTP/2."""
    curl = shutil.which("curl")
    if curl is None:
        return False
    said = subprocess.run([curl, "--version"], capture_output=True, text=True, check=False).stdout
    return "HTTP2" in said


def resident(pid: int) -> float:
    """Megabytes of memory that a process has."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


class StockSiteTests(BehaviourCase):
    """C{tests/applications/stock.py}."""

    def serve(self, secure: bool) -> tuple[Server, int]:
        """The process, and its port."""
        site = self.site()
        arguments = []
        if secure:
            (site.directory / "key.pem").write_bytes(pem())
            arguments.append("key.pem")
        server = self.start(site, sys.executable, APPLICATIONS / "stock.py", *arguments)
        return server, int(server.wait_for(SERVING)[1])

    def settled(self, pid: int) -> float:
        """The memory of a process once it grows no more."""
        size, since, begun = resident(pid), time.monotonic(), time.monotonic()
        while time.monotonic() - since < 0.5 and time.monotonic() - begun < PATIENCE:
            now = resident(pid)
            if now > size + 0.2:
                size, since = now, time.monotonic()
            time.sleep(0.02)
        return size

    def costs(self, server: Server, client: socket.socket, ask: bytes) -> float:
        """Megabytes that a client costs that asks, and reads nothing."""
        before = self.settled(server.process.pid)
        client.sendall(ask)
        self.assertTrue(client.recv(1))
        return self.settled(server.process.pid) - before

    def test_client_that_does_not_read(self) -> None:
        """300 MB that nobody reads cost less than 30 MB, and the next client is served."""
        server, port = self.serve(False)
        with Connection(port) as warm:
            self.assertEqual(warm.request("/p").text, "HTTP/1.1 http /p")
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as client:
            cost = self.costs(server, client, b"GET /300 HTTP/1.1\r\nHost: h\r\n\r\n")
            self.assertLess(cost, GROWTH)
            with Connection(port) as other:
                self.assertEqual(other.request("/p").status, 200)

    @skipIf(MISSING is not None, MISSING or "")
    def test_client_that_does_not_read_tls(self) -> None:
        """The same over TLS."""
        server, port = self.serve(True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        plain = socket.create_connection(("127.0.0.1", port), PATIENCE)
        with context.wrap_socket(plain) as client:
            cost = self.costs(server, client, b"GET /300 HTTP/1.1\r\nHost: h\r\n\r\n")
        self.assertLess(cost, GROWTH)

    @skipIf(MISSING is not None, MISSING or "")
    def test_client_that_does_not_read_http2(self) -> None:
        """The same over HTTP/2, whatever window the client has opened."""
        import h2.config
        import h2.connection
        import h2.settings

        server, port = self.serve(True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols(["h2"])
        connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True))
        connection.initiate_connection()
        window = 2**31 - 1
        connection.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: window})
        connection.increment_flow_control_window(window - 65535)
        fields = [(":method", "GET"), (":scheme", "https"), (":authority", "h"), (":path", "/300")]
        connection.send_headers(1, fields, end_stream=True)
        plain = socket.create_connection(("127.0.0.1", port), PATIENCE)
        with context.wrap_socket(plain) as client:
            self.assertEqual(client.selected_alpn_protocol(), "h2")
            cost = self.costs(server, client, connection.data_to_send())
        self.assertLess(cost, GROWTH)

    @skipIf(MISSING is not None, MISSING or "")
    @skipIf(not curl_speaks_http2(), "needs a curl with HTTP/2")
    def test_curl(self) -> None:
        """curl is served over HTTP/2: a small answer, a body that it sends, 300 MB."""
        _, port = self.serve(True)
        root = f"https://127.0.0.1:{port}"
        curl = ["curl", "-sk", "--http2", "--max-time", "60"]

        def said(*arguments: str) -> str:
            return subprocess.run(
                [*curl, *arguments], capture_output=True, text=True, check=True
            ).stdout

        self.assertEqual(said(f"{root}/p"), "HTTP/2.0 https /p")
        self.assertEqual(said("-d", "abc", f"{root}/p"), "HTTP/2.0 https /pabc")
        size = said("-o", "/dev/null", "-w", "%{size_download} %{http_version}", f"{root}/300")
        self.assertEqual(size, f"{300 * 1048576} 2")
