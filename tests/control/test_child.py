"""L{twsgi.control.child}: what every child process does."""

from __future__ import annotations

import atexit
import faulthandler
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from typing import Any

from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase

from tests.master.fakes import FakeLog
from tests.web.turning import TurningReactor
from tests.worker.fakes import a_launch
from twsgi.control import child
from twsgi.control.child import (
    ControlLink,
    begin,
    connect,
    end,
    enter,
    leave_signals_to_master,
    leaving_if_orphaned,
)
from twsgi.errors import ConfigurationError


class Process:
    """
    A child process.

    @ivar told: what it was asked, and "gone" when the master was.
    """

    def __init__(self) -> None:
        self.told: list[object] = []

    def stop_begins(self) -> None:
        self.told.append("stop begins")

    def drain(self, final: bool) -> None:
        self.told.append(final)

    def master_gone(self) -> None:
        self.told.append("gone")


class BeginTests(SynchronousTestCase):
    """The first steps."""

    def begin(self, **settings: Any) -> list[Any]:
        """What C{begin} does, in order."""
        done: list[Any] = []
        made = a_launch("worker", **settings)
        self.patch(child, "forbid_inheritance", lambda: done.append("forbid"))
        self.patch(child.Launch, "read", lambda: made)
        self.patch(child, "set_process_title", lambda title: done.append(("title", title)))
        self.patch(child, "start_logging", lambda sink: done.append(("log", sink.descriptor)))
        self.patch(child, "leave_last_words", lambda: done.append("last words"))
        launch, sink = begin()
        self.assertIs(launch, made)
        self.assertEqual(sink.descriptor, 2)
        return done

    def test_order(self) -> None:
        """Nothing is done before what was inherited is this process's alone."""
        self.assertEqual(self.begin(), ["forbid", ("log", 2), "last words"])

    def test_title(self) -> None:
        """It takes its name where the options ask for names."""
        self.assertIn(("title", "uWSGI worker 1"), self.begin(auto_procname=True))
        self.assertIn(("title", "my-uWSGI worker 1"), self.begin(procname_prefix="my-"))


class LastWordsTests(SynchronousTestCase):
    """What is left behind by a process that ends otherwise than it should."""

    def said(self, code: str) -> str:
        """What a process leaves that runs C{code}, after it has seen to its last words."""
        with tempfile.TemporaryFile() as file:
            number = file.fileno()
            subprocess.run(
                [
                    sys.executable,
                    "-c",
                    "import ctypes, os, signal, threading\n"
                    "from twsgi.control.child import leave_last_words\n"
                    f"leave_last_words({number})\n{code}",
                ],
                pass_fds=(number,),
                stderr=subprocess.DEVNULL,
                check=False,
            )
            file.seek(0)
            return file.read().decode()

    def test_crash(self) -> None:
        """A crash leaves its signal and the stacks; an end that was meant leaves nothing."""
        self.assertIn("Fatal Python error: Aborted", self.said("os.abort()"))
        self.assertIn("Segmentation fault", self.said("ctypes.string_at(0)"))
        self.assertEqual(self.said("os._exit(3)"), "")

    def test_asked(self) -> None:
        """SIGUSR2 leaves the stacks of all threads, while one holds the interpreter's lock."""
        said = self.said(
            "def waits(): threading.Event().wait()\n"
            "def holds(): ctypes.PyDLL(None).pause()\n"
            "threading.Thread(target=waits, daemon=True).start()\n"
            "script = f'while kill -USR2 {os.getpid()}; do sleep 0.05; done 2>/dev/null'\n"
            "os.posix_spawn('/bin/sh', ['sh', '-c', script], os.environ)\n"
            "holds()\n"
            "os._exit(0)"
        )
        self.assertIn(" in holds\n", said)
        self.assertIn(" in waits\n", said)

    def test_fork(self) -> None:
        """What is forked writes to standard error: it is not the one whose end is reported."""
        self.assertEqual(self.said("os.fork() or os.abort()\nos.wait()"), "")


class EnterTests(SynchronousTestCase):
    """Before the first line of the application's."""

    def test_enter(self) -> None:
        """It goes where, and becomes whom, the launch says."""
        entered: list[Any] = []
        self.patch(child, "settle", lambda *arguments: entered.append(arguments))
        made = a_launch("worker", uid="www")
        object.__setattr__(made, "directory", "/srv")
        log = FakeLog()
        enter(made, log)
        self.assertEqual(entered, [(made.settings, "/srv", log)])

    def test_refused(self) -> None:
        """What is refused ends the process, with one line and exit code 1."""

        def refuse(*arguments: Any) -> None:
            raise ConfigurationError("uid = www: no")

        ended: list[int] = []
        self.patch(child, "settle", refuse)
        self.patch(child, "end", ended.append)
        log = FakeLog()
        enter(a_launch("worker"), log)
        self.assertEqual((log.lines, ended), (["twsgi: uid = www: no"], [1]))


class LinkTests(SynchronousTestCase):
    """The link to the master."""

    def test_connect(self) -> None:
        """The inherited descriptor becomes the link, and is closed here: the reactor has a copy."""
        ours, theirs = socket.socketpair()
        self.addCleanup(theirs.close)
        number = ours.detach()
        self.patch(child, "CONTROL_FD", number)
        adopted: list[Any] = []

        class Reactor:
            def adoptStreamConnection(self, *arguments: Any) -> None:
                os.fstat(arguments[0])
                adopted.append(arguments)

        link = ControlLink(Process(), Clock())
        connect(Reactor(), link)
        descriptor, family, factory = adopted[0]
        self.assertEqual((descriptor, family), (number, socket.AF_UNIX))
        self.assertIs(factory.buildProtocol(None), link)
        self.assertRaises(OSError, os.fstat, number)

    def test_end(self) -> None:
        """The end of file says, once, that the master is gone; who waits for an answer is told."""
        process = Process()
        link = ControlLink(process, Clock())
        link.makeConnection(StringTransport())
        told = link.callRemote(child.Replace)
        link.connectionLost()
        self.failureResultOf(told)
        self.assertEqual(process.told, ["gone"])


