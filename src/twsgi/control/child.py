"""What every child process does, whatever its kind: its beginning, its control link, its end."""

from __future__ import annotations

import atexit
import faulthandler
import os
import select
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Protocol

from twisted.internet.protocol import Factory, connectionDone
from twisted.python.failure import Failure

from twsgi.control.commands import Accept, Drain, Ping, Replace, StopBegun
from twsgi.control.launch import CONTROL_FD, LAST_WORDS_FD, Launch, forbid_inheritance
from twsgi.control.privileges import settle
from twsgi.control.quiet import QuietAMP
from twsgi.control.resources import take_priority
from twsgi.control.title import set_process_title, title_of
from twsgi.errors import UserError
from twsgi.interfaces import ILineLog
from twsgi.log.observer import start_logging
from twsgi.log.sink import LogSink

#: Signals that mean nothing to a child.
_MASTERS = (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1)
#: Milliseconds between two looks whether L{leaving_if_orphaned} is over.
_LOOK = 500
#: Where the log is, whatever the application makes of C{sys.stderr}.
_LOG_FD = 2


def begin() -> tuple[Launch, LogSink]:
    """
    A child's first steps: closes what it inherited to its own children, reads what it is to do,
    takes its name, opens its log, and sees to its last words.
    """
    forbid_inheritance()
    launch = Launch.read()
    title = title_of(launch.settings, f"{launch.kind} {launch.index}")
    if title:
        set_process_title(title)
    sink = LogSink(2)
    start_logging(sink)
    leave_last_words()
    return launch, sink


def leave_last_words(descriptor: int = LAST_WORDS_FD) -> None:
    """
    From now on a crash leaves the stacks of all threads where the master finds them; so does
    SIGUSR2, whoever holds the interpreter's lock.
    """
    faulthandler.enable(descriptor)
    faulthandler.register(signal.SIGUSR2, descriptor)
    # What the application forks is not the one whose end the master reports.
    os.register_at_fork(after_in_child=partial(faulthandler.enable, _LOG_FD))


def enter(launch: Launch, log: ILineLog) -> None:
    """
    Goes where it is to work, as whom it is to work; after all that is not the application's has
    been imported, for it may lie outside of C{chroot}.  Where that is refused the process ends: to
    go on with more privileges than were asked for is no service.
    """
    try:
        take_priority(launch.settings)
        settle(launch.settings, launch.directory, log)
    except UserError as error:
        log.line(f"twsgi: {error}")
        end(error.exit_code)


class ChildProcess(Protocol):
    """What a master may ask of any child, and its end.  Reactor thread."""

    def accept(self) -> None:
        """See L{Accept}."""

    def stop_begins(self) -> None:
        """See L{StopBegun}."""

    def drain(self, final: bool) -> None:
        """See L{Drain}."""

    def master_gone(self) -> None:
        """The master is gone.  Called once."""


class ControlLink(QuietAMP):
    """
    A child's end of the link to the master: asks C{child} what the master asks.  What only one
    kind of child is asked is answered by a subclass.
    """

    def __init__(self, child: ChildProcess, reactor: Any) -> None:
        super().__init__()
        self._child = child
        self._reactor = reactor

    @Accept.responder
    def _accept(self) -> dict[str, Any]:
        self._child.accept()
        return {}

    @StopBegun.responder
    def _stop_begins(self) -> dict[str, Any]:
        self._child.stop_begins()
        return {}

    @Ping.responder
    def _ping(self) -> dict[str, Any]:
        return {}

    @Drain.responder
    def _drain(self, final: bool) -> dict[str, Any]:
        # Not before the answer is on its way.
        self._reactor.callLater(0, self._child.drain, final)
        return {}

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """C{IProtocol}."""
        super().connectionLost(reason)
        self._child.master_gone()


class _OneLink(Factory):
    """Gives the one connection there is its protocol."""

    noisy = False

    def __init__(self, link: ControlLink) -> None:
        self._link = link

    def buildProtocol(self, address: Any) -> ControlLink:
        return self._link


def connect(reactor: Any, link: ControlLink) -> None:
    """Connects C{link} to the master; commands may be sent on it at once."""
    reactor.adoptStreamConnection(CONTROL_FD, socket.AF_UNIX, _OneLink(link))
    os.close(CONTROL_FD)  # the reactor has made itself a copy


@contextmanager
def leaving_if_orphaned(
    say: Callable[[], None], leave: Callable[[int], None] = os._exit
) -> Iterator[None]:
    """
    While the body runs, in the reactor's thread and for as long as it likes, the end of the master
    ends the process: nobody reads the control link meanwhile.  To be entered before L{connect}.

    @param say: called before the end, in a thread of its own.
    @param leave: ends the process, with the code it is given; likewise.
    """
    over = threading.Event()
    descriptor = os.dup(CONTROL_FD)  # the thread's

    def watch() -> None:
        poll = select.poll()
        poll.register(descriptor, 0)  # the other end is gone: that is told unasked
        try:
            while not over.is_set():
                if poll.poll(_LOOK):
                    if not over.is_set():
                        say()
                        leave(1)
                    return
        finally:
            os.close(descriptor)

    threading.Thread(target=watch, name="uWSGI orphan", daemon=True).start()
    try:
        yield
    finally:
        over.set()  # not joined: the worker would be ready that much later


def leave_signals_to_master(reactor: Any, link: ControlLink) -> None:
    """
    Ctrl-C and service managers signal the whole group; the control link decides.  TERM, meant for
    this process alone, asks the master for a replacement.

    The handlers do nothing rather than being SIG_IGN, which the application's own children would
    inherit.
    """

    def nothing(number: int, frame: object) -> None:
        pass

    def replace(number: int, frame: object) -> None:
        reactor.callFromThread(lambda: link.callRemote(Replace).addErrback(lambda _: None))

    for number in _MASTERS:
        signal.signal(number, nothing)
    signal.signal(signal.SIGTERM, replace)


def leave_within(seconds: float) -> None:
    """
    The process ends after C{seconds}, with its threads' stacks in the log, unless it has ended by
    itself before: even while some extension holds the GIL.
    """
    faulthandler.enable(_LOG_FD)  # nobody reads the last words any more
    faulthandler.dump_traceback_later(max(seconds, 1), exit=True, file=_LOG_FD)


def end(code: int) -> None:
    """
    Ends the process: exit functions run, output is flushed, but nobody waits for threads that the
    application left behind.
    """
    try:
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
    finally:
        os._exit(code)
