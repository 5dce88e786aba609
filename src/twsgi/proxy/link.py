"""L{FrontendLink}: the frontend's end of a link to a worker: one request at a time."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

from twisted.python.failure import Failure

from twsgi.errors import FrameError
from twsgi.proxy.call import Call
from twsgi.web.passing import receive_descriptor
from twsgi.web.transport import Connection
from twsgi.wire import frames

if TYPE_CHECKING:
    from twsgi.proxy.dispatcher import Dispatcher


class FrontendLink:
    """
    One link.  Reactor thread.

    @ivar place: the place of the worker at its other end.
    @ivar worker: that worker's index, for people.
    @ivar call: what is served on it now, or None: it is idle.
    @ivar retired: it gets no more requests, and is closed when it is idle: the worker has asked for
        that, or is gone, or about to be.
    @ivar broken: what came on it was no frame.
    """

    __slots__ = (
        "_connection",
        "_decoder",
        "_descriptors",
        "_dispatcher",
        "_file",
        "_mute",
        "_socket",
        "broken",
        "call",
        "place",
        "retired",
        "worker",
    )

    def __init__(
        self, descriptor: int, place: int, worker: int, dispatcher: Dispatcher, reactor: Any
    ) -> None:
        """
        @param descriptor: a connected stream socket; this object's from now on.
        """
        self.place = place
        self.worker = worker
        self.call: Call | None = None
        self.retired = self.broken = False
        self._file: tuple[int, bytes] | None = None
        self._descriptors: list[int] = []
        # Nothing may be said of the request: it is cancelled, or its body is awaited first.
        self._mute = False
        self._dispatcher = dispatcher
        self._decoder = frames.ResponseDecoder()
        self._socket = socket.socket(fileno=descriptor)
        self._socket.setblocking(False)
        self._connection = Connection(self._socket, self, reactor)
        self._connection.startReading()

    def start(self, call: Call) -> None:
        """Sends a request.  The link is idle, and not any more."""
        self.call = call
        self._mute = call.body is not None
        call.link = self
        self._connection.write(call.frame)
        if call.closed:
            self.tell_closed()

    def resume(self) -> None:
        """The client reads again, or is gone: so do we."""
        self._connection.startReading()

    def cancel(self) -> None:
        """The client is gone: the worker may stop; what it still says is dropped."""
        self.resume()
        if self.call is not None and not self._mute:
            self._mute = True
            self.call.done()
            self._connection.write(frames.encode_cancel())

    def tell_closed(self) -> None:
        """The client will send no more; once for each request that is sent."""
        if self.call is not None and not self._mute:
            self._connection.write(frames.encode_closed())

    def close(self) -> None:
        """Closes the link; it is idle."""
        self._connection.loseConnection()

    # What the connection says.

    def dataReceived(self, data: bytes) -> None:
        """The worker said something."""
        if self._file is not None:
            self._take_file(*self._file)
            return
        flags = self._decoder.whole(data)
        try:
            if flags >= 0:
                self._relay(flags, data[frames.RESPONSE_HEAD :])
                return
            for kind, flags, piece in self._decoder.feed(data):
                if kind == frames.RESPONSE:
                    self._relay(flags, piece)
                elif kind == frames.RETIRE:
                    self.retired = True
                    if self.call is None:
                        self._dispatcher.retired(self)
                elif kind == frames.WANT_BODY:
                    self._send_body()
                elif kind == frames.BOUNCE:
                    self._bounced()
                elif kind == frames.FILE:
                    self._ask_for_file(flags, piece)
        except FrameError as error:
            self._dispatcher.report(f"worker {self.worker}: {error}")
            self.broken = True
            self._connection.abortConnection()

    def _relay(self, flags: int, data: bytes) -> None:
        call = self.call
        if call is None:
            raise FrameError("a response without a request")
        if flags & frames.LAST:
            self.call = call.link = None
            if not self._connection.reading:
                # By an earlier frame in the same bytes; nobody would resume us now.
                self._connection.startReading()
            call.relay(flags, data)
            self._dispatcher.finished(self)
            return
        call.relay(flags, data)
        if call.full():
            # Back-pressure: the worker's core waits in send() until the client has read.
            self._connection.stopReading()

    def _ask_for_file(self, flags: int, place: bytes) -> None:
        """The rest of the response is a file; its descriptor comes with the next byte."""
        if self.call is None:
            raise FrameError("a file without a request")
        if self.call.gone:
            # The worker reads that instead of an answer, and ends the response.
            self.cancel()
            return
        self._file = flags, place
        self._connection.receive = self._receive_descriptor
        self._connection.startReading()
        self._connection.write(frames.encode_want_file())

    def _receive_descriptor(self, size: int) -> bytes:
        byte, self._descriptors = receive_descriptor(self._socket)
        return byte

    def _take_file(self, flags: int, place: bytes) -> None:
        """The descriptor is here: the worker's core is free, the file is ours to send."""
        self._connection.receive = self._socket.recv
        self._file = None
        call, self.call = self.call, None
        descriptors, self._descriptors = self._descriptors, []
        assert call is not None
        call.link = None
        if descriptors:
            call.send_file(flags, descriptors[0], *frames.decode_file(place))
        else:
            # The worker is through with it in any case, and the link as good as before.
            lost = f"worker {self.worker}: a file came for which there is no descriptor left"
            self._dispatcher.report(lost)
            call.lost(lost)
        self._dispatcher.finished(self)

    def _bounced(self) -> None:
        call, self.call = self.call, None
        if call is None:
            raise FrameError("a request came back that was not sent")
        call.link = None
        self._dispatcher.bounced(self, call)

    def _send_body(self) -> None:
        """The body's descriptor with one byte; nothing else is on its way, so it goes at once."""
        call = self.call
        descriptor = call.body.descriptor if call is not None and call.body is not None else None
        if call is None or descriptor is None:
            raise FrameError("a body was asked for that there is not")
        try:
            socket.send_fds(self._socket, [b"\0"], [descriptor])
        except OSError as error:
            raise FrameError(f"the body cannot be sent: {error}") from None
        self._mute = False
        # The worker has a descriptor of its own now.
        if not call.repeatable(self._dispatcher.retried):
            call.done()
        if call.gone:
            self.cancel()
        elif call.closed:
            self.tell_closed()

    def read_closed(self) -> None:
        """The worker has closed the link, or is gone."""
        self._connection.loseConnection()

    def drained(self) -> None:
        """The worker has read the request; nothing waits for that."""

    def connectionLost(self, reason: Failure) -> None:
        """The link is closed."""
        self._dispatcher.lost(self)
        call, self.call = self.call, None
        if call is None:
            return
        call.link = None
        lost = f"worker {self.worker} went away"
        if self.broken or not self._dispatcher.again(call, lost):
            call.lost(lost)
