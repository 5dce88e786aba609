"""Hands a worker and a frontend the ends of the links between them."""

from __future__ import annotations

import socket
from typing import Any, Protocol

from twisted.internet.defer import Deferred, DeferredList

from twsgi.master.control import Control


class Peer(Protocol):
    """One end's process, as far as a link goes."""

    @property
    def index(self) -> int:
        """By which people know it, from 1."""

    @property
    def place(self) -> int:
        """Its place on the scoreboard, from 1."""

    @property
    def control(self) -> Control:
        """How to speak to it."""


def link(worker: Peer, frontend: Peer, count: int) -> Deferred[Any]:
    """
    Makes C{count} links, one for each core of the worker.  The master's copies are closed when
    both sides have answered, or cannot any more: an end that nobody took is then closed for good,
    and the other side sees its end of file.

    @return: fires when no copy is left here; never fails.
    @raise OSError: no descriptors are left; none of them was made.
    """
    ends: list[tuple[socket.socket, socket.socket]] = []
    try:
        for _ in range(count):
            ends.append(socket.socketpair())
    except OSError:
        for to_worker, to_frontend in ends:
            to_worker.close()
            to_frontend.close()
        raise
    return DeferredList([_hand_over(worker, frontend, *pair) for pair in ends])


def _hand_over(
    worker: Peer, frontend: Peer, to_worker: socket.socket, to_frontend: socket.socket
) -> Deferred[Any]:
    handed: Deferred[Any] = DeferredList(
        [
            worker.control.add_link(frontend.index, frontend.place, to_worker.fileno()),
            frontend.control.add_link(worker.index, worker.place, to_frontend.fileno()),
        ],
        consumeErrors=True,
    )

    def close(result: object) -> object:
        to_worker.close()
        to_frontend.close()
        return result

    return handed.addCallback(close)
