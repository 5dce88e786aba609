"""L{twsgi.worker.serving}: cores, links and listeners, wired together; and drained, in order."""

from __future__ import annotations

import socket
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.descriptors import open_descriptors
from tests.web.fakes import get
from tests.worker.fakes import Log, ProcessReactor, ready, start_nothing, step
from twsgi.control.scoreboard import (
    BOOTING,
    CORE_REQUESTS,
    DRAINING,
    READY,
    WORKER_OPEN,
    WORKER_STATE,
    WORKER_WAITING,
    Scoreboard,
)
from twsgi.log.requestline import DELAY
from twsgi.settings.model import Settings
from twsgi.wire import frames
from twsgi.worker.serving import Serving
from twsgi.wsgi.core import Core


def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """Answers with what it was asked for."""
    start_response("200 OK", [])
    return [environ["REQUEST_URI"].encode()]


class ServingCase(SynchronousTestCase):
    """One worker's, whose cores run when the test says so."""

    def setUp(self) -> None:
        self.patch(Core, "start", start_nothing)
        self.reactor = ProcessReactor()
        self.log = Log()
        self.scoreboard = Scoreboard.create(1, 2, 1)
        self.scoreboard.give_worker(1, 1, 2)
        self.drained: list[str] = []
        self.before = 0

    def serve(self, *sockets: socket.socket, **settings: Any) -> Serving:
        """Begins to serve."""
        self.serving = Serving(
            Settings(threads=2, **settings),
            application,
            {},
            self.scoreboard,
            1,
            self.reactor,
            self.log,
            requests_before=self.before,
        )
        self.assertEqual(self.state, BOOTING)
        self.serving.start(list(sockets))
        self.addCleanup(self.serving.stop)
        return self.serving

    @property
    def state(self) -> int:
        """What the scoreboard says."""
        return int(self.scoreboard.worker(1)[WORKER_STATE])

    def listener(self) -> socket.socket:
        """A listening socket."""
        sock = socket.create_server(("127.0.0.1", 0))
        sock.setblocking(False)
        self.address = sock.getsockname()
        return sock

    def client(self, data: bytes = b"") -> socket.socket:
        """A client of that socket, that has sent C{data}."""
        client = socket.create_connection(self.address)
        client.settimeout(5)
        self.addCleanup(client.close)
        client.sendall(data)
        return client

    def link(self) -> socket.socket:
        """A frontend's end of a new link."""
        ours, theirs = socket.socketpair()
        theirs.settimeout(5)
        self.addCleanup(theirs.close)
        self.serving.add_link(ours.detach(), 1)
        return theirs

    def begun(self, uri: str) -> socket.socket:
        """A client whose request came in two parts, and waits for a core."""
        data = get(uri)
        client = self.client(data[:9])
        self.assertTrue(step(self.serving._cores))
        self.reactor.turn_until_idle()
        client.sendall(data[9:])
        self.reactor.turn_until_idle()
        return client

    def run_cores(self) -> None:
        """Everybody does all there is to do."""
        self.reactor.turn_until_idle()
        while step(self.serving._cores):
            self.reactor.turn_until_idle()
        self.reactor.turn_until_idle()

    def drain(self, final: bool = True) -> None:
        """Begins to drain."""
        self.serving.drain(final, lambda: self.drained.append("drained"))

    def request(self, uri: str) -> bytes:
        """A request's frame."""
        variables = {
            "REQUEST_METHOD": "GET",
            "REQUEST_URI": uri,
            "PATH_INFO": uri,
            "SERVER_PROTOCOL": "HTTP/1.1",
        }
        return frames.encode_request(frames.HTTP11, frames.encode_variables(variables), b"", 0)


