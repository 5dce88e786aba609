"""What C{twisted.web} does not say of an HTTP/2 stream, and L{ReactorSink} needs.

Its connection queues whatever it is given up to the client's window, which may be 2 GiB; it pauses
no producer while the transport is full; it turns without end while bytes wait for a window; and it
aborts a stream with NO_ERROR, which clients take for a good end.  This module is the only one that
touches what is private there.
"""

from __future__ import annotations

from typing import Any

#: RFC 9113, 7.
_INTERNAL_ERROR = 2


class Stream:
    """
    One stream of C{twisted.web}'s HTTP/2.  Reactor thread.
    """

    def __init__(self, channel: Any) -> None:
        """
        @param channel: a Request's, of which L{is_stream} is true.
        """
        self._channel = channel
        self._connection = channel._conn
        self._id = channel.streamID

    def queued(self) -> int:
        """Bytes of this stream that wait in its connection."""
        return self._queued(self._id)

    def window(self) -> int:
        """Bytes that the client would take of this stream, after those that wait."""
        return int(self._connection.remainingOutboundWindow(self._id))

    def shared_window(self) -> int:
        """
        Bytes that the client would take of all streams, after all that waits.  More are not to be
        written: the connection would busily wait with them.
        """
        connection = self._connection
        waiting = sum(self._queued(stream) for stream in connection.streams)
        return int(connection.conn.outbound_flow_control_window) - waiting

    def blocked(self) -> None:
        """The window is shut: has the producer resumed when it opens."""
        self._channel.flowControlBlocked()

    def reset(self) -> None:
        """Ends this stream alone, so that the client knows that it was cut."""
        connection = self._connection
        if self._id in connection.streams:
            connection.conn.reset_stream(self._id, _INTERNAL_ERROR)
            if connection._tryToWriteControlData():
                connection._requestDone(self._id)

    def _queued(self, stream: int) -> int:
        connection = self._connection
        window: int = connection.conn.local_flow_control_window(stream)
        return window - int(connection.remainingOutboundWindow(stream))


def is_stream(channel: Any) -> bool:
    """True: a Request's channel is a stream of C{twisted.web}'s HTTP/2."""
    return hasattr(channel, "streamID") and hasattr(channel, "_conn")
