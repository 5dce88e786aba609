"""Tests of L{twsgi.master.control} and L{twsgi.master.links}."""

from __future__ import annotations

import os
import socket
from typing import Any

from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IUNIXTransport
from twisted.internet.testing import StringTransport
from twisted.protocols.amp import AMP
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from tests.master.fakes import FakeControl
from twsgi.control.commands import (
    Accept,
    AddFrontendLink,
    AddWorkerLink,
    Condemn,
    Describe,
    Drain,
    Failed,
    LinkLost,
    Ping,
    Ready,
    Reconfigure,
    Replace,
    Sources,
    StopBegun,
)
from twsgi.control.launch import FRONTEND, WORKER
from twsgi.master.control import AMPControl, open_control
from twsgi.master.links import link


@implementer(IUNIXTransport)
class UNIXStringTransport(StringTransport):
    """Keeps the descriptors that are sent."""

    def __init__(self) -> None:
        super().__init__()
        self.descriptors: list[int] = []

    def sendFileDescriptor(self, descriptor: int) -> None:
        self.descriptors.append(descriptor)


class Child(AMP):
    """A child's end, which keeps what it hears."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[tuple[Any, ...]] = []

    @Drain.responder
    def _drain(self, final: bool) -> dict[str, Any]:
        self.heard.append(("drain", final))
        return {}

    @Accept.responder
    def _accept(self) -> dict[str, Any]:
        self.heard.append("accept")
        return {}

    @StopBegun.responder
    def _stop_begins(self) -> dict[str, Any]:
        self.heard.append("stop begins")
        return {}

    @Ping.responder
    def _ping(self) -> dict[str, Any]:
        self.heard.append("ping")
        return {}

    @Describe.responder
    def _describe(self, cores: list[int], since: list[int], everything: bool) -> dict[str, Any]:
        self.heard.append(("describe", cores, since, everything))
        return {"stacks": "in l\u00f6ng\n"}

    @Condemn.responder
    def _condemn(self, place: int, seconds: float, requests: list[int]) -> dict[str, Any]:
        self.heard.append(("condemn", place, seconds, requests))
        return {}

    @Reconfigure.responder
    def _reconfigure(self, launch: int) -> dict[str, Any]:
        self.heard.append(("reconfigure", launch))
        return {}

    @AddFrontendLink.responder
    def _frontend(self, frontend: int, link: int) -> dict[str, Any]:
        self.heard.append(("frontend", frontend, link))
        return {}

    @AddWorkerLink.responder
    def _worker(self, worker: int, place: int, link: int) -> dict[str, Any]:
        self.heard.append(("worker", worker, place, link))
        return {}


class Events:
    """Keeps what the child said."""

    def __init__(self) -> None:
        self.heard: list[Any] = []

    def said_ready(self, seconds: float) -> None:
        self.heard.append(("ready", seconds))

    def said_unfit(self, reason: str) -> None:
        self.heard.append(("unfit", reason))

    def said_replace(self) -> None:
        self.heard.append("replace")

    def said_link_lost(self, place: int) -> None:
        self.heard.append(("link lost", place))

    def said_sources(self, paths: list[str], changed: list[int], failed: bool) -> None:
        self.heard.append((paths, changed, failed))

    def control_lost(self) -> None:
        self.heard.append("lost")


class Stream:
    """A control stream in memory."""

    def __init__(self, kind: str) -> None:
        self.events = Events()
        self.control = AMPControl(kind, self.events)
        self.child = Child()
        self.to_child, self.to_master = UNIXStringTransport(), UNIXStringTransport()
        self.control.makeConnection(self.to_child)
        self.child.makeConnection(self.to_master)

    def flush(self) -> None:
        """Lets everything that was written arrive; a descriptor keeps its number."""
        while self.to_child.value() or self.to_master.value():
            for transport, receiver in (
                (self.to_child, self.child),
                (self.to_master, self.control),
            ):
                data = transport.value()
                transport.clear()
                for descriptor in transport.descriptors:
                    receiver.fileDescriptorReceived(descriptor)
                transport.descriptors.clear()
                receiver.dataReceived(data)


class AMPControlTests(SynchronousTestCase):
    """What is said, and heard."""

    def test_child_speaks(self) -> None:
        """Each command of a child is an event, and answered."""
        stream = Stream(WORKER)
        answers = [
            stream.child.callRemote(Ready, seconds=0.5),
            stream.child.callRemote(Failed, reason="no module"),
            stream.child.callRemote(Replace),
            stream.child.callRemote(LinkLost, place=3),
            stream.child.callRemote(Sources, paths=["/\xe9.py"], changed=[2**62], failed=True),
        ]
        stream.flush()
        self.assertEqual(
            stream.events.heard,
            [
                ("ready", 0.5),
                ("unfit", "no module"),
                "replace",
                ("link lost", 3),
                (["/\xe9.py"], [2**62], True),
            ],
        )
        for answer in answers:
            self.assertEqual(self.successResultOf(answer), {})

    def test_master_speaks(self) -> None:
        """A drain, and links, called by what is at their other end."""
        for kind, heard in [(WORKER, ("frontend", 3, 77)), (FRONTEND, ("worker", 3, 5, 77))]:
            stream = Stream(kind)
            answers = [stream.control.add_link(3, 5, 77), stream.control.drain(True)]
            stream.flush()
            self.assertEqual(stream.child.heard, [heard, ("drain", True)])
            for answer in answers:
                self.successResultOf(answer)

    def test_master_speaks_to_a_frontend(self) -> None:
        """A worker that is condemned, other settings, and that a stop has begun."""
        stream = Stream(FRONTEND)
        answers = [
            stream.control.condemn(5, 2.5, [7, 2**62]),
            stream.control.reconfigure(78),
            stream.control.stop_begins(),
            stream.control.accept(),
        ]
        stream.flush()
        self.assertEqual(
            stream.child.heard,
            [("condemn", 5, 2.5, [7, 2**62]), ("reconfigure", 78), "stop begins", "accept"],
        )
        for answer in answers:
            self.successResultOf(answer)

    def test_whole_seconds(self) -> None:
        """A number of seconds may be a whole one."""
        stream = Stream(FRONTEND)
        answer = stream.control.condemn(5, 2, [])
        stream.flush()
        self.assertEqual(stream.child.heard, [("condemn", 5, 2.0, [])])
        self.successResultOf(answer)

    def test_master_asks(self) -> None:
        """Whether it is there, and where its threads are."""
        stream = Stream(WORKER)
        pinged = stream.control.ping()
        described = stream.control.describe((0, 3), (2**63, 5), True)
        stream.flush()
        self.assertEqual(stream.child.heard, ["ping", ("describe", [0, 3], [2**63, 5], True)])
        self.successResultOf(pinged)
        self.assertEqual(self.successResultOf(described), "in l\u00f6ng\n")

    def test_end_of_stream(self) -> None:
        """The end is told once; what was asked fails, and so does what is asked later."""
        stream = Stream(WORKER)
        before = stream.control.drain(False)
        stream.control.connectionLost(Failure(ConnectionDone()))
        after = stream.control.add_link(1, 1, 77)
        self.assertEqual(stream.events.heard, ["lost"])
        self.failureResultOf(before, ConnectionDone)
        self.failureResultOf(after, ConnectionDone)
        self.assertEqual(stream.to_child.descriptors, [])
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_a_refusal_is_logged(self) -> None:
        """A child that does not know a command is a defect that the log shows."""
        stream = Stream(WORKER)
        stream.child = type("Mute", (AMP,), {})()
        stream.child.makeConnection(stream.to_master)
        refused: list[Failure] = []
        stream.control.drain(False).addErrback(refused.append)
        stream.flush()
        self.assertEqual(len(refused), 1)
        self.assertEqual(len(self.flushLoggedErrors()), 1)

    def test_open(self) -> None:
        """The reactor gets the master's end, non-blocking; the child's is the caller's."""
        adopted: list[tuple[int, int]] = []

        class Reactor:
            def adoptStreamConnection(self, fd: int, family: int, factory: Any) -> None:
                adopted.append((os.get_blocking(fd), family))
                self.protocol = factory.buildProtocol(None)

        reactor = Reactor()
        control, descriptor = open_control(reactor, WORKER, Events())  # type: ignore[arg-type]
        self.addCleanup(os.close, descriptor)
        self.assertEqual(adopted, [(False, socket.AF_UNIX)])
        self.assertIs(reactor.protocol, control)
        self.assertFalse(os.get_inheritable(descriptor))


