"""Options: signals, stopping, and what is left behind."""

from __future__ import annotations

from twsgi.settings.options.row import Option

TITLE = "Life and death"

ROWS = (
    Option(
        "worker-reload-mercy",
        "number",
        "How many seconds a worker that shall end has for the requests it is running.",
    ),
    Option(
        "reload-mercy",
        "number",
        "How many seconds all processes together have when everything stops; "
        "0: as many as worker-reload-mercy.",
        difference="60 in uWSGI.",
    ),
    Option(
        "shutdown-delay",
        "number",
        "How many seconds a stop goes on serving first, with ready-path at 503, so that a load "
        "balancer takes notice.",
        difference="uWSGI has no such option.",
    ),
    Option(
        "hook-master-start",
        "hooks",
        "`unix_signal:15 gracefully_kill_them_all`: SIGTERM stops, and requests in flight finish.",
        difference="Always so here. Any other hook is passed over, with a warning.",
    ),
    Option(
        "die-on-term",
        "flag",
        "SIGTERM stops instead of reloading.",
        difference="Always so here, whatever it says.",
    ),
    Option(
        "vacuum",
        "flag",
        "Removes what was created (socket files, pidfiles) at the end.",
        difference="Off in uWSGI.",
    ),
    Option(
        "pidfile",
        "path",
        "Writes the master's process id to this file; relative to where it was started.",
    ),
    Option(
        "pidfile2",
        "path",
        "A second pidfile, written after uid and gid have changed; relative to chdir, "
        "and inside of chroot.",
    ),
)
