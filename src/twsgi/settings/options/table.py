"""All rows of all topics, by name and by letter."""

from __future__ import annotations

from twsgi.settings.options import (
    application,
    cheaper,
    configuration,
    files,
    harakiri,
    http,
    life,
    log,
    place,
    processes,
    recycling,
    reload,
)
from twsgi.settings.options.row import Option

#: (title, rows), in the order of C{--help} and of the documentation.
TOPICS: tuple[tuple[str, tuple[Option, ...]], ...] = tuple(
    (topic.TITLE, topic.ROWS)
    for topic in (
        configuration,
        http,
        application,
        processes,
        cheaper,
        reload,
        recycling,
        harakiri,
        files,
        place,
        life,
        log,
    )
)
ROWS: tuple[Option, ...] = tuple(row for _, rows in TOPICS for row in rows)
BY_NAME: dict[str, Option] = {name: row for row in ROWS for name in row.names}
BY_LETTER: dict[str, Option] = {row.short: row for row in ROWS if row.short}
