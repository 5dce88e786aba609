"""
What gevent's C{test__pywsgi.py} imports, standing in for gevent: twsgi is its C{WSGIServer}.

Nothing is green here: servers run on a reactor in a thread, clients on blocking sockets.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
import unittest
from types import ModuleType
from typing import Any, ClassVar
from unittest.mock import MagicMock

from tests.outside.served import PATIENCE, Served
from tests.outside.talk import with_host


class ExpectedException(Exception):
    """Raised by applications that shall fail."""


class WSGIServer:
    """
    gevent's face, twsgi's work.

    @cvar mode: the mode of twsgi.
    @cvar last: the one that was started last.
    """

    mode: ClassVar[str] = "http"
    last: ClassVar[WSGIServer | None] = None

    def __init__(self, listener: Any, application: Any, **how: Any) -> None:
        self.application = application
        self.log = self.error_log = how.get("log")
        self.server_port = 0

    def start(self) -> None:
        """Serves."""
        WSGIServer.last = self
        self.served = Served(self.application, self.mode)
        self.server_port = self.served.address[1]

    def stop(self) -> None:
        """Ends."""
        self.served.stop()


class WSGIHandler:
    """A base class for handlers that nobody asks."""

    def _print_unexpected_exc(self) -> None:
        """Nothing."""


class Timeout:
    """A timeout that never comes: the sockets have one."""

    @classmethod
    def start_new(cls, *_: Any, **__: Any) -> Timeout:
        """One more."""
        return cls()

    def close(self) -> None:
        """Nothing."""

    def __enter__(self) -> Timeout:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class TestCase(unittest.TestCase):
    """gevent's, as far as these tests use it: an error of an application is one in the log."""

    def _close_on_teardown(self, resource: Any) -> Any:
        self.addCleanup(resource.close)
        return resource

    def expect_one_error(self) -> None:
        """Nothing to prepare."""

    def assert_error(self, kind: Any = None, value: Any = None, **_: Any) -> None:
        """The log has a traceback that ends in this exception."""
        server = WSGIServer.last
        assert server is not None
        wanted = "" if kind is None else kind.__name__
        deadline = time.monotonic() + 2
        while wanted not in server.served.log.text and time.monotonic() < deadline:
            server.served.settle()
        self.assertIn(wanted, server.served.log.text)


class ClientSocket(socket.socket):
    """
    A client's socket whose files add C{Host} to requests that need one.

    @cvar hosted: how many.
    """

    hosted: ClassVar[int] = 0

    def makefile(self, *args: Any, **how: Any) -> Any:
        """As any socket's."""
        made: Any = super().makefile(*args, **how)
        write = made.write

        def write_hosted(data: bytes) -> Any:
            hosted = with_host(data)
            ClientSocket.hosted += hosted != data
            return write(hosted)

        made.write = write_hosted
        return made

    def sendall(self, data: Any, flags: int = 0) -> None:
        """All of it."""
        super().sendall(with_host(bytes(data)), flags)


def create_connection(address: Any) -> ClientSocket:
    """A client's connection."""
    made = ClientSocket(socket.AF_INET, socket.SOCK_STREAM)
    made.settimeout(PATIENCE)
    made.connect(("127.0.0.1", address[1]))
    return made


class _Green(ModuleType):
    """C{socket}, but for connections."""

    create_connection = staticmethod(create_connection)

    def __getattr__(self, name: str) -> Any:
        return getattr(socket, name)


def modules() -> dict[str, ModuleType]:
    """The modules that C{import gevent...} finds, by name."""
    made: dict[str, Any] = {
        "gevent": ModuleType("gevent"),
        "gevent.monkey": ModuleType("gevent.monkey"),
        "gevent.socket": _Green("gevent.socket"),
        "gevent.ssl": ModuleType("gevent.ssl"),
        "gevent.pywsgi": ModuleType("gevent.pywsgi"),
        "gevent.testing": ModuleType("gevent.testing"),
        "gevent.testing.exception": ModuleType("gevent.testing.exception"),
    }
    gevent = made["gevent"]
    gevent.__path__ = []
    gevent.Timeout = Timeout
    gevent.sleep = threading.Event().wait
    gevent.get_hub = MagicMock()
    made["gevent.monkey"].patch_all = lambda: None
    made["gevent.ssl"].create_default_context = None
    pywsgi = made["gevent.pywsgi"]
    pywsgi.WSGIServer, pywsgi.WSGIHandler = WSGIServer, WSGIHandler
    pywsgi.MAX_REQUEST_LINE = 8192
    pywsgi.Input = pywsgi.Environ = pywsgi.SecureEnviron = pywsgi.LoggingLogAdapter = object
    testing = made["gevent.testing"]
    testing.__path__ = []
    testing.TestCase = testing.BaseTestCase = TestCase
    testing.ExpectedException = made["gevent.testing.exception"].ExpectedException = (
        ExpectedException
    )
    testing.CONN_ABORTED_ERRORS = (104, 32, 103)
    testing.DEFAULT_BIND_ADDR = testing.DEFAULT_LOCAL_HOST_ADDR = "127.0.0.1"
    testing.PYPY = False
    testing.skipOnWindows = lambda reason: lambda method: method
    for name, module in made.items():
        parent, _, last = name.rpartition(".")
        if parent:
            setattr(made[parent], last, module)
    logging.getLogger("gevent.tests.pywsgi").propagate = False
    return made
