"""L{twsgi.control.lastcall}: with real sockets, for the kernel does it all."""

from __future__ import annotations

import socket
import sys

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from twsgi.control.lastcall import last_call

PATIENCE = 20.0


class LastCallTests(SynchronousTestCase):
    """Who may still come in."""

    def setUp(self) -> None:
        if sys.platform != "linux":
            raise SkipTest("Linux drops what another system would reset")

    def listening(self, family: int = socket.AF_INET, host: str = "127.0.0.1") -> socket.socket:
        """A socket as the workers' own ones are: nobody is let in before he speaks."""
        made = socket.socket(family)
        self.addCleanup(made.close)
        try:
            made.bind((host, 0))
        except OSError as error:
            raise SkipTest(f"no {host} here") from error
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 1)
        made.listen(10)
        made.settimeout(PATIENCE)
        return made

    def client(self, listening: socket.socket, data: bytes = b"") -> socket.socket:
        """Somebody who has connected."""
        made = socket.create_connection(listening.getsockname()[:2], PATIENCE)
        self.addCleanup(made.close)
        made.sendall(data)
        return made

    def served(self, listening: socket.socket, client: socket.socket) -> None:
        """The next one in the queue is this client, who hears and is heard."""
        accepted, _ = listening.accept()
        with accepted:
            accepted.settimeout(PATIENCE)
            self.assertEqual(accepted.recv(10), b"request")
            accepted.sendall(b"answer")
            self.assertEqual(client.recv(10), b"answer")

    def comes_in(self, listening: socket.socket) -> None:
        """Who has connected before comes in, whether he has spoken or not; nobody else does."""
        waiting = self.client(listening, b"request")
        silent = self.client(listening)
        self.assertTrue(last_call(listening))
        late = socket.socket(listening.family)
        self.addCleanup(late.close)
        late.setblocking(False)
        late.connect_ex(listening.getsockname())
        self.served(listening, waiting)
        silent.sendall(b"request")
        self.served(listening, silent)
        # Over loopback a connection is there at once, if it is let in.
        self.assertRaises(OSError, late.getpeername)
        listening.setblocking(False)
        self.assertRaises(BlockingIOError, listening.accept)

    def test_ipv4(self) -> None:
        """Over IPv4."""
        self.comes_in(self.listening())

    def test_ipv6(self) -> None:
        """Over IPv6."""
        self.comes_in(self.listening(socket.AF_INET6, "::1"))

    def test_unix(self) -> None:
        """A UNIX socket has no such thing: it loses its name first."""
        made = socket.socket(socket.AF_UNIX)
        self.addCleanup(made.close)
        self.assertFalse(last_call(made))

    def test_refused(self) -> None:
        """Where the kernel does not take it, all goes on as ever."""
        made = self.listening()
        made.close()
        self.assertFalse(last_call(made))
