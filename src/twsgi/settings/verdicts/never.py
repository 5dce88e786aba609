"""What will not come, and what to use instead."""

from __future__ import annotations

_THREADS = "threads = N"
_SYSTEM = "systemd, a container, or a jail of the system"
_PROXY = "a proxy of its own (nginx, HAProxy)"
_PYTHON = "Python itself: python SCRIPT, in the same virtualenv"
_DEBUGGER = "py-tracebacker, or py-spy"
_COMMAND = "a command of uWSGI's; twsgi --help has ours"
_LIST = "docs/options.md, or twsgi --list-options"
_CLIENT = "curl"
_C = "Python: import runs a module in each worker"

#: (what to use instead, names or patterns of names)
NEVER: tuple[tuple[str, str], ...] = (
    (_THREADS, "async gevent gevent-* ugreen ugreen-* loop"),
    (_SYSTEM, "cgroup cgroup-* namespace namespace-* ns ns-* unshare* setns* jail* libjail jid*"),
    (_SYSTEM, "pivot-root pivot_root cap refork* re-fork* never-swap"),
    (_SYSTEM, "mount-as* mount-in-jail mount-pre-jail mount-post-jail umount-*"),
    (_SYSTEM, "*privileged-binary-patch* worker-exec worker-exec2"),
    (_PROXY, "fastrouter* rawrouter* sslrouter* http-to http-fallback http-use-* http-zerg"),
    (_PROXY, "http-gracetime http-stud-prefix http-manage-source http-manage-rtsp"),
    ("fd://NAME with systemd, or reuse-port", "zerg zerg-* zergpool"),
    ("the routing of your proxy: an application here is Python", "*-modifier1 *-modifier2"),
    ("the routing of your proxy: an application here is Python", "allowed-modifiers"),
    ("the routing of your proxy: an application here is Python", "remap-modifier cgi-mode"),
    ("an HTTP server: twsgi serves WSGI applications", "raw-socket udp python-raw"),
    ("an HTTP server: twsgi serves WSGI applications", "python-worker-override"),
    ("module, with a WSGI application (PEP 3333)", "web3 pump wsgi-lite"),
    ("PEP 3333: yield the first part of the body when it is there", "start_response-nodelay"),
    (_C, "dlopen symcall symcall-* call-* after-request-hook after-request-call"),
    (
        "a lock of the cluster's own (etcd, Consul, the database)",
        "legion* *-legion unique-legion-*",
    ),
    ("a lock of the cluster's own (etcd, Consul, the database)", "multicast multicast-*"),
    ("a metrics endpoint, and what collects from it", "snmp snmp-* rrdtool* nagios"),
    (_DEBUGGER, "profiler"),
    (_PYTHON, "pyshell* python py pyrun test python-version"),
    ("flock(1): flock FILE twsgi uwsgi.ini", "flock*"),
    ("systemd, or the supervisor that starts twsgi", "no-server command-mode"),
    (f"{_CLIENT}; ready-path answers by itself", "ping ping-timeout"),
    ("kill -TERM, -HUP and the process in the pidfile", "stop reload pause suspend resume signal"),
    (_LIST, "dump-options plugin-list plugins-list loop-list loops-list"),
    (_LIST, "clock-list clocks-list router-list routers-list alarm-list alarms-list"),
    (_LIST, "imperial-monitor*-list"),
    (_COMMAND, "cflags dot-h config-py build-plugin binary-append-data connect-and-read extract"),
    (_COMMAND, "print-sym print-symbol get usage"),
    ("harakiri-graceful-timeout; the stacks are in the log", "harakiri-graceful-signal"),
    ("limit-post", "chunked-input-limit"),
    ("socket-timeout", "chunked-input-timeout"),
)
