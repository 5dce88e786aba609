"""Options: when a worker is old, big or broken enough to be replaced by another."""

from __future__ import annotations

from twsgi.settings.options.row import Option

TITLE = "Workers that are replaced in time"

#: Of the rows that change nothing but who goes first.
_FIRST = "Its successor is ready first."

ROWS = (
    Option(
        "max-requests",
        "number",
        "After how many requests a worker is replaced; 0: never.",
        short="R",
        difference=f"{_FIRST} It serves a few more than that meanwhile.",
    ),
    Option(
        "max-requests-delta",
        "number",
        "How many requests more each worker has than the one before it. "
        "Not given: up to 10 % more, at random.",
        difference="0 in uWSGI if it is not given, so that all go at the same time.",
    ),
    Option(
        "min-worker-lifetime",
        "number",
        "For how many seconds no worker is replaced, whatever else is said here.",
        difference="For the evil-reload options too.",
    ),
    Option(
        "max-worker-lifetime",
        "number",
        "After how many seconds a worker is replaced; 0: never. More than min-worker-lifetime.",
        difference=_FIRST,
    ),
    Option(
        "max-worker-lifetime-delta",
        "number",
        "How many seconds more each worker has than the one before it. "
        "Not given: up to 10 % more, at random.",
        difference="0 in uWSGI if it is not given, so that all go at the same time.",
    ),
    Option(
        "reload-on-rss",
        "megabytes",
        "A worker with more resident memory than this is replaced; 0: never.",
        difference=f"{_FIRST} Looked at every second, by the master.",
    ),
    Option(
        "reload-on-as",
        "megabytes",
        "A worker with more address space than this is replaced; 0: never.",
        difference=f"{_FIRST} Looked at every second, by the master.",
    ),
    Option(
        "evil-reload-on-rss",
        "megabytes",
        "As reload-on-rss.",
        difference="Nobody is killed here: uWSGI kills the worker with what it does.",
        implies_master=True,
    ),
    Option(
        "evil-reload-on-as",
        "megabytes",
        "As reload-on-as.",
        difference="Nobody is killed here: uWSGI kills the worker with what it does.",
        implies_master=True,
    ),
    Option(
        "reload-on-exception",
        "flag",
        "A worker whose application has raised is replaced.",
        difference="In uWSGI it exits at once; here the client has its 500, and others their "
        "responses.",
    ),
)
