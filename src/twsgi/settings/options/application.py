"""Options: where the application is, and what it finds when it is loaded."""

from __future__ import annotations

from twsgi.settings.options.row import Option

TITLE = "Application"

ROWS = (
    Option(
        "module",
        "module",
        "The module that holds the application, and its name in there if it is not callable's.",
        aliases=("wsgi",),
        short="w",
    ),
    Option(
        "callable",
        "name",
        "The application's name in the module or file.",
    ),
    Option(
        "wsgi-file",
        "path",
        "The Python file that holds the application.",
        aliases=("file",),
        difference="With module given too, uWSGI falls back to the file; here module alone counts.",
    ),
    Option(
        "pythonpath",
        "paths",
        "Adds a directory to sys.path; may be given again.",
        aliases=("python-path", "pp"),
    ),
    Option(
        "chdir",
        "path",
        "The directory the application runs in; relative paths of other options start there.",
    ),
    Option(
        "env",
        "variables",
        "Sets a variable in the application's environment; may be given again.",
        difference="Text without `=` is an error.",
    ),
    Option(
        "need-app",
        "flag",
        "Without an application the start fails (exit 22).",
        difference="Off in uWSGI, which then answers every request with 500.",
    ),
    Option(
        "lazy-apps",
        "flag",
        "Each worker loads the application itself.",
        difference="Always so here, whatever it says.",
    ),
    Option(
        "lazy",
        "flag",
        "Like lazy-apps.",
        difference="Always so here, whatever it says.",
    ),
    Option(
        "single-interpreter",
        "flag",
        "One Python interpreter per worker.",
        short="i",
        difference="Always so here, whatever it says.",
    ),
)
