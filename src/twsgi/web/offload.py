"""L{Offload}: threads that do nothing but send files (uWSGI's C{offload-threads}).

Each has an epoll of its own and holds thousands of transfers at once.  A transfer owns a B{dup} of
the client's socket and of the file, so neither number can be reused under it, whatever the
reactor closes meanwhile.  Cutting a transfer is C{shutdown()} of the socket; its end is one call
into the reactor.
"""

from __future__ import annotations

import os
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from twsgi.web.threads import hand_to_reactor
from twsgi.web.untaken import untaken

#: Parts of files below this size are not worth a thread's turn.  Responses a second, by a thread
#: against by the reactor, to four clients on the same machine that read as fast as they can: 64 KiB
#: 0.6, 256 KiB 0.7, 512 KiB 0.9, 1 MiB 1.0, 4 MiB 1.3 (medians of three alternated rounds).
SMALLEST = 1024 * 1024
#: Bytes that one transfer may send before the others have their turn.
_SLICE = 1024 * 1024
#: Bytes that the kernel holds for a client beyond what is on the wire.
_UNSENT = 256 * 1024
#: Transfers that one turn looks at.
_AT_ONCE = 256
#: Seconds between two looks at the deadlines.
_SWEEP = 1.0


class Transfer:
    """
    One part of a file on its way to one socket.

    @ivar unsent: bytes that have not left yet.
    @ivar shrunk: the file has ended before its part did.
    @ivar moved: monotonic seconds at which something left, or was seen to have been taken, last.
    """

    __slots__ = ("_done", "_file", "_offset", "_socket", "_untaken", "moved", "shrunk", "unsent")

    def __init__(
        self, sock: int, file: int, offset: int, count: int, done: Callable[[], None]
    ) -> None:
        """
        @param sock: a socket's descriptor, and C{file} a file's; both are duplicated.
        @param done: called when it is over.
        @raise OSError: there are no descriptors left.
        """
        self._file = os.dup(file)
        try:
            self._socket = os.dup(sock)
        except OSError:
            os.close(self._file)
            raise
        _keep_little(self._socket)
        self._offset = offset
        self._done = done
        self.unsent = count
        self.shrunk = False
        self._untaken = untaken(self._socket)
        self.moved = time.monotonic()

    def fileno(self) -> int:
        """The socket's duplicate."""
        return self._socket

    def turn(self) -> bool:
        """
        Sends what the socket takes, up to a slice.

        @return: False when it is over: all sent, the client gone, or the file too short.
        """
        slice_left = _SLICE
        try:
            while self.unsent and slice_left:
                wanted = min(self.unsent, slice_left)
                sent = os.sendfile(self._socket, self._file, self._offset, wanted)
                if not sent:
                    self.shrunk = True
                    return False
                self._offset += sent
                self.unsent -= sent
                slice_left -= sent
                self.moved = time.monotonic()
        except BlockingIOError:
            return True
        except OSError:
            return False
        return self.unsent > 0

    def idle(self, now: float) -> float:
        """
        Seconds for which the client has taken nothing.  Also what it takes of what the kernel
        holds counts: until much of that is gone nothing leaves.  To be asked every now and then.
        """
        left = untaken(self._socket)
        if left != self._untaken:
            self._untaken, self.moved = left, now
        return now - self.moved

    def end(self, reactor: Any) -> None:
        """Closes what it owns, and says so, whatever the closing says.  Any thread, once."""
        for descriptor in (self._socket, self._file):
            with suppress(OSError):
                os.close(descriptor)
        hand_to_reactor(reactor, self._done)


def _keep_little(descriptor: int) -> None:
    """
    Has the kernel hold no more than L{_UNSENT} for a client that is slow, instead of some
    megabytes: those of a few hundred are all that it allows TCP as a whole, and then nobody is
    served well.
    """
    option = getattr(socket, "TCP_NOTSENT_LOWAT", None)
    if option is None:
        return
    sock = socket.socket(fileno=descriptor)
    try:
        if sock.family != socket.AF_UNIX:
            sock.setsockopt(socket.IPPROTO_TCP, option, _UNSENT)
    except OSError:
        pass  # as it is without
    finally:
        sock.detach()


