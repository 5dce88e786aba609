"""Tests of L{twsgi.settings.actions} and L{twsgi.settings.attached}: texts to what they ask for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from twsgi.settings.actions import ACTIONS, REFUSED, Hook, parse_hook, split_touch
from twsgi.settings.attached import Attached, parse_pairs, parse_smart, split_quoted
from twsgi.settings.kinds import touch_hook
from twsgi.settings.model import Settings
from twsgi.settings.plan import attached

GOOD = [
    ("exec:echo a:b", Hook("exec", "echo a:b")),
    ("!exec:secret", Hook("exec", "secret", private=True)),
    ("print:", Hook("print", "")),
    ("chmod:/a 660", Hook("chmod", "/a 660")),
    ("chown:/a root root", Hook("chown", "/a root root")),
    ("chown2:/a 0 0", Hook("chown2", "/a 0 0")),
    ("write:/a b c", Hook("write", "/a b c")),
    ("putenv:A=b", Hook("putenv", "A=b")),
    ("exit:", Hook("exit", "")),
    (
        "unix_signal:15 gracefully_kill_them_all",
        Hook("unix_signal", "15 gracefully_kill_them_all"),
    ),
]
BAD = [
    ("date", "write action:argument"),
    ("", "write action:argument"),
    ("nosuch:1", "hook action not found: nosuch"),
    ("chmod:/a", "wants a file and a mode"),
    ("chmod:/a 9", "wants a file and a mode"),
    ("chown2:/a root root", "wants a file, the number of a user"),
    ("chown:/a root", "wants a file, a user and a group"),
    ("write:/a", "wants a file and a text"),
    ("putenv:A", "wants NAME=value"),
    ("exec:", "wants a path"),
    ("exit:x", "wants nothing, or an exit code"),
    ("unix_signal:15", "wants a signal"),
    ("unix_signal:10 gracefully_kill_them_all", "a signal's meaning cannot be changed"),
    ("mount:x y", "the hook action 'mount' is not there"),
]
PAIRS = [
    ("cmd=sleep 1", Attached("sleep 1")),
    ("exec=a,freq=3,pidfile=p", Attached("a", pidfile="p", freq=3)),
    ('cmd="a, b",control=1', Attached("a, b", control=True)),
    (r"cmd=a\,b,daemonize=true,pidfile=p", Attached("a,b", pidfile="p", daemonize=True)),
    ("cmd=a,stopsignal=2,reload_signal=1", Attached("a", stop_signal=2, reload_signal=1)),
    ("cmd=a,uid=5,gid=6,chdir=/x", Attached("a", uid=5, gid=6, chdir="/x")),
    ("cmd=a,touch=x;y,max_throttle=9", Attached("a", touch=("x", "y"), max_throttle=9)),
    ("cmd=a,stdin=1,notifypid=1,control=false", Attached("a", stdin=True, notify=True)),
]
NO_PAIRS = [
    ("freq=3", "you need to specify a 'command' key"),
    ("cmd=a,pidfil=x", "unknown key 'pidfil': did you mean 'pidfile'?"),
    ("cmd=a,freq", "the key 'freq' needs a value"),
    ("cmd=a,freq=x", "freq is a number"),
    ("cmd=a,stopsignal=0", "stopsignal is the number of a signal"),
    ("cmd=a,stopsignal=99", "stopsignal is the number of a signal"),
    ("cmd=a,ns_pid=1", "ns_pid is not there"),
    ("cmd=a,daemonize=1", "daemonize needs a pidfile"),
    ("cmd='a", "the quote ' is not closed"),
]


class HookTests(SynchronousTestCase):
    """What a hook asks for."""

    def test_good(self) -> None:
        """Every kind of argument."""
        for text, expected in GOOD:
            self.assertEqual((text, parse_hook(text)), (text, expected))

    def test_bad(self) -> None:
        """What is wrong, and what to write."""
        for text, words in BAD:
            self.assertIn(words, str(self.assertRaises(ValueError, parse_hook, text)), text)

    def test_all(self) -> None:
        """No action is both there and refused; all but a few of uWSGI's are one of them."""
        self.assertEqual(set(ACTIONS) & set(REFUSED), set())
        for action in REFUSED:
            error = self.assertRaises(ValueError, parse_hook, f"{action}:x y")
            self.assertIn(REFUSED[action], str(error))

    @given(st.text())
    def test_any(self, text: str) -> None:
        """No text makes anything but a hook or a ValueError."""
        try:
            self.assertIn(parse_hook(text).action, ACTIONS)
        except ValueError as error:
            self.assertTrue(str(error))

    def test_touch(self) -> None:
        """A file and what to do; what waits would hold up the master."""
        self.assertEqual(split_touch("/a exec:b c"), ("/a", "exec:b c"))
        for text in ("/a", "/a ", " exec:b"):
            self.assertRaises(ValueError, split_touch, text)
        error = self.assertRaises(ValueError, touch_hook, "/a wait_for_file:/b")
        self.assertIn("would hold up the master", str(error))


class AttachedTests(SynchronousTestCase):
    """What runs beside."""

    def test_pairs(self) -> None:
        """Each key, and both of its spellings."""
        for text, expected in PAIRS:
            self.assertEqual((text, parse_pairs(text)), (text, expected))

    def test_bad(self) -> None:
        """What is wrong, and what to write."""
        for text, words in NO_PAIRS:
            self.assertIn(words, str(self.assertRaises(ValueError, parse_pairs, text)), text)

    def test_smart(self) -> None:
        """A pidfile, perhaps with a number, and a command."""
        self.assertEqual(parse_smart("p a b"), Attached("a b", pidfile="p"))
        self.assertEqual(
            parse_smart("p,3 a", daemonize=True),
            Attached("a", pidfile="p", freq=3, daemonize=True),
        )
        for text in ("p", "p ", " a", "p,x a"):
            self.assertRaises(ValueError, parse_smart, text)

    @given(st.lists(st.text(min_size=1)))
    def test_quoted(self, pieces: list[str]) -> None:
        """Whatever is between commas comes back, if it is written as it has to be."""
        written = [
            "".join(f"\\{one}" if one in "\\\"'," else one for one in text) for text in pieces
        ]
        self.assertEqual(split_quoted(",".join(written)), pieces)

    @given(st.text())
    def test_any(self, text: str) -> None:
        """No text makes anything but a program or a ValueError."""
        for parse in (parse_pairs, parse_smart):
            try:
                self.assertTrue(parse(text).command)
            except ValueError as error:
                self.assertTrue(str(error))

    def test_plan(self) -> None:
        """All options make one list; their files start where the others do."""
        settings = Settings(
            attach_daemon=("a",),
            attach_control_daemon=("b",),
            attach_daemon2=("cmd=c,chdir=x,touch=t",),
            smart_attach_daemon=("p d",),
            smart_attach_daemon2=("/q e",),
            daemons_honour_stdin=True,
        )
        expected = (
            Attached("a", stdin=True),
            Attached("b", control=True, stdin=True),
            Attached("c", chdir="/s/x", touch=("/s/t",), stdin=True),
            Attached("d", pidfile="/s/p", stdin=True),
            Attached("e", pidfile="/q", daemonize=True, stdin=True),
        )
        self.assertEqual(attached(settings, "/s"), expected)
