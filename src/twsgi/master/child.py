"""L{Child}: one child process and all that is known of it; its life is one table.

C{python -m twsgi.master.child} prints the table for the documentation.
"""

from __future__ import annotations

import signal
from collections.abc import Sequence
from enum import Enum
from typing import Protocol

from twisted.internet.error import ProcessExitedAlready
from twisted.internet.interfaces import IDelayedCall, IProcessTransport, IReactorTime
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure

from twsgi.control.launch import FRONTEND
from twsgi.interfaces import ILineLog
from twsgi.master.control import Control, Unconnected
from twsgi.master.lastwords import LastWords
from twsgi.master.words import Death, Leave, faulty, no_mercy, not_ready, silent_for

#: systemd and a terminal signal the whole group: a child that hears SIGTERM waits this long
#: (seconds) for its replacement, in which the master may hear that all shall end.
GROUP_SIGNAL = 0.5
#: A child that is asked for its stacks by a signal has this long (seconds) to write them: no more
#: than a signal's time, for C{faulthandler} waits for nobody.
STACKS = 0.2


class State(Enum):
    """Where a child is in its life."""

    NEW = "no process yet"
    BOOTING = "starts, loads the application"
    READY = "serves"
    DRAINING = "was asked to leave, finishes what it has"
    DEAF = "its control stream is at its end: as good as dead"
    STUCK = "gave no sign in time: its stacks are asked for"
    DYING = "SIGKILL was sent"
    EXITED = "gone"


class Event(Enum):
    """What can happen to a child."""

    SPAWNED = "the process exists"
    READY = "it said Ready"
    NOT_READY = "worker-ready-timeout is over"
    SILENT = "too many pings without an answer"
    TOLD = "its stacks are written, or never will be"
    LEAVE = "it shall leave"
    LOST = "end of its control stream"
    MERCY_OVER = "worker-reload-mercy is over"
    KILL = "all shall end at once"
    EXITED = "the process has exited"


#: (state, event) -> (next state, what is done: a method of L{Child} without its underscore).
#: What is not here changes nothing and does nothing.
TRANSITIONS: dict[tuple[State, Event], tuple[State, str]] = {
    (State.NEW, Event.SPAWNED): (State.BOOTING, "await_ready"),
    (State.NEW, Event.EXITED): (State.EXITED, "bury"),
    (State.BOOTING, Event.READY): (State.READY, "tell_ready"),
    (State.BOOTING, Event.NOT_READY): (State.STUCK, "report_fault"),
    # It serves nobody yet, and does not listen while it loads the application.
    (State.BOOTING, Event.LEAVE): (State.DYING, "kill"),
    (State.BOOTING, Event.LOST): (State.DEAF, "await_mercy"),
    (State.BOOTING, Event.MERCY_OVER): (State.DYING, "kill_without_mercy"),
    (State.BOOTING, Event.KILL): (State.DYING, "kill"),
    (State.BOOTING, Event.EXITED): (State.EXITED, "bury"),
    (State.READY, Event.SILENT): (State.STUCK, "report_fault"),
    (State.READY, Event.LEAVE): (State.DRAINING, "ask_to_drain"),
    (State.READY, Event.LOST): (State.DEAF, "await_mercy"),
    (State.READY, Event.MERCY_OVER): (State.DYING, "kill_without_mercy"),
    (State.READY, Event.KILL): (State.DYING, "kill"),
    (State.READY, Event.EXITED): (State.EXITED, "bury"),
    (State.DRAINING, Event.MERCY_OVER): (State.DYING, "kill_without_mercy"),
    (State.DRAINING, Event.KILL): (State.DYING, "kill"),
    (State.DRAINING, Event.EXITED): (State.EXITED, "bury"),
    # It has heard the end of file, or closed the stream itself: asking is in vain, it may finish.
    (State.DEAF, Event.MERCY_OVER): (State.DYING, "kill_without_mercy"),
    (State.DEAF, Event.KILL): (State.DYING, "kill"),
    (State.DEAF, Event.EXITED): (State.EXITED, "bury"),
    (State.STUCK, Event.TOLD): (State.DYING, "kill"),
    (State.STUCK, Event.MERCY_OVER): (State.DYING, "kill_without_mercy"),
    (State.STUCK, Event.KILL): (State.DYING, "kill"),
    (State.STUCK, Event.EXITED): (State.EXITED, "bury"),
    (State.DYING, Event.EXITED): (State.EXITED, "bury"),
}


