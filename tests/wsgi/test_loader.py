"""L{twsgi.wsgi.loader}: the application that C{module} or C{wsgi-file} names."""

from __future__ import annotations

import importlib
import io
import os
import sys
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from twsgi.errors import EXIT_NO_APP, ApplicationError
from twsgi.settings.model import Settings
from twsgi.wsgi.loader import extend_path, load_application

APP = """
def application(environ, start_response):
    "the application"

def make():
    return application

def make_nothing():
    return None

class api:
    app = staticmethod(application)

number = 7
nothing = None
"""


class LoaderCase(SynchronousTestCase):
    """What the cases below have in common."""

    def setUp(self) -> None:
        """A directory on C{sys.path}, and modules that are forgotten afterwards."""
        self.directory = os.path.abspath(self.mktemp())
        os.mkdir(self.directory)
        self.patch(sys, "path", [self.directory, *sys.path])
        before = set(sys.modules)
        self.addCleanup(lambda: [sys.modules.pop(name) for name in set(sys.modules) - before])
        self.stderr = io.StringIO()
        self.patch(sys, "stderr", self.stderr)

    def write(self, name: str, text: str) -> str:
        """A file.  @return: its path."""
        path = os.path.join(self.directory, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)
        importlib.invalidate_caches()
        return path

    def refused(self, message: str, **options: Any) -> None:
        """Asserts that the application cannot be had, and that the error says this."""
        error = self.assertRaises(ApplicationError, load_application, Settings(**options))
        self.assertEqual(str(error), message)
        self.assertEqual(error.exit_code, EXIT_NO_APP)


class ModuleTests(LoaderCase):
    """C{module}."""

    def test_found(self) -> None:
        """It is imported, and its C{application} taken, or what C{callable} names."""
        self.write("twsgi_one.py", APP)
        module = importlib.import_module("twsgi_one")
        for name in ("application", "make", "api.app"):
            found: Any = load_application(Settings(module="twsgi_one", callable=name))
            expected = module.api.app if name == "api.app" else getattr(module, name)
            self.assertIs(found, expected)
        self.assertEqual(self.stderr.getvalue(), "")

    def test_package(self) -> None:
        """It may be within a package."""
        self.write("twsgi_package/__init__.py", "")
        self.write("twsgi_package/inner.py", APP)
        found: Any = load_application(Settings(module="twsgi_package.inner"))
        self.assertEqual(found.__module__, "twsgi_package.inner")

    def test_made(self) -> None:
        """Parentheses call what makes the application, as with uWSGI."""
        self.write("twsgi_one.py", APP)
        found: Any = load_application(Settings(module="twsgi_one", callable="make()"))
        self.assertEqual(found.__doc__, "the application")

    def test_no_callable(self) -> None:
        """A module without it, with something else, or that makes nothing, is refused."""
        self.write("twsgi_one.py", APP)
        for name, fault in (
            ("app", "it has no callable 'app'"),
            ("app()", "it has no callable 'app'"),
            ("api.missing", "it has no callable 'api.missing'"),
            ("nothing", "it has no callable 'nothing'"),
            ("number", "'number' is not callable"),
            ("number()", "'number()' is not callable"),
            ("make_nothing()", "'make_nothing()' is not callable"),
            ("make(1)", "it has no callable 'make(1)': write make(), without arguments"),
        ):
            self.refused(f"module = twsgi_one: {fault}", module="twsgi_one", callable=name)
        self.assertEqual(self.stderr.getvalue(), "")

    def test_missing(self) -> None:
        """A module that is not there is refused, without a traceback: none would say more."""
        self.refused(
            "module = twsgi_none: ModuleNotFoundError: No module named 'twsgi_none'",
            module="twsgi_none",
        )
        self.write("twsgi_package/__init__.py", "")
        self.refused(
            "module = twsgi_package.no: ModuleNotFoundError: No module named 'twsgi_package.no'",
            module="twsgi_package.no",
        )
        self.assertEqual(self.stderr.getvalue(), "")

    def test_raises(self) -> None:
        """A module that raises is refused; of the traceback its own part is shown."""
        for text, said in (
            ("def fail():\n    raise ValueError('boom')\nfail()\n", "ValueError: boom"),
            ("import twsgi_none\n", "ModuleNotFoundError: No module named 'twsgi_none'"),
            ("raise SystemExit(4)\n", "SystemExit: 4"),
            ("raise KeyboardInterrupt\n", "KeyboardInterrupt: "),
        ):
            path = self.write("twsgi_one.py", text)
            sys.modules.pop("twsgi_one", None)
            os.utime(path, (len(said), len(said)))  # no cached bytecode is older
            self.stderr.truncate(0)
            self.refused(f"module = twsgi_one: {said}", module="twsgi_one")
            shown = self.stderr.getvalue()
            self.assertIn(f'File "{path}", line', shown)
            self.assertIn(said.rstrip(": "), shown)
            self.assertNotIn("loader.py", shown)
            self.assertNotIn("importlib", shown)

    def test_syntax_error(self) -> None:
        """A syntax error is shown with its line."""
        path = self.write("twsgi_one.py", "def (:\n")
        error = self.assertRaises(ApplicationError, load_application, Settings(module="twsgi_one"))
        self.assertIn("module = twsgi_one: SyntaxError: ", str(error))
        self.assertIn(f'File "{path}", line 1', self.stderr.getvalue())
        self.assertNotIn("importlib", self.stderr.getvalue())

    def test_own_importlib(self) -> None:
        """A path that has importlib in its name is the application's, not Python's."""
        path = self.write("twsgi_importlib_tools.py", "raise ValueError('boom')\n")
        self.refused(
            "module = twsgi_importlib_tools: ValueError: boom", module="twsgi_importlib_tools"
        )
        self.assertIn(path, self.stderr.getvalue())

    def test_maker_raises(self) -> None:
        """What raises while it makes the application is shown like a module that does."""
        path = self.write("twsgi_one.py", "def make():\n    raise ValueError('boom')\n")
        self.refused("module = twsgi_one: ValueError: boom", module="twsgi_one", callable="make()")
        self.assertIn(f'File "{path}", line 2', self.stderr.getvalue())
        self.assertNotIn("loader.py", self.stderr.getvalue())


