"""From data to pictures: SVG written by hand, for light and dark, for eyes and for screen readers.

Pure: the same data give the same pictures, byte for byte.
"""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

Row = dict[str, float]
Point = tuple[float, float]

#: Where the pictures' text begins, on the left and from the top.
MARGIN = 20

# A background of their own, so that a page of either kind may hold them.  No custom properties:
# some of the programs that draw SVG know none.
STYLE = """
  text { font: 13px system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif }
  .paper { fill: #fff } .ink { fill: #1f2328 } .pale { fill: #59636e }
  .heading { font-size: 15px; font-weight: 600 }
  .grid { stroke: #d8dee4 } .axis { stroke: #818b98 } .line { stroke: #1f2328 }
  .guide { stroke: #818b98; stroke-dasharray: 2 4 }
  .grid, .axis, .guide { stroke-width: 1; fill: none }
  .line { stroke-width: 2.5; fill: none; stroke-linejoin: round; stroke-linecap: round }
  .blue { fill: #2f6fb5 } .on-blue { fill: #fff }
  .orange { fill: #e6a04a } .on-orange { fill: #2b1900 }
  .a { fill: #b35900 } .b { fill: #2f6fb5 } .c { fill: #12795b }
  .line.a { stroke: #b35900; fill: none } .line.b { stroke: #2f6fb5; fill: none }
  .line.c { stroke: #12795b; fill: none }
  .band { opacity: .18 }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #0d1117 } .ink { fill: #e6edf3 } .pale { fill: #9aa4af }
    .grid { stroke: #2a313a } .axis, .guide { stroke: #6e7681 } .line { stroke: #e6edf3 }
    .a { fill: #f0a35b } .b { fill: #6cb0f2 } .c { fill: #4cc79a }
    .line.a { stroke: #f0a35b } .line.b { stroke: #6cb0f2 } .line.c { stroke: #4cc79a }
    .band { opacity: .25 }
  }
"""


def pictures(directory: Path) -> dict[str, str]:
    """
    All pictures: file name -> content.

    @param directory: where the data are, as C{*.csv}.
    """
    return {
        "cheaper.svg": cheaper(_rows(directory / "cheaper.csv")),
        "latency.svg": latency(_rows(directory / "latency.csv")),
    }


def _rows(path: Path) -> list[Row]:
    with open(path, encoding="utf-8", newline="") as file:
        return [{name: float(cell) for name, cell in row.items()} for row in csv.DictReader(file)]


# -- paper


@dataclass(frozen=True)
class Plane:
    """
    A rectangle of the picture and the values it stands for.

    @ivar left, right, top, bottom: its sides, in pixels.
    @ivar across, up: the values at its right and top sides; those at the others are 0.
    """

    left: float
    right: float
    top: float
    bottom: float
    across: float
    up: float

    def x(self, value: float) -> float:
        """Pixels from the picture's left side."""
        return self.left + (self.right - self.left) * value / self.across

    def y(self, value: float) -> float:
        """Pixels from the picture's top."""
        return self.bottom - (self.bottom - self.top) * value / self.up

    def path(self, points: Iterable[Point]) -> str:
        """What C{d} says of a line through some values."""
        return "M" + "L".join(f"{self.x(x):.1f} {self.y(y):.1f}" for x, y in points)

    def line(self, kind: str, points: Iterable[Point]) -> str:
        """A line through some values."""
        return f'<path class="{kind}" d="{self.path(points)}"/>'

    def area(self, kind: str, low: Sequence[Point], high: Sequence[Point]) -> str:
        """All that is between two lines, each from left to right."""
        return f'<path class="{kind}" d="{self.path([*high, *reversed(low)])}Z"/>'

    def words(self, kind: str, x: float, y: float, said: str, anchor: str = "middle") -> str:
        """Words whose middle (or C{start}, or C{end}) stands on a point."""
        return text(kind, self.x(x), self.y(y), said, anchor)

    def ticks_up(self, values: Iterable[float]) -> list[str]:
        """Lines across, each with its value at the left."""
        marks = []
        for value in values:
            kind = "grid" if value else "axis"
            marks.append(self.line(kind, [(0, value), (self.across, value)]))
            marks.append(text("pale", self.left - 8, self.y(value) + 4, f"{value:g}", "end"))
        return marks

    def ticks_across(self, values: Iterable[float]) -> list[str]:
        """Values below, each with a short line."""
        marks = []
        for value in values:
            x, y = self.x(value), self.bottom
            marks.append(f'<path class="axis" d="M{x:.1f} {y:.1f}v5"/>')
            marks.append(text("pale", x, y + 19, f"{value:g}", "middle"))
        return marks


def text(kind: str, x: float, y: float, said: str, anchor: str = "start") -> str:
    """Words, at pixels."""
    words = escape(said, quote=False)
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{words}</text>'


def sheet(width: int, height: int, title: str, told: str, marks: Iterable[str]) -> str:
    """
    A whole picture.

    @param title: its heading, and its name for those who do not see it.
    @param told: what it shows, for those who do not see it.
    """
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
        f' width="{width}" height="{height}" role="img" aria-labelledby="title told">',
        f'<title id="title">{escape(title, quote=False)}</title>',
        f'<desc id="told">{escape(told, quote=False)}</desc>',
        f"<style>{STYLE}</style>",
        f'<rect class="paper" width="{width}" height="{height}" rx="6"/>',
        text("ink heading", MARGIN, 30, title),
        *marks,
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


# -- workers against load


#: Cores of one worker: the example's C{threads}.
THREADS = 2


