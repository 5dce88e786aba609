"""Tests of L{twsgi.worker.stacks}: where the threads of a worker are."""

from __future__ import annotations

import threading
from typing import Any

from tests.worker.fakes import step
from tests.worker.test_serving import ServingCase
from twsgi.control.scoreboard import BOOTING, CORE_BUSY_SINCE, CORE_TEXT, CORE_THREAD
from twsgi.wire import frames
from twsgi.worker import stacks
from twsgi.worker.serving import Serving
from twsgi.wsgi.core import request_text


class DescribeTests(ServingCase):
    """Two threads in the place of two cores, each in a function of its own."""

    def setUp(self) -> None:
        super().setUp()
        self.over = threading.Event()
        self.serving = self.hanging()
        self.addCleanup(self.over.set)

    def hanging(self) -> Serving:
        """The cores' threads wait, and say on the scoreboard that they are in a request."""
        inside = [threading.Event(), threading.Event()]

        def first_hangs() -> None:
            inside[0].set()
            self.over.wait()

        def second_hangs() -> None:
            inside[1].set()
            self.over.wait()

        serving = self.serve()
        for core, target in enumerate((first_hangs, second_hangs)):
            thread = threading.Thread(target=target, name=f"uWSGI core {core}", daemon=True)
            thread.index = core  # type: ignore[attr-defined]
            serving._cores.threads[core] = thread  # type: ignore[call-overload]
            thread.start()
            inside[core].wait()
            self.scoreboard.core(1, core)[CORE_BUSY_SINCE] = 100 + core
        serving._stacks.started()
        return serving

    def test_stack(self) -> None:
        """The stack of the core that was asked for, innermost call last."""
        for core, there, other in ((0, "first", "second"), (1, "second", "first")):
            said = self.serving.describe([core], [100 + core], False)
            self.assertTrue(said.startswith(f"uWSGI core {core} (most recent call last):\n"), said)
            self.assertIn(f"in {there}_hangs\n", said)
            self.assertNotIn(f"in {other}_hangs\n", said)
            self.assertNotIn("MainThread", said)

    def test_several(self) -> None:
        """Several cores that were asked for."""
        said = self.serving.describe([0, 1], [100, 101], False)
        self.assertIn("in first_hangs\n", said)
        self.assertIn("in second_hangs\n", said)

    def test_everything(self) -> None:
        """All threads, those first that were asked for, and each once."""
        said = self.serving.describe([1], [101], True)
        self.assertLess(said.index("in second_hangs\n"), said.index("in first_hangs\n"))
        self.assertIn("MainThread (most recent call last):\n", said)
        self.assertEqual(said.count("in second_hangs\n"), 1)

    def test_finished(self) -> None:
        """Who is in another request, or in none, is not described; nor is then anybody else."""
        self.assertEqual(self.serving.describe([0], [99], True), "")
        self.assertIn("first", self.serving.describe([0, 1], [100, 99], False))
        self.assertNotIn("second", self.serving.describe([0, 1], [100, 99], False))
        self.assertEqual(self.serving.describe([7], [100], False), "")

    def test_long(self) -> None:
        """It is no longer than one answer may be."""
        self.patch(stacks, "LONGEST", 50)
        self.assertEqual(len(self.serving.describe([0], [100], False)), 50)

    def test_numbers(self) -> None:
        """The scoreboard has the threads' numbers, as faulthandler writes them."""
        for core in (0, 1):
            self.assertEqual(
                self.scoreboard.core(1, core)[CORE_THREAD],
                self.serving._cores.threads[core].ident,
            )


class NotedTests(ServingCase):
    """What a core works on."""

    def test_started(self) -> None:
        """Whoever sees that the worker is ready sees its threads' numbers."""
        states: list[int] = []
        self.patch(stacks.Stacks, "started", lambda stacks: states.append(self.state))
        self.serve()
        self.assertEqual(states, [BOOTING])

    def served(self, **settings: Any) -> bytes:
        """What is told of a request that was served."""
        serving = self.serve(disable_logging=True, **settings)
        frontend = self.link()
        variables = {"REQUEST_METHOD": "GET", "REQUEST_URI": "/a?b", "REMOTE_ADDR": "::1"}
        encoded = frames.encode_variables(variables)
        frontend.sendall(frames.encode_request(frames.HTTP11, encoded, b"", 0))
        self.assertTrue(step(serving._cores))
        return bytes(self.scoreboard.core_text(1, 0)).rstrip(b"\0")

    def test_noted(self) -> None:
        """With C{harakiri} the line of a request is on the scoreboard."""
        self.assertEqual(self.served(harakiri=10), b"::1 - GET /a?b")

    def test_off(self) -> None:
        """Without it nobody writes it, and nothing is asked on the way of a request."""
        self.assertEqual(self.served(), b"")
        self.assertNotIn("_serve", vars(self.serving._cores.threads[0]))

    def test_text(self) -> None:
        """It is cut, and there is a NUL after it in any case."""
        variables = {"REQUEST_METHOD": "GET", "REQUEST_URI": "/\xe4" + "x" * 999}
        text = request_text(variables, CORE_TEXT)
        self.assertEqual((len(text), text[-1]), (CORE_TEXT, 0))
        self.assertTrue(text.startswith(b" - GET /\xe4xxx"))
        self.assertEqual(request_text({"REQUEST_METHOD": "\u20ac"}, 9), b" - ? \0\0\0\0")
