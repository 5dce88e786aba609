"""L{Settings}: every option's value, typed and frozen; L{Plan}: what is to run because of them.

Both are plain values: they compare, print and travel to the children as JSON.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Settings:
    """
    What the operator asked for, defaults filled in.  A field is named after its uWSGI option with
    C{-} as C{_}; times are seconds, sizes bytes, repeated options tuples in the order given.
    """

    strict: bool = False
    master: bool = False
    http: tuple[str, ...] = ()
    http_socket: tuple[str, ...] = ()
    processes: int = 1
    threads: int = 1
    enable_threads: bool = True
    cheaper: int = 0
    cheaper_initial: int = 0
    cheaper_step: int = 0
    cheaper_overload: int = 3
    cheaper_algo: str = "spare"
    pythonpath: tuple[str, ...] = ()
    module: str | None = None
    callable: str = "application"
    wsgi_file: str | None = None
    chdir: str | None = None
    check_static: tuple[str, ...] = ()
    offload_threads: int = 0
    disable_logging: bool = False
    listen: int = 1024
    die_on_term: bool = False
    vacuum: bool = True
    need_app: bool = True
    lazy_apps: bool = True
    lazy: bool = False
    single_interpreter: bool = True
    thunder_lock: bool = False
    buffer_size: int = 65536
    max_vars: int = 128
    limit_post: int = 0
    post_buffering_bufsize: int = 65536
    http_timeout: int = 60
    #: 0: off; 1: on, idle for C{http-timeout} at most; N: on, idle for N seconds at most.
    http_keepalive: int = 1
    http_headers_timeout: int = 10
    http_min_body_rate: int = 240
    http_keepalive_requests: int = 0
    #: 0: as many as there are descriptors for.
    http_connections: int = 0
    http_connections_per_peer: int = 0
    http_response_spool: int = 64 * 1024 * 1024
    http_processes: int = 1
    #: 0: as long as C{listen}.
    http_queue: int = 0
    socket_timeout: int = 4
    worker_reload_mercy: int = 60
    #: 0: as C{worker_reload_mercy}.
    reload_mercy: int = 0
    shutdown_delay: int = 0
    hook_master_start: tuple[str, ...] = ()
    #: One of L{twsgi.settings.kinds.RETRIES}.
    http_retry: str = "idempotent"
    ready_path: str | None = None
    touch_reload: tuple[str, ...] = ()
    touch_workers_reload: tuple[str, ...] = ()
    touch_chain_reload: tuple[str, ...] = ()
    #: 0: any time.
    worker_ready_timeout: int = 60
    max_requests: int = 0
    #: None: each worker adds some of its own, at random.
    max_requests_delta: int | None = None
    min_worker_lifetime: int = 10
    max_worker_lifetime: int = 0
    #: See C{max_requests_delta}.
    max_worker_lifetime_delta: int | None = None
    #: This and the next three: megabytes.
    reload_on_rss: int = 0
    reload_on_as: int = 0
    evil_reload_on_rss: int = 0
    evil_reload_on_as: int = 0
    reload_on_exception: bool = False
    harakiri: int = 0
    harakiri_verbose: bool = False
    #: 0: as C{harakiri}.
    harakiri_graceful_timeout: int = 0
    harakiri_no_arh: bool = False
    procname_prefix: str = ""
    auto_procname: bool = False
    env: tuple[str, ...] = ()
    pidfile: str | None = None
    pidfile2: str | None = None
    uid: str | None = None
    gid: str | None = None
    add_gid: tuple[str, ...] = ()
    chroot: str | None = None
    umask: int | None = None
    chmod_socket: int | None = None
    chown_socket: str | None = None
    daemonize: str | None = None

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
    """

    kind: str
    address: Address
    backlog: int
    mode: int | None = None
    owner: str = ""
    vacuum: bool = True
    option: str = ""


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
    warnings: tuple[str, ...] = ()

    @property
    def capacity(self) -> int:
        """Requests at once: workers by threads."""
        return self.workers * self.settings.threads
