"""L{twsgi.frontend.main}: what the master may ask of a frontend while it serves."""

from __future__ import annotations

import dataclasses
import os
import socket
from typing import Any

from tests.frontend.test_main import FrontendCase
from tests.proxy.fakes import OK
from tests.web.fakes import get
from twsgi.log.requestline import DELAY
from twsgi.settings.model import Settings
from twsgi.web.body import IN_MEMORY


class CommandCase(FrontendCase):
    """A frontend with a worker."""

    def ask(self, client: socket.socket, path: str) -> bytes:
        """What C{client}, whose connection is kept, is answered."""
        client.sendall(get(path))
        self.turn()
        return client.recv(1000)

    def reconfigure(self, **settings: Any) -> None:
        """The master says C{Reconfigure}."""
        launch = dataclasses.replace(self.frontend._launch, settings=Settings(**settings))
        self.assertEqual(self.master.link._reconfigure(launch.write()), {})

    def a_file(self, text: str) -> str:
        """A directory with a file C{base.css}."""
        root = os.path.abspath(self.mktemp())
        os.mkdir(root)
        with open(os.path.join(root, "base.css"), "w") as file:
            file.write(text)
        return root


class ReadyPathTests(CommandCase):
    """C{ready-path}."""

    def test_worker(self) -> None:
        """It is ready as long as it has a worker."""
        self.start(ready_path="/ready")
        client = self.client()
        self.assertIn(b" 503 ", self.ask(client, "/ready"))
        self.assertTrue(self.ask(client, "/ready").endswith(b"no worker is ready\n"))
        link = self.link()
        self.turn()
        self.assertTrue(self.ask(client, "/ready").endswith(b"ready\n"))
        link.close()
        self.turn()
        self.assertIn(b" 503 ", self.ask(client, "/ready"))
        self.assertEqual(self.frontend._record[5:7].tolist(), [0, 0])

    def test_stop_begins(self) -> None:
        """When a stop has begun it is not, but it serves as before."""
        self.start(ready_path="/ready")
        link = self.link()
        client = self.client()
        self.assertIn(b" 200 ", self.ask(client, "/ready"))
        self.assertEqual(self.master.link._stop_begins(), {})
        answer = self.ask(client, "/ready")
        self.assertTrue(answer.endswith(b"stopping\n"))
        self.assertNotIn(b"Connection: close", answer)
        client.sendall(get("/a"))
        self.turn()
        self.assertEqual(link.uri, "/a")
        link.answer()
        self.turn()
        self.assertEqual(client.recv(1000), OK)

    def test_last(self) -> None:
        """At the end it is asked on connections that are still there; a last answer is 503."""
        for final, status in ((True, b" 503 "), (False, b" 200 ")):
            self.start(ready_path="/ready")
            self.link()
            client = self.client()
            self.ask(client, "/ready")
            # Something is under way, so that nothing ends.
            self.client(get())
            self.turn()
            self.drain(final)
            self.turn()
            answer = self.ask(client, "/ready")
            self.assertIn(status, answer)
            self.assertIn(b"Connection: close", answer)

    def test_before_files(self) -> None:
        """It stands before static files, and has no line in the log."""
        self.start(ready_path="/base.css", check_static=(self.a_file("body{}"),))
        self.link()
        self.turn()
        self.assertTrue(self.ask(self.client(), "/base.css").endswith(b"ready\n"))
        self.reactor.advance(DELAY)
        self.assertEqual(self.log.lines, [])


class CondemnTests(CommandCase):
    """C{Condemn}."""

    def test_condemned(self) -> None:
        """What has run for too long is answered 504, and the worker gets no more."""
        self.start()
        link = self.link()
        client = self.client(get("/stuck"))
        self.turn()
        self.assertEqual(link.uri, "/stuck")
        self.assertEqual(self.master.link._condemn(1, 5.0, [link.since]), {})
        self.turn()
        self.assertIn(b" 504 ", client.recv(1000))
        self.assertFalse(self.frontend._dispatcher.linked)


