"""Options: files that are served without the application."""

from __future__ import annotations

from twsgi.settings.options.row import Option

TITLE = "Static files"

ROWS = (
    Option(
        "check-static",
        "paths",
        "Serves the file below this directory that a request's path names, if there is one; "
        "may be given again.",
        difference="A file outside the directory is never served, "
        "not from a sibling of like name either.",
    ),
    Option(
        "offload-threads",
        "number",
        "How many threads, in each process that has clients, do nothing but send large files.",
        aliases=("offload-thread",),
        difference="For files alone: static ones and those of `wsgi.file_wrapper`.",
    ),
)
