"""Options: when a worker is old, big or broken enough to be replaced by another."""

from __future__ import annotations

from twsgi.settings.options.row import By, Option

TITLE = "Workers that are replaced in time"

#: Of the rows that change nothing but who goes first.
_FIRST = "Its successor is ready first."

ROWS = (
    Option(
        "max-requests",
        "number",
        By.MASTER,
        "After how many requests a worker is replaced; 0: never.",
        short="R",
        difference=f"{_FIRST} It serves a few more than that meanwhile.",
        test="tests.behaviour.test_recycling.HttpRecyclingTests.test_max_requests",
    ),
    Option(
        "max-requests-delta",
        "number",
        By.MASTER,
        "How many requests more each worker has than the one before it. "
        "Not given: up to 10 % more, at random.",
        difference="0 in uWSGI if it is not given, so that all go at the same time.",
        test="tests.master.test_recycler.RecyclerTests.test_luck",
    ),
    Option(
        "min-worker-lifetime",
        "time",
        By.MASTER,
        "For how many seconds no worker is replaced, whatever else is said here.",
        difference="For the evil-reload options too.",
        test="tests.behaviour.test_recycling.HttpRecyclingTests.test_min_worker_lifetime",
    ),
    Option(
        "max-worker-lifetime",
        "time",
        By.MASTER,
        "After how many seconds a worker is replaced; 0: never. More than min-worker-lifetime.",
        difference=_FIRST,
        test="tests.behaviour.test_lossless_recycling.HttpRecyclingTests.test_max_worker_lifetime",
    ),
    Option(
        "max-worker-lifetime-delta",
        "time",
        By.MASTER,
        "How many seconds more each worker has than the one before it. "
        "Not given: up to 10 % more, at random.",
        difference="0 in uWSGI if it is not given, so that all go at the same time.",
        test="tests.master.test_recycler.RecyclerTests.test_luck",
    ),
    Option(
        "reload-on-rss",
        "megabytes",
        By.MASTER,
        "A worker with more resident memory than this is replaced; 0: never.",
        difference=f"{_FIRST} Looked at every second, by the master.",
        test="tests.behaviour.test_recycling.HttpRecyclingTests.test_memory",
    ),
    Option(
        "reload-on-as",
        "megabytes",
        By.MASTER,
        "A worker with more address space than this is replaced; 0: never.",
        difference=f"{_FIRST} Looked at every second, by the master.",
        test="tests.master.test_recycler.RecyclerTests.test_memory",
    ),
    Option(
        "evil-reload-on-rss",
        "megabytes",
        By.MASTER,
        "As reload-on-rss.",
        difference="Nobody is killed here: uWSGI kills the worker with what it does.",
        implies_master=True,
        test="tests.behaviour.test_recycling.HttpRecyclingTests.test_evil_memory",
    ),
    Option(
        "evil-reload-on-as",
        "megabytes",
        By.MASTER,
        "As reload-on-as.",
        difference="Nobody is killed here: uWSGI kills the worker with what it does.",
        implies_master=True,
        test="tests.master.test_recycler.RecyclerTests.test_memory",
    ),
    Option(
        "reload-on-exception",
        "flag",
        By.MASTER,
        "A worker whose application has raised is replaced.",
        difference="In uWSGI it exits at once; here the client has its 500, and others their "
        "responses.",
        test="tests.behaviour.test_recycling.HttpRecyclingTests.test_exception",
    ),
)
