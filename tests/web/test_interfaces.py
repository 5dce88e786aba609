"""What L{twsgi.web} says it provides, where the class alone cannot tell."""

from __future__ import annotations

import socket

from twisted.trial.unittest import SynchronousTestCase
from zope.interface import providedBy
from zope.interface.verify import verifyObject

from tests.web.turning import TurningReactor
from twsgi.interfaces import ISendfileTransport, IThreadSafeTransport
from twsgi.web.transport import Connection


class ConnectionTests(SynchronousTestCase):
    """L{Connection}: its C{fileno} is the socket's own method, so the class has none."""

    def test_provides(self) -> None:
        """A connection provides all that it claims: Twisted's interfaces and ours."""
        ours, peer = socket.socketpair()
        self.addCleanup(peer.close)
        connection = Connection(ours, None, TurningReactor())  # type: ignore[arg-type]
        self.addCleanup(ours.close)
        claimed = list(providedBy(connection))
        self.assertIn(IThreadSafeTransport, claimed)
        self.assertIn(ISendfileTransport, claimed)
        for interface in claimed:
            self.assertTrue(verifyObject(interface, connection))
