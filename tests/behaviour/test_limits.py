"""The limits that an operator sets, as clients meet them."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
import time
from typing import Any
from unittest import skipUnless

from tests.behaviour.client import Connection, ResetError
from tests.behaviour.harness import Http, HttpSocket, ModeCase
from tests.behaviour.server import Call, Server

CURL = shutil.which("curl")
#: What a client that has to be answered is willing to wait.
AT_ONCE = 10.0
REFUSED = r"(?m)^127\.0\.0\.1: "
LIMIT = 100_000
TOO_LONG = bytes(range(256)) * 100_000


class Limited(ModeCase):
    """A server with limits."""

    def server(self, shell: str = "", **changes: str) -> Server:
        """One process of four threads; underscores stand for dashes.  C{shell} runs before it."""
        site = self.site()
        options = {name.replace("_", "-"): value for name, value in changes.items()}
        site.edit(self.ini, {"processes": "1", "threads": "4", "cheaper": None, **options})
        if shell:
            run = f'{shell} && exec "$0" "$@"'
            server = self.start(site, "sh", "-c", run, sys.executable, "-m", "twsgi", self.ini)
        else:
            server = self.twsgi(site, self.ini)
        server.wait_ready()
        return server

    def patient(self, seconds: int) -> dict[str, str]:
        """How long this mode is to wait for bodies, and keeps idle connections."""
        return {"http_timeout" if self.option == "http" else "socket_timeout": str(seconds)}

    def connect(self, server: Server) -> Connection:
        """A client, closed after the test."""
        connection = server.connect()
        self.addCleanup(connection.close)
        return connection


class Bodies:
    """How long a body may be, how slow, and how much of it stays in memory."""

    def test_limit_post(self: Any) -> None:
        """A body of C{limit-post} bytes is taken; one of a byte more is answered 413."""
        server = self.server(limit_post=str(LIMIT))
        just, more = TOO_LONG[:LIMIT], TOO_LONG[: LIMIT + 1]
        for how in ({"body": just}, {"chunks": [just[:5], just[5:]]}):
            answer = server.get("/echo", "POST", **how)
            self.assertEqual((answer.status, answer.body), (200, just))
        for how in ({"body": more}, {"chunks": [just, b"x"]}):
            with server.connect() as client:
                answer = client.request("/echo", "POST", **how)
                self.assertEqual((answer.status, answer.header("Connection")), (413, "close"))
                self.assertTrue(client.ends())
        server.wait_for(REFUSED + rf"413: body over limit-post \({LIMIT}\)$", count=2)
        self.assertEqual(server.find(rf"POST /echo => generated (?!{LIMIT} )"), [])

    def test_limit_post_before_the_body(self: Any) -> None:
        """A length that is too great is refused at once, and instead of C{100 Continue}."""
        server = self.server(limit_post=str(LIMIT))
        for expect in ([], [("Expect", "100-continue")]):
            client = self.connect(server)
            client.send("/echo", "POST", headers=[*expect, ("Content-Length", str(LIMIT + 1))])
            answer = client.receive()
            self.assertEqual((answer.status, answer.interim), (413, []))
            self.assertTrue(client.ends())

    def test_limit_post_while_it_is_sent(self: Any) -> None:
        """A client that goes on to send gets to read the answer all the same."""
        server = self.server(limit_post=str(LIMIT))
        for how in ({"body": TOO_LONG}, {"chunks": [TOO_LONG[:50000]] * 500}):
            client = self.connect(server)

            def send(client: Connection = client, how: Any = how) -> None:
                try:
                    client.send("/echo", "POST", **how)
                except ResetError:
                    pass  # it has been answered for long

            sending = Call(send)
            self.assertEqual(client.receive().status, 413)
            sending.result()

    def test_limit_post_read_afterwards(self: Any) -> None:
        """A client that reads only when it has sent all gets the answer, too."""
        server = self.server(limit_post=str(LIMIT))
        body = TOO_LONG[:3_000_000]
        for how in ({"body": body}, {"chunks": [body[:50000]] * 60}):
            self.assertEqual(server.get("/echo", "POST", **how).status, 413)

    @skipUnless(CURL, "needs curl")
    def test_limit_post_and_curl(self: Any) -> None:
        """curl shows the answer to a body that is too long, with a length and without one."""
        server = self.server(limit_post=str(LIMIT))
        for chunked in ([], ["-H", "Transfer-Encoding: chunked"]):
            command = ["curl", "-q", "-sS", "--noproxy", "*", "-w", "%{http_code}", *chunked]
            post = ["--data-binary", "@-", f"http://127.0.0.1:{server.port}/echo"]
            done = subprocess.run(
                [*command, *post], input=TOO_LONG, capture_output=True, timeout=60, check=False
            )
            self.assertEqual(done.stdout, b"413 Request Entity Too Large\n413", done.stderr)

    def test_minimum_rate(self: Any) -> None:
        """A body that never pauses, and is slower than C{http-min-body-rate}, is answered 408."""
        server = self.server(**self.patient(2), http_min_body_rate="1000")
        client = self.connect(server)
        client.send("/echo", "POST", headers=[("Content-Length", "1000000")])
        ended = threading.Event()
        self.addCleanup(ended.set)

        def drip() -> None:
            while not ended.wait(0.1):
                client.send_raw(b"x")

        dripping = Call(drip)
        self.assertEqual(client.receive().status, 408)
        ended.set()
        dripping.result()
        server.wait_for(REFUSED + r"408: the body came slower than http-min-body-rate \(1000\)$")

    def test_no_minimum_rate(self: Any) -> None:
        """With C{http-min-body-rate = 0} a body may be as slow as it likes, but for pauses."""
        server = self.server(**self.patient(2), http_min_body_rate="0")
        client = self.connect(server)
        body = b"x" * 50
        client.send("/echo", "POST", headers=[("Content-Length", str(len(body)))])
        for _ in body:
            client.send_raw(b"x")
            time.sleep(0.1)
        self.assertEqual(client.receive().body, body)

    def test_in_memory(self: Any) -> None:
        """What C{post-buffering-bufsize} allows stays in memory, and needs no disk."""
        body = TOO_LONG[:400_000]
        for size, status in (("65536", 507), ("500000", 200)):
            server = self.server(shell="ulimit -f 200", post_buffering_bufsize=size)
            answer = server.get("/echo", "POST", body=body)
            self.assertEqual((answer.status, answer.body == body), (status, status == 200))


class Heads:
    """How many fields a head may have."""

    def test_max_vars(self: Any) -> None:
        """A request with C{max-vars} header fields is served, one with one more answered 431."""
        server = self.server(max_vars="20")
        fields = [(f"X-Field-{number}", "x") for number in range(20)]
        self.assertEqual(server.get("/", headers=fields[:19]).status, 200)
        with server.connect() as client:
            self.assertEqual(client.request("/", headers=fields).status, 431)
            self.assertTrue(client.ends())
        server.wait_for(REFUSED + r"431: .*max-vars \(20\)")


class Connections:
    """How many connections there may be, and for how many requests each."""

    def test_requests_of_one_connection(self: Any) -> None:
        """After C{http-keepalive-requests} requests a connection is closed, and was told so."""
        server = self.server(http_keepalive_requests="3")
        with server.connect() as client:
            told = [client.request(path).header("Connection") for path in ("/", "/base.css", "/")]
            self.assertEqual(told, [None, None, "close"])
            self.assertTrue(client.ends())
        with server.connect() as client:
            client.send_raw(b"GET /path HTTP/1.1\r\nHost: a\r\n\r\n" * 5)
            self.assertEqual([client.receive().status for _ in range(3)], [200] * 3)
            self.assertTrue(client.ends())

    def test_connections_of_a_peer(self: Any) -> None:
        """
        Whoever has C{http-connections-per-peer} connections is answered 503 on the next, and
        served again when one of them has ended; those that there are live on.
        """
        server = self.server(http_connections_per_peer="3", **self.patient(60))
        # The connection of whoever found it ready may not have ended yet.
        self.soon(lambda: self.let_in(server), "there is room")
        there: list[Connection] = []

        def all_in() -> bool:
            client = self.connect(server)
            if client.request("/").status == 200:
                there.append(client)
            return len(there) == 3

        self.soon(all_in, "three are let in")
        for _ in range(20):
            with server.connect() as client:
                answer = client.request("/")
                self.assertEqual((answer.status, answer.header("Connection")), (503, "close"))
                self.assertTrue(client.ends())
        server.wait_for(
            REFUSED + r"503: has 3 connections already \(http-connections-per-peer\)$", count=10
        )
        server.wait_for(r"(?m)^\d+ more requests were refused, cut or sent again$")
        self.assertEqual([client.request("/").status for client in there], [200] * 3)
        there[1].close()
        self.soon(lambda: self.let_in(server), "there is room again")

    def let_in(self: Any, server: Server) -> bool:
        """One more client is served."""
        try:
            return bool(server.get("/").status == 200)
        except ResetError:
            return False

    def test_connections_in_all(self: Any) -> None:
        """
        With C{http-connections} connections at work the next one waits, and is served when one of
        them has ended.
        """
        server = self.server(http_connections="3", http_headers_timeout="60", **self.patient(60))
        there = [self.connect(server) for _ in range(3)]
        there[0].send("/block?all")
        self.soon(lambda: server.site.inside("all"), "a request is inside")
        there[1].send_raw(b"GET / HTTP/1.1\r\nHost: a")
        there[2].send_raw(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe")
        waiting = self.connect(server)
        waiting.send("/")
        time.sleep(1.5)
        self.assertFalse(waiting.spoken_to())
        there[1].close()
        self.assertEqual(waiting.receive().status, 200)
        there[2].send_raw(b"llo")
        self.assertEqual(there[2].receive().body, b"hello")
        server.site.release("all")
        self.assertEqual(there[0].receive().status, 200)

    def test_idle_connections_give_way(self: Any) -> None:
        """
        At the limit the connection that has been kept idle longest is closed for a new one; one
        that is at work is not.
        """
        server = self.server(http_connections="3", http_headers_timeout="60", **self.patient(60))
        # Who has been there before may not be known to have gone: he, too, is one of three.
        there = [self.connect(server)]
        there[0].send("/block?idle")
        self.soon(lambda: server.site.inside("idle"), "a request is inside")
        for _ in range(2):
            there.append(self.connect(server))
            self.assertEqual(there[-1].request("/").status, 200)
        for _ in range(10):
            new = self.connect(server)
            new.socket.settimeout(AT_ONCE)
            self.assertEqual(new.request("/").status, 200)
        self.assertTrue(there[1].ends())
        server.site.release("idle")
        self.assertEqual(there[0].receive().status, 200)


class HttpLimitTests(Bodies, Heads, Connections, Http, Limited):
    """The limits of C{http =}."""


class HttpSocketLimitTests(Bodies, Heads, Connections, HttpSocket, Limited):
    """The limits of C{http-socket =}."""
