"""L{twsgi.worker.serving}: what a worker's own listeners say of themselves, and at the end."""

from __future__ import annotations

from tests.web.fakes import get
from tests.worker.test_serving import ServingCase


class ReadyPathTests(ServingCase):
    """C{ready-path} where the workers accept connections."""

    def ready(self) -> bytes:
        """The status that a new client gets there."""
        client = self.client(get("/ready"))
        self.run_cores()
        return client.recv(1000).split()[1]

    def test_ready(self) -> None:
        """A worker that accepts is ready; when a stop has begun it says so, and serves on."""
        self.serve(self.listener(), ready_path="/ready")
        self.assertEqual(self.ready(), b"200")
        self.serving.stop_begins()
        self.assertEqual(self.ready(), b"503")
        client = self.client(get("/a"))
        self.run_cores()
        answer = client.recv(1000)
        self.assertIn(b"200 OK", answer)
        self.assertNotIn(b"Connection: close", answer)

    def test_before_files(self) -> None:
        """It stands before static files."""
        self.serve(self.listener(), ready_path="/ready", check_static=("/",))
        self.assertEqual(self.ready(), b"200")

    def test_off(self) -> None:
        """Without the option the path is the application's."""
        self.serve(self.listener())
        client = self.client(get("/ready"))
        self.run_cores()
        self.assertTrue(client.recv(1000).endswith(b"\r\n\r\n/ready"))

    def test_last(self) -> None:
        """On a kept connection that is still served when it drains a final stop is told."""
        for final, status in ((True, b"503"), (False, b"200")):
            self.serve(self.listener(), ready_path="/ready")
            client = self.client(get("/a"))
            self.run_cores()
            client.recv(1000)
            self.drain(final)
            client.sendall(get("/ready"))
            self.reactor.turn_until_idle()
            answer = client.recv(1000)
            self.assertEqual(answer.split()[1], status)
            self.assertIn(b"\r\nConnection: close\r\n", answer)


class LastTests(ServingCase):
    """The response to a request that was there when the worker began to drain."""

    def test_last(self) -> None:
        """It says that it is the last of its connection, which is closed then."""
        self.serve(self.listener())
        client = self.client(get("/a"))
        self.reactor.turn_until_idle()
        self.drain()
        self.run_cores()
        answer = client.recv(1000)
        self.assertIn(b"\r\nConnection: close\r\n", answer)
        self.assertTrue(answer.endswith(b"\r\n\r\n/a"))
        self.assertEqual(client.recv(1), b"")
        self.assertEqual(self.drained, ["drained"])
