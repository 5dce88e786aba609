"""The pictures of the documentation.

C{python docs/pictures/make.py measure} starts the real twsgi, sends it requests for two and a
half minutes and writes what happened next to this file as C{*.csv}; C{measure cheaper} or
C{measure latency} does half of it.  C{draw} makes the C{*.svg} from the C{*.csv}: the same ones
from the same data.

Measuring needs Linux, an installed twsgi and a machine with nothing else to do.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import drawing
import measuring

HERE = Path(__file__).parent


def main() -> None:
    """Does what the command line says."""
    parser = argparse.ArgumentParser(description="Makes the pictures of the documentation.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    measure = verbs.add_parser("measure", help="run twsgi and write down what it does")
    measure.add_argument("what", nargs="?", choices=measuring.MEASUREMENTS)
    verbs.add_parser("draw", help="make the pictures from what was written down")
    arguments = parser.parse_args()
    if arguments.verb == "draw":
        for name, picture in drawing.pictures(HERE).items():
            (HERE / name).write_text(picture, "utf-8")
        return
    for what in [arguments.what] if arguments.what else measuring.MEASUREMENTS:
        (HERE / f"{what}.csv").write_text(measuring.MEASUREMENTS[what](), "utf-8")


if __name__ == "__main__":
    main()
