"""L{twsgi.worker.solo}: an application served by the process that is there already."""

from __future__ import annotations

import os
import socket
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.web.fakes import get
from tests.worker.fakes import Log, ProcessReactor, start_nothing, step
from twsgi.control.lastcall import LAST_CALL
from twsgi.errors import ApplicationError
from twsgi.settings.model import Address, Listener, Plan, Settings
from twsgi.worker import bootstrap
from twsgi.worker.solo import Solo
from twsgi.wsgi.core import Core


def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """Answers with what it was told of its surroundings."""
    start_response("200 OK", [])
    return [f"{environ['wsgi.multiprocess']} {environ['SERVER_PORT']}".encode()]


class SoloTests(SynchronousTestCase):
    """A Plan of one process."""

    def setUp(self) -> None:
        self.patch(Core, "start", start_nothing)
        self.patch(bootstrap, "load_application", lambda settings: application)
        self.reactor = ProcessReactor()
        self.log = Log()
        self.last_call = False

    def solo(self, **settings: Any) -> Solo:
        """One that is not started."""
        plan = Plan(
            settings=Settings(threads=1, **settings),
            master=False,
            listeners=(Listener("http-socket", Address("127.0.0.1", 0), 10),),
            workers=1,
            initial=1,
            minimum=1,
            frontends=0,
            environment=(),
            directory=None,
        )
        self.made = Solo(plan, reactor=self.reactor, log=self.log)  # type: ignore[arg-type]
        self.made._listening.last_call = lambda: self.last_call  # type: ignore[method-assign]
        return self.made

    def client(self, data: bytes = b"") -> socket.socket:
        """A client, that has sent C{data}."""
        client = socket.create_connection(("127.0.0.1", self.port()))
        client.settimeout(5)
        self.addCleanup(client.close)
        client.sendall(data)
        return client

    def port(self) -> int:
        """The port that was bound."""
        return int(self.made._listening.bound[0].address.port)

    def run_cores(self) -> None:
        """Everybody does all there is to do."""
        serving = self.made._serving
        assert serving is not None
        self.reactor.turn_until_idle()
        while step(serving._cores):
            self.reactor.turn_until_idle()

    def test_served(self) -> None:
        """Started, it serves; C{ready} fires, and the log says who serves."""
        solo = self.solo()
        solo.startService()
        self.successResultOf(solo.ready)
        port = self.port()
        client = self.client(get())
        self.run_cores()
        self.assertTrue(client.recv(1000).endswith(b"\r\n\r\nFalse %d" % port))
        self.assertIn(
            f"spawned uWSGI worker 1 (and the only) (pid: {os.getpid()}, cores: 1)", self.log.lines
        )
        stopped = solo.stopService()
        self.reactor.pump([0.1] * 5)
        self.successResultOf(stopped)

    def test_bound_before(self) -> None:
        """Bound before it is started, it keeps what it has bound."""
        solo = self.solo()
        solo.bind()
        port = self.port()
        solo.startService()
        self.assertEqual(self.port(), port)
        self.successResultOf(solo.stopService())

    def test_no_application(self) -> None:
        """Where the application cannot be had C{failed} says so, and no port stays bound."""

        def missing(settings: Settings) -> Any:
            raise ApplicationError("no module named app")

        self.patch(bootstrap, "load_application", missing)
        solo = self.solo()
        solo.bind()
        port = self.port()
        solo.startService()
        self.failureResultOf(solo.failed, ApplicationError)
        self.assertIn("unable to load app 0 (mountpoint='') (no module named app)", self.log.lines)
        self.assertRaises(ConnectionRefusedError, socket.create_connection, ("127.0.0.1", port))
        self.successResultOf(solo.stopService())

    def test_stop_waits(self) -> None:
        """C{stopService} waits for requests under way, and refuses new connections meanwhile."""
        solo = self.solo()
        solo.startService()
        port = self.port()
        client = self.client(get())
        self.reactor.turn_until_idle()
        stopped = solo.stopService()
        self.assertNoResult(stopped)
        self.assertRaises(ConnectionRefusedError, socket.create_connection, ("127.0.0.1", port))
        self.run_cores()
        self.reactor.pump([0.1] * 5)
        self.successResultOf(stopped)
        self.assertIn(b"200 OK", client.recv(1000))
        self.nothing_left()

    def test_mercy(self) -> None:
        """It waits for C{worker-reload-mercy} seconds at most; who is left is cut."""
        solo = self.solo(worker_reload_mercy=7)
        solo.startService()
        client = self.client(get())
        self.reactor.turn_until_idle()
        stopped = solo.stopService()
        self.reactor.pump([1] * 6)
        self.assertNoResult(stopped)
        self.reactor.advance(1)
        self.successResultOf(stopped)
        self.assertRaises(ConnectionResetError, client.recv, 1)
        self.nothing_left()

    def test_reload(self) -> None:
        """It cannot reload, for nobody would serve meanwhile; the log says what it takes."""
        solo = self.solo()
        solo.startService()
        self.assertFalse(self.successResultOf(solo.reload()))
        self.assertFalse(self.successResultOf(solo.reload_configuration()))
        self.assertIn("it needs a master", self.log.lines[-1])
        self.successResultOf(solo.stopService())

    def test_reload_mercy(self) -> None:
        """C{reload-mercy} bounds it, too."""
        solo = self.solo(worker_reload_mercy=30, reload_mercy=2)
        solo.startService()
        self.client(get())
        self.reactor.turn_until_idle()
        stopped = solo.stopService()
        self.reactor.advance(1.9)
        self.assertNoResult(stopped)
        self.reactor.advance(0.2)
        self.successResultOf(stopped)

    def ready(self) -> bytes:
        """What a new client is told at C{ready-path}."""
        client = self.client(get("/ready"))
        self.run_cores()
        return client.recv(1000).split()[1]

    def test_delay(self) -> None:
        """With C{shutdown-delay} it serves on for so long; C{ready-path} says what is coming."""
        solo = self.solo(shutdown_delay=5, ready_path="/ready")
        solo.startService()
        port = self.port()
        self.assertEqual(self.ready(), b"200")
        stopped = solo.stopService()
        self.assertIn(
            "a stop has begun: serving for 5 more seconds (shutdown-delay)", self.log.lines
        )
        self.reactor.advance(4.9)
        self.assertEqual(self.ready(), b"503")
        client = self.client(get())
        self.run_cores()
        answer = client.recv(1000)
        self.assertIn(b"200 OK", answer)
        self.assertNotIn(b"Connection: close", answer)
        self.assertNoResult(stopped)
        self.reactor.advance(0.1)
        self.assertRaises(ConnectionRefusedError, socket.create_connection, ("127.0.0.1", port))
        self.reactor.pump([0.1] * 10)
        self.successResultOf(stopped)
        self.nothing_left()

    def test_last_call(self) -> None:
        """Before the socket is closed who is at the door comes in."""
        self.last_call = True
        solo = self.solo()
        solo.startService()
        port = self.port()
        stopped = solo.stopService()
        self.reactor.advance(LAST_CALL - 0.01)
        self.client(b"").close()
        self.assertNoResult(stopped)
        self.reactor.advance(0.02)
        self.assertRaises(ConnectionRefusedError, socket.create_connection, ("127.0.0.1", port))
        self.reactor.pump([0.1] * 10)
        self.successResultOf(stopped)
        self.nothing_left()

    def test_stop_now_within_delay(self) -> None:
        """A second signal ends the delay, too."""
        solo = self.solo(shutdown_delay=5)
        solo.startService()
        port = self.port()
        stopped = solo.stopService()
        solo.stop_now()
        self.successResultOf(stopped)
        self.assertRaises(ConnectionRefusedError, socket.create_connection, ("127.0.0.1", port))
        self.nothing_left()

    def test_stop_now(self) -> None:
        """C{stop_now} waits no longer."""
        solo = self.solo()
        solo.startService()
        self.client(get())
        self.reactor.turn_until_idle()
        stopped = solo.stopService()
        solo.stop_now()
        solo.stop_now()
        self.successResultOf(stopped)
        self.nothing_left()

    def nothing_left(self) -> None:
        """The reactor, which is the host's, has nothing of ours any more."""
        self.assertEqual((self.reactor.readers, self.reactor.writers), ([], []))
        self.assertEqual(self.reactor.getDelayedCalls(), [])