class ReconfigureTests(CommandCase):
    """C{Reconfigure}: nothing is lost, and the next request finds the new settings."""

    def kept(self, **settings: Any) -> socket.socket:
        """A client of a frontend that has a worker."""
        self.start(**settings)
        self.worker = self.link()
        client = self.client()
        self.turn()
        return client

    def test_static(self) -> None:
        """Other directories, on a connection that is kept."""
        one, other = self.a_file("one"), self.a_file("other")
        client = self.kept(check_static=(one,))
        self.assertTrue(self.ask(client, "/base.css").endswith(b"\r\n\r\none"))
        self.reconfigure(check_static=(other,))
        self.assertTrue(self.ask(client, "/base.css").endswith(b"\r\n\r\nother"))
        self.reconfigure()
        client.sendall(get("/base.css"))
        self.turn()
        self.assertEqual(self.worker.uri, "/base.css")

    def test_relative(self) -> None:
        """They start where the new settings say, though this process stays where it is."""
        root = self.a_file("moved")
        client = self.kept()
        directory, name = os.path.split(root)
        launch = dataclasses.replace(
            self.frontend._launch, settings=Settings(check_static=(name,)), directory=directory
        )
        self.master.link._reconfigure(launch.write())
        self.assertTrue(self.ask(client, "/base.css").endswith(b"moved"))

    def test_ready_path(self) -> None:
        """Another C{ready-path}, which knows what the former one knew."""
        client = self.kept(ready_path="/ready")
        self.master.link._stop_begins()
        self.reconfigure(ready_path="/other")
        self.assertTrue(self.ask(client, "/other").endswith(b"stopping\n"))

    def test_dispatcher(self) -> None:
        """Queue, time and what is sent again."""
        self.kept()
        dispatcher = self.frontend._dispatcher
        self.assertEqual((dispatcher._limit, dispatcher.timeout), (1024, 60))
        self.assertIn("PUT", dispatcher.retried)
        self.reconfigure(http_queue=7, http_timeout=5, http_retry="safe")
        self.assertEqual((dispatcher._limit, dispatcher.timeout), (7, 5))
        self.assertNotIn("PUT", dispatcher.retried)
        self.reconfigure(listen=9, http_retry="off")
        self.assertEqual((dispatcher._limit, dispatcher.retried), (9, frozenset()))

    def test_from_the_start(self) -> None:
        """The same at the start."""
        dispatcher = self.start(http_queue=7, http_timeout=5, http_retry="safe")._dispatcher
        self.assertEqual((dispatcher._limit, dispatcher.timeout), (7, 5))
        self.assertNotIn("PUT", dispatcher.retried)

    def test_limits(self) -> None:
        """Limits hold for the next request of a connection that is there."""
        client = self.kept()
        self.reconfigure(limit_post=5, http_timeout=9, http_connections=77)
        limits = self.frontend._site.limits
        self.assertEqual((limits.body_timeout, limits.idle_timeout), (9, 9))
        self.assertEqual(self.frontend._site.admission.room(), 76)
        client.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n")
        self.turn()
        self.assertIn(b" 413 ", client.recv(1000))

    def test_connections(self) -> None:
        """How many connections there may be, by descriptors, does not shrink by those there are."""
        self.kept()
        before = self.frontend._site.limits.connections
        self.reconfigure()
        self.assertEqual(self.frontend._site.limits.connections, before)

    def test_peers(self) -> None:
        """Connections that are there count when their number is limited, and when it is not."""
        self.kept()
        self.reconfigure(http_connections_per_peer=1)
        second = self.client()
        self.turn()
        self.assertIn(b" 503 ", second.recv(1000))
        self.reconfigure()
        third = self.client()
        third.close()
        self.turn()
        self.assertEqual(len(self.frontend._site.channels), 1)

    def test_log(self) -> None:
        """Request lines, on and off."""
        client = self.kept(check_static=(self.a_file("text"),), disable_logging=True)
        self.ask(client, "/base.css")
        self.reactor.advance(DELAY)
        self.assertEqual(self.log.lines, [])
        self.reconfigure(check_static=self.frontend._launch.settings.check_static)
        self.ask(client, "/base.css")
        self.reactor.advance(DELAY)
        self.assertEqual(len(self.log.lines), 1)

    def test_spool(self) -> None:
        """What may be stored for slow clients, less what is."""
        self.kept(http_response_spool=100)
        spools = self.frontend._spools
        spools.left -= 30
        self.reconfigure(http_response_spool=50)
        self.assertEqual((spools.limit, spools.left), (50, 50 * 16 - 30))

    def test_offload(self) -> None:
        """Other offload threads are for new connections; those there keep what they have."""
        self.kept(offload_threads=1)
        (first,) = self.frontend._offloads
        self.reconfigure(offload_threads=1)
        self.assertIs(self.frontend._site.offload, first)
        self.reconfigure(offload_threads=2)
        self.assertIsNot(self.frontend._site.offload, first)
        self.assertEqual(len(self.frontend._offloads), 2)
        self.reconfigure()
        self.assertIsNone(self.frontend._site.offload)
        self.drain()
        self.turn()
        self.reactor.pump([0.1] * 5)
        for offload in self.frontend._offloads:
            for thread in offload._threads:
                thread.join(5)
                self.assertFalse(thread.is_alive())

    def test_request_under_way(self) -> None:
        """A request that is under way is answered as if nothing had happened."""
        client = self.kept()
        client.sendall(get("/a"))
        self.turn()
        self.assertEqual(self.worker.uri, "/a")
        self.reconfigure(http_timeout=5, buffer_size=IN_MEMORY)
        self.worker.answer()
        self.turn()
        self.assertEqual(client.recv(1000), OK)
