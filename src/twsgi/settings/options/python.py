"""Options: the interpreter that the application finds, and what its developers look at."""

from __future__ import annotations

from twsgi.settings.options.row import By, Option

TITLE = "Python"

_BOOTSTRAP = "tests.behaviour.test_bootstrap"
_SURROUNDED = f"{_BOOTSTRAP}.HttpSurroundedTests"

ROWS = (
    Option(
        "virtualenv",
        "path",
        By.WORKERS,
        "The virtual environment whose packages the application finds.",
        aliases=("home", "venv", "pyhome"),
        short="H",
        difference="It must be of the Python that twsgi runs in, or the start fails, with both "
        "named. Packages that twsgi itself has loaded stay its own, with a line that names them.",
        test=f"{_BOOTSTRAP}.VirtualenvTests",
    ),
    Option(
        "pythonpath",
        "paths",
        By.WORKERS,
        "Adds a directory, or all that a pattern such as `lib/*` names, to sys.path; "
        "may be given again.",
        aliases=("python-path", "pp"),
        test=f"{_SURROUNDED}.test_pythonpath",
    ),
    Option(
        "pyargv",
        "text",
        By.WORKERS,
        "What sys.argv has after its first word, which is `uwsgi`; split at blanks.",
        test=f"{_SURROUNDED}.test_arguments",
    ),
    Option(
        "py-executable",
        "path",
        By.WORKERS,
        "What sys.executable says.",
        aliases=("py-sys-executable",),
        test=f"{_SURROUNDED}.test_arguments",
    ),
    Option(
        "optimize",
        "number",
        By.WORKERS,
        "1: python -O, without assertions; 2: python -OO, without docstrings too.",
        short="O",
        difference="Needs a master, as any other interpreter does.",
        test=f"{_SURROUNDED}.test_optimize",
    ),
    Option(
        "pymodule-alias",
        "aliases",
        By.WORKERS,
        "NAME=MODULE or NAME=FILE.py: imported before the application, which finds it by that "
        "name too; may be given again.",
        test=f"{_SURROUNDED}.test_aliases",
    ),
    Option(
        "post-pymodule-alias",
        "aliases",
        By.WORKERS,
        "As pymodule-alias, after those.",
        test="tests.worker.test_bootstrap.AliasTests",
    ),
    Option(
        "shared-import",
        "modules",
        By.WORKERS,
        "A module, or a file, that is imported first of all; may be given again. "
        "One that raises is told of, and no more.",
        aliases=("shared-pyimport", "shared-py-import", "shared-python-import"),
        test=f"{_SURROUNDED}.test_imports",
    ),
    Option(
        "py-import",
        "modules",
        By.WORKERS,
        "A module, or a file, that each worker imports before the application, after "
        "shared-import; may be given again. One that raises is told of, and no more.",
        aliases=("import", "pyimport", "python-import"),
        test=f"{_SURROUNDED}.test_imports",
    ),
    Option(
        "py-call-osafterfork",
        "flag",
        By.MASTER,
        "Lets the application's signal handlers work in workers.",
        difference="Always so here, whatever it says.",
        test=f"{_SURROUNDED}.test_signals",
    ),
    Option(
        "py-tracebacker",
        "path",
        By.WORKERS,
        "A UNIX socket for each worker, this path and the worker's number, that tells whoever "
        "connects where every thread is.",
        difference="Only its owner may connect (0600). It is removed at the end.",
        implies_master=True,
        test="tests.behaviour.test_tracebacker",
    ),
    Option(
        "py-autoreload",
        "interval",
        By.WORKERS,
        "Every so many seconds workers look whether the file of a module has changed, and all "
        "are replaced then; 0: never. For development.",
        aliases=("py-auto-reload", "python-auto-reload", "python-autoreload"),
        difference="New workers are ready before the old ones go; where one cannot be loaded the "
        "old ones go on, until the next change.",
        implies_master=True,
        test="tests.behaviour.test_autoreload",
    ),
    Option(
        "py-auto-reload-ignore",
        "modules",
        By.WORKERS,
        "A module whose file py-autoreload does not look at; may be given again.",
        implies_master=True,
        test="tests.worker.test_autoreload.IgnoredTests",
    ),
)
