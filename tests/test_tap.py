"""L{twsgi.tap} and L{twsgi.surroundings}: from a command line to the service that is run."""

from __future__ import annotations

import io
import os
import sys
from dataclasses import replace
from typing import Any

from twisted.application.service import IServiceMaker
from twisted.application.twist._options import TwistOptions
from twisted.plugin import getPlugins
from twisted.python.filepath import FilePath
from twisted.scripts.twistd import ServerOptions
from twisted.trial.unittest import SynchronousTestCase

from tests.descriptors import open_descriptors
from tests.fakes_entry import FakeExecution, FakeReactor
from twsgi import container, tap
from twsgi._version import __version__
from twsgi.errors import BindError, ConfigurationError, UserError
from twsgi.instance import Instance
from twsgi.log.sink import LogSink
from twsgi.surroundings import Surroundings

INI = """\
[uwsgi]
http = 127.0.0.1:0
module = app
processes = 2
"""


class InDirectoryCase(SynchronousTestCase):
    """Each test runs in a directory of its own, with standard error caught."""

    def setUp(self) -> None:
        self.directory = FilePath(os.path.realpath(self.mktemp()))
        self.directory.makedirs()
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(self.directory.path)
        self.error = io.StringIO()
        self.output = io.StringIO()
        self.patch(sys, "stderr", self.error)
        self.patch(sys, "stdout", self.output)
        self.patch(sys, "path", list(sys.path))

    def ini(self, text: str = INI) -> str:
        """Writes C{uwsgi.ini}; its name."""
        self.directory.child("uwsgi.ini").setContent(text.encode())
        return "uwsgi.ini"

    def names(self) -> list[str]:
        """What is in the directory."""
        return sorted(os.listdir(self.directory.path))


class PluginTests(SynchronousTestCase):
    """What twistd and twist find."""

    def test_plugin(self) -> None:
        """The plugin leads to the options and the maker here."""
        (plugin,) = [one for one in getPlugins(IServiceMaker) if one.tapname == "uwsgi"]
        self.assertIs(plugin.options, tap.Options)
        self.assertIs(plugin.makeService, tap.makeService)

    def test_arguments_are_passed_on(self) -> None:
        """twistd and twist hand over all that follows, whatever it looks like."""
        given = ["--master=true", "--ini", "a.ini", "b.ini", "-p", "4", "--unknown"]
        for runner in (ServerOptions(), TwistOptions()):
            runner.parseOptions(["uwsgi", *given])
            self.assertEqual(runner.subOptions.arguments, tuple(given))
            self.assertIs(runner.subOptions.parent, runner)


class OptionsTests(InDirectoryCase):
    """What is answered without a start."""

    def test_version(self) -> None:
        """C{--version} prints the version and nothing else."""
        options = tap.Options()
        ended = self.assertRaises(SystemExit, options.parseOptions, ["--version"])
        self.assertEqual(ended.code, 0)
        self.assertEqual(self.output.getvalue(), f"{__version__.public()}\n")

    def test_help(self) -> None:
        """C{--help} prints every option of the tables, once."""
        options = tap.Options()
        ended = self.assertRaises(SystemExit, options.parseOptions, ["--help"])
        self.assertEqual(ended.code, 0)
        said = self.output.getvalue()
        for name in ("--http-socket", "--processes", "--max-requests-delta", "--cheaper-overload"):
            self.assertEqual(said.count(f"{name} "), 1, name)
        self.assertEqual(said.count("Usage:"), 1)


