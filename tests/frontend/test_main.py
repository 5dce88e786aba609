"""L{twsgi.frontend.main}: the frontend process, from its first word to its master to its last."""

from __future__ import annotations

import dataclasses
import os
import socket
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.proxy.fakes import LAST_OK, OK, FakeLink
from tests.web.fakes import get
from tests.worker.fakes import Log, Master, ProcessReactor, a_launch
from twsgi.control.launch import InheritedListener, anonymous_file
from twsgi.control.scoreboard import (
    FRONTEND_PID,
    FRONTEND_REQUESTS,
    FRONTEND_STATE,
    FRONTEND_STATIC,
    READY,
    Scoreboard,
)
from twsgi.frontend import main
from twsgi.frontend.main import Frontend
from twsgi.log.requestline import DELAY
from twsgi.wire.frames import KEEP_ALIVE


class FrontendCase(SynchronousTestCase):
    """A frontend whose master, and whose workers, are the test."""

    def setUp(self) -> None:
        self.reactor = ProcessReactor()
        self.log = Log()
        self.master = Master()
        self.mercy: list[float] = []
        self.board = anonymous_file("test")
        self.patch(main, "SCOREBOARD_FD", os.dup(self.board))
        self.patch(main, "connect", self.master.connect)
        self.patch(main, "leave_signals_to_master", lambda *arguments: None)
        self.patch(main, "leave_within", self.mercy.append)
        self.record = Scoreboard(self.board, 2, 2, 1).frontend(1)

    def start(self, waits: bool = False, **settings: Any) -> Frontend:
        """Starts it; C{waits}: it is to take over."""
        sock = socket.create_server(("127.0.0.1", 0))
        sock.setblocking(False)
        self.address = sock.getsockname()
        listener = InheritedListener(sock.detach(), "http", "127.0.0.1:0")
        launch = dataclasses.replace(
            a_launch("http", **settings), listeners=(listener,), waits=waits
        )
        self.frontend = Frontend(launch, self.log, self.reactor)
        self.frontend.start()
        self.addCleanup(self.cut)
        return self.frontend

    def cut(self) -> None:
        """Leaves no descriptor behind."""
        for acceptor in self.frontend._acceptors:
            acceptor.close(empty_queue=False)
        self.frontend._site.stop()
        self.frontend._dispatcher.stop()

    def link(self) -> FakeLink:
        """The worker's end of a link that the master has handed over."""
        ours, theirs = socket.socketpair()
        self.addCleanup(theirs.close)
        self.assertEqual(self.master.link._add_link(1, 1, ours.detach()), {})
        return FakeLink(theirs)

    def client(self, data: bytes = b"") -> socket.socket:
        """A client that has sent C{data}."""
        client = socket.create_connection(self.address)
        client.settimeout(5)
        self.addCleanup(client.close)
        client.sendall(data)
        return client

    def turn(self) -> None:
        """The process does all there is to do."""
        self.reactor.advance(0)
        self.reactor.turn_until_idle()

    def drain(self, final: bool = True) -> None:
        """The master says C{Drain}."""
        self.assertEqual(self.master.link._drain(final), {})


class ServedTests(FrontendCase):
    """What it does."""

    def test_ready(self) -> None:
        """It says that it is ready: to its master and on the scoreboard."""
        self.start()
        self.assertIn(b"Ready", self.master.said)
        self.assertEqual(self.record[FRONTEND_STATE], READY)
        self.assertEqual(self.record[FRONTEND_PID], os.getpid())

    def test_served(self) -> None:
        """A client's request goes to a worker, over the link that the master has handed over."""
        self.start()
        client = self.client(get("/a"))
        self.turn()
        link = self.link()
        self.turn()
        self.assertEqual(link.uri, "/a")
        link.answer()
        self.turn()
        self.assertEqual(client.recv(1000), OK)
        self.assertEqual(self.record[FRONTEND_STATIC], 0)

    def test_waits(self) -> None:
        """Who is to take over accepts nobody until it is told to, and never if it is to go."""
        for told in ("accept", "drain"):
            self.start(waits=True)
            self.assertIn(b"Ready", self.master.said)
            client = self.client(get("/a"))
            if told == "drain":
                self.drain(final=False)
            else:
                link = self.link()
            self.turn()
            self.assertEqual(self.frontend._site.channels, set())
            self.assertEqual(self.master.link._accept(), {})
            self.turn()
            self.assertEqual(len(self.frontend._site.channels), int(told == "accept"))
            if told == "accept":
                self.assertEqual(link.uri, "/a")
            client.close()

    def test_link_lost(self) -> None:
        """A link that is lost is told to the master, with its worker; the next takes over."""
        self.start()
        self.link().close()
        self.assertNotIn(b"LinkLost", self.master.said)
        self.turn()
        self.assertEqual(self.master.said.count(b"LinkLost"), 1)
        self.assertIn(b"\x00\x05place\x00\x011", self.master.said)
        client = self.client(get("/a"))
        self.turn()
        link = self.link()
        self.turn()
        self.assertEqual(link.uri, "/a")
        link.answer()
        self.turn()
        self.assertEqual(client.recv(1000), OK)

    def test_static(self) -> None:
        """A file is served without a worker, counted and logged."""
        root = os.path.abspath(self.mktemp())
        os.mkdir(root)
        with open(os.path.join(root, "base.css"), "w") as file:
            file.write("body{}")
        self.start(check_static=(root,))
        client = self.client(get("/base.css"))
        self.turn()
        self.assertTrue(client.recv(1000).endswith(b"\r\n\r\nbody{}"))
        self.assertEqual((self.record[FRONTEND_STATIC], self.record[FRONTEND_REQUESTS]), (1, 1))
        self.reactor.advance(DELAY)
        self.assertIn("GET /base.css", self.log.lines[0])

    def test_queue_limit(self) -> None:
        """The queue is as long as C{http-queue} says, or else as C{listen}."""
        for settings, length in (({"http_queue": 1, "listen": 3}, 1), ({"listen": 2}, 2)):
            self.start(**settings)
            clients = [self.client(get()) for _ in range(length + 1)]
            self.turn()
            self.assertIn(b"503", clients[-1].recv(1000))
            self.cut()


