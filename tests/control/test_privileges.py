"""Tests of L{twsgi.control.privileges}: the system is a fake that remembers what it was asked."""

from __future__ import annotations

import errno
import os
import time
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.master.fakes import FakeLog
from twsgi.control import privileges
from twsgi.control.privileges import (
    Identity,
    check_place,
    find_group,
    find_user,
    root_words,
    settle,
)
from twsgi.errors import ConfigurationError
from twsgi.settings.model import Settings


class System:
    """An operating system in which this process runs as C{uid}."""

    def __init__(self, uid: int = 0, gid: int = 0, groups: tuple[int, ...] = (0, 4)) -> None:
        self.uid, self.gid, self.groups = uid, gid, list(groups)
        self.done: list[Any] = []
        self.refuses = ""
        self.stubborn = False

    def getuid(self) -> int:
        return self.uid

    geteuid = getuid

    def getegid(self) -> int:
        return self.gid

    def getgroups(self) -> list[int]:
        return self.groups

    def getgrouplist(self, name: str, gid: int) -> list[int]:
        return [gid, 27] if name == "www" else [gid]

    def _do(self, what: str, value: Any) -> None:
        if what == self.refuses:
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))
        self.done.append((what, value))

    def setgid(self, gid: int) -> None:
        self._do("setgid", gid)
        self.gid = gid

    def setgroups(self, groups: list[int]) -> None:
        self._do("setgroups", groups)
        self.groups = groups

    def setuid(self, uid: int) -> None:
        self._do("setuid", uid)
        self.uid = self.uid if self.stubborn else uid

    def umask(self, mask: int) -> None:
        self._do("umask", mask)

    def chroot(self, path: str) -> None:
        self._do("chroot", path)

    def chdir(self, path: str) -> None:
        self._do("chdir", path)


WWW = Identity(33, None, (), "www", 33)

#: (whom to become, what is done, in order, what is logged)
TAKEN: list[tuple[Identity, list[Any], list[str]]] = [
    (Identity(), [], []),
    (
        WWW,
        [("setgid", 33), ("setgroups", [27, 33]), ("setuid", 33)],
        ["setgid() to 33", "setuid() to 33"],
    ),
    (
        Identity(33, 50, (), "www", 33),
        [("setgid", 50), ("setgroups", [27, 50]), ("setuid", 33)],
        ["setgid() to 50", "setuid() to 33"],
    ),
    (
        Identity(33, None, (4000000,), "www", 33),
        [("setgid", 33), ("setgroups", [27, 33, 4000000]), ("setuid", 33)],
        ["setgid() to 33", "set additional group 4000000 (4000000)", "setuid() to 33"],
    ),
    (
        Identity(1234, None),
        [("setgroups", [0]), ("setuid", 1234)],
        ["uid = 1234: the system has no such user, hence no group of its own: the group stays 0,"
         " set gid to change it", "setuid() to 1234"],
    ),
    (Identity(None, 50), [("setgid", 50), ("setgroups", [50])], ["setgid() to 50"]),
    (
        Identity(None, None, (4000000,)),
        [("setgroups", [0, 4, 4000000])],
        ["set additional group 4000000 (4000000)"],
    ),
]  # fmt: skip


class IdentityTests(SynchronousTestCase):
    """Whom to become, and becoming it."""

    def test_take(self) -> None:
        """Groups first, the user last; nothing of root's groups is kept."""
        for identity, done, lines in TAKEN:
            system, log = System(), FakeLog()
            identity.take(log, system)
            self.assertEqual((identity, system.done), (identity, done))
            self.assertEqual(log.lines, lines)

    def test_already(self) -> None:
        """Who is that user already, root or not, may ask for it; nothing is done."""
        system, log = System(33, 33, (33,)), FakeLog()
        WWW.check(system)
        WWW.take(log, system)
        self.assertEqual((system.done, log.lines), ([], []))

    def test_not_root(self) -> None:
        """Who is not root is told early that nothing else can be had."""
        for identity in (Identity(0), Identity(None, 50), Identity(33, None, (50,))):
            error = self.assertRaises(
                ConfigurationError, identity.check, System(33, 33, groups=(33,))
            )
            self.assertIn("only root may", str(error))
            self.assertEqual(len(str(error).splitlines()), 1)

    def test_refused(self) -> None:
        """What the system refuses is one line."""
        for what in ("setgid", "setgroups", "setuid"):
            system = System()
            system.refuses = what
            error = self.assertRaises(ConfigurationError, WWW.take, FakeLog(), system)
            self.assertEqual(str(error), "uid, gid, add-gid: Operation not permitted")

    def test_believes_nobody(self) -> None:
        """A change that did not come about is an error, whatever the system said."""
        system = System()
        system.stubborn = True
        self.assertRaises(ConfigurationError, WWW.take, FakeLog(), system)

    def test_of(self) -> None:
        """Names and numbers are looked up; a number need not be known."""
        root = Identity.of(Settings(uid="root", gid="0", add_gid=("root", "5")))
        self.assertEqual(root, Identity(0, 0, (0, 5), "root", 0))
        self.assertEqual(Identity.of(Settings(uid="4000000")), Identity(4000000))
        self.assertEqual(Identity.of(Settings()), Identity())

    def test_unknown(self) -> None:
        """An unknown name, or a number that no kernel has, is named with its option."""
        for call, option, text in (
            (find_user, "uid", "no-such-user"),
            (find_group, "add-gid", "no-such-group"),
            (find_user, "chown-socket", str(2**32 - 1)),
            (find_group, "gid", "9" * 30),
        ):
            error = self.assertRaises(ConfigurationError, call, option, text)
            self.assertTrue(str(error).startswith(f"{option} = {text}: "), str(error))