class ServedTests(ServingCase):
    """Requests by a listener and by links."""

    def test_listener(self) -> None:
        """A request by the worker's own listener is served by a core and logged."""
        self.serve(self.listener())
        self.assertEqual(self.state, READY)
        client = self.client(get("/a"))
        self.run_cores()
        self.assertTrue(client.recv(1000).endswith(b"\r\n\r\n/a"))
        self.assertEqual(self.scoreboard.core(1, 0)[CORE_REQUESTS], 1)
        self.reactor.advance(DELAY)
        self.assertIn("GET /a => generated 2 bytes", self.log.lines[0])

    def test_counted_on(self) -> None:
        """A worker counts on from its predecessors, wherever they were; not from its place's."""
        self.scoreboard.core(1, 1)[CORE_REQUESTS] = 30
        self.before = 4
        self.serve(self.listener())
        self.client(get("/a"))
        self.run_cores()
        self.reactor.advance(DELAY)
        self.assertIn("|req: 5/31] ", self.log.lines[0])

    def test_logging_off(self) -> None:
        """With C{disable-logging} no request is."""
        self.serve(self.listener(), disable_logging=True)
        self.client(get("/a"))
        self.run_cores()
        self.reactor.advance(DELAY)
        self.assertEqual(self.log.lines, [])

    def test_link(self) -> None:
        """So is one that comes over a link."""
        self.serve()
        link = self.link()
        link.sendall(self.request("/a"))
        self.run_cores()
        self.assertTrue(link.recv(1000).endswith(b"\r\n\r\n/a"))

    def test_no_more_than_cores(self) -> None:
        """Whoever connects waits in the kernel's queue until a core is free to serve it."""
        self.serve(self.listener())
        for number in range(3):
            self.client(get(f"/{number}"))
        for taken in range(4):
            self.reactor.turn_until_idle()
            self.assertEqual(len(self.serving._listeners._site.channels), taken)
            step(self.serving._cores)

    def test_waiting(self) -> None:
        """How many requests wait for a core is on the scoreboard."""
        self.serve(self.listener())
        data = get("/")
        clients = [self.client(data[:9]) for _ in range(2)]
        self.run_cores()
        for client in clients:
            client.sendall(data[9:])
        self.reactor.turn_until_idle()
        self.reactor.advance(DELAY)
        self.assertEqual(self.scoreboard.worker(1)[WORKER_WAITING], 2)

    def test_keep_alive(self) -> None:
        """Connections are kept, unless C{http-keepalive} is off."""
        for setting, kept in ((1, 1), (0, 0)):
            self.serve(self.listener(), http_keepalive=setting)
            self.client(get())
            self.run_cores()
            self.assertEqual(len(self.serving._listeners._site.channels), kept)


class DrainTests(ServingCase):
    """Nothing new, and what is there is finished."""

    def test_nothing(self) -> None:
        """Where nothing is under way it is over at once."""
        self.serve(self.listener())
        self.drain()
        self.assertEqual((self.drained, self.state), (["drained"], DRAINING))
        self.assertRaises(ConnectionRefusedError, self.client)

    def test_queue_of_the_last(self) -> None:
        """Whom nobody else will serve is taken from the kernel's queue and served."""
        self.serve(self.listener())
        clients = [self.client(get(f"/{number}")) for number in range(5)]
        self.drain(final=True)
        self.assertEqual(self.drained, [])
        self.run_cores()
        self.assertEqual(self.drained, ["drained"])
        for number, client in enumerate(clients):
            response = client.recv(1000)
            self.assertTrue(response.endswith(b"/%d" % number))
            self.assertIn(b"Connection: close", response)

    def test_queue_of_others(self) -> None:
        """Who others will serve is left to them."""
        sock = self.listener()
        others = sock.dup()
        self.addCleanup(others.close)
        self.serve(sock)
        self.client(get())
        self.drain(final=False)
        self.assertEqual(self.drained, ["drained"])
        others.accept()[0].close()

    def test_busy(self) -> None:
        """A request under way is finished before it is over."""
        self.serve(self.listener())
        client = self.begun("/a")
        self.drain(final=False)
        self.assertEqual(self.drained, [])
        self.run_cores()
        self.assertTrue(client.recv(1000).endswith(b"/a"))
        self.reactor.pump([0.1] * 5)
        self.assertEqual(self.drained, ["drained"])

    def test_links(self) -> None:
        """Links are asked to be closed; it is over when the last one is."""
        self.serve()
        links = [self.link(), self.link()]
        self.drain()
        for link in links:
            self.assertEqual(link.recv(100), frames.encode_signal(frames.RETIRE))
        self.run_cores()
        self.assertEqual(self.drained, [])
        for link in links:
            self.assertEqual(self.drained, [])
            link.close()
            self.run_cores()
        self.assertEqual(self.drained, ["drained"])

    def test_what_is_left(self) -> None:
        """The scoreboard tells how many links and connections are left, as soon as it drains."""
        self.serve(self.listener())
        links = [self.link(), self.link()]
        self.client(get("/a"))
        self.run_cores()
        self.assertEqual((self.left, self.state), (0, READY))
        self.drain()
        self.assertEqual((self.left, self.state), (3, DRAINING))
        self.reactor.pump([DELAY] * 10)  # that was a last chance for the connection
        for link, left in zip(links, (1, 0), strict=True):
            link.close()
            self.run_cores()
            self.reactor.pump([DELAY])
            self.assertEqual(self.left, left)

    @property
    def left(self) -> int:
        """What the scoreboard says."""
        return int(self.scoreboard.worker(1)[WORKER_OPEN])

    def test_request_before_the_link_closes(self) -> None:
        """What a frontend sent before it knew is served."""
        self.serve()
        link = self.link()
        self.drain()
        link.sendall(self.request("/a"))
        self.run_cores()
        self.assertIn(b"/a", link.recv(1000))
        self.assertEqual(self.drained, [])

    def test_late_link(self) -> None:
        """A link that comes when the worker drains already is asked to be closed at once."""
        self.serve()
        self.link()
        self.drain()
        self.assertEqual(self.link().recv(100), frames.encode_signal(frames.RETIRE))


