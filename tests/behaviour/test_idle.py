"""No worker while nobody asks for anything; whoever does is served."""

from __future__ import annotations

from tests.behaviour.harness import Http, HttpSocket, ModeCase
from tests.behaviour.server import SPAWNED, Call, Server

CHEAP = r"(?m)^cheap mode enabled: waiting for socket connection\.\.\.$"
INACTIVE = r"(?m)^workers have been inactive for more than 1 seconds \((\d+)-(\d+)\)$"


class Idle:
    """C{cheap} and C{idle = 1}, in both modes."""

    def workers(self, server: Server) -> list[str]:
        """The workers that run."""
        return [line for line in server.alive().values() if "uWSGI worker" in line]

    def asleep(self, server: Server, times: int) -> None:
        """Waits until nobody is there, for the C{times}-th time."""
        server.wait_for(INACTIVE, times)
        server.wait_for(CHEAP, times)
        self.soon(lambda: not self.workers(server), "all workers are gone")

    def test_cheap(self) -> None:
        """No worker is started before the first request, and that is answered."""
        server = self.serve({"cheap": "true", "cheaper": None, "processes": "2"})
        server.wait_for(CHEAP)
        self.assertEqual(server.find(SPAWNED), [])
        calls = [Call(lambda: server.get("/")) for _ in range(8)]
        self.assertEqual([call.result().status for call in calls], [200] * 8)
        self.assertEqual(sorted(int(found[1]) for found in server.find(SPAWNED)), [1, 2])
        self.assertEqual(server.stop(), 0)

    def test_idle(self) -> None:
        """They go after a second, come back for who asks, whatever he asks, and go again."""
        server = self.serve({"idle": "1"})
        server.wait_ready()
        for times, ask in enumerate(
            (
                lambda: server.get("/"),
                lambda: server.get("/echo", "POST", body=b"x" * 100_000),
                lambda: server.get("/sleep?1.5"),
            ),
            1,
        ):
            self.asleep(server, times)
            calls = [Call(ask) for _ in range(4)]
            self.assertEqual([call.result().status for call in calls], [200] * 4, times)
        self.asleep(server, 4)
        for found in server.find(INACTIVE):
            self.assertTrue(1 <= int(found[1]) - int(found[2]) <= 2, found[0])
        self.assertEqual(server.find("DAMN"), [])
        self.assertEqual(server.stop(), 0)

    def test_die_on_idle(self) -> None:
        """Everything stops, exit code 0."""
        server = self.serve({"idle": "1", "die-on-idle": "true"})
        server.wait_ready()
        self.assertEqual(server.wait_for_exit(), 0)
        server.wait_for(INACTIVE)
        server.wait_for("goodbye to uWSGI")
        server.assert_nothing_left()


class HttpIdleTests(Idle, Http, ModeCase):
    """L{Idle}, C{http =}."""

    def test_frontend_goes_on(self) -> None:
        """While they sleep the frontend keeps connections, serves files, and is ready for more."""
        server = self.serve({"idle": "1", "ready-path": "/ready"})
        server.wait_ready()
        with server.connect() as connection:
            self.asleep(server, 1)
            self.assertEqual(connection.request("/ready").status, 200)
            self.assertEqual(connection.request("/base.css").status, 200)
            self.assertEqual(self.workers(server), [])
            self.assertEqual(connection.request("/").status, 200)


class HttpSocketIdleTests(Idle, HttpSocket, ModeCase):
    """L{Idle}, C{http-socket =}."""
