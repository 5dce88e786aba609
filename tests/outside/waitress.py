"""
waitress's C{tests/test_functional.py}: its own test classes, with twsgi for a server.

Relaxed is what is waitress's own way and no rule: that its name is in C{Server}, the words of its
error pages, C{HTTP/1.0} in the status line of an answer to HTTP/1.0, capitals in words.
Requests of HTTP/1.1 without C{Host}, which waitress allows, get one.  The UNIX socket variants are
left out: they are the same tests.
"""

from __future__ import annotations

import importlib
import re
import socket
import sys
import unittest
from contextlib import suppress
from pathlib import Path
from typing import Any

import tests
from tests.outside.report import Report
from tests.outside.served import PATIENCE, Served
from tests.outside.talk import with_host

#: waitress's settings, and ours that mean the same.
_OPTIONS = {"max_request_header_size": "buffer_size", "max_request_body_size": "limit_post"}
#: Parts of names of tests -> what they are about, which twsgi does not have.
_SKIPPED = {
    "Traceback": "an option that shows tracebacks to clients",
    "test_proxy_headers": "the option trusted_proxy",
    "test_proxied": "the option trusted_proxy",
}


def run(source: Path, mode: str) -> Report:
    """All of its tests over TCP."""
    module = functional(source)
    report = Report("waitress functional")
    base: Any = relaxed(module, mode, report)
    for name, made in sorted(vars(module).items()):
        if not (isinstance(made, type) and issubclass(made, unittest.TestCase)):
            continue
        if not name.startswith("Unix"):
            case = type(name, (base, made), {})
            run_class(name, case, report)
    return report


def functional(source: Path) -> Any:
    """The module, which expects to be in a package named tests."""
    tests.__path__.append(str(source / "tests"))
    sys.path.append(str(source / "src"))
    return importlib.import_module("tests.test_functional")


def run_class(name: str, case: Any, report: Report) -> None:
    """All tests of a class, into the report."""
    for method in unittest.defaultTestLoader.getTestCaseNames(case):
        full = f"{name}.{method}"
        why = next((why for part, why in _SKIPPED.items() if part in full), "")
        if why:
            report.skipped[full] = why
            continue
        result = unittest.TestResult()
        case(method).run(result)
        faults = result.failures + result.errors
        if result.skipped:
            report.skipped[full] = result.skipped[0][1]
        else:
            report.add(full, said(faults[0][1]) if faults else "")


def relaxed(module: Any, mode: str, report: Report) -> type:
    """What is put before the methods of its classes."""
    read_http = module.read_http

    def read_relaxed(stream: Any) -> Any:
        line, headers, body = read_http(stream)
        headers.setdefault("server", "waitress")
        if headers.get("content-type") == "text/plain" and not line.startswith(b"HTTP/1.1 200"):
            headers["content-type"] += "; charset=utf-8"
        return line, headers, body

    module.read_http = read_relaxed

    return type("Relaxed", (Relaxed,), {"mode": mode, "report": report})


def said(traceback: str) -> str:
    """The exception at the end of a traceback."""
    lines = re.findall(r"(?m)^[\w.]+(?:Error|Exception|Closed)\b.*$", traceback)
    return re.sub(r" headers=.*", "", lines[-1] if lines else traceback.strip())[:200]


class Relaxed:
    """
    Serves by twsgi, and minds no words.

    @cvar mode: the mode of twsgi.
    @cvar report: what the sockets count in.
    """

    mode = ""
    report: Report

    def start_subprocess(self, target: Any, **settings: Any) -> None:
        """In this process instead."""

        def with_name(environ: Any, start_response: Any) -> Any:
            environ.setdefault("REMOTE_HOST", environ["REMOTE_ADDR"])
            return target(environ, start_response)

        ours = {_OPTIONS[key]: value for key, value in settings.items() if key in _OPTIONS}
        self.served = Served(with_name, self.mode, ours)
        self.bound_to = self.served.address
        self.sock = self.create_socket()

    def stop_subprocess(self) -> None:
        """Its end."""
        self.sock.close()
        self.served.stop()

    def create_socket(self) -> socket.socket:
        """A client's socket, that adds C{Host}."""
        sock = HostedSocket(socket.AF_INET, socket.SOCK_STREAM)
        sock.report = self.report
        sock.settimeout(PATIENCE)
        return sock

    def assertline(self, line: bytes, status: str, reason: str, version: str) -> None:
        """The status alone."""
        self.assertEqual(line.split(None, 2)[1].decode(), status)

    def assertEqual(self, first: Any, second: Any, msg: Any = None) -> None:
        """Of words not the capitals."""
        if isinstance(first, str) and isinstance(second, str):
            first, second = first.lower(), second.lower()
        super().assertEqual(first, second, msg)  # type: ignore[misc]

    def assertIn(self, member: Any, container: Any, msg: Any = None) -> None:
        """Of an error page only that it is one."""
        if isinstance(container, bytes) and container[:1] in (b"4", b"5"):
            member = container[:3]
        super().assertIn(member, container, msg)  # type: ignore[misc]


class HostedSocket(socket.socket):
    """
    A client's socket that adds C{Host} to a request that has none and needs one.

    @ivar report: counts those.
    """

    report: Report

    def _hosted(self, data: Any) -> bytes:
        hosted = with_host(bytes(data))
        self.report.hosted += hosted != data
        return hosted

    def send(self, data: Any, flags: int = 0) -> int:
        """All of it."""
        self.sendall(data, flags)
        return len(data)

    def sendall(self, data: Any, flags: int = 0) -> None:
        """All of it; to a server that has closed, nothing."""
        with suppress(ConnectionError):
            super().sendall(self._hosted(data), flags)
