"""What the operator wants done: at the start, before a worker serves, at the end, at a touch."""

from __future__ import annotations

import signal
from collections.abc import Iterable

from tests.behaviour.harness import HttpSocket, ModeCase
from tests.behaviour.server import READY, Server

#: What is done before the first worker is started, in this order.
START = (
    "hook-asap",
    "exec-asap",
    "hook-pre-jail",
    "exec-pre-jail",
    "hook-post-jail",
    "exec-post-jail",
    "hook-in-jail",
    "exec-in-jail",
    "hook-as-root",
    "exec-as-root",
    "hook-as-user",
    "exec-as-user",
    "hook-master-start",
)
#: What each worker does, in this order.
WORKER = ("hook-post-fork", "hook-pre-app", "hook-post-app", "hook-accepting")


class Noting(HttpSocket, ModeCase):
    """Every hook notes its name in a file."""

    def noting(self, names: Iterable[str], **changes: str) -> Server:
        """A server with these hooks, whose workers are ready."""
        hooks = {
            name: f"{'exec:' if name.startswith('hook') else ''}echo {name} >> order"
            for name in names
        }
        changes = {"chdir": ".", **changes}
        server = self.serve({"processes": "1", "cheaper": None, **hooks, **changes})
        server.wait_for(READY, int(changes.get("processes", 1)))
        server.get("/pid")
        return server

    def order(self, server: Server) -> list[str]:
        """What has been noted."""
        path = server.site.directory / "order"
        return path.read_text().split() if path.exists() else []


class StartTests(Noting):
    """The master's."""

    def test_order(self) -> None:
        """They run one after another, in uWSGI's order, before a worker is started."""
        server = self.noting([*START, "hook-post-fork"])
        self.assertEqual(self.order(server), [*START, "hook-post-fork"])
        self.assertEqual(server.stop(), 0)

    def test_fails(self) -> None:
        """One that fails ends the start: its line says which, and nothing is left."""
        server = self.serve({"exec-as-root": "exit 3"})
        self.assertNotEqual(server.wait_for_exit(), 0)
        self.assertIn("exit 3", server.text())
        server.assert_nothing_left()

    def test_once(self) -> None:
        """Beside the applications commands run once for all workers: before them, and after."""
        server = self.noting(["exec-pre-app", "exec-post-app", "hook-pre-app"], processes="2")
        self.soon(lambda: len(self.order(server)) == 4, "both have loaded it")
        before, *rest = self.order(server)
        self.assertEqual(before, "exec-pre-app")
        # When the first worker serves; the second may take longer.
        self.assertEqual(sorted(rest), ["exec-post-app", "hook-pre-app", "hook-pre-app"])
        self.assertEqual(rest[0], "hook-pre-app")
        self.assertEqual(server.stop(), 0)

    def test_end(self) -> None:
        """At the end they run when everybody else has gone."""
        names = ["hook-as-user-atexit", "exec-as-user-atexit"]
        server = self.noting(names)
        self.assertEqual(self.order(server), [])
        self.assertEqual(server.stop(), 0)
        self.assertEqual(self.order(server), names)
        text = server.text()
        self.assertLess(text.index("worker 1 buried"), text.index("hook-as-user-atexit >> order"))


class WorkerTests(Noting):
    """A worker's."""

    def test_order(self) -> None:
        """Before and after the application, and before it takes requests: each worker anew."""
        server = self.noting(WORKER)
        self.assertEqual(self.order(server), [*WORKER])
        self.again(server)
        self.assertEqual(self.order(server), [*WORKER, *WORKER])
        self.assertEqual(server.stop(), 0)

    def test_first(self) -> None:
        """C{hook-accepting1} is worker 1's alone."""
        server = self.noting(["hook-accepting", "hook-accepting1"], processes="2")
        self.soon(lambda: len(self.order(server)) == 3, "both take requests")
        self.assertEqual(self.order(server).count("hook-accepting1"), 1)
        self.assertEqual(server.stop(), 0)

    def test_once(self) -> None:
        """Those with C{-once} are done by the first of a place, and by nobody after it."""
        server = self.noting(
            ["hook-accepting", "hook-accepting-once", "hook-accepting1", "hook-accepting1-once"]
        )
        self.again(server)
        self.assertEqual(
            self.order(server),
            [
                "hook-accepting",
                "hook-accepting-once",
                "hook-accepting1",
                "hook-accepting1-once",
                "hook-accepting",
                "hook-accepting1",
            ],
        )
        self.assertEqual(server.stop(), 0)

    def again(self, server: Server) -> None:
        """All workers are replaced."""
        server.send_signal(signal.SIGHUP)
        server.wait_for("(?m)^reload complete$")


class TouchTests(Noting):
    """A file is touched."""

    def test_exec(self) -> None:
        """C{touch-exec} runs its command, with its output in the log."""
        server = self.noting([], **{"touch-exec": "touched echo it was touched"})
        (server.site.directory / "touched").touch()
        server.wait_for("(?m)^it was touched$")
        self.assertEqual(server.stop(), 0)

    def test_hook(self) -> None:
        """C{hook-touch} does what its hook says, each time."""
        server = self.noting([], **{"hook-touch": "touched exec:echo it >> order"})
        for count in (1, 2):
            (server.site.directory / "touched").write_text(str(count))
            self.soon(lambda count=count: len(self.order(server)) == count, "it was done")
        self.assertEqual(server.stop(), 0)
