"""What a load balancer is told, and a stop that gives it time to listen."""

from __future__ import annotations

import signal

from tests.behaviour import client
from tests.behaviour.client import Connection
from tests.behaviour.harness import Http, HttpSocket, ModeCase
from tests.behaviour.server import READY, Server

#: A stop with nothing to wait for takes a fraction of a second.
AT_ONCE = 10.0
#: Seconds of C{shutdown-delay}; long enough that all that is asked meanwhile is asked meanwhile.
DELAY = 3
DELAYED = rf"(?m)^a stop has begun: serving for {DELAY} more seconds \(shutdown-delay\)$"
BODY = b"text of the file\n"


class Readiness:
    """C{ready-path} and C{shutdown-delay}, in all modes."""

    #: What else the ini says.
    changes: dict[str, str | None] = {}

    def serve_ready(self, **changes: str) -> Server:
        """A server that has answered."""
        server = self.serve({**self.changes, "ready-path": "/ready", **changes})
        server.wait_ready()
        return server

    def delayed(self) -> tuple[Server, Connection]:
        """A server whose stop has just begun, and a connection that was used before."""
        server = self.serve_ready(**{"shutdown-delay": str(DELAY)})
        kept = server.connect()
        self.addCleanup(kept.close)
        self.assertEqual(kept.request("/ready").status, 200)
        server.send_signal(signal.SIGTERM)
        server.wait_for(DELAYED)
        self.soon(lambda: kept.request("/ready").status == 503, "the server has heard of it")
        return server, kept

    def test_ready(self) -> None:
        """It is answered by the server, and leaves no trace in the log."""
        server = self.serve_ready()
        answer = server.get("/ready")
        self.assertEqual((answer.status, answer.body), (200, b"ready\n"))
        self.assertFalse(answer.by_application)
        head = server.get("/ready", "HEAD")
        self.assertEqual((head.status, head.header("Content-Length"), head.body), (200, "6", b""))
        self.assertTrue(server.get("/ready", "POST", body=b"").by_application)
        self.assertTrue(server.get("/ready/").by_application)
        self.assertEqual(server.stop(), 0)
        self.assertEqual(len(server.find(r"(?:GET|HEAD) /ready(?: |$)")), 0)
        self.assertEqual(len(server.find(r"POST /ready ")), 1)

    def test_off(self) -> None:
        """Without the option it is a path like any other."""
        server = self.serve(self.changes)
        server.wait_ready()
        self.assertTrue(server.get("/ready").by_application)

    def test_delay(self) -> None:
        """When a stop has begun it is 503 and all else as before; then connections are refused."""
        server, kept = self.delayed()
        for answer in (kept.request("/ready"), server.get("/ready")):
            self.assertEqual((answer.status, answer.body), (503, b"stopping\n"))
            self.assertIsNone(answer.header("Connection"))
        for answer in (kept.request("/pid"), server.get("/pid")):
            self.assertEqual((answer.status, answer.header("Connection")), (200, None))
        self.assertIsNone(server.process.poll())
        port = server.port
        self.soon(lambda: client.refused(port), "new connections are refused", AT_ONCE)
        self.assertEqual(server.wait_for_exit(AT_ONCE), 0)
        server.assert_nothing_left()

    def test_second_signal(self) -> None:
        """A second signal ends the delay, and everything else."""
        server, kept = self.delayed()
        kept.send("/block?for-ever")
        self.soon(lambda: server.site.inside("for-ever"), "the request is inside")
        server.send_signal(signal.SIGTERM)
        server.wait_for_exit(AT_ONCE)
        server.assert_nothing_left()

    def test_last_response(self) -> None:
        """What was begun before a stop is answered, and says that its connection ends."""
        server = self.serve_ready()
        connections = [server.connect() for _ in range(2)]
        for connection in connections:
            self.addCleanup(connection.close)
            self.assertIsNone(connection.request("/").header("Connection"))
            connection.send("/block?flight")
        self.soon(lambda: len(server.site.inside("flight")) == 2, "the requests are inside")
        server.send_signal(signal.SIGTERM)
        port = server.port
        self.soon(lambda: client.refused(port), "new connections are refused", AT_ONCE)
        server.site.release("flight")
        for connection in connections:
            answer = connection.receive()
            self.assertEqual((answer.status, answer.header("Connection")), (200, "close"))
            self.assertTrue(connection.ends())
        self.assertEqual(server.wait_for_exit(AT_ONCE), 0)
        server.assert_nothing_left()


class HttpReadinessTests(Readiness, Http, ModeCase):
    """L{Readiness}, C{http =}."""

    changes = {"processes": "1", "cheaper": None}

    def test_before(self) -> None:
        """While no worker has loaded the application it is 503."""
        server = self.serve(
            {**self.changes, "ready-path": "/ready"}, environment={"MEET_IMPORT_SECONDS": "3"}
        )
        answer = server.get("/ready")
        self.assertEqual((answer.status, answer.body), (503, b"no worker is ready\n"))
        self.assertEqual(server.find(READY), [])
        self.soon(lambda: server.get("/ready").status == 200, "it is ready")
        self.assertEqual(len(server.find(READY)), 1)

    def test_reconfigured(self) -> None:
        """A reload changes what a frontend does, and the clients' connections live on."""
        server = self.serve_ready(**{"http-keepalive": "30"})
        with server.connect() as kept, server.connect() as slow:
            self.assertTrue(kept.request("/file").by_application)
            server.site.write("other/file", BODY.decode())
            server.site.edit(
                self.ini, {"check-static": "other/", "http-timeout": "1", "ready-path": "/live"}
            )
            frontend = server.frontend
            server.send_signal(signal.SIGHUP)
            self.soon(lambda: kept.request("/file").body == BODY, "the file is served")
            slow.send("/block?slow")
            self.assertEqual(slow.receive().status, 504)
            self.assertEqual(kept.request("/live").body, b"ready\n")
            self.assertTrue(kept.request("/ready").by_application)
        self.assertEqual(server.frontend, frontend)
        server.site.release("slow")
        self.assertEqual(server.stop(), 0)


class HttpSocketReadinessTests(Readiness, HttpSocket, ModeCase):
    """L{Readiness}, C{http-socket =}."""

    changes = {"processes": "1", "cheaper": None}


class SoloReadinessTests(Readiness, HttpSocket, ModeCase):
    """L{Readiness}, one process."""

    changes = {"processes": "1", "cheaper": None, "master": "false"}
