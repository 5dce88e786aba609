"""L{Daemons}: all programs that run beside the workers, from the start to the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from twsgi.master.companion import Companion, Yard
from twsgi.master.smart import Smart
from twsgi.master.touch import Touch
from twsgi.settings.attached import Attached

#: Seconds that they have to end where C{reload-mercy} says nothing.
MERCY = 3.0


class Daemons:
    """
    Started before the workers, left when these are gone.  Reactor thread.
    """

    def __init__(self, yard: Yard, control_ended: Callable[[str], object]) -> None:
        """@param control_ended: told why everything shall stop."""
        self._yard = yard
        self._control_ended = control_ended
        self._all: list[Companion | Smart] = []
        self._touches: dict[Companion | Smart, Touch] = {}
        self._mercy = MERCY

    def begin(self, wanted: Sequence[Attached], mercy: float) -> None:
        """Starts all; C{mercy}: seconds that they will have to end, 0: three."""
        self._mercy = mercy or MERCY
        for attached in wanted:
            self._add(attached)

    def renew(self, wanted: Sequence[Attached], mercy: float) -> None:
        """
        Everything was reloaded: who is wanted still is started anew, so that it runs the code that
        the workers run; but those with a pidfile go on.
        """
        self._mercy = mercy or MERCY
        left = list(wanted)
        for one in list(self._all):
            if one.attached in left:
                left.remove(one.attached)
                self._renew(one)
            else:
                self._drop(one)
        for attached in left:
            self._add(attached)

    def end(self, gone: Callable[[], None]) -> None:
        """Has all end but those with a pidfile; C{gone} is called when they have.  Once."""
        waiting = [one for one in self._all if isinstance(one, Companion)]
        for one in self._all:
            if isinstance(one, Smart):
                one.notify(reload=False)
                one.forget()
        left = len(waiting)
        if not left:
            gone()
            return

        def one_gone() -> None:
            nonlocal left
            left -= 1
            if not left:
                gone()

        for one in waiting:
            one.end(self._mercy, one_gone)

    def kill(self) -> None:
        """Ends those at once that end with the master."""
        for one in self._all:
            if isinstance(one, Companion):
                one.kill()

    @property
    def wanted(self) -> bool:
        """There are files to be looked at (L{Looker <twsgi.master.watch.Looker>})."""
        return bool(self._touches)

    def look(self) -> None:
        """Looks whether one of their files was touched."""
        for touch in list(self._touches.values()):
            touch.look()

    def _add(self, attached: Attached) -> None:
        one: Companion | Smart
        if attached.pidfile:
            one = Smart(attached, self._yard)
        else:
            one = Companion(attached, self._yard, self._control_ended)
        self._all.append(one)
        if attached.touch:
            touch = Touch(lambda path: self._touched(one, path))
            touch.follow(attached.touch)
            self._touches[one] = touch
        one.begin()

    def _touched(self, one: Companion | Smart, path: str) -> None:
        self._yard.log.line(
            f'*** {path} has been touched... reloading daemon "{one.attached.command}"'
            f" (pid: {one.pid}) !!! ***"
        )
        one.renew(one.attached.stop_signal, self._mercy)

    def _renew(self, one: Companion | Smart) -> None:
        if isinstance(one, Smart):
            one.notify(reload=True)
        else:
            one.renew(one.attached.reload_signal or one.attached.stop_signal, self._mercy)

    def _drop(self, one: Companion | Smart) -> None:
        self._all.remove(one)
        self._touches.pop(one, None)
        if isinstance(one, Smart):
            one.forget()
        else:
            one.end(self._mercy, lambda: None)