class SettleTests(SynchronousTestCase):
    """A process takes its place."""

    def setUp(self) -> None:
        self.patch(privileges.Identity, "of", lambda settings: WWW)

    def test_order(self) -> None:
        """umask, chroot, groups, user, directory: as in uWSGI."""
        system, log = System(), FakeLog()
        zones: list[str] = []
        self.patch(time, "tzset", lambda: zones.append("read"))
        settle(Settings(umask=0o27, chroot="/jail"), "/srv", log, system)
        self.assertEqual(
            [what for what, _ in system.done],
            ["umask", "chroot", "chdir", "setgid", "setgroups", "setuid", "chdir"],
        )
        self.assertEqual(system.done[1:3], [("chroot", "/jail"), ("chdir", "/")])
        self.assertEqual(system.done[-1], ("chdir", "/srv"))
        self.assertEqual(log.lines[0], "chroot() to /jail")
        self.assertEqual(zones, ["read"])

    def test_nothing(self) -> None:
        """Without options nothing changes."""
        self.patch(privileges.Identity, "of", lambda settings: Identity())
        system, log = System(), FakeLog()
        settle(Settings(), None, log, system)
        self.assertEqual((system.done, log.lines), ([], []))

    def test_refused(self) -> None:
        """chroot or chdir refused: one line, and what comes after it is not done."""
        for what, message in (("chroot", "chroot = /jail: "), ("chdir", "chdir = /srv: ")):
            system = System()
            system.refuses = what
            settings = Settings(chroot="/jail" if what == "chroot" else None)
            error = self.assertRaises(
                ConfigurationError, settle, settings, "/srv", FakeLog(), system
            )
            self.assertTrue(str(error).startswith(message), str(error))
            self.assertEqual(("setuid", 33) in system.done, what == "chdir")

    def test_check(self) -> None:
        """What is missing, or not allowed, is said before anything is bound."""
        missing = self.mktemp()
        here = os.path.realpath(os.curdir)
        for root, directory, uid, message in (
            (missing, None, 0, f"chroot = {missing}: there is no such directory"),
            (here, None, 33, f"chroot = {here}: only root may change the root"),
            (here, "/" + missing, 0, f"chdir = /{missing}: there is no such directory in {here}"),
            (None, "/" + missing, 0, f"chdir = /{missing}: there is no such directory"),
        ):
            error = self.assertRaises(
                ConfigurationError,
                check_place,
                Settings(chroot=root),
                directory,
                System(uid, 33, (33,)),
            )
            self.assertEqual(str(error), message)
        os.mkdir(missing)
        check_place(Settings(chroot=here), "/" + missing, System())


class RootTests(SynchronousTestCase):
    """What is said to who runs it as root."""

    def test_words(self) -> None:
        """uWSGI's warning, unless another user was asked for."""
        warning = "*** WARNING: you are running uWSGI as root !!! (use the --uid flag) ***"
        hint = "uWSGI running as root, you can use --uid/--gid/--chroot options"
        for settings, uid, words in (
            (Settings(), 0, [hint, warning]),
            (Settings(gid="5"), 0, [warning]),
            (Settings(uid="root"), 0, [warning]),
            (Settings(uid="1234"), 0, []),
            (Settings(), 1234, []),
        ):
            self.assertEqual(root_words(settings, System(uid)), words)
