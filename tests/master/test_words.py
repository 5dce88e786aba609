"""Tests of L{twsgi.master.words}."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from twsgi.control.launch import FRONTEND, WORKER
from twsgi.master.words import (
    Death,
    Leave,
    died,
    never_took_over,
    not_ready,
    operational_mode,
    spawned,
    too_fast,
)


class WordsTests(SynchronousTestCase):
    """uWSGI's words."""

    def test_deaths(self) -> None:
        """Each way to die has its line."""
        for kind, leaving, signal, code, unfit, expected in [
            (
                WORKER,
                None,
                9,
                None,
                False,
                ["DAMN ! worker 1 (pid: 7) died, killed by signal 9 :( trying respawn ..."],
            ),
            (WORKER, None, None, 0, False, ["DAMN ! worker 1 (pid: 7) died :( trying respawn ..."]),
            (
                FRONTEND,
                None,
                None,
                3,
                False,
                ["DAMN ! uWSGI http 1 (pid: 7) died, exit code 3 :( trying respawn ..."],
            ),
            (
                WORKER,
                None,
                None,
                22,
                False,
                ["OOPS ! failed loading app in worker 1 (pid 7) :( trying again..."],
            ),
            (
                WORKER,
                None,
                None,
                1,
                True,
                ["OOPS ! failed loading app in worker 1 (pid 7) :( trying again..."],
            ),
            (WORKER, Leave.REPLACE, None, 0, False, ["worker 1 killed successfully (pid: 7)"]),
            (
                WORKER,
                Leave.CHEAP,
                None,
                0,
                False,
                ["worker 1 killed successfully (pid: 7)", "uWSGI worker 1 cheaped."],
            ),
            (WORKER, Leave.STOP, 9, None, False, ["worker 1 buried after 2 seconds"]),
            (
                FRONTEND,
                Leave.STOP,
                None,
                0,
                False,
                ['gateway "uWSGI http 1" has been buried (pid: 7)'],
            ),
        ]:
            death = Death(kind, 1, 7, leaving, signal, code, unfit, 2.9)
            self.assertEqual(died(death), expected)

    def test_births(self) -> None:
        """A place's first child is spawned, the others are respawned."""
        self.assertEqual(
            spawned(WORKER, 2, 7, 4, True), "spawned uWSGI worker 2 (pid: 7, cores: 4)"
        )
        self.assertEqual(spawned(WORKER, 2, 7, 4, False), "Respawned uWSGI worker 2 (new pid: 7)")
        self.assertEqual(spawned(FRONTEND, 1, 7, 4, True), "spawned uWSGI http 1 (pid: 7)")
        self.assertEqual(spawned(FRONTEND, 1, 7, 4, False), "respawned uWSGI http 1 (pid: 7)")

    def test_modes(self) -> None:
        """uWSGI's four names for how requests run at the same time."""
        found = [operational_mode(workers, threads) for workers in (1, 2) for threads in (1, 2)]
        modes = ["single process", "threaded", "preforking", "preforking+threaded"]
        self.assertEqual(found, [f"*** Operational MODE: {mode} ***" for mode in modes])

    def test_pause(self) -> None:
        """A pause is told in whole seconds where it is whole."""
        self.assertEqual(
            too_fast("worker 1", 2.0),
            "worker 1 respawning too fast !!! i have to sleep a bit (2 seconds)...",
        )

    def test_last_words(self) -> None:
        """What a child wrote as it crashed follows its death, also where that is not told."""
        death = Death(
            kind=WORKER,
            index=1,
            pid=7,
            leaving=None,
            signal=6,
            code=None,
            unfit=False,
            leave_took=0,
            last_words="Fatal Python error: Aborted\n  in f",
        )
        told = ["last words of worker 1 (pid: 7):\nFatal Python error: Aborted\n  in f"]
        damn = ["DAMN ! worker 1 (pid: 7) died, killed by signal 6 :( trying respawn ..."]
        self.assertEqual(died(death), damn + told)
        self.assertEqual(died(death, silent=True), told)

    def test_hung(self) -> None:
        """A worker that was killed because it hangs has died; one that ended by itself has left."""
        for signal, expected in ((9, "DAMN ! worker 1"), (None, "worker 1 killed successfully")):
            death = Death(
                kind=WORKER,
                index=1,
                pid=7,
                leaving=Leave.HARAKIRI,
                signal=signal,
                code=None,
                unfit=False,
                leave_took=0,
            )
            self.assertTrue(died(death)[0].startswith(expected))

    def test_never_took_over(self) -> None:
        """A fault that it was killed for says more than the signal."""
        death = Death(
            kind=WORKER,
            index=1,
            pid=7,
            leaving=None,
            signal=9,
            code=None,
            unfit=False,
            leave_took=0,
            fault=not_ready(5),
        )
        self.assertEqual(
            never_took_over(death, WORKER, 1),
            "worker 1 (pid: 7) is not ready after 5 seconds (worker-ready-timeout)",
        )
