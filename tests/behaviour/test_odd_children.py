"""Children that crash, never get ready, do not listen or answer; and children of others."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from tests.behaviour import processes
from tests.behaviour.client import EndedError, ResetError
from tests.behaviour.harness import BehaviourCase, Http, HttpSocket, ModeCase
from tests.behaviour.server import SPAWNED, Call, Server
from tests.behaviour.site import Site

DAMN = r"(?m)^DAMN ! worker 1 \(pid: (\d+)\) died, killed by signal {} :\( trying respawn \.\.\.\n"
TOO_FAST = r"(?m)^worker 1 respawning too fast !!! i have to sleep a bit \((\d+) seconds\)"
#: As C{python -m twsgi}, but a child that is silent is found out sooner.
IMPATIENT = """\
import sys
from twsgi.master import pulse
pulse.PERIOD, pulse.MOST = 0.2, 10
from twsgi.__main__ import main
sys.exit(main())
"""
#: As C{python -m twsgi}, but whoever loses its parent becomes a child of the master.
SUBREAPER = """\
import ctypes, sys
assert not ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
from twsgi.__main__ import main
sys.exit(main())
"""
#: A page that leaves an orphan behind, which ends when the test says so.
ORPHAN = """

def orphan(environ):
    child = os.fork()
    if child:
        return text(os.waitpid(child, 0)[1])
    grandchild = os.fork()
    if not grandchild:
        block({**environ, "QUERY_STRING": "orphan"})
    os._exit(0)