class EndTests(FrontendCase):
    """The end, in all its ways."""

    def test_idle(self) -> None:
        """C{Drain} is answered, then obeyed: idle clients and links are closed, and it ends."""
        self.start()
        link = self.link()
        client = self.client()
        self.turn()
        self.drain()
        self.assertEqual(self.reactor.stops, 0)
        self.turn()
        self.assertEqual(client.recv(1), b"")
        self.assertTrue(link.closed())
        self.assertEqual(self.reactor.stops, 1)
        self.assertRaises(ConnectionRefusedError, self.client)

    def test_links_while_it_drains(self) -> None:
        """A link that is lost while all finish, or closed at the end, is nobody's concern."""
        self.start()
        busy, idle = self.link(), self.link()
        self.client(get())
        self.turn()
        if busy.uri_seen() is None:
            busy, idle = idle, busy
        self.drain()
        self.turn()
        self.assertEqual(self.reactor.stops, 0)
        idle.close()
        self.turn()
        busy.answer()
        self.turn()
        self.reactor.pump([0.1] * 5)
        self.assertEqual(self.reactor.stops, 1)
        self.assertNotIn(b"LinkLost", self.master.said)

    def test_order(self) -> None:
        """The kernel's queue, then all requests that run or wait; then links; then the end."""
        self.start()
        link = self.link()
        clients = [self.client(get(f"/{number}")) for number in range(3)]
        self.turn()
        clients.append(self.client(get("/3")))
        self.drain()
        for number in range(4):
            self.turn()
            self.assertEqual(self.reactor.stops, 0)
            self.assertFalse(link.closed())
            self.assertEqual(link.uri, f"/{number}")
            link.answer()
        self.turn()
        self.reactor.pump([0.1] * 5)
        self.turn()
        for number, client in enumerate(clients):
            # To the last worker we have said that it is the last one; of the others it was known.
            self.assertEqual(client.recv(1000), LAST_OK if number < 3 else OK)
            self.assertEqual(client.recv(1000), b"")
        self.assertTrue(link.closed())
        self.assertEqual(self.reactor.stops, 1)

    def test_last_requests(self) -> None:
        """Who is served while it drains is told that the connection ends."""
        self.start()
        link = self.link()
        self.client(get())
        self.drain()
        self.turn()
        request = link.request()
        assert request is not None
        self.assertFalse(request[0] & KEEP_ALIVE)

    def test_not_final(self) -> None:
        """Where another frontend will accept, the kernel's queue is left to it."""
        self.start()
        link = self.link()
        others = socket.socket(fileno=os.dup(self.frontend._acceptors[0].fileno()))
        self.addCleanup(others.close)
        self.client(get())
        self.drain(final=False)
        self.reactor.advance(0)
        self.turn()
        self.assertEqual(self.reactor.stops, 1)
        self.assertIsNone(link.request() if not link.closed() else None)
        others.accept()[0].close()

    def test_master_gone(self) -> None:
        """Without a master it drains by itself; in C{worker-reload-mercy} at the latest."""
        self.start(worker_reload_mercy=7)
        link = self.link()
        client = self.client(get("/a"))
        self.turn()
        self.master.go()
        self.turn()
        self.assertEqual((self.reactor.stops, self.mercy), (0, [7]))
        self.assertEqual(link.uri, "/a")
        link.answer()
        self.turn()
        self.assertEqual(client.recv(1000), LAST_OK)
        self.reactor.pump([0.1] * 5)
        self.assertEqual(self.reactor.stops, 1)

    def test_master_gone_within_drain(self) -> None:
        """A master that goes when it is leaving anyway changes nothing: it stops once."""
        self.start()
        self.link()
        self.drain()
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
        self.assertEqual(self.mercy, [])
        self.assertIsNotNone(self.client())

    def test_log(self) -> None:
        """Lines that wait are written at the end."""
        root = os.path.abspath(self.mktemp())
        os.mkdir(root)
        with open(os.path.join(root, "a"), "w") as file:
            file.write("a")
        self.start(check_static=(root,))
        self.client(get("/a"))
        self.turn()
        self.frontend.stopped()
        self.assertEqual(len(self.log.lines), 1)
