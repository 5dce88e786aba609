"""Options: what a process is called, and what of the machine it may use."""

from __future__ import annotations

from twsgi.settings.options.row import By, Option

TITLE = "Names and resources of processes"

_NAMES = "tests.behaviour.test_resources.NameTests"
_TESTS = "tests.behaviour.test_resources.ResourceTests"
_LIMIT = "For the processes that run the application; in uWSGI for all."

ROWS = (
    Option(
        "auto-procname",
        "flag",
        By.START,
        "Names the processes in ps: uWSGI master, uWSGI worker 1, uWSGI http 1.",
        test=f"{_NAMES}.test_auto",
    ),
    Option(
        "procname",
        "text",
        By.START,
        "Names all processes so.",
        test=f"{_NAMES}.test_own",
    ),
    Option(
        "procname-master",
        "text",
        By.START,
        "Names the master so.",
        test=f"{_NAMES}.test_own",
    ),
    Option(
        "procname-prefix",
        "text",
        By.START,
        "What those names begin with.",
        test=f"{_NAMES}.test_auto",
    ),
    Option(
        "procname-prefix-spaced",
        "text",
        By.START,
        "What those names begin with, and a blank.",
        test=f"{_NAMES}.test_own",
    ),
    Option(
        "procname-append",
        "text",
        By.START,
        "What those names end with.",
        test=f"{_NAMES}.test_own",
    ),
    Option(
        "limit-as",
        "megabytes",
        By.WORKERS,
        "How much address space a process may have; 0: any.",
        difference=_LIMIT,
        test=f"{_TESTS}.test_worker",
    ),
    Option(
        "limit-nproc",
        "number",
        By.WORKERS,
        "How many processes and threads the user may have for it to start another; 0: any.",
        difference=_LIMIT,
        test=f"{_TESTS}.test_worker",
    ),
    Option(
        "max-fd",
        "number",
        By.WORKERS,
        "How many descriptors the application's process may have; 0: as the system says.",
        difference="Master and frontends take as many as the system allows.",
        test=f"{_TESTS}.test_worker",
    ),
    Option(
        "prio",
        "integer",
        By.BOTH,
        "The nice value of workers and frontends, from -20 to 19; below 0 takes root.",
        test=f"{_TESTS}.test_worker",
    ),
    Option(
        "cpu-affinity",
        "number",
        By.WORKERS,
        "Ties each worker to so many processors; 0: to none.",
        difference="Of those that the process may use.",
        test=f"{_TESTS}.test_worker",
    ),
    Option(
        "threads-stacksize",
        "kilobytes",
        By.WORKERS,
        "The stack of each thread that runs requests, in KiB; 0: as the system says.",
        aliases=("thread-stacksize", "thread-stack-size", "threads-stack-size"),
        test=f"{_TESTS}.test_worker",
    ),
)
