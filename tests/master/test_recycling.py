"""Tests of L{twsgi.master.recycling}: which worker has to be replaced, and why."""

from __future__ import annotations

import dataclasses
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from twsgi.master.recycling import SPREAD, Recycling, Sample
from twsgi.settings.model import Settings

MB = 1024 * 1024
#: A worker that has nothing about it.
USUAL = Sample(index=2, pid=55, luck=0.0, age=60.0, requests=0)

#: (settings, what is seen, the line or its end); "": nothing has to be done
CASES: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({}, {"requests": 10**9, "age": 1e9, "exceptions": 9, "rss": 10**12}, ""),
    ({"max_requests": 10}, {"requests": 9}, ""),
    ({"max_requests": 10}, {"requests": 10},
     "...The work of process 55 is done. Seeya! (worker 2: 10 requests)"),
    ({"max_requests": 10, "min_worker_lifetime": 61}, {"requests": 10}, ""),
    ({"max_requests": 10, "min_worker_lifetime": 60}, {"requests": 10}, "10 requests)"),
    ({"max_requests": 10, "max_requests_delta": 5}, {"requests": 14}, ""),
    ({"max_requests": 10, "max_requests_delta": 5}, {"requests": 15}, "15 requests)"),
    ({"max_requests": 10, "max_requests_delta": 5}, {"requests": 10, "index": 1}, "10 requests)"),
    ({"max_requests": 100}, {"requests": 109, "luck": 0.999}, "109 requests)"),
    ({"max_requests": 100}, {"requests": 108, "luck": 0.999}, ""),
    ({"max_requests": 100, "max_requests_delta": 0}, {"requests": 100, "luck": 0.9}, "requests)"),
    ({"max_worker_lifetime": 100}, {"age": 99.9}, ""),
    ({"max_worker_lifetime": 100}, {"age": 100.9},
     "worker 2 lifetime reached, it was running for 100 second(s)"),
    ({"max_worker_lifetime": 100, "max_worker_lifetime_delta": 7}, {"age": 106.9}, ""),
    ({"max_worker_lifetime": 100, "max_worker_lifetime_delta": 7}, {"age": 107},
     "for 107 second(s)"),
    ({"max_worker_lifetime": 100}, {"age": 104, "luck": 0.5}, ""),
    ({"max_worker_lifetime": 100}, {"age": 105, "luck": 0.5}, "for 105 second(s)"),
    ({"reload_on_rss": 10}, {"rss": 10 * MB, "address_space": 99 * MB}, ""),
    ({"reload_on_rss": 10}, {"rss": 10 * MB + 1},
     "...The work of process 55 is done. Seeya! (worker 2: 10485761 bytes of resident memory)"),
    ({"reload_on_rss": 10}, {"rss": 11 * MB, "age": 9}, ""),
    ({"reload_on_as": 10}, {"rss": 11 * MB, "address_space": 10 * MB}, ""),
    ({"reload_on_as": 10}, {"address_space": 11 * MB}, "11534336 bytes of address space)"),
    ({"evil_reload_on_rss": 10}, {"rss": 11 * MB},
     " - *** EVIL RELOAD ON WORKER 2 RSS: 11534336 (pid: 55) ***"),
    ({"evil_reload_on_rss": 10}, {"rss": 10 * MB, "address_space": 99 * MB}, ""),
    ({"evil_reload_on_as": 10}, {"address_space": 11 * MB},
     " - *** EVIL RELOAD ON WORKER 2 ADDRESS SPACE: 11534336 (pid: 55) ***"),
    ({"evil_reload_on_as": 10}, {"address_space": 11 * MB, "age": 9}, ""),
    ({"reload_on_exception": True}, {}, ""),
    ({"reload_on_exception": True}, {"exceptions": 1},
     "... monitored exception detected, respawning worker 2 (pid: 55)..."),
    ({"reload_on_exception": True}, {"exceptions": 1, "age": 9.9}, ""),
    ({"reload_on_exception": True, "min_worker_lifetime": 0}, {"exceptions": 1, "age": 0.0},
     "monitored exception detected, respawning worker 2 (pid: 55)..."),
]  # fmt: skip

