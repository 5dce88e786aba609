"""Tests of L{twsgi.master.companion}, L{twsgi.master.smart} and L{twsgi.master.daemons}."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from twisted.internet.error import ProcessDone, ProcessTerminated
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from tests.master.fakes import FakeLog
from twsgi.master.companion import Yard, throttle
from twsgi.master.daemons import Daemons
from twsgi.master.smart import alive
from twsgi.settings.attached import Attached


class Program:
    """A program that a test drives."""

    def __init__(self, pid: int, told: Any, protocol: Any, stdin: bool) -> None:
        self.pid = pid
        self.told = told
        self.stdin = stdin
        self.signals: list[int] = []
        self._protocol = protocol

    def signalProcess(self, number: int) -> None:
        self.signals.append(number)

    def exit(self, code: int = 0, number: int | None = None) -> None:
        clean = code == 0 and number is None
        reason = ProcessDone(0) if clean else ProcessTerminated(code, number, 0)
        self._protocol.processExited(Failure(reason))


class Street:
    """A clock, a log, and the programs that were started."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.log = FakeLog()
        self.programs: list[Program] = []
        self.error: OSError | None = None
        #: (group, signal); groups that are not there.
        self.signals: list[tuple[int, int]] = []
        self.gone: set[int] = set()
        self.ends: list[str] = []
        yard = Yard(self.clock, self.log, self.spawn, self.signal, directory="/d", pid=9)
        self.daemons = Daemons(yard, self.ends.append)

    def spawn(self, arguments: Sequence[str], protocol: Any, stdin: bool) -> Any:
        if self.error is not None:
            raise self.error
        told = json.loads(arguments[-1])
        program = Program(101 + len(self.programs), told, protocol, stdin)
        self.programs.append(program)
        protocol.makeConnection(program)
        return program

    def signal(self, group: int, number: int) -> None:
        if group in self.gone:
            raise ProcessLookupError
        if number:
            self.signals.append((group, number))

    def exit(self, code: int = 0, number: int | None = None) -> None:
        """The last program ends, with all that it has started."""
        self.gone.add(self.programs[-1].pid)
        self.programs[-1].exit(code, number)
        self.clock.advance(0)


class StreetCase(SynchronousTestCase):
    """Tests on a street."""

    def setUp(self) -> None:
        self.street = Street()
        self.daemons = self.street.daemons
        self.clock = self.street.clock

    def begin(self, *wanted: Attached, mercy: float = 0) -> None:
        self.daemons.begin(wanted, mercy)

    @property
    def started(self) -> int:
        """How many times a program was started."""
        return len(self.street.programs)


class StartTests(StreetCase):
    """How one is started."""

    def test_told(self) -> None:
        """It runs where the workers do, and ends with the master."""
        self.begin(Attached("a"))
        expected = {"command": "a", "chdir": "/d", "parent": 9}
        self.assertEqual(self.street.programs[0].told, expected)
        self.assertEqual(self.street.log.lines, ['[uwsgi-daemons] spawning "a"'])

    def test_told_more(self) -> None:
        """As whom and where it says; a smart one does not end with the master."""
        self.begin(Attached("a", uid=5, gid=6, chdir="/x", pidfile="/nowhere/p", daemonize=True))
        self.assertEqual(
            self.street.programs[0].told,
            {"command": "a", "chdir": "/x", "uid": 5, "gid": 6, "pidfile": "/nowhere/p"},
        )

    def test_stdin(self) -> None:
        """It has the master's standard input where it is asked for, else none."""
        self.begin(Attached("a", stdin=True), Attached("b"))
        self.assertEqual([one.stdin for one in self.street.programs], [True, False])

    def test_not_started(self) -> None:
        """What cannot be started is tried again."""
        self.street.error = OSError(11, "Resource temporarily unavailable")
        self.begin(Attached("a"))
        self.clock.advance(0)
        self.street.error = None
        self.clock.advance(1)
        self.assertEqual(self.started, 1)
        self.assertTrue(self.street.log.said('unable to spawn "a": Resource'))


