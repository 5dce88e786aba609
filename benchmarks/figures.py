"""What is made of what was measured: medians, spreads, ratios, targets.  Pure."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Run:
    """
    One run against one contender.

    @ivar requests: answered.
    @ivar seconds: how long it took.
    @ivar size: bytes received.
    @ivar p50, p99: milliseconds.
    @ivar user, system: processor time of all processes of the contender, in microseconds.
    @ivar errors: see L{benchmarks.load.Answer}.
    """

    requests: int
    seconds: float
    size: int
    p50: float
    p99: float
    user: int
    system: int
    errors: dict[str, int] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds

    @property
    def cpu(self) -> float:
        """Microseconds of processor time a request."""
        return (self.user + self.system) / max(1, self.requests)

    @property
    def megabytes(self) -> float:
        """Megabytes a second, received."""
        return self.size / self.seconds / 1_000_000

    @property
    def cpu_megabyte(self) -> float:
        """Microseconds of processor time a megabyte."""
        return (self.user + self.system) / max(1, self.size) * 1_000_000


@dataclass(frozen=True)
class Metric:
    """
    One property of a run.

    @ivar title: in a sentence.
    @ivar unit: after a figure.
    """

    title: str
    unit: str
    of: Callable[[Run], float]


METRICS = {
    "rate": Metric("requests/s", "/s", lambda run: run.rate),
    "cpu": Metric("CPU a request", "µs", lambda run: run.cpu),
    "p50": Metric("p50", "ms", lambda run: run.p50),
    "p99": Metric("p99", "ms", lambda run: run.p99),
    "megabytes": Metric("MB/s", "MB/s", lambda run: run.megabytes),
    "cpu_megabyte": Metric("CPU a MB", "µs", lambda run: run.cpu_megabyte),
}


@dataclass(frozen=True)
class Spread:
    """The median of some figures, and the least and the greatest of them."""

    median: float
    low: float
    high: float


def spread(values: Sequence[float]) -> Spread:
    """
    Sums up.

    @param values: at least one.
    """
    return Spread(statistics.median(values), min(values), max(values))


def paired(
    ours: Sequence[float], theirs: Sequence[float], how: Callable[[float, float], float]
) -> list[float]:
    """
    Compares round by round, for what disturbs one run of a round disturbs the next one, too.

    @return: one figure per round that both have.
    """
    return [how(a, b) for a, b in zip(ours, theirs, strict=False)]


def ratio(ours: float, theirs: float) -> float:
    """How many times theirs; 0, where they have nothing."""
    return ours / theirs if theirs else 0.0


def difference(ours: float, theirs: float) -> float:
    """By how much more than theirs."""
    return ours - theirs


@dataclass(frozen=True)
class Target:
    """
    What a case is to show.

    @ivar of: a contender.
    @ivar metric: a name of L{METRICS}.
    @ivar least: the figure is to be this or more.
    @ivar most: the figure is to be this or less.
    @ivar versus: another contender.
    @ivar by: how the two are compared: C{ratio} or C{difference}.
    """

    of: str
    metric: str
    versus: str
    least: float | None = None
    most: float | None = None
    by: str = "ratio"

    def values(self, runs: dict[str, list[Run]]) -> list[float]:
        """The figures, one a round; none, where one of the two did not run."""
        of = METRICS[self.metric].of
        ours = [of(run) for run in runs.get(self.of, [])]
        theirs = [of(run) for run in runs.get(self.versus, [])]
        return paired(ours, theirs, ratio if self.by == "ratio" else difference)


@dataclass(frozen=True)
class Finding:
    """
    A figure beside its target.

    @ivar title: of what.
    @ivar values: measured, one or more times; the median counts.
    @ivar least, most: the target; both None: there is none.
    @ivar unit: after the figure: C{x} for a ratio.
    @ivar note: what else is to be said of it.
    """

    title: str
    values: list[float]
    least: float | None = None
    most: float | None = None
    unit: str = ""
    note: str = ""

    @property
    def summary(self) -> Spread:
        """Median, least, greatest."""
        return spread(self.values)

    @property
    def target(self) -> str:
        """The target in words; empty, where there is none."""
        if self.least is not None:
            return f">= {number(self.least)}{_unit(self.unit)}"
        if self.most is not None:
            return f"<= {number(self.most)}{_unit(self.unit)}"
        return ""

    @property
    def met(self) -> bool | None:
        """The median reaches the target; None, where there is none."""
        return self._reached(self.summary.median)

    @property
    def doubtful(self) -> bool:
        """Some measurements reach the target, and some do not."""
        return len({self._reached(value) for value in self.values}) > 1

    def _reached(self, value: float) -> bool | None:
        if self.least is not None:
            return value >= self.least
        return value <= self.most if self.most is not None else None

    @property
    def words(self) -> str:
        """The figure, and its spread where it was measured more than once."""
        found = self.summary
        said = f"{number(found.median)}{_unit(self.unit)}"
        if len(self.values) > 1:
            said += f" ({number(found.low)} to {number(found.high)})"
        return said


def _unit(unit: str) -> str:
    return unit if unit in ("", "x", "%") else f" {unit}"


def number(value: float) -> str:
    """Three significant digits or all before the point, with thin gaps between thousands."""
    size = abs(value)
    if size >= 100:
        return f"{value:,.0f}".replace(",", "\u202f")
    if size >= 10:
        return f"{value:.1f}".removesuffix(".0")
    text = f"{value:.2f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
