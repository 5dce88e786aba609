"""Signals of a process that is ours: a name and a call in the reactor's thread for each."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

#: These end the service: the first gracefully, the second at once.
ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)
#: This has it reload.
RELOADING = (signal.SIGHUP,)
#: These have no meaning yet, but must not end the process, which is what the system would do.
WITHOUT_EFFECT = (signal.SIGUSR1, signal.SIGUSR2)


def install_signals(
    reactor: Any,
    end: Callable[[str], None],
    reload: Callable[[str], None],
    ignore: Callable[[str], None],
    set_signal: Callable[[int, Any], Any] = signal.signal,
) -> None:
    """
    Takes over all signals that are the operator's.  C{end}, C{reload} and C{ignore} are
    called in the reactor thread with the signal's name.  Main thread; entry points only.

    To be called again when the reactor runs: Twisted sets SIGTERM as it starts, and twistd
    SIGUSR1 before that.
    """

    def caller(action: Callable[[str], None]) -> Callable[[int, Any], None]:
        def received(number: int, frame: Any) -> None:
            reactor.callFromThread(action, signal.Signals(number).name)

        return received

    for numbers, action in ((ENDING, end), (RELOADING, reload), (WITHOUT_EFFECT, ignore)):
        for number in numbers:
            set_signal(number, caller(action))
