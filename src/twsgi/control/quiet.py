"""L{QuietAMP}: AMP that does not log that a socketpair is connected."""

from __future__ import annotations

from typing import Any

from twisted.internet.protocol import connectionDone
from twisted.protocols.amp import AMP, BinaryBoxProtocol
from twisted.python.failure import Failure


class QuietAMP(AMP):
    """
    AMP between a master and its child.  Twisted logs every AMP connection and its end; a child's
    beginning and end are in the log already, in uWSGI's words.
    """

    def makeConnection(self, transport: Any) -> None:
        """C{IProtocol}."""
        BinaryBoxProtocol.makeConnection(self, transport)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """C{IProtocol}."""
        BinaryBoxProtocol.connectionLost(self, reason)
        self.transport = None
