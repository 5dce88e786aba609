"""L{twsgi.instance}: a container that is a process of its own."""

from __future__ import annotations

import os
from typing import Any

from twisted.application.service import Application
from twisted.logger import ILogObserver
from twisted.trial.unittest import SynchronousTestCase

from tests.fakes_entry import FakeExecution, FakeReactor, a_plan
from twsgi import instance as module
from twsgi.__main__ import run
from twsgi.container import Container
from twsgi.errors import ApplicationError, ConfigurationError
from twsgi.instance import Instance
from twsgi.log.observer import SinkObserver
from twsgi.log.sink import LogSink
from twsgi.pidfile import Pidfile


class InstanceTests(SynchronousTestCase):
    """Start, signals, failure and end."""

    def setUp(self) -> None:
        self.reactor = FakeReactor()
        self.events: list[str] = []
        self.execution = FakeExecution(self.events)
        self.log = self.mktemp()
        self.sink = LogSink.file(self.log)
        self.addCleanup(self.sink.close)
        self.pidfile = os.path.abspath(self.mktemp())
        self.handlers: list[tuple[Any, ...]] = []
        self.last_resorts: list[float] = []
        self.instance = self.make()

    def make(self, how: dict[str, Any] | None = None, **settings: Any) -> Instance:
        """An instance whose parts are fakes; C{settings} go into its Plan."""
        container = Container.from_plan(
            a_plan(**settings),
            reactor=self.reactor,
            log=self.sink,
            log_descriptor=self.sink.descriptor,
            read_plan=(how or {}).pop("read_plan", None),
        )
        container.execute = lambda *arguments: self.execution
        return Instance(
            container,
            self.sink,
            Pidfile(self.pidfile),
            reactor=self.reactor,
            take_signals=lambda reactor, *actions: self.handlers.append(actions),
            last_resort=self.last_resorts.append,
            **(how or {}),
        )

    def logged(self) -> list[str]:
        """The lines of the log."""
        with open(self.log) as file:
            return file.read().splitlines()

    def signal(self, name: str) -> None:
        """What the latest signal handlers make of a signal."""
        self.handlers[-1][{"SIGHUP": 1, "SIGUSR1": 2}.get(name, 0)](name)

    def test_start(self) -> None:
        """The pidfile is written, with the line that uWSGI logs, before the container starts."""
        run(self.instance, self.reactor)
        with open(self.pidfile) as file:
            self.assertEqual(file.read(), f"{os.getpid()}\n")
        self.assertEqual(self.logged(), [f"writing pidfile to {self.pidfile}"])
        self.assertEqual(self.events[-1], "start")

    def test_orphans(self) -> None:
        """A master buries orphans from the start to the end; an application waits for its own."""

        class Buries:
            start, stop = (lambda self: done.append("start")), (lambda self: done.append("stop"))

        for master, expected in ((True, ["start", "stop"]), (False, ["stop"])):
            done: list[str] = []
            self.execution = FakeExecution(self.events)
            instance = self.make({"orphans": Buries()}, master=master)
            instance.startService()
            stopped = instance.stopService()
            self.assertNotIn("stop", done)
            self.execution.stopped.callback(None)
            self.successResultOf(stopped)
            self.assertEqual(done, expected)

    def test_privileges(self) -> None:
        """Bind, pidfile, drop, second pidfile, start: in this order."""
        second = os.path.abspath(self.mktemp())
        instance = self.make({"second_pidfile": Pidfile(second, "pidfile2")})

        def settled(plan: Any, log: Any) -> None:
            self.assertTrue(os.path.exists(self.pidfile))
            self.assertFalse(os.path.exists(second))
            self.events.append("settle")

        self.patch(module, "settle_process", settled)
        run(instance, self.reactor)
        self.assertEqual(self.events, ["bind", "settle", "bind", "start"])
        with open(second) as file:
            self.assertEqual(file.read(), f"{os.getpid()}\n")
        self.signal("SIGTERM")
        self.execution.stopped.callback(None)
        self.assertFalse(os.path.exists(second))
        self.assertEqual(
            self.logged()[-2:], ["VACUUM: pidfile removed.", "VACUUM: pidfile2 removed."]
        )

    def test_privileges_refused(self) -> None:
        """A change that is refused ends it: nothing is started, no pidfile stays, exit code 1."""

        def refuse(plan: Any, log: Any) -> None:
            raise ConfigurationError("uid: no")

        self.patch(module, "settle_process", refuse)
        run(self.instance, self.reactor)
        self.assertNotIn("start", self.events)
        self.assertEqual((self.instance.exit_code, self.logged()[-1]), (1, "twsgi: uid: no"))
        self.assertFalse(os.path.exists(self.pidfile))

    def test_detachment(self) -> None:
        """It goes into the background before all else, and says how the start went."""
        for error, told in ((None, [(0,)]), (ConfigurationError("no"), [(1, "no")])):
            reports: list[Any] = []

            class FakeDetachment:
                begin = staticmethod(lambda: self.assertEqual(self.events, []))
                report = staticmethod(lambda *said, told=reports: told.append(said))

            def settled(plan: Any, log: Any, error: Any = error) -> None:
                if error is not None:
                    raise error

            self.events.clear()
            self.patch(module, "settle_process", settled)
            run(self.make({"detachment": FakeDetachment()}), FakeReactor())
            self.assertEqual(reports[:1], told)

    def test_signals_are_taken_again_when_the_reactor_runs(self) -> None:
        """Handlers are installed at the start and again when Twisted has installed its own."""
        self.instance.startService()
        self.assertEqual(len(self.handlers), 1)
        self.reactor.run()
        self.assertEqual(len(self.handlers), 2)

    def test_first_signal(self) -> None:
        """The first signal stops the reactor, which waits for the container; exit code 0."""
        run(self.instance, self.reactor)
        self.signal("SIGTERM")
        self.assertEqual(self.reactor.events, ["run", "stop"])
        self.assertEqual(self.events[-2:], ["start", "stop"])
        self.assertEqual(self.instance.exit_code, 0)
        self.assertEqual(self.last_resorts, [])
        self.assertIn("SIGTERM", self.logged()[-1])

    def test_second_signal(self) -> None:
        """The second signal, of whatever name, stops at once, and nothing may outlast that."""
        run(self.instance, self.reactor)
        self.signal("SIGTERM")
        self.signal("SIGINT")
        self.assertEqual(self.events[-2:], ["stop", "stop_now"])
        self.assertEqual(len(self.last_resorts), 1)
        self.assertEqual(self.reactor.events, ["run", "stop"])

    def test_hangup(self) -> None:
        """SIGHUP reloads, with the configuration as it is now; not any more while all stops."""
        plan = a_plan(threads=7)
        run(self.make({"read_plan": lambda: plan}), self.reactor)
        self.signal("SIGHUP")
        self.assertEqual(self.execution.reloads, [(plan, False)])
        self.assertEqual(self.logged()[-1], "SIGHUP received: reloading")
        self.signal("SIGTERM")
        self.signal("SIGHUP")
        self.assertEqual(len(self.execution.reloads), 1)
        self.assertIn("SIGHUP received and ignored", self.logged()[-1])

    def test_other_signals(self) -> None:
        """SIGUSR1 is one line in the log, and nothing else."""
        run(self.instance, self.reactor)
        self.signal("SIGUSR1")
        self.assertIn("SIGUSR1 received and ignored", self.logged()[-1])
        self.assertEqual((self.events[-1], self.execution.reloads), ("start", []))

    def test_pidfile_is_removed(self) -> None:
        """With C{vacuum} the pidfile goes when the container has stopped, not before."""
        run(self.instance, self.reactor)
        self.signal("SIGTERM")
        self.assertTrue(os.path.exists(self.pidfile))
        self.execution.stopped.callback(None)
        self.assertFalse(os.path.exists(self.pidfile))

    def test_pidfile_stays(self) -> None:
        """Without C{vacuum} the pidfile stays, as uWSGI's does."""
        run(self.make(vacuum=False), self.reactor)
        self.signal("SIGTERM")
        self.execution.stopped.callback(None)
        self.assertTrue(os.path.exists(self.pidfile))

    def test_application_cannot_be_loaded(self) -> None:
        """The reason is logged, the pidfile goes in any case, the exit code is 22."""
        instance = self.make(vacuum=False)
        run(instance, self.reactor)
        self.execution.failed.errback(ApplicationError("app.py: no callable"))
        self.assertEqual(instance.exit_code, 22)
        self.assertEqual(self.logged()[-1], "twsgi: app.py: no callable")
        self.assertFalse(os.path.exists(self.pidfile))
        self.assertEqual(self.reactor.events, ["run", "stop"])

    def test_failure_stops_once_all_is_gone(self) -> None:
        """After a failure the reactor's end waits for the children, too."""
        run(self.instance, self.reactor)
        self.execution.failed.errback(ApplicationError("no"))
        self.assertNoResult(self.instance.stopService())
        self.assertEqual(self.events.count("stop"), 1)

    def test_failure_before_the_reactor_runs(self) -> None:
        """What fails while it starts lets the reactor stop as soon as it runs."""
        self.instance.startService()
        self.execution.failed.errback(ApplicationError("no"))
        self.assertEqual(self.reactor.events, [])
        self.reactor.run()
        self.assertEqual(self.reactor.events, ["run", "stop"])

    def test_pidfile_cannot_be_written(self) -> None:
        """Then nothing is started, and the exit code is 1."""
        self.pidfile = os.path.abspath(os.path.join(self.mktemp(), "missing", "pid"))
        instance = self.make()
        instance.startService()
        self.reactor.run()
        self.assertNotIn("start", self.events)
        self.assertEqual(instance.exit_code, 1)
        self.assertIn(self.pidfile, self.logged()[-1])

    def test_unexpected_error_at_the_start(self) -> None:
        """A start that raises leaves no pidfile."""

        def fail() -> None:
            raise RuntimeError("fork")

        self.execution.startService = fail  # type: ignore[method-assign]
        self.assertRaises(RuntimeError, self.instance.startService)
        self.assertFalse(os.path.exists(self.pidfile))

    def test_unexpected_failure(self) -> None:
        """A failure that is nobody's mistake exits 1, with its traceback."""
        run(self.instance, self.reactor)
        self.execution.failed.errback(RuntimeError("surprise"))
        self.assertEqual(self.instance.exit_code, 1)
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)

    def test_observer(self) -> None:
        """twistd finds an observer on the Application that writes to the same log."""
        application = Application("uwsgi")
        self.instance.setServiceParent(application)
        self.assertIsInstance(application.getComponent(ILogObserver), SinkObserver)
