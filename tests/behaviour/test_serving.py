"""What the two ini files of the scaling tutorial serve, and what the log says of it."""

from __future__ import annotations

import json
import os
import re
import signal

from tests.behaviour.harness import Http, HttpSocket, ModeCase
from tests.behaviour.server import BOUND, READY, Call, Server
from tests.behaviour.site import Site

CTIME = r"\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}"
REQUEST_LINE = (
    r"(?m)^\[pid: (?P<pid>\d+)\|app: (?P<app>-?\d+)\|req: (?P<own>-?\d+)/(?P<all>\d+)\] "
    r"127\.0\.0\.1 \(\) \{(?P<vars>\d+) vars in (?P<size>\d+) bytes\} "
    rf"\[{CTIME}\] (?P<method>[A-Z]+) %s => "
    r"generated (?P<body>\d+) bytes in \d+ msecs(?P<via> via \w+\(\))? "
    r"\(HTTP/1\.[01] (?P<status>\d+)\) (?P<headers>\d+) headers in (?P<head>\d+) bytes "
    r"\((?P<switches>\d+) switches on core (?P<core>\d+)\)$"
)


def extra_files(site: Site) -> None:
    """What the site has beyond the example: a directory, and a large file."""
    site.write("static/sub/inner.txt", "inner")
    site.write("static/large.bin", "0123456789abcdef" * 65536)


