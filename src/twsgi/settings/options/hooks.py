"""Options: what else is done at the start, at the end, and when a file is touched."""

from __future__ import annotations

from twsgi.settings.options.row import By, Option

TITLE = "Hooks and commands"

_ONCE = "At the start alone; uWSGI's reload is another start."
_ROOT = "With chroot and a master: outside. uWSGI does it four times where it stays root."
_EACH = "Each worker does it, as in uWSGI with lazy-apps."
_ACTIONS = "Actions that cannot be done are errors that name them."
_START = "tests.behaviour.test_hooks.StartTests"
_WORKER = "tests.behaviour.test_hooks.WorkerTests"
_TOUCH = "tests.behaviour.test_hooks.TouchTests"

ROWS = (
    Option(
        "hook-asap",
        "hooks",
        By.START,
        "Does this as soon as the configuration is read: `action:argument`; may be given again.",
        difference=f"{_ONCE} {_ACTIONS}",
        test=f"{_START}.test_order",
    ),
    Option(
        "exec-asap",
        "commands",
        By.START,
        "Runs this command as soon as the configuration is read, before the log is opened; "
        "may be given again.",
        difference=_ONCE,
        test=f"{_START}.test_order",
    ),
    Option(
        "hook-pre-jail",
        "hooks",
        By.START,
        "Does this before uid and gid are taken, in the directory where it was started.",
        difference=_ONCE,
        test=f"{_START}.test_order",
    ),
    Option(
        "exec-pre-jail",
        "commands",
        By.START,
        "Runs this command before uid and gid are taken, in the directory where it was started.",
        difference=_ONCE,
        test=f"{_START}.test_order",
    ),
    Option(
        "hook-post-jail",
        "hooks",
        By.START,
        "Does this after hook-pre-jail.",
        difference=f"{_ONCE} uWSGI does it only where it has jailed itself.",
        test=f"{_START}.test_order",
    ),
    Option(
        "exec-post-jail",
        "commands",
        By.START,
        "Runs this command after exec-pre-jail.",
        difference=f"{_ONCE} uWSGI does it only where it has jailed itself.",
        test=f"{_START}.test_order",
    ),
    Option(
        "hook-as-root",
        "hooks",
        By.START,
        "Does this before uid and gid are taken, if it was started as root.",
        difference=f"{_ONCE} {_ROOT}",
        test=f"{_START}.test_order",
    ),
    Option(
        "exec-as-root",
        "commands",
        By.START,
        "Runs this command before uid and gid are taken, if it was started as root.",
        difference=f"{_ONCE} {_ROOT}",
        test=f"{_START}.test_order",
    ),
    Option(
        "hook-as-user",
        "hooks",
        By.START,
        "Does this when uid and gid are taken.",
        difference="uWSGI does it only as root, and four times where it stays root.",
        test=f"{_START}.test_order",
    ),
    Option(
        "exec-as-user",
        "commands",
        By.START,
        "Runs this command when uid and gid are taken.",
        difference="uWSGI does it only as root, and four times where it stays root.",
        test=f"{_START}.test_order",
    ),
    Option(
        "hook-in-jail",
        "hooks",
        By.START,
        "Does this after hook-post-jail.",
        difference=_ONCE,
        test=f"{_START}.test_order",
    ),
    Option(
        "exec-in-jail",
        "commands",
        By.START,
        "Runs this command after exec-post-jail.",
        difference=_ONCE,
        test=f"{_START}.test_order",
    ),
    Option(
        "hook-master-start",
        "hooks",
        By.START,
        "Does this in the master when workers are about to be started. "
        "`unix_signal:15 gracefully_kill_them_all` is so without it.",
        difference=_ONCE,
        test=f"{_START}.test_order",
    ),
    Option(
        "exec-pre-app",
        "commands",
        By.MASTER,
        "Runs this command before workers load the application: once at the start, and once in "
        "a reload, which is given up if it fails.",
        difference="With lazy-apps each worker of uWSGI's runs it.",
        test=f"{_START}.test_once",
    ),
    Option(
        "exec-post-app",
        "commands",
        By.MASTER,
        "Runs this command when the first worker has loaded the application.",
        difference="With lazy-apps each worker of uWSGI's runs it.",
        test=f"{_START}.test_once",
    ),
    Option(
        "hook-post-fork",
        "hooks",
        By.WORKERS,
        "Does this in each worker as it begins.",
        test=f"{_WORKER}.test_order",
    ),
    Option(
        "hook-pre-app",
        "hooks",
        By.WORKERS,
        "Does this in each worker before it loads the application.",
        difference=_EACH,
        test=f"{_WORKER}.test_order",
    ),
    Option(
        "hook-post-app",
        "hooks",
        By.WORKERS,
        "Does this in each worker when it has loaded the application.",
        difference=_EACH,
        test=f"{_WORKER}.test_order",
    ),
    Option(
        "hook-accepting",
        "hooks",
        By.WORKERS,
        "Does this in each worker before it takes requests.",
        test=f"{_WORKER}.test_order",
    ),
    Option(
        "hook-accepting1",
        "hooks",
        By.WORKERS,
        "Does this in worker 1 before it takes requests.",
        test=f"{_WORKER}.test_first",
    ),
    Option(
        "hook-accepting-once",
        "hooks",
        By.WORKERS,
        "As hook-accepting, but only in the first process that each worker is.",
        test=f"{_WORKER}.test_once",
    ),
    Option(
        "hook-accepting1-once",
        "hooks",
        By.WORKERS,
        "As hook-accepting1, but only in the first process that worker 1 is.",
        test=f"{_WORKER}.test_once",
    ),
    Option(
        "hook-as-user-atexit",
        "hooks",
        By.START,
        "Does this at the end.",
        difference="Not at a reload.",
        test=f"{_START}.test_end",
    ),
    Option(
        "exec-as-user-atexit",
        "commands",
        By.START,
        "Runs this command at the end.",
        difference="Not at a reload.",
        test=f"{_START}.test_end",
    ),
    Option(
        "touch-exec",
        "touch commands",
        By.MASTER,
        "`FILE COMMAND`: runs the command when the file is touched, or appears.",
        implies_master=True,
        test=f"{_TOUCH}.test_exec",
    ),
    Option(
        "hook-touch",
        "touch hooks",
        By.MASTER,
        "`FILE ACTION:ARGUMENT`: does this when the file is touched, or appears.",
        difference="Without a master it needs one; so it does here, but it asks for it.",
        implies_master=True,
        test=f"{_TOUCH}.test_hook",
    ),
)