class FileTests(LoaderCase):
    """C{wsgi-file}."""

    def test_found(self) -> None:
        """The file is run as a module, under uWSGI's name, whatever it is called."""
        for name in ("site.py", "site.wsgi", "dir.d/site"):
            path = self.write(name, APP)
            found: Any = load_application(Settings(wsgi_file=path))
            stem = path.removesuffix(".py").replace("/", "_").replace(".", "_")
            self.assertEqual(found.__module__, "uwsgi_file_" + stem)
            self.assertIs(sys.modules[found.__module__].application, found)

    def test_missing(self) -> None:
        """A file that is not there, or is none, is refused."""
        for path in (os.path.join(self.directory, "no.py"), self.directory):
            self.refused(f"wsgi-file = {path}: no such file", wsgi_file=path)

    def test_raises(self) -> None:
        """A file that raises is refused; of the traceback its own part is shown."""
        path = self.write("site.py", "raise ValueError('boom')\n")
        self.refused(f"wsgi-file = {path}: ValueError: boom", wsgi_file=path)
        self.assertIn(f'File "{path}", line 1', self.stderr.getvalue())
        self.assertNotIn("loader.py", self.stderr.getvalue())
        self.assertNotIn("importlib", self.stderr.getvalue())

    def test_no_callable(self) -> None:
        """A file without the callable is refused."""
        path = self.write("site.py", "")
        self.refused(f"wsgi-file = {path}: it has no callable 'application'", wsgi_file=path)

    def test_callable_behind_it(self) -> None:
        """A callable may stand behind a colon, unless the file is called so."""
        path = self.write("site.py", APP)
        found: Any = load_application(Settings(wsgi_file=f"{path}:make()"))
        self.assertEqual(found.__doc__, "the application")
        odd = self.write("site.py:api", "application = print\n")
        self.assertIs(load_application(Settings(wsgi_file=odd)), print)

    def test_again(self) -> None:
        """A file that raised is run again when it is asked for again."""
        path = self.write("site.py", "raise ValueError('boom')\n")
        self.refused(f"wsgi-file = {path}: ValueError: boom", wsgi_file=path)
        self.write("site.py", "application = print  # mended, at last\n")
        self.assertIs(load_application(Settings(wsgi_file=path)), print)

    def test_neither(self) -> None:
        """Without module and file there is no application."""
        self.refused("no application: set module or wsgi-file")


class PathTests(SynchronousTestCase):
    """L{extend_path}."""

    def test_order(self) -> None:
        """As with uWSGI, the last directory comes first."""
        self.patch(sys, "path", ["/before"])
        lines = extend_path(("one", "two/", "/three"))
        here = os.getcwd()
        self.assertEqual(sys.path, ["/three", f"{here}/two", f"{here}/one", "/before"])
        self.assertEqual(
            lines,
            [
                "added one to pythonpath.",
                "added two/ to pythonpath.",
                "added /three to pythonpath.",
            ],
        )

    def test_pattern(self) -> None:
        """A pattern stands for what it matches; one that matches nothing for itself."""
        self.patch(sys, "path", ["/before"])
        directory = self.mktemp()
        for name in ("a", "b"):
            os.makedirs(os.path.join(directory, name))
        lines = extend_path((f"{directory}/*", "nothing*"))
        here = os.path.abspath(directory)
        expected = [os.path.abspath("nothing*"), f"{here}/b", f"{here}/a", "/before"]
        self.assertEqual(sys.path, expected)
        self.assertEqual(lines[1], f"added {directory}/b to pythonpath.")

    def test_none(self) -> None:
        """Without directories nothing changes."""
        self.patch(sys, "path", ["/before"])
        self.assertEqual(extend_path(()), [])
        self.assertEqual(sys.path, ["/before"])
