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
