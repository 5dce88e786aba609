"""Cores: the threads that serve requests, one each at a time; and L{Cores}, all of a worker's.

A core waits for work itself, reads the request itself and writes the response itself: the reactor's
thread is not on the way of a request, and the GIL changes hands twice less often.
"""

from __future__ import annotations

import io
import threading
import time
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, BinaryIO

from twsgi.control.scoreboard import (
    CORE_ARRIVED,
    CORE_BUSY_SINCE,
    CORE_EXCEPTIONS,
    CORE_MICROSECONDS,
    CORE_REQUESTS,
    CORE_SENT,
)
from twsgi.errors import FrameError
from twsgi.interfaces import IWaitPoint
from twsgi.log.requestline import RequestLog
from twsgi.web.sinks import ThreadSink
from twsgi.web.threads import hand_to_reactor
from twsgi.wire import frames
from twsgi.wire.fields import field_parser
from twsgi.wire.response import Date, ResponseEncoder
from twsgi.wsgi.application import run_application
from twsgi.wsgi.errorstream import stream
from twsgi.wsgi.link import CANCELLED, LinkRequest, LinkSink, WorkerLink
from twsgi.wsgi.response import Response

if TYPE_CHECKING:
    from twsgi.web.body import Body
    from twsgi.wire.head import RequestHead


class Core(threading.Thread):
    """
    One thread.

    @ivar index: from 0.
    """

    def __init__(self, index: int, cores: Cores, record: memoryview) -> None:
        """
        @param record: its record on the scoreboard.
        """
        super().__init__(name=f"uWSGI core {index}", daemon=True)
        self.index = index
        self._cores = cores
        self._record = record
        self._date = Date()
        self._parse = field_parser()

    def run(self) -> None:
        """Serves until the wait point is closed."""
        wait = self._cores.wait_point.wait
        while True:
            try:
                work = wait()
                if work is None:
                    return
                if type(work) is WorkerLink:
                    self._turn(work)
                else:
                    self._converse(work)
            except BaseException:
                # A fault of ours, or what an application has thrown at its threads: neither may
                # cost the worker a core.
                traceback.print_exc()

    def _converse(self, source: Any) -> None:
        """
        Serves a request that came on a connection to a listener of this worker.

        @param source: the connection, or the listener.
        """
        channel = source.take()
        if channel is None:
            return
        try:
            try:
                found = channel.next_request(self._parse)
            except BaseException:
                hand_to_reactor(channel.site.reactor, channel.abort)
                raise
            # From the end of its response it is somebody else's, whatever goes wrong then.
            if found is not None:
                self._serve_connection(channel, *found)
        finally:
            if source is not channel:
                source.taken(channel)

    def _serve_connection(self, channel: Any, head: RequestHead, body: Body | None) -> None:
        head_request = head.environ["REQUEST_METHOD"] == "HEAD"
        encoder = ResponseEncoder(head.http11, head.keep_alive, head_request)
        date = self._date.line(time.time())
        sink = ThreadSink(channel, encoder, date, channel.site.limits.send_timeout)
        try:
            file = io.BytesIO() if body is None else body.open()
            self._serve(head.environ, file, sink, head_request, 0)
        finally:
            if not sink.finished:
                sink.abort()

    def _turn(self, link: WorkerLink) -> None:
        """Serves the request that came over a link, and gives the link back."""
        wait_point = self._cores.wait_point
        alive = False
        try:
            request = link.receive()
            if request is not None:
                # Whatever happens now, the response is ended, and the link may have the next.
                alive = True
            if request is not None and request is not CANCELLED:
                self._serve_link(link, request)
        except FrameError as error:
            alive = False
            self._cores.report(f"frontend {link.frontend}: {error}")
        finally:
            if alive:
                link.retire_if_asked()
                wait_point.rearm(link)
            else:
                wait_point.forget(link)
                link.close()
                self._cores.link_closed(link)

    def _serve_link(self, link: WorkerLink, request: LinkRequest) -> None:
        flags, variables = request.flags, request.variables
        head_request = flags & frames.HEAD != 0
        encoder = ResponseEncoder(
            flags & frames.HTTP11 != 0, flags & frames.KEEP_ALIVE != 0, head_request
        )
        sink = LinkSink(link, encoder, self._date.line(time.time()))
        try:
            decoded = frames.decode_variables(variables)
            self._serve(decoded, request.body, sink, head_request, len(variables), request.since)
        finally:
            if not sink.finished:
                sink.abort()

    def _serve(
        self,
        variables: dict[str, str],
        body: BinaryIO,
        sink: Any,
        head_request: bool,
        variables_size: int,
        since: int = 0,
    ) -> None:
        """
        @param variables_size: bytes of the variables joined by NULs, 0: not known.
        @param since: monotonic nanoseconds at which a frontend had the request, 0: none had it.
        """
        cores, record = self._cores, self._record
        began = time.monotonic_ns()
        record[CORE_ARRIVED] = since
        record[CORE_BUSY_SINCE] = began
        if cores.taken is not None:
            cores.taken()
        response = cores.response(sink, head_request)
        environ = cores.environ.copy()
        environ.update(variables)
        environ["wsgi.input"] = body
        environ["uwsgi.core"] = self.index
        environ["twsgi.client_disconnected"] = sink.disconnected
        try:
            if not cores.run(cores.application, environ, response, cores.report):
                record[CORE_EXCEPTIONS] += 1
        finally:
            body.close()
            if stream.begun:
                stream.flush()
            took = (time.monotonic_ns() - began) // 1000
            record[CORE_MICROSECONDS] += took
            record[CORE_SENT] += sink.head_size + sink.body_size
            record[CORE_REQUESTS] += 1
            record[CORE_BUSY_SINCE] = 0
        if cores.log is not None:
            cores.log.application(variables, variables_size, response, sink, took, self.index)

    def note_requests(self, text: memoryview) -> None:
        """
        From now on each request's line is in C{text} before it begins.  Before the thread runs.
        """
        serve = self._serve

        def noted(variables: dict[str, str], *rest: Any) -> None:
            text[:] = request_text(variables, len(text))
            serve(variables, *rest)

        # Not a question in the way of every request: what nobody wants costs nothing.
        self._serve = noted  # type: ignore[assignment, method-assign]


