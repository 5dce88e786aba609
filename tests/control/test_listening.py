"""Tests of L{twsgi.control.listening}."""

from __future__ import annotations

import re
import socket
from dataclasses import replace

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.master.fakes import FakeLog, loopback
from twsgi.control import listening
from twsgi.control.listening import Listening
from twsgi.errors import BindError
from twsgi.settings.model import Address, Listener


class ListeningTests(SynchronousTestCase):
    """The sockets of a plan, on ports that the kernel chooses."""

    def listening(self, *listeners: Listener, somaxconn: int | None = 4096) -> Listening:
        self.log = FakeLog()
        made = Listening(listeners, self.log, somaxconn)
        self.addCleanup(made.close)
        return made

    def test_words(self) -> None:
        """The log says, as uWSGI does, what is bound where, and which port C{:0} became."""
        made = self.listening(loopback("http"), loopback("http-socket"), loopback("http-socket"))
        made.bind()
        patterns = [
            r"uWSGI http bound on 127\.0\.0\.1:{} \(port auto-assigned\) fd {}",
            r"uwsgi socket 0 bound to TCP address 127\.0\.0\.1:{} \(port auto-assigned\) fd {}",
            r"uwsgi socket 1 bound to TCP address 127\.0\.0\.1:{} \(port auto-assigned\) fd {}",
        ]
        for pattern, line, one in zip(patterns, self.log.lines, made.bound, strict=False):
            port = one.socket.getsockname()[1]
            self.assertTrue(re.fullmatch(pattern.format(port, one.socket.fileno()), line), line)
        self.assertIn(
            "your server socket listen backlog is limited to 16 connections", self.log.lines
        )

    def test_chosen_port(self) -> None:
        """A port that was asked for is not called auto-assigned."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        made = self.listening(Listener("http-socket", Address("127.0.0.1", port), 16))
        made.bind()
        fd = made.bound[0].socket.fileno()
        self.assertEqual(
            self.log.lines[0], f"uwsgi socket 0 bound to TCP address 127.0.0.1:{port} fd {fd}"
        )

    def test_once(self) -> None:
        """Binding again changes nothing."""
        made = self.listening(loopback("http"))
        made.bind()
        before = made.bound
        made.bind()
        self.assertIs(made.bound, before)

    def test_the_children_get_what_they_need(self) -> None:
        """A socket is non-blocking, close-on-exec, and accepted ones do not delay."""
        made = self.listening(loopback("http"), loopback("http-socket"))
        made.bind()
        for one in made.bound:
            self.assertFalse(one.socket.getblocking())
            self.assertFalse(one.socket.get_inheritable())
            self.assertTrue(one.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            self.assertTrue(one.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
            self.assertEqual(one.address.port, one.socket.getsockname()[1])

    def test_deferred_accept(self) -> None:
        """Only where a worker accepts does the kernel wait for the request."""
        if not hasattr(socket, "TCP_DEFER_ACCEPT"):
            raise SkipTest("this system cannot")
        made = self.listening(loopback("http"), loopback("http-socket"))
        made.bind()
        found = [
            bool(one.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT))
            for one in made.bound
        ]
        self.assertEqual(found, [False, True])

    def test_taken(self) -> None:
        """A taken address is one line: option, address, reason, remedy; nothing stays bound."""
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen(1)
            port = other.getsockname()[1]
            taken = Listener("http-socket", Address("127.0.0.1", port), 16)
            made = self.listening(loopback("http"), taken)
            error = self.assertRaises(BindError, made.bind)
        self.assertTrue(
            str(error).startswith(f"http-socket = 127.0.0.1:{port}: Address already in use: "),
            str(error),
        )
        self.assertNotIn("\n", str(error))
        self.assertEqual(made.bound, ())
        self.assertEqual(self.log.lines, [])

    def test_somaxconn(self) -> None:
        """A backlog that the kernel would cut silently is cut here, with a notice."""
        made = self.listening(loopback("http", backlog=1024), somaxconn=128)
        made.bind()
        self.assertTrue(self.log.said("listen = 1024 is more than the kernel allows, using 128"))
        self.assertEqual(
            self.log.lines[-1], "your server socket listen backlog is limited to 128 connections"
        )

    def test_both_families(self) -> None:
        """C{[::]} takes IPv4 connections too, as uWSGI's does."""
        if not socket.has_ipv6:
            raise SkipTest("no IPv6")
        made = self.listening(Listener("http-socket", Address("::", 0), 16))
        try:
            made.bind()
        except BindError:
            raise SkipTest("no IPv6 here") from None
        self.assertTrue(self.log.lines[0].startswith("uwsgi socket 0 bound to TCP6 address [::]:"))
        with socket.create_connection(("127.0.0.1", made.bound[0].address.port)):
            pass

    def test_close(self) -> None:
        """After closing nothing listens any more."""
        made = self.listening(loopback("http"))
        made.bind()
        port = made.bound[0].address.port
        made.close()
        self.assertEqual(made.bound, ())
        self.assertRaises(ConnectionRefusedError, socket.create_connection, ("127.0.0.1", port))


class LastCallTests(SynchronousTestCase):
    """The end of sockets that are ours, and of those that are not."""

    def test_ours_only(self) -> None:
        """What was passed to us, and goes on without us, is left as it is."""
        made = Listening((loopback("http"), loopback("http-socket")), FakeLog(), 4096)
        self.addCleanup(made.close)
        made.bind()
        called: list[socket.socket] = []

        def call(sock: socket.socket) -> bool:
            called.append(sock)
            return len(called) == 1

        self.patch(listening, "last_call", call)
        ours, passed = made.bound
        made.bound = (ours, replace(passed, passed=True))
        self.assertTrue(made.last_call())
        self.assertEqual(called, [ours.socket])
        self.assertFalse(made.last_call())
