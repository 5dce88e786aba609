"""Options: what makes the workers be replaced while requests go on."""

from __future__ import annotations

from twsgi.settings.options.row import Option

TITLE = "Reload"

ROWS = (
    Option(
        "touch-reload",
        "paths",
        "Reloads, as SIGHUP does, when this file appears or is touched; may be given again.",
        difference="New workers are ready before the old ones go.",
        implies_master=True,
    ),
    Option(
        "touch-workers-reload",
        "paths",
        "Replaces all workers when this file appears or is touched, with the configuration as it "
        "was; may be given again.",
        difference="New workers are ready before the old ones go.",
        implies_master=True,
    ),
    Option(
        "touch-chain-reload",
        "paths",
        "Replaces the workers one after another when this file appears or is touched, with the "
        "configuration as it was; may be given again.",
        difference="Each new worker is ready before the old one goes.",
        implies_master=True,
    ),
    Option(
        "worker-ready-timeout",
        "number",
        "How many seconds a worker has until it is ready; then it is killed, and counts as one "
        "that failed. 0: any time.",
        difference="uWSGI has no such option.",
    ),
)
