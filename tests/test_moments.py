"""Tests of L{twsgi.moments} and L{twsgi.embedding}."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.fakes_entry import a_plan
from tests.master.fakes import FakeLog
from twsgi.container import Container, embedded_plan
from twsgi.embedding import MOMENTS, OF_THE_WORKERS
from twsgi.errors import ConfigurationError
from twsgi.moments import Moments
from twsgi.settings.kinds import KINDS
from twsgi.settings.options.table import BY_NAME


class MomentsTests(SynchronousTestCase):
    """What is done when."""

    def moments(self, root: bool = True, master: bool = True, **settings: Any) -> Moments:
        self.log = FakeLog()
        self.ran: list[tuple[str, str | None]] = []
        system = SimpleNamespace(
            environ={}, geteuid=lambda: 0 if root else 5, getuid=lambda: 5, getgid=lambda: 6
        )

        def run(command: str, log: int, environment: Mapping[str, str], where: str | None) -> int:
            self.ran.append((command, where))
            return 0

        plan = dataclasses.replace(
            a_plan(master=master, directory="/d", **settings), environment=(("A", "b"),)
        )
        return Moments(plan, self.log, 7, run, system)

    def test_where(self) -> None:
        """Until it has gone to chdir commands run where it was started, afterwards there."""
        moments = self.moments(
            **{f"exec_{one}": (one,) for one in ("asap", "pre_jail", "post_jail", "in_jail")},
            **{f"exec_{one}": (one,) for one in ("as_root", "as_user", "as_user_atexit")},
        )
        moments.asap()
        moments.bound()
        moments.as_root()
        moments.as_user()
        moments.at_exit()
        before = ("asap", "pre_jail", "post_jail", "in_jail", "as_root", "as_user")
        self.assertEqual(self.ran, [*((one, None) for one in before), ("as_user_atexit", "/d")])
        self.assertTrue(self.log.said('running "as_user" (as uid: 5 gid: 6)...'))

    def test_not_root(self) -> None:
        """What root is to do is not done by anybody else, and that is said."""
        self.moments(root=False, exec_as_root=("a",)).as_root()
        self.assertEqual(self.ran, [])
        self.assertTrue(self.log.said("nothing is done, for this is not root"))

    def test_master(self) -> None:
        """Without a master none starts."""
        for master, count in ((True, 1), (False, 0)):
            self.moments(master=master, hook_master_start=("exec:a",)).master_start()
            self.assertEqual(len(self.ran), count)


class EmbeddingTests(SynchronousTestCase):
    """The host's process is not touched."""

    def test_moments(self) -> None:
        """What would be done in it is refused by name, with a master too."""
        for field in MOMENTS:
            name = field.replace("_", "-")
            repeated = KINDS[BY_NAME[name].kind].metavar
            value = "/f exec:a" if "FILE" in repeated else "exec:a"
            options = {"http": ":0", "module": "app", "processes": 2, name: [value]}
            error = self.assertRaises(ConfigurationError, Container, options)
            self.assertIn(f"{name}: an embedded container does nothing", str(error))

    def test_signals(self) -> None:
        """A hook that changes nothing is none."""
        hook = "unix_signal:15 gracefully_kill_them_all"
        plan = embedded_plan(
            {"http": ":0", "module": "app", "master": True, "hook-master-start": hook}
        )
        self.assertTrue(plan.master)

    def test_workers(self) -> None:
        """What the workers are to do is refused where the host is the worker."""
        values = {"hooks": ["exec:a"], "integer": 1, "number": 1, "megabytes": 1}
        for field in OF_THE_WORKERS:
            name = field.replace("_", "-")
            value = values.get(BY_NAME[name].kind, "x")
            options = {"http": ":0", "module": "app", name: value}
            error = self.assertRaises(ConfigurationError, Container, options)
            self.assertIn(f"remove {name}", str(error))
            Container({**options, "master": True})

    def test_environment(self) -> None:
        """The host's own environment is the same afterwards."""
        before = dict(os.environ)
        embedded_plan({"http": ":0", "module": "app", "master": True, "env": "A=b"})
        self.assertEqual(dict(os.environ), before)