class RespawnTests(StreetCase):
    """One that ends by itself."""

    def test_throttle(self) -> None:
        """Pauses grow as long as it ends soon, and are bounded."""
        for young, lived, most, expected in (
            (1, 0.0, 0, 1), (2, 0.0, 0, 2), (5, 2.5, 0, 3), (1, 3.0, 0, 1), (9, 3.5, 0, 0),
            (900, 0.0, 0, 300), (9, 0.0, 4, 4),
        ):  # fmt: skip
            self.assertEqual(throttle(young, lived, most), expected)

    def test_again(self) -> None:
        """It comes back: after a pause if it has ended soon, at once if it had lived."""
        self.begin(Attached("a"))
        self.street.exit(3)
        self.clock.advance(0.9)
        self.assertEqual(self.started, 1)
        self.clock.advance(0.1)
        self.assertEqual(self.started, 2)
        self.street.exit()
        self.clock.advance(1.9)
        self.assertEqual(self.started, 2)
        self.clock.advance(0.1)
        self.clock.advance(10)
        self.street.exit()
        self.assertEqual(self.started, 4)
        self.assertTrue(self.street.log.said('"a" (pid: 101) has ended: exit code 3'))
        self.assertTrue(self.street.log.said('throttling "a" for 2 seconds'))
        self.assertTrue(self.street.log.said('respawning "a"'))

    def test_control(self) -> None:
        """When a control daemon ends, everything is asked to; it does not come back."""
        self.begin(Attached("a", control=True))
        self.street.exit(number=9)
        self.clock.advance(100)
        self.assertEqual(self.started, 1)
        (why,) = self.street.ends
        self.assertEqual(why, 'the control daemon "a" (pid: 101) has ended: killed by signal 9')


class EndTests(StreetCase):
    """When everything ends."""

    def end(self) -> list[str]:
        ended: list[str] = []
        self.daemons.end(lambda: ended.append("gone"))
        return ended

    def test_none(self) -> None:
        """Where there is nobody it is over at once."""
        self.assertEqual(self.end(), ["gone"])

    def test_asked(self) -> None:
        """Its group gets its signal, and when it is gone that is all."""
        self.begin(Attached("a", stop_signal=2))
        ended = self.end()
        self.assertEqual((self.street.signals, ended), ([(101, 2)], []))
        self.street.exit(number=2)
        self.assertEqual(ended, ["gone"])
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertTrue(self.street.log.said('daemon "a" (pid: 101) annihilated'))

    def test_mercy(self) -> None:
        """Who does not end is killed after three seconds, or what reload-mercy says."""
        for mercy, seconds in ((0, 3), (8, 8)):
            self.setUp()
            self.begin(Attached("a"), mercy=mercy)
            self.end()
            self.clock.advance(seconds - 0.1)
            self.assertEqual(self.street.signals, [(101, 15)])
            self.clock.advance(0.1)
            self.assertEqual(self.street.signals, [(101, 15), (101, 9)])

    def test_group(self) -> None:
        """What it has started itself has that time too, and not more."""
        self.begin(Attached("a"))
        ended = self.end()
        self.street.programs[0].exit()
        self.clock.pump([0.1] * 10)
        self.assertEqual((self.street.signals, ended), ([(101, 15)], []))
        self.clock.pump([0.1] * 25)
        self.assertEqual((self.street.signals, ended), ([(101, 15), (101, 9)], ["gone"]))

    def test_group_ends(self) -> None:
        """When the last of it is gone nobody waits."""
        self.begin(Attached("a"))
        ended = self.end()
        self.street.programs[0].exit()
        self.clock.advance(0.1)
        self.street.gone.add(101)
        self.clock.advance(0.1)
        self.assertEqual((self.street.signals, ended), ([(101, 15)], ["gone"]))

    def test_early(self) -> None:
        """One that has no group yet has nothing to finish."""
        self.begin(Attached("a"))
        self.street.gone.add(101)
        self.end()
        self.assertEqual(self.street.programs[0].signals, [9])

    def test_pausing(self) -> None:
        """One that waits to be started is not started any more."""
        self.begin(Attached("a"))
        self.street.exit()
        self.assertEqual(self.end(), ["gone"])
        self.clock.advance(100)
        self.assertEqual(self.started, 1)

    def test_kill(self) -> None:
        """At once, and for good."""
        self.begin(Attached("a"))
        self.daemons.kill()
        self.assertEqual(self.street.signals, [(101, 9)])
        self.street.exit(number=9)
        self.clock.advance(100)
        self.assertEqual(self.started, 1)
        self.assertEqual(self.end(), ["gone"])

    def test_kill_later(self) -> None:
        """Also when they have been asked already, and what is left of them."""
        self.begin(Attached("a"))
        ended = self.end()
        self.street.programs[0].exit()
        self.daemons.kill()
        self.clock.advance(0.1)
        self.assertEqual((self.street.signals, ended), ([(101, 15), (101, 9)], ["gone"]))


