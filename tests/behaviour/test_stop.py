"""A server that is told to stop finishes what it has begun, and leaves nothing behind."""

from __future__ import annotations

import os
import signal

from tests.behaviour import client
from tests.behaviour.client import Connection, EndedError, ResetError
from tests.behaviour.harness import Http, HttpSocket, ModeCase
from tests.behaviour.server import Server

#: A stop with nothing to wait for takes a fraction of a second.
AT_ONCE = 10.0


class Stop:
    """Signals to the master, in both modes."""

    def serve_ready(self, changes: dict[str, str | None] | None = None) -> Server:
        """A server that has answered."""
        server = self.serve(changes)
        server.wait_ready()
        return server

    def block(self, server: Server, name: str) -> Connection:
        """The connection of a request that is inside until the test releases it."""
        connection = server.connect()
        self.addCleanup(connection.close)
        connection.send(f"/block?{name}")
        self.soon(lambda: server.site.inside(name), "the request is inside")
        return connection

    def wait_until_refused(self, server: Server) -> None:
        """Waits until nobody accepts connections any more."""
        port = server.port
        self.soon(lambda: client.refused(port), "new connections are refused", AT_ONCE)

    def assert_graceful(self, server: Server, number: int, *, group: bool = False) -> None:
        """With one request in flight: no new ones, that one answered, exit 0, nothing left."""
        connection = self.block(server, "flight")
        if group:
            os.killpg(server.process.pid, number)
        else:
            server.send_signal(number)
        self.wait_until_refused(server)
        self.assertIsNone(server.process.poll())
        server.site.release("flight")
        answer = connection.receive()
        self.assertEqual((answer.status, answer.worker), (200, server.site.inside("flight")[0]))
        self.assertTrue(connection.ends())
        self.assertEqual(server.wait_for_exit(AT_ONCE), 0)
        server.assert_nothing_left()

    def test_terminate(self) -> None:
        """SIGTERM is a graceful stop."""
        self.assert_graceful(self.serve_ready(), signal.SIGTERM)

    def test_interrupt(self) -> None:
        """SIGINT is a graceful stop."""
        self.assert_graceful(self.serve_ready(), signal.SIGINT)

    def test_quit(self) -> None:
        """SIGQUIT is a graceful stop."""
        self.assert_graceful(self.serve_ready(), signal.SIGQUIT)

    def test_interrupt_from_the_keyboard(self) -> None:
        """SIGINT to the whole process group, as Ctrl-C sends it, is a graceful stop too."""
        self.assert_graceful(self.serve_ready(), signal.SIGINT, group=True)

    def test_terminate_the_whole_group(self) -> None:
        """SIGTERM to every process at once, as systemd sends it, is a graceful stop too."""
        self.assert_graceful(self.serve_ready(), signal.SIGTERM, group=True)

    def test_idle(self) -> None:
        """With nothing to do the server stops at once; the log says goodbye."""
        server = self.serve_ready()
        server.get("/base.css")
        self.assertEqual(server.stop(signal.SIGTERM, AT_ONCE), 0)
        self.assertEqual(server.find("Traceback"), [])
        server.wait_for("goodbye to uWSGI.")

    def test_before_it_is_ready(self) -> None:
        """A server that is told to stop while its worker boots stops, with exit code 0."""
        server = self.serve(environment={"MEET_IMPORT_SECONDS": "5"})
        server.wait_for(r"spawned uWSGI worker 1")
        self.assertEqual(server.stop(signal.SIGTERM, AT_ONCE), 0)

    def test_idle_connections(self) -> None:
        """Connections that are kept, or have sent nothing yet, do not keep the server."""
        server = self.serve_ready()
        with server.connect() as kept, server.connect() as silent:
            self.assertEqual(kept.request("/").status, 200)
            server.send_signal(signal.SIGTERM)
            self.assertEqual(server.wait_for_exit(AT_ONCE), 0)
            self.assertTrue(kept.ends())
            self.assertRaises((EndedError, ResetError), silent.request, "/")
        server.assert_nothing_left()

    def test_half_a_request(self) -> None:
        """A client that has sent half a head keeps the server for http-headers-timeout at most."""
        server = self.serve_ready({"http-headers-timeout": "2"})
        with server.connect() as half:
            half.send_raw(b"GET / HTTP/1.1\r\nHost: behaviour")
            server.send_signal(signal.SIGTERM)
            self.assertEqual(server.wait_for_exit(AT_ONCE), 0)
        server.assert_nothing_left()

    def test_second_signal(self) -> None:
        """A second signal stops at once, whatever is in flight."""
        server = self.serve_ready()
        connection = self.block(server, "for-ever")
        server.send_signal(signal.SIGTERM)
        self.wait_until_refused(server)
        self.assertIsNone(server.process.poll())
        server.send_signal(signal.SIGTERM)
        server.wait_for_exit(AT_ONCE)
        server.assert_nothing_left()
        self.assertRaises((EndedError, ResetError), connection.receive)

    def test_mercy(self) -> None:
        """A request that does not end is cut short after worker-reload-mercy; exit code 0."""
        server = self.serve_ready({"worker-reload-mercy": "2"})
        connection = self.block(server, "for-ever")
        server.send_signal(signal.SIGTERM)
        self.assertEqual(server.wait_for_exit(AT_ONCE), 0)
        server.assert_nothing_left()
        try:
            self.assertGreaterEqual(connection.receive().status, 500)
        except (EndedError, ResetError):
            pass

    def test_mercy_for_a_request_that_never_lets_go(self) -> None:
        """A worker that holds the interpreter's lock for ever is killed after the mercy too."""
        server = self.serve_ready({"worker-reload-mercy": "2"})
        with server.connect() as connection:
            connection.send("/spin?turn")
            self.soon(lambda: server.site.inside("turn"), "the request is inside")
            server.site.release("turn")
            server.send_signal(signal.SIGTERM)
            self.assertEqual(server.wait_for_exit(AT_ONCE), 0)
            server.assert_nothing_left()

    def test_signals_without_meaning(self) -> None:
        """SIGUSR1 is noted in the log and changes nothing."""
        server = self.serve_ready()
        worker = server.get("/pid").worker
        server.send_signal(signal.SIGUSR1)
        server.wait_for("SIGUSR1")
        self.assertEqual(server.get("/pid").worker, worker)
        self.assertEqual(server.stop(), 0)

    def test_pidfile(self) -> None:
        """The pidfile holds the master's pid while it runs, and is gone afterwards."""
        server = self.serve_ready({"pidfile": "run.pid"})
        pidfile = server.site.directory / "run.pid"
        self.assertEqual(pidfile.read_text(), f"{server.master}\n")
        self.assertEqual(server.stop(), 0)
        self.assertFalse(pidfile.exists())


class HttpStopTests(Stop, Http, ModeCase):
    """L{Stop}, C{http =}; and what waits in the frontend's queue."""

    def test_queue(self) -> None:
        """Requests that wait in the queue when the signal comes are served before the end."""
        server = self.serve_ready({"processes": "1", "cheaper": None, "threads": "1"})
        first = self.block(server, "flight")
        waiting = [server.connect() for _ in range(5)]
        for number, connection in enumerate(waiting):
            self.addCleanup(connection.close)
            connection.send(f"/path/{number}")
        server.send_signal(signal.SIGTERM)
        self.wait_until_refused(server)
        server.site.release("flight")
        self.assertEqual(first.receive().status, 200)
        answers = [connection.receive() for connection in waiting]
        self.assertEqual([answer.body for answer in answers], [b"/path/%d" % n for n in range(5)])
        self.assertEqual(server.wait_for_exit(AT_ONCE), 0)
        server.assert_nothing_left()


class HttpSocketStopTests(Stop, HttpSocket, ModeCase):
    """L{Stop}, C{http-socket =}."""
