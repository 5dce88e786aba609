"""L{twsgi.web.http1}: responses that end on another thread, while the reactor does something else.

No thread is started: the lock that the two share tells where one may come between the steps of the
other, and the test lets it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.web.fakes import Client, Later, SiteFixture, get


class SeamLock:
    """
    A lock at whose seams another thread gets its turn.

    @ivar before: called once, before the lock is next taken.
    @ivar after: called once, after it is next given back.
    """

    def __init__(self) -> None:
        self.before: Callable[[], object] | None = None
        self.after: Callable[[], object] | None = None
        self._held = False

    def locked(self) -> bool:
        return self._held

    def __enter__(self) -> None:
        call, self.before = self.before, None
        if call is not None:
            call()
        assert not self._held, "taken twice: a real lock would never be given back"
        self._held = True

    def __exit__(self, *args: Any) -> None:
        self._held = False
        call, self.after = self.after, None
        if call is not None:
            call()


class FinishFromThreadTests(SynchronousTestCase):
    """The end of a response on an application's thread against whatever the reactor does."""

    def setUp(self) -> None:
        self.later = Later()
        self.fixture = SiteFixture(self.later, idle_timeout=4)
        self.reactor = self.fixture.reactor
        self.client = self.fixture.client()
        self.lock = self.seam(self.client)
        self.client.send(get("/1"))

    def seam(self, client: Client) -> SeamLock:
        """The lock of a connection, with seams."""
        lock = SeamLock()
        client.connection.lock = lock  # type: ignore[assignment]
        return lock

    def finish(self, close: bool = False) -> None:
        """The thread has written the last of the response."""
        self.client.channel.finish_from_thread(close)

    def under_way(self) -> list[bytes]:
        """The requests that the resource was given, in order."""
        return [request.uri for request in self.later.requests]

    def test_nothing_follows(self) -> None:
        """Where nothing waits the reactor is not woken, and the connection is idle."""
        self.finish()
        self.assertEqual(self.reactor.handed, [])
        self.assertFalse(self.client.channel.busy)
        self.assertIsNone(self.client.channel.request)
        self.fixture.pass_seconds(6)
        self.assertEqual(self.client.lost, "close")

    def test_then_data(self) -> None:
        """Data after the end is served when it comes."""
        self.finish()
        self.client.send(get("/2"))
        self.assertEqual(self.under_way(), [b"/1", b"/2"])

    def test_data_then(self) -> None:
        """Data before the end is served after it, by the reactor."""
        self.client.send(get("/2"))
        self.finish()
        self.assertEqual(self.under_way(), [b"/1"])
        self.reactor.turn()
        self.assertEqual(self.under_way(), [b"/1", b"/2"])

    def test_within_data(self) -> None:
        """Data during which the response ends is served once, at whichever seam the end comes."""
        for seam in ("before", "after"):
            self.setUp()
            setattr(self.lock, seam, self.finish)
            self.client.send(get("/2"))
            self.reactor.turn()
            self.assertEqual(self.under_way(), [b"/1", b"/2"], seam)

    def test_data_within(self) -> None:
        """So is data that comes while the thread is about to end the response, or has just."""
        for seam in ("before", "after"):
            self.setUp()
            setattr(self.lock, seam, lambda: self.client.send(get("/2")))
            self.finish()
            self.reactor.turn()
            self.assertEqual(self.under_way(), [b"/1", b"/2"], seam)

    def test_handed_over_then_data(self) -> None:
        """Data that comes between the end and the reactor's knowing of it keeps its place."""
        self.client.send(get("/2"))
        self.finish()
        self.client.send(get("/3"))
        self.reactor.turn()
        self.assertEqual(self.under_way(), [b"/1", b"/2"])
        self.client.channel.finish(False)
        self.assertEqual(self.under_way(), [b"/1", b"/2", b"/3"])

    def test_close(self) -> None:
        """The connection is closed by the reactor, never by the thread."""
        self.finish(close=True)
        self.assertEqual(self.client.lost, "")
        self.reactor.turn()
        self.assertEqual(self.client.lost, "close")

    def test_paused(self) -> None:
        """A connection that is not read because too much waits is read again."""
        self.client.send(get("/2", "X: " + "x" * 40000) * 2)
        self.assertFalse(self.client.connection.reading)
        self.finish()
        self.reactor.turn()
        self.assertTrue(self.client.connection.reading)

    def test_read_closed(self) -> None:
        """A client that has said it will send no more is let go, at whichever seam it says so."""
        for seam in ("before", "after"):
            self.setUp()
            setattr(self.lock, seam, self.finish)
            self.client.end()
            self.reactor.turn()
            self.assertEqual(self.client.lost, "close", seam)
            self.setUp()
            setattr(self.lock, seam, self.client.end)
            self.finish()
            self.reactor.turn()
            self.assertEqual(self.client.lost, "close", seam)

    def test_drained(self) -> None:
        """When the site drains the connection is closed, at whichever seam the end comes."""
        drained: list[str] = []

        def drain() -> None:
            self.fixture.site.drain(lambda: drained.append(""))

        for seam in ("before", "after"):
            self.setUp()
            setattr(self.lock, seam, self.finish)
            drain()
            self.reactor.turn()
            self.fixture.pass_seconds(1)
            self.assertEqual(self.client.lost, "close", seam)
            self.setUp()
            setattr(self.lock, seam, drain)
            self.finish()
            self.reactor.turn()
            self.fixture.pass_seconds(1)
            self.assertEqual(self.client.lost, "close", seam)
        self.assertEqual(len(drained), 4)

    def test_client_gone(self) -> None:
        """A client that goes away before, during or after the end does no harm."""
        for seam in ("before", "after"):
            self.setUp()
            self.client.send(get("/2"))
            setattr(self.lock, seam, self.client.connection.client_gone)
            self.finish()
            self.reactor.turn()
            self.assertEqual(self.under_way(), [b"/1"], seam)
            self.assertEqual(self.fixture.site.channels, set())
