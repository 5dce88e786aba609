"""L{twsgi.worker.main}: the worker process, from its first word to its master to its last."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import socket
import sys
from collections.abc import Callable, Iterator
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from tests.worker.fakes import Log, Master, ProcessReactor, a_launch, start_nothing, step
from twsgi.control.launch import InheritedListener, anonymous_file
from twsgi.control.scoreboard import (
    BOOTING,
    READY,
    WORKER_PID,
    WORKER_STATE,
    Scoreboard,
)
from twsgi.errors import EXIT_NO_APP, ApplicationError
from twsgi.settings.model import Settings
from twsgi.worker import autoreload, bootstrap, main
from twsgi.worker.bootstrap import load
from twsgi.worker.main import Worker
from twsgi.wsgi.core import Core


def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """An application."""
    start_response("200 OK", [])
    return [b"hello"]


def missing(settings: Settings) -> Any:
    """In place of C{load_application}: there is none."""
    raise ApplicationError("no module named app")


class WorkerCase(SynchronousTestCase):
    """A worker whose master is the test."""

    def setUp(self) -> None:
        self.addCleanup(sys.setswitchinterval, sys.getswitchinterval())
        self.reactor = ProcessReactor()
        self.log = Log()
        self.master = Master()
        self.mercy: list[float] = []
        self.patch(sys, "argv", sys.argv)
        self.patch(sys, "path", list(sys.path))
        self.board = anonymous_file("test")
        self.patch(Core, "start", start_nothing)
        self.patch(main, "SCOREBOARD_FD", os.dup(self.board))
        self.patch(main, "connect", self.master.connect)
        self.patch(main, "leave_signals_to_master", lambda *arguments: None)
        self.patch(main, "leave_within", self.mercy.append)
        self.patch(main, "leaving_if_orphaned", self.watched)
        self.watching = False
        self.patch(bootstrap, "load_application", lambda settings: application)
        self.words = Scoreboard(self.board, 2, 2, 1)

    @contextlib.contextmanager
    def watched(self, say: Callable[[], None]) -> Iterator[None]:
        """In place of C{leaving_if_orphaned}."""
        self.say_orphaned, self.watching = say, True
        yield
        self.watching = False

    def start(self, **settings: Any) -> Worker:
        """Starts it."""
        self.worker = Worker(a_launch("worker", threads=2, **settings), self.log, self.reactor)
        self.assertEqual(self.state, BOOTING)
        self.worker.start()
        self.addCleanup(self.worker.stopped)
        return self.worker

    @property
    def state(self) -> int:
        """What the scoreboard says."""
        return int(self.words.worker(1)[WORKER_STATE])

    def link(self) -> socket.socket:
        """The frontend's end of a link that the master has handed over."""
        ours, theirs = socket.socketpair()
        theirs.settimeout(5)
        self.addCleanup(theirs.close)
        self.master.link._add_link(1, ours.detach())
        return theirs

    def turn(self) -> None:
        """The process does all there is to do."""
        self.reactor.advance(0)
        self.reactor.turn_until_idle()
        while self.worker._serving is not None and step(self.worker._serving._cores):
            self.reactor.turn_until_idle()


