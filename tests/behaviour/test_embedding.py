"""The container inside another Twisted application."""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path

from tests.behaviour.harness import COMMANDS, BehaviourCase
from tests.behaviour.server import SPAWNED, Server
from tests.behaviour.site import EXAMPLES


class EmbeddedExampleTests(BehaviourCase):
    """C{twistd -ny examples/embedded.tac}."""

    def serve(self) -> Server:
        """The example, on ports of the kernel's choice; it has answered."""
        server = self.start(
            self.site(),
            COMMANDS / "twistd",
            "-n",
            "--pidfile=",
            "-y",
            EXAMPLES / "embedded.tac",
            environment={"PORT": "0", "ECHO_PORT": "0"},
        )
        self.assertEqual(server.get("/").status, 200)
        return server

    def test_serves(self) -> None:
        """Pages, files and the host's own service are served side by side."""
        server = self.serve()
        self.assertIn(b"it is now", server.get("/").body)
        css = server.get("/base.css")
        self.assertEqual(css.body, (EXAMPLES / "scaling/static/base.css").read_bytes())
        ports = listening(server.process.pid)
        [echo] = ports - {server.port}
        with socket.create_connection(("127.0.0.1", echo), timeout=10) as connection:
            connection.sendall(b"still here")
            self.assertEqual(connection.recv(100), b"still here")

    def test_two_workers(self) -> None:
        """The workers are processes of their own, and one that dies is replaced."""
        server = self.serve()
        server.wait_for(SPAWNED, 2)
        pid = server.worker(1)
        self.assertNotEqual(pid, server.process.pid)
        os.kill(pid, signal.SIGKILL)
        server.wait_for(SPAWNED, 3)
        self.assertNotIn(pid, (server.worker(1), server.worker(2)))
        self.assertEqual(server.get("/").status, 200)

    def test_host_is_not_touched(self) -> None:
        """The host process keeps its directory and its title; three processes are beside it."""
        server = self.serve()
        host = Path(f"/proc/{server.process.pid}")
        self.assertEqual((host / "cwd").readlink(), server.site.directory)
        self.assertIn("twistd", (host / "cmdline").read_bytes().decode())
        children = [pid for pid in server.alive() if pid != server.process.pid]
        self.assertEqual(len(children), 3)

    def test_stops(self) -> None:
        """The host's end is the container's: nothing is left."""
        server = self.serve()
        server.send_signal(signal.SIGTERM)
        server.wait_for_exit()
        server.assert_nothing_left()
        self.assertEqual(server.find("Traceback"), [])

    def test_killed_host(self) -> None:
        """When the host is killed, the children leave."""
        server = self.serve()
        port = server.port
        server.process.kill()
        server.wait_for_exit()
        server.assert_nothing_left(10.0, [port])


def listening(pid: int) -> set[int]:
    """The TCP ports on which a process listens."""
    sockets = {os.readlink(path) for path in Path(f"/proc/{pid}/fd").iterdir() if path.is_symlink()}
    ports = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, _, state, *rest = line.split()
        if state == "0A" and f"socket:[{rest[5]}]" in sockets:
            ports.add(int(local.rpartition(":")[2], 16))
    return ports
