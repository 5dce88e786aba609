"""L{LoggerLog}: the container's lines as events of L{twisted.logger}, for a host with a log."""

from __future__ import annotations

from twisted.logger import Logger
from zope.interface import implementer

from twsgi.interfaces import ILineLog


@implementer(ILineLog)
class LoggerLog:
    """Passes each line on to a L{Logger}, at level C{info}.  Any thread."""

    def __init__(self, logger: Logger | None = None) -> None:
        """C{logger}: by default one of namespace C{twsgi}."""
        self._logger = logger if logger is not None else Logger(namespace="twsgi")

    def line(self, text: str) -> None:
        """Logs one line."""
        self._logger.info("{line}", line=text)

    def write(self, data: bytes) -> None:
        """Logs whole lines, each as an event of its own."""
        for line in data.decode("utf-8", "backslashreplace").splitlines():
            self.line(line)
