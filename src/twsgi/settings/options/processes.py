"""Options: how many processes and threads run the application."""

from __future__ import annotations

from twsgi.settings.options.row import By, Option

TITLE = "Processes and threads"

ROWS = (
    Option(
        "master",
        "flag",
        By.START,
        "Runs a master process that starts, watches and replaces all others.",
        short="M",
        difference="Implied by processes > 1.",
        test="tests.behaviour.test_serving.HttpServingTests.test_processes_are_those_of_the_log",
    ),
    Option(
        "processes",
        "count",
        By.BOTH,
        "How many worker processes there are, at most.",
        aliases=("workers",),
        short="p",
        difference="0 is an error.",
        test="tests.behaviour.test_serving.HttpServingTests.test_eight_requests_at_once",
    ),
    Option(
        "threads",
        "count",
        By.BOTH,
        "How many threads (cores) each worker runs the application on.",
        test="tests.behaviour.test_serving.HttpServingTests.test_eight_requests_at_once",
    ),
    Option(
        "enable-threads",
        "flag",
        By.MASTER,
        "Lets the application start threads of its own.",
        short="T",
        difference="Always so here, whatever it says.",
        always="the application may always start threads",
        test="tests.behaviour.test_wsgi_probes.HttpProbeTests.test_client_leaves",
    ),
    Option(
        "thunder-lock",
        "flag",
        By.MASTER,
        "Serializes accept() between workers.",
        difference="Accepted, without effect: there is no thundering herd here.",
        always="workers are not woken for a connection that another takes",
    ),
)
