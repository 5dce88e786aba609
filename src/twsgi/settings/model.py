"""L{Settings}: every option's value, typed and frozen; L{Plan}: what is to run because of them.

Both are plain values: they compare, print and travel to the children as JSON.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import Any

from twsgi.settings.attached import Attached
from twsgi.settings.fields.application import ApplicationFields
from twsgi.settings.fields.cheaper import CheaperFields
from twsgi.settings.fields.configuration import ConfigurationFields
from twsgi.settings.fields.daemons import DaemonsFields
from twsgi.settings.fields.files import FilesFields
from twsgi.settings.fields.harakiri import HarakiriFields
from twsgi.settings.fields.hooks import HooksFields
from twsgi.settings.fields.http import HttpFields
from twsgi.settings.fields.life import LifeFields
from twsgi.settings.fields.log import LogFields
from twsgi.settings.fields.orders import OrdersFields
from twsgi.settings.fields.place import PlaceFields
from twsgi.settings.fields.processes import ProcessesFields
from twsgi.settings.fields.python import PythonFields
from twsgi.settings.fields.recycling import RecyclingFields
from twsgi.settings.fields.reload import ReloadFields
from twsgi.settings.fields.resources import ResourcesFields
from twsgi.settings.fields.response import ResponseFields
from twsgi.settings.fields.sockets import SocketsFields


@dataclass(frozen=True)
class Settings(
    ConfigurationFields,
    HttpFields,
    SocketsFields,
    ResponseFields,
    ApplicationFields,
    PythonFields,
    ProcessesFields,
    CheaperFields,
    ReloadFields,
    RecyclingFields,
    HarakiriFields,
    FilesFields,
    PlaceFields,
    ResourcesFields,
    LifeFields,
    HooksFields,
    DaemonsFields,
    LogFields,
    OrdersFields,
):
    """
    What the operator asked for, defaults filled in.  A field is named after its uWSGI option with
    C{-} as C{_}; times are seconds, sizes bytes, repeated options tuples in the order given.
    """

    def to_json(self) -> str:
        """One line of JSON from which L{from_json} makes an equal value."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Settings:
        """The value that L{to_json} wrote."""
        return cls(**{name: _frozen(value) for name, value in json.loads(text).items()})


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


#: SERVER_PORT where requests come over a UNIX socket, as in uWSGI.
UNIX_PORT = 80
#: What an address begins with that is a descriptor.
INHERITED = "fd://"


@dataclass(frozen=True, slots=True)
class Address:
    """
    Where a listening socket is bound.

    @ivar host: a numeric address; C{0.0.0.0} for C{:8000}; empty where it is no TCP address.
    @ivar port: 0 lets the kernel choose; with a UNIX socket L{UNIX_PORT}.
    @ivar path: the file of a UNIX socket; C{@name}: an abstract one; C{fd://3}, C{fd://name}: a
        descriptor that listens already; empty: TCP.
    """

    host: str
    port: int
    path: str = ""

    @classmethod
    def unix(cls, path: str) -> Address:
        """A UNIX socket, or a descriptor; see C{path}."""
        return cls("", UNIX_PORT, path)

    @property
    def file(self) -> str:
        """The path of the socket file, empty if there is none."""
        return "" if self.path.startswith(("@", INHERITED)) else self.path

    @property
    def inherited(self) -> str:
        """The number, or the name, of a descriptor that listens already; empty if it is none."""
        return self.path[len(INHERITED) :] if self.path.startswith(INHERITED) else ""

    @property
    def ipv6(self) -> bool:
        """True for an IPv6 address."""
        return ":" in self.host

    def __str__(self) -> str:
        if self.path:
            return self.path
        return f"[{self.host}]:{self.port}" if self.ipv6 else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Tuning:
    """
    What the kernel, and who accepts, is told of a listening socket; see the options of
    L{twsgi.settings.options.sockets}.

    @ivar keepalive: C{so-keepalive}.
    @ivar send_buffer: C{socket-sndbuf}, bytes; 0: as the kernel likes.
    @ivar receive_buffer: C{socket-rcvbuf}, likewise.
    @ivar reuse_port: C{reuse-port}.
    @ivar freebind: C{freebind}.
    @ivar fast_open: C{tcp-fast-open}; 0: off.
    @ivar defers: not C{no-defer-accept}.
    @ivar proxied: its connections may begin with a line of the PROXY protocol.
    """

    keepalive: bool = False
    send_buffer: int = 0
    receive_buffer: int = 0
    reuse_port: bool = False
    freebind: bool = False
    fast_open: int = 0
    defers: bool = True
    proxied: bool = False


