"""
The test case for all that starts servers: it cleans up, and tells what the logs say.

A test makes a L{Site}, starts a command on it as a L{Server}, talks to it with
L{tests.behaviour.client} and waits for lines of its log.  Nothing sleeps for the sake of order: a
test waits for a line, for a file or for an answer, within a bound that is many times what it takes.
"""

from __future__ import annotations

import atexit
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.behaviour import processes
from tests.behaviour.processes import becomes
from tests.behaviour.server import PATIENCE, Server
from tests.behaviour.site import Site

#: Where C{twistd}, C{twist} and C{twsgi} are: beside the Python that runs the tests.
COMMANDS = Path(sys.executable).parent


class BehaviourCase(SynchronousTestCase):
    """A test that starts servers; when it fails, it tells what their logs say."""

    if not processes.AVAILABLE:
        skip = "needs Linux's /proc to see what is left running"

    def setUp(self) -> None:
        self._servers: list[Server] = []
        method = getattr(self, self._testMethodName)

        def telling() -> None:
            try:
                method()
            except SkipTest:
                raise
            except Exception as error:
                stories = "\n".join(server.story() for server in self._servers)
                said = f"{type(error).__name__}: {error}\n{stories}"
                raise self.failureException(said) from error

        setattr(self, self._testMethodName, telling)

    def site(self) -> Site:
        """A new site, removed after the test."""
        site = Site()
        self.addCleanup(site.remove)
        return site

    def start(self, site: Site, *command: str | Path, **how: Any) -> Server:
        """Starts a command; whatever is left of it after the test is killed."""
        server = Server(site, command, **how)
        self._servers.append(server)
        self.addCleanup(server.kill)
        return server

    def twsgi(self, site: Site, *arguments: str, **how: Any) -> Server:
        """Starts C{python -m twsgi}."""
        return self.start(site, sys.executable, "-m", "twsgi", *arguments, **how)

    def soon(self, condition: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
        """Waits until C{condition()} holds; fails if it does not in time."""
        if not becomes(condition, seconds):
            self.fail(f"not within {seconds} seconds: {what}")


class Shared:
    """
    One server for all the tests of a class that leave it as it was: starting one is what takes
    the time here.  It ends when another class asks for its own, or with the tests.
    """

    current: tuple[type, Server] | None = None

    @classmethod
    def server(cls, owner: type, start: Callable[[], Server]) -> Server:
        """The server of C{owner}'s tests; C{start} makes it where there is none that runs."""
        if cls.current is not None:
            if cls.current[0] is owner and cls.current[1].process.poll() is None:
                return cls.current[1]
            cls.end()
        cls.current = (owner, start())
        return cls.current[1]

    @classmethod
    def end(cls) -> None:
        """Ends the server that is shared now."""
        if cls.current is not None:
            server = cls.current[1]
            cls.current = None
            server.kill()
            server.site.remove()


atexit.register(Shared.end)


class Http:
    """The mode of C{uwsgi.ini}: a frontend accepts and hands over to workers."""

    ini = "uwsgi.ini"
    option = "http"


class HttpSocket:
    """The mode of C{http-socket.ini}: the workers accept."""

    ini = "http-socket.ini"
    option = "http-socket"


class ModeCase(BehaviourCase):
    """A test that runs in both modes: mixed with L{Http} or L{HttpSocket}."""

    ini: str
    option: str

    def serve(self, changes: Mapping[str, str | None] | None = None, **how: Any) -> Server:
        """Starts the mode's ini file on a new site, C{changes} (see L{Site.edit}) made to it."""
        site = self.site()
        if changes:
            site.edit(self.ini, changes)
        return self.twsgi(site, self.ini, **how)

    def shared(self, prepare: Callable[[Site], object] | None = None) -> Server:
        """The server that the tests of this class share; C{prepare} is shown its site first."""

        def start() -> Server:
            site = Site()
            if prepare is not None:
                prepare(site)
            return Server(site, [sys.executable, "-m", "twsgi", self.ini])

        server = Shared.server(type(self), start)
        if server not in self._servers:
            self._servers.append(server)
        return server