def cheaper(rows: Sequence[Row]) -> str:
    """
    How many requests there are at once, and how many workers are ready for them.

    @param rows: seconds, clients, workers, busy, waiting.
    """
    end = 64
    most = int(max(row["workers"] for row in rows))
    plane = Plane(left=52, right=712, top=76, bottom=376, across=end, up=13)
    floor = [(row["seconds"], 0.0) for row in rows]
    busy = [(row["seconds"], row["busy"]) for row in rows]
    demand = [(row["seconds"], row["busy"] + row["waiting"]) for row in rows]
    marks = [
        text("pale", MARGIN, 56, "requests at once"),
        text("pale", 784, 56, "workers that are ready", "end"),
        *plane.ticks_up(range(0, 13, 2)),
        plane.area("blue", floor, busy),
        plane.area("orange", busy, demand),
        plane.line("line", _steps(rows, end)),
        *(
            text("ink", plane.right + 8, plane.y(count * THREADS) + 4, _workers(count))
            for count in range(1, most + 1)
        ),
        *plane.ticks_across(range(0, end, 10)),
        text("pale", plane.right, plane.bottom + 38, "seconds", "end"),
        plane.words("on-blue", 18, 4.2, "in a core"),
        plane.words("on-orange", 18, 10, "waiting"),
        plane.words("on-orange", 18, 9.1, "in the queue"),
        plane.words("on-orange", 48.2, 10, "waiting"),
        plane.words("ink", 25.4, 8.35, "all cores", "start"),
        plane.words("pale", 18, 12.45, "slowly more, slowly fewer"),
        plane.words("pale", 48, 12.45, "twelve at once"),
    ]
    title = "cheaper: the workers follow the load"
    return sheet(804, 430, title, _cheaper_told(rows), marks)


def _steps(rows: Sequence[Row], end: float) -> list[Point]:
    """A line that goes up and down where the number of workers changes."""
    points = [(0.0, rows[0]["workers"] * THREADS)]
    for row in rows:
        cores = row["workers"] * THREADS
        if cores != points[-1][1]:
            points += [(row["seconds"], points[-1][1]), (row["seconds"], cores)]
    return [*points, (end, points[-1][1])]


def _cheaper_told(rows: Sequence[Row]) -> str:
    """The picture in words: each change of the number of workers, and the longest queue."""
    changes = [
        f"{_workers(int(row['workers']))} from second {row['seconds']:.1f}"
        for before, row in itertools.pairwise(rows)
        if before["workers"] != row["workers"]
    ]
    longest = max(rows, key=lambda row: row["waiting"])
    return (
        f"Workers of {THREADS} cores each, over time: {_workers(int(rows[0]['workers']))} first; "
        f"{'; '.join(changes)}. At most {max(row['busy'] for row in rows):.0f} requests were in "
        f"a core at once, at most {longest['waiting']:.0f} waited in the queue, at second "
        f"{longest['seconds']:.1f}."
    )


def _workers(count: int) -> str:
    return f"{count} worker{'s' if count > 1 else ''}"


# -- latency against concurrency


def latency(rows: Sequence[Row]) -> str:
    """
    How long requests take when more and more clients ask.

    @param rows: workers, clients, requests, mean_ms, p5_ms, median_ms, p95_ms.
    """
    plane = Plane(left=52, right=700, top=76, bottom=376, across=16.5, up=425)
    counts = sorted({int(row["workers"]) for row in rows})
    marks = [
        text(
            "pale",
            MARGIN,
            56,
            "milliseconds until the answer (line: the mean; tint: 90 of 100 requests)",
        ),
        *plane.ticks_up(range(0, 450, 50)),
        *plane.ticks_across(range(0, 17, 2)),
        text("pale", plane.right, plane.bottom + 38, "clients that ask at once", "end"),
    ]
    for kind, count in zip("abc", counts, strict=True):
        marks += _curve(plane, kind, count, [row for row in rows if row["workers"] == count])
    title = "Latency: flat until all cores are taken, then a queue"
    return sheet(804, 430, title, _latency_told(rows, counts), marks)


def _curve(plane: Plane, kind: str, count: int, rows: Sequence[Row]) -> list[str]:
    """One number of workers: its mean, its range, and where its cores end."""
    mean = [(row["clients"], row["mean_ms"]) for row in rows]
    low = [(row["clients"], row["p5_ms"]) for row in rows]
    high = [(row["clients"], row["p95_ms"]) for row in rows]
    cores = count * THREADS
    return [
        plane.area(f"{kind} band", low, high),
        plane.line(f"line {kind}", mean),
        *(
            f'<circle class="{kind}" cx="{plane.x(x):.1f}" cy="{plane.y(y):.1f}" r="3"/>'
            for x, y in mean
        ),
        plane.line("guide", [(cores, 0), (cores, mean[0][1])]),
        plane.words(kind, cores + 0.15, 18, f"{cores} cores", "start"),
        text(kind, plane.right + 2, plane.y(mean[-1][1]) + 4, _workers(count)),
    ]


def _latency_told(rows: Sequence[Row], counts: Iterable[int]) -> str:
    """The picture in words: the means."""
    lines = []
    for count in counts:
        means = (
            f"{row['mean_ms']:.0f} with {row['clients']:.0f}"
            for row in rows
            if row["workers"] == count
        )
        lines.append(f"{_workers(count)}, {count * THREADS} cores: {', '.join(means)}.")
    return "Mean milliseconds of a request, and with how many clients. " + " ".join(lines)
