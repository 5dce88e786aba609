"""L{twsgi.container}: a container in somebody else's process."""

from __future__ import annotations

import os
import sys
from typing import Any

from twisted.application.service import Application, IService
from twisted.logger import LogLevel
from twisted.trial.unittest import SynchronousTestCase

from tests.descriptors import open_descriptors
from tests.fakes_entry import FakeExecution, FakeReactor, a_plan
from twsgi import Container
from twsgi.container import embedded_plan
from twsgi.errors import ApplicationError, BindError, ConfigurationError

OPTIONS: dict[str, object] = {"http": "127.0.0.1:0", "module": "app", "processes": 2}


class EmbeddedPlanTests(SynchronousTestCase):
    """What the options of an embedded container become."""

    def test_processes(self) -> None:
        """Two processes imply a master, with the options' values in the Plan."""
        plan = embedded_plan(OPTIONS)
        self.assertTrue(plan.master)
        self.assertEqual((plan.workers, plan.settings.module), (2, "app"))

    def test_one_process(self) -> None:
        """One process without a master is this one."""
        self.assertFalse(embedded_plan({"http": "127.0.0.1:0", "module": "app"}).master)

    def test_options_of_the_process_are_refused(self) -> None:
        """A Plan of one process refuses every option that would change the host's."""
        for option, value in [
            ("chdir", "/"),
            ("chdir2", "/"),
            ("virtualenv", "/"),
            ("pyargv", "a"),
            ("py-executable", "/bin/python"),
            ("env", "A=1"),
            ("pidfile", "/nowhere/pid"),
            ("pidfile2", "/nowhere/pid"),
            ("daemonize", "/nowhere/log"),
            ("uid", "root"),
            ("gid", "0"),
            ("add-gid", ["0"]),
            ("chroot", "/"),
            ("umask", "022"),
            ("procname-prefix", "x"),
            ("auto-procname", True),
        ]:
            options = {"http": "127.0.0.1:0", "module": "app", option: value}
            error = self.assertRaises(ConfigurationError, Container, options)
            self.assertIn(option, str(error))
            self.assertIn("master", str(error))
            self.assertNotIn("\n", str(error))

    def test_options_of_the_process_with_a_master(self) -> None:
        """With a master they are the children's."""
        plan = embedded_plan({**OPTIONS, "chdir": "/", "env": "A=1"})
        self.assertEqual(plan.directory, "/")
        self.assertEqual(dict(plan.environment)["A"], "1")

    def test_pidfile_with_a_master(self) -> None:
        """A pidfile is not written, and a warning says so."""
        plan = embedded_plan({**OPTIONS, "pidfile": "/nowhere/pid"})
        self.assertTrue([one for one in plan.warnings if "pidfile" in one], plan.warnings)

    def test_mistake(self) -> None:
        """A value that cannot be meant is an error of the constructor's."""
        error = self.assertRaises(ConfigurationError, Container, {**OPTIONS, "threads": "two"})
        self.assertIn("threads", str(error))

    def test_no_address(self) -> None:
        """A container that would listen nowhere is an error of the constructor's."""
        self.assertRaises(ConfigurationError, Container, {"module": "app"})


