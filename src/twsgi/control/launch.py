"""How a child is started, and what it finds in which descriptor.

The master writes a L{Launch} into an anonymous file and inherits it to the child at a fixed
descriptor; the child reads it back.  Both sides import this module, neither imports the other.
"""

from __future__ import annotations

import dataclasses
import json
import os
import sys
import tempfile
from dataclasses import dataclass

from twsgi.control.title import title_of
from twsgi.settings.model import Settings

#: The child's end of the control stream (AMP).
CONTROL_FD = 3
#: The anonymous file that holds the launch.
LAUNCH_FD = 4
#: The scoreboard's memory.
SCOREBOARD_FD = 5
#: Where its stacks go when it crashes, and on SIGUSR2.
LAST_WORDS_FD = 6
#: The first listening socket; the others follow.
FIRST_LISTENER_FD = 7

WORKER = "worker"
FRONTEND = "http"

#: Signals are the master's business from the first moment: Ctrl-C reaches the whole group.  And
#: Python would put the working directory first in sys.path; what is imported before the
#: application must not be shadowed by a file of its own.
_BOOT = (
    "import signal as s, sys; "
    "[s.signal(one, lambda *_: None) for one in (1, 2, 3, 15, s.SIGUSR1, s.SIGUSR2)]; "
    "sys.path[:1] = sys.path[0] and sys.path[:1] or []; "
    "from twsgi.{0}.main import main; main()"
)
_PACKAGES = {WORKER: "worker", FRONTEND: "frontend"}


@dataclass(frozen=True, slots=True)
class InheritedListener:
    """
    A listening socket as the child finds it: its descriptor, kind and bound address.

    @ivar proxied: see L{Tuning <twsgi.settings.model.Tuning>}.
    """

    descriptor: int
    kind: str
    address: str
    proxied: bool = False


@dataclass(frozen=True, slots=True)
class Launch:
    """
    All that a child is told at its start.

    @ivar kind: L{WORKER} or L{FRONTEND}.
    @ivar index: from 1; by which people know it, kept by whoever replaces it.
    @ivar place: from 1; its record on the scoreboard, its own for as long as it lives.
    @ivar requests_before: how many requests the earlier workers of its index have finished.
    @ivar listeners: what it accepts connections on: none for a worker in C{http =} mode.
    @ivar places: how many worker records the scoreboard has.
    @ivar cores: how many core records it has for each worker.
    @ivar frontends: how many frontend records it has.
    @ivar directory: where it works; None: where the master was started.
    @ivar waits: it accepts connections when it is told to, and not before
        (L{twsgi.control.commands.Accept}).
    @ivar open_files: how many descriptors an application's process may have (C{ulimit -n}).
    @ivar multiprocess: the application runs in more than one process (wsgi.multiprocess).
    @ivar server_name: the host's name (SERVER_NAME).
    @ivar server_port: the first listening socket's port (SERVER_PORT).
    @ivar first: nobody was this worker, or frontend, before.
    """

    kind: str
    index: int
    place: int
    requests_before: int
    settings: Settings
    listeners: tuple[InheritedListener, ...]
    places: int
    cores: int
    frontends: int
    directory: str | None
    waits: bool
    open_files: int
    multiprocess: bool
    server_name: str
    server_port: int
    first: bool = True

    @property
    def title(self) -> str:
        """What the process calls itself: C{uWSGI worker 1}, or as C{procname} has it."""
        role = f"{self.kind} {self.index}"
        return title_of(self.settings, role) or f"uWSGI {role}"

    def to_json(self) -> str:
        """What L{from_json} reads."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Launch:
        """The value that L{to_json} wrote."""
        data = json.loads(text)
        data["settings"] = Settings.from_json(json.dumps(data["settings"]))
        data["listeners"] = tuple(InheritedListener(**one) for one in data["listeners"])
        return cls(**data)

    def write(self) -> int:
        """
        Puts the launch into an anonymous file.

        @return: its descriptor, close-on-exec, at offset 0; the caller's to close.
        """
        descriptor = anonymous_file("twsgi-launch")
        os.pwrite(descriptor, self.to_json().encode(), 0)
        return descriptor

    @classmethod
    def read(cls, descriptor: int = LAUNCH_FD) -> Launch:
        """The launch in C{descriptor}, which is closed."""
        with open(descriptor, "rb") as file:
            file.seek(0)
            return cls.from_json(file.read().decode())

    def arguments(self) -> list[str]:
        """The child's command line; the last word is there for C{ps} alone."""
        code = _BOOT.format(_PACKAGES[self.kind])
        # Python's own flags hold for all that it imports, and for the bytecode it keeps.
        optimized = min(self.settings.optimize, 2) if self.kind == WORKER else 0
        flags = ["-" + "O" * optimized] if optimized else []
        return [sys.executable, *flags, "-c", code, self.title]


def anonymous_file(name: str) -> int:
    """
    A descriptor (close-on-exec) of an empty file that no path leads to: a memfd, or an unlinked
    temporary file where the system has none.
    """
    if hasattr(os, "memfd_create"):
        return os.memfd_create(name)
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def forbid_inheritance(first: int = CONTROL_FD, last: int = 255) -> None:
    """
    Sets close-on-exec on what this child inherited: a child of the application's (C{os.system})
    must not keep a port bound or a link open.  The first statement of every child.
    """
    for descriptor in range(first, last + 1):
        try:
            os.set_inheritable(descriptor, False)
        except OSError:
            if descriptor > FIRST_LISTENER_FD + 32:
                return
