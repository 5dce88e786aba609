"""Names that may be left out: whoever wrote them has what he wanted all the same."""

from __future__ import annotations

_PLUGINS = "what twsgi can do is always there: there are no plugins to load"
_LOG = "every process writes whole lines into the one log"
_BODIES = "every body is read before the application is called, chunked ones too"
_FORKS = "workers are not forked: each is a fresh interpreter"
_LOCKS = "no lock is shared by processes"
_START = "it is what happens anyway"

#: Why, by name.
NO_EFFECT: dict[str, str] = {
    "autoload": _PLUGINS,
    "plugin": _PLUGINS,
    "plugins": _PLUGINS,
    "need-plugin": _PLUGINS,
    "need-plugins": _PLUGINS,
    "plugin-dir": _PLUGINS,
    "plugins-dir": _PLUGINS,
    "log-master": _LOG,
    "log-master-stream": "lines are told apart, whatever carries them",
    "log-master-req-stream": "lines are told apart, whatever carries them",
    "logger-list": "docs/options.md has the list",
    "loggers-list": "docs/options.md has the list",
    "check-static-docroot": "no request comes with a DOCUMENT_ROOT: name it with check-static",
    "static-cache-paths": "where a file lies is looked up each time, and costs next to nothing",
    "static-cache-paths-name": "there are no static-cache-paths",
    "log-master-bufsize": _LOG,
    "threaded-logger": _LOG,
    "post-buffering": f"{_BODIES}; what exceeds post-buffering-bufsize goes to a file",
    "body-read-warning": "a body takes no more memory than post-buffering-bufsize",
    "http-events": "a frontend takes as many events at a time as there are",
    "http-buffer-size": "buffers grow as they have to",
    "http-connect-timeout": "a frontend does not connect to workers: it has links to them",
    "http-cheap": "a frontend without workers costs nothing",
    "http-quiet": "a frontend says nothing of single clients",
    "honour-range": "Range is always honoured",
    "file-serve-mode": "twsgi sends files itself",
    "fileserve-mode": "twsgi sends files itself",
    "reload-os-env": _FORKS,
    "py-call-uwsgi-fork-hooks": _FORKS,
    "wsgi-strict": "PEP 3333 is kept to the letter",
    "lock-engine": _LOCKS,
    "ftok": _LOCKS,
    "persistent-ipcsem": _LOCKS,
    "reaper": "Python waits for the children it starts; the orphans of process 1 are waited for",
    "no-threads-wait": "an idle thread keeps no process from ending",
    "no-fd-passing": "no client can pass descriptors",
    "close-on-exec": "what twsgi opens is never inherited by the application's children",
    "close-on-exec2": "what twsgi opens is never inherited by the application's children",
    "shutdown-sockets": "connections are shut down before they are closed",
    "binary-path": "twsgi does not execute itself again: a reload replaces the workers",
    "max-apps": "there is no such limit",
    "ksm": "the kernel decides about shared pages",
    "pcre-jit": "regular expressions are Python's",
    "clock": "time is the system's",
    "check-interval": "the end of a process is noticed at once",
    "mem-collector-freq": "memory is looked at every second",
    "forkbomb-delay": "a worker that fails is started again after 1, 2, 4, at most 30 s",
    "backtrace-depth": "the log has the stacks of Python's threads, whole",
    "use-abort": "a process that crashes ends by its signal, after its stacks are in the log",
    "skip-zero": _START,
    "force-gateway": "without a master http is served by the one process",
    "show-config": "twsgi --show-config FILE prints it, with where each value came from",
}
