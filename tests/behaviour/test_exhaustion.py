"""When descriptors, the disk, or room for the log run out, the service goes on as far as it can."""

from __future__ import annotations

import fcntl
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SkipTest

from tests.behaviour import usage
from tests.behaviour.client import PATIENCE, Connection, Response, fetch
from tests.behaviour.harness import Http, HttpSocket, ModeCase
from tests.behaviour.server import READY, Call, Server
from tests.behaviour.site import Site

#: What a client that has to be answered is willing to wait.
AT_ONCE = 10.0
#: How many descriptors a process has in these tests, and how many clients come.
DESCRIPTORS = 128
CLIENTS = 300
#: Seconds for which it is looked how much a process works that should be waiting.
WATCH = 2.0
LONG = bytes(range(256)) * 1024

#: An application that writes lines to its log at C{/complain}, and is the tests' own elsewhere.
COMPLAIN = """

def complain(environ):
    for line in range(200):
        environ["wsgi.errors"].write("line %d: %s\\n" % (line, "x" * 100))
    environ["wsgi.errors"].flush()
    return text("complained")


PAGES["/complain"] = complain
"""


#: An application that tells how many descriptors its process may have.
LIMIT = """
import resource

PAGES["/limit"] = lambda environ: text(str(resource.getrlimit(resource.RLIMIT_NOFILE)[0]))
"""


class Exhausted(ModeCase):
    """A server that is short of something."""

    def server(
        self,
        limits: str,
        environment: dict[str, str] | None = None,
        site: Site | None = None,
        **changes: str,
    ) -> Any:
        """A server started by a shell that sets limits first; underscores stand for dashes."""
        site = site or self.site()
        options = {name.replace("_", "-"): value for name, value in changes.items()}
        site.edit(self.ini, {"processes": "1", "threads": "4", "cheaper": None, **options})
        run = f'{limits} && exec "$0" "$@"'
        command = ["sh", "-c", run, sys.executable, "-m", "twsgi", self.ini]
        server = self.start(site, *command, environment=environment)
        server.wait_ready()
        return server

    def patient(self, seconds: int) -> dict[str, str]:
        """Deadlines that have nothing to do with the test."""
        timeout = "http_timeout" if self.option == "http" else "socket_timeout"
        return {"http_headers_timeout": str(seconds), timeout: str(seconds)}

    def connect(self, server: Server, **how: Any) -> Connection:
        """A client, closed after the test."""
        connection = server.connect(**how)
        self.addCleanup(connection.close)
        return connection


class LinkTests(Http, Exhausted):
    """The master's own descriptors: it needs two for each link until that is handed over."""

    #: 64 links to each frontend.
    MANY: Mapping[str, str] = {"processes": "4", "threads": "16", "http_processes": "2"}

    def limited(self, limits: str, **changes: str) -> Server:
        """A server whose master may have too few for all of them at once."""
        site = self.site()
        application = site.directory / "code" / "app.py"
        application.write_text(application.read_text() + LIMIT)
        return self.server(limits, site=site, **{**self.MANY, **changes})

    def test_soft_limit(self) -> None:
        """The master takes what the system allows; the application has what it was given."""
        server = self.limited("ulimit -Sn 64")
        server.wait_for(READY, 4)
        server.send_signal(signal.SIGHUP)
        server.wait_for("(?m)^reload complete$")
        self.assertEqual(server.get("/limit").text, "64")
        self.assertEqual(server.find("unable to link"), [])
        self.assertEqual(server.stop(), 0)

    def test_hard_limit(self) -> None:
        """Where there are too few for all links at once, the rest follows; the log says so."""
        server = self.limited("ulimit -n 60", processes="1", threads="32", http_processes="1")
        server.wait_for(r"(?m)^unable to link worker 1 and uWSGI http 1: Too many open files$")
        self.assertEqual(server.get("/limit").text, "60")
        self.soon(lambda: usage.descriptors(server.frontend) > 32, "the rest has followed")
        self.assertEqual(server.stop(), 0)


