"""L{Looking}: the machine, as far as a lint may look at it."""

from __future__ import annotations

import grp
import os
import pwd
from collections.abc import Callable
from typing import Any

from twsgi.settings.outside import Machine

#: What stands for the output of a command that is not run; a number, and a name as well.
INSTEAD = b"1"


class Looking(Machine):
    """
    This machine: files are read, nothing is run, and it is known who is who.

    @ivar not_run: the commands that would have been.
    """

    def __init__(self) -> None:
        super().__init__()
        self.not_run: list[str] = []

    def run(self, command: str, limit: int) -> bytes:
        """L{INSTEAD}, and nothing is run."""
        self.not_run.append(command)
        return INSTEAD

    @property
    def root(self) -> bool:
        """Whoever asks is root."""
        return os.geteuid() == 0

    def has_user(self, name: str) -> bool:
        """True for a number, and for a name that the system knows."""
        return _known(pwd.getpwnam, name)

    def has_group(self, name: str) -> bool:
        """True for a number, and for a name that the system knows."""
        return _known(grp.getgrnam, name)


def _known(find: Callable[[str], Any], name: str) -> bool:
    if name.isdecimal():
        return True
    try:
        find(name)
    except (KeyError, ValueError):
        return False
    return True
