"""The seams: what one room of the house may ask of another, as zope interfaces.

Layer 0: imports nothing of twsgi.  Rooms of the same layer never import one another; they meet
here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zope.interface import Attribute, Interface

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred


class IResponseSink(Interface):
    """
    Where one response goes.  All methods are called on the thread that runs the request, in the
    order C{start}, C{write}*, then exactly one of C{finish} and C{abort}.

    The sink frames the response; the caller has checked status and headers, never sends more
    than the Content-Length it announced, and never a body where there can be none.
    """

    head_sent: bool = Attribute("True once a byte of the response may have left.")
    finished: bool = Attribute("True once the response has ended, in whatever way.")
    head_size: int = Attribute("Bytes of the response's head, 0 before L{start}.")
    body_size: int = Attribute("Bytes of body taken so far, framing not counted.")

    def start(status: str, headers: list[tuple[str, str]], length: int | None) -> None:
        """
        Takes the head; it leaves with the first bytes of the body, or at C{finish}.  May be
        called again while C{head_sent} is false: the later head replaces the earlier.

        @param length: how many bytes of body will follow, or None if it is not known.
        """

    def write(data: bytes) -> None:
        """
        Takes a piece of the body.  Blocks while the reader is slower than the application.

        @raise ClientDisconnected: the client is gone; there is no point in going on.
        """

    def finish(data: bytes) -> None:
        """
        Takes the last piece (may be empty) and ends the response.

        @raise ClientDisconnected: the client is gone.
        """

    def abort() -> None:
        """
        Cuts the response short so that the client can tell: no final chunk, connection closed.
        Never raises; after L{finish} it does nothing.
        """

    def close_after() -> None:
        """
        Whatever else was agreed, the connection is closed after this response, if only that makes
        sure that nothing is taken for a part of the next one.  Before L{finish}.
        """

    def disconnected() -> bool:
        """
        True once the client is known to be gone, or to have closed its side: a browser that
        leaves does no more than that, and a client that waits for the response may.  After the
        response has ended, what was known then.  Any thread; never blocks.
        """


class IThreadSafeTransport(Interface):
    """
    A plain transport of our own whose C{write_from_thread} may be called off the reactor thread:
    send and close share one lock, so that bytes never reach a reused descriptor.
    """

    def write_from_thread(data: bytes, timeout: float) -> None:
        """
        Sends C{data}, at once where the socket takes it; else queues the rest and returns while
        less than the high-water mark is queued, or waits for room.  Any thread but the reactor's.

        @raise ClientDisconnected: the connection is lost, or nothing moved for C{timeout} seconds.
        """


class ISendfileTransport(Interface):
    """A transport that can send a part of a file without reading it into the process."""

    def send_file(descriptor: int, offset: int, count: int) -> Deferred[None]:
        """
        Sends C{count} bytes of the file from C{offset}, after all that was written before, as the
        socket takes them.  Reactor thread.  C{descriptor} stays the caller's: it must be open
        until the Deferred fires, and the caller closes it then.

        @return: fires with None when the last byte is in the socket; fails with
            L{twsgi.web.outbox.FileNotSent}, a C{ConnectionLost}, where the client went away or the
            file has become shorter; the connection is then closed.
        """

    def sends_via(count: int) -> str:
        """By what means C{count} bytes of a file leave, for the log: C{sendfile}, C{offload}."""


class IFileSink(IResponseSink):
    """A sink that can end a response with a part of a file, without the application's thread."""

    def send_file(descriptor: int, offset: int, count: int) -> str:
        """
        Instead of L{finish}: after the head C{count} bytes of the file are the body.  The thread
        that runs the request; it may do something else as soon as this returns.

        @param descriptor: stays the caller's, who may close it at once.
        @return: by what means it is sent, for the log; C{""}: it cannot be, for there are no
            descriptors left, and C{write} and C{finish} are to be used after all.
        @raise ClientDisconnected: the client is gone.
        """


