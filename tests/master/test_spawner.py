"""Tests of L{twsgi.master.spawner} and L{twsgi.master.inheritance}."""

from __future__ import annotations

import os
import sys
from typing import Any

from twisted.internet.protocol import ProcessProtocol
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.master.fakes import FakeLog, loopback, make_plan
from twsgi.control.launch import (
    CONTROL_FD,
    FIRST_LISTENER_FD,
    FRONTEND,
    LAST_WORDS_FD,
    LAUNCH_FD,
    SCOREBOARD_FD,
    WORKER,
    InheritedListener,
)
from twsgi.control.listening import Listening
from twsgi.interfaces import ISpawner
from twsgi.master.inheritance import Inheritance
from twsgi.master.spawner import ReactorSpawner


class Reactor:
    """Keeps how a process was to be spawned."""

    def __init__(self) -> None:
        self.calls: list[tuple[tuple[Any, ...], dict[str, Any]]] = []

    def spawnProcess(self, *args: Any, **named: Any) -> str:
        self.calls.append((args, named))
        return "a process"


class InheritanceTests(SynchronousTestCase):
    """What a child is born with."""

    def setUp(self) -> None:
        listeners = (loopback("http"), loopback("http-socket"), loopback("http-socket"))
        self.listening = Listening(listeners, FakeLog(), 4096)
        self.listening.bind()
        self.addCleanup(self.listening.close)
        plan = make_plan(workers=2, frontends=1, listeners=listeners)
        self.inheritance = Inheritance(plan, self.listening.bound, 2)
        self.addCleanup(self.inheritance.close)
        self.plan = plan

    def test_listeners(self) -> None:
        """Frontends get what is C{http}, workers what is C{http-socket}, in the plan's order."""
        http, first, second = self.listening.bound
        for kind, expected in [(FRONTEND, [http]), (WORKER, [first, second])]:
            launch = self.inheritance.launch(kind, 1, 1, 0)
            self.assertEqual(
                launch.listeners,
                tuple(
                    InheritedListener(FIRST_LISTENER_FD + place, one.kind, str(one.address))
                    for place, one in enumerate(expected)
                ),
            )
            descriptors = self.inheritance.descriptors(kind, 50, 51, 52)
            for place, one in enumerate(expected):
                self.assertEqual(descriptors[FIRST_LISTENER_FD + place], one.socket.fileno())
            self.assertEqual(len(descriptors), 7 + len(expected))

    def test_descriptors(self) -> None:
        """Nothing to read from, the log to write to, then what the launch says."""
        descriptors = self.inheritance.descriptors(WORKER, 50, 51, 52)
        self.assertTrue(os.path.samestat(os.fstat(descriptors[0]), os.stat(os.devnull)))
        self.assertEqual((descriptors[1], descriptors[2]), (2, 2))
        self.assertEqual((descriptors[CONTROL_FD], descriptors[LAUNCH_FD]), (50, 51))
        self.assertEqual(descriptors[LAST_WORDS_FD], 52)
        self.assertEqual(descriptors[SCOREBOARD_FD], self.inheritance.scoreboard.descriptor)

    def test_nothing_leaks(self) -> None:
        """What the master holds is close-on-exec."""
        for number, descriptor in self.inheritance.descriptors(WORKER, 50, 51, 52).items():
            if number not in (1, 2, CONTROL_FD, LAUNCH_FD, LAST_WORDS_FD):
                self.assertFalse(os.get_inheritable(descriptor), number)

    def test_launch(self) -> None:
        """A child is told its place, the scoreboard's sizes, the first listening socket's port."""
        launch = self.inheritance.launch(WORKER, 2, 5, 7)
        self.assertEqual((launch.kind, launch.index), (WORKER, 2))
        self.assertEqual((launch.place, launch.requests_before), (5, 7))
        self.assertEqual((launch.places, launch.cores, launch.frontends), (256, 256, 64))
        self.assertTrue(launch.multiprocess)
        self.assertEqual(launch.server_port, self.listening.bound[0].address.port)


class ReactorSpawnerTests(SynchronousTestCase):
    """What Twisted is asked for."""

    def test_call(self) -> None:
        """
        This interpreter, the environment whole, the descriptors; no path, uid or gid, for they
        would make Twisted fork.
        """
        reactor = Reactor()
        plan = make_plan(frontends=0)
        inheritance = Inheritance(plan, (), 2)
        self.addCleanup(inheritance.close)
        spawner = ReactorSpawner(reactor, {"A": "b"})  # type: ignore[arg-type]
        self.assertTrue(verifyObject(ISpawner, spawner))
        launch, protocol = inheritance.launch(WORKER, 1, 1, 0), ProcessProtocol()
        self.assertEqual(spawner.spawn(launch, protocol, {0: 9}), "a process")
        self.assertEqual(
            reactor.calls,
            [
                (
                    (protocol, sys.executable, launch.arguments()),
                    {"env": {"A": "b"}, "childFDs": {0: 9}},
                )
            ],
        )
