"""L{Dispatcher}: who gets a call: an idle link, a place in the one queue, or 503."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Collection
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
from twsgi.proxy.retry import IDEMPOTENT

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
    @ivar retried: methods of requests that may go to another worker
        (L{twsgi.proxy.retry.methods}).
    @ivar final: no worker will come any more.
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
        link_lost: Callable[[int], None] = lambda place: None,
        retried: frozenset[str] = IDEMPOTENT,
    ) -> None:
        """
        @param record: the frontend's on the scoreboard.
        @param balancer: chooses among the idle links; this object's from now on.
        @param queue_limit: how many calls may wait (C{http-queue}).
        @param link_lost: hears, once for each link that was lost and not given up, in which
            place its worker is.
        """
        self._reactor = reactor
        self._record = record
        self._limit = queue_limit
        self._queue: deque[Call] = deque()
        self._balancer = balancer
        self._links: set[FrontendLink] = set()
        self.timeout = timeout
        self.retried = retried
        self.final = False
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

    def add_link(self, descriptor: int, place: int, worker: int) -> None:
        """
        A new link, idle; the descriptor is this object's from now on.

        @param place: of the worker at its other end.
        @param worker: that worker's index.
        """
        link = FrontendLink(descriptor, place, worker, self, self._reactor)
        self._links.add(link)
        self._idle(link)

    @property
    def linked(self) -> bool:
        """There is a worker that takes requests."""
        return any(not link.retired for link in self._links)

    def reconfigure(
        self,
        balancer: Balancer[FrontendLink],
        queue_limit: int,
        timeout: float,
        retried: frozenset[str],
    ) -> None:
        """
        Works with other values from now on, also for the calls there are.

        @param balancer: chooses among the idle links; this object's from now on.
        @param queue_limit: how many calls may wait; those that do may.
        """
        self._limit = queue_limit
        self.retried = retried
        more, self.timeout = timeout - self.timeout, timeout
        calls = [link.call for link in self._links if link.call is not None]
        for call in (*calls, *self._queue):
            if call.deadline:
                call.deadline += more
        self._balancer = balancer
        for link in self._links:
            if link.call is None and not link.retired:
                balancer.idle(link.place, link)

    def close_after(self) -> None:
        """All connections are to be closed: the responses that have not begun yet say so."""
        for link in self._links:
            if link.call is not None:
                link.call.close_after()
        for call in self._queue:
            call.close_after()

    def condemn(self, place: int, seconds: float, requests: Collection[int]) -> None:
        """
        A worker is about to be killed for C{requests} that take too long: it gets no more of them,
        and those have their answer, 504, now.

        @param seconds: how long is too long.
        @param requests: when they were made, as L{Call.made} has it.
        """
        for link in [one for one in self._links if one.place == place]:
            link.retired = True
            call = link.call
            if call is None:
                self.retired(link)
            elif call.made in requests and call.frame and not call.gone:
                call.refuse(504, f"no response within {seconds:g} s (harakiri)")
                link.cancel()

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
        self._balancer.returned(link.place)
        other = self._balancer.take(link.place)
        if link.retired:
            self.retired(link)
        else:
            self._balancer.idle(link.place, link)
        if other is not None:
            self._idle(other)
        self._note_queue()
        if self._queue and self._retry_call is None:
            self._retry_call = self._reactor.callLater(RETRY, self._retry)

    def _expired(self, call: Call) -> bool:
        """The call waits no longer: its client has gone, or is refused now."""
        hopeless = self.final and not self._links
        if not (call.gone or hopeless) and call.deadline >= self.seconds():
            return False
        if hopeless:
            call.refuse(503, "no worker is left", _RETRY_AFTER)
            call.done()
            return True
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
        """The link is to be closed, and idle."""
        self._balancer.remove(link.place, link)
        link.close()

    def lost(self, link: FrontendLink) -> None:
        """A link is closed."""
        self._links.discard(link)
        self._balancer.remove(link.place, link)
        if link.call is not None:
            self._record[FRONTEND_ACTIVE] -= 1
        if link.retired or self._stopped:
            return
        self._link_lost(link.place)
        if not link.broken:
            self._give_up(link.place)

    def again(self, call: Call, reason: str) -> bool:
        """
        A call was lost with its worker: it is the next again, if it may be.  After L{lost}.

        @param reason: for the log.
        @return: False: it may not.
        """
        if not call.repeatable(self.retried) or (self.final and not self.linked):
            return False
        call.sent_again(reason)
        call.queued_since = self.seconds()
        call.deadline = call.queued_since + self.timeout
        link = self._balancer.take()
        if link is not None:
            self._record[FRONTEND_ACTIVE] += 1
            link.start(call)
        else:
            self._queue.appendleft(call)
            self._note_queue()
        return True

    def _give_up(self, place: int) -> None:
        """
        A link has ended that nobody wanted closed: mostly its worker is dead, and all its others
        are about to end.  No call may meet one of them.  The master, which is told of each, makes
        new ones where the worker lives.
        """
        for link in [one for one in self._links if one.place == place and not one.retired]:
            self._link_lost(place)
            link.retired = True
            if link.call is None:
                self.retired(link)

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
        self._balancer.idle(link.place, link)

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
