"""Options: what is written to the log."""

from __future__ import annotations

from twsgi.settings.options.row import By, Option

TITLE = "Log"

ROWS = (
    Option(
        "disable-logging",
        "flag",
        By.BOTH,
        "Writes no line per request; all else is still logged.",
        short="L",
        test="tests.behaviour.test_serving.HttpLoggingTests.test_disabled_logging",
    ),
)
