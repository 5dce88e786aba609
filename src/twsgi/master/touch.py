"""L{Touch}: files whose time of change is a wish (uWSGI's C{touch-reload} and its kin)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

#: When a file was changed last: nanoseconds, None: it is not there.
LastChange = Callable[[str], int | None]


def last_change(path: str) -> int | None:
    """
    The time of the last change of what is at C{path}, links followed.

    @raise OSError: nobody can tell now.
    """
    try:
        return os.stat(path).st_mtime_ns
    except (FileNotFoundError, NotADirectoryError):
        return None


class Touch:
    """
    Files that stand for one wish.  A file that is changed is one, and so is one that appears; one
    that goes is none, for whoever replaces a file may take the old one away first.  It is heeded
    when it is found twice as it is: until then somebody may still be writing it.
    """

    def __init__(
        self,
        action: Callable[[str], None],
        when: LastChange = last_change,
    ) -> None:
        """
        @param action: what to do; it is told the file.  Once for all files that are touched
            between two looks.
        """
        self._action = action
        self._when = when
        #: An order, as it was given; what was seen last, None: nothing.
        self._seen: dict[str, int | None] = {}
        #: What has changed, and is to be seen so once more.
        self._fresh: dict[str, int] = {}

    def follow(self, paths: Iterable[str]) -> None:
        """
        From now on it is these files.  What is known of one stays known: it may be touched while
        the wish is carried out, and that is another.
        """
        self._seen = {
            path: self._seen[path] if path in self._seen else self._look_at(path, None)
            for path in paths
        }
        self._fresh = {path: now for path, now in self._fresh.items() if path in self._seen}

    @property
    def wanted(self) -> bool:
        """There are files."""
        return bool(self._seen)

    def look(self) -> None:
        """Looks at the files, and acts; reactor thread, four times a second."""
        settled = []
        for path, before in self._seen.items():
            now = self._look_at(path, before)
            self._seen[path] = now
            if now is None:
                self._fresh.pop(path, None)
            elif now != before:
                self._fresh[path] = now
            elif path in self._fresh:
                del self._fresh[path]
                settled.append(path)
        if settled:
            self._action(settled[0])

    def _look_at(self, path: str, before: int | None) -> int | None:
        """Where nobody can tell (a file server that does not answer), it is as it was."""
        try:
            return self._when(path)
        except (OSError, ValueError):
            return before
