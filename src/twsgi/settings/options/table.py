"""All rows of all topics, by name and by letter."""

from __future__ import annotations

from twsgi.settings.options import (
    application,
    cheaper,
    configuration,
    daemons,
    files,
    harakiri,
    hooks,
    http,
    life,
    log,
    logic,
    orders,
    place,
    processes,
    python,
    recycling,
    reload,
    resources,
    response,
    sockets,
)
from twsgi.settings.options.row import Option

#: (title, rows), in the order of C{--help} and of the documentation.
TOPICS: tuple[tuple[str, tuple[Option, ...]], ...] = tuple(
    (topic.TITLE, topic.ROWS)
    for topic in (
        configuration,
        logic,
        http,
        sockets,
        response,
        application,
        python,
        processes,
        cheaper,
        reload,
        recycling,
        harakiri,
        files,
        place,
        resources,
        life,
        hooks,
        daemons,
        log,
        orders,
    )
)
ROWS: tuple[Option, ...] = tuple(row for _, rows in TOPICS for row in rows)
BY_NAME: dict[str, Option] = {name: row for row in ROWS for name in row.names}
BY_LETTER: dict[str, Option] = {row.short: row for row in ROWS if row.short}
BY_FIELD: dict[str, Option] = {row.field: row for row in ROWS if row.field}
