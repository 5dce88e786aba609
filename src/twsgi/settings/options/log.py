"""Options: what is written to the log."""

from __future__ import annotations

from twsgi.settings.options.row import Option

TITLE = "Log"

ROWS = (
    Option(
        "disable-logging",
        "flag",
        "Writes no line per request; all else is still logged.",
        short="L",
    ),
)