counts = st.integers(0, 10**6)
deltas = st.none() | counts
rules = st.builds(
    Settings,
    max_requests=counts,
    max_requests_delta=deltas,
    min_worker_lifetime=st.integers(0, 100),
    max_worker_lifetime=counts,
    max_worker_lifetime_delta=deltas,
    reload_on_rss=counts,
    reload_on_as=counts,
    evil_reload_on_rss=counts,
    evil_reload_on_as=counts,
    reload_on_exception=st.booleans(),
)
lucks = st.floats(0, 1, exclude_max=True)
samples = st.builds(
    Sample,
    index=st.integers(1, 300),
    pid=st.integers(2, 99999),
    luck=lucks,
    age=st.floats(0, 10**7),
    requests=counts,
    exceptions=counts,
    rss=st.integers(0, 10**13),
    address_space=st.integers(0, 10**13),
)
GROWING = ("age", "requests", "exceptions", "rss", "address_space")


class RecyclingTests(SynchronousTestCase):
    """Each rule, alone and with others."""

    def test_rules(self) -> None:
        """Each row is replaced for the reason it gives, or goes on."""
        for fields, seen, line in CASES:
            found = Recycling(Settings(**fields)).reason(dataclasses.replace(USUAL, **seen))
            self.assertEqual(bool(found), bool(line), (fields, seen, found))
            self.assertTrue((found or "").endswith(line), (fields, seen, found))

    def test_wanted(self) -> None:
        """Nobody looks where nothing is asked for, and weighs only where that is."""
        self.assertFalse(Recycling(Settings()).wanted)
        self.assertFalse(Recycling(Settings(min_worker_lifetime=3, max_requests_delta=3)).wanted)
        for fields, _, line in CASES:
            rules = Recycling(Settings(**fields))
            self.assertEqual(rules.wanted, bool(fields), fields)
            self.assertEqual(rules.weighs, any("_on_as" in f or "_rss" in f for f in fields), line)

    @given(rules, samples)
    def test_young(self, settings: Settings, sample: Sample) -> None:
        """Younger than min-worker-lifetime no worker is replaced, whatever is seen."""
        if sample.age < settings.min_worker_lifetime:
            self.assertIsNone(Recycling(settings).reason(sample))

    @given(rules, samples, st.sampled_from(GROWING), counts)
    def test_for_good(self, settings: Settings, sample: Sample, field: str, more: int) -> None:
        """What has to be replaced has to be so later too: all that is looked at only grows."""
        rules = Recycling(settings)
        if rules.reason(sample) is not None:
            grown = dataclasses.replace(sample, **{field: getattr(sample, field) + more})
            self.assertIsNotNone(rules.reason(grown))

    @given(rules, samples)
    def test_one_line(self, settings: Settings, sample: Sample) -> None:
        """A reason is one line that names the worker or its process."""
        line = Recycling(settings).reason(sample)
        if line is not None:
            self.assertEqual(len(line.splitlines()), 1)
            self.assertRegex(line, rf"(?i)worker {sample.index}\b")

    @given(rules, st.integers(1, 300), lucks)
    def test_limits(self, settings: Settings, index: int, luck: float) -> None:
        """A limit is never less than was asked for, and more by the delta or by SPREAD at most."""
        rules = Recycling(settings)
        for least, delta, found in (
            (
                settings.max_requests,
                settings.max_requests_delta,
                rules.most_requests(index, luck),
            ),
            (
                settings.max_worker_lifetime,
                settings.max_worker_lifetime_delta,
                rules.longest_life(index, luck),
            ),
        ):
            if not least:
                self.assertEqual(found, 0)
            elif delta is not None:
                self.assertEqual(found, least + (index - 1) * delta)
            else:
                self.assertTrue(least <= found <= least * (1 + SPREAD), found)