class ChildEvents(Protocol):
    """Who hears what becomes of a child.  Reactor thread."""

    def child_ready(self, child: Child) -> None:
        """It can do its work."""

    def child_unfit(self, child: Child) -> None:
        """It cannot load the application (C{child.unfit}); it exits next."""

    def child_asks_replacement(self, child: Child) -> None:
        """Somebody asked it to leave."""

    def child_sources(self, paths: Sequence[str], changed: Sequence[int], failed: bool) -> None:
        """See L{Sources <twsgi.control.commands.Sources>}."""

    def child_lost_link(self, child: Child, place: int) -> None:
        """A frontend has lost a link to the worker in C{place}."""

    def child_exited(self, child: Child) -> None:
        """Its process is gone, or could not be started (C{child.death})."""


class Child(ProcessProtocol):
    """
    One child process.  Reactor thread.

    It is decided by C{processExited}, never by the end of a stream that a grandchild may hold.

    @ivar kind: L{WORKER <twsgi.control.launch.WORKER>} or L{FRONTEND <...>}.
    @ivar index: by which people know it, from 1.
    @ivar place: its own on the scoreboard while it lives, from 1; 0: it has none yet.
    @ivar waits: it does not accept connections before it is told to.
    @ivar cores: how many it has, where it is a worker.
    @ivar pid: its process's number, 0 until there is one; stays after its end.
    @ivar spawned_at: when its process was started, seconds of C{clock}.
    @ivar ready_at: when it was ready, or None.
    @ivar leaving: why it was asked to leave, or None.
    @ivar mercy: seconds between the question to leave and SIGKILL.
    @ivar unfit: why it cannot load the application, in one line; or None.
    @ivar fault: what it was killed for without having been asked to leave, or empty.
    @ivar death: how it ended; None: it has not, or never began.
    @ivar last_words: where it writes its stacks, closed when it is gone; None: nowhere.
    """

    def __init__(
        self,
        kind: str,
        index: int,
        *,
        clock: IReactorTime,
        log: ILineLog,
        mercy: float,
        events: ChildEvents,
        ready_within: float = 0.0,
    ) -> None:
        """
        @param mercy: seconds between the question to leave and SIGKILL.
        @param ready_within: seconds from its start until it must be ready; 0: any time.
        """
        self.kind = kind
        self.index = index
        self.place = 0
        self.cores = 0
        self.waits = False
        self.state = State.NEW
        self.pid = 0
        self.spawned_at = clock.seconds()
        self.ready_at: float | None = None
        self.leaving: Leave | None = None
        self.unfit: str | None = None
        self.fault = ""
        self.death: Death | None = None
        self.last_words: LastWords | None = None
        self.control: Control = Unconnected()
        self._clock = clock
        self._log = log
        self.mercy = mercy
        self._events = events
        self._ready_within = ready_within
        self._left_at = 0.0
        self._ready_timer: IDelayedCall | None = None
        self._told_timer: IDelayedCall | None = None
        self._mercy_timer: IDelayedCall | None = None
        self._replace_timer: IDelayedCall | None = None
        self._process: IProcessTransport | None = None

    @property
    def lived(self) -> float:
        """Seconds for which it has been ready; 0: it never was."""
        return 0.0 if self.ready_at is None else self._clock.seconds() - self.ready_at

    @property
    def linkable(self) -> bool:
        """It may get links: a frontend that drains still serves what waits in its queue."""
        drains = self.kind == FRONTEND and self.state is State.DRAINING
        return self.state is State.READY or drains

    def leave(self, why: Leave, mercy: float = 0.0) -> None:
        """
        Asks it to finish and go; a later reason replaces an earlier one, but for the end.

        @param mercy: seconds that it has at least until SIGKILL, if that is more than usual.
        """
        self.mercy = max(mercy, self.mercy)
        if self.leaving is None:
            self._left_at = self._clock.seconds()
        if self.leaving is not Leave.STOP:
            self.leaving = why
        self._happened(Event.LEAVE)

    def mercy_over(self) -> None:
        """It has had its time."""
        self._happened(Event.MERCY_OVER)

    def silent(self, seconds: float) -> None:
        """It has not answered for C{seconds}."""
        self._found(Event.SILENT, silent_for(seconds))

    def ask_stacks(self) -> None:
        """
        Has it write the stacks of all its threads, which L{take_words} finds a moment later; it
        does so whoever holds the interpreter's lock.  What it wrote before is forgotten.
        """
        self.take_words()
        self._signal(signal.SIGUSR2)

    def take_words(self) -> str:
        """What it has written since the last time."""
        return "" if self.last_words is None else self.last_words.take()

    def kill(self) -> None:
        """Ends it at once."""
        self._happened(Event.KILL)

    def not_spawned(self) -> None:
        """Its process could not be started."""
        self._happened(Event.EXITED)

    # What it says (ControlEvents).

    def said_ready(self, seconds: float) -> None:
        """See L{ControlEvents}."""
        self._happened(Event.READY)

    def said_unfit(self, reason: str) -> None:
        """See L{ControlEvents}."""
        if self.state is State.BOOTING and self.unfit is None:
            self.unfit = reason
            self._events.child_unfit(self)

    def said_replace(self) -> None:
        """See L{ControlEvents}."""
        if self._replace_timer is None:
            self._replace_timer = self._clock.callLater(GROUP_SIGNAL, self._ask_replacement)

    def said_sources(self, paths: Sequence[str], changed: Sequence[int], failed: bool) -> None:
        """See L{ControlEvents}."""
        self._events.child_sources(paths, changed, failed)

    def said_link_lost(self, place: int) -> None:
        """See L{ControlEvents}."""
        self._events.child_lost_link(self, place)

    def control_lost(self) -> None:
        """See L{ControlEvents}."""
        self._happened(Event.LOST)

    # What its process does (IProcessProtocol).

    def makeConnection(self, process: IProcessTransport) -> None:
        """The process exists."""
        super().makeConnection(process)
        self._process = process
        # Twisted forgets the number when the process has ended; the log still wants it.
        self.pid = process.pid or 0
        self._happened(Event.SPAWNED)

    def processExited(self, reason: Failure) -> None:
        """The process has exited."""
        self.death = Death(
            kind=self.kind,
            index=self.index,
            pid=self.pid,
            leaving=self.leaving,
            signal=getattr(reason.value, "signal", None),
            code=getattr(reason.value, "exitCode", None),
            unfit=self.unfit is not None,
            leave_took=self._clock.seconds() - self._left_at if self.leaving else 0.0,
            fault=self.fault,
            last_words=self.take_words(),
        )
        self._happened(Event.EXITED)

    # What the table has done.

    def _happened(self, event: Event) -> None:
        known = TRANSITIONS.get((self.state, event))
        if known is None:
            return
        self.state, action = known
        if action:
            getattr(self, f"_{action}")()

    def _await_ready(self) -> None:
        if self._ready_within:
            self._ready_timer = self._clock.callLater(self._ready_within, self._not_ready)

    def _not_ready(self) -> None:
        self._found(Event.NOT_READY, not_ready(self._ready_within))

    def _found(self, event: Event, fault: str) -> None:
        if (self.state, event) in TRANSITIONS:
            self.fault = fault
        self._happened(event)

    def _report_fault(self) -> None:
        """Its stacks will be its last words, which the log has beside its death."""
        self._log.line(faulty(self.kind, self.index, self.pid, self.fault))
        self.ask_stacks()
        self._told_timer = self._clock.callLater(STACKS, self._happened, Event.TOLD)

    def _tell_ready(self) -> None:
        cancel(self._ready_timer)
        self.ready_at = self._clock.seconds()
        self._events.child_ready(self)

    def _ask_to_drain(self) -> None:
        self._await_mercy()
        # Whether it has heard does not matter: it goes, or mercy ends.
        final = self.leaving is Leave.STOP
        self.control.drain(final).addErrback(lambda failure: None)

    def _await_mercy(self) -> None:
        self._mercy_timer = self._clock.callLater(self.mercy, self.mercy_over)

    def _kill_without_mercy(self) -> None:
        self._log.line(no_mercy(self.kind, self.index, self.pid))
        self._kill()

    def _kill(self) -> None:
        self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> None:
        assert self._process is not None
        try:
            self._process.signalProcess(number)
        except ProcessExitedAlready:
            pass

    def _ask_replacement(self) -> None:
        if self.leaving is None:
            self._events.child_asks_replacement(self)

    def _bury(self) -> None:
        for timer in (
            self._ready_timer,
            self._told_timer,
            self._mercy_timer,
            self._replace_timer,
        ):
            cancel(timer)
        self.control.close()
        if self.last_words is not None:
            self.last_words.close()
            self.last_words = None
        self._events.child_exited(self)


def cancel(timer: IDelayedCall | None) -> None:
    """Nothing, where there is none, or it has rung."""
    if timer is not None and timer.active():
        timer.cancel()


def transitions_table() -> str:
    """L{TRANSITIONS} as a Markdown table: a row for each state, a column for each event."""
    head = ["", *(event.value for event in Event)]
    lines = [head, ["---"] * len(head)]
    for state in State:
        row = [f"**{state.name.lower()}**: {state.value}"]
        for event in Event:
            after, action = TRANSITIONS.get((state, event), (None, ""))
            words = "" if after is None else after.name.lower()
            row.append(f"{words}: {action.replace('_', ' ')}" if action else words)
        lines.append(row)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


if __name__ == "__main__":
    print(transitions_table())