class ContainerTests(SynchronousTestCase):
    """The service's life, around whatever executes its Plan."""

    def setUp(self) -> None:
        self.events: list[str] = []
        self.made: list[tuple[Any, ...]] = []
        self.bind_error: Exception | None = None
        self.executions: list[FakeExecution] = []
        self.container = Container(OPTIONS, reactor=FakeReactor())
        self.container.execute = self.execute

    def execute(self, *arguments: Any) -> FakeExecution:
        self.made.append(arguments)
        self.executions.append(FakeExecution(self.events, self.bind_error))
        return self.executions[-1]

    def test_constructor_stores(self) -> None:
        """The constructor neither imports a reactor nor opens a descriptor."""
        before = open_descriptors()
        container = Container(OPTIONS)
        self.assertEqual(open_descriptors(), before)
        self.assertIsNone(container._reactor)

    def test_start_binds(self) -> None:
        """A host that never calls C{privilegedStartService} has its sockets bound first."""
        self.container.startService()
        self.assertEqual(self.events, ["bind", "start"])

    def test_life_in_an_application(self) -> None:
        """As a child of an application it binds, starts and stops with it, and is waited for."""
        application = Application("host")
        self.container.setServiceParent(application)
        host = IService(application)
        host.privilegedStartService()
        self.assertEqual(self.events, ["bind"])
        host.startService()
        self.assertEqual(self.events, ["bind", "bind", "start"])
        self.assertEqual(len(self.executions), 1)
        stopped = host.stopService()
        self.assertNoResult(stopped)
        self.executions[0].stopped.callback(None)
        self.successResultOf(stopped)
        self.assertEqual(self.events[-1], "stop")

    def test_starts_again(self) -> None:
        """A container that was stopped can be started again."""
        for _ in range(2):
            self.container.startService()
            stopped = self.container.stopService()
            self.executions[-1].stopped.callback(None)
            self.successResultOf(stopped)
        self.assertEqual(self.events, ["bind", "start", "stop"] * 2)
        self.assertEqual(len(self.executions), 2)

    def test_second_stop_waits(self) -> None:
        """Who asks for the stop while it is under way waits for the same end."""
        self.container.startService()
        first, second = self.container.stopService(), self.container.stopService()
        self.assertNoResult(second)
        self.executions[0].stopped.callback(None)
        self.successResultOf(first)
        self.successResultOf(second)
        self.assertEqual(self.events.count("stop"), 1)

    def test_stop_without_start(self) -> None:
        """Stopping what was never started is no error."""
        self.successResultOf(self.container.stopService())
        self.container.stop_now()
        self.assertEqual(self.events, [])

    def test_stop_now_while_stopping(self) -> None:
        """A stop under way can be cut short."""
        self.container.startService()
        self.container.stopService()
        self.container.stop_now()
        self.assertEqual(self.events, ["bind", "start", "stop", "stop_now"])

    def test_bind_error(self) -> None:
        """A taken address is raised, and leaves no descriptor and nothing started."""
        self.bind_error = BindError("taken")
        before = open_descriptors()
        self.assertRaises(BindError, self.container.startService)
        self.assertEqual(open_descriptors(), before)
        self.assertEqual(self.events, [])
        self.assertFalse(self.container.running)

    def test_missing_directory(self) -> None:
        """A C{chdir} that is not there is found out before anything is bound."""
        container = Container({**OPTIONS, "chdir": "/nowhere/at/all"}, reactor=FakeReactor())
        container.execute = self.execute
        error = self.assertRaises(ConfigurationError, container.startService)
        self.assertIn("/nowhere/at/all", str(error))
        self.assertEqual(self.events, [])

    def test_descriptor_of_the_children(self) -> None:
        """The children write to a duplicate of descriptor 2, which is closed at the end."""
        self.container.startService()
        descriptor = self.made[0][4]
        self.assertNotEqual(descriptor, 2)
        self.assertTrue(os.path.sameopenfile(descriptor, 2))
        self.container.stopService()
        self.executions[0].stopped.callback(None)
        self.assertRaises(OSError, os.fstat, descriptor)

    def test_descriptor_of_the_hosts(self) -> None:
        """A descriptor that the host gives stays open."""
        reading, writing = os.pipe()
        self.addCleanup(os.close, reading)
        self.addCleanup(os.close, writing)
        container = Container(OPTIONS, reactor=FakeReactor(), log_descriptor=writing)
        container.execute = self.execute
        container.startService()
        self.assertEqual(self.made[0][4], writing)
        container.stopService()
        self.executions[0].stopped.callback(None)
        os.fstat(writing)

    def test_failure(self) -> None:
        """An application that cannot be loaded stops the container, not the host, which is told."""
        told = self.container.failed
        self.container.startService()
        self.executions[0].failed.errback(ApplicationError("no module named app"))
        self.failureResultOf(told, ApplicationError)
        self.failureResultOf(self.container.failed, ApplicationError)
        self.assertEqual(self.events, ["bind", "start", "stop"])
        self.assertFalse(self.container.running)

    def test_failure_is_critical(self) -> None:
        """The failure is one critical event with its reason, not a traceback."""
        events: list[dict[str, Any]] = []
        from twisted.logger import globalLogPublisher

        globalLogPublisher.addObserver(events.append)
        self.addCleanup(globalLogPublisher.removeObserver, events.append)
        self.container.startService()
        self.executions[0].failed.errback(ApplicationError("no module named app"))
        critical = [one for one in events if one.get("log_level") is LogLevel.critical]
        self.assertEqual([one["reason"] for one in critical], ["no module named app"])
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_host_is_not_touched(self) -> None:
        """Directory, environment, search path and streams of the host stay what they were."""

        def state() -> tuple[Any, ...]:
            return os.getcwd(), dict(os.environ), list(sys.path), sys.stdout, sys.stderr

        before = state()
        container = Container({**OPTIONS, "chdir": "/", "env": "A=1"}, reactor=FakeReactor())
        container.execute = self.execute
        container.startService()
        self.assertEqual(state(), before)


