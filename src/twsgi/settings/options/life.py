"""Options: signals, stopping, and what is left behind."""

from __future__ import annotations

from twsgi.settings.options.row import By, Option

TITLE = "Life and death"

ROWS = (
    Option(
        "worker-reload-mercy",
        "time",
        By.BOTH,
        "How many seconds a worker that shall end has for the requests it is running.",
        test="tests.behaviour.test_stop.HttpStopTests.test_mercy",
    ),
    Option(
        "reload-mercy",
        "time",
        By.MASTER,
        "How many seconds all processes together have when everything stops; "
        "0: as many as worker-reload-mercy.",
        difference="60 in uWSGI.",
        test="tests.master.test_delay.DelayTests.test_reload_mercy",
    ),
    Option(
        "shutdown-delay",
        "time",
        By.MASTER,
        "How many seconds a stop goes on serving first, with ready-path at 503, so that a load "
        "balancer takes notice.",
        difference="uWSGI has no such option.",
        test="tests.behaviour.test_readiness.HttpReadinessTests.test_delay",
    ),
    Option(
        "die-on-term",
        "flag",
        By.MASTER,
        "SIGTERM stops instead of reloading.",
        difference="Always so here, whatever it says.",
        test="tests.behaviour.test_stop.HttpStopTests.test_terminate",
    ),
    Option(
        "vacuum",
        "flag",
        By.START,
        "Removes what was created (socket files, pidfiles) at the end.",
        difference="Off in uWSGI.",
        test="tests.control.test_socketfile.VacuumTests",
    ),
    Option(
        "pidfile",
        "path",
        By.START,
        "Writes the master's process id to this file; relative to where it was started.",
        test="tests.behaviour.test_stop.HttpStopTests.test_pidfile",
    ),
    Option(
        "pidfile2",
        "path",
        By.START,
        "A second pidfile, written after uid and gid have changed; relative to chdir, "
        "and inside of chroot.",
        test="tests.behaviour.test_privileges.FileTests.test_pidfiles",
    ),
    Option(
        "safe-pidfile",
        "path",
        By.START,
        "As pidfile, but written when requests are served.",
        test="tests.behaviour.test_resources.PidfileTests.test_safe",
    ),
    Option(
        "safe-pidfile2",
        "path",
        By.START,
        "As pidfile2, but written when requests are served.",
        test="tests.behaviour.test_resources.PidfileTests.test_safe",
    ),
    Option(
        "no-orphans",
        "flag",
        By.MASTER,
        "Workers end when the master is killed.",
        difference="Always so here, whatever it says.",
        test="tests.behaviour.test_supervision.HttpSupervisionTests.test_killed_master",
    ),
)
