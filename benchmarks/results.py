"""All that was measured, and the file it is kept in."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import Any

from benchmarks.figures import Finding, Run

#: Points of a line: what was varied, and what came of it.
Curve = list[tuple[float, float]]


@dataclass(frozen=True)
class Table:
    """Words in rows and columns."""

    columns: list[str]
    rows: list[list[str]]


@dataclass(frozen=True)
class Outcome:
    """
    What was measured beside the cases, of one kind.

    @ivar curves: title -> name of the line -> its points.
    @ivar notes: paragraphs.
    """

    findings: list[Finding] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    curves: dict[str, dict[str, Curve]] = field(default_factory=dict)


@dataclass(frozen=True)
class Effort:
    """
    How much is done.

    @ivar rounds: runs of each contender.
    @ivar seconds: of each run.
    @ivar quick: only what the targets need.
    """

    rounds: int
    seconds: int
    quick: bool = False


@dataclass
class Results:
    """
    A whole run.

    @ivar machine, versions: name -> value.
    @ivar day: when, as C{2026-11-23}.
    @ivar keeps: contender -> it keeps connections.
    @ivar runs: case -> contender -> its runs, a round each.
    """

    machine: dict[str, str]
    versions: dict[str, str]
    day: str
    effort: Effort
    keeps: dict[str, bool] = field(default_factory=dict)
    runs: dict[str, dict[str, list[Run]]] = field(default_factory=dict)
    extras: dict[str, Outcome] = field(default_factory=dict)

    def to_json(self) -> str:
        """What L{from_json} reads: one line per run, so that versions of it can be compared."""
        text = json.dumps(dataclasses.asdict(self), indent=1, ensure_ascii=False)
        return _joined(text) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Results:
        """The value that L{to_json} wrote."""
        data: dict[str, Any] = json.loads(text)
        data["effort"] = Effort(**data["effort"])
        data["runs"] = {
            case: {name: [Run(**one) for one in runs] for name, runs in contenders.items()}
            for case, contenders in data["runs"].items()
        }
        data["extras"] = {name: _outcome(one) for name, one in data["extras"].items()}
        return cls(**data)


def _outcome(data: dict[str, Any]) -> Outcome:
    return Outcome(
        findings=[Finding(**one) for one in data["findings"]],
        tables=[Table(**one) for one in data["tables"]],
        notes=data["notes"],
        curves={
            title: {name: [(x, y) for x, y in points] for name, points in lines.items()}
            for title, lines in data["curves"].items()
        },
    )


def _joined(text: str) -> str:
    """Indented JSON with everything that is deeper than four levels on its parent's line."""
    lines: list[str] = []
    for line in text.splitlines():
        depth = len(line) - len(line.lstrip())
        closes = line.lstrip()[:1] in ("]", "}")
        if depth > 4 or (depth == 4 and closes):
            lines[-1] += line.strip() if closes else " " + line.strip()
        else:
            lines.append(line)
    return "\n".join(lines)
