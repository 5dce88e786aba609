"""L{Slot}: one index, and the children that have it one after another."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from twsgi.control.launch import FRONTEND
from twsgi.interfaces import ILineLog, ISpawner
from twsgi.master.backoff import Backoff
from twsgi.master.child import Child, ChildEvents
from twsgi.master.control import Control, ControlEvents
from twsgi.master.inheritance import Inheritance
from twsgi.master.lastwords import LastWords
from twsgi.master.words import Leave, died, name, spawned, too_fast

#: Makes a control stream: (kind, who hears the child) -> (our side, the child's descriptor).
OpenControl = Callable[[str, ControlEvents], tuple[Control, int]]


@dataclass(frozen=True)
class Nursery:
    """
    All that it takes to have a child; the same for all of a plan.

    @ivar mercy: seconds between the question to leave and SIGKILL.
    @ivar ready_within: seconds in which a child must be ready, 0: any time.
    @ivar cores: how many cores a worker has.
    """

    clock: IReactorTime
    log: ILineLog
    spawner: ISpawner
    open_control: OpenControl
    inheritance: Inheritance
    events: ChildEvents
    mercy: float
    ready_within: float
    cores: int


class Slot:
    """
    One index, C{worker 1} say.  It outlives its children: it knows how the last ones ended, and
    how long it has to stay empty therefore.  Two processes may be worker 1 for a while: the one
    that serves and the one that will, or the one that serves and one that has yet to finish.
    Reactor thread.

    @ivar child: who serves, or will; None: nobody.
    @ivar successor: who shall take over, and is not ready, or has to wait; None: nobody.
    @ivar leaving: those who no longer count, and are not gone yet.
    @ivar nursery: what the next children are had with.
    """

    def __init__(self, kind: str, index: int, nursery: Nursery) -> None:
        """Nobody is there."""
        self.kind = kind
        self.index = index
        self.nursery = nursery
        self.child: Child | None = None
        self.successor: Child | None = None
        self.leaving: list[Child] = []
        self._heir: Nursery | None = None
        self._backoff = Backoff()
        self._first = True
        self._served = 0
        self._respawn: IDelayedCall | None = None

    @property
    def used(self) -> bool:
        """Somebody serves, or is about to."""
        return self.child is not None or self._respawn is not None

    @property
    def free(self) -> bool:
        """Nobody is, or is about to."""
        return not self.used and self.successor is None

    def children(self) -> list[Child]:
        """All its processes."""
        held = [one for one in (self.child, self.successor) if one is not None]
        return held + self.leaving

    def linkable(self) -> list[Child]:
        """
        Those that can take links: of workers who serves; of frontends those too that have yet to
        finish, for what waits in them needs workers.
        """
        leaving = self.leaving if self.kind == FRONTEND else []
        held = [] if self.child is None else [self.child]
        return [child for child in held + leaving if child.linkable]

    def fill(self) -> None:
        """Starts a child; what became of it, L{ChildEvents} tell."""
        assert self.child is None, self.child
        self._respawn = None
        self.child = self._child(self.nursery)
        self._begin(self.child, self.nursery)

    def succeed(self, nursery: Nursery | None = None) -> None:
        """
        Starts a successor, who has to load the application, whatever C{need-app} says; what became
        of it, L{ChildEvents} tell.

        @param nursery: of it and of those who come after it, if it takes over; None: the same.
        """
        assert self.successor is None, self.successor
        self._heir = nursery or self.nursery
        self.successor = self._child(self._heir)
        self._begin(self.successor, self._heir)

    def take_over(self) -> Child | None:
        """The successor serves from now on.  @return: who did before; he leaves, and is to go."""
        old = self.child
        if old is not None:
            self.leaving.append(old)
        self.abandon()
        self.child, self.successor = self.successor, None
        if self._heir is not None and self._heir is not self.nursery:
            # Another plan: what the last ones died of says nothing about it.
            self.nursery, self._backoff = self._heir, Backoff()
        self._heir = None
        return old

    def dismiss(self) -> None:
        """The successor shall not take over after all."""
        child, self.successor = self.successor, None
        if child is not None:
            self.leaving.append(child)
            child.leave(Leave.UNNEEDED)

    def step_aside(self) -> None:
        """Who serves no longer counts; he is to be asked to go."""
        if self.child is not None:
            self.leaving.append(self.child)
            self.child = None

    def retire(self) -> None:
        """Nobody shall be here any more."""
        self.abandon()
        self.dismiss()
        self.step_aside()
        for child in list(self.leaving):
            child.leave(Leave.RELOAD)

    def launch(self, child: Child) -> int:
        """
        What C{child} would be told if it were started now, in a file.

        @return: its descriptor; the caller's to close.
        """
        launch = self.nursery.inheritance.launch(self.kind, self.index, child.place, 0)
        return launch.write()

    def vacate(self, child: Child, silent: bool = False) -> None:
        """
        C{child} has exited: says so, unless C{silent}, and forgets it.  Its last words are told in
        any case.
        """
        if child is self.child:
            self.child = None
        elif child is self.successor:
            self.successor = None
        else:
            self.leaving.remove(child)
        places = self.nursery.inheritance.places
        self._served += places.served(self.kind, child.place)
        places.release(self.kind, child.place)
        lines = [] if child.death is None else died(child.death, silent)
        if lines:
            self.nursery.log.line("\n".join(lines))

    def refill(self, child: Child) -> None:
        """
        Starts another after C{child}: at once if that was asked to leave, else when the back-off
        allows.  After L{vacate}.
        """
        pause = 0.0 if child.leaving is Leave.REPLACE else self._backoff.died(child.lived)
        if pause:
            self.nursery.log.line(too_fast(name(self.kind, self.index), pause))
        # Never within the turn that reports a death: a failing spawn would recurse.
        self._respawn = self.nursery.clock.callLater(pause, self.fill)

    def abandon(self) -> None:
        """Nobody will be started who was to be."""
        if self._respawn is not None:
            self._respawn.cancel()
            self._respawn = None

    def _child(self, nursery: Nursery) -> Child:
        return Child(
            self.kind,
            self.index,
            clock=nursery.clock,
            log=nursery.log,
            mercy=nursery.mercy,
            events=nursery.events,
            ready_within=nursery.ready_within,
        )

    def _begin(self, child: Child, nursery: Nursery) -> None:
        try:
            self._give_birth(child, nursery)
        except OSError as error:
            nursery.log.line(f"unable to spawn {name(self.kind, self.index)}: {error.strerror}")
            child.not_spawned()
            return
        nursery.log.line(spawned(self.kind, self.index, child.pid, nursery.cores, self._first))
        self._first = False

    def _give_birth(self, child: Child, nursery: Nursery) -> None:
        """
        Makes the stream and the file that the child inherits, and its process.

        @raise OSError: it could not be started.
        """
        inheritance = nursery.inheritance
        before = self._served + sum(
            inheritance.places.served(self.kind, one.place) for one in self.children()
        )
        child.last_words = words = LastWords()
        child.cores = nursery.cores
        child.place = inheritance.places.take(self.kind, self.index, nursery.cores)
        child.control, stream = nursery.open_control(self.kind, child)
        successor = child is self.successor
        launch = inheritance.launch(
            self.kind, self.index, child.place, before, successor, self._first
        )
        child.waits = launch.waits
        # Ours must go: while a copy is open here, the child's death is no end of file.
        try:
            file = launch.write()
            try:
                descriptors = inheritance.descriptors(self.kind, stream, file, words.descriptor)
                nursery.spawner.spawn(launch, child, descriptors)
            finally:
                os.close(file)
        finally:
            os.close(stream)
