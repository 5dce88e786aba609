"""Tests of L{twsgi.control.openfiles}: how many descriptors a process may have."""

from __future__ import annotations

import resource
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from twsgi.control import openfiles


class LimitTests(SynchronousTestCase):
    """The system's limits are the test's."""

    def setUp(self) -> None:
        self.limits = (64, 128)
        self.forbidden = False
        self.patch(openfiles, "_before", None)
        self.patch(resource, "getrlimit", lambda which: self.limits)
        self.patch(resource, "setrlimit", self.set_limits)

    def set_limits(self, which: int, limits: Any) -> None:
        self.assertEqual(which, resource.RLIMIT_NOFILE)
        if self.forbidden:
            raise ValueError("not allowed to raise maximum limit")
        self.limits = limits

    def test_raised(self) -> None:
        """The soft limit becomes the hard one; what it was is what others shall have."""
        self.assertEqual(openfiles.usual_limit(), 64)
        for _ in range(2):
            openfiles.raise_limit()
            self.assertEqual((self.limits, openfiles.usual_limit()), ((128, 128), 64))

    def test_forbidden(self) -> None:
        """Where that is forbidden all stays as it is."""
        self.forbidden = True
        openfiles.raise_limit()
        openfiles.take_limit(32)
        self.assertEqual((self.limits, openfiles.usual_limit()), ((64, 128), 64))

    def test_taken(self) -> None:
        """A limit may be taken back, and not be more than the system allows."""
        self.limits = (128, 128)
        openfiles.take_limit(64)
        self.assertEqual(self.limits, (64, 128))