class PingTests(SynchronousTestCase):
    """The master's question whether it is there."""

    def test_answer(self) -> None:
        """It is answered, and nothing comes of it."""
        process = Process()
        self.assertEqual(ControlLink(process, Clock())._ping(), {})
        self.assertEqual(process.told, [])


class OrphanTests(SynchronousTestCase):
    """The master's end while the application is loaded."""

    def setUp(self) -> None:
        ours, self.master = socket.socketpair()
        self.addCleanup(ours.close)
        self.addCleanup(self.master.close)
        self.patch(child, "CONTROL_FD", ours.fileno())
        self.patch(child, "_LOOK", 10)
        self.done: list[object] = []
        self.left = threading.Event()

    def watch(self) -> Any:
        """The thread that watches is the newest."""
        return leaving_if_orphaned(lambda: self.done.append("said"), self.leave)

    def leave(self, code: int) -> None:
        """In place of C{os._exit}."""
        self.done.append(code)
        self.left.set()

    def join(self) -> None:
        """The thread that watches has ended."""
        for thread in threading.enumerate():
            if thread.name == "uWSGI orphan":
                thread.join(20)
                self.assertFalse(thread.is_alive())

    def test_orphan(self) -> None:
        """The process ends, with one line, while the application is still being loaded."""
        with self.watch():
            self.master.close()
            self.assertTrue(self.left.wait(20))
        self.join()
        self.assertEqual(self.done, ["said", 1])

    def test_unread(self) -> None:
        """What the master says meanwhile is neither read nor taken for its end."""
        with self.watch():
            self.master.sendall(b"word")
            self.assertFalse(self.left.wait(0.05))
            self.master.close()
            self.assertTrue(self.left.wait(20))
        self.assertEqual(os.read(child.CONTROL_FD, 10), b"word")

    def test_over(self) -> None:
        """When loading is over, or has failed, nobody watches any more."""
        with self.watch():
            pass
        with self.assertRaises(KeyError), self.watch():
            raise KeyError
        self.join()
        self.master.close()
        self.assertEqual(self.done, [])


class DrainTests(SynchronousTestCase):
    """What every child is told."""

    def test_stop_begins(self) -> None:
        """That a stop has begun is heard at once."""
        process = Process()
        self.assertEqual(ControlLink(process, Clock())._stop_begins(), {})
        self.assertEqual(process.told, ["stop begins"])

    def test_drain(self) -> None:
        """The answer goes out before the child begins to leave."""
        process, clock = Process(), Clock()
        link = ControlLink(process, clock)
        self.assertEqual(link._drain(True), {})
        self.assertEqual(process.told, [])
        clock.advance(0)
        self.assertEqual(process.told, [True])


class SignalTests(SynchronousTestCase):
    """Signals are the master's business."""

    def setUp(self) -> None:
        self.taken: dict[int, Any] = {}
        self.patch(signal, "signal", self.taken.__setitem__)
        self.reactor = TurningReactor()
        self.transport = StringTransport()
        self.link = ControlLink(Process(), self.reactor)
        self.link.makeConnection(self.transport)
        leave_signals_to_master(self.reactor, self.link)

    def test_nothing(self) -> None:
        """INT, HUP, QUIT and USR1 do nothing, by a function: SIG_IGN would be inherited."""
        numbers = (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1)
        for number in numbers:
            self.assertTrue(callable(self.taken[number]))
            self.assertNotIsInstance(self.taken[number], signal.Handlers)
            self.taken[number](number, None)
        self.reactor.turn()
        self.assertEqual(self.transport.value(), b"")
        # USR2 is faulthandler's.
        self.assertNotIn(signal.SIGUSR2, self.taken)

    def test_term(self) -> None:
        """TERM asks the master for a replacement, on the reactor's thread."""
        self.taken[signal.SIGTERM](signal.SIGTERM, None)
        self.assertEqual(self.transport.value(), b"")
        self.reactor.turn()
        self.assertIn(b"Replace", self.transport.value())

    def test_term_without_master(self) -> None:
        """Without a master TERM asks nobody, and that is no error."""
        self.taken[signal.SIGTERM](signal.SIGTERM, None)
        self.link.connectionLost()
        self.reactor.turn()


class EndTests(SynchronousTestCase):
    """The end."""

    def test_mercy(self) -> None:
        """The time limit is the interpreter's own, holds with the GIL held, and is never zero."""
        calls: list[Any] = []
        self.patch(
            faulthandler,
            "dump_traceback_later",
            lambda seconds, exit, file: calls.append((seconds, exit, file)),
        )
        self.patch(faulthandler, "enable", calls.append)
        child.leave_within(7)
        child.leave_within(0)
        self.assertEqual(calls, [2, (7, True, 2), 2, (1, True, 2)])

    def test_end(self) -> None:
        """Exit functions run, then the process ends with its code, whatever they do."""
        done: list[Any] = []

        def failing() -> None:
            done.append("exit functions")
            raise RuntimeError

        self.patch(atexit, "_run_exitfuncs", failing)
        self.patch(os, "_exit", done.append)
        self.assertRaises(RuntimeError, end, 22)
        self.assertEqual(done, ["exit functions", 22])
