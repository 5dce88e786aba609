"""Options: where the configuration is, and how it is read."""

from __future__ import annotations

from twsgi.settings.options.row import Option

TITLE = "Configuration"

ROWS = (
    Option(
        "ini",
        "file",
        "Reads this file (or this section of it) in place; may be given again, and in files.",
        difference="`ini = :section` means the file it stands in, not the one read last. "
        "A file that reads itself is an error.",
        leaves_value=False,
    ),
    Option(
        "strict",
        "flag",
        "An unknown option is an error instead of a warning.",
        difference="Without it uWSGI says nothing about an unknown option.",
    ),
    Option(
        "set",
        "assignment",
        "Sets another option: set = threads=2 is threads = 2.",
        short="S",
        leaves_value=False,
    ),
    Option(
        "set-placeholder",
        "assignment",
        "Names a text that %(NAME) stands for.",
        aliases=("set-ph",),
        leaves_value=False,
    ),
)
