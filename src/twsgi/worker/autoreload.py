"""C{py-autoreload}: looks whether the files of what has been imported have changed."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping
from types import ModuleType

from twisted.internet.interfaces import IDelayedCall, IReactorTime

#: What is said of files: paths, and the time of the last change of each, in nanoseconds.
Changed = Callable[[list[str], list[int]], object]
#: A changed file is looked at once more after so many seconds: somebody may still be writing it.
SETTLE = 0.2
#: So many files, and so many bytes of their names, are told of at most: AMP's values are small.
MOST, LONGEST = 200, 40000


def last_change(path: str) -> int | None:
    """The time of the last change of a file; None: nobody can tell."""
    try:
        return os.stat(path).st_mtime_ns
    except (OSError, ValueError):
        return None


def module_files(
    ignored: Iterable[str] = (), modules: Mapping[str, ModuleType] | None = None
) -> dict[str, str]:
    """
    The source files of all modules: absolute path -> the module's name.

    @param ignored: the names of modules that are left out.
    """
    found: dict[str, str] = {}
    skip = frozenset(ignored)
    for name, module in list((sys.modules if modules is None else modules).items()):
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and name not in skip:
            path = os.path.abspath(file[:-1] if file.endswith(".pyc") else file)
            found.setdefault(path, name)
    return found


class ModuleWatch:
    """Looks at the files of all modules there are, from time to time.  Reactor thread."""

    def __init__(
        self,
        clock: IReactorTime,
        seconds: float,
        ignored: Iterable[str],
        changed: Changed,
        when: Callable[[str], int | None] = last_change,
    ) -> None:
        """
        @param seconds: between two looks.
        @param ignored: modules that are not looked at.
        @param changed: told of the files that have changed, once for each change.
        """
        self._clock = clock
        self._seconds = seconds
        self._ignored = frozenset(ignored)
        self._changed = changed
        self._when = when
        self._seen: dict[str, int | None] = {}
        self._fresh: dict[str, int] = {}
        self._call: IDelayedCall | None = None

    def start(self) -> None:
        """Begins; the files are as they are now."""
        self._look()

    def stop(self) -> None:
        """Looks no more."""
        if self._call is not None and self._call.active():
            self._call.cancel()

    def _look(self) -> None:
        for path in module_files(self._ignored):
            if path not in self._seen:
                self._seen[path] = self._when(path)
        settled = []
        for path, before in self._seen.items():
            now = self._when(path)
            if now is None:
                continue  # whoever replaces a file may take the old one away first
            if path in self._fresh and now == self._fresh[path]:
                settled.append(path)
            elif before is not None and now != before:
                self._fresh[path] = now
            self._seen[path] = now
        told = bounded(settled)
        times = [self._fresh[path] for path in told]
        for path in settled:
            del self._fresh[path]
        self._call = self._clock.callLater(SETTLE if self._fresh else self._seconds, self._look)
        if told:
            self._changed(told, times)


def bounded(paths: Iterable[str]) -> list[str]:
    """As many as can be told of, in their order."""
    told: list[str] = []
    size = 0
    for path in paths:
        try:
            size += len(path.encode()) + 2
        except UnicodeEncodeError:
            continue  # bytes that are no text
        if len(told) == MOST or size > LONGEST:
            break
        told.append(path)
    return told


def suspects(error: BaseException | None) -> tuple[list[str], list[int]]:
    """
    The files by a change of which an application might be loaded after all that could not be: those
    in the traceback of C{error}, and those among the modules that were changed last.
    """
    named = []
    while error is not None:
        if isinstance(error, SyntaxError) and error.filename:
            named.append(os.path.abspath(error.filename))
        named += [one.filename for one in traceback.extract_tb(error.__traceback__)]
        error = error.__cause__ or error.__context__
    times = {path: last_change(path) for path in (*named, *module_files())}
    known = {path: time for path, time in times.items() if time is not None}
    first = [path for path in dict.fromkeys(named) if path in known]
    rest = sorted(known.keys() - set(first), key=lambda path: -known[path])
    told = bounded([*first, *rest])
    return told, [known[path] for path in told]
