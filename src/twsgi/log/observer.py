"""What is said through L{twisted.logger} (Twisted's own words, tracebacks), as lines of the log."""

from __future__ import annotations

from twisted.logger import (
    ILogObserver,
    LogEvent,
    LogLevel,
    eventAsText,
    globalLogBeginner,
)
from zope.interface import implementer

from twsgi.interfaces import ILineLog

#: What was printed, by C{print} under a runner that takes C{sys.stdout}: passed on as it is.
_PRINTED = frozenset({"stdout", "stderr"})


@implementer(ILogObserver)
class SinkObserver:
    """
    Writes every event from C{info} up, Twisted's own from C{warn} up, to one log, in Twisted's
    format (time, who, level), the traceback whole, in a single write.  Any thread.
    """

    def __init__(self, sink: ILineLog) -> None:
        self._sink = sink

    def __call__(self, event: LogEvent) -> None:
        """Writes one event."""
        namespace = event.get("log_namespace", "")
        # Connections made and lost, main loops, factories: of no use to an operator.
        least = LogLevel.warn if namespace.startswith("twisted.") else LogLevel.info
        if event.get("log_level", LogLevel.info) < least:
            return
        printed = namespace in _PRINTED
        text = eventAsText(event, includeTimestamp=not printed, includeSystem=not printed)
        if text:
            self._sink.line(text.rstrip("\n"))


def start_logging(sink: ILineLog) -> None:
    """
    From now on, what this process says through L{twisted.logger} goes to C{sink}.  C{sys.stdout}
    and C{sys.stderr} stay what they are: an application wants real files.
    """
    globalLogBeginner.beginLoggingTo([SinkObserver(sink)], redirectStandardIO=False)