class _Thread(threading.Thread):
    """One thread and its transfers."""

    def __init__(self, index: int, reactor: Any, timeout: float) -> None:
        super().__init__(name=f"uWSGI offload {index}", daemon=True)
        self._reactor = reactor
        self._timeout = timeout
        self._epoll = select.epoll()
        self._wake_read, self._wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._epoll.register(self._wake_read, select.EPOLLIN)
        self._arrivals: deque[Transfer] = deque()
        self._transfers: dict[int, Transfer] = {}
        self._stopped = False
        self._sweep_at = 0.0

    def add(self, transfer: Transfer) -> None:
        """Takes a transfer over.  Reactor thread."""
        if self._stopped:
            transfer.end(self._reactor)
            return
        self._arrivals.append(transfer)
        try:
            os.write(self._wake_write, b"!")
        except BlockingIOError:
            pass  # it is awake enough

    def stop(self) -> None:
        """Ends the thread; transfers under way are given up.  Reactor thread."""
        if not self._stopped:
            self._stopped = True
            os.close(self._wake_write)  # which wakes it

    def run(self) -> None:
        """Sends until it is stopped."""
        while not self._stopped:
            timeout = _SWEEP if self._transfers else -1
            for descriptor, _ in self._epoll.poll(timeout, _AT_ONCE):
                if descriptor == self._wake_read:
                    self._arrive()
                else:
                    self._turn(self._transfers[descriptor])
            self._sweep()
        self._give_up()

    def _turn(self, transfer: Transfer) -> None:
        try:
            goes_on = transfer.turn()
        except Exception:
            goes_on = False  # whatever it is, it is this one's alone
        if not goes_on:
            self._end(transfer)

    def _give_up(self) -> None:
        """All that it was given, seen or not; nothing comes after C{stop}."""
        while self._arrivals:
            self._arrivals.popleft().end(self._reactor)
        for transfer in list(self._transfers.values()):
            self._end(transfer)
        self._epoll.close()
        os.close(self._wake_read)

    def _arrive(self) -> None:
        try:
            os.read(self._wake_read, 4096)
        except BlockingIOError:
            pass
        while self._arrivals:
            transfer = self._arrivals.popleft()
            try:
                self._epoll.register(transfer.fileno(), select.EPOLLOUT)
            except Exception:
                # The kernel watches no more for this user, say; the others go on.
                transfer.end(self._reactor)
                continue
            self._transfers[transfer.fileno()] = transfer

    def _sweep(self) -> None:
        """Gives up on clients that read nothing."""
        now = time.monotonic()
        if now < self._sweep_at:
            return
        self._sweep_at = now + _SWEEP
        for transfer in [one for one in self._transfers.values() if one.idle(now) > self._timeout]:
            self._end(transfer)

    def _end(self, transfer: Transfer) -> None:
        del self._transfers[transfer.fileno()]
        with suppress(OSError):
            self._epoll.unregister(transfer.fileno())
        transfer.end(self._reactor)


def offloads(count: int) -> bool:
    """C{offload-threads = count} makes threads here: there must be an epoll."""
    return count > 0 and hasattr(select, "epoll")


def offload_threads(
    count: int, reactor: Any, timeout: float, who: str, log: Callable[[str], None]
) -> Offload | None:
    """
    C{count} offload threads of process C{who}, started; None where there are none, or no epoll.
    """
    if not offloads(count):
        return None
    offload = Offload(count, reactor, timeout)
    offload.start()
    log(f"spawned {count} offload threads for uWSGI {who}")
    return offload


class Offload:
    """
    The offload threads of one process.  Reactor thread.

    @ivar smallest: see L{SMALLEST}.
    """

    smallest = SMALLEST

    def __init__(self, count: int, reactor: Any, timeout: float) -> None:
        """
        @param timeout: seconds that a client may read nothing.
        """
        self._count = count
        self._reactor = reactor
        self._timeout = timeout
        self._threads: list[_Thread] = []
        self._next = 0

    def start(self) -> None:
        """Starts the threads."""
        self._threads = [
            _Thread(index, self._reactor, self._timeout) for index in range(self._count)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ends the threads, soon; transfers under way are given up, and so are later ones."""
        for thread in self._threads:
            thread.stop()

    def send(
        self, sock: int, file: int, offset: int, count: int, done: Callable[[], None]
    ) -> Transfer:
        """
        Sends a part of a file to a non-blocking socket; the descriptors stay the caller's, who
        may close them at once.

        @param done: called on the reactor thread when it is over, however it ended.
        @return: the transfer, to be looked at when it is over.
        @raise OSError: there are no descriptors left.
        """
        transfer = Transfer(sock, file, offset, count, done)
        thread = self._threads[self._next]
        self._next = (self._next + 1) % len(self._threads)
        thread.add(transfer)
        return transfer