class Peer:
    """One end's process."""

    def __init__(self, index: int, place: int) -> None:
        self.index = index
        self.place = place
        self.control = FakeControl()


class LinkTests(SynchronousTestCase):
    """Links between a worker and a frontend."""

    def setUp(self) -> None:
        self.worker, self.frontend = Peer(4, 9), Peer(2, 7)

    def is_open(self, descriptor: int) -> bool:
        try:
            os.fstat(descriptor)
        except OSError:
            return False
        return True

    def test_hand_over(self) -> None:
        """Each gets its ends of as many socketpairs as there are cores, with the other's index and
        place."""
        link(self.worker, self.frontend, 3)
        self.assertEqual(self.worker.control.peers(), [2, 2, 2])
        self.assertEqual(self.frontend.control.peers(), [4, 4, 4])
        self.assertEqual(self.worker.control.places, [7, 7, 7])
        self.assertEqual(self.frontend.control.places, [9, 9, 9])
        pairs = zip(self.worker.control.links, self.frontend.control.links, strict=True)
        for (_, one, _), (_, other, _) in pairs:
            os.write(one, b"request")
            self.assertEqual(os.read(other, 9), b"request")
            self.assertFalse(os.get_inheritable(one) or os.get_inheritable(other))
        self.answer_all()

    def answer_all(self) -> None:
        for peer in (self.worker, self.frontend):
            for _, _, answer in peer.control.links:
                answer.callback({})

    def test_closed_when_both_have_answered(self) -> None:
        """The master's copies stay open until the second answer, whatever that is."""
        done = link(self.worker, self.frontend, 1)
        (_, one, to_worker), (_, other, to_frontend) = (
            self.worker.control.links[0],
            self.frontend.control.links[0],
        )
        to_worker.callback({})
        self.assertTrue(self.is_open(one) and self.is_open(other))
        self.assertNoResult(done)
        to_frontend.errback(ConnectionLost())
        self.assertFalse(self.is_open(one) or self.is_open(other))
        self.successResultOf(done)