class Descriptors:
    """More clients than the processes may have descriptors."""

    def crowd(self: Any, **changes: str) -> Server:
        """A server with its crowd; then what both tests look at."""
        server: Server = self.server(f"ulimit -n {DESCRIPTORS}", **self.patient(60), **changes)
        inside, sending = self.connect(server), self.connect(server)
        inside.send("/block?crowd")
        self.soon(lambda: server.site.inside("crowd"), "a request is inside")
        sending.send_raw(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n1234")
        crowd = [self.connect(server) for _ in range(CLIENTS)]
        self.crowded(server)
        pids = list(server.alive())
        before = usage.cpu(pids)
        time.sleep(WATCH)
        self.assertLess(usage.cpu(pids) - before, WATCH / 5)
        sending.send_raw(b"56789")
        self.assertEqual(sending.receive().body, b"123456789")
        self.assertEqual(sending.request("/").status, 200)
        server.site.release("crowd")
        self.assertEqual(inside.receive().status, 200)
        for client in crowd:
            client.close()
        for _ in range(CLIENTS):
            self.assertEqual(server.get("/base.css", timeout=AT_ONCE).status, 200)
        self.assertEqual(server.find("Traceback"), [])
        return server

    def accepting(self: Any, server: Server) -> int:
        """The process that has the clients."""
        return server.frontend if self.option == "http" else server.worker()

    def test_more_clients_than_descriptors(self: Any) -> None:
        """
        Whoever finds no room waits without costing anything; who is there already is served;
        when others leave, new ones are.
        """

        def crowded(server: Server) -> None:
            full = DESCRIPTORS // 2
            self.soon(lambda: usage.descriptors(self.accepting(server)) > full, "it is crowded")

        self.crowded = crowded
        server = self.crowd()
        self.assertEqual(server.find("accept: "), [])

    def test_no_descriptor_left(self: Any) -> None:
        """
        The same where descriptors run out before the limit on connections is reached; the log
        says so.
        """
        self.crowded = lambda server: server.wait_for("accept: Too many open files")
        self.crowd(http_connections="100000")

    def test_requests_without_descriptors(self: Any) -> None:
        """
        Where no descriptor is left, a request that needs one is refused or served without; one
        that needs none is served, and once there are some, so is every one.
        """
        limits = f"ulimit -n {DESCRIPTORS}"
        server = self.server(limits, **self.patient(60), http_connections="100000")
        there = [self.connect(server) for _ in range(4)]
        for client in there:
            self.assertEqual(client.request("/").status, 200)
        crowd = [self.connect(server) for _ in range(CLIENTS)]
        server.wait_for("accept: Too many open files")
        self.assertEqual(there[0].request("/").status, 200)
        self.assertEqual(there[1].request("/echo", "POST", body=b"short").body, b"short")
        self.assertEqual(there[2].request("/echo", "POST", body=LONG).status, 507)
        self.assertIn(there[3].request("/base.css").status, (200, 404, 503))
        self.assertEqual(there[3].request("/").status, 200)
        for client in crowd:
            client.close()
        self.soon(lambda: fetch_status(server, "/base.css") == 200, "files are served again")
        answer = server.get("/echo", "POST", body=LONG)
        self.assertEqual((answer.status, answer.body), (200, LONG))


def fetch_status(server: Server, path: str) -> int:
    """The status of an answer; 0: there was none."""
    try:
        return server.get(path, timeout=AT_ONCE).status
    except Exception:
        return 0


class Disk:
    """No room for the bodies of requests."""

    def too_long(self: Any, server: Server, **body: Any) -> None:
        """A body for which there is no room: 507, the end, and nothing else."""
        client = self.connect(server)
        answer = client.request("/echo", "POST", **body)
        self.assertEqual((answer.status, answer.header("Connection")), (507, "close"))
        self.assertTrue(client.ends())
        answer = server.get("/echo", "POST", body=LONG)
        self.assertEqual((answer.status, answer.body), (200, LONG))

    def both_ways(self: Any, server: Server) -> None:
        """With a length, and without one."""
        self.too_long(server, body=LONG * 12)
        self.too_long(server, chunks=[LONG] * 12)
        server.wait_for(r"127\.0\.0\.1: 507: the body cannot be stored: ", count=2)
        self.assertEqual(server.find("Traceback"), [])

    def test_full_disk(self: Any) -> None:
        """A full disk: 507; the room is free at once, and bodies that fit are taken."""
        place = self.tiny_disk()
        server = self.server("true", environment={"TMPDIR": place})
        self.both_ways(server)
        room = os.statvfs(place)
        self.soon(lambda: os.statvfs(place).f_bfree == room.f_blocks, "all room is free")

    def tiny_disk(self: Any) -> str:
        """A directory with room for a megabyte."""
        place = tempfile.mkdtemp(prefix="twsgi-tiny-")
        self.addCleanup(os.rmdir, place)
        mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "twsgi-tiny", place]
        try:
            subprocess.run(mount, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise SkipTest("needs the right to mount a tmpfs") from error
        self.addCleanup(subprocess.run, ["umount", "-l", place], check=True)
        return place

    def test_file_size_limit(self: Any) -> None:
        """C{ulimit -f} is a full disk too."""
        self.both_ways(self.server("ulimit -f 2048"))


class Log:
    """A log that cannot be written."""

    def begin(self: Any, log: int) -> Callable[..., Response]:
        """
        A server whose log leads to a descriptor.

        @return: asks it, on a connection of its own.
        """
        listening = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listening.close)
        port, number = listening.getsockname()[1], listening.fileno()
        site = self.site()
        one = {"processes": "1", "threads": "4", "cheaper": None, self.option: f"fd://{number}"}
        site.edit(self.ini, one)
        with open(site.directory / "code" / "app.py", "a") as code:
            code.write(COMPLAIN)
        run = f'exec "$0" "$@" 2>&{log}'
        command = ["sh", "-c", run, sys.executable, "-m", "twsgi", self.ini]
        self.running = self.start(site, *command, pass_fds=[log, number])

        def ask(path: str, timeout: float = AT_ONCE, **how: Any) -> Response:
            return fetch(port, path, timeout=timeout, **how)

        self.assertEqual(fetch(port, "/").status, 200)
        return ask

    def goes_on(self: Any, ask: Callable[..., Response]) -> None:
        """Pages, files, faults and refusals, more of them than a pipe takes."""
        for number in range(100):
            name = f"{number}-" + "x" * 200
            self.assertEqual(ask(f"/path/{name}").text, f"/path/{name}")
            self.assertEqual(ask("/base.css").status, 200)
            self.assertEqual(ask("/raise").status, 500)
            self.assertEqual(ask("/", headers=[("Expect", "nothing")]).status, 417)

    def test_full_disk(self: Any) -> None:
        """A log on a full disk costs its lines, and no request."""
        with open("/dev/full", "wb", buffering=0) as full:
            self.goes_on(self.begin(full.fileno()))
        self.ends()

    def test_errors_on_a_full_disk(self: Any) -> None:
        """C{wsgi.errors} raises nothing where the log's disk is full."""
        with open("/dev/full", "wb", buffering=0) as full:
            ask = self.begin(full.fileno())
        for _ in range(5):
            self.assertEqual(ask("/complain").status, 200)

    def pipe(self: Any) -> tuple[int, int]:
        """A pipe that takes as little as possible."""
        reading, writing = os.pipe()
        self.addCleanup(os.close, reading)
        self.addCleanup(os.close, writing)
        fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
        return reading, writing

    def test_pipe_that_nobody_reads(self: Any) -> None:
        """A log that nobody reads costs its lines, and no request; nor does it keep the end off."""
        _, writing = self.pipe()
        self.goes_on(self.begin(writing))
        self.ends()

    def test_errors_into_a_pipe_that_nobody_reads(self: Any) -> None:
        """
        What is written to C{wsgi.errors} waits for the log's reader, who gets it whole and in
        order; requests that write nothing there are served meanwhile.
        """
        reading, writing = self.pipe()
        ask = self.begin(writing)
        complaining = [Call(lambda: ask("/complain", timeout=PATIENCE)) for _ in range(2)]
        self.goes_on(ask)
        self.assertEqual([call.running for call in complaining], [True, True])
        said = self.read(reading)
        self.assertEqual([call.result().status for call in complaining], [200, 200])

        def lines() -> list[int]:
            return [int(one) for one in re.findall(rb"(?m)^line (\d+): x{100}$", b"".join(said))]

        self.soon(lambda: len(lines()) == 400, "all lines are there")
        self.assertEqual(sorted(lines()), sorted([*range(200), *range(200)]))

    def read(self: Any, reading: int) -> list[bytes]:
        """Reads a pipe from now on, until nobody can write to it any more."""
        said: list[bytes] = []

        def read() -> None:
            while data := os.read(reading, 65536):
                said.append(data)

        threading.Thread(target=read, daemon=True).start()
        return said

    def test_pipe_that_is_read_again(self: Any) -> None:
        """When the log is read again it says how much is lost, and goes on."""
        reading, writing = self.pipe()
        ask = self.begin(writing)
        self.goes_on(ask)
        said = self.read(reading)

        def told() -> bool:
            ask("/path/afterwards")
            text = b"".join(said)
            return b"bytes of it are lost ***" in text and b"GET /path/afterwards" in text

        self.soon(told, "the log goes on")
        self.ends()

    def test_closed_pipe(self: Any) -> None:
        """A log whose reader is gone costs its lines, and no request."""
        reading, writing = os.pipe()
        ask = self.begin(writing)
        os.close(reading)
        os.close(writing)
        self.goes_on(ask)
        self.assertEqual(ask("/complain").status, 200)
        self.ends()

    def ends(self: Any) -> None:
        """The server ends as ever."""
        self.running.send_signal(signal.SIGTERM)
        self.assertEqual(self.running.wait_for_exit(), 0)
        self.running.assert_nothing_left(ports=())


class HttpExhaustionTests(Descriptors, Disk, Http, Exhausted):
    """C{http =}: it is the frontend that is short."""


class HttpSocketExhaustionTests(Descriptors, Disk, HttpSocket, Exhausted):
    """C{http-socket =}: it is the worker."""


class HttpLogTests(Log, Http, Exhausted):
    """The log of a master, a frontend and a worker."""

    if not Path("/dev/full").exists():
        skip = "needs /dev/full"


class HttpSocketLogTests(Log, HttpSocket, Exhausted):
    """The log of a master and a worker."""

    if not Path("/dev/full").exists():
        skip = "needs /dev/full"
