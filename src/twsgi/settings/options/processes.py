"""Options: how many processes and threads run the application."""

from __future__ import annotations

from twsgi.settings.options.row import Option

TITLE = "Processes and threads"

ROWS = (
    Option(
        "master",
        "flag",
        "Runs a master process that starts, watches and replaces all others.",
        short="M",
        difference="Implied by processes > 1.",
    ),
    Option(
        "processes",
        "count",
        "How many worker processes there are, at most.",
        aliases=("workers",),
        short="p",
        difference="0 is an error.",
    ),
    Option(
        "threads",
        "count",
        "How many threads (cores) each worker runs the application on.",
    ),
    Option(
        "enable-threads",
        "flag",
        "Lets the application start threads of its own.",
        short="T",
        difference="Always so here, whatever it says.",
    ),
    Option(
        "thunder-lock",
        "flag",
        "Serializes accept() between workers.",
        difference="Accepted, without effect: there is no thundering herd here.",
    ),
    Option(
        "auto-procname",
        "flag",
        "Names the processes in ps: uWSGI master, uWSGI worker 1, uWSGI http 1.",
    ),
    Option(
        "procname-prefix",
        "text",
        "What those names begin with.",
    ),
)
