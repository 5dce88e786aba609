"""Applications as people have them, in both modes: Django with its admin, and Flask."""

from __future__ import annotations

import hashlib
import http.client
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode

from tests.behaviour.harness import Http, HttpSocket, ModeCase
from tests.behaviour.server import PATIENCE, Server
from tests.behaviour.site import APPLICATIONS, Site

UPLOAD = 20 * 1024 * 1024
LINES = b"".join(b"line %d\n" % number for number in range(100))
FORM = "application/x-www-form-urlencoded"


class Browser:
    """
    One connection that is kept, and cookies that are.

    @ivar connections: how many connections it took.
    """

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        self.cookies: dict[str, str] = {}
        self.connections = 0

    def close(self) -> None:
        """Closes the connection."""
        self._connection.close()

    def ask(
        self,
        path: str,
        method: str = "GET",
        body: Any = None,
        headers: dict[str, str] | None = None,
        chunked: bool = False,
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        """Status, header fields and body of an answer."""
        self.connections += self._connection.sock is None
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        sent = {**({"Cookie": cookies} if cookies else {}), **(headers or {})}
        self._connection.request(method, path, body, sent, encode_chunked=chunked)
        answer = self._connection.getresponse()
        for line in answer.msg.get_all("Set-Cookie", []):
            self.cookies.update({one.key: one.value for one in SimpleCookie(line).values()})
        return answer.status, answer.msg, answer.read()

    def post(self, path: str, fields: dict[str, str]) -> tuple[int, http.client.HTTPMessage, bytes]:
        """Sends a form."""
        return self.ask(path, "POST", urlencode(fields), {"Content-Type": FORM})


def multipart(fields: dict[str, str], file: bytes) -> tuple[bytes, dict[str, str]]:
    """A form with a file in it, and its header field."""
    mark = "----a-mark-that-is-nowhere-else"
    parts = [
        f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    last = f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n'
    body = "".join([*parts, last]).encode() + file + f"\r\n--{mark}--\r\n".encode()
    return body, {"Content-Type": f"multipart/form-data; boundary={mark}"}


class Applications(ModeCase):
    """A server whose application is a file of ours."""

    module: str

    def prepare(self, site: Site) -> None:
        """What the application needs beside itself."""

    def setUp(self) -> None:
        super().setUp()
        if importlib.util.find_spec(self.module) is None:
            self.skipTest(f"{self.module} is not installed: pip install 'twsgi[test]'")

    def browser(self) -> tuple[Server, Browser]:
        """The server, and a client of its."""

        def prepared(site: Site) -> None:
            source = APPLICATIONS / f"{self.module}_app.py"
            shutil.copy(source, site.directory / "code" / "app.py")
            self.prepare(site)

        server = self.shared(prepared)
        browser = Browser(server.port)
        self.addCleanup(browser.close)
        return server, browser


class Django:
    """C{tests/applications/django_app.py}."""

    module = "django"

    def prepare(self, site: Site) -> None:
        """Makes the database."""
        subprocess.run(
            [sys.executable, APPLICATIONS / "django_app.py"],
            env={**os.environ, "MEET_DIRECTORY": str(site.meetings)},
            check=True,
            capture_output=True,
            timeout=60,
        )

    def test_admin(self: Any) -> None:
        """
        Somebody logs in to the admin, by session and CSRF token, adds a group, and logs out; all
        on one connection.
        """
        _, browser = self.browser()
        status, fields, _ = browser.ask("/admin/")
        self.assertEqual((status, fields["Location"]), (302, "/admin/login/?next=/admin/"))
        status, _, page = browser.ask(fields["Location"])
        self.assertEqual(status, 200)
        self.assertIn(b"csrfmiddlewaretoken", page)
        entry = {"username": "admin", "password": "secret", "next": "/admin/"}
        self.assertEqual(browser.post("/admin/login/", entry)[0], 403)

        def token() -> dict[str, str]:
            return {"csrfmiddlewaretoken": browser.ask("/token")[2].decode()}

        wrong = browser.post("/admin/login/", {**entry, **token(), "password": "wrong"})
        self.assertEqual(wrong[0], 200)
        status, fields, _ = browser.post("/admin/login/", {**entry, **token()})
        self.assertEqual((status, fields["Location"]), (302, "/admin/"))
        self.assertIn("sessionid", browser.cookies)
        self.assertIn(b"Site administration", browser.ask("/admin/")[2])
        name = f"people of {self.option}"
        self.assertEqual(browser.post("/admin/auth/group/add/", {"name": name, **token()})[0], 302)
        self.assertIn(name.encode(), browser.ask("/admin/auth/group/")[2])
        self.assertEqual(browser.post("/admin/logout/", token())[0], 200)
        self.assertEqual(browser.ask("/admin/")[0], 302)
        self.assertEqual(browser.connections, 1)

    def test_upload(self: Any) -> None:
        """A file of 20 MB arrives whole, and the connection goes on."""
        _, browser = self.browser()
        file = os.urandom(UPLOAD)
        token = browser.ask("/token")[2].decode()
        body, headers = multipart({"csrfmiddlewaretoken": token, "a": "1"}, file)
        status, _, answer = browser.ask("/upload", "POST", body, headers)
        self.assertEqual(status, 200, answer[:200])
        found = json.loads(answer)
        self.assertEqual(
            found["files"], {"file": ["a.bin", UPLOAD, hashlib.sha256(file).hexdigest()]}
        )
        self.assertEqual(found["fields"]["a"], "1")
        self.assertEqual(browser.ask("/token")[0], 200)
        self.assertEqual(browser.connections, 1)

    def test_stream(self: Any) -> None:
        """A streamed response arrives whole, chunked, and the connection goes on."""
        _, browser = self.browser()
        for _ in range(2):
            status, fields, body = browser.ask("/stream")
            self.assertEqual((status, body), (200, LINES))
            self.assertEqual(fields["Transfer-Encoding"], "chunked")
        self.assertEqual(browser.connections, 1)


class Flask:
    """C{tests/applications/flask_app.py}."""

    module = "flask"

    def prepare(self, site: Site) -> None:
        """The file that is sent."""
        (site.meetings / "sent.bin").write_bytes(b"0123456789" * 100_000)

    def test_session(self: Any) -> None:
        """A form logs somebody in, who is known by the cookie."""
        _, browser = self.browser()
        self.assertEqual(browser.ask("/")[2], b"hello nobody")
        status, fields, _ = browser.post("/login", {"name": "J\xfcrgen & Co"})
        self.assertEqual((status, fields["Location"]), (302, "/"))
        self.assertEqual(browser.ask("/")[2].decode(), "hello J\xfcrgen & Co")
        self.assertEqual(browser.connections, 1)

    def test_upload(self: Any) -> None:
        """Files arrive whole, in a form, and by themselves, with and without a length."""
        _, browser = self.browser()
        file = os.urandom(3_000_000)
        body, headers = multipart({}, file)
        answer = json.loads(browser.ask("/upload", "POST", body, headers)[2])
        self.assertEqual(answer, ["a.bin", len(file), hashlib.sha256(file).hexdigest()])
        self.assertEqual(browser.ask("/raw", "PUT", file)[2], b"3000000")
        pieces = (file[at : at + 70_000] for at in range(0, len(file), 70_000))
        headers = {"Transfer-Encoding": "chunked"}
        self.assertEqual(browser.ask("/raw", "PUT", pieces, headers, True)[2], b"3000000")
        self.assertEqual(browser.connections, 1)

    def test_file(self: Any) -> None:
        """A file arrives whole, in part, or not at all where the client has it."""
        _, browser = self.browser()
        status, fields, body = browser.ask("/file")
        self.assertEqual((status, body), (200, b"0123456789" * 100_000))
        status, part, body = browser.ask("/file", headers={"Range": "bytes=5-14"})
        self.assertEqual((status, body), (206, b"5678901234"))
        self.assertEqual(part["Content-Range"], "bytes 5-14/1000000")
        status, _, body = browser.ask("/file", headers={"If-None-Match": fields["ETag"]})
        self.assertEqual((status, body), (304, b""))
        self.assertEqual(browser.ask("/file", "HEAD")[1]["Content-Length"], "1000000")
        self.assertEqual(browser.connections, 1)

    def test_stream(self: Any) -> None:
        """A streamed response arrives whole."""
        _, browser = self.browser()
        self.assertEqual(browser.ask("/stream")[2], LINES)

    def test_exception(self: Any) -> None:
        """An exception is a page of Flask's; its traceback is in the log, by C{wsgi.errors}."""
        server, browser = self.browser()
        status, _, page = browser.ask("/raise")
        self.assertEqual(status, 500)
        self.assertNotIn(b"raised because", page)
        server.wait_for(r"RuntimeError: raised because the test asked for it")
        self.assertEqual(browser.ask("/")[0], 200)


class HttpDjangoTests(Django, Http, Applications):
    """L{Django}, C{http =}."""


class HttpSocketDjangoTests(Django, HttpSocket, Applications):
    """L{Django}, C{http-socket =}."""


class HttpFlaskTests(Flask, Http, Applications):
    """L{Flask}, C{http =}."""


class HttpSocketFlaskTests(Flask, HttpSocket, Applications):
    """L{Flask}, C{http-socket =}."""