class RenewTests(StreetCase):
    """A reload, and a file that is touched."""

    def test_renew(self) -> None:
        """Who is wanted still is started anew; others end, and come."""
        self.begin(Attached("a", reload_signal=1), Attached("b"))
        self.daemons.renew((Attached("a", reload_signal=1), Attached("c")), 0)
        self.assertEqual(self.street.signals, [(101, 1), (102, 15)])
        first, second, third = self.street.programs
        self.assertEqual(third.told["command"], "c")
        for program in (first, second):
            self.street.gone.add(program.pid)
            program.exit()
        self.clock.advance(0)
        self.assertEqual([one.told["command"] for one in self.street.programs], list("abca"))

    def test_touch(self) -> None:
        """Who is touched is asked to end, and started again at once."""
        path = Path(self.mktemp()).absolute()
        self.begin(Attached("a", touch=(str(path),)))
        self.assertTrue(self.daemons.wanted)
        path.touch()
        self.daemons.look()
        self.daemons.look()
        self.assertEqual(self.street.signals, [(101, 15)])
        self.street.exit()
        self.assertEqual(self.started, 2)
        self.assertTrue(
            self.street.log.said(f'*** {path} has been touched... reloading daemon "a"')
        )


class SmartTests(StreetCase):
    """One that has a pidfile."""

    def setUp(self) -> None:
        super().setUp()
        self.path = Path(self.mktemp()).absolute()

    def smart(self, **how: Any) -> Attached:
        return Attached("a", pidfile=str(self.path), **how)

    def write(self, pid: int) -> None:
        self.path.write_text(f"{pid}\n")

    def test_alive(self) -> None:
        """Whose number is in the file, if it runs."""
        self.assertEqual(alive(str(self.path)), 0)
        for text, expected in ((f"{os.getpid()}\n", os.getpid()), ("x", 0), ("", 0), ("-1", 0)):
            self.path.write_text(text)
            self.assertEqual(alive(str(self.path)), expected)

    def test_there(self) -> None:
        """Who runs already is left alone, and started when he is missed."""
        self.write(os.getpid())
        self.begin(self.smart())
        self.assertEqual(self.started, 0)
        self.assertTrue(self.street.log.said("found valid/active pidfile for"))
        self.clock.advance(1)
        self.path.unlink()
        self.clock.advance(1)
        self.assertEqual(self.started, 1)

    def test_slow(self) -> None:
        """Who has been started has so many seconds to write his file, and is started again."""
        self.begin(self.smart(freq=3))
        self.street.exit()
        self.clock.pump([1, 1])
        self.assertEqual(self.started, 1)
        self.clock.advance(1)
        self.assertEqual(self.started, 2)

    def test_not_a_daemon(self) -> None:
        """Who does not go into the background is told of, not started twice."""
        self.begin(self.smart(freq=2))
        self.clock.pump([1, 1])
        self.assertEqual(self.started, 1)
        self.assertTrue(self.street.log.said('"a" (pid: 101) did not daemonize !!!'))

    def test_changed(self) -> None:
        """Another number in the file is another process."""
        self.write(os.getppid())
        self.begin(self.smart())
        self.write(os.getpid())
        self.clock.advance(1)
        self.assertTrue(self.street.log.said(f"(old_pid: {os.getppid()} new_pid: {os.getpid()})"))
        self.assertEqual(self.started, 0)

    def test_stays(self) -> None:
        """It goes on when everything ends; nobody looks any more."""
        self.write(os.getpid())
        self.begin(self.smart())
        ended: list[str] = []
        self.daemons.end(lambda: ended.append("gone"))
        self.assertEqual((self.street.signals, ended), ([], ["gone"]))
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_notified(self) -> None:
        """Who wants to know is told of a reload and of the end."""
        self.write(os.getpid())
        self.begin(self.smart(notify=True, stop_signal=12))
        self.daemons.renew((self.smart(notify=True, stop_signal=12),), 0)
        self.daemons.end(lambda: None)
        self.assertEqual(self.street.signals, [(os.getpid(), 1), (os.getpid(), 12)])
