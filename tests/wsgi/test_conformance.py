"""Every probe of L{tests.wsgi.conformance}, over every sink, in memory."""

from __future__ import annotations

import io
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.applications import probes
from tests.wsgi.conformance import HIDDEN, TABLE, Expected
from tests.wsgi.fakes import Seen, run
from tests.wsgi.test_sinks import LinkExchange, ReactorExchange, ThreadExchange
from tests.wsgi.test_stock_sites import MISSING, H2Exchange, TLSExchange, WireExchange


class ConformanceMixin:
    """The table."""

    exchange: Any
    #: False: over HTTP/2, whose connections do not end with a response.
    closes = True
    #: Rows that the client of these tests cannot be asked.
    unasked: tuple[str, ...] = ()

    def setUp(self: Any) -> None:
        """A directory for what the probes tell."""
        self.directory = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.directory)
        self.patch(os, "environ", {**os.environ, "MEET_DIRECTORY": str(self.directory)})

    def test_table_is_whole(self: Any) -> None:
        """Each probe but those of clients that leave is in the table, and each row is a probe."""
        named = {row.name for row in TABLE}
        others = {"connected", "awaits", "awaits-later", "leaves", "says", "long-lines", "begins"}
        self.assertEqual(set(probes.PROBES), named | others)

    def test_table(self: Any) -> None:
        """Each probe is answered for as the table says."""
        for row in TABLE:
            if row.name in self.unasked:
                continue
            for left in self.directory.iterdir():
                left.unlink()
            self.probe(row)

    def probe(self: Any, row: Expected) -> None:
        """One of them."""
        what = f"{row.method} {row.name}"
        exchange = self.exchange(self, row.method == "HEAD", True)
        _, said, _ = run(
            probes.application,
            exchange.sink,
            row.method == "HEAD",
            REQUEST_METHOD=row.method,
            PATH_INFO=f"/{row.name}",
            CONTENT_LENGTH=str(len(row.sent)),
            **{"wsgi.input": io.BytesIO(row.sent)},
        )
        exchange.sink.abort()  # as a core does, whatever happened
        data, cut = exchange.client_got()
        seen = Seen(data, row.method)
        self.assertEqual((seen.status, seen.body, seen.rest), (row.status, row.body, b""), what)
        self.assertEqual(cut, row.end == "cut", what)
        if self.closes:
            self.assertEqual(exchange.closes(), row.end == "closed", what)
        for name, value in row.headers.items():
            # The client of these tests frames HTTP/2, and so does HTTP/1 by itself.
            if name not in ("transfer-encoding", "connection"):
                self.assertEqual(seen.header(name), value, (what, name))
        for hidden in HIDDEN:
            self.assertNotIn(hidden, data.lower(), what)
        self.assertEqual(bool(said), bool(row.log), (what, said))
        for words in row.log:
            self.assertIn(words, "\n".join(said), what)
        notes = self.directory / f"probe-{row.name}"
        closed = notes.read_text().split() if notes.exists() else []
        self.assertEqual(closed, ["closed"] * (row.closed or 0), what)


class LinkConformanceTests(ConformanceMixin, SynchronousTestCase):
    """Over a link."""

    exchange = LinkExchange


class ThreadConformanceTests(ConformanceMixin, SynchronousTestCase):
    """On our own transport."""

    exchange = ThreadExchange


class ReactorConformanceTests(ConformanceMixin, SynchronousTestCase):
    """Under a stock Site."""

    exchange = ReactorExchange


class WireConformanceTests(ConformanceMixin, SynchronousTestCase):
    """Under a stock Site, with the client's end turned too."""

    exchange = WireExchange


class TLSConformanceTests(ConformanceMixin, SynchronousTestCase):
    """Over TLS."""

    exchange = TLSExchange
    skip = MISSING


class H2ConformanceTests(ConformanceMixin, SynchronousTestCase):
    """Over HTTP/2."""

    exchange = H2Exchange
    closes = False
    #: The h2 library wants the body that a 304 announces.
    unasked = ("not-modified-with-body",)
    skip = MISSING
