"""Tests of L{twsgi.settings.changes}: one Plan after another."""

from __future__ import annotations

import dataclasses
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from twsgi.settings.changes import (
    AT_THE_START,
    BY_FRONTENDS,
    BY_WORKERS,
    Changes,
    changes,
)
from twsgi.settings.model import Plan, Settings
from twsgi.settings.plan import plan

#: (what is written now, whether workers and frontends notice)
APPLIED: list[tuple[dict[str, Any], tuple[bool, bool]]] = [
    ({}, (False, False)),
    ({"module": "other"}, (True, False)),
    ({"env": ("A=1",)}, (True, False)),
    ({"threads": 8}, (True, True)),
    ({"processes": 9}, (True, True)),
    ({"check_static": ("/static",)}, (True, True)),
    ({"chdir": "/srv"}, (True, True)),
    ({"disable_logging": True}, (True, True)),
    ({"http_timeout": 5}, (False, True)),
    ({"http_processes": 3}, (False, True)),
    ({"http_retry": "off"}, (False, True)),
    ({"harakiri": 5}, (True, False)),
    ({"cheaper": 1, "cheaper_initial": 1}, (False, False)),
    ({"max_requests": 10}, (False, False)),
    ({"touch_reload": ("a",)}, (False, False)),
    ({"cheaper_algo": "busyness", "idle": 5, "cheap": True}, (False, False)),
    ({"strict": True}, (False, False)),
]

#: (what was, what is written now, the one line)
REFUSED: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({}, {"http": (":9000", ":9001")}, "http = :9000, :9001 needs a restart: :8000 stays"),
    ({}, {"http_socket": (":1",)}, "http-socket = :1 needs a restart: none stays"),
    ({}, {"listen": 5}, "listen = 5 needs a restart: 1024 stays"),
    ({}, {"chmod_socket": 0o660}, "chmod-socket = 660 needs a restart: none stays"),
    ({"chown_socket": "www"}, {}, "chown-socket, which is not given any more, needs a restart: "
     "www stays"),
    ({"umask": 0o022}, {"umask": 0o002}, "umask = 002 needs a restart: 022 stays"),
    ({"uid": "www"}, {"uid": "root"}, "uid = root needs a restart: www stays"),
    ({}, {"gid": "www"}, "gid = www needs a restart: none stays"),
    ({}, {"add_gid": ("a", "b")}, "add-gid = a, b needs a restart: none stays"),
    ({}, {"chroot": "/jail"}, "chroot = /jail needs a restart: none stays"),
    ({"daemonize": "a.log"}, {}, "daemonize, which is not given any more, needs a restart: "
     "a.log stays"),
    ({"pidfile": "a"}, {"pidfile": "b"}, "pidfile = b needs a restart: a stays"),
    ({}, {"pidfile2": "b"}, "pidfile2 = b needs a restart: none stays"),
    ({}, {"master_fifo": ("a",)}, "master-fifo = a needs a restart: none stays"),
    ({}, {"vacuum": False}, "vacuum = false needs a restart: true stays"),
    ({}, {"procname_prefix": "a "}, "procname-prefix = a  needs a restart:  stays"),
    ({}, {"auto_procname": True}, "auto-procname = true needs a restart: false stays"),
]  # fmt: skip


def planned(**fields: Any) -> Plan:
    """A plan with a master, frontends and workers."""
    return plan(
        Settings(**{"module": "app", "http": (":8000",), "processes": 4, **fields}), "/start"
    )


class ChangesTests(SynchronousTestCase):
    """What is different is applied where it can be, and said where it cannot."""

    def test_each_group(self) -> None:
        """What a row says of its field is what is done."""
        self.assertIn("listen", AT_THE_START)
        for name, groups in (
            ("module", (True, False)),
            ("http_retry", (False, True)),
            ("threads", (True, True)),
            ("max_requests", (False, False)),
        ):
            self.assertEqual((name in BY_WORKERS, name in BY_FRONTENDS), groups)

    def test_applied(self) -> None:
        """The new value is in force, and who has to notice is told, both ways."""
        for fields, noticed in APPLIED:
            for old, new in [(planned(), planned(**fields)), (planned(**fields), planned())]:
                found = changes(old, new)
                self.assertEqual(found, Changes(new, *noticed, ()), fields)

    def test_refused(self) -> None:
        """What cannot change is one line that names the option; nothing of it is in force."""
        for before, after, line in REFUSED:
            old = planned(**before)
            found = changes(old, planned(**after))
            self.assertEqual(found, Changes(old, False, False, (line,)), after)

    def test_applied_beside_refused(self) -> None:
        """What can change does so, whatever else is refused."""
        old = planned()
        new = planned(http=(":9000",), threads=3, uid="www", http_processes=2, env=("A=1",))
        found = changes(old, new)
        self.assertEqual(len(found.refused), 2)
        self.assertEqual(found.plan, planned(threads=3, http_processes=2, env=("A=1",)))
        self.assertEqual((found.workers, found.frontends), (True, True))

    def test_no_master_any_more(self) -> None:
        """The master stays, and the frontends with it."""
        old = planned(processes=1, master=True)
        found = changes(old, planned(processes=1, module="other"))
        self.assertEqual(found.refused, ("master = false needs a restart: true stays",))
        self.assertEqual(found.plan.frontends, 1)
        self.assertEqual(
            dataclasses.replace(found.plan, warnings=()),
            planned(processes=1, master=True, module="other"),
        )

    def test_master_implied(self) -> None:
        """It does not matter what asks for the master."""
        for old, new in [({"master": True}, {}), ({}, {"master": True})]:
            self.assertEqual(changes(planned(**old), planned(**new)).refused, ())

    def test_socket_files_and_chdir(self) -> None:
        """A relative socket file stays where it was bound when C{chdir} changes."""
        old = planned(http=("a.sock",), chdir="/a")
        found = changes(old, planned(http=("a.sock",), chdir="/b"))
        self.assertEqual(
            found.refused, ("chdir: socket files stay where they are until a restart",)
        )
        self.assertEqual(found.plan.listeners, old.listeners)
        self.assertEqual(found.plan.directory, "/b")

    def test_paths_inside_of_chroot(self) -> None:
        """With a root that cannot change, paths in there do not either."""
        old = planned(chroot="/a", touch_reload=("/t",))
        found = changes(old, planned(chroot="/b", touch_reload=("/t",)))
        self.assertEqual(found.plan, old)

    @given(st.data())
    def test_settled(self, data: st.DataObject) -> None:
        """
        Any two plans: what is in force differs from the old one in nothing that cannot change,
        and comparing again changes nothing more.
        """
        every = [*APPLIED, *[(after, None) for _, after, _ in REFUSED]]
        chosen = st.lists(st.sampled_from([fields for fields, _ in every]))
        old, new = (
            planned(**{k: v for one in data.draw(chosen) for k, v in one.items()}) for _ in "ab"
        )
        found = changes(old, new)
        self.assertEqual(bool(found.refused), old.listeners != new.listeners or any(
            getattr(old.settings, name) != getattr(new.settings, name)
            for name in AT_THE_START
        ))  # fmt: skip
        for name in AT_THE_START:
            self.assertEqual(getattr(found.plan.settings, name), getattr(old.settings, name))
        again = changes(found.plan, found.plan)
        self.assertEqual(again, Changes(found.plan, False, False, ()))
        self.assertEqual(changes(old, found.plan).plan, found.plan)
