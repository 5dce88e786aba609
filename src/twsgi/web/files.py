"""A response whose body is a part of a file that somebody else has opened."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from twisted.internet.error import ConnectionClosed
from twisted.python.failure import Failure

if TYPE_CHECKING:
    from twsgi.web.http1 import HTTP1Channel


def send_file_response(
    channel: HTTP1Channel, descriptor: int, offset: int, count: int, close: bool
) -> None:
    """
    Ends a response, whose head has been written, with C{count} bytes of a file.  Reactor thread.

    @param descriptor: this function's from now on.
    @param close: the response is the last on its connection.
    """

    def over(result: object) -> object:
        os.close(descriptor)
        return result

    def lost(failure: Failure) -> None:
        # The connection is closed already: the client went away, or the file became shorter.
        failure.trap(ConnectionClosed)

    sent = channel.transport.send_file(descriptor, offset, count)
    sent.addBoth(over).addCallbacks(lambda _: channel.finish(close), lost)
