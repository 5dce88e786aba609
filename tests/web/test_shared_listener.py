"""L{twsgi.web.acceptor}: several processes that accept on one socket."""

from __future__ import annotations

from tests.web.fakes import SiteFixture, get
from tests.web.test_acceptor import AcceptorCase, listening_socket
from twsgi.web.acceptor import Acceptor


class SharedTests(AcceptorCase):
    """Two acceptors on one socket."""

    def setUp(self) -> None:
        super().setUp()
        self.start(listening_socket(), shared=True)
        self.other_fixture = SiteFixture(self.resource)
        self.other = Acceptor(
            self.socket.dup(), self.other_fixture.site, self.reactor, self.log.append, shared=True
        )
        self.other.resume()
        self.addCleanup(self.finish, self.other, self.other_fixture)

    def test_one_at_a_time(self) -> None:
        """Each takes one connection in a turn: the next may be the other's."""
        for _ in range(2):
            self.connect(get())
        self.acceptor.doRead()
        self.assertEqual(self.connections, 1)
        self.other.doRead()
        self.assertEqual(len(self.other_fixture.site.channels), 1)

    def test_too_late(self) -> None:
        """Who comes too late rests for a moment, and then accepts again."""
        self.connect()
        self.acceptor.doRead()
        self.other.doRead()
        self.assertIn(self.acceptor, self.reactor.readers)
        self.assertNotIn(self.other, self.reactor.readers)
        self.reactor.advance(0.001)
        self.assertIn(self.other, self.reactor.readers)

    def test_closed_meanwhile(self) -> None:
        """One that is closed while it rests leaves nothing behind."""
        self.other.doRead()
        self.other.close(empty_queue=False)
        self.assertNotIn(self.other, self.reactor.readers)
        self.reactor.advance(1)
        self.assertNotIn(self.other, self.reactor.readers)

    def test_resumed_meanwhile(self) -> None:
        """A core that becomes free does not end the rest: nobody waits."""
        self.other.doRead()
        self.other.resume()
        self.assertNotIn(self.other, self.reactor.readers)
        self.reactor.advance(0.001)
        self.assertIn(self.other, self.reactor.readers)
