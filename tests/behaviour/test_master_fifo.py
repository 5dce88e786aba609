"""C{master-fifo}: an instance that runs does what is written to a named pipe."""

from __future__ import annotations

import os
import stat

from tests.behaviour.client import EndedError
from tests.behaviour.harness import Http, ModeCase
from tests.behaviour.server import Call, Server
from tests.behaviour.site import Site


def order(server: Server, text: str, name: str = "fifo") -> None:
    """What an operator does: C{echo -n text > fifo}; somebody must listen."""
    descriptor = os.open(server.site.directory / name, os.O_WRONLY | os.O_NONBLOCK)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


class MasterFifoTests(Http, ModeCase):
    """One instance, and what it is told to do."""

    def told(self) -> Server:
        """It has two pipes, and a pidfile."""

        def prepare(site: Site) -> None:
            changes = {"master-fifo": "fifo\nmaster-fifo = other", "pidfile": "site.pid"}
            site.edit(self.ini, {**changes, "cheaper": None, "processes": "2"})

        server = self.shared(prepare)
        server.wait_ready()
        return server

    def again(self, server: Server, text: str, pattern: str) -> None:
        """Gives an order, and waits until the log says once more what comes of it."""
        before = len(server.find(pattern))
        order(server, text)
        server.wait_for(pattern, before + 1)

    def test_rights(self) -> None:
        """Nobody but its owner may write to it."""
        found = os.stat(self.told().site.directory / "fifo")
        self.assertTrue(stat.S_ISFIFO(found.st_mode))
        self.assertEqual(stat.S_IMODE(found.st_mode), 0o600)

    def test_reload(self) -> None:
        """C{r} and C{w} replace the workers; all are others then."""
        server = self.told()
        for character in "rw":
            before = {server.worker(1), server.worker(2)}
            self.again(server, character, "reload complete")
            self.assertFalse(before & {server.worker(1), server.worker(2)})
            self.assertNotIn(server.get("/pid").worker, before)

    def test_chain(self) -> None:
        """C{c} replaces them one after another."""
        self.again(self.told(), "c", "chain reloading complete")

    def test_counters(self) -> None:
        """C{s} says what they have done."""
        self.again(self.told(), "s", r"\tworkers total requests: [1-9]")

    def test_pidfile(self) -> None:
        """C{P} writes the pidfile again."""
        server = self.told()
        pidfile = server.site.directory / "site.pid"
        pidfile.unlink()
        self.again(server, "P", "writing pidfile to")
        self.assertEqual(int(pidfile.read_text()), server.master)

    def test_not_there(self) -> None:
        """What is not there is a line, what nobody knows is nothing."""
        self.again(self.told(), "xyz\nE", "master-fifo: E: there are no vassals")

    def test_cheap(self) -> None:
        """C{C} lets all workers go; the next request has others, and is served."""
        server = self.told()
        before = {server.worker(1), server.worker(2)}
        self.again(server, "C", "cheap mode enabled: waiting for socket connection")
        self.soon(lambda: not before & set(server.alive()), "the workers are gone")
        self.assertEqual(server.get("/").status, 200)

    def test_slots(self) -> None:
        """A digit chooses the other pipe, and back."""
        server = self.told()
        self.again(server, "1", "active master fifo is now .*/other")
        order(server, "0", "other")
        server.wait_for("active master fifo is now .*/fifo")
        self.assertRaises(OSError, order, server, "0", "other")

    def test_stop(self) -> None:
        """C{q} finishes what is in flight, exit code 0; the pipe is gone."""
        server = self.serve({"master-fifo": "fifo"})
        server.wait_ready()
        held = Call(lambda: server.get("/block?held"))
        self.soon(lambda: server.site.inside("held"), "it is inside")
        order(server, "q")
        server.wait_for("SIGINT/SIGTERM received...killing workers...")
        server.site.release("held")
        self.assertEqual(held.result().status, 200)
        self.assertEqual(server.wait_for_exit(), 0)
        server.assert_nothing_left()
        self.assertFalse((server.site.directory / "fifo").exists())

    def test_stop_at_once(self) -> None:
        """C{Q} waits for nobody."""
        server = self.serve({"master-fifo": "fifo"})
        server.wait_ready()
        held = Call(lambda: server.get("/block?held"))
        self.soon(lambda: server.site.inside("held"), "it is inside")
        order(server, "Q")
        self.assertEqual(server.wait_for_exit(), 0)
        server.assert_nothing_left()
        self.assertRaises(EndedError, held.result)

    def test_refused(self) -> None:
        """A file that is no pipe is not replaced: one line, and exit code 1."""
        site = self.site()
        site.edit(self.ini, {"master-fifo": "precious"})
        path = site.write("precious", "mine")
        server = self.twsgi(site, self.ini)
        self.assertEqual(server.wait_for_exit(), 1)
        server.wait_for(f"twsgi: master-fifo = {path}: a file that is no named pipe is there")
        self.assertEqual(path.read_text(), "mine")
