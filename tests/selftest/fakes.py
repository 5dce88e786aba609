"""L{FakeServer}: a server on the loopback interface that does what a test's script says."""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Callable

#: Seconds after which a script that waits for its client gives up.
PATIENCE = 20.0

#: What a server does with one connection.
Script = Callable[[socket.socket], None]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def read_request(connected: socket.socket) -> bytes:
    """Reads one request: a head, and a body of the length it names."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connected.recv(1)
        if not piece:
            raise EOFError
        data += piece
    for line in data.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            for _ in range(int(line[15:])):
                data += connected.recv(1)
    return data


def arrived(connected: socket.socket) -> None:
    """Waits until bytes are there, and leaves them there."""
    select.select([connected], [], [], PATIENCE)


def answer(data: bytes) -> Script:
    """Reads a request, sends these bytes, closes."""

    def script(connected: socket.socket) -> None:
        read_request(connected)
        connected.sendall(data)

    return script


class FakeServer:
    """Accepts one connection after the other, and runs the next script on each."""

    def __init__(self, *scripts: Script) -> None:
        self._scripts = scripts
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        for script in self._scripts:
            try:
                connected, _ = self._listening.accept()
            except OSError:
                return
            with connected:
                connected.settimeout(PATIENCE)
                try:
                    script(connected)
                except (EOFError, OSError):
                    pass

    def close(self) -> None:
        """Listens no more; waits for the script that runs."""
        # A close alone does not wake who waits in accept.
        try:
            self._listening.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listening.close()
        self._thread.join(PATIENCE)
