"""What the operator adds to responses and takes from them; pages; clients that have gone."""

from __future__ import annotations

import json
from typing import Any

from tests.behaviour.client import Connection, Response, fetch
from tests.behaviour.harness import COMMANDS, BehaviourCase, Http, HttpSocket, ModeCase
from tests.behaviour.server import Call, Server
from tests.behaviour.site import Site

OPTIONS = """\
add-header = X-Frame-Options: DENY
add-header = Server: ours
add-header = Connection: keep-alive
del-header = SERVER
rem-header = last-modified
response-headers-limit = 4000
error-page-404 = pages/none.html
error-page-500 = pages/none.html
error-page-500 = pages/500.html
error-page-502 = pages/502.html
error-page-503 = pages/503.html
error-page-504 = pages/504.html
ignore-sigpipe = true
ignore-write-errors = true
write-errors-tolerance = 2
"""
SILENT = "disable-write-exception = true\n"
#: Beside the tests' own pages: one with headers, and one that writes to who has gone.
PAGES = """

def headers(environ):
    size = int(environ["QUERY_STRING"] or 0)
    status, found, body = text("headers")
    return status, [*found, ("Server", "theirs"), ("X-Long", "x" * size)], body


def writing(environ, start_response):
    write = start_response("200 OK", [])
    write(b"begun")
    becomes_true(environ["twsgi.client_disconnected"])
    told = "nothing"
    try:
        for _ in range(100):
            write(b"x" * 65536)
    except OSError as error:
        told = type(error).__name__
    with open(os.path.join(directory(), "told-" + environ["QUERY_STRING"]), "w") as file:
        file.write(told)
    return [b"more", b"more"]


PAGES["/headers"] = headers
_others = application


def application(environ, start_response):
    if environ["PATH_INFO"] == "/write":
        return writing(environ, start_response)
    return _others(environ, start_response)
"""


def prepare(site: Site, options: str = OPTIONS) -> None:
    """One core; these options; L{PAGES}."""
    for ini in ("uwsgi.ini", "http-socket.ini"):
        site.edit(ini, {"processes": "1", "threads": "1", "cheaper": None, "http-timeout": "2"})
        site.write(ini, (site.directory / ini).read_text() + options)
    for status in (500, 502, 503, 504):
        site.write(f"pages/{status}.html", f"<p>{status}</p>")
    with open(site.directory / "code" / "app.py", "a") as code:
        code.write(PAGES)


class Headers:
    """In either mode."""

    shared: Any

    def added(self: Any, answer: Response) -> Response:
        """It has what every response has."""
        self.assertEqual(answer.header("X-Frame-Options"), "DENY")
        self.assertEqual(answer.header("Server"), "ours")
        return answer

    def test_added(self: Any) -> None:
        """What is added is in every response: the application's, files', errors; they are kept."""
        server = self.shared(prepare)
        with server.connect() as client:
            for path, status in (
                *(("/pid", 200), ("/base.css", 200), ("/base.css", 200), ("/none", 404)),
                *(("/raise", 500), ("/stream", 200)),
            ):
                self.assertEqual(self.added(client.request(path)).status, status)
            client.send_raw(b"nonsense\r\n\r\n")
            self.assertEqual(self.added(client.receive()).status, 400)

    def test_removed(self: Any) -> None:
        """What is removed is not there; the server's own fields are, as a file's length is."""
        server = self.shared(prepare)
        answer = server.get("/headers")
        self.assertEqual(answer.header("Server"), "ours")
        for _ in range(2):
            answer = server.get("/base.css")
            self.assertIsNone(answer.header("Last-Modified"))
            self.assertEqual(answer.header("Content-Length"), str(len(answer.body)))

    def test_limit(self: Any) -> None:
        """More headers than there may be are 500, and the log says by which option."""
        server = self.shared(prepare)
        self.assertEqual(server.get("/headers?3000").status, 200)
        self.assertEqual(server.get("/headers?4000").status, 500)
        server.wait_for(r"bytes of headers are over response-headers-limit \(4000\)")

    def test_exception(self: Any) -> None:
        """Where the application raises there is the first page that can be read."""
        answer = self.shared(prepare).get("/raise")
        self.assertEqual((answer.status, answer.text), (500, "<p>500</p>"))
        self.assertEqual(answer.header("Content-Type"), "text/html")

    def test_no_application(self: Any) -> None:
        """Where there is no application the page says so; without one the server's words."""
        for options, expected in ((OPTIONS, "<p>500</p>"), ("", "Internal Server Error")):
            site = self.site()
            prepare(site, options)
            site.edit(self.ini, {"module": "missing", "need-app": "false"})
            server = self.twsgi(site, self.ini)
            answer = server.get("/")
            self.assertEqual((answer.status, answer.text), (500, expected))
            server.kill()

    def leave(self: Any, server: Server, name: str) -> str:
        """What an application is told whose client has gone."""
        with Connection(server.port) as client:
            client.send(f"/write?{name}")
            self.assertEqual(client.read(15), b"HTTP/1.1 200 OK")
            client.reset()
        told = server.site.meetings / f"told-{name}"
        self.soon(lambda: told.exists() and told.read_text(), "it is told")
        said: str = told.read_text()
        return said

    def test_silence(self: Any) -> None:
        """Who writes to a client that has gone gets an OSError in the end; the log says nothing."""
        server = self.shared(prepare)
        server.get("/pid")
        before = len(server.text())
        self.assertEqual(self.leave(server, "told"), "ClientDisconnected")
        self.assertEqual(server.get("/pid").status, 200)
        server.wait_for(r"GET /write\?told =>")
        said = server.text()[before:]
        self.assertNotRegex(said, r"(?i)traceback|sigpipe|broken|reset|oserror|write error")

    def test_no_exception(self: Any) -> None:
        """With C{disable-write-exception} it is not told, and its core serves the next."""
        site = self.site()
        prepare(site, SILENT)
        server = self.twsgi(site, self.ini)
        server.wait_ready()
        self.assertEqual(self.leave(server, "silent"), "nothing")
        self.assertEqual(server.get("/pid").status, 200)
        self.assertNotIn("Traceback", server.text())

    def test_closed(self: Any) -> None:
        """C{add-header = Connection: close} says so once, and does."""
        site = self.site()
        prepare(site, "add-header = Connection: close\n")
        server = self.twsgi(site, self.ini)
        server.wait_ready()
        for path in ("/pid", "/base.css"):
            with server.connect() as client:
                self.assertEqual(client.request(path).header("Connection"), "close")
                self.assertTrue(client.ends())


