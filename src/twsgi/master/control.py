"""The master's end of a child's control stream.

L{Control} is what the rest of the master sees of it, L{ControlEvents} what it hears from it;
L{AMPControl} is the real one, AMP over one end of a socketpair whose other end the child inherits.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import Any, Protocol

from twisted.internet.defer import Deferred, fail
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IAddress, IReactorSocket
from twisted.internet.protocol import ServerFactory, connectionDone
from twisted.logger import Logger
from twisted.protocols.amp import AMP, Command
from twisted.python.failure import Failure

from twsgi.control.commands import (
    Accept,
    AddFrontendLink,
    AddWorkerLink,
    Condemn,
    Describe,
    Drain,
    Failed,
    LinkLost,
    Ping,
    Ready,
    Reconfigure,
    Replace,
    Sources,
    StopBegun,
)
from twsgi.control.launch import WORKER


class ControlEvents(Protocol):
    """What a child says, or its silence.  Reactor thread."""

    def said_ready(self, seconds: float) -> None:
        """It can do its work; loading the application took C{seconds}."""

    def said_unfit(self, reason: str) -> None:
        """It cannot load the application."""

    def said_replace(self) -> None:
        """It was asked to leave, and asks for a replacement."""

    def said_sources(self, paths: Sequence[str], changed: Sequence[int], failed: bool) -> None:
        """See L{Sources}."""

    def said_link_lost(self, place: int) -> None:
        """A frontend has lost a link to the worker in C{place}."""

    def control_lost(self) -> None:
        """The stream is at its end.  Called once."""


class Control(Protocol):
    """What the master says to one child.  Reactor thread; no method raises."""

    def drain(self, final: bool) -> Deferred[Any]:
        """
        Finish and leave; fires when the child has heard it.

        @param final: see L{Drain}.
        """

    def add_link(self, peer: int, place: int, descriptor: int) -> Deferred[Any]:
        """
        Here is a link to worker or frontend C{peer} (from 1).

        @param place: the peer's.
        @param descriptor: stays the caller's, and open until the Deferred has fired.
        """

    def accept(self) -> Deferred[Any]:
        """Take over: accept connections; fires when the child does."""

    def stop_begins(self) -> Deferred[Any]:
        """A stop has begun; fires when the child has heard it."""

    def ping(self) -> Deferred[Any]:
        """Fires when the child answers."""

    def describe(
        self, cores: Sequence[int], since: Sequence[int], everything: bool
    ) -> Deferred[str]:
        """
        To a worker: where are these cores, if still in those requests?  See L{Describe}.

        @return: fires with lines; fails where the worker is gone.
        """

    def condemn(self, place: int, seconds: float, requests: Sequence[int]) -> Deferred[Any]:
        """
        To a frontend: the worker in C{place} is about to be killed for C{requests}, which have run
        for C{seconds}.  See L{Condemn}.

        @return: fires when those have their answer (504); it is not to be killed before, or they
            would be sent to others.  Fails where the frontend is gone.
        """

    def reconfigure(self, launch: int) -> Deferred[Any]:
        """
        To a frontend: other settings hold from now on.

        @param descriptor: of a file with its launch; stays the caller's, and open until the
            Deferred has fired: when they hold.
        """

    def close(self) -> None:
        """Ends the stream."""


class Unconnected:
    """L{Control} of a child that has none yet."""

    def drain(self, final: bool) -> Deferred[Any]:
        """Nobody hears it."""
        return Deferred()

    def add_link(self, peer: int, place: int, descriptor: int) -> Deferred[Any]:
        """Nobody takes it."""
        return Deferred()

    def accept(self) -> Deferred[Any]:
        """Nobody hears it."""
        return Deferred()

    def stop_begins(self) -> Deferred[Any]:
        """Nobody hears it."""
        return Deferred()

    def ping(self) -> Deferred[Any]:
        """Nobody hears it."""
        return Deferred()

    def describe(
        self, cores: Sequence[int], since: Sequence[int], everything: bool
    ) -> Deferred[str]:
        """Nobody answers."""
        return Deferred()

    def condemn(self, place: int, seconds: float, requests: Sequence[int]) -> Deferred[Any]:
        """Nobody hears it."""
        return Deferred()

    def reconfigure(self, launch: int) -> Deferred[Any]:
        """Nobody takes it."""
        return Deferred()

    def close(self) -> None:
        """There is nothing to close."""


class AMPControl(AMP):
    """L{Control} over AMP.  It knows the child's kind, for that decides what a link is called."""

    _log = Logger()

    def __init__(self, kind: str, events: ControlEvents) -> None:
        """C{events}: who hears what the child says."""
        super().__init__()
        self._kind = kind
        self._events = events
        self._alive = True

    def drain(self, final: bool) -> Deferred[Any]:
        """See L{Control}."""
        return self._ask(Drain, final=final)

    def add_link(self, peer: int, place: int, descriptor: int) -> Deferred[Any]:
        """See L{Control}."""
        if self._kind == WORKER:
            return self._ask(AddFrontendLink, frontend=peer, link=descriptor)
        return self._ask(AddWorkerLink, worker=peer, place=place, link=descriptor)

    def accept(self) -> Deferred[Any]:
        """See L{Control}."""
        return self._ask(Accept)

    def stop_begins(self) -> Deferred[Any]:
        """See L{Control}."""
        return self._ask(StopBegun)

    def ping(self) -> Deferred[Any]:
        """See L{Control}."""
        return self._ask(Ping)

    def describe(
        self, cores: Sequence[int], since: Sequence[int], everything: bool
    ) -> Deferred[str]:
        """See L{Control}."""
        asked = self._ask(Describe, cores=list(cores), since=list(since), everything=everything)
        return asked.addCallback(lambda answer: str(answer["stacks"]))

    def condemn(self, place: int, seconds: float, requests: Sequence[int]) -> Deferred[Any]:
        """See L{Control}."""
        return self._ask(Condemn, place=place, seconds=float(seconds), requests=list(requests))

    def reconfigure(self, descriptor: int) -> Deferred[Any]:
        """See L{Control}."""
        return self._ask(Reconfigure, launch=descriptor)

    def close(self) -> None:
        """See L{Control}."""
        if self.transport is not None:
            self.transport.loseConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The child is gone, or as good as gone."""
        super().connectionLost(reason)
        self._alive = False
        self._events.control_lost()

    @Ready.responder
    def _ready(self, seconds: float) -> dict[str, object]:
        self._events.said_ready(seconds)
        return {}

    @Failed.responder
    def _failed(self, reason: str) -> dict[str, object]:
        self._events.said_unfit(reason)
        return {}

    @Replace.responder
    def _replace(self) -> dict[str, object]:
        self._events.said_replace()
        return {}

    @Sources.responder
    def _sources(self, paths: list[str], changed: list[int], failed: bool) -> dict[str, object]:
        self._events.said_sources(paths, changed, failed)
        return {}

    @LinkLost.responder
    def _link_lost(self, place: int) -> dict[str, object]:
        self._events.said_link_lost(place)
        return {}

    def _ask(self, command: type[Command], **arguments: object) -> Deferred[Any]:
        # After the end of the stream Twisted would queue a descriptor that nobody ever sends.
        if not self._alive:
            return fail(ConnectionDone())
        asked: Deferred[Any] = self.callRemote(command, **arguments)
        return asked.addErrback(self._refused, command)

    def _refused(self, failure: Failure, command: type[Command]) -> Failure:
        """Whoever asked goes on without an answer; but what is no end of the stream is a defect."""
        if not failure.check(ConnectionDone, ConnectionLost):
            self._log.failure("{command} failed", failure, command=command.__name__)
        return failure


class _One(ServerFactory):
    """Builds the one protocol it was made with."""

    noisy = False

    def __init__(self, protocol: AMPControl) -> None:
        self._made = protocol

    def buildProtocol(self, addr: IAddress | None) -> AMPControl:
        return self._made


def open_control(
    reactor: IReactorSocket, kind: str, events: ControlEvents
) -> tuple[AMPControl, int]:
    """
    Makes a control stream.

    @return: the master's side, connected, and the descriptor of the child's end (close-on-exec;
        the caller's to inherit and to close).
    @raise OSError: no descriptors are left.
    """
    ours, theirs = socket.socketpair()
    with ours:
        ours.setblocking(False)
        control = AMPControl(kind, events)
        # Only a transport for AF_UNIX can send descriptors; it keeps a duplicate of this one.
        reactor.adoptStreamConnection(ours.fileno(), socket.AF_UNIX, _One(control))
    return control, theirs.detach()
