"""L{Site}: what all connections of a listener share: resource, limits, deadlines, log."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from twisted.web.resource import IResource
from twisted.web.server import Site as ServerSite

from twsgi.errors import HTTPError
from twsgi.web.admission import Admission
from twsgi.web.finishing import PLAIN, Finishing, field_lines
from twsgi.web.limits import Limits
from twsgi.web.offload import Offload
from twsgi.web.threads import hand_to_reactor
from twsgi.wire.fields import field_parser
from twsgi.wire.response import Date

if TYPE_CHECKING:
    from twsgi.web.body import Body
    from twsgi.web.http1 import HTTP1Channel
    from twsgi.web.request import Request
    from twsgi.wire.head import RequestHead

#: Seconds between two looks at the connections' deadlines: no timer per connection, none per
#: request.
SWEEP = 1.0
#: The same while all connections are to be closed.
DRAINING_SWEEP = 0.1
#: Lines about refused and cut requests that one sweep's time may log.
_REFUSALS = 10


class Site(ServerSite):
    """
    A C{twisted.web} Site for our own channels.

    @ivar resource: what renders every request; a leaf is rendered at once, without traversal.
    @ivar limits: see L{Limits}.
    @ivar admission: the connections there are, and who may come in.
    @ivar channels: the same connections.
    @ivar draining: connections are closed as soon as they are idle.
    @ivar parse: the parser of header fields.
    @ivar offload: who sends long files, or None: the reactor's thread.
    @ivar for_resource: tells by a request's CGI variables whether C{resource} may have to render
        it: its own C{may_answer}, where it has that; else it renders all.  Any thread.
    @ivar field_lines: makes the lines of a head from the C{Headers} of a C{twisted.web} response,
        and counts them.
    @ivar take: who is given the other requests, as they are: to make a C{twisted.web} Request of
        one costs what a worker needs to answer it.  None: C{resource} renders all, or threads
        have the others (L{ThreadChannel <twsgi.web.threadchannel.ThreadChannel>}).
    """

    def __init__(
        self,
        resource: IResource,
        reactor: Any,
        limits: Limits,
        log_request: Callable[[Request], None],
        log_refusal: Callable[[str], None],
    ) -> None:
        """
        @param log_request: told of each request that a resource of C{twisted.web} has answered.
        @param log_refusal: told, in words, of requests that were refused, cut because a file became
            shorter, or sent to somebody else; not of each, under attack.
        """
        self.reactor: Any
        super().__init__(resource, reactor=reactor, parsePOSTFormSubmission=False)
        self.limits = limits
        self.draining = False
        self.parse = field_parser()
        self.offload: Offload | None = None
        self.seconds: Callable[[], float] = reactor.seconds
        self.admission = Admission(limits)
        self.channels = self.admission.channels
        self.for_resource = _may_answer(resource)
        self.take: Callable[[HTTP1Channel, RequestHead, Body | None], None] | None = None
        self.finish_as(PLAIN)
        self._date = Date()
        self._log_request = log_request
        self._log_refusal = log_refusal
        self._refusals = 0
        self._sweep_call: Any = None
        self._drained: Callable[[], None] | None = None

    def reconfigure(self, resource: IResource, limits: Limits) -> None:
        """Another resource, and other limits, from now on; no connection is closed by that."""
        self.resource = resource
        self.for_resource = _may_answer(resource)
        self.limits = limits
        self.admission.reconfigure(limits)

    def finish_as(self, finishing: Finishing) -> None:
        """What the operator asks of each response, from now on."""
        self._finishing = finishing
        asked = finishing.added or finishing.removed
        self.field_lines = finishing.field_lines if asked else field_lines

    def start(self) -> None:
        """Begins to watch deadlines."""
        self._sweep_call = self.reactor.callLater(SWEEP, self._sweep)

    def drain(self, drained: Callable[[], None]) -> None:
        """Closes idle connections, and the others when they are; then calls C{drained}."""
        self.draining = True
        self._drained = drained
        # From now on deadlines are short.
        if self._sweep_call is not None and self._sweep_call.active():
            self._sweep_call.cancel()
        self._sweep_call = self.reactor.callLater(DRAINING_SWEEP, self._sweep)
        for channel in list(self.channels):
            channel.close_if_idle()
        self._check_drained()

    def stop(self) -> None:
        """Cuts the connections that are left, and watches deadlines no more."""
        for channel in list(self.channels):
            channel.abort()
        if self._sweep_call is not None and self._sweep_call.active():
            self._sweep_call.cancel()

    def lost(self, channel: HTTP1Channel) -> None:
        """A connection is over."""
        self.admission.left(channel)
        self._check_drained()

    def lost_from_thread(self, channel: HTTP1Channel) -> None:
        """A connection was closed by a thread that serves its requests.  That thread."""
        if self.draining or self.admission.awaited:
            hand_to_reactor(self.reactor, self.lost, channel)
        else:
            self.admission.left(channel)
            if self.draining:  # since just now: whoever began that has counted this one
                hand_to_reactor(self.reactor, self._check_drained)

    def date(self) -> str:
        """The Date field's line for now."""
        return self._date.line(self.seconds())

    def log(self, request: Any) -> None:
        """C{twisted.web}: a request was answered."""
        self._log_request(request)

    def refused(self, channel: HTTP1Channel, error: HTTPError) -> None:
        """A request was refused before any resource saw it."""
        self._complain(
            channel.peer[0], self._request_line(channel), f"{error.status}: {error.reason}"
        )

    def file_shrunk(self, channel: HTTP1Channel, name: str) -> None:
        """The file C{name} became shorter while it was sent: the connection is, or will be, cut."""
        what = self._request_line(channel)
        self._complain(channel.peer[0], what, f"{name} became shorter while it was sent: cut")

    def sent_again(self, channel: HTTP1Channel, reason: str) -> None:
        """Whoever should have answered a request did not, and somebody else is asked."""
        self._complain(channel.peer[0], self._request_line(channel), f"{reason}: sent again")

    def turned_away(self, peer: str) -> bytes:
        """
        A connection was not let in.

        @param peer: whence it came.
        @return: what to tell it.
        """
        limit = self.limits.per_peer
        text = f"503: has {limit} connections already (http-connections-per-peer)"
        self._complain(peer, "", text)
        return self.error_response(503)

    def _request_line(self, channel: HTTP1Channel) -> str:
        if channel.head is None:
            return ""
        environ = channel.head.environ
        return f"{environ['REQUEST_METHOD']} {environ['REQUEST_URI']}: "

    def _complain(self, peer: str, what: str, text: str) -> None:
        self._refusals += 1
        if self._refusals <= _REFUSALS:
            self._log_refusal(f"{peer}: {what}{text}")

    def error_response(self, status: int, headers: str = "") -> bytes:
        """A short response, whole, after which the connection is closed."""
        text = f"{status} {HTTPStatus(status).phrase}"
        kind, body = self._finishing.error(status, f"{text}\n")
        head = (
            f"HTTP/1.1 {text}\r\n{headers}Content-Type: {kind}\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n{self.date()}"
            f"{self._finishing.added_lines}\r\n"
        )
        return head.encode("latin-1") + body

    def _check_drained(self) -> None:
        if self._drained is not None and not self.channels:
            drained, self._drained = self._drained, None
            if self._sweep_call is not None and self._sweep_call.active():
                self._sweep_call.cancel()
            drained()

    def _sweep(self) -> None:
        pause = DRAINING_SWEEP if self.draining else SWEEP
        self._sweep_call = self.reactor.callLater(pause, self._sweep)
        if self._refusals > _REFUSALS:
            self._log_refusal(
                f"{self._refusals - _REFUSALS} more requests were refused, cut or sent again"
            )
        self._refusals = 0
        now = self.seconds()
        limit = self.limits.send_timeout
        # A copy: threads accept, too.
        for channel in [one for one in list(self.channels) if 0 < one.deadline < now]:
            channel.timed_out()
        for channel in list(self.channels):
            channel.watch()
            if channel.transport.stuck(now, limit):
                channel.abort()
        self.admission.look_again()


def _may_answer(resource: Any) -> Callable[[dict[str, str]], bool]:
    """See L{Site.for_resource}."""
    found: Callable[[dict[str, str]], bool] | None = getattr(resource, "may_answer", None)
    return found or (lambda environ: True)
