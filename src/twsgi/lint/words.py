"""A report as text, and as JSON."""

from __future__ import annotations

import json
from typing import Any

from twsgi.lint.facts import places
from twsgi.lint.report import Report
from twsgi.settings.assignment import printable
from twsgi.settings.finding import Finding

_INDENT = "  "
#: How many lines of a file that made a fact are named.
_ORIGINS = 6


def as_text(report: Report) -> str:
    """The report for a reader: the groups, then what it amounts to."""
    lines: list[str] = []
    for title, findings in report.groups:
        lines += [title, *(f"{_INDENT}{one}" for one in findings), ""]
    if not report.groups:
        lines += ["nothing to say: every line is heeded as it is written", ""]
    lines.append("what it amounts to")
    width = max(len(fact.topic) for fact, _ in report.facts)
    for fact, origins in report.facts:
        lines.append(f"{_INDENT}{fact.topic:<{width}}  {printable(fact.text, 2000)}{_by(origins)}")
    return "\n".join(lines) + "\n"


def _by(origins: tuple[str, ...]) -> str:
    if not origins:
        return ""
    more = ", ..." if len(origins) > _ORIGINS else ""
    return f" [{places(origins[:_ORIGINS])}{more}]"


def as_json(report: Report) -> str:
    """The same for a program: one object."""
    return (
        json.dumps(
            {
                "exit_code": report.exit_code,
                "findings": [_finding(one) for _, group in report.groups for one in group],
                "amounts": [
                    {"topic": fact.topic, "text": fact.text, "origins": list(origins)}
                    for fact, origins in report.facts
                ],
            },
            indent=2,
        )
        + "\n"
    )


def _finding(one: Finding) -> dict[str, Any]:
    return {
        "level": one.level.value,
        "code": one.code,
        "text": one.text,
        "file": one.origin.file if one.origin else None,
        "line": one.origin.line or None if one.origin else None,
    }
