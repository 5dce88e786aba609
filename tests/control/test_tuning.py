"""Tests of L{twsgi.control.tuning}: what the kernel is told of a listening socket."""

from __future__ import annotations

import socket
from dataclasses import replace

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.master.fakes import FakeLog, loopback
from twsgi.control.listening import Listening
from twsgi.errors import BindError
from twsgi.settings.model import Address, Listener, Tuning


class TuningTests(SynchronousTestCase):
    """Sockets that L{Listening} binds."""

    def bound(self, tuning: Tuning, listener: Listener | None = None) -> socket.socket:
        """A listening socket that is tuned so."""
        asked = replace(listener or loopback("http-socket"), tuning=tuning)
        made = Listening((asked,), FakeLog(), 4096)
        self.addCleanup(made.close)
        made.bind()
        return made.bound[0].socket

    def option(self, sock: socket.socket, *name: int) -> int:
        return sock.getsockopt(*name)

    def test_nothing(self) -> None:
        """Who asks for nothing has what the kernel likes."""
        found = self.bound(Tuning())
        with socket.socket() as plain:
            for name in (socket.SO_KEEPALIVE, socket.SO_REUSEPORT, socket.SO_SNDBUF):
                expected = plain.getsockopt(socket.SOL_SOCKET, name)
                self.assertEqual(self.option(found, socket.SOL_SOCKET, name), expected)

    def test_accepted(self) -> None:
        """What is accepted has it from the listening socket, without a call."""
        found = self.bound(Tuning(keepalive=True, send_buffer=30000, receive_buffer=40000))
        with socket.create_connection(found.getsockname()) as client:
            client.sendall(b"x")
            found.setblocking(True)
            with found.accept()[0] as accepted:
                self.assertTrue(self.option(accepted, socket.SOL_SOCKET, socket.SO_KEEPALIVE))
                # Linux gives twice what it is asked for.
                self.assertEqual(
                    self.option(accepted, socket.SOL_SOCKET, socket.SO_SNDBUF) % 30000, 0
                )
                self.assertEqual(
                    self.option(accepted, socket.SOL_SOCKET, socket.SO_RCVBUF) % 40000, 0
                )

    def test_defer_accept(self) -> None:
        """C{no-defer-accept} has workers woken at once."""
        if not hasattr(socket, "TCP_DEFER_ACCEPT"):
            raise SkipTest("this system cannot")
        for defers in (True, False):
            found = self.bound(Tuning(defers=defers))
            got = self.option(found, socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT)
            self.assertEqual(bool(got), defers)

    def test_fast_open(self) -> None:
        """C{tcp-fast-open} is how many may wait."""
        if not hasattr(socket, "TCP_FASTOPEN"):
            raise SkipTest("this system cannot")
        found = self.bound(Tuning(fast_open=7))
        self.assertEqual(self.option(found, socket.IPPROTO_TCP, socket.TCP_FASTOPEN), 7)

    def test_reuse_port(self) -> None:
        """Two that say so may have one port; one that does not may not."""
        first = self.bound(Tuning(reuse_port=True))
        port = first.getsockname()[1]
        same = Listener("http-socket", Address("127.0.0.1", port), 16)
        second = self.bound(Tuning(reuse_port=True), same)
        self.assertEqual(second.getsockname(), first.getsockname())
        self.assertRaises(BindError, self.bound, Tuning(), same)

    def test_freebind(self) -> None:
        """An address that is nobody's here can be bound."""
        for host in ("192.0.2.77", "2001:db8::77"):
            elsewhere = Listener("http-socket", Address(host, 0), 16)
            try:
                found = self.bound(Tuning(freebind=True), elsewhere)
            except BindError as error:
                if ":" in host:
                    raise SkipTest(f"no IPv6 here: {error}") from None
                raise
            self.assertEqual(found.getsockname()[0], host)
            self.assertRaises(BindError, self.bound, Tuning(), elsewhere)