class DescribeTests(WorkerCase):
    """What the master asks about."""

    def described(self) -> str:
        """What it is told of core 0."""
        answer = self.master.link._describe([0], [0], False)
        return str(answer["stacks"])

    def test_asked(self) -> None:
        """Whoever serves tells; who does not has nothing to tell."""
        worker = self.start()
        assert worker._serving is not None
        self.patch(worker._serving, "describe", lambda *asked: f"asked for {asked}")
        self.assertEqual(self.described(), "asked for ([0], [0], False)")
        worker._serving, serving = None, worker._serving
        self.assertEqual(self.described(), "")
        worker._serving = serving

    def test_fault(self) -> None:
        """A fault of ours is told; raised, it would end the control stream."""
        worker = self.start()
        self.patch(worker._serving, "describe", lambda *asked: 1 // 0)
        self.assertIn("ZeroDivisionError", self.described())


class StartTests(WorkerCase):
    """The beginning."""

    def test_switch_interval(self) -> None:
        """Threads take turns sooner than usual; the application may know better."""
        found: list[float] = []

        def loaded(settings: Settings) -> Any:
            found.append(sys.getswitchinterval())
            sys.setswitchinterval(0.02)
            return application

        self.patch(bootstrap, "load_application", loaded)
        self.start()
        self.assertAlmostEqual(found[0], main.SWITCH_INTERVAL)
        self.assertAlmostEqual(sys.getswitchinterval(), 0.02)

    def test_orphan_while_loading(self) -> None:
        """While the application is loaded, and no longer, the master's end is watched for."""
        watching: list[bool] = []

        def loaded(settings: Settings) -> Any:
            watching.append(self.watching)
            self.say_orphaned()
            return application

        self.patch(bootstrap, "load_application", loaded)
        self.start()
        self.assertEqual((watching, self.watching), ([True], False))
        said = [line for line in self.log.lines if "the master disconnected" in line]
        self.assertEqual(len(said), 1)

    def test_ready(self) -> None:
        """A worker whose application is loaded says so: to its master, the scoreboard, the log."""
        self.start()
        self.assertIn(b"Ready", self.master.said)
        self.assertEqual(self.state, READY)
        self.assertEqual(self.words.worker(1)[WORKER_PID], os.getpid())
        self.assertRegex(
            self.log.lines[0],
            r"^WSGI app 0 \(mountpoint=''\) ready in 0 seconds on interpreter 0x[0-9a-f]+ "
            rf"pid: {os.getpid()} \(default app\)$",
        )

    def test_no_application(self) -> None:
        """One without says why, is never ready, and ends with 22 when its master has read that."""
        self.patch(bootstrap, "load_application", missing)
        worker = self.start()
        self.assertIn(b"Failed", self.master.said)
        self.assertIn(b"no module named app", self.master.said)
        self.assertNotIn(b"Ready", self.master.said)
        self.assertEqual((self.state, worker.exit_code), (BOOTING, EXIT_NO_APP))
        self.assertEqual(
            self.log.lines, ["unable to load app 0 (mountpoint='') (no module named app)"]
        )
        self.assertEqual(self.reactor.stops, 0)
        self.master.link.dataReceived(b"\0\x07_answer\0\x011\0\0")
        self.assertEqual(self.reactor.stops, 1)

    def test_no_application_and_no_master(self) -> None:
        """It ends, too, when the master is gone instead of answering; once."""
        self.patch(bootstrap, "load_application", missing)
        self.start()
        self.master.go()
        self.assertEqual(self.reactor.stops, 1)

    def test_autoreload(self) -> None:
        """With C{py-autoreload} it looks at what it has imported, from the start to the end."""
        worker = self.start(py_autoreload=5, py_auto_reload_ignore=("os",))
        said: list[Any] = []
        self.patch(worker._link, "callRemote", lambda *what, **how: said.append(how) or Deferred())
        watch = worker._watch
        assert watch is not None
        path = os.path.abspath(__file__)
        self.assertNotIn(os.path.abspath(os.__file__), watch._seen)
        watch._seen[path] = 1
        self.reactor.advance(5)
        self.reactor.advance(autoreload.SETTLE)
        found = {"paths": [path], "changed": [os.stat(path).st_mtime_ns], "failed": False}
        self.assertEqual(said, [found])

    def test_autoreload_fails(self) -> None:
        """One that cannot load its application says by which files it might, first of all."""
        self.patch(bootstrap, "load_application", missing)
        self.start(py_autoreload=5)
        said = self.master.said
        self.assertIn(os.path.abspath(__file__).encode(), said)
        self.assertLess(said.index(b"Sources"), said.index(b"Failed"))

    def listen(self, waits: bool) -> socket.socket:
        """A worker that has inherited a listening socket starts.  @return: a client's request."""
        sock = socket.create_server(("127.0.0.1", 0))
        sock.setblocking(False)
        address = sock.getsockname()
        listener = InheritedListener(sock.detach(), "http-socket", "127.0.0.1:0")
        launch = dataclasses.replace(
            a_launch("worker", threads=2), listeners=(listener,), waits=waits
        )
        self.worker = Worker(launch, self.log, self.reactor)
        self.worker.start()
        self.addCleanup(self.worker.stopped)
        client = socket.create_connection(address)
        client.settimeout(5)
        self.addCleanup(client.close)
        client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        self.turn()
        return client

    def test_listener(self) -> None:
        """The listening sockets that it inherited are its own."""
        self.assertTrue(self.listen(waits=False).recv(1000).endswith(b"hello"))

    def test_waits(self) -> None:
        """Who is to take over is ready, and accepts nobody until it is told to."""
        client = self.listen(waits=True)
        self.assertIn(b"Ready", self.master.said)
        client.setblocking(False)
        with self.assertRaises(BlockingIOError):
            client.recv(1)
        self.assertEqual(self.master.link._accept(), {})
        self.turn()
        self.assertTrue(client.recv(1000).endswith(b"hello"))

    def test_waits_no_more(self) -> None:
        """Who is asked to go before that never accepts, even if it is told to then."""
        client = self.listen(waits=True)
        self.assertEqual(self.master.link._drain(False), {})
        self.turn()
        self.assertEqual(self.reactor.stops, 1)
        self.master.link._accept()
        self.turn()
        client.setblocking(False)
        # Nobody else listens here, so the kernel may have said so.
        with self.assertRaises((BlockingIOError, ConnectionResetError)):
            client.recv(1)

    def test_told_before_it_serves(self) -> None:
        """A worker without its application has nothing to accept with."""
        self.patch(bootstrap, "load_application", missing)
        self.start()
        self.assertEqual(self.master.link._accept(), {})


class LoadTests(SynchronousTestCase):
    """C{need-app}."""

    def test_not_needed(self) -> None:
        """With C{need-app = false} requests are answered with 500, and the log says why."""
        self.patch(bootstrap, "load_application", missing)
        log = Log()
        made = load(Settings(need_app=False), log)
        self.assertIn("no module named app", log.lines[0])
        errors = Log()
        said: list[Any] = []
        body = made({"wsgi.errors": Errors(errors)}, lambda *words: said.append(words))
        self.assertEqual(
            (said[0][0], body), ("500 Internal Server Error", [b"Internal Server Error"])
        )
        self.assertIn("no python application found", errors.lines[0])

    def test_needed(self) -> None:
        """Else it is the caller's trouble."""
        self.patch(bootstrap, "load_application", missing)
        self.assertRaises(ApplicationError, load, Settings(), Log())


class Errors:
    """C{wsgi.errors}."""

    def __init__(self, log: Log) -> None:
        self.write = log.line


class EndTests(WorkerCase):
    """The end, in all its ways."""

    def test_stop_begins(self) -> None:
        """That a stop has begun is heard, whether there is something to serve with or not."""
        self.start()
        self.assertEqual(self.master.link._stop_begins(), {})
        self.patch(bootstrap, "load_application", missing)
        self.start()
        self.assertEqual(self.master.link._stop_begins(), {})
        self.assertEqual(self.state, BOOTING)

    def test_drain(self) -> None:
        """C{Drain} is answered, then obeyed; the process ends when the last link is closed."""
        self.start()
        link = self.link()
        self.assertEqual(self.master.link._drain(True), {})
        self.assertEqual((self.state, self.reactor.stops), (READY, 0))
        self.turn()
        self.assertTrue(link.recv(100))
        self.assertEqual(self.reactor.stops, 0)
        link.close()
        self.turn()
        self.assertEqual((self.reactor.stops, self.worker.exit_code), (1, 0))

    def test_drain_before_ready(self) -> None:
        """A worker that has nothing to serve with yet leaves at once."""
        self.patch(bootstrap, "load_application", missing)
        self.start()
        self.master.link._drain(True)
        self.turn()
        self.assertEqual(self.reactor.stops, 1)

    def test_master_gone_idle(self) -> None:
        """An idle worker leaves at once when its master is gone, and says why."""
        self.start()
        self.master.go()
        self.turn()
        self.assertEqual(self.reactor.stops, 1)
        self.assertEqual(
            self.log.lines[-1],
            "uWSGI worker 1 error: the master disconnected from this worker. "
            "Shutting down the worker.",
        )

    def test_master_gone_busy(self) -> None:
        """One with links leaves when its frontends have; after C{worker-reload-mercy} at last."""
        self.start(worker_reload_mercy=7)
        link = self.link()
        self.master.go()
        self.turn()
        self.assertEqual((self.reactor.stops, self.mercy), (0, [7]))
        link.close()
        self.turn()
        self.assertEqual(self.reactor.stops, 1)

    def test_master_gone_within_drain(self) -> None:
        """A master that goes when the worker is leaving anyway changes nothing: it stops once."""
        self.start()
        self.master.link._drain(True)
        self.turn()
        self.assertEqual(self.reactor.stops, 1)
        self.master.go()
        self.turn()
        self.assertEqual(self.reactor.stops, 1)

    def test_master_gone_at_the_end(self) -> None:
        """When the reactor has stopped, the end of the link is no news."""
        self.start()
        self.reactor.running = False
        self.master.go()
        self.assertEqual((len(self.log.lines), self.mercy), (1, []))
