"""Several applications in one worker, each below a path of its own."""

from __future__ import annotations

import json
from typing import Any

from tests.behaviour.harness import Http, HttpSocket, ModeCase
from tests.behaviour.site import Site

#: An application that says who it is, and where it finds itself.
MOUNTED = """
import json

def say(name, environ, start_response):
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps([name, environ["SCRIPT_NAME"], environ["PATH_INFO"]]).encode()]

def application(environ, start_response):
    return say("WHO", environ, start_response)

def make_other():
    return lambda environ, start_response: say("other WHO", environ, start_response)
"""


def prepare(site: Site, ini: str, *changes: str) -> None:
    """An application at the root, and others below paths."""
    site.write("code/app.py", MOUNTED.replace("WHO", "root"))
    site.write("code/blog.py", MOUNTED.replace("WHO", "blog"))
    site.write("shop.wsgi", MOUNTED.replace("WHO", "shop"))
    path = site.directory / ini
    lines = [
        "manage-script-name = true",
        "mount = /blog=blog",
        "mount = /blog/admin=blog:make_other()",
        "mount = /shop=shop.wsgi",
        *changes,
    ]
    path.write_text(path.read_text() + "\n".join([*lines, ""]))


class Mounted:
    """C{mount} and C{manage-script-name}."""

    changes: tuple[str, ...] = ()

    def setUp(self: Any) -> None:
        super().setUp()
        self.server = self.shared(lambda site: prepare(site, self.ini, *self.changes))

    def asked(self: Any, path: str) -> tuple[Any, ...]:
        """Who answers, with which SCRIPT_NAME and PATH_INFO."""
        answer = self.server.get(path)
        self.assertEqual(answer.status, 200, answer.text)
        return tuple(json.loads(answer.body))

    def test_paths(self: Any) -> None:
        """The longest path that is a request's, or a directory of it, decides who answers."""
        for path, expected in [
            ("/", ("root", "", "/")),
            ("/blog", ("blog", "/blog", "")),
            ("/blog/", ("blog", "/blog", "/")),
            ("/blog/2026/x?a=/shop", ("blog", "/blog", "/2026/x")),
            ("/blogs", ("root", "", "/blogs")),
            ("/blog/admin/users", ("other blog", "/blog/admin", "/users")),
            ("/blog/admins", ("blog", "/blog", "/admins")),
            ("/%73hop/x", ("shop", "/shop", "/x")),
            ("/elsewhere", ("root", "", "/elsewhere")),
        ]:
            self.assertEqual((path, self.asked(path)), (path, expected))

    def test_log(self: Any) -> None:
        """The line of a request has the number of its application; the start tells them all."""
        for path, number in (("/for-root", 0), ("/blog/for-blog", 1), ("/shop/for-shop", 3)):
            self.asked(path)
            self.server.wait_for(rf"(?m)^\[pid: \d+\|app: {number}\|req: .* GET {path} ")
        for number, path in ((0, ""), (1, "/blog"), (2, "/blog/admin"), (3, "/shop")):
            self.server.wait_for(rf"WSGI app {number} \(mountpoint='{path}'\) ready in ")


class HttpMountTests(Mounted, Http, ModeCase):
    """C{http =}."""


class HttpSocketMountTests(Mounted, HttpSocket, ModeCase):
    """C{http-socket =}."""


class SoloMountTests(Mounted, HttpSocket, ModeCase):
    """One process."""

    changes = ("processes = 1", "cheaper = 0", "master = false")
