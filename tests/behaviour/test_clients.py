"""Clients that others have written: curl, Python's own, requests, and a browser."""

from __future__ import annotations

import hashlib
import http.client
import importlib.util
import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any
from unittest import skipUnless

from tests.applications.page import noise, png
from tests.behaviour.harness import Http, HttpSocket, ModeCase
from tests.behaviour.server import Server
from tests.behaviour.site import APPLICATIONS, Site

CURL = shutil.which("curl")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
REQUESTS = importlib.util.find_spec("requests")
#: Seconds after which a client that has not ended has failed.
PATIENCE = 60
FIVE_MEGABYTES = noise(5 << 20)
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
STYLE = "h1 { color: rgb(1, 2, 3); font-size: 37px }\n"
#: How a browser is run with nobody before it, also by root.
HEADLESS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def page(site: Site) -> None:
    """The site serves a page, its style sheet and one of its images, and a large file."""
    shutil.copy(APPLICATIONS / "page.py", site.directory / "code" / "app.py")
    site.write("static/page.css", STYLE)
    (site.directory / "static" / "picture.png").write_bytes(png(11, 9))
    (site.directory / "static" / "five.bin").write_bytes(FIVE_MEGABYTES)


class Clients:
    """What all of them talk to."""

    def setUp(self) -> None:
        super().setUp()
        self.server: Server = self.shared(page)
        self.address = f"http://127.0.0.1:{self.server.port}"
        self.place = Path(tempfile.mkdtemp(prefix="twsgi-client-"))
        self.addCleanup(shutil.rmtree, self.place, ignore_errors=True)

    def run_client(self, *command: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        """Runs a client to its end, in a directory of its own."""
        return subprocess.run(
            command, cwd=self.place, input=stdin, capture_output=True, timeout=PATIENCE, check=False
        )

    def assert_sent(self, answer: bytes, body: bytes, method: str = "POST") -> dict[str, Any]:
        """The application got C{body}, whole.  @return: all it says of the request."""
        told = json.loads(answer)
        self.assertEqual(
            (told["method"], told["length"], told["sha256"]),
            (method, len(body), hashlib.sha256(body).hexdigest()),
        )
        return told


@skipUnless(CURL, "needs curl")
class Curl:
    """curl."""

    def curl(self, *arguments: str, stdin: bytes = b"") -> bytes:
        """Runs curl; it succeeds.  @return: what it wrote."""
        done = self.run_client("curl", "-sS", "-q", "--noproxy", "*", *arguments, stdin=stdin)
        self.assertEqual((done.returncode, done.stderr), (0, b""), arguments)
        return done.stdout

    def split(self, answer: bytes) -> tuple[str, str, bytes]:
        """Status line, header fields and body of what C{curl -i} wrote; 100 Continue is dropped."""
        answer = answer.removeprefix(CONTINUE)
        head, _, body = answer.partition(b"\r\n\r\n")
        status, _, fields = head.decode().partition("\r\n")
        return status, fields, body

    def test_versions(self) -> None:
        """HTTP/1.0 and HTTP/1.1 are served as what they are."""
        for version in ("1.0", "1.1"):
            answer = self.curl(f"--http{version}", "-i", f"{self.address}/sent")
            status, _, body = self.split(answer)
            self.assertEqual(status, "HTTP/1.1 200 OK")
            self.assertEqual(json.loads(body)["protocol"], f"HTTP/{version}")

    def test_several_on_one_connection(self) -> None:
        """Pages and files are fetched over one connection, in order."""
        paths = ["/sent", "/page.css", "/much?100000", "/sent", "/picture.png"]
        urls = [self.address + path for path in paths]
        files = [word for path in range(5) for word in ("-o", str(path))]
        written = self.curl("-w", "%{num_connects} %{http_code}\n", *files, *urls)
        self.assertEqual(written.decode().split("\n"), ["1 200", *["0 200"] * 4, ""])
        got = [(self.place / str(number)).read_bytes() for number in range(5)]
        self.assertEqual(got[1:3] + got[4:], [STYLE.encode(), noise(100000), png(11, 9)])
        self.assertEqual(json.loads(got[0])["port"], json.loads(got[3])["port"])

    def test_kept_in_http_1_0(self) -> None:
        """A client of HTTP/1.0 that asks for it keeps its connection."""
        urls = [f"{self.address}/sent", f"{self.address}/page.css"]
        keep = ["--http1.0", "-H", "Connection: keep-alive", "-o", "one", "-o", "two"]
        written = self.curl(*keep, "-w", "%{num_connects} ", *urls)
        self.assertEqual(written, b"1 0 ")

    def test_chunked_upload(self) -> None:
        """A body without a length, from a pipe, reaches the application whole."""
        for method, how in (("PUT", ["-T", "-"]), ("POST", ["--data-binary", "@-"])):
            chunked = ["-H", "Transfer-Encoding: chunked", *how]
            answer = self.curl(*chunked, f"{self.address}/sent", stdin=FIVE_MEGABYTES)
            told = self.assert_sent(answer, FIVE_MEGABYTES, method)
            self.assertEqual(told["CONTENT_LENGTH"], str(len(FIVE_MEGABYTES)))

    def test_expect(self) -> None:
        """A client that waits for 100 Continue gets it, and long before it gives up waiting."""
        waiting = ["--expect100-timeout", str(PATIENCE), "-H", "Expect: 100-continue", "-i"]
        post = [*waiting, "--data-binary", "@-", f"{self.address}/sent"]
        answer = self.curl(*post, stdin=FIVE_MEGABYTES)
        self.assertEqual(answer[: len(CONTINUE)], CONTINUE)
        self.assert_sent(self.split(answer)[2], FIVE_MEGABYTES)

    def test_upgrade_to_http_2(self) -> None:
        """Who offers HTTP/2 over clear text is served by HTTP/1.1, its body intact."""
        post = ["--http2", "-i", "--data-binary", "@-", f"{self.address}/sent"]
        status, _, body = self.split(self.curl(*post, stdin=FIVE_MEGABYTES))
        self.assertEqual(status, "HTTP/1.1 200 OK")
        told = self.assert_sent(body, FIVE_MEGABYTES)
        self.assertEqual(told["fields"]["HTTP_UPGRADE"], "h2c")
        for path in ("/page.css", "/much?10"):
            status = self.split(self.curl("--http2", "-i", self.address + path))[0]
            self.assertEqual(status, "HTTP/1.1 200 OK")

    def test_http_2_at_once(self) -> None:
        """Who speaks HTTP/2 without asking is told in HTTP/1.1 that nobody understands."""
        knows_better = ["--http2-prior-knowledge", f"{self.address}/sent"]
        done = self.run_client("curl", "-sS", "-q", "--noproxy", "*", *knows_better)
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(self.server.get("/sent").status, 200)

    def test_ranges(self) -> None:
        """Parts of a file, from its beginning, its middle and its end; and the rest of one."""
        url = f"{self.address}/five.bin"
        for asked, part in (
            ("0-99", FIVE_MEGABYTES[:100]),
            ("70000-70009", FIVE_MEGABYTES[70000:70010]),
            ("-100", FIVE_MEGABYTES[-100:]),
        ):
            status, fields, body = self.split(self.curl("-i", "-r", asked, url))
            self.assertEqual((status, body), ("HTTP/1.1 206 Partial Content", part))
            self.assertRegex(fields, r"(?i)content-range: bytes \d+-\d+/5242880")
        (self.place / "part").write_bytes(FIVE_MEGABYTES[:3000000])
        self.curl("-C", "-", "-o", "part", url)
        self.assertEqual((self.place / "part").read_bytes(), FIVE_MEGABYTES)

    def test_head(self) -> None:
        """HEAD of a page and of a file: the header fields of GET, and curl waits for nothing."""
        for path, length in (("/much?1234", 1234), ("/five.bin", len(FIVE_MEGABYTES))):
            status, fields, body = self.split(self.curl("-I", self.address + path))
            self.assertEqual((status, body), ("HTTP/1.1 200 OK", b""))
            self.assertRegex(fields, rf"(?i)content-length: {length}\b")

    def test_much(self) -> None:
        """Five megabytes go up, and come down from the application and from a file, unchanged."""
        answer = self.curl("--data-binary", "@-", f"{self.address}/sent", stdin=FIVE_MEGABYTES)
        self.assert_sent(answer, FIVE_MEGABYTES)
        for path in (f"/much?{len(FIVE_MEGABYTES)}", "/five.bin"):
            got = self.curl("--compressed", self.address + path)
            self.assertEqual(hashlib.sha256(got).digest(), hashlib.sha256(FIVE_MEGABYTES).digest())


class Python:
    """Clients of Python's."""

    def test_http_client(self) -> None:
        """C{http.client}: pages, a file, a body with a length and one without, one connection."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=PATIENCE)
        self.addCleanup(connection.close)

        def ask(method: str, path: str, **how: Any) -> bytes:
            connection.request(method, path, **how)
            response = connection.getresponse()
            self.assertEqual(response.status, 200)
            return response.read()

        first = self.assert_sent(ask("GET", "/sent"), b"", "GET")
        self.assertEqual(ask("GET", "/page.css"), STYLE.encode())
        self.assert_sent(ask("POST", "/sent", body=FIVE_MEGABYTES), FIVE_MEGABYTES)
        pieces = iter([b"one", b"two" * 30000, b"three"])
        expected = b"one" + b"two" * 30000 + b"three"
        answer = ask("POST", "/sent", body=pieces, encode_chunked=True)
        last = self.assert_sent(answer, expected)
        self.assertEqual(last["port"], first["port"])
        self.assertEqual(ask("GET", "/five.bin"), FIVE_MEGABYTES)

    @skipUnless(REQUESTS, "needs requests")
    def test_requests(self) -> None:
        """C{requests}: a form, files as multipart, a generator as body, a streamed answer."""
        import requests

        with requests.Session() as session:
            session.trust_env = False
            form = session.post(f"{self.address}/seen", data={"a": "1 & 2"}, timeout=PATIENCE)
            self.assertIn('<li id="a">1 &amp; 2</li>', form.text)
            chunks = (FIVE_MEGABYTES[at : at + 65000] for at in range(0, 5 << 20, 65000))
            answer = session.post(f"{self.address}/sent", data=chunks, timeout=PATIENCE)
            self.assert_sent(answer.content, FIVE_MEGABYTES)
            files = {"file": ("five.bin", FIVE_MEGABYTES)}
            answer = session.post(f"{self.address}/sent", files=files, timeout=PATIENCE)
            self.assertGreater(answer.json()["length"], len(FIVE_MEGABYTES))
            whole = session.get(f"{self.address}/five.bin", stream=True, timeout=PATIENCE)
            self.assertEqual(b"".join(whole.iter_content(65536)), FIVE_MEGABYTES)


@skipUnless(CHROMIUM, "needs Chromium")
class Browser:
    """A browser without a window."""

    def test_page(self) -> None:
        """
        A browser loads the page, its style sheet and its images, its script sends the form, and
        the answer is shown.
        """
        profile = [f"--user-data-dir={self.place}", "--virtual-time-budget=20000", "--dump-dom"]
        done = self.run_client(str(CHROMIUM), *HEADLESS, *profile, self.address + "/")
        shown = dict(re.findall(r'<li id="(\w+)">(.*?)</li>', done.stdout.decode()))
        expected = {
            "typed": "gr\u00fcn &amp; 100%",
            "static": "11x9",
            "drawn": "7x5",
            "color": "rgb(1, 2, 3)",
            "size": "37px",
        }
        self.assertEqual(shown, expected, done.stderr[-2000:])


class HttpClientTests(Curl, Python, Browser, Clients, Http, ModeCase):
    """Clients of C{http =}."""


class HttpSocketClientTests(Curl, Python, Browser, Clients, HttpSocket, ModeCase):
    """Clients of C{http-socket =}."""
