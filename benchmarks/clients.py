"""Clients of our own, where the order of the answers counts, and one request takes long anyway."""

from __future__ import annotations

import contextlib
import http.client
import statistics
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

_PATIENCE = 60.0


@dataclass(frozen=True)
class Exchange:
    """
    One request.

    @ivar sent, answered: when, in seconds of one clock.
    """

    sent: float
    answered: float

    @property
    def milliseconds(self) -> float:
        """How long it took."""
        return (self.answered - self.sent) * 1000


def crowd(port: int, clients: int, path: str, before: float, seconds: float) -> list[Exchange]:
    """
    Clients that each ask again as soon as they have an answer, on a connection of their own.

    @param before: seconds for which they ask before it counts, so that the queue is as long as it
        will be.
    @param seconds: how long it counts.
    @return: the requests that were answered within that time.
    @raise AssertionError: an answer that was none.
    """
    begin = time.monotonic() + before
    end = begin + seconds
    found: list[Exchange] = []
    failed: list[Exception] = []

    def ask_and_ask() -> None:
        try:
            with contextlib.closing(connection(port)) as connected:
                while time.monotonic() < end:
                    found.append(ask(connected, path))
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=ask_and_ask) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise AssertionError(f"{len(failed)} of {clients} clients failed: {failed[0]!r}")
    return [one for one in found if begin <= one.answered < end]


def connection(port: int) -> http.client.HTTPConnection:
    """A connection to the loopback interface, once it is used."""
    return http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE)


def ask(connected: http.client.HTTPConnection, path: str) -> Exchange:
    """
    One request.

    @raise AssertionError: the answer is not 200.
    """
    sent = time.monotonic()
    connected.request("GET", path)
    response = connected.getresponse()
    response.read()
    if response.status != 200:
        raise AssertionError(f"{path}: {response.status}")
    return Exchange(sent, time.monotonic())


def percentile(exchanges: Sequence[Exchange], part: int) -> float:
    """
    How many milliseconds so many of 100 requests took at most.

    @param exchanges: two at least.
    """
    took = [one.milliseconds for one in exchanges]
    return statistics.quantiles(took, n=100, method="inclusive")[part - 1]


def most_overtaken(exchanges: Sequence[Exchange]) -> int:
    """By how many requests that were sent later, and answered earlier, the worst was overtaken."""
    return max(
        sum(other.sent > one.sent and other.answered < one.answered for other in exchanges)
        for one in exchanges
    )
