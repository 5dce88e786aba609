"""L{ReactorSpawner}: starts the children by C{reactor.spawnProcess}."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from twisted.internet.interfaces import IProcessProtocol, IProcessTransport, IReactorProcess
from zope.interface import implementer

from twsgi.control.launch import Launch
from twsgi.interfaces import ISpawner


@implementer(ISpawner)
class ReactorSpawner:
    """
    No shell, no C{path=}, no C{uid=}: each of these would make Twisted fork this process instead
    of using C{posix_spawn}.  No pipes either: a grandchild that keeps one open would hide a death.
    """

    def __init__(self, reactor: IReactorProcess, environment: Mapping[str, str]) -> None:
        """C{environment}: the children's, whole; nothing of this process's is added."""
        self._reactor = reactor
        self._environment = environment

    def spawn(
        self, launch: Launch, protocol: IProcessProtocol, descriptors: dict[int, int]
    ) -> IProcessTransport:
        """See L{ISpawner}.  What is in C{descriptors} stays the caller's."""
        return self._reactor.spawnProcess(
            protocol,
            sys.executable,
            launch.arguments(),
            env=dict(self._environment),
            childFDs=descriptors,
        )