class HttpResponseTests(Headers, Http, ModeCase):
    """C{http =}, and what only a frontend says."""

    def test_lost(self) -> None:
        """502 has its page."""
        server = self.shared(prepare)
        answer = self.added(server.get("/exit", "POST", body=b""))
        self.assertEqual((answer.status, answer.text), (502, "<p>502</p>"))
        self.assertEqual(answer.header("Content-Type"), "text/html")
        self.soon(lambda: server.get("/pid").status == 200, "another worker")

    def test_late(self) -> None:
        """503, where no core is free, and 504, where the application is late, have theirs."""
        server = self.shared(prepare)
        server.get("/pid")
        late = Call(lambda: server.get("/block?late"))
        self.soon(lambda: server.site.inside("late"), "a request is inside")
        answer = self.added(server.get("/pid"))
        self.assertEqual((answer.status, answer.text), (503, "<p>503</p>"))
        answer = self.added(late.result())
        self.assertEqual((answer.status, answer.text), (504, "<p>504</p>"))
        server.site.release("late")
        self.soon(lambda: server.get("/pid").status == 200, "the core is free")

    def test_reload(self) -> None:
        """A reload changes what is added, for files and for the application, and keeps clients."""
        site = self.site()
        prepare(site, "add-header = X-A: 1\n")
        server = self.twsgi(site, self.ini)
        server.wait_ready()
        with server.connect() as client:
            for value in ("1", "2"):
                for path in ("/pid", "/base.css"):
                    self.assertEqual(client.request(path).header("X-A"), value)
                if value == "1":
                    site.edit(self.ini, {"add-header": "X-A: 2"})
                    server.send_signal(1)
                    self.soon(lambda: server.get("/base.css").header("X-A") == "2", "files")
                    self.soon(lambda: server.get("/pid").header("X-A") == "2", "application")


class HttpSocketResponseTests(Headers, HttpSocket, ModeCase):
    """C{http-socket =}."""


class EmbeddedTests(BehaviourCase):
    """A container of one process in a host of somebody else's."""

    def test_options(self) -> None:
        """It heeds the same options, and leaves the host's other services alone."""
        site = self.site()
        site.write("page.html", "<p>sorry</p>")
        site.write(
            "host.tac",
            "import sys; sys.path.insert(0, 'code')\n"
            "from twisted.application.service import Application\n"
            "from twsgi import Container\n"
            "application = Application('host')\n"
            "Container({'http': '127.0.0.1:0', 'socket': '127.0.0.1:0', 'protocol': 'http',\n"
            "    'module': 'app', 'add-header': ['X-A: b'], 'error_page_500': 'page.html',\n"
            "}).setServiceParent(application)\n",
        )
        server = self.start(site, COMMANDS / "twistd", "-n", "--pidfile=", "-y", "host.tac")
        self.assertEqual(server.get("/pid").header("X-A"), "b")
        self.assertEqual(server.get("/raise").text, "<p>sorry</p>")
        second = server.wait_for(r"uwsgi socket 1 bound to TCP address \S+:(\d+) ")
        answer = fetch(int(second[1]), "/env")
        self.assertEqual(json.loads(answer.text)["SERVER_PORT"], second[1])
        server.stop()