class SurroundingsTests(InDirectoryCase):
    """What the runner's options mean for us."""

    def twistd(self, *arguments: str) -> Surroundings:
        """What twistd's command line means."""
        options = ServerOptions()
        options.parseOptions([*arguments, "uwsgi"])
        return Surroundings.of(options)

    def twist(self, *arguments: str) -> Surroundings:
        """What twist's command line means."""
        options = TwistOptions()
        options.parseOptions([*arguments, "uwsgi"])
        return Surroundings.of(options)

    def path(self, name: str) -> str:
        return os.path.join(self.directory.path, name)

    def test_alone(self) -> None:
        """Without a runner the log is descriptor 2."""
        self.assertEqual(Surroundings.of(None), Surroundings("twsgi"))

    def test_twistd(self) -> None:
        """A daemon logs to a file, the foreground to descriptor 2 unless it is told otherwise."""
        for arguments, logfile in [
            (["-n"], None),
            (["-n", "--logfile=-"], None),
            (["-n", "--logfile=a.log"], self.path("a.log")),
            ([], self.path("twistd.log")),
            (["-l", "a.log"], self.path("a.log")),
        ]:
            self.assertEqual(self.twistd(*arguments).logfile, logfile, arguments)

    def test_daemon_without_file(self) -> None:
        """A daemon that shall log to the terminal is refused."""
        self.assertIn("--logfile", str(self.assertRaises(ConfigurationError, self.twistd, "-l-")))

    def test_rundir(self) -> None:
        """The directory that twistd will change to is known, as an absolute path."""
        self.assertIsNone(self.twistd("-n").directory)
        self.assertEqual(self.twistd("-n", "-d", "sub").directory, self.path("sub"))

    def test_syslog(self) -> None:
        """Syslog keeps Twisted's messages."""
        self.assertTrue(self.twistd("-n", "--syslog").syslog)
        self.assertFalse(self.twistd("-n").syslog)

    def test_twist(self) -> None:
        """twist's log file is ours too, unless there is JSON in it."""
        self.assertEqual(self.twist(), Surroundings("twist"))
        text = self.twist("--log-format=text", "--log-file=a.log")
        self.assertEqual(text.logfile, self.path("a.log"))
        json = self.twist("--log-format=json", "--log-file=a.log")
        self.assertIsNone(json.logfile)

    def test_daemonize(self) -> None:
        """C{daemonize} names a daemon's log; the command line's own words count more."""
        path = self.path("site.log")
        for surroundings, daemon, logfile, said in [
            (Surroundings(), True, path, ""),
            (self.twistd(), True, path, ""),
            (self.twistd("--logfile=own.log"), True, self.path("own.log"), "as --logfile says"),
            (self.twistd("-n"), False, None, "twistd -n stays in the foreground"),
            (self.twist(), False, None, "twist stays in the foreground"),
        ]:
            made, notice = surroundings.daemonized(path)
            self.assertEqual((made.daemon, made.logfile), (daemon, logfile))
            self.assertEqual((said in notice, bool(notice)), (True, bool(said)))

    def test_user(self) -> None:
        """twistd's --uid and --gid that do not agree with ours are refused; those that do, not."""
        for arguments, flags, refused in [
            ([], ["--uid=33"], False),
            (["--uid=33", "--gid=33"], [], False),
            (["--uid=33", "--gid=33"], ["--uid=33", "--gid=33"], False),
            (["--uid=33", "--gid=33"], ["--uid=34"], True),
            (["--gid=33"], ["--gid=34"], True),
            (["--gid=33"], ["--uid=33"], True),
            (["--uid=33", "--gid=33"], ["--add-gid=5"], True),
            (["--uid=33", "--gid=33"], ["--chroot=/"], True),
        ]:
            surroundings = self.twistd(*arguments)
            plan = tap.plan_of([self.ini(), *flags], surroundings)
            if refused:
                error = self.assertRaises(ConfigurationError, tap.check_runner, plan, surroundings)
                self.assertIn("twistd's --uid and --gid", str(error))
            else:
                tap.check_runner(plan, surroundings)

    def test_log_cannot_be_opened(self) -> None:
        """A log file that cannot be opened is one line with its name."""
        surroundings = Surroundings("twistd", self.path("missing/a.log"))
        error = self.assertRaises(ConfigurationError, surroundings.open_log)
        self.assertIn("missing/a.log", str(error))


class PlanTests(InDirectoryCase):
    """From arguments to a Plan."""

    def test_file_and_flags(self) -> None:
        """Files and flags are read in their order."""
        plan = tap.plan_of([self.ini(), "--threads", "3"], Surroundings())
        self.assertEqual((plan.workers, plan.settings.threads), (2, 3))

    def test_pidfile(self) -> None:
        """A relative pidfile lies where the start was, whatever the directory becomes."""
        plan = tap.plan_of(
            [self.ini(), "--pidfile=pid", "--chdir=/"], Surroundings(directory="/usr")
        )
        self.assertEqual(plan.pidfile, os.path.join(self.directory.path, "pid"))

    def test_rundir(self) -> None:
        """twistd's directory is a C{chdir}; the ini file's own counts more."""
        surroundings = Surroundings(directory="/usr")
        self.assertEqual(tap.plan_of([self.ini()], surroundings).directory, "/usr")
        self.assertEqual(tap.plan_of([self.ini(), "--chdir=/"], surroundings).directory, "/")

    def test_change(self) -> None:
        """A runner that has its own idea of the settings has the last word."""
        surroundings = Surroundings(
            directory="/usr", change=lambda read: replace(read, processes=read.processes + 1)
        )
        plan = tap.plan_of([self.ini()], surroundings)
        self.assertEqual((plan.workers, plan.directory), (3, "/usr"))

    def test_warnings(self) -> None:
        """What is odd in the files comes with the Plan."""
        plan = tap.plan_of([self.ini(INI + "procesess = 3\n")], Surroundings())
        self.assertIn("uwsgi.ini:5", plan.warnings[0])
        self.assertIn("processes", plan.warnings[0])


