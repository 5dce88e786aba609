"""Options: programs that run beside the workers."""

from __future__ import annotations

from twsgi.settings.options.row import By, Option

TITLE = "Programs that run beside"

_TESTS = "tests.behaviour.test_daemons.DaemonTests"

ROWS = (
    Option(
        "attach-daemon",
        "commands",
        By.MASTER,
        "Runs this command beside the workers: started before them, started again when it ends, "
        "and ended after them; may be given again.",
        difference="Waits 1, 2, 3 … s only after ends that follow one another within 3 s.",
        implies_master=True,
        test=f"{_TESTS}.test_respawn",
    ),
    Option(
        "attach-control-daemon",
        "commands",
        By.MASTER,
        "As attach-daemon, but when it ends everything stops.",
        implies_master=True,
        test=f"{_TESTS}.test_control",
    ),
    Option(
        "attach-daemon2",
        "daemons",
        By.MASTER,
        "`cmd=COMMAND,KEY=VALUE,...`, with the keys freq, pidfile, control, daemonize, touch, "
        "stopsignal, reloadsignal, stdin, uid, gid, chdir, max_throttle, notifypid.",
        difference="A key that is unknown, and ns_pid, are errors.",
        implies_master=True,
        test=f"{_TESTS}.test_keys",
    ),
    Option(
        "smart-attach-daemon",
        "smart daemons",
        By.MASTER,
        "`PIDFILE[,FREQ] COMMAND`: a daemon that writes a pidfile; it is started where nobody "
        "runs that the file names, and goes on when everything stops.",
        implies_master=True,
        test=f"{_TESTS}.test_smart",
    ),
    Option(
        "smart-attach-daemon2",
        "smart daemons",
        By.MASTER,
        "As smart-attach-daemon, for a command that neither goes into the background nor writes "
        "a pidfile: both is done for it.",
        implies_master=True,
        test=f"{_TESTS}.test_smart",
    ),
    Option(
        "daemons-honour-stdin",
        "flag",
        By.MASTER,
        "They have the master's standard input, not /dev/null.",
        implies_master=True,
        test="tests.behaviour.test_daemons.DaemonTests.test_stdin",
    ),
)