class Serving:
    """Requests of all sorts to one server."""

    def server(self) -> Server:
        return self.shared(extra_files)

    def line_of(self, server: Server, path: str) -> re.Match[str]:
        """The request line of a path that was asked for only once."""
        return server.wait_for(REQUEST_LINE % re.escape(path))

    def test_eight_requests_at_once(self) -> None:
        """Four workers of two threads have eight requests inside at the same time."""
        server = self.server()
        calls = [Call(lambda: server.get("/meet?8&barrier")) for _ in range(8)]
        answers = [call.result() for call in calls]
        self.assertEqual([answer.status for answer in answers], [200] * 8)
        pids = [answer.worker for answer in answers]
        self.assertEqual(sorted(pids.count(pid) for pid in set(pids)), [2, 2, 2, 2])

    def test_hello(self) -> None:
        """The application answers with its own headers and body."""
        answer = self.server().get("/")
        self.assertEqual((answer.status, answer.reason), (200, "OK"))
        self.assertEqual(answer.body, b"hello from the application")
        self.assertEqual(answer.header("Content-Type"), "text/plain")
        self.assertTrue(answer.by_application)

    def test_environ(self) -> None:
        """The application is told how it runs, and on which port."""
        server = self.server()
        environ = json.loads(server.get("/env?a=1&b=%20").body)
        self.assertEqual(environ["QUERY_STRING"], "a=1&b=%20")
        self.assertEqual(environ["REQUEST_URI"], "/env?a=1&b=%20")
        self.assertEqual(environ["SERVER_PORT"], str(server.port))
        self.assertEqual(environ["REMOTE_ADDR"], "127.0.0.1")
        self.assertEqual(environ["HTTP_HOST"], "behaviour.test")
        self.assertEqual(environ["SERVER_PROTOCOL"], "HTTP/1.1")
        self.assertEqual(environ["wsgi.url_scheme"], "http")
        self.assertIs(environ["wsgi.multithread"], True)
        self.assertIs(environ["wsgi.multiprocess"], True)
        self.assertNotIn("CONTENT_LENGTH", environ)

    def test_static_file(self) -> None:
        """A file under check-static is served as what it is, without the application."""
        server = self.server()
        content = (server.site.directory / "static" / "base.css").read_bytes()
        answer = server.get("/base.css")
        self.assertEqual((answer.status, answer.body), (200, content))
        self.assertEqual(answer.header("Content-Type"), "text/css")
        self.assertEqual(answer.header("Content-Length"), str(len(content)))
        self.assertTrue(answer.header("Last-Modified"))
        self.assertFalse(answer.by_application)

    def test_static_file_with_a_query(self) -> None:
        """What follows the question mark does not keep a file from being found."""
        answer = self.server().get("/base.css?v=3")
        self.assertEqual((answer.status, answer.by_application), (200, False))

    def test_static_file_below_a_directory(self) -> None:
        """A file in a directory of the root is found by its path."""
        answer = self.server().get("/sub/inner.txt")
        self.assertEqual((answer.body, answer.by_application), (b"inner", False))

    def test_large_static_file(self) -> None:
        """A file of a megabyte arrives whole."""
        answer = self.server().get("/large.bin")
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.body, b"0123456789abcdef" * 65536)

    def test_static_head(self) -> None:
        """HEAD of a file has the headers of GET and no body; the connection goes on."""
        with self.server().connect() as connection:
            whole = connection.request("/base.css")
            head = connection.request("/base.css", "HEAD")
            after = connection.request("/")
        self.assertEqual(head.header("Content-Length"), str(len(whole.body)))
        self.assertEqual(head.header("Content-Type"), "text/css")
        self.assertFalse(head.by_application)
        self.assertEqual(after.body, b"hello from the application")

    def test_static_not_modified(self) -> None:
        """A client that has the file of this date gets 304 and no body."""
        server = self.server()
        date = server.get("/base.css").header("Last-Modified")
        answer = server.get("/base.css", headers=[("If-Modified-Since", str(date))])
        self.assertEqual((answer.status, answer.body), (304, b""))

    def test_every_path_that_is_no_file(self) -> None:
        """The application gets what is no file: a directory, another case, a path below a file."""
        server = self.server()
        for path in ("/nothing.css", "/sub", "/sub/", "/BASE.CSS", "/base.css/", "/base.css/x"):
            answer = server.get(path)
            self.assertTrue(answer.by_application, path)
            self.assertEqual(answer.text, f"no page {path!r}")

    def test_only_get_and_head_are_for_files(self) -> None:
        """A POST to the path of a file is the application's."""
        answer = self.server().get("/base.css", "POST", body=b"x")
        self.assertTrue(answer.by_application)

    def test_path_info(self) -> None:
        """The application gets the path decoded, bytes as Latin-1, as PEP 3333 has it."""
        answer = self.server().get("/path/a%20b/%C3%A9")
        self.assertEqual(answer.text, "/path/a b/\u00c3\u00a9")

    def test_head(self) -> None:
        """HEAD of a page has the headers of GET and no body; the connection goes on."""
        with self.server().connect() as connection:
            get = connection.request("/")
            head = connection.request("/", "HEAD")
            after = connection.request("/path")
        self.assertEqual(head.status, 200)
        self.assertEqual(head.header("Content-Length"), get.header("Content-Length"))
        self.assertEqual(after.body, b"/path")

    def test_counted_post(self) -> None:
        """A body with a length reaches the application."""
        answer = self.server().get("/echo", "POST", body=b"a=1&b=2")
        self.assertEqual((answer.body, answer.header("X-Length")), (b"a=1&b=2", "7"))

    def test_chunked_post(self) -> None:
        """A chunked body reaches the application, put together."""
        answer = self.server().get("/echo", "POST", chunks=[b"one", b"two", b"x" * 5000])
        self.assertEqual(answer.body, b"onetwo" + b"x" * 5000)

    def test_large_post(self) -> None:
        """A body of a megabyte goes in and comes back."""
        body = os.urandom(1 << 20)
        answer = self.server().get("/echo", "POST", body=body)
        self.assertEqual(answer.header("X-Length"), str(1 << 20))
        self.assertEqual(answer.body, body)

    def test_expected_continue(self) -> None:
        """A client that waits for leave to send its body gets it."""
        with self.server().connect(timeout=10) as connection:
            headers = [("Expect", "100-continue"), ("Content-Length", "5")]
            connection.send("/echo", "POST", headers=headers)
            self.assertTrue(connection.read(25).startswith(b"HTTP/1.1 100 "))
            connection.send_raw(b"later")
            answer = connection.receive("POST")
        self.assertEqual((answer.status, answer.body), (200, b"later"))

    def test_stream(self) -> None:
        """A body of unknown length arrives whole, and the connection goes on."""
        with self.server().connect() as connection:
            answer = connection.request("/stream")
            after = connection.request("/path")
        self.assertEqual(answer.body, b"one two three four five")
        self.assertEqual(answer.header("Transfer-Encoding"), "chunked")
        self.assertEqual(after.body, b"/path")

    def test_large_answer(self) -> None:
        """An answer of many pieces arrives whole."""
        answer = self.server().get("/big?3000000")
        self.assertEqual(len(answer.body), 3_000_000)
        self.assertEqual(answer.body[65536 * 45 :], (bytes(range(256)) * 256)[: 3_000_000 % 65536])

    def test_kept_connection(self) -> None:
        """A connection serves one request after the other."""
        with self.server().connect() as connection:
            bodies = [connection.request(f"/path/{n}").body for n in range(20)]
        self.assertEqual(bodies, [b"/path/%d" % n for n in range(20)])

    def test_pipelined_requests(self) -> None:
        """Requests that are sent without waiting are answered in their order."""
        with self.server().connect() as connection:
            for number in range(5):
                connection.send(f"/path/{number}")
            bodies = [connection.receive().body for _ in range(5)]
        self.assertEqual(bodies, [b"/path/%d" % n for n in range(5)])

    def test_last_request(self) -> None:
        """The connection ends after an answer to C{Connection: close}, or to HTTP/1.0."""
        for how in ({"headers": [("Connection", "close")]}, {"version": "1.0"}):
            with self.server().connect(timeout=10) as connection:
                self.assertEqual(connection.request("/path", **how).body, b"/path")
                self.assertTrue(connection.ends())

    def test_stream_to_an_old_client(self) -> None:
        """For HTTP/1.0 a body of unknown length ends with the connection."""
        answer = self.server().get("/stream", version="1.0")
        self.assertEqual(answer.body, b"one two three four five")
        self.assertIsNone(answer.header("Transfer-Encoding"))
        self.assertTrue(answer.until_end)

    def test_exception(self) -> None:
        """An application that raises is answered for with 500; its traceback is in the log."""
        server = self.server()
        answer = server.get("/raise?once")
        self.assertEqual(answer.status, 500)
        self.assertNotIn("raised because", answer.text)
        server.wait_for(r"RuntimeError: raised because the test asked for it")
        server.wait_for(r"Traceback \(most recent call last\):")
        self.assertEqual(self.line_of(server, "/raise?once")["status"], "500")
        self.assertEqual(server.get("/").status, 200)

    def test_port_in_the_log(self) -> None:
        """Port 0 became another, which the log tells, with the address and the descriptor."""
        server = self.server()
        found = server.wait_for(BOUND)
        self.assertIn(f" 0.0.0.0:{server.port} ", found[0])
        self.assertNotEqual(server.port, 0)

    def test_starting_lines(self) -> None:
        """The log tells of the start in uWSGI's words, the socket first, the master before all."""
        server = self.server()
        server.wait_ready()
        frontend = [r"spawned uWSGI http 1 \(pid: \d+\)"] if self.option == "http" else []
        lines = [
            BOUND,
            r"(?m)^\*\*\* twsgi \S+ on Twisted \S+ is running in multiple process mode \*\*\*$",
            r"(?m)^spawned uWSGI master process \(pid: \d+\)$",
            r"(?m)^spawned uWSGI worker 1 \(pid: \d+, cores: 2\)$",
            *frontend,
        ]
        places = {line: server.wait_for(line).start() for line in [*lines, READY]}
        self.assertTrue(places[lines[0]] < places[lines[2]] < places[lines[3]], places)
        self.assertTrue(places[lines[3]] < places[READY], places)

    def test_processes_are_those_of_the_log(self) -> None:
        """The master named in the log is the command itself, and the parent of its workers."""
        server = self.server()
        self.assertEqual(server.master, server.process.pid)
        self.assertIn(server.worker(1), server.alive())
        self.assertIn("uWSGI worker 1", server.alive()[server.worker(1)])

    def test_request_line(self) -> None:
        """A request to the application leaves one line in uWSGI's format."""
        server = self.server()
        answer = server.get("/path/logged?once")
        line = self.line_of(server, "/path/logged?once")
        self.assertEqual((line["pid"], line["app"]), (str(answer.worker), "0"))
        self.assertEqual((line["method"], line["status"]), ("GET", "200"))
        self.assertEqual(line["body"], str(len(answer.body)))
        self.assertEqual((line["switches"], line["via"]), ("1", None))
        self.assertIn(line["core"], ("0", "1"))
        self.assertGreaterEqual(int(line["all"]), int(line["own"]))
        self.assertEqual(int(line["vars"]) % 2, 0)
        self.assertGreater(int(line["size"]), int(line["vars"]))
        self.assertGreaterEqual(int(line["headers"]), 3)
        self.assertGreater(int(line["head"]), 60)

    def test_static_request_line(self) -> None:
        """A request for a file leaves one line too, of no application."""
        server = self.server()
        answer = server.get("/base.css?logged")
        line = self.line_of(server, "/base.css?logged")
        self.assertEqual((line["app"], line["own"]), ("-1", "-1"))
        self.assertEqual((line["status"], line["body"]), ("200", str(len(answer.body))))

    def test_one_line_per_request(self) -> None:
        """As many requests as there were, so many lines, each once."""
        server = self.server()
        with server.connect() as connection:
            for number in range(30):
                connection.request(f"/path/counted?{number}")
        line = REQUEST_LINE % r"/path/counted\?(?P<number>\d+)"
        server.wait_for(line, 30)
        numbers = [int(found["number"]) for found in server.find(line)]
        self.assertEqual(sorted(numbers), list(range(30)))
        totals = [int(found["all"]) for found in server.find(line)]
        self.assertEqual(len(set(totals)), 30)


