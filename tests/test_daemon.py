"""L{twsgi.daemon}: what the command is told, and by whom.  No test forks."""

from __future__ import annotations

import io
import os
import sys
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from twsgi.daemon import Detachment


class Left(BaseException):
    """The process would have ended."""


class DetachmentTests(SynchronousTestCase):
    """Both sides of the forks, one after the other."""

    def setUp(self) -> None:
        self.error = io.StringIO()
        self.patch(sys, "stderr", self.error)
        self.pipe = os.pipe
        self.codes: list[int] = []
        self.streams: list[int] = []
        self.patch(os, "setsid", lambda: None)
        self.patch(os, "dup2", lambda source, target: self.streams.append(target))

    def leave(self, code: int) -> None:
        self.codes.append(code)
        raise Left

    def command(self, said: bytes) -> int:
        """The exit code of the command whose daemon says this."""
        reading, writing = self.pipe()
        self.patch(os, "pipe", lambda: (reading, writing))
        os.write(writing, said)
        detachment = Detachment(lambda: 4711, self.leave)
        self.assertRaises(Left, detachment.begin)
        return self.codes[-1]

    def test_daemon(self) -> None:
        """The one that goes on has no standard streams, and says how it went, once."""
        answers = [0, 0]
        detachment = Detachment(lambda: answers.pop(0), self.leave)
        ends: list[Any] = []

        def pipe() -> tuple[int, int]:
            made = self.pipe()
            ends.append(os.dup(made[0]))
            return made

        self.patch(os, "pipe", pipe)
        detachment.begin()
        self.addCleanup(os.close, ends[0])
        self.assertEqual((self.streams, self.codes), ([0, 1, 2], []))
        detachment.report(22, "no application")
        detachment.report(0)
        self.assertEqual(os.read(ends[0], 100), b"\x16no application")
        self.assertEqual(os.read(ends[0], 100), b"")

    def test_between(self) -> None:
        """The one in between ends at once: a leader of a session could get a terminal again."""
        answers = [0, 4711]
        detachment = Detachment(lambda: answers.pop(0), self.leave)
        self.assertRaises(Left, detachment.begin)
        self.assertEqual((self.codes, self.streams), ([0], []))
        detachment.report(0)

    def test_command(self) -> None:
        """The command ends with the daemon's code, its reason on standard error."""
        for said, code, line in (
            (b"\x00", 0, ""),
            (b"\x16no application", 22, "twsgi: no application\n"),
            (b"", 1, "twsgi: the daemon ended before it had started: see its log\n"),
        ):
            self.error.seek(0)
            self.error.truncate()
            self.assertEqual(self.command(said), code)
            self.assertEqual(self.error.getvalue(), line)

    def test_never_begun(self) -> None:
        """Where nobody went into the background there is nobody to tell."""
        Detachment(lambda: 0, self.leave).report(1, "reason")
        self.assertEqual(self.codes, [])
