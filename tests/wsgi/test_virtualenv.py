"""L{twsgi.wsgi.virtualenv}: another environment's packages, in a process that runs already."""

from __future__ import annotations

import importlib
import os
import site
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from twsgi.errors import ApplicationError
from twsgi.wsgi.virtualenv import enter_virtualenv

OURS = f"{sys.version_info.major}.{sys.version_info.minor}"


class VirtualenvCase(SynchronousTestCase):
    """A virtual environment, and an interpreter that is put back afterwards."""

    def setUp(self) -> None:
        for name in ("path", "prefix", "exec_prefix", "executable"):
            value = getattr(sys, name)
            self.patch(sys, name, list(value) if isinstance(value, list) else value)
        before = set(sys.modules)
        self.addCleanup(lambda: [sys.modules.pop(name) for name in set(sys.modules) - before])
        self.home = Path(self.mktemp()).resolve()
        self.packages = self.home / "lib" / f"python{OURS}" / "site-packages"
        self.packages.mkdir(parents=True)
        self.configure(f"home = /usr/bin\nversion = {OURS}.9\n")

    def configure(self, text: str) -> None:
        """What C{pyvenv.cfg} says."""
        (self.home / "pyvenv.cfg").write_text(text)

    def refused(self, message: str, home: str | None = None) -> None:
        """It cannot be entered, for this reason, and nothing has changed."""
        before = list(sys.path), sys.prefix
        home = str(self.home) if home is None else home
        error = self.assertRaises(ApplicationError, enter_virtualenv, home)
        self.assertEqual(str(error), f"virtualenv = {home}: {message}")
        self.assertEqual((sys.path, sys.prefix), before)


class EnterTests(VirtualenvCase):
    """One that fits."""

    def test_packages(self) -> None:
        """Its packages are found, behind the standard library and before twsgi's own."""
        (self.packages / "twsgi_inside.py").write_text("")
        said = enter_virtualenv(str(self.home))
        self.assertEqual(
            said, [f"PEP 405 virtualenv detected: {self.home}", f"Set PythonHome to {self.home}"]
        )
        found = importlib.import_module("twsgi_inside")
        self.assertEqual(found.__file__, str(self.packages / "twsgi_inside.py"))
        place = sys.path.index(str(self.packages))
        own = [sys.path.index(one) for one in site.getsitepackages() if one in sys.path]
        self.assertLess(place, min(own))
        standard = os.path.dirname(os.__file__)
        self.assertGreater(place, sys.path.index(standard))

    def test_prefix(self) -> None:
        """C{sys.prefix} is it, and C{sys.executable} its Python."""
        (self.home / "bin").mkdir()
        (self.home / "bin" / "python").touch()
        enter_virtualenv(str(self.home))
        self.assertEqual((sys.prefix, sys.exec_prefix), (str(self.home), str(self.home)))
        self.assertEqual(sys.executable, str(self.home / "bin" / "python"))

    def test_pth_files(self) -> None:
        """Its .pth files are heeded: directories, and what they import."""
        extra = self.home / "extra"
        extra.mkdir()
        (extra / "twsgi_extra.py").write_text("")
        (self.packages / "extra.pth").write_text(f"{extra}\nimport sys; sys.twsgi_pth = True\n")
        self.addCleanup(lambda: delattr(sys, "twsgi_pth"))
        enter_virtualenv(str(self.home))
        self.assertEqual(
            importlib.import_module("twsgi_extra").__file__, str(extra / "twsgi_extra.py")
        )
        self.assertTrue(getattr(sys, "twsgi_pth", False))

    def test_pth_file_in_front(self) -> None:
        """One that puts something first has it first; the packages are where they always are."""
        (self.packages / "first.pth").write_text(
            "import sys; sys.path.insert(0, '/first of all')\n"
        )
        enter_virtualenv(str(self.home))
        self.assertEqual(sys.path[0], "/first of all")
        own = [sys.path.index(one) for one in site.getsitepackages() if one in sys.path]
        self.assertLess(sys.path.index(str(self.packages)), min(own))

    def test_no_configuration(self) -> None:
        """One without C{pyvenv.cfg}, as they were long ago, will do."""
        (self.home / "pyvenv.cfg").unlink()
        self.assertEqual(enter_virtualenv(str(self.home)), [f"Set PythonHome to {self.home}"])
        self.assertIn(str(self.packages), sys.path)

    def test_relative(self) -> None:
        """A relative path starts where the process is."""
        enter_virtualenv(os.path.relpath(self.home))
        self.assertIn(str(self.packages), sys.path)

    def test_own(self) -> None:
        """Where it is the one that twsgi runs in, nothing has to be done."""
        before = list(sys.path)
        self.assertEqual(enter_virtualenv(sys.prefix), [f"Set PythonHome to {sys.prefix}"])
        self.assertEqual(sys.path, before)

    def test_taken(self) -> None:
        """Packages that twsgi has imported from its own stay those, and are named."""
        for name in ("twisted", "zope"):
            (self.packages / name).mkdir()
        (self.packages / "twisted" / "__init__.py").touch()
        (self.packages / "incremental.py").touch()
        said = enter_virtualenv(str(self.home))
        self.assertEqual(
            said[-1],
            f"virtualenv = {self.home}: twsgi goes on to use its own incremental, twisted",
        )

    def test_base(self) -> None:
        """The Python that twsgi's own environment was made of has packages, too."""
        base = self.home / "base"
        (packages := base / "lib" / f"python{OURS}" / "site-packages").mkdir(parents=True)
        self.patch(sys, "base_prefix", str(base))
        enter_virtualenv(str(base))
        self.assertIn(str(packages), sys.path)

    def test_system_packages(self) -> None:
        """With C{include-system-site-packages} those of the Python it was made of come after."""
        base = self.home / "base"
        (system := base / "lib" / f"python{OURS}" / "site-packages").mkdir(parents=True)
        text = f"home = {base}/bin\nversion = {OURS}.9\n"
        self.configure(f"{text}include-system-site-packages = true\n")
        enter_virtualenv(str(self.home))
        self.assertLess(sys.path.index(str(self.packages)), sys.path.index(str(system)))


class RefusedTests(VirtualenvCase):
    """One that does not fit."""

    def test_missing(self) -> None:
        """A directory that is not there is refused."""
        self.refused("no such directory", "/no/such/environment")

    def test_another_python(self) -> None:
        """That of another Python is refused, with both named, and what to do."""
        self.packages.rename(self.home / "elsewhere")
        runs = (
            f"and twsgi runs in Python {OURS} ({sys.executable}): make it anew with that, or "
            "install twsgi in it"
        )
        for text in ("version = 3.4.2\n", "home = /usr/bin\nversion_info = 3.4.2.final.0\n"):
            self.configure(text)
            self.refused(f"it is of Python 3.4, {runs}")
        (self.home / "pyvenv.cfg").unlink()
        (self.home / "lib" / "python3.5").mkdir()
        (self.packages.parent).rmdir()
        self.refused(f"it is of Python 3.5, {runs}")

    def test_none(self) -> None:
        """A directory that is no environment is refused: what is missing is named."""
        self.packages.rename(self.home / "elsewhere")
        (self.packages.parent).rmdir()
        (self.home / "pyvenv.cfg").unlink()
        self.refused(
            f"it is no virtual environment of Python {OURS}, in which twsgi runs: there is no "
            f"lib/python{OURS}/site-packages in it"
        )
