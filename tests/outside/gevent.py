"""
gevent's C{src/gevent/tests/test__pywsgi.py}: its own test classes, with twsgi for a server.

They are black-box tests of what an application and a client see, but for some that look at
gevent's own classes; those are skipped.  gevent itself is not needed.
"""

from __future__ import annotations

import unittest
from pathlib import Path
from typing import Any

from tests.outside import pywsgi
from tests.outside.foreign import load, standing_in
from tests.outside.report import Report
from tests.outside.waitress import run_class

#: Classes -> what they are about, which is not how a server behaves.
_SKIPPED = {
    "HttpsTestCase": "TLS",
    "TestHttps": "TLS",
    "TestInputRaw": "gevent's class Input",
    "TestEnviron": "gevent's classes of environ",
    "TestLogging": "gevent's adapter of loggers",
    "TestHandlerSubclass": "a subclass of gevent's WSGIHandler",
}


def run(source: Path, mode: str) -> Report:
    """All of its tests."""
    report = Report("gevent pywsgi")
    pywsgi.WSGIServer.mode = mode
    pywsgi.ClientSocket.hosted = 0
    with standing_in(pywsgi.modules()):
        module = load("gevent_test__pywsgi", source / "src/gevent/tests/test__pywsgi.py")
        for name, made in sorted(vars(module).items()):
            if not (isinstance(made, type) and issubclass(made, unittest.TestCase)):
                continue
            if name in _SKIPPED:
                _skip(name, made, report)
            elif made.__module__ == module.__name__:
                run_class(name, made, report)
    report.hosted = pywsgi.ClientSocket.hosted
    return report


def _skip(name: str, made: Any, report: Report) -> None:
    for method in unittest.defaultTestLoader.getTestCaseNames(made):
        report.skipped[f"{name}.{method}"] = _SKIPPED[name]
