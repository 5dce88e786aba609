"""Options: requests that do not end."""

from __future__ import annotations

from twsgi.settings.options.row import By, Option

TITLE = "Requests that do not end"

ROWS = (
    Option(
        "harakiri",
        "time",
        By.WORKERS,
        "After how many seconds in the application a request is given up, and its worker "
        "replaced; 0: never.",
        short="t",
        difference="The log says where it hangs, the client of http gets 504, and the other "
        "requests of that worker may finish.",
        test="tests.behaviour.test_harakiri.HttpHarakiriTests.test_sibling",
    ),
    Option(
        "harakiri-verbose",
        "flag",
        By.MASTER,
        "The log says what all threads of that worker do.",
        difference="System call and kernel function in uWSGI; here Python's stacks.",
        test="tests.behaviour.test_harakiri.HttpHarakiriTests.test_verbose",
    ),
    Option(
        "harakiri-graceful-timeout",
        "time",
        By.MASTER,
        "How many seconds the other requests of that worker have to finish; 0: as many as "
        "harakiri.",
        difference="In uWSGI the seconds between a first signal and SIGKILL; 0: SIGKILL at once.",
        test="tests.behaviour.test_harakiri.HttpHarakiriTests.test_grace",
    ),
    Option(
        "harakiri-no-arh",
        "flag",
        By.MASTER,
        "No harakiri in the hooks after a request.",
        aliases=("no-harakiri-arh", "no-harakiri-after-req-hook"),
        difference="Accepted, without effect: there are no such hooks here.",
        always="there are no hooks after a request",
    ),
)
