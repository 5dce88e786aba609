"""L{Recycling}: when a worker is old, big or broken enough to be replaced.  Pure.

uWSGI's C{max-requests}, C{max-worker-lifetime}, C{reload-on-rss} and their kin, in its words.  A
worker of uWSGI's looks at itself after each request, and leaves; here the master looks, for the
replacement comes first.
"""

from __future__ import annotations

from dataclasses import dataclass

from twsgi.master.words import (
    exception_detected,
    grown_evil,
    lifetime_reached,
    work_done,
)
from twsgi.settings.model import Settings

#: Where no delta is given, this part of a limit is the most that a worker has more of it.
SPREAD = 0.1
_MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Sample:
    """
    One worker that serves, as it was seen at one moment.

    @ivar index: from 1.
    @ivar luck: from 0 to 1, another for each process, and the same for all its life.
    @ivar age: seconds for which it has been ready.
    @ivar requests: how many this process has served.
    @ivar exceptions: how many of them the application has raised in.
    @ivar rss: bytes of resident memory; 0: the system does not tell.
    @ivar address_space: bytes, likewise.
    """

    index: int
    pid: int
    luck: float
    age: float
    requests: int
    exceptions: int = 0
    rss: int = 0
    address_space: int = 0


class Recycling:
    """What the settings say of it; immutable."""

    def __init__(self, settings: Settings) -> None:
        """C{settings}: as L{twsgi.settings.resolve} made them."""
        self._settings = settings
        #: Megabytes; nobody asks how big a worker is where no number is given.
        self.weighs = any(
            (
                settings.reload_on_rss,
                settings.reload_on_as,
                settings.evil_reload_on_rss,
                settings.evil_reload_on_as,
            )
        )

    @property
    def wanted(self) -> bool:
        """Some worker may have to be replaced, some day."""
        settings = self._settings
        return self.weighs or bool(
            settings.max_requests or settings.max_worker_lifetime or settings.reload_on_exception
        )

    def reason(self, sample: Sample) -> str | None:
        """
        Why that worker has to be replaced, as a line of the log; None: it has not.

        Younger than C{min-worker-lifetime} it never has: an application that raises, or is big, as
        soon as it is loaded is not to be loaded again and again.
        """
        if sample.age < self._settings.min_worker_lifetime:
            return None
        return (
            self._worked_enough(sample)
            or self._lived_enough(sample)
            or self._too_big(sample)
            or self._too_big_for_evil(sample)
            or self._raised(sample)
        )

    def most_requests(self, index: int, luck: float) -> int:
        """How many requests a worker serves; 0: any number."""
        settings = self._settings
        return _limit(settings.max_requests, settings.max_requests_delta, index, luck)

    def longest_life(self, index: int, luck: float) -> int:
        """How many seconds a worker serves; 0: any."""
        settings = self._settings
        return _limit(settings.max_worker_lifetime, settings.max_worker_lifetime_delta, index, luck)

    def _worked_enough(self, sample: Sample) -> str | None:
        most = self.most_requests(sample.index, sample.luck)
        if not most or sample.requests < most:
            return None
        return work_done(sample.index, sample.pid, f"{sample.requests} requests")

    def _lived_enough(self, sample: Sample) -> str | None:
        longest = self.longest_life(sample.index, sample.luck)
        if not longest or sample.age < longest:
            return None
        return lifetime_reached(sample.index, sample.age)

    def _too_big(self, sample: Sample) -> str | None:
        for what, megabytes, size in (
            ("resident memory", self._settings.reload_on_rss, sample.rss),
            ("address space", self._settings.reload_on_as, sample.address_space),
        ):
            if _more(size, megabytes):
                return work_done(sample.index, sample.pid, f"{size} bytes of {what}")
        return None

    def _too_big_for_evil(self, sample: Sample) -> str | None:
        for what, megabytes, size in (
            ("RSS", self._settings.evil_reload_on_rss, sample.rss),
            ("ADDRESS SPACE", self._settings.evil_reload_on_as, sample.address_space),
        ):
            if _more(size, megabytes):
                return grown_evil(sample.index, sample.pid, what, size)
        return None

    def _raised(self, sample: Sample) -> str | None:
        if not (self._settings.reload_on_exception and sample.exceptions):
            return None
        return exception_detected(sample.index, sample.pid)


def _limit(least: int, delta: int | None, index: int, luck: float) -> int:
    """
    What the worker C{index} has of a limit, so that workers which began together do not end
    together.
    """
    if not least:
        return 0
    return least + (int(least * SPREAD * luck) if delta is None else (index - 1) * delta)


def _more(size: int, megabytes: int) -> bool:
    return bool(megabytes) and size > megabytes * _MEGABYTE
