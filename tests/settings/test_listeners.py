"""Tests of L{twsgi.settings.listeners}: which addresses are listened on, and by whom."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from twsgi.errors import ConfigurationError
from twsgi.settings.listeners import listeners
from twsgi.settings.model import Address, Listener, Settings, Tuning
from twsgi.settings.resolve import from_mapping


def listed(master: bool = True, **options: object) -> list[tuple[str, str, str]]:
    """Kind, address and option of what these options have listened on."""
    settings, _ = from_mapping({"module": "app", **options}, {})
    return [
        (one.kind, str(one.address), one.option) for one in listeners(settings, master, "/start")
    ]


class ListenersTests(SynchronousTestCase):
    """L{listeners}."""

    def test_all(self) -> None:
        """Every address of every option, each with its own name for what is said about it."""
        options: dict[str, object] = {
            "http": [":1", "[::1]:2"],
            "http-socket": [":3", "a.sock"],
            "http11-socket": ":4",
            "socket": ["@x", ":5"],
            "protocol": "http",
        }
        expected = [
            ("http", "0.0.0.0:1", ""),
            ("http", "[::1]:2", ""),
            ("http-socket", "0.0.0.0:3", ""),
            ("http-socket", "/start/a.sock", ""),
            ("http-socket", "0.0.0.0:4", "http11-socket"),
            ("http-socket", "@x", "socket"),
            ("http-socket", "0.0.0.0:5", "socket"),
        ]
        self.assertEqual(listed(**options), expected)
        alone = [("http-socket", where, "http") for _, where, _ in expected[:2]]
        self.assertEqual(listed(False, **options), alone + expected[2:])

    def test_shared(self) -> None:
        """C{=0} is the first shared socket; one that nobody names is not listened on."""
        found = listed(**{"shared-socket": [":1", ":2", ":3"], "http": "=2", "http-socket": "=0"})
        self.assertEqual(found, [("http", "0.0.0.0:3", ""), ("http-socket", "0.0.0.0:1", "")])

    def test_abstract(self) -> None:
        """With C{abstract-socket} no UNIX socket has a file; others stay what they are."""
        found = listed(
            **{"abstract-socket": True, "http": "/run/a.sock", "http-socket": ["@b", ":1"]}
        )
        self.assertEqual([where for _, where, _ in found], ["@/run/a.sock", "@b", "0.0.0.0:1"])

    def test_tuning(self) -> None:
        """Who tunes, tunes all; the PROXY protocol is each kind's own."""
        settings = Settings(
            http=(":1",),
            http_socket=(":2",),
            so_keepalive=True,
            socket_sndbuf=1,
            socket_rcvbuf=2,
            reuse_port=True,
            freebind=True,
            tcp_fast_open=3,
            no_defer_accept=True,
            http_enable_proxy_protocol=True,
        )
        first, second = listeners(settings, True, "/")
        expected = Tuning(True, 1, 2, True, True, 3, False, True)
        self.assertEqual(first, Listener("http", Address("0.0.0.0", 1), 1024, tuning=expected))
        self.assertEqual((second.tuning.proxied, second.tuning.keepalive), (False, True))
        untouched = listeners(Settings(http=(":1",)), True, "/")[0]
        self.assertEqual(untouched.tuning, Tuning())


class CheckTests(SynchronousTestCase):
    """What is said before anything is bound."""

    def fails(self, **options: object) -> str:
        return str(self.assertRaises(ConfigurationError, listed, **options))

    def test_wire(self) -> None:
        """A file for nginx's uwsgi_pass is told what to write instead; beside others: a warning."""
        for option in ("socket", "uwsgi-socket"):
            for text, instead in (
                ("127.0.0.1:3031", "127.0.0.1:3031"),
                ("/run/a.sock", "/run/a.sock"),
                ("name", ":8000"),
            ):
                self.assertEqual(
                    self.fails(**{option: text}),
                    f"keyword: {option} = {text}: twsgi does not speak the uwsgi protocol yet: "
                    f"write http-socket = {instead}, and in nginx proxy_pass instead of "
                    f"uwsgi_pass; or http = {instead}",
                )
        _, warnings = from_mapping({"module": "a", "http": ":1", "socket": [":2", "name"]}, {})
        self.assertEqual(
            warnings,
            [
                f"keyword: socket = {text}: twsgi does not speak the uwsgi protocol yet: ignored"
                for text in (":2", "name")
            ],
        )
        _, warnings = from_mapping(
            {"module": "a", "protocol": "http", "socket": ":1", "uwsgi-socket": ":2"}, {}
        )
        self.assertEqual(len(warnings), 1)

    def test_one_line(self) -> None:
        """Whatever is written, what is said of it is one line."""
        for options in (
            {"socket": "a\x1cb"},
            {"socket": "a\x1cb", "protocol": "http"},
            {"http": "=7", "shared-socket": ":1"},
        ):
            self.assertEqual(len(self.fails(**options).splitlines()), 1)
        _, warnings = from_mapping({"module": "a", "http": ":1", "socket": "a\x1cb"}, {})
        self.assertEqual([len(one.splitlines()) for one in warnings], [1])

    def test_mistakes(self) -> None:
        """No address, no such shared socket, no such protocol: named with where it stands."""
        self.assertIn(
            "keyword: socket = name: not an address", self.fails(socket="name", protocol="http")
        )
        self.assertIn("=1: there are 1 of shared-socket", self.fails(http="=1", shared_socket=":1"))
        self.assertIn("protocol = gopher: write http", self.fails(protocol="gopher"))
        self.assertIn("does not speak", self.fails(socket=":1", protocol="fastcgi"))
        self.assertIn("no address to listen on", self.fails(protocol="http"))