class ILineLog(Interface):
    """Where the container's own words go: the log of a process of its own, or a host's."""

    def line(text: str) -> None:
        """Takes one line, without its newline.  Any thread."""

    def write(data: bytes) -> None:
        """Takes whole lines, each ended by a newline.  Any thread."""


class IOwner(Interface):
    """
    Who runs what executes a Plan: it has, or is, the process.  Reactor thread.
    """

    def finish(at_once: bool) -> None:
        """
        Everything is to stop, as if the operator had asked for it.

        @param at_once: whatever is under way; else that is finished first.
        """

    def write_pidfiles() -> None:
        """Writes the pidfiles again, and says so."""


class ICheaperAlgorithm(Interface):
    """
    Decides how many workers there should be (uWSGI's C{cheaper-algo}).  Pure: a decision depends
    on the snapshots alone, never on a clock or the machine.
    """

    introduction: tuple[str, ...] = Attribute("What the log says when it begins, lines.")

    def sampled(snapshot: Any) -> Any:
        """
        Called each time the workers were looked at.

        @param snapshot: a L{twsgi.master.cheaper.Snapshot}.
        @return: a L{twsgi.master.cheaper.Decision}.
        """


class IWaitPoint(Interface):
    """
    Where the core threads of a worker wait for something to do: a request on one of the links, a
    connection that has one or is new, or something that the reactor hands over.  One
    implementation is Linux's epoll and eventfd, the other runs everywhere.
    """

    def add_link(link: Any) -> None:
        """Watches a link, or a connection (anything with C{fileno()}).  Any thread."""

    def rearm(link: Any) -> None:
        """Watches a link again that L{wait} returned.  Any thread."""

    def listen(listener: Any) -> None:
        """Watches a listening socket.  Any thread."""

    def listen_on(listener: Any, last: bool) -> None:
        """
        L{wait} has returned a listening socket: it goes on to be watched.  The thread that it was
        returned to.

        @param last: whoever else waits for connections on the same socket, in other processes, is
            asked before us from now on.
        """

    def forget(link: Any) -> None:
        """
        Stops watching for good; the link, connection or listener may be closed afterwards.  L{wait}
        may return it once more.  The thread that owns it.
        """

    def submit(work: Any) -> None:
        """Hands C{work} to the next free core.  Reactor thread."""

    def wait() -> Any:
        """
        Blocks until there is something to do: a link with bytes (which is not watched until it
        is rearmed), a listening socket on which somebody has connected, a submitted work, or None:
        the thread shall end.
        """

    def waiting() -> int:
        """How many submitted works no core has taken yet."""

    def overdue() -> Any:
        """
        A link with bytes that no core has taken, or None; it is then the caller's until it is
        rearmed.  Connections and listeners are none: they have C{take}.  Never blocks.  Reactor
        thread.
        """

    def close() -> None:
        """Lets every thread that waits, or will, end.  Reactor thread."""


class IBalancer(Interface):
    """Chooses among the idle links of a frontend.  Reactor thread."""

    def idle(place: int, link: Any) -> None:
        """C{link}, to the worker in C{place}, may be given a request."""

    def remove(place: int, link: Any) -> None:
        """C{link} may not be given a request any more; nothing if it was not idle."""

    def take(avoid: int = 0) -> Any:
        """
        The link for the next request, which is then no longer idle; None if there is none.

        @param avoid: the place of a worker whose links are not wanted, 0: none.
        """

    def returned(place: int) -> None:
        """The worker in C{place} has sent a request back: all its cores are busy."""

    def take_moved() -> Any:
        """As C{take}, but of no worker whose cores are held by the same requests since then."""


class ISpawner(Interface):
    """Starts child processes: the real one is C{reactor.spawnProcess}, tests have a fake."""

    def spawn(launch: Any, protocol: Any, descriptors: dict[int, int]) -> Any:
        """
        Starts one child.

        @param launch: a L{twsgi.control.launch.Launch}.
        @param protocol: an C{IProcessProtocol}.
        @param descriptors: the child's descriptor number -> ours.
        @return: an C{IProcessTransport}.
        @raise OSError: it could not be started.
        """
