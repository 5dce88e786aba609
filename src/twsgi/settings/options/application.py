"""Options: where the application is, and what it finds when it is loaded."""

from __future__ import annotations

from twsgi.settings.options.row import By, Option

TITLE = "Application"

ROWS = (
    Option(
        "module",
        "module",
        By.WORKERS,
        "The module that holds the application, and its name in there if it is not callable's.",
        aliases=("wsgi",),
        short="w",
        test="tests.wsgi.test_loader.ModuleTests",
    ),
    Option(
        "callable",
        "name",
        By.WORKERS,
        "The application's name in the module or file.",
        test="tests.wsgi.test_loader.ModuleTests.test_found",
    ),
    Option(
        "wsgi-file",
        "path",
        By.WORKERS,
        "The Python file that holds the application; FILE:CALLABLE too.",
        aliases=("file",),
        difference="With module given too, uWSGI falls back to the file; here module alone counts. "
        "uWSGI knows no callable behind a colon here, and calls none that is written make().",
        test="tests.wsgi.test_loader.FileTests",
    ),
    Option(
        "mount",
        "mounts",
        By.WORKERS,
        "PATH=FILE.py or PATH=MODULE, with :CALLABLE or without: an application for all below that "
        "path, where manage-script-name is on; may be given again.",
        aliases=("worker-mount",),
        difference="In uWSGI each has an interpreter of its own, unless single-interpreter is set; "
        "here they share one. One that cannot be loaded ends the start.",
        test="tests.behaviour.test_mounts.HttpMountTests",
    ),
    Option(
        "manage-script-name",
        "flag",
        By.WORKERS,
        "The path of a mount is taken from PATH_INFO and put into SCRIPT_NAME; the longest counts.",
        difference="For all the rest is what is mounted on /, or else the first application; in "
        "uWSGI always the first one.",
        test="tests.behaviour.test_mounts.HttpMountTests",
    ),
    Option(
        "no-default-app",
        "flag",
        By.WORKERS,
        "What no mount is for does not go to the first application: 404.",
        difference="500 in uWSGI.",
        test="tests.worker.test_bootstrap.MountTests",
    ),
    Option(
        "chdir",
        "path",
        By.BOTH,
        "The directory the application runs in; relative paths of other options start there.",
        test="tests.behaviour.test_bootstrap.VirtualenvTests.test_packages",
    ),
    Option(
        "chdir2",
        "path",
        By.WORKERS,
        "The directory the application runs in after it has been loaded.",
        test="tests.behaviour.test_bootstrap.HttpSurroundedTests.test_chdir2",
    ),
    Option(
        "env",
        "variables",
        By.WORKERS,
        "Sets a variable in the application's environment; may be given again.",
        difference="Text without `=` is an error.",
        test="tests.behaviour.test_reload.HttpReloadTests.test_changed_configuration",
    ),
    Option(
        "need-app",
        "flag",
        By.WORKERS,
        "Without an application the start fails (exit 22).",
        difference="Off in uWSGI, which then answers every request with 500.",
        test="tests.worker.test_main.LoadTests",
    ),
    Option(
        "lazy-apps",
        "flag",
        By.MASTER,
        "Each worker loads the application itself.",
        difference="Always so here, whatever it says.",
        always="each worker always loads the application itself",
        test="tests.behaviour.test_autoreload.HttpAutoReloadTests.test_change",
    ),
    Option(
        "lazy",
        "flag",
        By.MASTER,
        "Like lazy-apps.",
        difference="Always so here, whatever it says.",
        always="each worker always loads the application itself",
        test="tests.behaviour.test_autoreload.HttpAutoReloadTests.test_change",
    ),
    Option(
        "single-interpreter",
        "flag",
        By.MASTER,
        "One Python interpreter per worker.",
        short="i",
        difference="Always so here, whatever it says.",
        always="each worker always is one Python interpreter",
        test="tests.worker.test_bootstrap.MountTests.test_one_file",
    ),
    Option(
        "wsgi-env-behaviour",
        "env behaviour",
        By.MASTER,
        "`cheat` or `holy`: whether requests share the dictionary of their environ.",
        aliases=("wsgi-env-behavior",),
        difference="Each has its own here, whatever it says.",
        test="tests.behaviour.test_bootstrap.HttpSurroundedTests.test_environ",
    ),
    Option(
        "wsgi-disable-file-wrapper",
        "flag",
        By.WORKERS,
        "Leaves wsgi.file_wrapper out of the environ.",
        test="tests.behaviour.test_bootstrap.HttpSurroundedTests.test_environ",
    ),
    Option(
        "catch-exceptions",
        "flag",
        By.WORKERS,
        "Sends what the application raises, with its traceback and its environ, to the client. "
        "For development alone.",
        test="tests.behaviour.test_bootstrap.HttpSurroundedTests.test_exceptions",
    ),
)
