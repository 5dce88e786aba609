"""Options: what makes the workers be replaced while requests go on."""

from __future__ import annotations

from twsgi.settings.options.row import By, Option

TITLE = "Reload"

ROWS = (
    Option(
        "touch-reload",
        "paths",
        By.MASTER,
        "Reloads, as SIGHUP does, when this file appears or is touched; may be given again.",
        difference="New workers are ready before the old ones go.",
        implies_master=True,
        test="tests.behaviour.test_recycling.HttpTouchingTests.test_configuration",
    ),
    Option(
        "touch-workers-reload",
        "paths",
        By.MASTER,
        "Replaces all workers when this file appears or is touched, with the configuration as it "
        "was; may be given again.",
        difference="New workers are ready before the old ones go.",
        implies_master=True,
        test="tests.behaviour.test_recycling.HttpTouchingTests.test_file_that_appears",
    ),
    Option(
        "touch-chain-reload",
        "paths",
        By.MASTER,
        "Replaces the workers one after another when this file appears or is touched, with the "
        "configuration as it was; may be given again.",
        difference="Each new worker is ready before the old one goes.",
        implies_master=True,
        test="tests.behaviour.test_recycling.HttpTouchingTests.test_chain",
    ),
    Option(
        "worker-ready-timeout",
        "time",
        By.MASTER,
        "How many seconds a worker has until it is ready; then it is killed, and counts as one "
        "that failed. 0: any time.",
        difference="uWSGI has no such option.",
        test="tests.behaviour.test_odd_children.HttpOddChildrenTests.test_never_ready",
    ),
)
