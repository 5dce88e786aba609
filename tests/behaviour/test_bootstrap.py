"""What an application finds in the process that loads it."""

from __future__ import annotations

import json
import sys
from typing import Any

from tests.behaviour.client import EndedError, ResetError
from tests.behaviour.harness import BehaviourCase, Http, HttpSocket, ModeCase
from tests.behaviour.site import Site

OURS = f"python{sys.version_info.major}.{sys.version_info.minor}"

#: One that says what it finds.
TELLING = """
import json, os, signal, sys, time
import order
order.DONE.append("application")
import by_pattern, second_name

def caught(number, frame):
    order.DONE.append("signal")

signal.signal(signal.SIGWINCH, caught)

def application(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/raise":
        raise ValueError("boom <b>")
    start_response("200 OK", [("Content-Type", "text/plain")])
    if path == "/late":
        return late()
    if path == "/signal":
        os.kill(os.getpid(), signal.SIGWINCH)
        until = time.monotonic() + 10
        while "signal" not in order.DONE and time.monotonic() < until:
            time.sleep(0.01)
    found = {
        "argv": sys.argv,
        "executable": sys.executable,
        "optimize": sys.flags.optimize,
        "cwd": os.getcwd(),
        "done": order.DONE,
        "environ": sorted(environ),
        "alias": second_name.__name__,
        "path": sys.path,
    }
    environ["left.behind"] = "x"
    return [json.dumps(found).encode()]

def late():
    yield b"first"
    raise ValueError("too late")
"""
OPTIONS = {
    "pythonpath": "co*/",
    "pyargv": "--verbose  x",
    "py-executable": "/opt/python",
    "optimize": "1",
    "pymodule-alias": "second_name=code/first_name.py",
    "shared-import": "before",
    "import": "code/after.py",
    "py-import": "broken",
    "chdir2": "below",
    "wsgi-env-behaviour": "holy",
    "wsgi-disable-file-wrapper": "true",
    "catch-exceptions": "true",
    "py-call-osafterfork": "true",
}


def prepare(site: Site, ini: str, changes: dict[str, str | None]) -> None:
    """An application and what surrounds it."""
    site.write("code/app.py", TELLING)
    site.write("code/order.py", "DONE = []\n")
    site.write("code/first_name.py", "")
    site.write("core/by_pattern.py", "")
    for name in ("before", "after"):
        site.write(
            f"code/{name}.py", f"import os, order\norder.DONE += ['{name}', os.getcwd()[-5:]]\n"
        )
    site.write("code/broken.py", "raise ValueError('broken on import')\n")
    (site.directory / "below").mkdir()
    site.edit(ini, {**OPTIONS, **changes})


class Surrounded:
    """The options of the interpreter, and of how the application is called."""

    changes: dict[str, str | None] = {}

    def setUp(self: Any) -> None:
        super().setUp()
        self.server = self.shared(lambda site: prepare(site, self.ini, self.changes))

    def found(self: Any, path: str = "/") -> dict[str, Any]:
        """What the application says."""
        answer = self.server.get(path)
        self.assertEqual(answer.status, 200, answer.text)
        said: dict[str, Any] = json.loads(answer.body)
        return said

    def test_arguments(self: Any) -> None:
        """C{pyargv} and C{py-executable} are what C{sys} says."""
        found = self.found()
        self.assertEqual(found["argv"], ["uwsgi", "--verbose", "x"])
        self.assertEqual(found["executable"], "/opt/python")

    def test_optimize(self: Any) -> None:
        """C{optimize} is Python's own -O."""
        self.assertEqual(self.found()["optimize"], 1)

    def test_pythonpath(self: Any) -> None:
        """A pattern stands for all that it matches."""
        path = self.found()["path"]
        directory = self.server.site.directory
        for name in ("code", "core"):
            self.assertIn(str(directory / name), path)
            self.server.wait_for(f"added {name}/ to pythonpath")

    def test_aliases(self: Any) -> None:
        """A file, or a module, is found by a name of its own."""
        self.assertEqual(self.found()["alias"], "second_name")

    def test_imports(self: Any) -> None:
        """What is imported comes before the application, C{shared-import} first."""
        directory = str(self.server.site.directory)[-5:]
        done = self.found()["done"]
        self.assertEqual(done[:5], ["before", directory, "after", directory, "application"])
        self.server.wait_for("import = broken: ValueError: broken on import")

    def test_chdir2(self: Any) -> None:
        """It works in C{chdir2}; what starts where it was loaded is found all the same."""
        self.assertEqual(self.found()["cwd"], str(self.server.site.directory / "below"))
        self.assertEqual(self.server.get("/base.css").status, 200)

    def test_environ(self: Any) -> None:
        """Each request has an environ of its own, here without C{wsgi.file_wrapper}."""
        for _ in range(3):
            environ = self.found()["environ"]
            self.assertNotIn("wsgi.file_wrapper", environ)
            self.assertNotIn("left.behind", environ)

    def test_exceptions(self: Any) -> None:
        """C{catch-exceptions} tells the client what was raised; too late it is a cut."""
        answer = self.server.get("/raise?x")
        self.assertEqual((answer.status, answer.header("Content-Type")), (500, "text/plain"))
        self.assertIn('uWSGI exceptions catcher for "GET /raise?x"', answer.text)
        self.assertIn("ValueError: boom <b>", answer.text)
        self.assertIn("code/app.py", answer.text)
        self.assertIn("QUERY_STRING", answer.text)
        self.assertRaises((EndedError, ResetError), self.server.get, "/late")
        self.server.wait_for("ValueError: too late")

    def test_signals(self: Any) -> None:
        """The application's own signal handlers work."""
        self.assertEqual(self.found("/signal")["done"][-1], "signal")


