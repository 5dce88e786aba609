"""C{twistd uwsgi} and C{twist uwsgi}: from a command line to the service that they run.

The order is: settings, plan, log, sockets; all of it before twistd goes into the background, so
that whatever the operator got wrong is one line on his terminal, and leaves nothing behind.
"""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from twisted.python import usage

from twsgi._version import __version__
from twsgi.errors import ConfigurationError, UserError
from twsgi.surroundings import Surroundings

if TYPE_CHECKING:
    from twsgi.instance import Instance
    from twsgi.log.sink import LogSink
    from twsgi.settings.model import Plan


class Options(usage.Options):
    """
    uWSGI's options as flags.  What C{usage.Options} makes of a command line is not used: it knows
    no C{--master=true}, no flag whose value may be left out, and no option that repeats.

    @ivar arguments: the command line, as it was.
    """

    def __init__(self) -> None:
        super().__init__()
        self.arguments: tuple[str, ...] = ()

    def parseOptions(self, options: Sequence[str] | None = None) -> None:
        """
        Takes the command line; what it means is found out by L{makeService}.  C{--help} and
        C{--version} are answered here.

        @param options: by default C{sys.argv} without the command.
        """
        self.arguments = tuple(sys.argv[1:] if options is None else options)
        if "--help" in self.arguments or "-h" in self.arguments:
            print(self, end="")
            raise SystemExit(0)
        if "--version" in self.arguments:
            print(__version__.public())
            raise SystemExit(0)

    def getUsage(self, width: int | None = None) -> str:
        """All options, from the tables; C{width} is theirs."""
        from twsgi.settings.commandline import usage as describe

        return describe()

    def __str__(self) -> str:
        return self.getUsage()


def makeService(options: Options) -> Instance:
    """
    What twistd and twist run: everything that can be wrong is found out here.

    @raise SystemExit: the operator asked for something that cannot be had; it has been said.
    """
    from twisted.internet import reactor

    from twsgi.process import exit_with

    try:
        instance = prepare(options.arguments, Surroundings.of(options.parent), reactor)
    except UserError as error:
        refuse(error)
    if options.parent is not None:
        exit_with(lambda: instance.exit_code)
    return instance


def prepare(arguments: Sequence[str], surroundings: Surroundings, reactor: Any) -> Instance:
    """
    The service, with its sockets bound and its log open.

    @raise UserError: see L{makeService}; nothing is bound then.
    """
    from twsgi.container import Container
    from twsgi.control.privileges import root_words
    from twsgi.log.sink import LogSink
    from twsgi.moments import Moments
    from twsgi.pidfile import Pidfile

    read_plan = plan_reader(arguments, surroundings)
    plan = read_plan()
    if plan.daemonize is not None:
        surroundings, notice = surroundings.daemonized(plan.daemonize)
        if notice:
            plan = dataclasses.replace(plan, warnings=(*plan.warnings, notice))
    if plan.settings.umask is not None:
        os.umask(plan.settings.umask)
    # It may make the directories of all that follows.
    Moments(plan, LogSink()).asap()
    Pidfile(plan.pidfile or "").check()
    sink = surroundings.open_log()
    tell(plan.warnings, sink, surroundings)
    container = Container.from_plan(
        plan, reactor=reactor, log=sink, log_descriptor=sink.descriptor, read_plan=read_plan
    )
    try:
        container.bind()
    except UserError as error:
        if surroundings.logfile is not None:
            sink.line(f"twsgi: {error}")
        sink.close()
        raise
    for line in root_words(plan.settings):
        sink.line(line)
    return _instance(plan, container, sink, surroundings, reactor)


def _instance(
    plan: Plan, container: Any, sink: LogSink, surroundings: Surroundings, reactor: Any
) -> Instance:
    """All that a process of its own has beside its container."""
    from twsgi.daemon import Detachment
    from twsgi.instance import Instance
    from twsgi.moments import Moments
    from twsgi.orphans import Orphans
    from twsgi.pidfile import Pidfile
    from twsgi.process import StandardStreams

    return Instance(
        container,
        sink,
        Pidfile(plan.pidfile or ""),
        reactor=reactor,
        log_is_file=surroundings.logfile is not None,
        observe=not surroundings.syslog,
        streams=StandardStreams(),
        orphans=Orphans(reactor),
        second_pidfile=Pidfile(plan.pidfile2 or "", "pidfile2"),
        safe_pidfiles=[
            Pidfile(path, option)
            for option, path in (
                ("safe-pidfile", plan.safe_pidfile),
                ("safe-pidfile2", plan.safe_pidfile2),
            )
            if path
        ],
        moments=Moments(plan, sink, sink.descriptor),
        detachment=Detachment() if surroundings.runner == "twsgi" and surroundings.daemon else None,
    )


def plan_reader(arguments: Sequence[str], surroundings: Surroundings) -> Callable[[], Plan]:
    """
    What reads the configuration, as it is when it is called; relative paths always start where
    they do now, and where there was a master there is one.  It raises as L{plan_of} and
    L{check_runner}.
    """
    start = os.getcwd()
    master = False

    def read_plan() -> Plan:
        nonlocal master
        plan = plan_of(arguments, surroundings, start, master)
        check_runner(plan, surroundings)
        master = plan.master
        return plan

    return read_plan


def plan_of(
    arguments: Sequence[str],
    surroundings: Surroundings,
    start: str | None = None,
    master: bool = False,
) -> Plan:
    """
    What is to run.  twistd's C{--rundir} is a C{chdir} that the ini file may override.

    @param start: where relative paths start, absolute; None: the working directory.
    @param master: there is one already.
    @raise ConfigurationError: the command line or a file says something that cannot be meant.
    """
    from twsgi.settings.outside import Machine
    from twsgi.settings.plan import plan
    from twsgi.settings.resolve import load

    settings, warnings = load(arguments, os.environ, start, Machine(reloading=master))
    if settings.chdir is None and surroundings.directory is not None:
        settings = dataclasses.replace(settings, chdir=surroundings.directory)
    if surroundings.change is not None:
        settings = surroundings.change(settings)
    found = plan(settings, start or os.getcwd(), master)
    return dataclasses.replace(found, warnings=(*warnings, *found.warnings))


def check_runner(plan: Plan, surroundings: Surroundings) -> None:
    """
    twistd's C{--uid} and C{--gid} change the process before the service starts; what our options
    ask for beyond that could not be had any more.

    @raise ConfigurationError: they do not agree.
    """
    from twsgi.control.privileges import Identity

    if surroundings.uid is None and surroundings.gid is None:
        return
    wanted = Identity.of(plan.settings)
    agreed = wanted.uid in (None, surroundings.uid) and wanted.gid in (None, surroundings.gid)
    if not agreed or wanted.added or plan.settings.chroot:
        raise ConfigurationError(
            "uid, gid, add-gid, chroot: twistd's --uid and --gid come first, and leave no right to"
            " these: give one or the other"
        )


def tell(warnings: Sequence[str], sink: LogSink, surroundings: Surroundings) -> None:
    """Puts warnings in the log, and on the terminal where that is another place."""
    for warning in warnings:
        sink.line(warning)
        if surroundings.logfile is not None:
            print(warning, file=sys.stderr)


def refuse(error: UserError) -> NoReturn:
    """Ends the process: what was odd, then what is wrong, a line each; the error's exit code."""
    for line in (*error.warnings, f"twsgi: {error}"):
        print(line, file=sys.stderr)
    raise SystemExit(error.exit_code)
