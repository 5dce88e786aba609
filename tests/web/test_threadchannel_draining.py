"""L{twsgi.web.threadchannel}: connections that threads serve, when all are to be closed."""

from __future__ import annotations

from typing import Any

from tests.web.fakes import Later, get
from tests.web.threadserving import ThreadCase, on_both
from twsgi.web.threadchannel import ThreadChannel


class DrainTests(ThreadCase):
    """All connections are to be closed, in whatever state they are."""

    def setUp(self) -> None:
        self.resource = Later()
        self.drained: list[str] = []
        self.begin(headers_timeout=30)

    def drain(self) -> None:
        """From now on."""
        self.site.draining = True
        self.site.drain(lambda: self.drained.append(""))

    def over(self, seconds: float = 3) -> None:
        """Soon all are closed, and that is said, once."""
        for _ in range(int(seconds * 10)):
            self.settle()
            self.reactor.advance(0.1)
        self.assertEqual((self.site.channels, self.drained), (set(), [""]))

    def test_silent(self) -> None:
        """One that has never asked anything is closed at once."""
        client = self.kept()
        self.drain()
        self.assertTrue(client.closed())
        self.assertEqual(self.drained, [""])

    def test_kept(self) -> None:
        """One that was used just now has one more request, and is told that it was the last."""
        for again in (False, True):
            self.setUp()
            client = self.kept()
            client.send(get("/1"))
            self.settle()
            client.read()
            self.drain()
            self.assertEqual(self.drained, [])
            if again:
                client.send(get("/2"))
                self.settle()
                self.assertIn(b"\r\nConnection: close\r\n", client.read())
            self.over(1)

    def test_unread(self) -> None:
        """What has come already is served."""
        client = self.kept()
        client.send(get("/1"))
        self.drain()
        self.settle()
        self.assertTrue(client.read().endswith(b"/1 "))
        self.over()

    def test_served(self) -> None:
        """A request that a thread has is answered first."""
        client = self.kept()
        client.send(get("/1"))
        self.assertIs(self.wake(), client)
        self.drain()
        self.fixture.pass_seconds(5)
        self.assertEqual(self.drained, [])
        client.answer()
        self.assertTrue(client.read().endswith(b"/1 "))
        self.over()

    def test_with_the_reactor(self) -> None:
        """So is one that the reactor has."""
        client = self.kept()
        client.send(get("/static/a"))
        self.settle()
        self.drain()
        self.resource.answer(b"later")
        self.assertTrue(client.read().endswith(b"later"))
        self.over()

    def test_half(self) -> None:
        """Half a head has two seconds more, whoever has read it."""
        for read in (True, False):
            self.setUp()
            client = self.client(get()[:9])
            client.look()
            if read:
                self.reactor.turn()
            self.drain()
            self.over(7)  # it is refused, and let go when it does not read that either

    def test_accepted(self) -> None:
        """One on which the thread that has accepted it finds nothing is closed."""
        client = self.client()
        self.drain()
        self.assertFalse(client.look())
        self.over()
        self.assertTrue(client.closed())

    def test_within(self) -> None:
        """At whichever seam of the end of a response it begins."""
        for seam in ("before", "after"):
            self.setUp()
            client = self.client(get("/1"))
            client.look()
            end = client.channel.finish_from_thread

            def ending(
                close: bool, lock: Any = client.lock, seam: str = seam, end: Any = end
            ) -> None:
                setattr(lock, seam, self.drain)
                end(close)

            patch = self.patch(ThreadChannel, "finish_from_thread", lambda _, close: ending(close))
            client.answer()
            patch.restore()
            self.assertTrue(client.read().endswith(b"/1 "))
            self.over()

    def test_end_within(self) -> None:
        """A thread that ends a response while it begins leaves nothing open."""
        for close in ((), ("Connection: close",)):
            for seam in ("before", "after"):
                self.setUp()
                client = self.client(get("/1", *close))
                client.look()
                setattr(client.lock, seam, client.answer)
                self.drain()
                if client.requests:
                    client.answer()
                self.over()

    def test_closed_within(self) -> None:
        """That the last is closed is said, though a thread closes it in that very moment."""
        client = self.kept()
        client.socket.close()
        left = self.site.admission.left

        def meanwhile(channel: Any) -> None:
            self.site.admission.left = left  # type: ignore[method-assign]
            self.drain()
            left(channel)

        self.site.admission.left = meanwhile  # type: ignore[method-assign]
        self.wake()
        self.over()


PortableDrainTests = on_both(DrainTests)
