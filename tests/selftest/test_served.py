"""L{twsgi.selftest.served}: a child process, and what its log says; a script plays the server."""

from __future__ import annotations

import os

from twisted.trial.unittest import SynchronousTestCase

from twsgi.selftest.served import Served, ServedError, apart
from twsgi.settings.model import Settings

PATIENCE = 20.0
#: What plays the server: it says what it is given, on SIGHUP the next thing, and ends as told.
SCRIPT = """\
import signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(int(sys.argv[1])))
hangups = iter(sys.argv[3:])
signal.signal(signal.SIGHUP, lambda *_: print(next(hangups), flush=True))
print(sys.argv[2], flush=True)
while True:
    signal.pause()
"""
BOUND = "uWSGI http bound on 127.0.0.1:41 fd 4\nuwsgi socket 0 bound to TCP address 127.0.0.1:42 x"
READY = f"{BOUND}\nWSGI app 0 (mountpoint='') ready in 0 seconds"


class ServedTests(SynchronousTestCase):
    """Start, reload, end."""

    def served(self, *said: str, code: int = 0, script: str = SCRIPT) -> Served:
        """What waits for a script that says this, and then that."""
        served = Served([str(code), *said], ("-c", script))
        self.addCleanup(served.forget)
        self.addCleanup(served.kill)
        return served

    def fails(self, call: object, *arguments: float) -> str:
        """What a call that fails says."""
        return str(self.assertRaises(ServedError, call, *arguments))

    def test_ready(self) -> None:
        """It is ready when the application is loaded, on the ports that the log names."""
        self.assertEqual(self.served(READY).wait_ready(PATIENCE), [41, 42])
        self.assertIn("not within 0 s", self.fails(self.served(BOUND).wait_ready, 0.01))

    def test_start_that_fails(self) -> None:
        """A server that ends instead of being ready is quoted."""
        served = self.served("", script="import sys; print('x'); print('no such app'); sys.exit(9)")
        said = self.fails(served.wait_ready, PATIENCE)
        self.assertEqual(said, "the server ended with exit code 9: no such app")
        served = self.served("", script="print('twsgi: this is why'); print('goodbye')")
        said = self.fails(served.wait_ready, PATIENCE)
        self.assertEqual(said, "the server ended with exit code 0: this is why")
        said = self.fails(self.served("", script="").wait_ready, PATIENCE)
        self.assertEqual(said, "the server ended with exit code 0: its log is empty")

    def test_reload(self) -> None:
        """A reload is done when the log says so once more."""
        served = self.served(READY, "reload complete", "reload complete", "x")
        served.wait_ready(PATIENCE)
        served.reload(PATIENCE)
        served.reload(PATIENCE)
        self.assertIn("not within", self.fails(served.reload, 0.05))

    def test_reload_given_up(self) -> None:
        """A reload that is given up is quoted."""
        served = self.served(READY, "reload given up: no module: the workers that run go on")
        served.wait_ready(PATIENCE)
        self.assertIn("no module", self.fails(served.reload, PATIENCE))

    def test_end(self) -> None:
        """It is asked to end, and is expected to do that well."""
        served = self.served(READY)
        served.wait_ready(PATIENCE)
        served.end(PATIENCE)
        served = self.served(READY, code=3)
        served.wait_ready(PATIENCE)
        self.assertEqual(self.fails(served.end, PATIENCE), "the server ended with exit code 3")

    def test_kill(self) -> None:
        """Whatever its state, it is gone after that."""
        served = self.served(READY)
        served.kill()
        self.assertEqual(self.fails(served.end, 0), "the server ended with exit code -9")


class ApartTests(SynchronousTestCase):
    """Nothing is shared with what runs of it already."""

    def test_addresses(self) -> None:
        """Every address gives way to a port of the kernel's choice."""
        settings = apart(
            Settings(http=(":80", "/run/a.sock"), chmod_socket=0o660, chown_socket="x")
        )
        self.assertEqual(settings, Settings(http=("127.0.0.1:0",)))
        settings = apart(Settings(http_socket=("fd://3",)))
        self.assertEqual(settings, Settings(http_socket=("127.0.0.1:0",)))

    def test_files(self) -> None:
        """No pidfile, no daemon; the application's own stays."""
        settings = Settings(pidfile="a", pidfile2="b", daemonize="c", module="m", chdir="d")
        self.assertEqual(apart(settings), Settings(module="m", chdir="d"))

    def test_rights(self) -> None:
        """Who is not root does not try to become somebody."""
        settings = Settings(uid="www", gid="www", add_gid=("x",), chroot="/srv")
        self.assertEqual(apart(settings, root=True), settings)
        self.assertEqual(apart(settings, root=False), Settings())
        self.assertEqual(apart(settings), apart(settings, root=os.geteuid() == 0))

    def test_clients(self) -> None:
        """The load comes from one address."""
        self.assertEqual(apart(Settings(http_connections_per_peer=1)), Settings())