class PrepareTests(InDirectoryCase):
    """The service, before anything runs."""

    def setUp(self) -> None:
        super().setUp()
        self.events: list[str] = []
        self.execution = FakeExecution(self.events)
        self.patch(container, "execute", lambda *arguments: self.execution)

    def prepare(self, *arguments: str, **surroundings: Any) -> Instance:
        """What C{prepare} makes."""
        instance = tap.prepare(arguments, Surroundings(**surroundings), FakeReactor())
        self.addCleanup(instance.sink.close)
        return instance

    def test_bound_not_started(self) -> None:
        """Sockets are bound, nothing runs, and no pidfile is there."""
        self.prepare(self.ini(), "--pidfile=pid")
        self.assertEqual(self.events, ["bind"])
        self.assertEqual(self.names(), ["uwsgi.ini"])

    def test_reads_again(self) -> None:
        """The configuration can be read again, from wherever the process is by then."""
        self.prepare(self.ini())
        read_plan = self.execution.read_plan
        assert read_plan is not None
        self.ini(INI + "threads = 7\n")
        os.chdir("/")
        self.addCleanup(os.chdir, self.directory.path)
        self.assertEqual(read_plan().settings.threads, 7)
        self.directory.child("uwsgi.ini").setContent(b"[uwsgi]\nthreads = many\n")
        error = self.assertRaises(UserError, read_plan)
        self.assertIn("uwsgi.ini:2", str(error))

    def test_address_taken(self) -> None:
        """An address that is taken is the error, and the log's descriptor is closed."""
        self.execution.bind_error = BindError("taken")
        ini = self.ini()
        before = open_descriptors()
        self.assertRaises(BindError, self.prepare, ini)
        self.assertEqual(open_descriptors(), before)

    def test_pidfile_cannot_be_written(self) -> None:
        """It is found out before anything is bound."""
        self.assertRaises(UserError, self.prepare, self.ini(), "--pidfile=missing/pid")
        self.assertEqual(self.events, [])

    def test_warnings_in_the_foreground(self) -> None:
        """Warnings are in the log, and not twice on the terminal."""
        log = LogSink.file("log")
        self.patch(LogSink, "standard_error", lambda: log)
        self.prepare(self.ini(INI + "nonsense = 1\n"))
        self.assertIn("nonsense", self.directory.child("log").getContent().decode())
        self.assertEqual(self.error.getvalue(), "")

    def test_warnings_of_a_daemon(self) -> None:
        """Warnings are in the log file and on the terminal of whoever starts it."""
        instance = self.prepare(
            self.ini(INI + "nonsense = 1\n"),
            logfile=self.directory.child("a.log").path,
            runner="twistd",
        )
        self.assertIn("nonsense", self.directory.child("a.log").getContent().decode())
        self.assertIn("nonsense", self.error.getvalue())
        self.assertEqual(instance.container.plan.workers, 2)


class MakeServiceTests(InDirectoryCase):
    """Mistakes of the operator's."""

    def refused(self, *arguments: str) -> tuple[object, list[str]]:
        """The exit code, and the lines on standard error."""
        options = tap.Options()
        options.parseOptions(arguments)
        ended = self.assertRaises(SystemExit, tap.makeService, options)
        return ended.code, self.error.getvalue().splitlines()

    def test_mistakes(self) -> None:
        """Each is one line that names what and where, exit code 1, and nothing is left behind."""
        for text, arguments, words in [
            (INI, ["--threads=two"], "threads"),
            (INI + "threads = two\n", [], "uwsgi.ini:5"),
            (INI + "strict = true\nprocesess = 2\n", [], "uwsgi.ini:6"),
            (INI + "uid = no-such-user\n", [], "uid"),
            (INI + "immediate-uid = nobody\n", [], "immediate-uid"),
            ("[uwsgi]\nmodule = app\n", [], "http"),
        ]:
            self.error.seek(0)
            self.error.truncate()
            code, lines = self.refused(self.ini(text), *arguments)
            self.assertEqual((code, len(lines)), (1, 1), lines)
            self.assertIn(words, lines[0])
            self.assertEqual(self.names(), ["uwsgi.ini"])

    def test_missing_file(self) -> None:
        """A file that is not there is named."""
        code, lines = self.refused("missing.ini")
        self.assertEqual((code, len(lines)), (1, 1))
        self.assertIn("missing.ini", lines[0])

    def test_nothing_to_serve(self) -> None:
        """Without any argument one line says what to set."""
        code, lines = self.refused()
        self.assertEqual((code, len(lines)), (1, 1))
        self.assertIn("http = :8000", lines[0])

    def test_warnings_come_first(self) -> None:
        """What was odd before the error is said before it: it may be the reason."""
        code, lines = self.refused(self.ini(INI + "nonsense = 1\n"), "--cheaper=2")
        self.assertEqual(code, 1)
        self.assertIn("nonsense", lines[0])
        self.assertIn("cheaper", lines[-1])
