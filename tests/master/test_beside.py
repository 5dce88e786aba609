"""Tests of L{twsgi.master.beside} and L{twsgi.master.commands}, and of a master with them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from twisted.internet.error import ProcessDone, ProcessTerminated
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from tests.master.fakes import FakeLog, House, make_plan
from twsgi.errors import EndAsked, HookError, UserError
from twsgi.master.beside import Beside
from twsgi.master.commands import Commands
from twsgi.settings.attached import Attached
from twsgi.settings.model import Plan


class Program:
    """A program that a test ends."""

    def __init__(self, pid: int, arguments: Sequence[str], protocol: Any) -> None:
        self.pid = pid
        self.arguments = list(arguments)
        self.killed = False
        self.ended = False
        self._protocol = protocol

    def signalProcess(self, number: int) -> None:
        self.killed = True

    def exit(self, code: int = 0) -> None:
        self.ended = True
        reason = ProcessTerminated(code, None, 0) if code else ProcessDone(0)
        self._protocol.processExited(Failure(reason))


class Programs:
    """Starts them."""

    def __init__(self) -> None:
        self.all: list[Program] = []
        self.error: OSError | None = None

    def spawn(self, arguments: Sequence[str], protocol: Any, stdin: bool) -> Any:
        if self.error is not None:
            raise self.error
        # No such group will ever be there.
        program = Program(2**31 - 2, arguments, protocol)
        self.all.append(program)
        protocol.makeConnection(program)
        return program


class CommandsTests(SynchronousTestCase):
    """Commands of the shell."""

    def setUp(self) -> None:
        self.programs = Programs()
        self.log = FakeLog()
        self.commands = Commands(self.programs.spawn, self.log)

    def test_one_after_another(self) -> None:
        """The next begins when the one before it has ended well."""
        done = self.commands.run(["a", "b"], "now")
        self.assertEqual([one.arguments for one in self.programs.all], [["/bin/sh", "-c", "a"]])
        self.programs.all[0].exit()
        self.assertEqual(len(self.programs.all), 2)
        self.programs.all[1].exit()
        self.assertEqual(self.successResultOf(done), "")
        self.assertEqual(self.log.lines, ['running "a" (now)...', 'running "b" (now)...'])

    def test_failing(self) -> None:
        """The first that fails is the last."""
        done = self.commands.run(["a", "b"], "now")
        self.programs.all[0].exit(3)
        failed = 'command "a" exited with non-zero code: 3'
        self.assertEqual((self.successResultOf(done), len(self.programs.all)), (failed, 1))

    def test_not_started(self) -> None:
        """No process can be had."""
        self.programs.error = OSError(11, "Resource temporarily unavailable")
        done = self.commands.run(["a"], "now")
        self.assertEqual(
            self.successResultOf(done), 'command "a": Resource temporarily unavailable'
        )

    def test_directory(self) -> None:
        """The shell goes there itself."""
        self.commands.directory = "/x y"
        self.commands.start("a")
        line = self.programs.all[0].arguments
        self.assertEqual(line[2:], ['cd -- "$1" && shift && exec "$@"', "sh", "/x y", *line[5:]])
        self.assertEqual(line[5:], ["/bin/sh", "-c", "a"])

    def test_stop(self) -> None:
        """What runs is killed, and nothing more begins."""
        done = self.commands.run(["a", "b"], "now")
        self.commands.stop()
        self.assertTrue(self.programs.all[0].killed)
        self.programs.all[0].exit(137)
        self.successResultOf(done)
        after = self.successResultOf(self.commands.run(["c"], "now"))
        self.assertIn("everything stops", after)
        self.assertEqual(len(self.programs.all), 1)


class BesideTests(SynchronousTestCase):
    """Files that are touched, and what the rest is told."""

    def setUp(self) -> None:
        self.programs = Programs()
        self.clock = Clock()
        self.log = FakeLog()
        self.failures: list[UserError] = []
        self.file = Path(self.mktemp()).absolute()

    def begin(self, **changes: Any) -> Beside:
        plan = dataclasses.replace(make_plan(), **changes)
        self.beside = Beside(
            plan, self.clock, self.log, {}, 2, self.failures.append, self.programs.spawn
        )
        self.beside.begin(plan)
        return self.beside

    def touch(self) -> None:
        self.file.touch()
        self.clock.pump([0.25] * 3)

    def test_exec(self) -> None:
        """The command runs, once; its failure is a line."""
        self.begin(touch_exec=((str(self.file), "a"),))
        self.touch()
        self.programs.all[0].exit(3)
        self.clock.pump([0.25] * 8)
        self.assertEqual(len(self.programs.all), 1)
        self.assertTrue(self.log.said("[uwsgi-touch-exec] running a"))
        self.assertTrue(self.log.said('command "a" exited with non-zero code: 3'))

    def test_hooks(self) -> None:
        """A command is waited for by nobody; anything else is done at once."""
        path = str(self.file)
        self.begin(hook_touch=((path, "exec:a"), (path, "print:words"), (path, "unlink:/no/where")))
        self.touch()
        self.assertEqual(len(self.programs.all), 1)
        self.assertTrue(self.log.said("words"))
        self.assertTrue(self.log.said('hook "unlink:/no/where" (touch): No such file'))

    def test_another_plan(self) -> None:
        """Only the files of the plan in force are heeded, and none when everything stops."""
        path = str(self.file)
        beside = self.begin(touch_exec=((path, "a"),))
        beside.follow(dataclasses.replace(make_plan(), touch_exec=((path, "b"),)))
        self.touch()
        self.assertEqual([one.arguments[-1] for one in self.programs.all], ["b"])
        beside.stop_begins()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_loaded(self) -> None:
        """exec-post-app that fails is a failure of all."""
        self.begin().loaded(make_plan(exec_post_app=("a",)))
        self.programs.all[0].exit(3)
        self.assertIsInstance(self.failures[0], HookError)

    def test_control(self) -> None:
        """A control daemon that ends is the end, and no failure."""
        self.begin(attached=(Attached("a", control=True),))
        self.programs.all[0].exit()
        self.assertIsInstance(self.failures[0], EndAsked)
        self.assertEqual(self.failures[0].exit_code, 0)


class MasterTests(SynchronousTestCase):
    """What the master does before, beside and after."""

    def house(self, plan: Plan) -> House:
        house = House(plan)
        self.programs = Programs()
        house.master._programs = self.programs.spawn
        self.addCleanup(self.tear_down, house)
        return house

    def tear_down(self, house: House) -> None:
        house.tear_down()
        for program in self.programs.all:
            if program.killed and not program.ended:
                program.exit(137)

    def test_before(self) -> None:
        """No worker is started before exec-pre-app has ended well."""
        house = self.house(make_plan(exec_pre_app=("a",)))
        house.start(ready=False)
        self.assertEqual(house.spawner.names(), [])
        self.programs.all[0].exit()
        self.assertIn("worker 1", house.spawner.names())

    def test_failing(self) -> None:
        """Where it fails nobody is ever started, and the stop has nothing to wait for."""
        house = self.house(make_plan(exec_pre_app=("a",)))
        house.start(ready=False)
        self.programs.all[0].exit(3)
        (failure,) = house.failures
        self.assertIsInstance(failure.value, HookError)
        self.successResultOf(house.master.stopService())
        self.assertEqual(house.spawner.names(), [])

    def test_stopped_meanwhile(self) -> None:
        """A stop while it runs kills it, and nobody is started."""
        house = self.house(make_plan(exec_pre_app=("a",)))
        house.start(ready=False)
        stopped = house.master.stopService()
        # It had ended well just before.
        self.assertTrue(self.programs.all[0].killed)
        self.programs.all[0].exit()
        self.successResultOf(stopped)
        self.assertEqual((house.spawner.names(), house.failures), ([], []))

    def test_daemons_last(self) -> None:
        """Who runs beside is there before the workers, and asked to end when these are gone."""
        plan = dataclasses.replace(make_plan(frontends=0), attached=(Attached("a"),))
        house = self.house(plan)
        house.start()
        log = house.log.lines
        first = next(line for line in log if "spawning" in line or "spawned uWSGI worker" in line)
        self.assertEqual(first, '[uwsgi-daemons] spawning "a"')
        stopped = house.master.stopService()
        self.assertFalse(house.log.said("stopping daemon"))
        for index in (1, 2):
            house.worker(index).exit()
        self.assertTrue(house.log.said("stopping daemon"))
        self.assertNoResult(stopped)
        self.programs.all[0].exit()
        house.clock.advance(0.1)
        self.successResultOf(stopped)

    def test_reload(self) -> None:
        """With another plan exec-pre-app runs first; where it fails nothing has happened."""
        house = self.house(make_plan(workers=1, frontends=0))
        house.start()
        reloaded = house.master.reload(make_plan(workers=1, frontends=0, exec_pre_app=("a",)))
        self.assertEqual(house.spawner.names(), ["worker 1"])
        self.programs.all[0].exit(3)
        self.assertFalse(self.successResultOf(reloaded))
        self.assertEqual(house.spawner.names(), ["worker 1"])
        self.assertTrue(house.log.said("reload given up: command"))
