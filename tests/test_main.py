"""L{twsgi.__main__}: C{twsgi uwsgi.ini} and C{python -m twsgi}."""

from __future__ import annotations

import subprocess
import sys

from twisted.trial.unittest import SynchronousTestCase

from tests.fakes_entry import FakeReactor
from twsgi.__main__ import run
from twsgi._version import __version__


class Recorded:
    """A service that remembers what was asked of it."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def privilegedStartService(self) -> None:
        self.events.append("bind")

    def startService(self) -> None:
        self.events.append("start")

    def stopService(self) -> None:
        self.events.append("stop")


class RunTests(SynchronousTestCase):
    """Our own runner."""

    def test_order(self) -> None:
        """Bind, start, run; the service stops before the reactor does."""
        service, reactor = Recorded(), FakeReactor()
        run(service, reactor)
        self.assertEqual(service.events, ["bind", "start"])
        self.assertEqual(reactor.events, ["run"])
        reactor.stop()
        self.assertEqual(service.events, ["bind", "start", "stop"])


class CommandTests(SynchronousTestCase):
    """The command as it is typed."""

    def command(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, output and errors."""
        done = subprocess.run(
            [sys.executable, *arguments], capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout, done.stderr

    def test_version(self) -> None:
        """C{--version} answers at once: no reactor is loaded for it."""
        self.assertEqual(
            self.command("-m", "twsgi", "--version"), (0, f"{__version__.public()}\n", "")
        )
        code = (
            "import sys\n"
            "from twsgi.__main__ import main\n"
            "try: main(['--version'])\n"
            "except SystemExit: sys.exit('twisted.internet.reactor' in sys.modules)\n"
        )
        self.assertEqual(self.command("-c", code)[0], 0)

    def test_help(self) -> None:
        """C{--help} names the options."""
        code, output, errors = self.command("-m", "twsgi", "--help")
        self.assertEqual((code, errors), (0, ""))
        self.assertIn("--http-socket", output)

    def test_mistake(self) -> None:
        """A mistake is one line and exit code 1."""
        code, output, errors = self.command("-m", "twsgi", "missing.ini")
        self.assertEqual((code, output, errors.count("\n")), (1, "", 1))
        self.assertIn("missing.ini", errors)
