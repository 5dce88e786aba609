"""L{Surroundings}: what the runner (twistd, twist, or none) has been told of log and directory."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from twsgi.errors import ConfigurationError
from twsgi.log.sink import LogSink


@dataclass(frozen=True, slots=True)
class Surroundings:
    """
    What of the runner's own options concerns us.

    @ivar runner: C{twistd}, C{twist} or C{twsgi}.
    @ivar logfile: the file that the operator wants the log in, None: descriptor 2.
    @ivar directory: where the runner will go before the start (twistd's C{--rundir}), absolute.
    @ivar syslog: Twisted's own messages go to syslog.
    """

    runner: str = "twsgi"
    logfile: str | None = None
    directory: str | None = None
    syslog: bool = False

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
        )

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
            raise ConfigurationError(f"--logfile: {self.logfile}: {error.strerror}") from error


def _file_of_twist(parent: Mapping[str, Any]) -> str | None:
    """The log file of twist, unless it writes JSON there: raw lines would spoil it."""
    name = getattr(parent.get("logFile"), "name", None)
    if not isinstance(name, str) or name.startswith("<") or parent.get("logFormat") == "json":
        return None
    return os.path.abspath(name)
