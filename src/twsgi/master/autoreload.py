"""L{AutoReload}: C{py-autoreload}: workers have found files changed, and all are replaced."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from twsgi.interfaces import ILineLog
from twsgi.master.touch import LastChange, last_change
from twsgi.master.words import modified


class AutoReload:
    """
    Hears of changed files, from every worker that has them, and reloads once.  What a generation
    was made of that could not be loaded is looked at here, for nobody who lives has it.  Reactor
    thread.
    """

    def __init__(
        self, log: ILineLog, reload: Callable[[], object], when: LastChange = last_change
    ) -> None:
        """@param reload: with the plan that is in force."""
        self._log = log
        self._reload = reload
        self._when = when
        #: When those files were changed for which there was a reload.
        self._heeded: dict[str, int] = {}
        #: Those of a generation that could not be loaded, as they were; and as they are now.
        self._suspects: dict[str, int] = {}
        self._fresh: dict[str, int] = {}

    @property
    def wanted(self) -> bool:
        """There are files to be looked at."""
        return bool(self._suspects)

    def sources(self, paths: Sequence[str], changed: Sequence[int], failed: bool) -> None:
        """See L{Sources <twsgi.control.commands.Sources>}."""
        times = dict(zip(paths, changed, strict=False))
        if failed:
            self._suspects = {**times, **self._suspects}
        else:
            self._modified(times)

    def forget(self) -> None:
        """Nobody who has failed is of interest any more."""
        self._suspects, self._fresh = {}, {}

    def look(self) -> None:
        """Looks at the files of those who have failed; four times a second."""
        settled = {}
        for path, before in self._suspects.items():
            try:
                now = self._when(path)
            except (OSError, ValueError):
                continue
            if now is None or now == before:
                self._fresh.pop(path, None)
            elif self._fresh.get(path) == now:
                settled[path] = now
            else:
                self._fresh[path] = now
        if settled:
            self._modified(settled)

    def _modified(self, times: dict[str, int]) -> None:
        new = {path: time for path, time in times.items() if self._heeded.get(path) != time}
        if not new:
            return
        self._heeded.update(new)
        self.forget()
        self._log.line(modified(next(iter(new))))
        self._reload()
