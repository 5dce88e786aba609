"""L{twsgi.wsgi.forks}: what an application forks does not become a second worker."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.wsgi.fakes import Iterable, LedgerSink, run
from twsgi.wsgi import forks


class LeftError(BaseException):
    """In place of the process's end."""


class ForkTests(SynchronousTestCase):
    """The process after a fork; what it says goes to C{said}, how it ended to C{left}."""

    def setUp(self) -> None:
        self.said: list[str] = []
        self.left: list[int] = []
        self.patch(os, "_exit", self.leave)
        self.patch(forks, "_say", self.said.append)
        self.patch(forks, "generation", forks.generation)

    def leave(self, code: int) -> None:
        """In place of C{os._exit}."""
        self.left.append(code)
        raise LeftError

    def after(self, application: Any) -> list[Any]:
        """What a sink is told by the process that C{application} has forked."""
        sink = LedgerSink()
        self.assertRaises(LeftError, run, application, sink)
        return sink.calls

    def test_return(self) -> None:
        """What returns ends with 0, and sends nothing; C{close()} is its parent's."""
        result = Iterable([b"a"])

        def application(environ: Any, start_response: Any) -> Any:
            start_response("200 OK", [])
            forks._forked()
            return result

        self.assertEqual(self.after(application), [])
        self.assertEqual(self.left[0], 0)

    def test_raise(self) -> None:
        """What raises ends with 1 and its traceback, C{SystemExit} with its own code."""
        for error, code, word in (
            (ValueError("why"), 1, "ValueError: why"),
            (SystemExit(3), 3, ""),
            (SystemExit(), 0, ""),
            (SystemExit("sorry"), 1, "sorry"),
        ):

            def application(environ: Any, start_response: Any, error: Any = error) -> Any:
                forks._forked()
                raise error

            self.left.clear()
            self.said.clear()
            self.assertEqual(self.after(application), [])
            self.assertEqual(self.left[0], code)
            self.assertIn(word, "".join(self.said))
            self.assertEqual(bool(word), bool(self.said))

    def test_between_pieces(self) -> None:
        """What is forked between two pieces sends neither the second nor an end."""
        for more in ([b"b"], [b""], []):

            def pieces(more: Any = more) -> Iterator[bytes]:
                yield b"a"
                forks._forked()
                yield from more

            def application(environ: Any, start_response: Any, pieces: Any = pieces) -> Any:
                start_response("200 OK", [])
                return pieces()

            self.left.clear()
            self.assertEqual([call[0] for call in self.after(application)], ["start", "write"])

    def test_write(self) -> None:
        """What is forked cannot C{write()}."""

        def application(environ: Any, start_response: Any) -> Any:
            write = start_response("200 OK", [])
            forks._forked()
            write(b"a")
            return []

        self.assertEqual(self.after(application), [])

    def test_close(self) -> None:
        """What is forked in C{close()} ends there."""

        class Result(Iterable):
            def close(self) -> None:
                forks._forked()

        def application(environ: Any, start_response: Any) -> Any:
            start_response("200 OK", [])
            return Result([b"a"])

        self.assertEqual(self.after(application)[-1], ("finish", b""))
        self.assertEqual(self.left, [0])

    def test_forked_before(self) -> None:
        """A server that was forked before the request serves it: a daemon does."""
        forks._forked()
        sink = LedgerSink()

        def application(environ: Any, start_response: Any) -> Any:
            start_response("200 OK", [])
            return [b"a"]

        self.assertTrue(run(application, sink)[0])
        self.assertEqual((sink.calls[-1], self.left), (("finish", b"a"), []))
