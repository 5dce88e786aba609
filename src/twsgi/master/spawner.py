"""L{ReactorSpawner}: starts the children by C{reactor.spawnProcess}; L{ProgramSpawner}: others."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence

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


class ProgramSpawner:
    """
    Starts programs that are not ours by C{reactor.spawnProcess}.  As L{ReactorSpawner}: nothing
    that would have Twisted fork this process.  Their output is the log's.
    """

    def __init__(
        self, reactor: IReactorProcess, environment: Mapping[str, str], log_descriptor: int
    ) -> None:
        """
        @param environment: the programs', whole.
        @param log_descriptor: stays the caller's.
        """
        self._reactor = reactor
        self._environment = environment
        self._log_descriptor = log_descriptor

    def spawn(
        self, arguments: Sequence[str], protocol: IProcessProtocol, stdin: bool = False
    ) -> IProcessTransport:
        """
        Starts one.

        @param stdin: it has this process's standard input, else none.
        @raise OSError: it could not be started.
        """
        null = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return self._reactor.spawnProcess(
                protocol,
                arguments[0],
                list(arguments),
                env=dict(self._environment),
                childFDs={
                    0: 0 if stdin else null,
                    1: self._log_descriptor,
                    2: self._log_descriptor,
                },
            )
        finally:
            os.close(null)
