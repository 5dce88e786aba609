"""L{Slot}: a place for one child, which its children hold one after another."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from twsgi.interfaces import ILineLog, ISpawner
from twsgi.master.backoff import Backoff
from twsgi.master.child import Child, ChildEvents
from twsgi.master.control import Control, ControlEvents
from twsgi.master.inheritance import Inheritance
from twsgi.master.words import Leave, died, name, spawned, too_fast

#: Makes a control stream: (kind, who hears the child) -> (our side, the child's descriptor).
OpenControl = Callable[[str, ControlEvents], tuple[Control, int]]


@dataclass(frozen=True)
class Nursery:
    """
    All that it takes to have a child; the same for every place.

    @ivar mercy: seconds between the question to leave and SIGKILL.
    @ivar cores: how many cores a worker has.
    """

    clock: IReactorTime
    log: ILineLog
    spawner: ISpawner
    open_control: OpenControl
    inheritance: Inheritance
    events: ChildEvents
    mercy: float
    cores: int


class Slot:
    """
    One place, C{worker 1} say.  It outlives its children: it knows how the last ones ended, and
    how long it has to stay empty therefore.  Reactor thread.

    @ivar child: who holds it, None: nobody.
    """

    def __init__(self, kind: str, index: int, nursery: Nursery) -> None:
        """An empty place."""
        self.kind = kind
        self.index = index
        self.child: Child | None = None
        self._nursery = nursery
        self._backoff = Backoff()
        self._first = True
        self._respawn: IDelayedCall | None = None

    @property
    def free(self) -> bool:
        """Nobody holds it, and nobody is about to."""
        return self.child is None and self._respawn is None

    def fill(self) -> None:
        """Starts a child here; what became of it, L{ChildEvents} tell."""
        assert self.child is None, self.child
        self._respawn = None
        nursery = self._nursery
        self.child = child = Child(
            self.kind,
            self.index,
            clock=nursery.clock,
            log=nursery.log,
            mercy=nursery.mercy,
            events=nursery.events,
        )
        try:
            self._give_birth(child)
        except OSError as error:
            nursery.log.line(f"unable to spawn {name(self.kind, self.index)}: {error.strerror}")
            child.not_spawned()
            return
        nursery.log.line(spawned(self.kind, self.index, child.pid, nursery.cores, self._first))
        self._first = False

    def vacate(self, silent: bool = False) -> None:
        """Its child has exited: says so, unless C{silent}, and forgets it."""
        child, self.child = self.child, None
        if child is not None and child.death is not None and not silent:
            self._nursery.log.line("\n".join(died(child.death)))

    def refill(self, child: Child) -> None:
        """
        Starts the successor of C{child}: at once if that was asked to leave, else when the
        back-off allows.  After L{vacate}.
        """
        pause = 0.0 if child.leaving is Leave.REPLACE else self._backoff.died(child.lived)
        if pause:
            self._nursery.log.line(too_fast(name(self.kind, self.index), pause))
        # Never within the turn that reports a death: a failing spawn would recurse.
        self._respawn = self._nursery.clock.callLater(pause, self.fill)

    def abandon(self) -> None:
        """No successor will be started."""
        if self._respawn is not None:
            self._respawn.cancel()
            self._respawn = None

    def _give_birth(self, child: Child) -> None:
        """
        Makes the stream and the file that the child inherits, and its process.

        @raise OSError: it could not be started.
        """
        nursery = self._nursery
        child.control, stream = nursery.open_control(self.kind, child)
        launch = nursery.inheritance.launch(self.kind, self.index)
        # Ours must go: while a copy is open here, the child's death is no end of file.
        try:
            file = launch.write()
            try:
                descriptors = nursery.inheritance.descriptors(self.kind, stream, file)
                nursery.spawner.spawn(launch, child, descriptors)
            finally:
                os.close(file)
        finally:
            os.close(stream)
