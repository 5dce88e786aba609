"""The pictures of the documentation are what is drawn from the data beside them."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

from benchmarks import picture as benchmark_picture
from benchmarks import report
from benchmarks.results import Results
from twisted.trial.unittest import SynchronousTestCase

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
SVG = "{http://www.w3.org/2000/svg}"


def drawing() -> ModuleType:
    """docs/pictures/drawing.py, which is in no package."""
    name = "docs_pictures_drawing"
    spec = importlib.util.spec_from_file_location(name, PICTURES / "drawing.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # A dataclass looks for its module there.
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def measured() -> Results:
    """What docs/benchmarks.md was made of."""
    return Results.from_json((PICTURES / "bench.json").read_text("utf-8"))


class BenchmarksTests(SynchronousTestCase):
    """docs/benchmarks.md and its pictures."""

    def test_are_what_was_measured(self) -> None:
        """They are what C{python -m benchmarks --draw} makes of the data of the last run."""
        drawn = benchmark_picture.pictures(measured())
        for name, (_, svg) in drawn.items():
            self.assertEqual((PICTURES / name).read_text("utf-8"), svg, name)
        shown = [(name, words) for name, (words, _) in drawn.items()]
        page = (PICTURES.parent / "benchmarks.md").read_text("utf-8")
        self.assertEqual(page, report.page(measured(), shown))


class PictureTests(SynchronousTestCase):
    """All pictures."""

    def setUp(self) -> None:
        module = drawing()
        self.addCleanup(sys.modules.pop, module.__name__)
        self.drawn: dict[str, str] = module.pictures(PICTURES)

    def test_are_what_the_data_say(self) -> None:
        """Each picture is, byte for byte, what C{make.py draw} makes of the data."""
        for name, picture in self.drawn.items():
            with open(PICTURES / name, encoding="utf-8", newline="") as file:
                self.assertEqual(file.read(), picture, f"{name}: run docs/pictures/make.py draw")

    def test_none_is_left_over(self) -> None:
        """There is no picture that nobody draws, and no data that nobody reads."""
        there = {path.stem for path in PICTURES.glob("*.svg")}
        there -= {Path(name).stem for name in benchmark_picture.pictures(measured())}
        data = {path.stem for path in PICTURES.glob("*.csv")}
        drawn = {Path(name).stem for name in self.drawn}
        self.assertEqual((there, data), (drawn, drawn))

    def test_can_be_heard(self) -> None:
        """Each picture is an image with a title and a description, which it names as its own."""
        for name, picture in self.drawn.items():
            root = ElementTree.fromstring(picture)
            told = {
                element.get("id"): (element.text or "").strip()
                for tag in ("title", "desc")
                for element in root.findall(SVG + tag)
            }
            self.assertEqual(root.get("role"), "img", name)
            self.assertEqual((root.get("aria-labelledby") or "").split(), list(told), name)
            self.assertTrue(len(told) == 2 and all(told.values()), name)

    def test_words_are_inside(self) -> None:
        """No word begins or is anchored outside its picture."""
        for name, picture in self.drawn.items():
            root = ElementTree.fromstring(picture)
            width, height = float(root.get("width", "0")), float(root.get("height", "0"))
            for word in root.iter(SVG + "text"):
                x, y = float(word.get("x", "-1")), float(word.get("y", "-1"))
                self.assertTrue(0 < x < width and 0 < y < height, f"{name}: {word.text}")


class CheaperTests(SynchronousTestCase):
    """Workers against load."""

    def test_line_follows_data(self) -> None:
        """A worker more in the data is a step up in the picture, and a change that is told."""
        module = drawing()
        self.addCleanup(sys.modules.pop, module.__name__)
        row = {"seconds": 1.0, "clients": 1.0, "workers": 1.0, "busy": 1.0, "waiting": 0.0}
        flat = module.cheaper([row, {**row, "seconds": 2.0}])
        step = module.cheaper([row, {**row, "seconds": 2.0, "workers": 2.0}])
        self.assertNotIn("2 workers from second 2.0", flat)
        self.assertIn("2 workers from second 2.0", step)
        self.assertNotEqual(flat, step)
