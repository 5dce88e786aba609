"""L{HostedOwner}: whom the executor of a Plan asks for what is not its own to do."""

from __future__ import annotations

from typing import Any

from zope.interface import implementer

from twsgi.interfaces import ILineLog, IOwner


@implementer(IOwner)
class HostedOwner:
    """
    A container's in somebody else's process: it may be stopped, the process never.  Reactor
    thread.
    """

    def __init__(self, container: Any, log: ILineLog) -> None:
        self._container = container
        self._log = log

    def finish(self, at_once: bool) -> None:
        """See L{IOwner}."""
        self._container.stopService()
        if at_once:
            self._container.stop_now()

    def write_pidfiles(self) -> None:
        """See L{IOwner}."""
        self._log.line("pidfile: not written, for an embedded container has no process")
