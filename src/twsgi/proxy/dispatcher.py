"""L{Dispatcher}: who gets a call: an idle link, a place in the one queue, or 503."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Any

from twsgi.control.scoreboard import (
    FRONTEND_ACTIVE,
    FRONTEND_OLDEST,
    FRONTEND_QUEUED,
    FRONTEND_STATE,
    READY,
)
from twsgi.proxy.balancer import Balancer
from twsgi.proxy.call import Call
from twsgi.proxy.link import FrontendLink

#: Seconds between two looks at the calls' deadlines.
SWEEP = 1.0
#: Seconds between two looks whether a worker that sent a call back has a core for it now.
RETRY = 0.002


class Dispatcher:
    """
    All calls and all links of one frontend.  First come, first served.  Reactor thread.

    While a call waits no link is idle, but those to workers that have sent one back and whose
    cores are still held by the same requests; every L{RETRY} seconds is looked whether they are.

    @ivar timeout: seconds that a call may wait in the queue, or for the response's first byte
        (C{http-timeout}).
    @ivar seconds: the reactor's clock.
    @ivar report: takes what the operator should read.
    """

    def __init__(
        self,
        reactor: Any,
        record: memoryview,
        balancer: Balancer[FrontendLink],
        queue_limit: int,
        timeout: float,
        report: Callable[[str], None],
        link_lost: Callable[[int], None] = lambda worker: None,
    ) -> None:
        """
        @param record: the frontend's on the scoreboard.
        @param balancer: chooses among the idle links; this object's from now on.
        @param queue_limit: how many calls may wait (C{http-queue}).
        @param link_lost: hears, once for each link that was lost and not given up, whose it was.
        """
        self._reactor = reactor
        self._record = record
        self._limit = queue_limit
        self._queue: deque[Call] = deque()
        self._balancer = balancer
        self._links: set[FrontendLink] = set()
        self.timeout = timeout
        self.report = report
        self._link_lost = link_lost
        self._stopped = False
        self.seconds: Callable[[], float] = reactor.seconds
        self._sweep_call: Any = None
        self._retry_call: Any = None
        record[FRONTEND_STATE] = READY

    def start(self) -> None:
        """Begins to watch deadlines."""
        self._sweep_call = self._reactor.callLater(SWEEP, self._sweep)

    def stop(self) -> None:
        """Closes every link; no call is there any more."""
        self._stopped = True
        for call in (self._sweep_call, self._retry_call):
            if call is not None:
                call.cancel()
        self._sweep_call = self._retry_call = None
        for link in list(self._links):
            link.close()

    def add_link(self, descriptor: int, worker: int) -> None:
        """A new link, idle; the descriptor is this object's from now on."""
        link = FrontendLink(descriptor, worker, self, self._reactor)
        self._links.add(link)
        self._idle(link)

    def dispatch(self, call: Call) -> None:
        """Gives the call to an idle link, or to the queue, or up."""
        link = None if self._queue else self._balancer.take()
        if link is not None:
            self._record[FRONTEND_ACTIVE] += 1
            link.start(call)
            return
        if len(self._queue) >= self._limit:
            self._forget_gone()
        if len(self._queue) >= self._limit:
            call.refuse(503, f"the queue is full (http-queue = {self._limit})", _RETRY_AFTER)
            call.done()
            return
        call.queued_since = self.seconds()
        self._queue.append(call)
        self._note_queue()

    # What links say.

    def finished(self, link: FrontendLink) -> None:
        """A link has relayed a whole response."""
        self._record[FRONTEND_ACTIVE] -= 1
        if link.retired:
            self.retired(link)
        elif link in self._links:
            # That response may have been the last there was to wait for: then it is closed.
            self._idle(link)

    def bounced(self, link: FrontendLink, call: Call) -> None:
        """A worker was busy after all: another frontend was faster.  The call is the next again."""
        self._record[FRONTEND_ACTIVE] -= 1
        if call.queued_since:
            # It has not had its core: it still waits, and not for ever.
            call.deadline = call.queued_since + self.timeout
        else:
            call.queued_since = self.seconds()
        if not self._expired(call):
            self._queue.appendleft(call)
        # Its worker is the last that it should go to: nobody knows how long that takes.
        self._balancer.returned(link.worker)
        other = self._balancer.take(link.worker)
        if link.retired:
            self.retired(link)
        else:
            self._balancer.idle(link.worker, link)
        if other is not None:
            self._idle(other)
        self._note_queue()
        if self._queue and self._retry_call is None:
            self._retry_call = self._reactor.callLater(RETRY, self._retry)

    def _expired(self, call: Call) -> bool:
        """The call waits no longer: its client has gone, or is refused now."""
        if not call.gone and call.deadline >= self.seconds():
            return False
        call.refuse(503, f"waited for a core for {self.timeout:g} s (http-timeout)", _RETRY_AFTER)
        call.done()
        return True

    def _retry(self) -> None:
        """
        Whichever of our own calls ends first makes room for who came back.  But a worker may have
        a core before, which another frontend's call has left: then there is the place to wait,
        where the kernel serves the links of all frontends by turns.
        """
        self._retry_call = None
        while self._queue:
            link = self._balancer.take_moved()
            if link is None:
                self._retry_call = self._reactor.callLater(RETRY, self._retry)
                return
            self._idle(link)

    def retired(self, link: FrontendLink) -> None:
        """The worker wants the link closed, and it is idle."""
        self._balancer.remove(link.worker, link)
        link.close()

    def lost(self, link: FrontendLink) -> None:
        """A link is closed."""
        self._links.discard(link)
        self._balancer.remove(link.worker, link)
        if link.call is not None:
            self._record[FRONTEND_ACTIVE] -= 1
        if not (link.retired or self._stopped):
            self._link_lost(link.worker)

    def _idle(self, link: FrontendLink) -> None:
        while self._queue:
            call = self._queue.popleft()
            self._note_queue()
            if not call.gone:
                self._record[FRONTEND_ACTIVE] += 1
                call.deadline = self.seconds() + self.timeout
                link.start(call)
                return
            call.done()
        self._balancer.idle(link.worker, link)

    def _forget_gone(self) -> None:
        """Who has gone away holds no place in the queue."""
        for call in self._queue:
            if call.gone:
                call.done()
        self._queue = deque(call for call in self._queue if not call.gone)

    def _note_queue(self) -> None:
        """For cheaper and for the statistics."""
        queue = self._queue
        self._record[FRONTEND_QUEUED] = len(queue)
        if queue:
            waited = max(0.0, self.seconds() - queue[0].queued_since)
            self._record[FRONTEND_OLDEST] = time.monotonic_ns() - int(waited * 1e9)
        else:
            self._record[FRONTEND_OLDEST] = 0

    def _sweep(self) -> None:
        self._sweep_call = self._reactor.callLater(SWEEP, self._sweep)
        # All of them: one that came back stands before others that have waited longer.
        self._queue = deque(call for call in self._queue if not self._expired(call))
        self._note_queue()
        now = self.seconds()
        for link in list(self._links):
            call_now = link.call
            if call_now is not None and 0 < call_now.deadline < now and not call_now.gone:
                call_now.refuse(504, f"no response within {self.timeout:g} s (http-timeout)")
                # Nobody waits for it any more: an application that goes on in pieces may stop.
                link.cancel()


_RETRY_AFTER = "Retry-After: 1\r\n"