class MasterGoneTests(ServingCase):
    """The end without a master."""

    def leave(self) -> None:
        """The master is gone."""
        self.serving.leave_with_frontends(lambda: self.drained.append("drained"))

    def test_links(self) -> None:
        """A worker of frontends serves on until they have closed their links."""
        self.serve()
        link = self.link()
        self.leave()
        link.sendall(self.request("/a"))
        self.run_cores()
        self.assertIn(b"/a", link.recv(1000))
        self.assertEqual(self.drained, [])
        link.close()
        self.run_cores()
        self.assertEqual(self.drained, ["drained"])

    def test_listener(self) -> None:
        """A worker with its own listener takes what has connected, and leaves."""
        self.serve(self.listener())
        client = self.client(get("/a"))
        self.leave()
        self.run_cores()
        self.assertTrue(client.recv(1000).endswith(b"/a"))
        self.assertEqual(self.drained, ["drained"])

    def test_both(self) -> None:
        """One with both does both, and an idle client does not hold it up."""
        self.serve(self.listener())
        link = self.link()
        idle = self.client()
        self.run_cores()
        self.leave()
        self.assertRaises(ConnectionRefusedError, self.client)
        self.assertEqual(idle.recv(1), b"")
        self.assertEqual(self.drained, [])
        link.close()
        self.run_cores()
        self.assertEqual(self.drained, ["drained"])


class StopTests(ServingCase):
    """What is left after the end: nothing."""

    def test_log(self) -> None:
        """Lines that wait are written."""
        self.serve(self.listener())
        self.client(get("/a"))
        self.run_cores()
        self.serving.stop()
        self.assertEqual(len(self.log.lines), 1)

    def test_listener(self) -> None:
        """Nobody listens any more."""
        sock = self.listener()
        address = sock.getsockname()
        self.serve(sock)
        self.serving.stop()
        self.assertRaises(ConnectionRefusedError, socket.create_connection, address)

    def test_cores(self) -> None:
        """The cores are told to end."""
        self.serve()
        self.serving.stop()
        self.assertTrue(ready(self.serving._cores))
        self.assertIsNone(self.serving._cores.wait_point.wait())

    def test_nothing_is_watched(self) -> None:
        """No timer and no descriptor stays with the reactor, whoever was not waited for."""
        for drain in (True, False):
            self.serve(self.listener())
            client = self.client(get())
            self.reactor.turn_until_idle()
            before = len(open_descriptors())
            if drain:
                self.drain()
                self.run_cores()
            self.serving.stop()
            self.serving.stop()
            self.assertEqual((self.reactor.readers, self.reactor.writers), ([], []))
            self.assertEqual(self.reactor.getDelayedCalls(), [])
            self.assertLess(len(open_descriptors()), before)
            client.close()
