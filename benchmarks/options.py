"""The command line."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.cases import CASES, NOT_QUICK
from benchmarks.contenders import CONTENDERS

DOCS = Path(__file__).parents[1] / "docs"

#: What is measured beside the cases, in this order.
EXTRAS = ("memory", "start", "idle", "queueing", "switching", "growth", "micro")


@dataclass(frozen=True)
class Options:
    """
    What is to be done.

    @ivar names: cases and L{EXTRAS}.
    @ivar rounds: how often each contender runs in each case.
    @ivar seconds: of each run.
    @ivar output: where the page and its pictures go; None: nowhere, the page is printed.
    @ivar check: the exit code says whether all targets are met.
    @ivar draw: nothing is measured; the page is made of what was.
    """

    names: tuple[str, ...]
    contenders: tuple[str, ...]
    rounds: int
    seconds: int
    output: Path | None
    quick: bool = False
    check: bool = False
    draw: bool = False


def parse(arguments: Sequence[str] | None = None) -> Options:
    """
    Reads the command line.

    A run of everything writes C{docs/}; what is less is printed, unless C{--output} says where.

    @raise SystemExit: it cannot be understood, or asks for help.
    """
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measures twsgi and others side by side, and writes docs/benchmarks.md.",
        epilog=f"Cases: {', '.join(CASES)}. Beside them: {', '.join(EXTRAS)}."
        f" Contenders: {', '.join(CONTENDERS)}.",
    )
    add = parser.add_argument
    add("names", nargs="*", metavar="CASE", help="what to measure; all by default")
    add("--contenders", default="", help="only these, with commas between them")
    add("--rounds", type=int, default=0, help="runs of each contender in each case (7)")
    add("--seconds", type=int, default=0, help="length of a run (2)")
    add("--quick", action="store_true", help="2 rounds of 1 s, most of what the targets need")
    add("--output", type=Path, help="directory for the page and its pictures")
    add("--check", action="store_true", help="exit with 1 if a target is missed")
    add("--draw", action="store_true", help="only make the page again, of the last data")
    found = parser.parse_args(arguments)
    known = (*CASES, *EXTRAS)
    contenders = tuple(found.contenders.split(",")) if found.contenders else tuple(CONTENDERS)
    for name, among in (
        *((name, known) for name in found.names),
        *((name, tuple(CONTENDERS)) for name in contenders),
    ):
        if name not in among:
            parser.error(f"{name}: unknown; there are: {', '.join(among)}")
    left_out = NOT_QUICK if found.quick else ()
    whole = not (found.names or found.contenders or found.quick or found.rounds or found.seconds)
    return Options(
        names=tuple(found.names) or tuple(name for name in known if name not in left_out),
        contenders=contenders,
        rounds=found.rounds or (2 if found.quick else 7),
        seconds=found.seconds or (1 if found.quick else 2),
        output=found.output or (DOCS if whole or found.draw else None),
        quick=found.quick,
        check=found.check,
        draw=found.draw,
    )
