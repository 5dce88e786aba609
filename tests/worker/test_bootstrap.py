"""L{twsgi.worker.bootstrap}: what is done until a worker can serve, and what it serves."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.worker.fakes import Log
from twsgi.errors import ApplicationError
from twsgi.settings.model import Settings
from twsgi.worker.bootstrap import bootstrap
from twsgi.wsgi.mounts import Mounts

APP = "def application(environ, start_response):\n    return '{0}'\n"


class BootstrapCase(SynchronousTestCase):
    """A directory with modules, and an interpreter that is put back afterwards."""

    def setUp(self) -> None:
        self.directory = Path(self.mktemp()).resolve()
        self.directory.mkdir()
        self.patch(sys, "path", [str(self.directory), *sys.path])
        self.patch(sys, "argv", sys.argv)
        self.patch(sys, "executable", sys.executable)
        before = set(sys.modules)
        self.addCleanup(lambda: [sys.modules.pop(name) for name in set(sys.modules) - before])
        self.log = Log()

    def write(self, name: str, text: str) -> str:
        """A file.  @return: its path."""
        path = self.directory / name
        path.write_text(text)
        importlib.invalidate_caches()
        return str(path)

    def load(self, **options: Any) -> Any:
        """What is served."""
        return bootstrap(Settings(**options), self.log)

    def refused(self, message: str, **options: Any) -> None:
        """It cannot be served, for this reason."""
        error = self.assertRaises(ApplicationError, self.load, **options)
        self.assertEqual(str(error), message)


class MountTests(BootstrapCase):
    """One application, or several."""

    def setUp(self) -> None:
        super().setUp()
        for name in ("one", "two", "three"):
            self.write(f"twsgi_{name}.py", APP.format(name))
        self.mounts = ("/one=twsgi_one:application", "/two=twsgi_two:application")

    def found(self, served: Any, path: str) -> tuple[int, str]:
        """Which application a request finds: its number, and what it says."""
        assert isinstance(served, Mounts)
        mount = served.find({"PATH_INFO": path})
        said: Any = mount.application({"PATH_INFO": path}, lambda *answer: None)
        return mount.number, said

    def test_one(self) -> None:
        """One application is itself: there is nothing to be asked for a request."""
        root = ("=twsgi_one:application",)
        for options in (
            {"module": "twsgi_one", "manage_script_name": True},
            {"mount": root, "manage_script_name": True},
            {"mount": (*self.mounts, *root)},
            {"mount": self.mounts},
        ):
            served = self.load(**options)
            self.assertEqual((served.__module__, served({}, None)), ("twsgi_one", "one"))

    def test_several(self) -> None:
        """Each is found below its path; the module is for all the rest, and number 0."""
        served = self.load(module="twsgi_three", mount=self.mounts, manage_script_name=True)
        for path, expected in [
            ("/one/x", (1, "one")),
            ("/two", (2, "two")),
            ("/x", (0, "three")),
        ]:
            self.assertEqual(self.found(served, path), expected)
        lines = [line.partition(" ready in ")[0] for line in self.log.lines]
        self.assertEqual(
            lines,
            [
                "WSGI app 0 (mountpoint='')",
                "mounting twsgi_one:application on /one",
                "WSGI app 1 (mountpoint='/one')",
                "mounting twsgi_two:application on /two",
                "WSGI app 2 (mountpoint='/two')",
            ],
        )
        self.assertTrue(self.log.lines[0].endswith(" (default app)"))
        self.assertFalse(self.log.lines[2].endswith(" (default app)"))

    def test_root(self) -> None:
        """Without a module the one on the root is for the rest, wherever it stands."""
        mounts = (*self.mounts, "=twsgi_three:application")
        served = self.load(mount=mounts, manage_script_name=True)
        self.assertEqual(self.found(served, "/x"), (0, "three"))
        self.assertEqual(self.found(served, "/one"), (1, "one"))

    def test_no_root(self) -> None:
        """Without any, the first one is, unless that is not wanted: then it is 404."""
        served = self.load(mount=self.mounts, manage_script_name=True)
        self.assertEqual(self.found(served, "/x"), (0, "one"))
        self.assertEqual(self.found(served, "/two"), (1, "two"))
        served = self.load(mount=self.mounts, manage_script_name=True, no_default_app=True)
        self.assertEqual(self.found(served, "/x"), (-1, [b"Not Found"]))
        self.assertEqual(self.found(served, "/one"), (0, "one"))

    def test_one_file(self) -> None:
        """Two callables of one file are of one module."""
        text = "made = []\ndef application(*asked): pass\ndef other(*asked): pass\n"
        path = self.write("both.py", text)
        mounts = (f"/a={path}:application", f"/b={path}:other")
        served = self.load(mount=mounts, manage_script_name=True)
        first, second = (served.find({"PATH_INFO": one}).application for one in ("/a", "/b"))
        self.assertIs(first.__globals__["made"], second.__globals__["made"])

    def test_missing(self) -> None:
        """One that cannot be had ends the start; or it alone answers 500, if none is needed."""
        mounts = (*self.mounts, "/no=twsgi_none:application")
        message = "ModuleNotFoundError: No module named 'twsgi_none'"
        self.refused(f"mount = /no=twsgi_none: {message}", mount=mounts, module="twsgi_three")
        served = self.load(mount=mounts, manage_script_name=True, need_app=False)
        self.assertIn("no app loaded on /no", self.log.lines[-1])
        self.assertEqual(self.found(served, "/one"), (0, "one"))
        mount = served.find({"PATH_INFO": "/no"})
        said: list[Any] = []
        errors = Log()
        errors.write = lambda text: said.append(text)  # type: ignore[method-assign]
        mount.application({"wsgi.errors": errors}, lambda *answer: said.append(answer[0]))
        self.assertEqual(said[1], "500 Internal Server Error")


class AliasTests(BootstrapCase):
    """C{pymodule-alias} and C{post-pymodule-alias}."""

    def test_aliases(self) -> None:
        """Modules and files are found by other names; the second option comes after the first."""
        path = self.write("some file.py", "import twsgi_alias\n")
        self.write("twsgi_real.py", "")
        self.write("twsgi_app.py", "import twsgi_of_file\n" + APP)
        self.load(
            module="twsgi_app",
            pymodule_alias=("twsgi_alias=twsgi_real",),
            post_pymodule_alias=(f"twsgi_of_file={path}",),
        )
        self.assertIs(sys.modules["twsgi_alias"], sys.modules["twsgi_real"])
        self.assertEqual(sys.modules["twsgi_of_file"].__file__, path)

    def test_missing(self) -> None:
        """What cannot be imported ends the start: the application would not find it."""
        self.refused(
            "pymodule-alias = a=twsgi_none: ModuleNotFoundError: No module named 'twsgi_none'",
            pymodule_alias=("a=twsgi_none",),
            module="twsgi_app",
        )


class OrderTests(BootstrapCase):
    """What comes after what."""

    def test_order(self) -> None:
        """sys.argv, imports, the application: each finds what came before it."""
        self.write("twsgi_order.py", "import sys\nDONE = [list(sys.argv)]\n")
        path = self.write(
            "twsgi_file.py", "import twsgi_order\ntwsgi_order.DONE.append(__name__)\n"
        )
        self.write("twsgi_shared.py", "import twsgi_order\ntwsgi_order.DONE.append(__name__)\n")
        self.write("twsgi_app.py", "import twsgi_order\ntwsgi_order.DONE.append('app')\n" + APP)
        self.load(
            module="twsgi_app",
            pyargv="-a b",
            shared_import=("twsgi_shared",),
            py_import=("twsgi_none", path),
        )
        name = os.path.splitext(path)[0].replace("/", "_").replace(".", "_")
        self.assertEqual(
            sys.modules["twsgi_order"].DONE,
            [["uwsgi", "-a", "b"], "twsgi_shared", name, "app"],
        )

    def test_chdir2(self) -> None:
        """A directory that is not there is found out before anybody serves."""
        self.write("twsgi_app.py", APP)
        self.refused("chdir2 = /no/such: cannot go there", module="twsgi_app", chdir2="/no/such")