@dataclass(frozen=True, slots=True)
class Listener:
    """
    One listening socket.

    @ivar kind: C{http}: a frontend accepts on it; C{http-socket}: the workers do.
    @ivar backlog: the length of the kernel's queue of connections not yet accepted.
    @ivar mode: the rights of a socket file, None: as the umask has it.
    @ivar owner: C{user}, C{user:group} or C{:group} that a socket file shall belong to; empty:
        whoever makes it.
    @ivar vacuum: a socket file is removed at the end.
    @ivar option: by which option it was asked for, where that is not its C{kind}.
    @ivar tuning: see L{Tuning}.
    """

    kind: str
    address: Address
    backlog: int
    mode: int | None = None
    owner: str = ""
    vacuum: bool = True
    option: str = ""
    tuning: Tuning = Tuning()


@dataclass(frozen=True, slots=True)
class Plan:
    """
    What is to run: the container executes it, tests assert on it.

    @ivar master: False: everything in this one process, and C{http} means C{http-socket}.
    @ivar workers: the most worker processes there will be.
    @ivar initial: how many are started at once.
    @ivar minimum: below this C{cheaper} never goes; equal to C{workers} where it is off.
    @ivar frontends: how many frontend processes there are.
    @ivar capacity: how many requests can be inside the application at once.
    @ivar environment: what the children's environment has beyond the master's (option C{env}).
    @ivar settings: what was asked for, C{chroot} made absolute.
    @ivar directory: absolute, inside of C{chroot}; the children's working directory, None: where
        the master was started, or that root.
    @ivar pidfile: absolute; relative ones start where the master does, whatever C{chdir} says.
    @ivar pidfile2: absolute, as the process finds it that writes it; relative ones start at
        C{directory}.
    @ivar daemonize: absolute; the log of the daemon to become, None: stay in the foreground.
    @ivar touch_reload: absolute, as the master finds them; relative ones start at C{directory},
        inside of C{chroot}.  Likewise the next two.
    @ivar touch_exec: absolute files, each with the command that is run when it is touched.
    @ivar hook_touch: likewise, with the hook.
    @ivar safe_pidfile: as C{pidfile}, for when requests are served.
    @ivar safe_pidfile2: as C{pidfile2}, likewise.
    @ivar attached: the programs that run beside.
    @ivar master_fifo: absolute, as C{touch_reload}.
    @ivar warnings: what the operator should read, one line each, nothing that stops the start.
    """

    settings: Settings
    master: bool
    listeners: tuple[Listener, ...]
    workers: int
    initial: int
    minimum: int
    frontends: int
    environment: tuple[tuple[str, str], ...]
    directory: str | None
    pidfile: str | None = None
    pidfile2: str | None = None
    daemonize: str | None = None
    touch_reload: tuple[str, ...] = ()
    touch_workers_reload: tuple[str, ...] = ()
    touch_chain_reload: tuple[str, ...] = ()
    touch_exec: tuple[tuple[str, str], ...] = ()
    hook_touch: tuple[tuple[str, str], ...] = ()
    safe_pidfile: str | None = None
    safe_pidfile2: str | None = None
    attached: tuple[Attached, ...] = ()
    master_fifo: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def capacity(self) -> int:
        """Requests at once: workers by threads."""
        return self.workers * self.settings.threads
