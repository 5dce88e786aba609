"""L{Served}: the user's server as a child process, apart from whatever runs of it already."""

from __future__ import annotations

import dataclasses
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence

from twsgi.errors import TwsgiError
from twsgi.settings.model import Settings

# What the log says.
_BOUND = re.compile(
    r"^(?:uWSGI http bound on|uwsgi socket \d+ bound to TCP address) 127\.0\.0\.1:(\d+) ", re.M
)
_READY = re.compile(r"^WSGI app 0 \(mountpoint=''\) ready in ", re.M)
_RELOADED = re.compile(r"^reload complete", re.M)
_GIVEN_UP = re.compile(r"^.*reload given up: .*$", re.M)
_REASON = re.compile(r"^twsgi: (.*)$", re.M)
#: Seconds between two looks.
_LOOK = 0.02
#: Seconds after its mercy in which the server must have ended.
_END = 20.0

_ANY_PORT = ("127.0.0.1:0",)


class ServedError(TwsgiError):
    """The server does not do what the test needs; the text is one line for the user."""


def apart(settings: Settings, root: bool | None = None) -> Settings:
    """
    The same without all that there can be only one of, and that others look at: ports of the
    kernel's choice, on the loopback interface; no files; whoever starts it, unless that is root.

    @param root: None: look.
    """
    changed = dataclasses.replace(
        settings,
        http=_ANY_PORT if settings.http else (),
        http_socket=_ANY_PORT if settings.http_socket else (),
        chmod_socket=None,
        chown_socket=None,
        daemonize=None,
        pidfile=None,
        pidfile2=None,
        # All the clients have one address.
        http_connections_per_peer=0,
    )
    if os.geteuid() == 0 if root is None else root:
        return changed
    return dataclasses.replace(changed, uid=None, gid=None, add_gid=(), chroot=None)


class Served:
    """
    The child process.  Its log is a file, which stays if anything was wrong.

    @ivar log: the file's name.
    """

    def __init__(
        self, arguments: Sequence[str], command: Sequence[str] = ("-m", "twsgi.selftest.main")
    ) -> None:
        """@param arguments: the server's command line."""
        descriptor, self.log = tempfile.mkstemp(prefix="twsgi-selftest-", suffix=".log")
        self._read = b""
        with open(descriptor, "ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, *command, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C is for the test, which then ends the server itself.
                start_new_session=True,
            )

    def wait_ready(self, seconds: float) -> list[int]:
        """
        Waits until the application is loaded.

        @return: the ports.
        @raise ServedError: that did not come to pass.
        """
        self._wait(lambda text: _READY.search(text), seconds, "the application is loaded")
        return [int(port) for port in _BOUND.findall(self._text())]

    def reload(self, seconds: float) -> None:
        """
        Asks for a reload, and waits until it is done.

        @raise ServedError: it was given up, or not done in time.
        """
        start = len(self._text())
        os.kill(self._process.pid, signal.SIGHUP)

        def done(text: str) -> object:
            given_up = _GIVEN_UP.search(text, start)
            if given_up:
                raise ServedError(given_up[0])
            return _RELOADED.search(text, start)

        self._wait(done, seconds, "the reload is done")

    def end(self, mercy: float) -> None:
        """
        Stops it.

        @raise ServedError: it did not end well, or not in time.
        """
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            code = self._process.wait(mercy + _END)
        except subprocess.TimeoutExpired:
            raise ServedError("the server did not stop") from None
        if code:
            raise ServedError(f"the server ended with exit code {code}")

    def kill(self) -> None:
        """Makes an end of it: its children leave by themselves.  No effect if it has ended."""
        self._process.kill()
        self._process.wait()

    def forget(self) -> None:
        """Removes the log."""
        os.unlink(self.log)

    def _wait(self, condition: Callable[[str], object], seconds: float, what: str) -> None:
        deadline = time.monotonic() + seconds
        while not condition(self._text()):
            code = self._process.poll()
            if code is not None:
                raise ServedError(f"the server ended with exit code {code}: {self._reason()}")
            if time.monotonic() > deadline:
                raise ServedError(f"not within {seconds:.0f} s: {what}")
            time.sleep(_LOOK)

    def _reason(self) -> str:
        """Why it ended, as far as its log knows."""
        found = _REASON.findall(self._text())
        return found[-1] if found else (self._text().split("\n")[-2:-1] or ["its log is empty"])[0]

    def _text(self) -> str:
        """The log so far, a character for each byte."""
        with open(self.log, "rb") as log:
            log.seek(len(self._read))
            self._read += log.read()
        return self._read.decode("latin-1")
