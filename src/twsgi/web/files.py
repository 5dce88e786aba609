"""A response whose body is a part of a file that somebody else has opened."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from twisted.internet.error import ConnectionClosed
from twisted.python.failure import Failure

from twsgi.web.outbox import FileShrunk

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

    def lost(failure: Failure) -> bool:
        # The connection is closed already: the client went away, or the file became shorter.
        failure.trap(ConnectionClosed)
        if failure.check(FileShrunk):
            channel.site.file_shrunk(channel, file_name(descriptor))
        return False

    def over(result: object) -> object:
        os.close(descriptor)
        return result

    sent = channel.transport.send_file(descriptor, offset, count)
    sent.addCallbacks(lambda _: True, lost).addBoth(over)
    sent.addCallback(lambda whole: channel.finish(close) if whole else None)


def file_name(descriptor: int) -> str:
    """What a file is called that nobody has named: for the log, where the system knows it."""
    try:
        return os.readlink(f"/proc/self/fd/{descriptor}")
    except OSError:
        return "a file"
