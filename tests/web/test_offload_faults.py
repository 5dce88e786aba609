"""L{twsgi.web.offload}: what goes wrong with one transfer, and who is slow and who is gone."""

from __future__ import annotations

import errno
import os
import time
from unittest import mock

from tests.descriptors import open_descriptors
from tests.web.offloading import SOON
from tests.web.test_offload import CONTENT, SIZE, OffloadCase
from twsgi.web import offload as module
from twsgi.web.offload import Transfer, _Thread

NO_WATCH = OSError(errno.ENOSPC, "No space left on device")


class FaultCase(OffloadCase):
    """Transfers, each with its client."""

    def transfer(self, name: int, sock: int, count: int = SIZE) -> Transfer:
        """A transfer that tells its end."""
        return Transfer(sock, self.file.fileno(), 0, count, lambda: self.over.append(name))


class OneAloneTests(FaultCase):
    """A fault ends the transfer that has it; its thread serves the others."""

    def one_fails(self, method: str, fault: Exception) -> None:
        """The first call of C{method} fails; the second client still has its file."""
        offload = self.offload()
        bad, good = self.pair(), self.pair()
        real = getattr(Transfer, method)
        failed: list[Transfer] = []

        def call(transfer: Transfer) -> object:
            if not failed or failed[0] is transfer:
                failed.append(transfer)
                raise fault
            return real(transfer)

        with mock.patch.object(Transfer, method, call):
            for name, (ours, _) in enumerate((bad, good)):
                offload.send(
                    ours.fileno(),
                    self.file.fileno(),
                    0,
                    SIZE,
                    lambda name=name: self.over.append(name),  # type: ignore[misc]
                )
                if name == 0:
                    self.reactor.await_thread()
            self.assertEqual(self.over, [0])
            self.assertTrue(self.read(good[1], SIZE) == CONTENT)
            self.reactor.await_thread()
        self.assertEqual(self.over, [0, 1])
        self.assertTrue(offload._threads[0].is_alive())

    def test_turn(self) -> None:
        """One whose turn raises what nobody foresaw."""
        self.one_fails("turn", ValueError("unforeseen"))

    def stepped(self) -> _Thread:
        """A thread that does not run, its epoll one that can be told to fail."""
        thread = _Thread(0, self.reactor, 60)
        self.addCleanup(os.close, thread._wake_read)
        self.addCleanup(thread.stop)
        thread._epoll.close()
        thread._epoll = mock.Mock()
        return thread

    def test_register(self) -> None:
        """One that cannot be watched, whatever the reason; the next one is."""
        thread = self.stepped()
        ours, _ = self.pair()
        for fault in (NO_WATCH, MemoryError()):
            thread._epoll.register.side_effect = [fault, None]
            thread.add(self.transfer(0, ours.fileno()))
            thread.add(self.transfer(1, ours.fileno()))
            thread._arrive()
            self.reactor.turn()
            self.assertEqual((self.over, len(thread._transfers)), ([0], 1))
            self.over.clear()
            thread._end(next(iter(thread._transfers.values())))
            self.reactor.turn()
            self.over.clear()

    def test_unregister(self) -> None:
        """One that the kernel does not know any more is ended all the same."""
        thread = self.stepped()
        thread._epoll.unregister.side_effect = FileNotFoundError()
        ours, _ = self.pair()
        before = open_descriptors()
        transfer = self.transfer(0, ours.fileno())
        thread.add(transfer)
        thread._arrive()
        thread._end(transfer)
        self.reactor.turn()
        self.assertEqual((self.over, thread._transfers), ([0], {}))
        self.assertEqual(open_descriptors(), before)

    def test_close_fails(self) -> None:
        """An error of a close hides neither the other close nor the end."""
        ours, _ = self.pair()
        transfer = self.transfer(0, ours.fileno())
        real, closed = os.close, []

        def close(descriptor: int) -> None:
            closed.append(descriptor)
            real(descriptor)
            raise OSError(errno.EIO, "Input/output error")

        with mock.patch.object(module.os, "close", close):
            transfer.end(self.reactor)
        self.reactor.turn()
        self.assertEqual((len(closed), self.over), (2, [0]))

    def test_stop_before_arrival(self) -> None:
        """Those that wait to be seen when the threads are stopped end too, each once."""
        thread = _Thread(0, self.reactor, 60)
        ours, _ = self.pair()
        before = open_descriptors()
        for name in range(3):
            thread.add(self.transfer(name, ours.fileno()))
        thread.stop()
        thread.start()
        thread.join(SOON)
        self.reactor.turn_until_idle()
        self.assertEqual(self.over, [0, 1, 2])
        # Its own three are closed too.
        self.assertEqual(len(before) - len(open_descriptors()), 3)


class IdleTests(FaultCase):
    """Who has read nothing."""

    def test_slow_is_not_idle(self) -> None:
        """What a client takes of what the kernel holds counts, though nothing more leaves."""
        ours, theirs = self.pair()
        transfer = self.transfer(0, ours.fileno())
        self.addCleanup(transfer.end, self.reactor)
        self.assertTrue(transfer.turn())
        unsent, now = transfer.unsent, time.monotonic()
        transfer.idle(now)
        self.assertEqual(transfer.idle(now + 50), 50)
        theirs.recv(65536)
        self.assertEqual(transfer.idle(now + 100), 0)
        self.assertEqual(transfer.idle(now + 130), 30)
        self.assertEqual(transfer.unsent, unsent)

    def test_kernel_does_not_say(self) -> None:
        """Where the kernel does not say what it holds, what has left counts alone."""
        self.patch(module, "untaken", lambda descriptor: -1)
        ours, theirs = self.pair()
        transfer = self.transfer(0, ours.fileno())
        self.addCleanup(transfer.end, self.reactor)
        transfer.turn()
        theirs.recv(65536)
        self.assertEqual(transfer.idle(transfer.moved + 50), 50)

    def test_sweep(self) -> None:
        """A sweep ends those that took nothing, and no others."""
        thread = _Thread(0, self.reactor, 60)
        self.addCleanup(thread._give_up)
        self.addCleanup(thread.stop)
        slow, gone = self.pair(), self.pair()
        for name, (ours, _) in enumerate((slow, gone)):
            thread.add(self.transfer(name, ours.fileno()))
        thread._arrive()
        for transfer in thread._transfers.values():
            transfer.turn()
        now = time.monotonic()
        for passed, over in ((0, []), (50, []), (100, [1])):
            slow[1].recv(65536)
            with mock.patch.object(module.time, "monotonic", lambda passed=passed: now + passed):
                thread._sweep()
            self.reactor.turn()
            self.assertEqual(self.over, over)