class HttpSurroundedTests(Surrounded, Http, ModeCase):
    """C{http =}."""

    changes = {"processes": "1", "cheaper": None}


class HttpSocketSurroundedTests(Surrounded, HttpSocket, ModeCase):
    """C{http-socket =}."""

    changes = {"processes": "1", "cheaper": None}


class SoloSurroundedTests(Surrounded, HttpSocket, ModeCase):
    """One process."""

    changes = {"processes": "1", "cheaper": None, "master": "false"}

    def test_optimize(self) -> None:
        """A process that runs cannot be told: that is a warning."""
        self.assertEqual(self.found()["optimize"], 0)
        self.server.wait_for("optimize has no effect without a master")


class VirtualenvTests(BehaviourCase):
    """C{virtualenv}."""

    def environment(self, site: Site, python: str = OURS) -> None:
        """A virtual environment in C{env}, with a package in it."""
        version = python.removeprefix("python")
        site.write("env/pyvenv.cfg", f"home = /usr/bin\nversion = {version}.1\n")
        site.write(f"env/lib/{python}/site-packages/packed/__init__.py", "HERE = 'packed'\n")
        site.write(f"env/lib/{python}/site-packages/more.pth", str(site.directory / "more"))
        site.write("more/unpacked.py", "HERE = 'unpacked'\n")

    def test_packages(self) -> None:
        """The application finds what is in it; relative to C{chdir}; with and without a master."""
        text = (
            "import json, sys, packed, unpacked\n"
            "def application(environ, start_response):\n"
            "    start_response('200 OK', [])\n"
            "    said = [packed.HERE, unpacked.HERE, sys.prefix, environ['wsgi.multiprocess']]\n"
            "    return [json.dumps(said).encode()]\n"
        )
        for changes in ({}, {"processes": "1", "cheaper": None, "master": "false"}):
            site = self.site()
            self.environment(site)
            site.write("code/app.py", text)
            options = {"chdir": "code", "pythonpath": None, "home": "../env", "check-static": None}
            site.edit("http-socket.ini", {**changes, **options})
            server = self.twsgi(site, "http-socket.ini")
            said = json.loads(server.get("/").body)
            self.assertEqual(said, ["packed", "unpacked", str(site.directory / "env"), not changes])
            server.wait_for(f"PEP 405 virtualenv detected: {site.directory}/env")
            server.kill()

    def test_another_python(self) -> None:
        """One of another Python is one line that names both, and the start fails."""
        site = self.site()
        self.environment(site, "python3.4")
        site.edit("uwsgi.ini", {"virtualenv": "env", "processes": "1", "cheaper": None})
        server = self.twsgi(site, "uwsgi.ini")
        self.assertEqual(server.wait_for_exit(), 22)
        runs = OURS.removeprefix("python")
        server.wait_for(
            rf"(?m)^twsgi: virtualenv = env: it is of Python 3\.4, and twsgi runs in Python {runs}"
        )
        self.assertEqual(server.find("Traceback"), [])
        server.assert_nothing_left()
