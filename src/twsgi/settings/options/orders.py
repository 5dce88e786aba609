"""Options: what an instance that runs can be told to do."""

from __future__ import annotations

from twsgi.settings.options.row import By, Option

TITLE = "Orders while it runs"

ROWS = (
    Option(
        "master-fifo",
        "paths",
        By.START,
        "Makes a named pipe (rights 600) in which each byte is an order: r reloads, q stops, "
        "+ and - change the number of workers, and so on; may be given again, 0 to 9 choose which.",
        difference="R and W kill nobody: they are r and w. A file there that is no pipe is not "
        "replaced. Removed at the end (vacuum).",
        implies_master=True,
        test="tests.behaviour.test_master_fifo.MasterFifoTests",
    ),
)
