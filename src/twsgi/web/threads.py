"""The one place where another thread calls into the reactor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IReactorFromThreads


def hand_to_reactor(reactor: IReactorFromThreads, call: Callable[..., Any], *args: Any) -> None:
    """Has C{call(*args)} run on the reactor thread, soon.  Any thread; never waits for it."""
    reactor.callFromThread(call, *args)