class ReloadTests(SynchronousTestCase):
    """Another generation of the same service."""

    def setUp(self) -> None:
        self.execution = FakeExecution([])
        self.container = Container(OPTIONS, reactor=FakeReactor())
        self.container.execute = lambda *arguments: self.execution

    def test_same_options(self) -> None:
        """Without options those that are in force stay so."""
        self.container.startService()
        self.assertTrue(self.successResultOf(self.container.reload()))
        self.assertTrue(self.successResultOf(self.container.reload(chain=True)))
        self.assertEqual(self.execution.reloads, [(None, False), (None, True)])

    def test_other_options(self) -> None:
        """Other options are in force once the new workers serve, and not if they never do."""
        self.container.startService()
        before = self.container.plan
        self.execution.reloaded = False
        self.assertFalse(self.successResultOf(self.container.reload({**OPTIONS, "threads": 9})))
        self.assertIs(self.container.plan, before)
        self.execution.reloaded = True
        self.assertTrue(self.successResultOf(self.container.reload({**OPTIONS, "threads": 9})))
        plan, _ = self.execution.reloads[-1]
        assert plan is not None
        self.assertEqual(plan.settings.threads, 9)
        self.assertEqual(self.container.plan, plan)

    def test_mistake(self) -> None:
        """Options that cannot be meant are an error, and nothing happens."""
        self.container.startService()
        wrong = {**OPTIONS, "threads": "two"}
        self.assertRaises(ConfigurationError, self.container.reload, wrong)
        self.assertEqual(self.execution.reloads, [])

    def test_not_running(self) -> None:
        """What does not run has nothing to reload."""
        self.assertFalse(self.successResultOf(self.container.reload()))
        self.container.startService()
        self.container.stopService()
        self.assertFalse(self.successResultOf(self.container.reload()))
        self.assertFalse(self.successResultOf(self.container.reload_configuration()))
        self.assertEqual(self.execution.reloads, [])


class FromPlanTests(SynchronousTestCase):
    """A container that is a process of its own."""

    def test_nothing_is_refused(self) -> None:
        """A Plan of one process may have options of the process: the entry point sees to them."""
        plan = a_plan(master=False, chdir="/", directory="/")
        made: list[tuple[Any, ...]] = []
        container = Container.from_plan(plan, reactor=FakeReactor(), log=None, log_descriptor=9)

        def execute(*arguments: Any) -> FakeExecution:
            made.append(arguments)
            return FakeExecution([])

        container.execute = execute
        container.bind()
        self.assertIs(made[0][0], plan)
        self.assertEqual(made[0][4], 9)
