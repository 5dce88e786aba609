"""What lies in examples/ is what the documentation says, and works."""

from __future__ import annotations

import importlib.util
import json
import os
import threading
from pathlib import Path
from typing import Any
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

from twisted.trial.unittest import SynchronousTestCase

from twsgi.settings.plan import plan
from twsgi.settings.resolve import load

SCALING = Path(__file__).parent.parent / "examples" / "scaling"


class ApplicationTests(SynchronousTestCase):
    """The application of the scaling tutorial."""

    def setUp(self) -> None:
        spec = importlib.util.spec_from_file_location("example", SCALING / "code" / "app.py")
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        self.application = validator(module.application)

    def get(self, path: str, query: str = "") -> tuple[str, dict[str, str], bytes]:
        """Status, headers and body of an answer that keeps to PEP 3333."""
        environ: dict[str, Any] = {}
        setup_testing_defaults(environ)
        environ.update(PATH_INFO=path, QUERY_STRING=query)
        started: list[Any] = []
        body = self.application(environ, lambda *arguments: started.append(arguments))
        data = b"".join(body)
        body.close()  # type: ignore[attr-defined]
        return started[0][0], dict(started[0][1]), data

    def test_page(self) -> None:
        """The page says who answered, and its style sheet is there."""
        status, headers, body = self.get("/")
        self.assertEqual(status, "200 OK")
        self.assertEqual(headers["Content-Length"], str(len(body)))
        self.assertIn(str(os.getpid()).encode(), body)
        self.assertIn(b'href="/base.css"', body)
        self.assertTrue((SCALING / "static" / "base.css").is_file())

    def test_json(self) -> None:
        """The same as JSON; requests are counted."""
        first, second = (json.loads(self.get("/who.json")[2]) for _ in range(2))
        self.assertEqual(first["pid"], os.getpid())
        self.assertEqual(first["thread"], threading.current_thread().name)
        self.assertEqual(second["requests"], first["requests"] + 1)

    def test_slow(self) -> None:
        """What is slow takes as long as it is asked to; nonsense does not break it."""
        self.assertEqual(self.get("/slow", "0")[0], "200 OK")
        self.assertEqual(self.get("/slow", "-1")[0], "200 OK")

    def test_missing(self) -> None:
        """Any other path is answered 404."""
        self.assertEqual(self.get("/nothing")[0], "404 Not Found")


class FileTests(SynchronousTestCase):
    """The two files of the scaling tutorial."""

    def test_plans(self) -> None:
        """Both files mean: one to four workers of two threads, and only the mode differs."""
        plans = {}
        for name in ("http-socket.ini", "uwsgi.ini"):
            settings, warnings = load([str(SCALING / name)], {})
            self.assertEqual(warnings, [])
            found = plan(settings, str(SCALING))
            self.assertTrue(settings.strict)
            self.assertEqual((found.initial, found.minimum, found.workers), (1, 1, 4))
            self.assertEqual(found.capacity, 8)
            plans[name] = found
        self.assertEqual([one.kind for one in plans["uwsgi.ini"].listeners], ["http"])
        self.assertEqual([one.kind for one in plans["http-socket.ini"].listeners], ["http-socket"])
        self.assertEqual([one.frontends for one in plans.values()], [0, 1])

    def test_difference(self) -> None:
        """The two files differ in one line."""
        texts = [(SCALING / name).read_text() for name in ("http-socket.ini", "uwsgi.ini")]
        self.assertEqual(texts[0].replace("http-socket =", "http ="), texts[1])