class HttpServingTests(Serving, Http, ModeCase):
    """L{Serving}, C{http =}."""


class HttpSocketServingTests(Serving, HttpSocket, ModeCase):
    """L{Serving}, C{http-socket =}."""


class Logging:
    """Servers whose ini file says something else of the log."""

    def test_disabled_logging(self) -> None:
        """With disable-logging there is no request line, but still what the application raised."""
        server = self.serve({"disable-logging": "true"})
        server.wait_ready()
        server.get("/")
        server.get("/base.css")
        server.get("/raise")
        self.assertEqual(server.stop(signal.SIGTERM), 0)
        self.assertEqual(server.find("generated"), [])
        self.assertEqual(len(server.find("RuntimeError: raised because the test asked")), 1)

    def test_last_lines_are_not_lost(self) -> None:
        """The lines of the last requests are in the log when the server has ended."""
        server = self.serve()
        server.wait_ready()
        for number in range(5):
            server.get(f"/path/last?{number}")
        self.assertEqual(server.stop(signal.SIGTERM), 0)
        self.assertEqual(len(server.find(REQUEST_LINE % r"/path/last\?\d")), 5)


class HttpLoggingTests(Logging, Http, ModeCase):
    """L{Logging}, C{http =}."""


class HttpSocketLoggingTests(Logging, HttpSocket, ModeCase):
    """L{Logging}, C{http-socket =}."""
