"""C{py-autoreload}: who saves a file sees what comes of it, and loses no server by a mistake."""

from __future__ import annotations

from typing import Any

from tests.behaviour.harness import Http, HttpSocket, ModeCase
from tests.behaviour.server import Server

MODIFIED = r"\[uwsgi-python-reloader\] module/file (\S+) has been modified"
APP = """
import part

def application(environ, start_response):
    start_response("200 OK", [("X-App", "1")])
    return [part.TEXT]
"""


class AutoReload:
    """Two workers that look every second; from one change to the next."""

    def serving(self: Any) -> Server:
        """A server of an application of two files."""
        site = self.site()
        site.write("code/app.py", APP)
        site.write("code/part.py", "TEXT = b'first'\n")
        site.edit(self.ini, {"processes": "2", "cheaper": None, "py-autoreload": "1"})
        server = self.twsgi(site, self.ini)
        self.assertEqual(server.get("/").body, b"first")
        server.wait_for(r"WSGI app 0", 2)
        return server

    def becomes(self: Any, server: Server, text: bytes) -> None:
        """In the end it answers that."""
        self.soon(lambda: server.get("/").body == text, f"it answers {text!r}")

    def test_change(self: Any) -> None:
        """A file that is saved is what is served soon, after one reload."""
        server = self.serving()
        path = server.site.write("code/part.py", "TEXT = b'the second'\n")
        self.becomes(server, b"the second")
        found = server.wait_for(MODIFIED)
        self.assertEqual(found[1], str(path))
        server.wait_for(r"WSGI app 0", 4)
        self.assertEqual(len(server.find(MODIFIED)), 1)

    def test_mistake(self: Any) -> None:
        """A mistake changes nothing but the log; when it is mended that is served."""
        server = self.serving()
        server.site.write("code/extra.py", "TEXT = part.TEXT\n")
        server.site.write("code/app.py", APP.replace("import part", "import part, extra"))
        server.wait_for("NameError: name 'part' is not defined")
        server.wait_for("reload given up")
        self.assertEqual(server.get("/").body, b"first")
        # Nobody who serves has ever imported this one.
        server.site.write("code/extra.py", "import part\npart.TEXT = b'from extra'\n")
        self.becomes(server, b"from extra")


class HttpAutoReloadTests(AutoReload, Http, ModeCase):
    """C{http =}."""


class HttpSocketAutoReloadTests(AutoReload, HttpSocket, ModeCase):
    """C{http-socket =}."""