PAGES["/orphan"] = orphan
"""


class OddChildren:
    """One worker, in both modes."""

    def extended(self, code: str) -> Site:
        """A site whose application has this code as well."""
        site = self.site()
        site.edit(self.ini, {"processes": "1", "cheaper": None})
        application = site.directory / "code" / "app.py"
        application.write_text(application.read_text() + code)
        return site

    def crashes(self, code: str, number: int, words: str) -> None:
        """
        Workers that crash again and again are not respawned in a busy loop, and each time the log
        has its last words, right after the death.
        """
        site = self.extended(
            "\nimport ctypes, threading\n"
            "def last_deed():\n"
            f"    {code}\n"
            "threading.Timer(0.05, last_deed).start()\n"
        )
        server = self.twsgi(site, self.ini)
        self.assertEqual(int(server.wait_for(TOO_FAST, 2)[1]), 2)
        self.assertEqual(len(server.find(SPAWNED)), 3)
        deaths = server.find(
            DAMN.format(number) + r"last words of worker 1 \(pid: \1\):\n"
            rf"Fatal Python error: {words}\n(.*\n)*?.* in last_deed\n"
        )
        self.assertEqual(len(deaths), 3)
        self.assertEqual(len(server.find("Fatal Python error")), 3)
        self.assertEqual(server.stop(), 0)

    def test_abort(self) -> None:
        """A library that calls C{abort} is told with the stack that led there."""
        self.crashes("os.abort()", signal.SIGABRT, "Aborted")

    def test_segmentation_fault(self) -> None:
        """So is one that touches what is not there."""
        self.crashes("ctypes.string_at(0)", signal.SIGSEGV, "Segmentation fault")

    def test_never_ready(self) -> None:
        """A worker that never gets ready is killed, the log tells where it hung; it is slowed."""
        site = self.extended("\ndef waits():\n    time.sleep(1000)\nwaits()\n")
        # Time enough to get there, on a busy machine too.
        site.edit(self.ini, {"worker-ready-timeout": "4"})
        server = self.twsgi(site, self.ini)
        fault = r"(?m)^.* - worker 1 \(pid: (\d+)\) is not ready after 4 seconds "
        fault += r"\(worker-ready-timeout\): it is killed\n"
        server.wait_for(
            fault
            + DAMN.format(9).replace("(?m)^", "").replace(r"(\d+)", r"\1")
            + r"last words of worker 1 \(pid: \1\):\n(.*\n)*?.* in waits\n",
            2,
        )
        server.wait_for(TOO_FAST)
        self.assertLess(len(server.find(SPAWNED)), 4)
        self.assertEqual(server.stop(), 0)

    def test_never_ready_in_a_reload(self) -> None:
        """A new generation that never gets ready replaces nobody."""
        site = self.extended("")
        site.edit(self.ini, {"worker-ready-timeout": "5"})
        server = self.twsgi(site, self.ini)
        server.wait_ready()
        old = server.worker()
        site.edit(self.ini, {"worker-ready-timeout": "1", "env": "MEET_IMPORT_SECONDS=1000"})
        server.send_signal(signal.SIGHUP)
        server.wait_for(
            r"(?m)^reload given up: worker 1 \(pid: \d+\) is not ready after 1 seconds "
            r"\(worker-ready-timeout\): the workers that run go on$"
        )
        self.assertEqual(server.get("/pid").worker, old)
        self.assertEqual(server.stop(), 0)

    def test_deaf_to_signals(self) -> None:
        """An application that ignores SIGTERM leaves with all others; one that hangs, by force."""
        site = self.extended("\nimport signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n")
        site.edit(self.ini, {"worker-reload-mercy": "1"})
        server = self.twsgi(site, self.ini)
        server.wait_ready()
        worker = server.worker()
        os.kill(worker, signal.SIGTERM)
        self.assertEqual(server.get("/pid").worker, worker)
        self.assertEqual(server.stop(), 0)
        self.assertEqual(server.find("NO MERCY"), [])
        server = self.twsgi(site, self.ini)
        server.wait_ready()
        call = Call(lambda: server.get("/block?never"))
        self.soon(lambda: server.site.inside("never"), "the request is inside")
        self.assertEqual(server.stop(), 0)
        server.wait_for(r"worker 1 \(pid: \d+\) is taking too much time to die\.\.\.NO MERCY !!!")
        self.assertRaises((EndedError, ResetError), call.result)

    def test_silent(self) -> None:
        """A worker that does not answer its master any more is killed, told, and replaced."""
        server = self.impatient()
        old = server.worker()
        os.kill(old, signal.SIGSTOP)
        server.wait_for(
            rf"(?m)^.* - worker 1 \(pid: {old}\) has not answered the master for 2 seconds: "
            r"it is killed$"
        )
        server.wait_for(DAMN.format(9))
        self.soon(lambda: server.get("/pid").worker != old, "the next one answers")
        self.assertEqual(server.stop(), 0)

    def impatient(self) -> Server:
        """A server that has answered."""
        site = self.extended("")
        server = self.start(site, sys.executable, "-c", IMPATIENT, self.ini)
        server.wait_ready()
        return server

    def test_answers(self) -> None:
        """Who has long requests and a busy interpreter answers its master all the same."""
        server = self.impatient()
        old = server.worker()
        calls = [Call(lambda: server.get("/block?slow")), Call(lambda: server.get("/big?20000000"))]
        self.soon(lambda: server.site.inside("slow"), "the request is inside")
        calls.append(Call(lambda: server.get("/sleep?4")))
        for call in calls[1:]:
            call.result()
        server.site.release("slow")
        self.assertEqual(calls[0].result().worker, old)
        self.assertEqual(server.find("has not answered"), [])
        self.assertEqual(server.stop(), 0)

    def test_orphan(self) -> None:
        """Whoever is given to the master by the system is buried by it when it ends."""
        site = self.extended(ORPHAN)
        server = self.start(site, sys.executable, "-c", SUBREAPER, self.ini)
        server.wait_ready()
        self.assertEqual(server.get("/orphan").body, b"0")
        self.soon(lambda: site.inside("orphan"), "the orphan lives")
        (orphan,) = site.inside("orphan")
        self.soon(lambda: processes.parent(orphan) == server.master, "it is the master's")
        site.release("orphan")
        self.soon(lambda: not Path(f"/proc/{orphan}").exists(), "it is buried")
        # The master's own children are still its own.
        os.kill(server.worker(), signal.SIGKILL)
        server.wait_for(DAMN.format(9))
        self.assertEqual(server.get("/pid").status, 200)
        self.assertEqual(server.stop(), 0)


class HttpOddChildrenTests(OddChildren, Http, ModeCase):
    """L{OddChildren}, C{http =}; and a frontend."""

    def test_silent_frontend(self) -> None:
        """A frontend that does not answer its master any more is killed and replaced, too."""
        server = self.impatient()
        old = server.frontend
        os.kill(old, signal.SIGSTOP)
        server.wait_for(
            rf"(?m)^.* - uWSGI http 1 \(pid: {old}\) has not answered the master for 2 seconds: "
            r"it is killed$"
        )
        self.soon(lambda: server.frontend != old, "another one is there")
        self.assertEqual(server.get("/pid").status, 200)
        self.assertEqual(server.stop(), 0)


class HttpSocketOddChildrenTests(OddChildren, HttpSocket, ModeCase):
    """L{OddChildren}, C{http-socket =}."""


class ProcessOneTests(Http, BehaviourCase):
    """In a container the master is process 1."""

    def test_stop(self) -> None:
        """Orphans are buried, signals are right, and at the stop nothing is left."""
        if os.system("unshare --pid --fork --mount-proc true 2>/dev/null"):
            self.skipTest("needs the right to make a PID namespace")
        site = self.site()
        application = site.directory / "code" / "app.py"
        application.write_text(application.read_text() + ORPHAN)
        command = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")
        server = self.start(site, *command, sys.executable, "-m", "twsgi", self.ini)
        server.wait_ready()
        self.assertEqual(server.master, 1)
        self.assertEqual(server.get("/orphan").body, b"0")
        self.soon(lambda: site.inside("orphan"), "the orphan lives")
        site.release("orphan")
        (init,) = [pid for pid, line in server.alive().items() if " -m twsgi " in line
                   and "unshare" not in line]  # fmt: skip
        self.soon(lambda: not self.zombies(init), "it is buried")
        os.kill(init, signal.SIGTERM)
        self.assertEqual(server.wait_for_exit(), 0)
        server.wait_for("goodbye to uWSGI")
        server.assert_nothing_left()

    def zombies(self, parent: int) -> list[int]:
        """The children of C{parent} that have ended and are not buried."""
        found = []
        for entry in os.listdir("/proc"):
            try:
                state, mother = (
                    Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()[:2]
                )
            except (OSError, ValueError):
                continue
            if state == "Z" and int(mother) == parent:
                found.append(int(entry))
        return found
