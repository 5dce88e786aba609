"""L{Surroundings}: what the runner (twistd, twist, or none) has been told of log and directory."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from twsgi.errors import ConfigurationError
from twsgi.log.sink import LogSink
from twsgi.settings.model import Settings


@dataclass(frozen=True, slots=True)
class Surroundings:
    """
    What of the runner's own options concerns us.

    @ivar runner: C{twistd}, C{twist} or C{twsgi}.
    @ivar logfile: the file that the operator wants the log in, None: descriptor 2.
    @ivar directory: where the runner will go before the start (twistd's C{--rundir}), absolute.
    @ivar syslog: Twisted's own messages go to syslog.
    @ivar daemon: the runner goes into the background.
    @ivar log_option: who asked for C{logfile}.
    @ivar uid: whom the runner becomes before the start (twistd's C{--uid}), None: nobody.
    @ivar gid: likewise.
    @ivar change: what the runner makes of all settings that are read, None: it takes them as they
        are.
    """

    runner: str = "twsgi"
    logfile: str | None = None
    directory: str | None = None
    syslog: bool = False
    daemon: bool = False
    log_option: str = ""
    uid: int | None = None
    gid: int | None = None
    change: Callable[[Settings], Settings] | None = None

    @classmethod
    def of(cls, parent: Mapping[str, Any] | None) -> Surroundings:
        """
        Reads the options of the runner.

        @param parent: C{options.parent} of a plugin's options.
        @raise ConfigurationError: they ask for what cannot be.
        """
        if parent is None:
            return cls()
        if "nodaemon" in parent:
            return cls._of_twistd(parent)
        return cls("twist", _file_of_twist(parent))

    @classmethod
    def _of_twistd(cls, parent: Mapping[str, Any]) -> Surroundings:
        daemon = not parent["nodaemon"]
        logfile = parent.get("logfile") or (daemon and "twistd.log") or "-"
        if daemon and logfile == "-":
            raise ConfigurationError("--logfile=-: a daemon has no terminal to log to; give a file")
        rundir = parent.get("rundir") or "."
        return cls(
            "twistd",
            None if logfile == "-" else os.path.abspath(logfile),
            None if rundir == "." else os.path.abspath(rundir),
            bool(parent.get("syslog")),
            daemon,
            "--logfile" if parent.get("logfile") else "",
            parent.get("uid"),
            parent.get("gid"),
        )

    def daemonized(self, path: str) -> tuple[Surroundings, str]:
        """
        What C{daemonize = path} makes of them, and what is to be said about it, if anything:
        whoever was told on the command line to stay in the foreground stays there, and twistd's
        own C{--logfile} is a later word than the file's.
        """
        if self.runner != "twsgi" and not self.daemon:
            command = "twistd -n" if self.runner == "twistd" else self.runner
            return self, f"daemonize = {path}: {command} stays in the foreground, the log with it"
        if self.daemon and self.log_option:
            return self, f"daemonize = {path}: the log goes to {self.logfile}, as --logfile says"
        made = dataclasses.replace(self, daemon=True, logfile=path, log_option="daemonize")
        return made, ""

    def open_log(self) -> LogSink:
        """
        The log that they ask for.

        @raise ConfigurationError: the file cannot be opened.
        """
        if self.logfile is None:
            return LogSink.standard_error()
        try:
            return LogSink.file(self.logfile)
        except OSError as error:
            option = self.log_option or "--logfile"
            raise ConfigurationError(f"{option}: {self.logfile}: {error.strerror}") from error


def _file_of_twist(parent: Mapping[str, Any]) -> str | None:
    """The log file of twist, unless it writes JSON there: raw lines would spoil it."""
    name = getattr(parent.get("logFile"), "name", None)
    if not isinstance(name, str) or name.startswith("<") or parent.get("logFormat") == "json":
        return None
    return os.path.abspath(name)
