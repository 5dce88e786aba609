"""Results -> SVG, on the paper of the documentation's other pictures.  Pure."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from types import ModuleType

from benchmarks.contenders import CONTENDERS
from benchmarks.figures import METRICS, Spread, number, spread
from benchmarks.options import DOCS
from benchmarks.results import Curve, Results

_BARS = "bench.svg"
_GROWTH = "bench-growth.svg"
#: The cases of which there are bars, one row of each contender, and what they show.
_MAIN = (
    ("http-tiny-8", "http =, kept connections"),
    ("socket-tiny-8", "http-socket =, and others"),
)
_METRICS = ("rate", "cpu")
_ROW = 24
_WIDTH = 804


def _drawing() -> ModuleType:
    """docs/pictures/drawing.py, which is in no package."""
    name = "docs_pictures_drawing"
    if name not in sys.modules:
        path = DOCS / "pictures" / "drawing.py"
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        # A dataclass looks for its module there.
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


def pictures(results: Results) -> dict[str, tuple[str, str]]:
    """All that can be drawn of what was measured: file name -> what it shows, and the picture."""
    found = {}
    if any(name in results.runs for name, _ in _MAIN):
        found[_BARS] = ("Requests a second and processor time a request", bars(results))
    growth = results.extras.get("growth")
    if growth is not None and growth.curves:
        words = "Processor time a request, with more workers and more connections"
        found[_GROWTH] = (words, curves(growth.curves))
    return found


# -- bars


def bars(results: Results) -> str:
    """Requests a second on the left, processor time a request on the right."""
    drawing = _drawing()
    marks: list[str] = []
    told: list[str] = []
    top = 62.0
    for name, heading in _MAIN:
        runs = results.runs.get(name)
        if not runs:
            continue
        marks.append(drawing.text("ink", drawing.MARGIN, top, heading))
        figures = {
            metric: {
                CONTENDERS[one].title.replace("`", ""): spread(
                    [METRICS[metric].of(run) for run in own]
                )
                for one, own in runs.items()
            }
            for metric in _METRICS
        }
        titles = list(figures["rate"])
        for place, metric in enumerate(_METRICS):
            left = 290.0 + 262 * place
            title = f"{METRICS[metric].title}{', µs' if metric == 'cpu' else ''}"
            marks.append(drawing.text("pale", left, top, title))
            marks += _column(drawing, left, top, list(figures[metric].values()), titles)
        for row, title in enumerate(titles):
            y = top + 20 + row * _ROW
            marks.append(drawing.text("pale", 282, y + 4, title, "end"))
            values = (figures[metric][title].median for metric in _METRICS)
            rate, cost = (number(value) for value in values)
            told.append(f"{title}: {rate} requests a second, {cost} microseconds of processor.")
        top += 54 + len(titles) * _ROW
    heading = "Tiny requests on 8 connections: medians, least and greatest"
    return str(drawing.sheet(_WIDTH, int(top) - 10, heading, " ".join(told), marks))


def _column(
    drawing: ModuleType, left: float, top: float, found: Sequence[Spread], titles: Sequence[str]
) -> list[str]:
    """Bars below one another, as long as they are in proportion to the longest."""
    longest = max(one.high for one in found)
    scale = 190 / longest if longest else 0
    marks = []
    for row, (one, title) in enumerate(zip(found, titles, strict=True)):
        y = top + 20 + row * _ROW
        kind = "orange" if title.startswith("twsgi") else "blue"
        width = one.median * scale
        marks.append(
            f'<rect class="{kind}" x="{left:.1f}" y="{y - 7:.1f}" width="{width:.1f}" height="14"/>'
        )
        low, high = left + one.low * scale, left + one.high * scale
        marks.append(f'<path class="axis" d="M{low:.1f} {y:.1f}H{high:.1f}"/>')
        marks.append(drawing.text("ink", max(high, left + width) + 5, y + 4, number(one.median)))
    return marks


# -- growth


def curves(found: dict[str, dict[str, Curve]]) -> str:
    """What was varied goes to the right, each step doubling it."""
    drawing = _drawing()
    highest = max(y for lines in found.values() for points in lines.values() for _, y in points)
    step = _step(highest)
    marks = [drawing.text("pale", drawing.MARGIN, 56, "microseconds of processor time a request")]
    told = []
    for place, (title, lines) in enumerate(found.items()):
        counts = [x for x, _ in next(iter(lines.values()))]
        left = 52.0 + place * 380
        across = max(1, len(counts) - 1)
        plane = drawing.Plane(left, left + 300, 76, 300, across, highest * 1.1)
        ticks = range(0, int(highest * 1.1) + 1, step)
        marks += plane.ticks_up(ticks)
        for number_, x in enumerate(counts):
            at = plane.x(number_)
            marks.append(f'<path class="axis" d="M{at:.1f} {plane.bottom}v5"/>')
            marks.append(drawing.text("pale", at, plane.bottom + 19, f"{x:g}", "middle"))
        marks.append(drawing.text("pale", plane.right, plane.bottom + 38, title, "end"))
        for kind, (name, points) in zip("ab", lines.items(), strict=False):
            line = [(float(at), y) for at, (_, y) in enumerate(points)]
            plain = name.replace("`", "")
            marks.append(plane.line(f"line {kind}", line))
            below = 4 if kind == "a" else -10
            marks.append(plane.words(kind, 0.1, line[0][1] + below, plain, "start"))
            values = ", ".join(f"{y:.0f} with {x:g}" for x, y in points)
            told.append(f"{plain}, {title}: {values}.")
    title = "CPU a request: more workers, more connections"
    return str(drawing.sheet(_WIDTH, 356, title, " ".join(told), marks))


def _step(highest: float) -> int:
    """A distance of lines of which there are about five."""
    return next((one for one in (1, 2, 5, 10, 20, 50, 100) if highest / one <= 7), 200)
