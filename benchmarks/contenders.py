"""The servers: one table, each with its flags and why it has them.

All serve the same application from the same directory, on 4 processes of 2 threads where they have
processes, with 8 threads where they have not.  Request logs are off but where the name says so.
"""

from __future__ import annotations

import importlib.metadata
import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

#: The capacity of every contender.
PROCESSES = 4
THREADS = 2


@dataclass(frozen=True)
class Contender:
    """
    One way to run one server.

    @ivar title: what the tables call it.
    @ivar distribution: whose version is told.
    @ivar words: its command, with C{{port}}, C{{application}}, C{{processes}}, C{{threads}} and
        C{{cores}} to be filled in; it runs in the directory that has the application.
    @ivar closes: it closes every connection after its answer, and does not say so: wrk calls
        each a read error.
    @ivar remark: what has to be known to read its figures.
    """

    name: str
    title: str
    distribution: str
    words: tuple[str, ...]
    closes: bool = False
    remark: str = ""

    def command(
        self, port: int, application: str, processes: int = PROCESSES, threads: int = THREADS
    ) -> list[str]:
        """
        The words that start it.

        @param application: a module, whose C{application} is served.
        """
        values = {
            "port": port,
            "application": application,
            "processes": processes,
            "threads": threads,
            "cores": processes * threads,
        }
        program, *words = self.words
        return [*_program(program), *(word.format(**values) for word in words)]

    def with_words(self, *more: str) -> Contender:
        """The same with more options, under the same name."""
        values = {**self.__dict__, "words": (*self.words, *more)}
        return Contender(**values)

    @property
    def version(self) -> str:
        """Its version; nothing, where it is not installed."""
        try:
            return importlib.metadata.version(self.distribution)
        except importlib.metadata.PackageNotFoundError:
            return ""


def _program(name: str) -> list[str]:
    """The program of this Python's environment, or else the one in PATH."""
    if name == "twsgi":
        return [sys.executable, "-m", "twsgi"]
    # Not resolved: a virtual environment's Python is a link to another's.
    beside = Path(sys.executable).parent / name
    return [str(beside) if beside.exists() else shutil.which(name) or name]


# What twsgi and uWSGI are both told, in the same words.
_INI = (
    "--master",
    "--processes={processes}",
    "--threads={threads}",
    "--module={application}",
    "--pythonpath=.",
    # Both look for a file of the path's name before each request, as most sites have it.
    "--check-static=static",
    # uWSGI's default, 100, would drop connections of the larger loads; 1024 is twsgi's default.
    "--listen=1024",
    "--need-app",
)
_TWSGI = ("twsgi", *_INI)
# Not set: so-keepalive (TCP probes, off by default), thunder-lock (serialises accept, off by
# default), buffer-size (4096: the browser's request fits), single-interpreter (there is one
# application, so nothing is swapped).  TERM ends it, as it ends the others.
_UWSGI = ("uwsgi", *_INI, "--die-on-term")
_QUIET = ("--disable-logging",)
# http-keepalive takes a number: seconds for which an idle connection is kept.
_KEEP = ("--http=127.0.0.1:{port}", "--http-keepalive=60")
_HTTP = ("--http=127.0.0.1:{port}",)
_SOCKET = ("--http-socket=127.0.0.1:{port}",)
_OFFLOAD = ("--offload-threads=1",)

_CLOSES = "closes every connection after its answer, without saying so"


def _twsgi(name: str, title: str, *words: str) -> Contender:
    return Contender(f"twsgi-{name}", f"twsgi {title}", "twsgi", (*_TWSGI, *words))


def _uwsgi(name: str, title: str, *words: str, closes: bool = False, remark: str = "") -> Contender:
    command = (*_UWSGI, *words)
    return Contender(f"uwsgi-{name}", f"uWSGI {title}", "uwsgi", command, closes, remark)


TABLE = (
    _twsgi("http", "`http`", *_HTTP, *_QUIET),
    _twsgi("http-log", "`http`, request log on", *_HTTP),
    _twsgi("http-offload", "`http`, `offload-threads = 1`", *_HTTP, *_QUIET, *_OFFLOAD),
    _twsgi("socket", "`http-socket`", *_SOCKET, *_QUIET),
    _twsgi("socket-offload", "`http-socket`, `offload-threads = 1`", *_SOCKET, *_QUIET, *_OFFLOAD),
    _uwsgi("http-keep", "`http`, `http-keepalive = 60`", *_KEEP, *_QUIET),
    _uwsgi("http-keep-log", "`http`, `http-keepalive = 60`, request log on", *_KEEP),
    _uwsgi("http", "`http`", *_HTTP, *_QUIET, closes=True, remark=_CLOSES),
    _uwsgi("socket", "`http-socket`", *_SOCKET, *_QUIET, closes=True, remark=_CLOSES),
    _uwsgi(
        "socket-offload",
        "`http-socket`, `offload-threads = 1`",
        *_SOCKET,
        *_QUIET,
        *_OFFLOAD,
        closes=True,
        remark=_CLOSES,
    ),
    _uwsgi(
        "http11-socket",
        "`http11-socket`",
        "--http11-socket=127.0.0.1:{port}",
        *_QUIET,
        remark="a core belongs to a connection as long as that lives: 8 are served at a"
        " time, and further connections wait until one is closed",
    ),
    Contender(
        "gunicorn",
        "gunicorn gthread",
        "gunicorn",
        (
            "gunicorn",
            "--bind=127.0.0.1:{port}",
            "--worker-class=gthread",
            "--workers={processes}",
            "--threads={threads}",
            # As long as the others keep them; its default, 2 s, would do as well.
            "--keep-alive=60",
            "--backlog=1024",
            "--log-level=error",
            "{application}:application",
        ),
    ),
    Contender(
        "waitress",
        "waitress",
        "waitress",
        (
            "waitress-serve",
            "--listen=127.0.0.1:{port}",
            "--threads={cores}",
            # Its default, 100, is less than some of the loads.
            "--connection-limit=1000",
            "{application}:application",
        ),
        remark="one process, for it knows no more, with 8 threads",
    ),
    Contender(
        "granian",
        "granian",
        "granian",
        (
            "granian",
            "--interface=wsgi",
            "--host=127.0.0.1",
            "--port={port}",
            "--workers={processes}",
            "--blocking-threads={threads}",
            "--log-level=error",
            "{application}:application",
        ),
        remark="its HTTP is compiled Rust",
    ),
    Contender(
        "twist",
        "`twist web --wsgi`",
        "twisted",
        (
            "twist",
            "--log-level=critical",
            "web",
            "--listen=tcp:{port}:interface=127.0.0.1",
            "--wsgi={application}.application",
            # It cannot leave out its request log; a file is a third cheaper than its logger.
            "--logfile=access.log",
        ),
        remark="one process, for it knows no more, with the reactor's 10 threads",
    ),
)
CONTENDERS = {one.name: one for one in TABLE}


def installed(names: Iterable[str]) -> list[str]:
    """Those that can run here."""
    return [name for name in names if CONTENDERS[name].version]
