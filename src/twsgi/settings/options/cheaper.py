"""Options: how the number of workers follows the load."""

from __future__ import annotations

from twsgi.settings.options.row import Option

TITLE = "Workers as the load asks for them"

ROWS = (
    Option(
        "cheaper",
        "number",
        "Below processes: never fewer workers than this; 0: always all of them.",
        implies_master=True,
    ),
    Option(
        "cheaper-initial",
        "number",
        "How many workers are started at first; 0: as many as cheaper.",
        implies_master=True,
    ),
    Option(
        "cheaper-step",
        "number",
        "How many workers are added at once; 0: as many as the waiting requests need.",
        difference="1 in uWSGI if it is not given.",
        implies_master=True,
    ),
    Option(
        "cheaper-overload",
        "number",
        "How many times in a row all cores must be found busy before workers are added.",
        difference="Looked at every 0.25 s instead of every second, "
        "and a worker with a free core is not busy.",
        implies_master=True,
    ),
    Option(
        "cheaper-algo",
        "name",
        "How it is decided.",
        difference="`spare` is the only one yet; any other name falls back to it with a warning.",
        implies_master=True,
    ),
)