def request_text(variables: dict[str, str], size: int) -> bytes:
    """Client, method and URI in C{size} bytes: cut, or NULs after it."""
    line = (
        f"{variables.get('REMOTE_ADDR', '')} - {variables['REQUEST_METHOD']} "
        f"{variables.get('REQUEST_URI', '')}"
    )
    return line.encode("latin-1", "replace")[: size - 1].ljust(size, b"\0")


class Cores:
    """
    All cores of a worker.

    @ivar application: what C{run} runs: the WSGI application, or all of them.
    @ivar run: how: L{run_application}, unless the operator has asked for more.
    @ivar environ: what is the same for all requests.
    @ivar log: where request lines go, or None.
    @ivar taken: called by a core that begins a request, or None.
    @ivar response: makes the responses.
    """

    taken: Callable[[], None] | None = None
    response: type[Response] = Response

    def __init__(
        self,
        application: Any,
        environ: dict[str, Any],
        records: list[memoryview],
        wait_point: IWaitPoint,
        reactor: Any,
        log: RequestLog | None,
        report: Callable[[str], None],
    ) -> None:
        """
        @param records: a scoreboard record for each core.
        @param report: takes tracebacks and faults of the application's, in lines.  Any thread.
        """
        self.application = application
        self.run: Any = run_application
        self.environ = environ
        self.wait_point = wait_point
        self.log = log
        self.report = report
        self._reactor = reactor
        self._closed: Callable[[WorkerLink], None] | None = None
        self.threads = [Core(index, self, record) for index, record in enumerate(records)]

    def start(self, link_closed: Callable[[WorkerLink], None] | None = None) -> None:
        """
        Starts the threads.  Reactor thread.

        @param link_closed: called when a frontend has closed a link.
        """
        self._closed = link_closed
        for thread in self.threads:
            thread.start()

    def link_closed(self, link: WorkerLink) -> None:
        """A link is closed.  Core threads."""
        if self._closed is not None:
            hand_to_reactor(self._reactor, self._closed, link)

    def stop(self) -> None:
        """Lets the threads end when they have nothing more to do.  Reactor thread."""
        self.wait_point.close()
